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
import { DirectSpan, DirectTracer } from "../observation/DirectTracer.ts"

const note = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): void => {
  if (exit._tag === "Success") return
  const fiber = Fiber.getCurrent()
  const boundary = fiber === undefined ? undefined : Boundary.ofFiber(fiber)
  if (boundary === undefined) return
  const { spanId, traceId } = span
  boundary.recordCause(exit.cause, { traceId, spanId })
}

const noting = (span: Tracer.Span, guard: Guard.Guard): Tracer.Span => {
  const end = span.end
  return Object.assign(span, {
    end(this: Tracer.Span, endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
      guard.run("reporter", () => note(this, exit), () => undefined)
      end.call(this, endTime, exit)
    }
  })
}

/** The spans of observations are opened as ever: they are not ended by their `end`, and need nobody to note it. */
class NotingTracer extends DirectTracer {
  readonly context: Tracer.Tracer["context"]
  readonly #tracer: DirectTracer
  readonly #guard: Guard.Guard
  readonly #note: NonNullable<DirectSpan["onFailure"]>

  constructor(tracer: DirectTracer, guard: Guard.Guard) {
    super()
    this.context = tracer.context
    this.#tracer = tracer
    this.#guard = guard
    this.#note = (span, exit) => guard.run("reporter", () => note(span, exit), () => undefined)
  }

  span(options: Parameters<Tracer.Tracer["span"]>[0]): Tracer.Span {
    const span = this.#tracer.span(options)
    if (!(span instanceof DirectSpan)) return noting(span, this.#guard)
    span.onFailure = this.#note
    return span
  }

  leavesOut(parent: Tracer.AnySpan): boolean {
    return this.#tracer.leavesOut(parent)
  }

  standIn(...args: Parameters<DirectTracer["standIn"]>): DirectSpan | undefined {
    return this.#tracer.standIn(...args)
  }

  inside(...args: Parameters<DirectTracer["inside"]>): ReturnType<DirectTracer["inside"]> {
    return this.#tracer.inside(...args)
  }

  isNamed(...args: Parameters<DirectTracer["isNamed"]>): boolean {
    return this.#tracer.isNamed(...args)
  }

  open(...args: Parameters<DirectTracer["open"]>): DirectSpan | undefined {
    return this.#tracer.open(...args)
  }
}

/** The tracer with spans that note their failures. The spans are its own, and so is its context hook. */
export const observe = (tracer: Tracer.Tracer, guard: Guard.Guard): Tracer.Tracer =>
  tracer instanceof DirectTracer
    ? new NotingTracer(tracer, guard)
    : Tracer.make({
      span: (options) => noting(tracer.span(options), guard),
      ...(tracer.context === undefined ? {} : { context: tracer.context })
    })
