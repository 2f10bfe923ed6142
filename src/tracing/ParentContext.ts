/**
 * Parents of our spans that are not ours: what a caller sent, what another tracer of Effect made, what third-party code
 * has made active.
 */
import * as EffectOtel from "@effect/opentelemetry/OtelTracer"
import * as Otel from "@opentelemetry/api"
import { isTracingSuppressed } from "@opentelemetry/core/build/src/trace/suppress-tracing.js"
import * as Context from "effect/Context"
import type * as Tracer from "effect/Tracer"
import * as SpanContexts from "./SpanContexts.ts"

/** A span of third-party code as the parent of one of Effect's. */
export class ForeignParent implements Tracer.ExternalSpan {
  readonly _tag = "ExternalSpan"
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  readonly annotations: Context.Context<never>
  readonly context: Otel.SpanContext

  constructor(context: Otel.SpanContext, annotations: Context.Context<never>) {
    this.traceId = context.traceId
    this.spanId = context.spanId
    this.sampled = (context.traceFlags & Otel.TraceFlags.SAMPLED) !== 0
    this.annotations = annotations
    this.context = context
  }
}

/**
 * A span as OpenTelemetry's parent or link. `@effect/opentelemetry` lets trace flags and state be annotations, of a
 * parent or of its child; `annotations` are those of the child.
 */
export const toSpanContext = (
  span: Tracer.AnySpan,
  annotations?: Context.Context<never> | undefined
): Otel.SpanContext => {
  const own = span instanceof ForeignParent ? span.context : undefined
  const annotated = annotations !== undefined
  const traceFlags = annotated
    ? Context.getOrUndefined(annotations, EffectOtel.OtelTraceFlags) ??
      Context.getOrUndefined(span.annotations, EffectOtel.OtelTraceFlags)
    : undefined
  const traceState = annotated
    ? Context.getOrUndefined(annotations, EffectOtel.OtelTraceState) ??
      Context.getOrUndefined(span.annotations, EffectOtel.OtelTraceState)
    : undefined
  const state = traceState ?? own?.traceState
  return {
    // B3 knows trace ids of 64 bits, which are meant to be filled up; OpenTelemetry would begin another trace.
    traceId: span._tag === "ExternalSpan" && span.traceId.length === 16 ? span.traceId.padStart(32, "0") : span.traceId,
    spanId: span.spanId,
    traceFlags: traceFlags ?? own?.traceFlags ?? (span.sampled ? Otel.TraceFlags.SAMPLED : Otel.TraceFlags.NONE),
    isRemote: own === undefined ? span._tag === "ExternalSpan" : own.isRemote === true,
    ...(state === undefined ? {} : { traceState: state })
  }
}

/** The span that third-party code has made active, unless it is one of Effect's, which only a fiber can hand on. */
export const foreign = (
  active: Otel.Context,
  annotations: Context.Context<never>
): ForeignParent | undefined => {
  if (active === Otel.ROOT_CONTEXT) return undefined
  const span = Otel.trace.getSpan(active)
  if (span === undefined || SpanContexts.isEffects(active, span)) return undefined
  const context = span.spanContext()
  return Otel.isSpanContextValid(context) ? new ForeignParent(context, annotations) : undefined
}

/** Whether third-party code wants nothing traced where this is asked. */
export const isSuppressed = (active: Otel.Context): boolean =>
  active !== Otel.ROOT_CONTEXT && isTracingSuppressed(active)
