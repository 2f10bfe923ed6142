/**
 * A run of an observed operation under our own tracer: the fast path.
 *
 * It does what `GuardedOperation` does, which is the text to read first. What makes it fast: one change of the fiber's
 * context for all that is put there; no bigint, no `Option` and no object of options on the way to the span; no span at
 * all below one that is left out; a guard that is looked up when something has thrown.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import * as Guard from "../Guard.ts"
import type * as Metrics from "../metrics/Metrics.ts"
import * as Announcement from "./Announcement.ts"
import type { SpanDescription } from "./Description.ts"
import type { DirectSpan, DirectTracer } from "./DirectTracer.ts"
import * as Ending from "./Ending.ts"
import * as GuardedSpan from "./GuardedSpan.ts"
import * as Parents from "./Parents.ts"
import type { Place } from "./Place.ts"
import * as SpanTime from "./SpanTime.ts"

/** The clock of programs that bring none. */
const liveClock = Context.get(Context.empty(), Clock.Clock)
const liveTime = new SpanTime.SpanTime(liveClock)

/** Runs `self` and observes it. */
export const observe = <A, E, R, Input>(
  self: Effect.Effect<A, E, R>,
  place: Place<Input>,
  fiber: Fiber.Fiber<unknown, unknown>,
  tracer: DirectTracer,
  metrics: Metrics.Service | undefined,
  listened: boolean
): Effect.Effect<A, E, R> => {
  const run = new Run(place, fiber, tracer, metrics, listened)
  // The exit is waited for before anything is opened: an interruption can come in between the two.
  const inside = Effect.withFiber<A, E, R>(() => {
    run.begin()
    return self
  })
  return Effect.onExitPrimitive(inside, (exit) => {
    run.end(exit)
    return undefined
  })
}

class Run<Input> {
  readonly #place: Place<Input>
  readonly #fiber: Fiber.Fiber<unknown, unknown>
  readonly #tracer: DirectTracer
  readonly #metrics: Metrics.Service | undefined
  readonly #listened: boolean
  // What the fiber had before; undefined as long as nothing has begun.
  #before: Context.Context<never> | undefined = undefined
  #described: SpanDescription | undefined = undefined
  #recorded: ReadonlyArray<boolean> | undefined = undefined
  #frame: Announcement.Frame | undefined = undefined
  #span: DirectSpan | undefined = undefined
  // The clock, if it is not the live one, and its monotonic time; the live one's in milliseconds.
  #clock: Clock.Clock | undefined = undefined
  #startNanos = 0n
  #startMillis = 0

  constructor(
    place: Place<Input>,
    fiber: Fiber.Fiber<unknown, unknown>,
    tracer: DirectTracer,
    metrics: Metrics.Service | undefined,
    listened: boolean
  ) {
    this.#place = place
    this.#fiber = fiber
    this.#tracer = tracer
    this.#metrics = metrics
    this.#listened = listened
  }

  begin(): void {
    const fiber = this.#fiber
    const place = this.#place
    const { context } = fiber
    const described = place.span(fiber)
    const clock = fiber.getRef(Clock.Clock)
    this.#described = described
    this.#recorded = place.recordedAround(fiber)
    if (clock === liveClock) this.#startMillis = liveTime.read()
    else {
      this.#clock = clock
      this.#startNanos = clock.monotonicTimeNanosUnsafe()
    }
    try {
      this.#open(described)
    } catch (fault) {
      fiber.getRef(Guard.CurrentGuard).count("tracer", fault)
    }
    this.#frame = Announcement.frame(fiber, place.kind.metrics)
    this.#before = context
    fiber.setContext(Context.add(
      GuardedSpan.within(context, this.#span, described.name, fiber.cache.stackFrame),
      Announcement.CurrentFrame,
      this.#frame
    ))
  }

  /** Right after the clock was read. */
  #open(described: SpanDescription): void {
    const fiber = this.#fiber
    const parent = Parents.propagated(fiber.cache.span)
    if (parent !== undefined && this.#tracer.leavesOut(parent)) return
    const minimum = fiber.getRef(Tracer.MinimumTraceLevel)
    const wish = parent?.sampled !== false &&
      (minimum === "All" || !LogLevel.isGreaterThan(minimum, fiber.getRef(Tracer.CurrentTraceLevel)))
    const [seconds, nanos] = this.#wallTime()
    const annotations = fiber.getRef(References.TracerSpanAnnotations)
    // Annotations come first, so that what the operation says itself holds.
    const fixed = isEmpty(annotations) ? this.#place.fixedAttributes(described) : undefined
    const span = this.#tracer.open(described.name, described.kind ?? "internal", parent, wish, seconds, nanos, fixed)
    if (span === undefined) return
    this.#span = span
    const links = fiber.getRef(References.TracerSpanLinks)
    if (links.length > 0) span.addLinks(links)
    if (fixed !== undefined) return
    GuardedSpan.setAll(span, annotations)
    GuardedSpan.setAll(span, described.attributes)
    GuardedSpan.setAll(span, this.#place.options?.attributes)
  }

  end(exit: Exit.Exit<unknown, unknown>): void {
    const described = this.#described
    if (this.#before === undefined || described === undefined) return
    const fiber = this.#fiber
    const span = this.#span
    const { kind, options } = this.#place
    fiber.setContext(this.#before)
    if (this.#frame !== undefined) this.#frame.ended = true
    const clock = this.#clock
    const millis = clock === undefined
      ? liveTime.read() - this.#startMillis
      : Number(clock.monotonicTimeNanosUnsafe() - this.#startNanos) / 1e6
    const [seconds, nanos] = this.#wallTime()
    const status = Ending.statusOf(fiber, exit, options)
    if (this.#metrics !== undefined) {
      const at = clock === undefined ? seconds * 1e3 + nanos / 1e6 : undefined
      const exemplar = span?.sampled === true ? span : undefined
      this.#place.record(this.#metrics, fiber, this.#recorded, status, millis / 1e3, exemplar, at)
    }
    const errorType = exit._tag === "Failure"
      ? Ending.noteFailure(fiber, exit, described.name, span ?? fiber.cache.span)
      : undefined
    if (span !== undefined) {
      if (errorType !== undefined) span.attribute("error.type", errorType)
      span.attribute(kind.statusAttribute, status)
      span.endAt(seconds, nanos, exit)
    }
    if (this.#listened) {
      const { name } = described
      Announcement.announce(fiber, { category: kind.category, name, status, durationMillis: millis })
    }
  }

  /** For spans, as the program has it: the moment that was read last, if the clock is the live one. */
  #wallTime(): readonly [number, number] {
    if (!this.#fiber.getRef(References.TracerTimingEnabled)) return noTime
    if (this.#clock === undefined) return [liveTime.seconds, liveTime.nanos]
    const nanos = this.#clock.currentTimeNanosUnsafe()
    return [SpanTime.secondsOf(nanos), SpanTime.nanosOf(nanos)]
  }
}

const noTime = [0, 0] as const

const isEmpty = (record: Readonly<Record<string, unknown>>): boolean => {
  for (const _ in record) return false
  return true
}
