/**
 * The messages of OTLP that a request with spans consists of (opentelemetry-proto 1.9: `trace.proto`, `common.proto`,
 * `resource.proto`), field by field in the order of OpenTelemetry's serialiser.
 */
import type * as Otel from "@opentelemetry/api"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import type { Names, ProtobufWriter } from "./ProtobufWriter.ts"
import * as SpanIds from "./SpanIds.ts"
import { type EventRecord, type KeyValues, type LinkRecord, none, type SpanRecord } from "./SpanRecord.ts"

// A tag is `field << 3 | wire type`: 0 for varints, 1 for 8 bytes, 2 for what tells its length, 5 for 4 bytes.
const varint = 0
const bytes8 = 1
const delimited = 2
const bytes4 = 5

const tag = (field: number, wireType: number): number => field << 3 | wireType

/** `Span`. */
export const span = (out: ProtobufWriter, names: Names, record: SpanRecord): void => {
  const { details } = record
  out.reserve()
  out.byte(tag(2, delimited))
  const start = out.open(2)
  traceId(out, 1, record.traceId0, record.traceId1, record.traceId2, record.traceId3)
  spanId(out, 2, record.spanId0, record.spanId1)
  optionalText(out, 3, details.traceState)
  if (record.hasParent) spanId(out, 4, record.parentId0, record.parentId1)
  name(out, 5, names, record.name)
  out.byte(tag(6, varint))
  // OTLP has 0 for a kind that nobody knows.
  out.byte(record.kind + 1)
  time(out, 7, record.startSeconds, record.startNanos)
  time(out, 8, record.endSeconds, record.endNanos)
  attributes(out, 9, names, record.keyValues)
  count(out, 10, details.droppedAttributesCount)
  if (details.events !== none) { for (const each of details.events) event(out, names, each) }
  count(out, 12, details.droppedEventsCount)
  let nowhere = 0
  if (details.links !== none) { for (const each of details.links) if (!link(out, names, each)) nowhere++ }
  count(out, 14, details.droppedLinksCount + nowhere)
  status(out, record.statusCode, details.message)
  flags(out, 16, record.traceFlags, record.parentIsRemote)
  out.close(start, 2)
}

/** `Span.Event`. */
const event = (out: ProtobufWriter, names: Names, record: EventRecord): void => {
  out.reserve()
  out.byte(tag(11, delimited))
  const start = out.open(2)
  time(out, 1, record.seconds, record.nanos)
  name(out, 2, names, record.name)
  attributes(out, 3, names, record.keyValues)
  count(out, 4, record.droppedAttributesCount)
  out.close(start, 2)
}

/**
 * `Span.Link`, or nothing where its ids are none, such as those of a span that was not traced: a collector refuses the
 * whole request for it.
 */
const link = (out: ProtobufWriter, names: Names, record: LinkRecord): boolean => {
  const { spanId: ofSpan, traceId: ofTrace } = record
  if (!SpanIds.isTraceId(ofTrace) || !SpanIds.isSpanId(ofSpan)) return false
  out.reserve()
  out.byte(tag(13, delimited))
  const start = out.open()
  const [word0, word1, word2, word3] = [0, 8, 16, 24].map((offset) => SpanIds.word(ofTrace, offset))
  traceId(out, 1, word0!, word1!, word2!, word3!)
  spanId(out, 2, SpanIds.word(ofSpan, 0), SpanIds.word(ofSpan, 8))
  optionalText(out, 3, record.traceState)
  attributes(out, 4, names, record.keyValues)
  count(out, 5, record.droppedAttributesCount)
  flags(out, 6, record.traceFlags, record.isRemote)
  out.close(start)
  return true
}

/** `Status`. */
const status = (out: ProtobufWriter, code: Otel.SpanStatusCode, message: string | undefined): void => {
  out.byte(tag(15, delimited))
  const start = out.open()
  optionalText(out, 2, message)
  out.byte(tag(3, varint))
  out.byte(code)
  out.close(start)
}

