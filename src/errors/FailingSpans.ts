/**
 * Remembers which span a failure began in: at the boundary where it is reported, that span has long ended.
 *
 * Observations note it themselves. This does the same for every other span (`Effect.withSpan`, statements, requests),
 * by looking at how it ends. Only ids are noted: what such a span is called says less of the failure than the operation
 * around it.
 */
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import * as Boundary from "../Boundary.ts"
import type * as Guard from "../Guard.ts"

const note = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): void => {
  if (exit._tag === "Success") return
  const fiber = Fiber.getCurrent()
  const boundary = fiber === undefined ? undefined : Boundary.ofFiber(fiber)
  if (boundary === undefined) return
  const { spanId, traceId } = span
  boundary.recordCause(exit.cause, { traceId, spanId })
}

/** The tracer with spans that note their failures. The spans are its own, and so is its context hook. */
export const observe = (tracer: Tracer.Tracer, guard: Guard.Guard): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      const span = tracer.span(options)
      const end = span.end
      return Object.assign(span, {
        end(this: Tracer.Span, endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
          guard.run("reporter", () => note(this, exit), () => undefined)
          end.call(this, endTime, exit)
        }
      })
    },
    ...(tracer.context === undefined ? {} : { context: tracer.context })
  })
