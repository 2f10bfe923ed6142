/**
 * Effect's `Tracer` on OpenTelemetry: the spans of `@effect/opentelemetry`, our own context hook and failures.
 *
 * The reference for our own (`EffectTracer`), and to be chosen by `Tracing.layerOpenTelemetry`: by programs that need
 * spans of OpenTelemetry's SDK, and pay for them.
 */
import * as EffectOtel from "@effect/opentelemetry/OtelTracer"
import * as Otel from "@opentelemetry/api"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Guard } from "../Guard.ts"
import * as SpanContexts from "./SpanContexts.ts"
import * as SpanFailure from "./SpanFailure.ts"
import type { SpanPipeline } from "./SpanPipeline.ts"

/** What the tracer is made of. */
export interface Options {
  readonly guard: Guard
  readonly pipeline: SpanPipeline
  /** The OpenTelemetry tracer whose sampler decides. */
  readonly tracer: Otel.Tracer
  /** One that leaves every span out, for spans that the program asks not to sample. */
  readonly unsampled: Otel.Tracer
  /** The layer, to which foreign children of these spans belong too. */
  readonly owner: object
  /** What Effect runs each step of a program with, if anything. */
  readonly context?: Tracer.Tracer["context"]
}

/** Makes the tracer. */
export const make = (options: Options): Tracer.Tracer => {
  const { guard, pipeline } = options
  const sampled = spansOf(options.tracer)
  const unsampled = spansOf(options.unsampled)
  const overrides = { ...guardedMethods(guard, pipeline), [SpanContexts.Owner]: options.owner }
  return Tracer.make({
    span(spanOptions) {
      return pipeline.starting<Tracer.Span>(
        () =>
          Object.assign((leftOut(spanOptions) ? unsampled : sampled).span(withWholeTraceId(spanOptions)), overrides),
        () => new Tracer.NativeSpan(spanOptions)
      )
    },
    context: options.context
  })
}

type SpanOptions = Parameters<Tracer.Tracer["span"]>[0]

const spansOf = (tracer: Otel.Tracer): Tracer.Tracer =>
  Effect.runSync(Effect.provideService(EffectOtel.make, EffectOtel.OtelTracer, tracer))

/** B3 knows trace ids of 64 bits, which are meant to be filled up; OpenTelemetry would begin another trace. */
const withWholeTraceId = (options: SpanOptions): SpanOptions => {
  const parent = Option.getOrUndefined(options.parent)
  return parent?._tag === "ExternalSpan" && parent.traceId.length === 16
    ? { ...options, parent: Option.some(Tracer.externalSpan({ ...parent, traceId: parent.traceId.padStart(32, "0") })) }
    : options
}

// `sampled: false` beside a sampled parent, or without one, is the program's own wish (an option, a trace level);
// beside an unsampled parent it only repeats the parent, and the sampler decides whom to trust.
const leftOut = (options: SpanOptions): boolean =>
  !options.sampled && (Option.isNone(options.parent) || options.parent.value.sampled)

type Methods = Pick<Tracer.Span, "attribute" | "event" | "addLinks" | "end">

const guardedMethods = (guard: Guard, pipeline: SpanPipeline): ThisType<Tracer.Span> & Methods => ({
  attribute(this: Tracer.Span, key, value) {
    guard.run("tracer", () => base(this).attribute.call(this, key, value), () => {})
  },
  event(this: Tracer.Span, name, startTime, attributes) {
    guard.run("tracer", () => base(this).event.call(this, name, startTime, attributes), () => {})
  },
  addLinks(this: Tracer.Span, links) {
    guard.run("tracer", () => base(this).addLinks.call(this, links), () => {})
  },
  end(this: Tracer.Span, endTime, exit) {
    if (this.status._tag === "Ended") return
    const inner = SpanContexts.otelSpan(this)
    if (inner === undefined) return
    const startTime = this.status.startTime
    const ended: Tracer.SpanStatus = { _tag: "Ended", startTime, endTime, exit }
    Object.assign(this, { status: ended })
    if (!inner.isRecording()) return
    endSpan(guard, pipeline, inner, endTime, exit, this)
  }
})

const base = (span: Tracer.Span): Tracer.Span => Object.getPrototypeOf(span) as Tracer.Span

const endSpan = (
  guard: Guard,
  pipeline: SpanPipeline,
  inner: Otel.Span,
  endTime: bigint,
  exit: Exit.Exit<unknown, unknown>,
  span: Tracer.Span
): void => {
  const time = hrTime(endTime)
  guard.run("tracer", () => {
    const serverStatus = span.kind === "server" ? span.attributes.get("http.response.status_code") : undefined
    SpanFailure.recordExit(inner, exit, time, serverStatus)
  }, () => inner.setStatus({ code: Otel.SpanStatusCode.ERROR, message: "the failure could not be read" }))
  guard.run("tracer", () => inner.end(time), () => {
    if (inner.isRecording()) pipeline.abandon()
  })
}

const nanosPerSecond = 1_000_000_000n

const hrTime = (nanos: bigint): Otel.HrTime => [Number(nanos / nanosPerSecond), Number(nanos % nanosPerSecond)]