/** `Resource`. */
export const resource = (out: ProtobufWriter, names: Names, { attributes: all }: ReadableSpan["resource"]): void => {
  out.reserve()
  out.byte(tag(1, delimited))
  const start = out.open()
  for (const key of Object.keys(all)) attribute(out, 1, names, key, all[key])
  count(out, 2, 0)
  out.close(start)
}

/** `InstrumentationScope`. */
export const scope = (out: ProtobufWriter, scope: ReadableSpan["instrumentationScope"]): void => {
  out.reserve()
  out.byte(tag(1, delimited))
  const start = out.open()
  out.byte(tag(1, delimited))
  out.text(scope.name)
  optionalText(out, 2, scope.version)
  out.close(start)
}

const attributes = (out: ProtobufWriter, field: number, names: Names, keyValues: KeyValues): void => {
  for (let i = 0; i < keyValues.length; i += 2) {
    attribute(out, field, names, keyValues[i] as string, keyValues[i + 1])
  }
  out.reserve()
}

/** `KeyValue`. */
const attribute = (
  out: ProtobufWriter,
  field: number,
  names: Names,
  key: string,
  content: Otel.AttributeValue | undefined
): void => {
  out.byte(tag(field, delimited))
  const start = out.open()
  name(out, 1, names, key)
  out.byte(tag(2, delimited))
  value(out, content)
  out.close(start)
}

// The whole numbers that fit 64 bits; both are exact.
const [leastInteger, aboveIntegers] = [-(2 ** 63), 2 ** 63]

/** `AnyValue`, with its length. */
const value = (out: ProtobufWriter, content: Otel.AttributeValue | null | undefined): void => {
  const start = out.open()
  switch (typeof content) {
    case "string":
      out.byte(tag(1, delimited))
      out.text(content)
      break
    case "boolean":
      out.byte(tag(2, varint))
      out.byte(content ? 1 : 0)
      break
    case "number":
      if (Number.isInteger(content) && content >= leastInteger && content < aboveIntegers) {
        out.byte(tag(3, varint))
        out.int64(content)
      } else {
        out.byte(tag(4, bytes8))
        out.double(content)
      }
      break
    default:
      // Anything else is a value of no kind, as `null` in a list is.
      if (Array.isArray(content)) list(out, content)
  }
  out.close(start)
}

/** `ArrayValue`. */
const list = (out: ProtobufWriter, items: ReadonlyArray<Otel.AttributeValue | null | undefined>): void => {
  out.byte(tag(5, delimited))
  const start = out.open()
  for (const item of items) {
    out.reserve()
    out.byte(tag(1, delimited))
    value(out, item)
  }
  out.close(start)
}

const traceId = (
  out: ProtobufWriter,
  field: number,
  word0: number,
  word1: number,
  word2: number,
  word3: number
): void => {
  out.byte(tag(field, delimited))
  out.byte(16)
  out.words(word0, word1)
  out.words(word2, word3)
}

const spanId = (out: ProtobufWriter, field: number, word0: number, word1: number): void => {
  out.byte(tag(field, delimited))
  out.byte(8)
  out.words(word0, word1)
}

const name = (out: ProtobufWriter, field: number, names: Names, text: string): void => {
  out.byte(tag(field, delimited))
  out.raw(names(text))
}

const optionalText = (out: ProtobufWriter, field: number, text: string | undefined): void => {
  if (!text) return
  out.byte(tag(field, delimited))
  out.text(text)
}

const time = (out: ProtobufWriter, field: number, seconds: number, nanos: number): void => {
  out.byte(tag(field, bytes8))
  out.time(seconds, nanos)
}

const count = (out: ProtobufWriter, field: number, of: number): void => {
  out.byte(tag(field, varint))
  out.varint32(of)
}

/** The lowest 8 bits are those of W3C; then whether it is known where the parent is, and whether that is elsewhere. */
const flags = (out: ProtobufWriter, field: number, traceFlags: number, isRemote: boolean | undefined): void => {
  const bits = traceFlags & 0xff | 0x100 | (isRemote === true ? 0x200 : 0)
  out.varint32(tag(field, bytes4))
  out.fixed32(bits)
}
