// Effect's own spans, kept in the order in which they were started.
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export interface CollectedSpans {
  readonly tracer: Tracer.Tracer
  readonly spans: ReadonlyArray<Tracer.NativeSpan>
  readonly names: () => ReadonlyArray<string>
  readonly one: (name: string) => Tracer.NativeSpan
}

export const make = (options: { readonly sampled?: boolean } = {}): CollectedSpans => {
  const spans: Array<Tracer.NativeSpan> = []
  return {
    tracer: Tracer.make({
      span: (given) => {
        const span = new Tracer.NativeSpan({ ...given, sampled: given.sampled && options.sampled !== false })
        spans.push(span)
        return span
      }
    }),
    spans,
    names: () => spans.map(({ name }) => name),
    one: (name) => {
      const found = spans.filter((span) => span.name === name)
      if (found.length !== 1) throw new Error(`${found.length} spans named ${name} among ${spans.map((s) => s.name)}`)
      return found[0]!
    }
  }
}

/** The name of a span's parent, if that was made here. */
export const parentName = (span: Tracer.Span): string | undefined => {
  const parent = Option.getOrUndefined(span.parent)
  return parent?._tag === "Span" ? parent.name : undefined
}
