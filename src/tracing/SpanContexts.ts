/**
 * Between Effect's spans and OpenTelemetry's contexts.
 */
import * as Otel from "@opentelemetry/api"
import type * as Tracer from "effect/Tracer"
import * as Parents from "../observation/Parents.ts"

/** The property of a span that stands for whatever is left out with a caller: that caller. */
export const Caller: unique symbol = Symbol("@dawsos/observability/Tracing/caller")

/**
 * The span as third-party code is to see it: nothing of what is below a caller that is not sampled leaves, so what they
 * begin may be right below the caller, whom they see already.
 */
export const outermost = (span: Tracer.AnySpan | undefined): Tracer.AnySpan | undefined =>
  span === undefined ? undefined : (span as { readonly [Caller]?: Tracer.AnySpan | undefined })[Caller] ?? span

/** The nearest span that may be the parent of what third-party code begins. */
export const propagated = (span: Tracer.AnySpan | undefined): Tracer.AnySpan | undefined =>
  Parents.propagated(outermost(span))

/** The OpenTelemetry span inside an Effect span that was made by `@effect/opentelemetry`. */
export const otelSpan = (span: Tracer.AnySpan): Otel.Span | undefined => {
  const inner = (span as { readonly span?: unknown }).span
  return typeof inner === "object" && inner !== null && "spanContext" in inner ? inner as Otel.Span : undefined
}

/**
 * The key under which `@effect/opentelemetry` marks a context as set by Effect, so that a fiber that is started inside
 * of one does not take the span for a foreign parent. The same text gives the same key;
 * `test/EffectInternals.test.ts` holds that it is the same.
 */
const effectSpan = Otel.createContextKey("@effect/opentelemetry/OtelTracer/EffectSpan")

/** Marks contexts with the layer that their span belongs to, so that foreign children go to the same pipeline. */
const owner = Otel.createContextKey("@dawsos/observability/Tracing/owner")

/** The property that ties a span to the layer that made it. */
export const Owner: unique symbol = Symbol("@dawsos/observability/Tracing/owner")

/** The layer whose span a context carries. */
export const ownerOf = (context: Otel.Context): unknown => context.getValue(owner)

/** Whether the active span of a context is Effect's, which only a fiber can hand on, and no foreign parent. */
export const isEffects = (context: Otel.Context, active: Otel.Span): boolean => context.getValue(effectSpan) === active

/** `context` with an Effect span as the active one; baggage and suppression stay. */
export const withSpan = (context: Otel.Context, span: Tracer.AnySpan): Otel.Context => {
  const cached = (span as Cached)[Last]
  if (cached?.base === context) return cached.context
  const inner = otelSpan(span)
  const populated = populate(context, span, inner ?? Otel.trace.wrapSpanContext(toSpanContext(span)))
  // Contexts are copied whole with each value, and a span is asked for its own again and again.
  if (inner !== undefined) (span as Cached)[Last] = { base: context, context: populated }
  return populated
}

/** The active context, with an Effect span in it whoever manages contexts in this process. */
export const activeWith = (span: Tracer.AnySpan): Otel.Context => {
  const active = Otel.context.active()
  const inner = otelSpan(span)
  return inner !== undefined && Otel.trace.getSpan(active) === inner ? active : withSpan(active, span)
}

const Last: unique symbol = Symbol("@dawsos/observability/Tracing/context")

interface Cached {
  [Last]?: { readonly base: Otel.Context; readonly context: Otel.Context }
}

const populate = (context: Otel.Context, span: Tracer.AnySpan, inner: Otel.Span): Otel.Context => {
  const populated = Otel.trace.setSpan(context, inner).setValue(effectSpan, inner)
  const of = (span as { readonly [Owner]?: unknown })[Owner]
  return of === undefined ? populated : populated.setValue(owner, of)
}

const toSpanContext = (span: Tracer.AnySpan): Otel.SpanContext => ({
  traceId: span.traceId,
  spanId: span.spanId,
  traceFlags: span.sampled ? Otel.TraceFlags.SAMPLED : Otel.TraceFlags.NONE,
  isRemote: span._tag === "ExternalSpan"
})
