/** Which span is the parent of what starts below another. */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/** The nearest span that may be a parent: those with `DisablePropagation` are passed over for their own. */
export const propagated = (span: Tracer.AnySpan | undefined): Tracer.AnySpan | undefined => {
  let parent = span
  while (parent !== undefined && Context.get(parent.annotations, Tracer.DisablePropagation)) {
    parent = parent._tag === "Span" ? Option.getOrUndefined(parent.parent) : undefined
  }
  return parent
}
