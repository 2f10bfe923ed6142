/**
 * A run of an observed operation under a tracer that is not ours: each call of it and of its span is guarded.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import * as Guard from "../Guard.ts"
import * as Announcement from "./Announcement.ts"
import * as ContextSettings from "./ContextSettings.ts"
import * as Ending from "./Ending.ts"
import * as GuardedSpan from "./GuardedSpan.ts"
import type { Place } from "./Place.ts"

/** Runs `self` and observes it. */
export const observe = <A, E, R, Input>(
  self: Effect.Effect<A, E, R>,
  place: Place<Input>,
  fiber: Fiber.Fiber<unknown, unknown>
): Effect.Effect<A, E, R> => {
  const { kind, options } = place
  const guard = fiber.getRef(Guard.CurrentGuard)
  const clock = fiber.getRef(Clock.Clock)
  const metrics = ContextSettings.metricsOf(fiber.context)
  const listener = ContextSettings.listenerOf(fiber.context)
  const described = place.span(fiber)
  const recorded = place.recordedAround(fiber)
  let start: bigint | undefined
  let span: Tracer.Span | undefined
  const frame = Announcement.frame(fiber, kind.metrics)

  // The exit is waited for before anything is opened: an interruption can come in between the two.
  const inside = Effect.updateContext(self, (context: Context.Context<R>): Context.Context<R> => {
    span = GuardedSpan.open(
      fiber,
      guard,
      described.name,
      described.kind ?? "internal",
      described.attributes,
      options?.attributes
    )
    start = clock.monotonicTimeNanosUnsafe()
    frame.running++
    const framed = Context.add(context, Announcement.CurrentFrame, frame)
    return span === undefined ? framed : GuardedSpan.within(framed, span, described.name)
  })
  return Effect.onExitPrimitive(inside, (exit) => {
    if (start === undefined) return undefined
    const nanos = Number(clock.monotonicTimeNanosUnsafe() - start)
    frame.running--
    const status = Ending.statusOf(fiber, exit, options)
    if (metrics !== undefined) {
      const exemplar = GuardedSpan.exemplar(fiber, guard, span)
      place.record(place.boundTo(metrics), fiber, recorded, status, nanos / 1e9, exemplar, undefined)
    }
    const errorType = exit._tag === "Failure" ? Ending.noteFailure(fiber, exit, described.name, span) : undefined
    if (span !== undefined) {
      if (errorType !== undefined) GuardedSpan.attribute(guard, span, "error.type", errorType)
      GuardedSpan.attribute(guard, span, kind.statusAttribute, status)
      GuardedSpan.end(fiber, guard, span, exit)
    }
    if (listener !== undefined) {
      const { name } = described
      Announcement.tell(listener, fiber, { category: kind.category, name, status, durationMillis: nanos / 1e6 })
    }
    return undefined
  })
}
