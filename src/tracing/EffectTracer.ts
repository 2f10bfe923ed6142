/**
 * Our own tracer for Effect: what `Effect.withSpan` and the combinators open spans with.
 *
 * It decides on sampling with ids as words, makes no context of OpenTelemetry's and no text that nobody asks for. Its
 * spans go through the same pipeline and the same books as those of third-party code, which has OpenTelemetry's SDK.
 */
import * as Otel from "@opentelemetry/api"
import type { Resource } from "@opentelemetry/resources"
import type { IdGenerator, ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { Guard } from "../Guard.ts"
import { DirectTracer } from "../observation/DirectTracer.ts"
import * as SpanTime from "../observation/SpanTime.ts"
import * as FiberInternals from "./FiberInternals.ts"
import { FinishedSpan } from "./FinishedSpan.ts"
import * as GlobalApi from "./GlobalApi.ts"
import * as ParentContext from "./ParentContext.ts"
import type { Decisions } from "./Sampler.ts"
import { Span, type SpanOwner } from "./Span.ts"
import * as SpanContexts from "./SpanContexts.ts"
import * as SpanIds from "./SpanIds.ts"
import type { SpanPipeline } from "./SpanPipeline.ts"
import * as Trace from "./Trace.ts"

/** What the tracer is made of. */
export interface Options {
  readonly guard: Guard
  readonly pipeline: SpanPipeline
  readonly decisions: Decisions
  readonly resource: Resource
  readonly scope: ReadableSpan["instrumentationScope"]
  /** The layer, to which foreign children of these spans belong too. */
  readonly layer: object
  /** Random ids unless given. */
  readonly idGenerator?: IdGenerator | undefined
  /** What Effect runs each step of a program with, if anything. */
  readonly context?: Tracer.Tracer["context"]
}

type SpanOptions = Parameters<Tracer.Tracer["span"]>[0]

const noAnnotations = Context.empty()

/** See `DirectTracer.standIn`. */
class StandIn extends Span {
  get [SpanContexts.Caller](): Tracer.AnySpan | undefined {
    return this.parentSpan
  }
}

/** See the module. */
export class EffectTracer extends DirectTracer implements SpanOwner {
  readonly guard: Guard
  readonly layer: object
  readonly context: Tracer.Tracer["context"]
  readonly #pipeline: SpanPipeline
  readonly #decisions: Decisions
  readonly #resource: Resource
  readonly #scope: ReadableSpan["instrumentationScope"]
  readonly #idGenerator: IdGenerator | undefined

  constructor(options: Options) {
    super()
    this.guard = options.guard
    this.layer = options.layer
    this.context = options.context
    this.#pipeline = options.pipeline
    this.#decisions = options.decisions
    this.#resource = options.resource
    this.#scope = options.scope
    this.#idGenerator = options.idGenerator
  }

  /** Effect's way in. */
  span(options: SpanOptions): Tracer.Span {
    try {
      return this.#span(options)
    } catch (fault) {
      this.guard.count("tracer", fault)
      this.#pipeline.lost()
      return new Tracer.NativeSpan(options)
    }
  }

  ended(span: Span): void {
    let finished: FinishedSpan
    try {
      finished = new FinishedSpan(span, this.#resource, this.#scope)
    } catch (fault) {
      // Its parent is the program's.
      this.guard.count("tracer", fault)
      this.#pipeline.abandon()
      return
    }
    try {
      this.#pipeline.finished(finished)
    } catch (fault) {
      this.guard.count("tracer", fault)
    }
  }

  leavesOut(parent: Tracer.AnySpan): boolean {
    const isLeftOut = !parent.sampled && parent instanceof Span && parent.trace.isValid &&
      this.#decisions.leavesOutBelow
    if (isLeftOut && !ParentContext.isSuppressed(GlobalApi.thirdPartyContext())) this.#pipeline.unsampled()
    return isLeftOut
  }

  standIn(caller: Tracer.AnySpan, name: string, kind: Tracer.SpanKind, startTime: bigint): Span | undefined {
    if (!this.#decisions.leavesOutBelowCaller) return undefined
    try {
      const parent = ParentContext.toSpanContext(caller, noAnnotations)
      const isLeftOut = parent.isRemote === true && (parent.traceFlags & Otel.TraceFlags.SAMPLED) === 0
      if (!isLeftOut || !Otel.isSpanContextValid(parent)) return undefined
      const trace = Trace.ofId(parent.traceId, parent.traceState)
      const seconds = SpanTime.secondsOf(startTime)
      const nanos = SpanTime.nanosOf(startTime)
      const [word0, word1] = [Trace.randomWord(), Trace.lastWord()]
      return new StandIn(this, name, kind, trace, word0, word1, false, caller, seconds, nanos, undefined)
    } catch {
      // It is the program's and can't be read, which is counted where a span is opened below it.
      return undefined
    }
  }

  inside(
    fiber: Fiber.Fiber<unknown, unknown>,
    context: Context.Context<never>,
    span: Tracer.AnySpan,
    stackFrame: References.StackFrame
  ): Context.Context<never> {
    return FiberInternals.inside(fiber, context, span, stackFrame)
  }

  isNamed(context: Context.Context<never>, other: Context.Context<never>): boolean {
    return FiberInternals.isNamed(context, other)
  }

  open(
    name: string,
    kind: Tracer.SpanKind,
    parent: Tracer.AnySpan | undefined,
    wish: boolean,
    seconds: number,
    nanos: number,
    fixed: ReadonlyArray<unknown> | undefined
  ): Span | undefined {
    try {
      return this.#begin(name, kind, parent, false, noAnnotations, wish, seconds, nanos, fixed)
    } catch (fault) {
      this.guard.count("tracer", fault)
      this.#pipeline.lost()
      return undefined
    }
  }

  #span({ annotations, kind, links, name, parent, root, sampled, startTime }: SpanOptions): Span {
    const seconds = SpanTime.secondsOf(startTime)
    const nanos = SpanTime.nanosOf(startTime)
    // Read before anything is counted: what is linked is the program's and may throw.
    const linked = links.map(({ attributes, span }) => [ParentContext.toSpanContext(span), { ...attributes }] as const)
    const above = Option.getOrUndefined(parent)
    const span = this.#begin(name, kind, above, root, annotations, sampled, seconds, nanos, undefined)
    if (annotations !== noAnnotations) span.annotations = annotations
    if (links.length > 0) {
      span.links = links
      if (span.sampled) { for (const [context, attributes] of linked) span.recordLink(context, attributes) }
    }
    return span
  }

  #begin(
    name: string,
    kind: Tracer.SpanKind,
    parent: Tracer.AnySpan | undefined,
    root: boolean,
    annotations: Context.Context<never>,
    wish: boolean,
    seconds: number,
    nanos: number,
    fixed: ReadonlyArray<unknown> | undefined
  ): Span {
    const thirdParty = GlobalApi.thirdPartyContext()
    if (ParentContext.isSuppressed(thirdParty)) {
      return new Span(this, name, kind, Trace.none, 0, 0, false, parent, seconds, nanos, fixed)
    }
    // Where no third party has set anything no parent is one; else a fiber's span may be nearer than what it has set.
    const above = parent ?? (root || thirdParty === Otel.ROOT_CONTEXT
      ? undefined
      : ParentContext.foreign(Otel.context.active(), annotations))
    // Ids in the order in which OpenTelemetry's SDK asks for them.
    const id = this.#idGenerator?.generateSpanId()
    const word0 = id === undefined ? Trace.randomWord() : SpanIds.word(id, 0)
    const word1 = id === undefined ? Trace.lastWord() : SpanIds.word(id, 8)
    const { sampled: judged, trace } = above === undefined
      ? this.#root()
      : above instanceof Span && annotations === noAnnotations
      ? this.#child(above)
      : this.#childOf(ParentContext.toSpanContext(above, annotations))
    // `sampled: false` beside a sampled parent, or without one, is the program's own wish (an option, a trace level);
    // beside an unsampled parent it only repeats the parent, and it is decided whom to trust.
    const sampled = judged && (wish || parent?.sampled === false)
    const span = new Span(this, name, kind, trace, word0, word1, sampled, above, seconds, nanos, fixed)
    if (sampled) this.#pipeline.opened()
    else this.#pipeline.unsampled()
    return span
  }

  #root(): Decided {
    const trace = this.#idGenerator === undefined ? Trace.begin() : Trace.ofId(this.#idGenerator.generateTraceId())
    return { trace, sampled: this.#decisions.judge(trace) }
  }

  #child({ sampled, trace }: Span): Decided {
    if (!trace.isValid) return this.#root()
    return { trace, sampled: this.#decisions.followsLocal ? sampled : this.#decisions.judge(trace) }
  }

  #childOf(parent: Otel.SpanContext): Decided {
    if (!Otel.isSpanContextValid(parent)) return this.#root()
    const trace = Trace.ofId(parent.traceId, parent.traceState)
    const flag = (parent.traceFlags & Otel.TraceFlags.SAMPLED) !== 0
    const { followsLocal, judge, remote } = this.#decisions
    return { trace, sampled: parent.isRemote ? remote(trace, flag) : followsLocal ? flag : judge(trace) }
  }
}

interface Decided {
  readonly trace: Trace.Trace
  readonly sampled: boolean
}
