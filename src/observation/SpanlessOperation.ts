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
import * as Announcement from "./Announcement.ts"
import * as ContextSettings from "./ContextSettings.ts"
import * as Ending from "./Ending.ts"
import type { Bound, Place } from "./Place.ts"
import * as SpanTime from "./SpanTime.ts"

/** Runs `self` and observes it, in the context that `innerOf` gives. */
export const observe = <A, E, R, Input>(
  self: Effect.Effect<A, E, R>,
  place: Place<Input>,
  fiber: Fiber.Fiber<unknown, unknown>,
  inner: Inner
): Effect.Effect<A, E, R> => {
  const { frame, outer } = inner
  const { name } = place.span(fiber)
  const recorded = place.recordedAround(fiber)
  let start: number | undefined

  // The exit is waited for before anything is begun: an interruption can come in between the two.
  const inside = Effect.withFiber<A, E, R>(() => {
    frame.running++
    start = millisOf(inner.clock)
    fiber.setContext(inner.context)
    return self
  })
  return Effect.onExitPrimitive(inside, (exit) => {
    if (start === undefined) return undefined
    const { bound, clock, listener } = inner
    const durationMillis = millisOf(clock) - start
    fiber.setContext(outer)
    frame.running--
    const { kind, options } = place
    const status = Ending.statusOf(fiber, exit, options)
    if (bound !== undefined) place.record(bound, fiber, recorded, status, durationMillis / 1e3, undefined, undefined)
    if (exit._tag === "Failure") Ending.noteFailure(fiber, exit, name, undefined)
    if (listener !== undefined) {
      Announcement.tell(listener, fiber, { category: kind.category, name, status, durationMillis })
    }
    return undefined
  })
}

const millisOf = (clock: Clock.Clock | undefined): number =>
  clock === undefined ? SpanTime.monotonicMillis() : Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** The context inside of the runs of an operation in a context, and what that one says. */
export interface Inner {
  readonly place: object
  readonly bound: Bound | undefined
  readonly outer: Context.Context<never>
  readonly context: Context.Context<never>
  readonly frame: Announcement.Frame
  /** The clock, unless it is the live one. */
  readonly clock: Clock.Clock | undefined
  /** Who listens to operations that end, if somebody does. */
  readonly listener: Announcement.OperationListener | undefined
}

const Last: unique symbol = Symbol("@dawsos/observability/Observation/inner")

/** A context that remembers what ran in it last: it lives as long as what it remembers, and is asked in no time. */
interface Remembering extends Context.Context<never> {
  [Last]?: Inner
}

/** The context inside of a run that begins now; `undefined` where nobody observes. */
export const innerOf = <Input>(place: Place<Input>, fiber: Fiber.Fiber<unknown, unknown>): Inner | undefined => {
  const outer: Remembering = fiber.context
  const last = outer[Last]
  const isAsked = place.isAsked
  if (last !== undefined && last.place === place && !isAsked) return last
  const metrics = ContextSettings.metricsOf(outer)
  const listener = ContextSettings.listenerOf(outer)
  if (metrics === undefined && listener === undefined) return undefined
  const bound = metrics === undefined ? undefined : place.boundTo(metrics)
  const known = bound?.inner
  if (known !== undefined && known.outer === outer && !isAsked) return outer[Last] = known
  const clock = Context.get(outer, Clock.Clock)
  const frame = Announcement.frame(fiber, place.kind.metrics)
  const inner: Inner = {
    place,
    bound,
    outer,
    context: Context.add(outer, Announcement.CurrentFrame, frame),
    frame,
    clock: clock === ContextSettings.liveClock ? undefined : clock,
    listener
  }
  if (bound !== undefined) bound.inner = inner
  return outer[Last] = inner
}
