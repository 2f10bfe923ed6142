/**
 * A run of an observed operation that has no span: there is no tracer, or tracing is off.
 *
 * It does what `GuardedOperation` does, which is the text to read first, but for spans. What makes it fast: a place of use
 * remembers, for each layer's metrics, what the context of its last run said and the context that was made of it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Metrics from "../metrics/Metrics.ts"
import * as Announcement from "./Announcement.ts"
import * as ContextSettings from "./ContextSettings.ts"
import * as Ending from "./Ending.ts"
import type { Bound, Place } from "./Place.ts"

/** Runs `self` and observes it. */
export const observe = <A, E, R, Input>(
  self: Effect.Effect<A, E, R>,
  place: Place<Input>,
  fiber: Fiber.Fiber<unknown, unknown>,
  metrics: Metrics.Service | undefined
): Effect.Effect<A, E, R> => {
  const bound = metrics === undefined ? undefined : place.boundTo(metrics)
  const { clock, context, frame, listened, outer } = innerOf(place, fiber, bound)
  const { name } = place.span(fiber)
  const recorded = place.recordedAround(fiber)
  let start: number | undefined

  // The exit is waited for before anything is begun: an interruption can come in between the two.
  const inside = Effect.withFiber<A, E, R>(() => {
    frame.running++
    start = millisOf(clock)
    fiber.setContext(context)
    return self
  })
  return Effect.onExitPrimitive(inside, (exit) => {
    if (start === undefined) return undefined
    const durationMillis = millisOf(clock) - start
    fiber.setContext(outer)
    frame.running--
    const { kind, options } = place
    const status = Ending.statusOf(fiber, exit, options)
    if (bound !== undefined) place.record(bound, fiber, recorded, status, durationMillis / 1e3, undefined)
    if (exit._tag === "Failure") Ending.noteFailure(fiber, exit, name, undefined)
    if (listened) Announcement.announce(fiber, { category: kind.category, name, status, durationMillis })
    return undefined
  })
}

const millisOf = (clock: Clock.Clock | undefined): number =>
  clock === undefined ? performance.now() : Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** The context inside of an operation, and what its own context says. */
export interface Inner {
  readonly outer: Context.Context<never>
  readonly context: Context.Context<never>
  readonly frame: Announcement.Frame
  /** The clock, unless it is the live one. */
  readonly clock: Clock.Clock | undefined
  /** Whether somebody listens to operations that end. */
  readonly listened: boolean
}

const innerOf = <Input>(
  place: Place<Input>,
  fiber: Fiber.Fiber<unknown, unknown>,
  bound: Bound | undefined
): Inner => {
  const known = bound?.inner
  const outer = fiber.context
  if (known !== undefined && known.outer === outer && !place.isAsked) return known
  const clock = Context.get(outer, Clock.Clock)
  const frame = Announcement.frame(fiber, place.kind.metrics)
  const inner: Inner = {
    outer,
    context: Context.add(outer, Announcement.CurrentFrame, frame),
    frame,
    clock: clock === ContextSettings.liveClock ? undefined : clock,
    listened: ContextSettings.isListened(outer)
  }
  if (bound !== undefined) bound.inner = inner
  return inner
}
