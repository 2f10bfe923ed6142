/**
 * Spans as Jaeger's Thrift messages: the translation of `@opentelemetry/exporter-jaeger`, one encoded span at a time.
 */
import type * as Otel from "@opentelemetry/api"
import { spanToThrift } from "@opentelemetry/exporter-jaeger/build/src/transform.js"
import type { ThriftTag } from "@opentelemetry/exporter-jaeger/build/src/types.js"
import { resourceFromAttributes } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import { ATTR_SERVICE_NAME } from "@opentelemetry/semantic-conventions"
import * as Thrift from "./Thrift.ts"

// The order of the enums in jaeger.thrift.
const tagTypes: Readonly<Record<string, number>> = { STRING: 0, DOUBLE: 1, BOOL: 2, LONG: 3, BINARY: 4 }
const referenceTypes: Readonly<Record<string, number>> = { CHILD_OF: 0, FOLLOWS_FROM: 1 }

// A Batch's resource is told once, in its process, instead of on each span.
const nobody = resourceFromAttributes({})

/** OpenTelemetry's `SpanKind.INTERNAL`. */
const internal: Otel.SpanKind.INTERNAL = 0

/** The bytes of one span. */
export const encodeSpan = (span: ReadableSpan, encoding: Thrift.Encoding): Uint8Array => {
  const { attributes, kind, parentSpanContext } = span
  const context = span.spanContext()
  // Named one by one: what a span has may be getters, which a spread leaves behind.
  const thrift = spanToThrift({
    name: span.name,
    kind,
    spanContext: () => context,
    ...(parentSpanContext === undefined ? {} : { parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: span.status,
    links: span.links,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
    resource: nobody,
    // The translation names every kind but this one; Jaeger shows it of spans that came by OTLP.
    attributes: plain(kind === internal ? { "span.kind": "internal", ...attributes } : attributes),
    events: span.events.map((event) =>
      event.attributes === undefined ? event : { ...event, attributes: plain(event.attributes) }
    )
  })
  const out = Thrift.writer(encoding)
  out.begin()
  out.i64(1, thrift.traceIdLow)
  out.i64(2, thrift.traceIdHigh)
  out.i64(3, thrift.spanId)
  out.i64(4, int64(thrift.parentSpanId))
  out.string(5, thrift.operationName)
  out.structs(6, thrift.references.length)
  for (const reference of thrift.references) {
    out.begin()
    out.i32(1, referenceTypes[reference.refType] ?? 1)
    out.i64(2, reference.traceIdLow)
    out.i64(3, reference.traceIdHigh)
    out.i64(4, reference.spanId)
    out.end()
  }
  out.i32(7, thrift.flags)
  out.i64(8, int64(thrift.startTime))
  out.i64(9, int64(thrift.duration))
  tags(out, 10, thrift.tags)
  out.structs(11, thrift.logs.length)
  for (const log of thrift.logs) {
    out.begin()
    out.i64(1, int64(log.timestamp))
    tags(out, 2, log.fields)
    out.end()
  }
  out.end()
  return out.bytes()
}

/** The bytes of the process that the spans of a batch come from. */
export const encodeProcess = (attributes: Otel.Attributes, encoding: Thrift.Encoding): Uint8Array => {
  const { [ATTR_SERVICE_NAME]: serviceName, ...rest } = plain(attributes)
  const out = Thrift.writer(encoding)
  out.begin()
  out.string(1, String(serviceName ?? "unknown_service"))
  tags(
    out,
    2,
    Object.entries(rest).map(([key, value]) => ({
      key,
      vType: typeof value === "number" ? "DOUBLE" : typeof value === "boolean" ? "BOOL" : "STRING",
      vStr: String(value),
      vDouble: Number(value),
      vBool: value === true
    }))
  )
  out.end()
  return out.bytes()
}

/** A `Batch`, the body of a request to Jaeger's HTTP collector. */
export const encodeBatch = (process: Uint8Array, spans: ReadonlyArray<Uint8Array>): Uint8Array => {
  const out = Thrift.writer("binary")
  batch(out, process, spans)
  return out.bytes()
}

/** The call `Agent.emitBatch`, one UDP packet to Jaeger's agent. */
export const encodeEmitBatch = (
  process: Uint8Array,
  spans: ReadonlyArray<Uint8Array>,
  encoding: Thrift.Encoding
): Uint8Array => {
  const out = Thrift.writer(encoding)
  out.call("emitBatch")
  out.begin()
  out.struct(1)
  batch(out, process, spans)
  out.end()
  return out.bytes()
}

const batch = (out: Thrift.Writer, process: Uint8Array, spans: ReadonlyArray<Uint8Array>): void => {
  out.begin()
  out.struct(1)
  out.raw(process)
  out.structs(2, spans.length)
  for (const span of spans) out.raw(span)
  out.end()
}

const tags = (out: Thrift.Writer, id: number, values: ReadonlyArray<ThriftTag>): void => {
  out.structs(id, values.length)
  for (const tag of values) {
    // A status code is no fraction: whole numbers go as such, as OpenTelemetry's mapping to Jaeger wants.
    const whole = tag.vType === "DOUBLE" && Number.isSafeInteger(tag.vDouble)
    out.begin()
    out.string(1, tag.key)
    out.i32(2, tagTypes[whole ? "LONG" : tag.vType] ?? 0)
    if (whole) out.i64(6, int64(tag.vDouble))
    else if (tag.vType === "DOUBLE") out.double(4, tag.vDouble)
    else if (tag.vType === "BOOL") out.bool(5, tag.vBool)
    else out.string(3, tag.vStr)
    out.end()
  }
}

// Typed as numbers or texts by the exporter, in truth buffers of eight bytes.
const int64 = (value: unknown): Uint8Array => {
  if (value instanceof Uint8Array) return value
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(Math.trunc(Number(value)) || 0))
  return bytes
}

/** Jaeger has no lists, so they become JSON; the exporter alone would join them with commas. */
const plain = (attributes: Otel.Attributes): Record<string, string | number | boolean> => {
  const values: Record<string, string | number | boolean> = {}
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) values[key] = Array.isArray(value) ? JSON.stringify(value) : value as string
  }
  return values
}
