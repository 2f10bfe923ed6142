/**
 * An OpenTelemetry tracer that does nothing, written by hand so that a program whose tracing is off loads no vendor.
 */
import type * as Otel from "@opentelemetry/api"

const spanContext: Otel.SpanContext = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 }

/** A span that records nothing; its context is invalid, so nothing becomes its child. */
export const span: Otel.Span = {
  spanContext: () => spanContext,
  setAttribute: () => span,
  setAttributes: () => span,
  addEvent: () => span,
  addLink: () => span,
  addLinks: () => span,
  setStatus: () => span,
  updateName: () => span,
  end: () => {},
  isRecording: () => false,
  recordException: () => {}
}

/** A tracer of such spans. */
export const tracer: Otel.Tracer = {
  startSpan: () => span,
  startActiveSpan: (_name: string, ...rest: ReadonlyArray<unknown>) => {
    const body = rest[rest.length - 1] as (span: Otel.Span) => never
    return body(span)
  }
}
