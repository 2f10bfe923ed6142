/**
 * A run of an observed operation under our own tracer: the fast path.
 *
 * It does what `GuardedOperation` does, which is the text to read first. What makes it fast: what a context says is read
 * once for each context; one change of the fiber's context for all that is put there; no bigint, no `Option` and no
 * object of options on the way to the span; below a span that is left out no span at all, and one context for all runs;
 * attributes that are the same at each run are one list; a guard is looked up when something has thrown.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import * as Guard from "../Guard.ts"
import * as Announcement from "./Announcement.ts"
import * as ContextSettings from "./ContextSettings.ts"
import type { SpanDescription } from "./Description.ts"
import type { DirectSpan, DirectTracer } from "./DirectTracer.ts"
import * as Ending from "./Ending.ts"
import * as GuardedSpan from "./GuardedSpan.ts"
import * as Parents from "./Parents.ts"
import type { Place } from "./Place.ts"
import * as SpanTime from "./SpanTime.ts"

const liveTime = new SpanTime.SpanTime(ContextSettings.liveClock)

/** Runs `self` and observes it. */
export const observe = <A, E, R, Input>(
  self: Effect.Effect<A, E, R>,
  place: Place<Input>,
  fiber: Fiber.Fiber<unknown, unknown>,
  tracer: DirectTracer
): Effect.Effect<A, E, R> => {
  const run = new Run(place, fiber, tracer)
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
  readonly #settings: ContextSettings.ContextSettings
  readonly #described: SpanDescription
  // Undefined as long as nothing has begun.
  #frame: Announcement.NamedFrame | undefined = undefined
  #recorded: ReadonlyArray<boolean> | undefined = undefined
  #span: DirectSpan | undefined = undefined
  #spanEnd: DirectSpan["end"] | undefined = undefined
  // Monotonic time, by the live clock or by another.
  #startMillis = 0
  #startNanos = 0n

  constructor(place: Place<Input>, fiber: Fiber.Fiber<unknown, unknown>, tracer: DirectTracer) {
    this.#place = place
    this.#fiber = fiber
    this.#tracer = tracer
    this.#settings = ContextSettings.of(fiber, tracer)
    this.#described = place.span(fiber)
  }

  begin(): void {
    const fiber = this.#fiber
    const { clock } = this.#settings
    this.#recorded = this.#place.recordedAround(fiber)
    if (clock === undefined) this.#startMillis = liveTime.now()
    else this.#startNanos = clock.monotonicTimeNanosUnsafe()
    try {
      this.#open()
    } catch (fault) {
      fiber.getRef(Guard.CurrentGuard).count("tracer", fault)
    }
    this.#enter()
  }

  #enter(): void {
    const fiber = this.#fiber
    const place = this.#place
    const settings = this.#settings
    const span = this.#span
    const before = settings.named
    if (span === undefined && before?.place === place && !place.isAsked) {
      // Without a span there is nothing in it that is another at each run.
      before.frame.running++
      this.#frame = before.frame
      return fiber.setContext(before.context)
    }
    const outer = fiber.cache.stackFrame
    const frame = new Announcement.NamedFrame(this.#described.name, outer, place.kind.metrics)
    this.#frame = frame
    if (span !== undefined) {
      const inside = this.#tracer.inside(fiber, settings.bare, span, frame)
      frame.enter(settings, inside)
      return fiber.setContext(inside)
    }
    // The span around it stays, which `bare` may lack.
    const named = Context.addUnsafe(settings.context, References.CurrentStackFrame.key, frame)
    const { standIn } = settings
    const context = standIn === undefined ? named : Context.addUnsafe(named, Tracer.ParentSpanKey, standIn)
    frame.enter(settings, context)
    settings.named = { place, frame, context }
    fiber.setContext(context)
  }

  /** The nearest span, or the one that stands for those that are left out with a caller. */
  #parent(): Tracer.AnySpan | undefined {
    const parent = Parents.propagated(this.#fiber.cache.span)
    if (parent === undefined || parent.sampled || parent._tag === "Span") return parent
    const settings = this.#settings
    if (settings.standIn === undefined) {
      const { kind = "internal", name } = this.#described
      const clock = settings.clock ?? ContextSettings.liveClock
      const startTime = settings.timed ? clock.currentTimeNanosUnsafe() : 0n
      settings.standIn = this.#tracer.standIn(parent, name, kind, startTime)
    }
    return settings.standIn ?? parent
  }

  #open(): void {
    const tracer = this.#tracer
    const parent = this.#parent()
    if (parent !== undefined && tracer.leavesOut(parent)) return
    const described = this.#described
    const { annotations, clock, links, timed, wanted } = this.#settings
    const nanos = clock === undefined || !timed ? 0n : clock.currentTimeNanosUnsafe()
    const isLive = clock === undefined && timed
    if (isLive) liveTime.tell(this.#startMillis)
    // Annotations come first, so that what the operation says itself holds.
    const fixed = annotations === undefined ? this.#place.fixedAttributes(described) : undefined
    const span = tracer.open(
      described.name,
      described.kind ?? "internal",
      parent,
      wanted && parent?.sampled !== false,
      isLive ? liveTime.seconds : SpanTime.secondsOf(nanos),
      isLive ? liveTime.nanos : SpanTime.nanosOf(nanos),
      fixed
    )
    if (span === undefined) return
    this.#span = span
    this.#spanEnd = span.end
    if (links.length > 0) span.addLinks(links)
    if (fixed === undefined) this.#setAttributes(span)
  }

  /** Those of a span that shares them with none. */
  #setAttributes(span: DirectSpan): void {
    const { annotations } = this.#settings
    const described = this.#described
    const own = annotations === undefined ? this.#place.ownAttributes(described) : undefined
    if (own !== undefined) return span.beginWith(own)
    GuardedSpan.setAll(span, annotations)
    GuardedSpan.setAll(span, described.attributes)
    GuardedSpan.setAll(span, this.#place.options?.attributes)
  }

  end(exit: Exit.Exit<unknown, unknown>): void {
    const frame = this.#frame
    if (frame === undefined) return
    const fiber = this.#fiber
    const span = this.#span
    frame.running--
    if (span !== undefined) frame.forget()
    const described = this.#described
    const { kind, options } = this.#place
    const { clock, context, listener, metrics, timed } = this.#settings
    fiber.setContext(context)
    const now = clock === undefined ? liveTime.now() : 0
    const millis = clock === undefined
      ? now - this.#startMillis
      : Number(clock.monotonicTimeNanosUnsafe() - this.#startNanos) / 1e6
    if (clock === undefined && span !== undefined) liveTime.tell(now)
    // Whatever is called from here on may have another moment told.
    const { nanos, seconds } = liveTime
    const status = Ending.statusOf(fiber, exit, options)
    if (metrics !== undefined && kind.metrics.length > 0) {
      const exemplar = span?.sampled === true ? span : undefined
      const at = clock === undefined && exemplar !== undefined ? seconds * 1e3 + nanos / 1e6 : undefined
      const bound = this.#settings.boundTo(this.#place, metrics)
      this.#place.record(bound, fiber, this.#recorded, status, millis / 1e3, exemplar, at)
    }
    const errorType = exit._tag === "Failure"
      ? Ending.noteFailure(fiber, exit, described.name, span ?? fiber.cache.span)
      : undefined
    if (span !== undefined) {
      if (errorType !== undefined) span.attribute("error.type", errorType)
      span.attributeOf(this.#place.endedAttributes(described, status), kind.statusAttribute, status)
      // Whoever wants to hear of the end of a span wraps its `end`.
      if (clock === undefined && timed && span.end === this.#spanEnd) span.endAt(seconds, nanos, exit)
      else GuardedSpan.end(fiber, fiber.getRef(Guard.CurrentGuard), span, exit)
    }
    if (listener !== undefined) {
      const { name } = described
      Announcement.tell(listener, fiber, { category: kind.category, name, status, durationMillis: millis })
    }
  }
}
