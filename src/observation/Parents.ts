/** Which span is the parent of what starts below another. */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/** The nearest span that may be a parent: those with `DisablePropagation` are passed over for their own. */
export const propagated = (span: Tracer.AnySpan | undefined): Tracer.AnySpan | undefined => {
  let parent = span
  while (parent !== undefined && isHidden(parent)) {
    parent = parent._tag === "Span" ? Option.getOrUndefined(parent.parent) : undefined
  }
  return parent
}

const none = Context.empty()

// Nearly all have no annotations, which is known at a glance.
const isHidden = ({ annotations }: Tracer.AnySpan): boolean =>
  annotations !== none && Context.get(annotations, Tracer.DisablePropagation)
