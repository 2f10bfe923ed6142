/**
 * A run of an observed operation that has no span: there is no tracer, or tracing is off.
 *
 * It does what `GuardedOperation` does, which is the text to read first, but for spans. What makes it fast: a place of use
 * remembers, for each layer's metrics, what the context of its last run said and the context that was made of it, and it
 * keeps what a run is made of for the next one.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
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
  const run = place.run ?? new Run(place)
  place.run = undefined
  run.prepare(self, fiber, inner)
  // It is whatever `self` is until it has ended.
  return run.effect as Effect.Effect<A, E, R>
}

/** One run at a time: a place keeps one that has ended for its next run. One that Effect never came to is not kept. */
export class Run<Input> {
  readonly effect: Effect.Effect<unknown, unknown, unknown>
  readonly #place: Place<Input>
  // Nothing that was run is kept beyond its end.
  #self: Effect.Effect<unknown, unknown, unknown> | undefined = undefined
  #fiber: Fiber.Fiber<unknown, unknown> | undefined = undefined
  #inner: Inner | undefined = undefined
  #recorded: ReadonlyArray<boolean> | undefined = undefined
  #isBegun = false
  #startMillis = 0

  constructor(place: Place<Input>) {
    this.#place = place
    // The exit is waited for before anything is begun: an interruption can come in between the two.
    const inside = Effect.withFiber<unknown, unknown, unknown>(() => this.#begin())
    this.effect = Effect.onExitPrimitive(inside, (exit) => {
      this.#end(exit)
      return undefined
    })
  }

  /** Makes it a run of `self`. */
  prepare(self: Effect.Effect<unknown, unknown, unknown>, fiber: Fiber.Fiber<unknown, unknown>, inner: Inner): void {
    this.#self = self
    this.#fiber = fiber
    this.#inner = inner
    this.#recorded = this.#place.recordedAround(fiber)
  }

  #begin(): Effect.Effect<unknown, unknown, unknown> {
    const inner = this.#inner!
    this.#startMillis = millisOf(inner.clock)
    this.#isBegun = true
    inner.frame.running++
    this.#fiber!.setContext(inner.context)
    return this.#self!
  }

  #end(exit: Exit.Exit<unknown, unknown>): void {
    const place = this.#place
    if (this.#isBegun) this.#observe(exit, this.#fiber!, this.#inner!)
    this.#self = undefined
    this.#fiber = undefined
    this.#inner = undefined
    this.#recorded = undefined
    this.#isBegun = false
    place.run = this
  }

  #observe(exit: Exit.Exit<unknown, unknown>, fiber: Fiber.Fiber<unknown, unknown>, inner: Inner): void {
    const place = this.#place
    const { bound, clock, frame, listener, name, outer } = inner
    const durationMillis = millisOf(clock) - this.#startMillis
    fiber.setContext(outer)
    frame.running--
    const { kind, options } = place
    const status = Ending.statusOf(fiber, exit, options)
    const seconds = durationMillis / 1e3
    if (bound !== undefined) place.record(bound, fiber, this.#recorded, status, seconds, undefined, undefined)
    if (exit._tag === "Failure") Ending.noteFailure(fiber, exit, name, undefined)
    if (listener !== undefined) {
      Announcement.tell(listener, fiber, { category: kind.category, name, status, durationMillis })
    }
  }
}

const millisOf = (clock: Clock.Clock | undefined): number =>
  clock === undefined ? SpanTime.monotonicMillis() : Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** The context inside of the runs of an operation in a context, and what that one says. */
export interface Inner {
  readonly place: object
  /** What its operation is called. */
  readonly name: string
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
    name: place.span(fiber).name,
    bound,
    outer,
    context: Context.add(outer, Announcement.CurrentFrame, frame),
    frame,
    clock: clock === ContextSettings.liveClock ? undefined : clock,
    listener
  }
  // A description that threw is asked again: the next run may have its name.
  if (!place.isDescribed) return inner
  if (bound !== undefined) bound.inner = inner
  return outer[Last] = inner
}
