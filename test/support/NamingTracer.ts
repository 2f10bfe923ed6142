import * as Tracer from "effect/Tracer"

/** A tracer of Effect's own spans that notes the name of each, in order. */
export const make = (): { readonly tracer: Tracer.Tracer; readonly names: ReadonlyArray<string> } => {
  const names: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      names.push(options.name)
      return new Tracer.NativeSpan(options)
    }
  })
  return { tracer, names }
}
