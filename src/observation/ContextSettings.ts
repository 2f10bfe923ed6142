/**
 * What a context says to the operations that run in it, read once for each context: a handful of look-ups in a program's
 * context take as long as all else that an operation does. Right inside an operation it is what it was around it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import * as Metrics from "../metrics/Metrics.ts"
import * as Announcement from "./Announcement.ts"
import { DirectSpan, type DirectTracer } from "./DirectTracer.ts"
import type { Bound, Place } from "./Place.ts"

/** The clock of programs that bring none. */
export const liveClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)

type Binding = Pick<Place<never>, "boundTo">

/** See the module. */
export class ContextSettings {
  readonly context: Context.Context<never>
  /**
   * The same without the span and the frame of operations that run one right inside the other: what another of them puts
   * its own on, so that contexts don't grow with each.
   */
  readonly bare: Context.Context<never>
  /** Where metrics are kept, if they are. */
  readonly metrics: Metrics.Service | undefined
  /** Who listens to operations that end, if somebody does. */
  readonly listener: Announcement.OperationListener | undefined
  /** The clock, unless it is the live one. */
  readonly clock: Clock.Clock | undefined
  /** Whether spans have times. */
  readonly timed: boolean
  /** Whether the level of spans here is one that is wanted. */
  readonly wanted: boolean
  /** Attributes of all spans; nothing where there are none. */
  readonly annotations: Readonly<Record<string, unknown>> | undefined
  readonly links: ReadonlyArray<Tracer.SpanLink>
  /** The span that stands here for all that are left out with a caller. */
  standIn: DirectSpan | undefined = undefined
  /** What was put into this context last, for an operation that had no span of its own. */
  named: NamedContext | undefined = undefined

  #place: Binding | undefined = undefined
  #bound: Bound | undefined = undefined

  /** `around` are the settings of a context that differs by nothing but the span and the frame of an operation. */
  constructor(context: Context.Context<never>, around?: ContextSettings) {
    this.context = context
    if (around !== undefined) {
      this.bare = around.bare
      this.metrics = around.metrics
      this.listener = around.listener
      this.clock = around.clock
      this.timed = around.timed
      this.wanted = around.wanted
      this.annotations = around.annotations
      this.links = around.links
      return
    }
    const clock = Context.get(context, Clock.Clock)
    const annotations = Context.get(context, References.TracerSpanAnnotations)
    const minimum = Context.get(context, Tracer.MinimumTraceLevel)
    this.bare = context
    this.metrics = metricsOf(context)
    this.listener = listenerOf(context)
    this.clock = clock === liveClock ? undefined : clock
    this.timed = Context.get(context, References.TracerTimingEnabled)
    this.wanted = minimum === "All" ||
      !LogLevel.isGreaterThan(minimum, Context.get(context, Tracer.CurrentTraceLevel))
    this.annotations = isEmpty(annotations) ? undefined : annotations
    this.links = Context.get(context, References.TracerSpanLinks)
  }

  /** What a place keeps for its metrics, remembered of the last one. */
  boundTo(place: Binding, metrics: Metrics.Service): Bound {
    if (this.#bound !== undefined && this.#place === place) return this.#bound
    this.#place = place
    return this.#bound = place.boundTo(metrics)
  }
}

/** Where metrics are kept, if they are. */
export const metricsOf = (context: Context.Context<never>): Metrics.Service | undefined => {
  const service = Context.getOrUndefined(context, Metrics.Metrics)
  return service?.enabled === true ? service : undefined
}

/** Who listens to operations that end, if somebody does. */
export const listenerOf = (context: Context.Context<never>): Announcement.OperationListener | undefined =>
  Context.get(context, Announcement.CurrentOperationListener)

/** A context with the frame of an operation, for as many runs of it as come. */
export interface NamedContext {
  readonly place: object
  readonly frame: Announcement.NamedFrame
  readonly context: Context.Context<never>
}

/** What remembers the settings of the context that it was asked for last. */
export interface Memory {
  settings: ContextSettings | undefined
}

/**
 * The settings of a fiber's context, remembered by the innermost thing in it that belongs to an operation: its frame or
 * its span. The tracer remembers those of contexts that have neither.
 */
export const of = (fiber: Fiber.Fiber<unknown, unknown>, tracer: DirectTracer): ContextSettings => {
  const { cache: { span, stackFrame }, context } = fiber
  const memory: Memory = stackFrame instanceof Announcement.NamedFrame
    ? stackFrame
    : span instanceof DirectSpan
    ? span
    : tracer
  const known = memory.settings
  if (known !== undefined && known.context === context) return known
  return memory.settings = new ContextSettings(context, around(context, stackFrame, tracer))
}

/** Each `Effect.fn` puts a frame around what it runs; so many of them in a row are looked through. */
const mostFrames = 4

/** The settings around the operation inside which nothing was put into the context but frames that name what runs. */
const around = (
  context: Context.Context<never>,
  innermost: References.StackFrame | undefined,
  tracer: DirectTracer
): ContextSettings | undefined => {
  let frame = innermost
  for (let frames = 0; frame !== undefined && frames < mostFrames; frames++) {
    if (frame instanceof Announcement.NamedFrame) {
      const { around, inside } = frame
      const isSame = inside === context || inside !== undefined && tracer.isNamed(context, inside)
      return isSame ? around : undefined
    }
    frame = frame.parent
  }
  return undefined
}

const isEmpty = (record: Readonly<Record<string, unknown>>): boolean => {
  try {
    for (const _ in record) return false
    return true
  } catch {
    // It is the program's; whoever sets what is in it on a span counts that it can't be read.
    return false
  }
}
