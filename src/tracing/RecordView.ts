/**
 * What a record looks like to those who know OpenTelemetry's `ReadableSpan`: the objects that the record does without.
 */
import * as Otel from "@opentelemetry/api"
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace-node"
import * as SpanIds from "./SpanIds.ts"
import type { EventRecord, KeyValues, LinkRecord, SpanRecord } from "./SpanRecord.ts"

/** See the module. */
export type RecordView =
  & Pick<ReadableSpan, "startTime" | "endTime" | "duration" | "attributes" | "events" | "links">
  & { readonly spanContext: Otel.SpanContext; readonly parentSpanContext: Otel.SpanContext | undefined }

/** Builds all of it: who asks for a part asks for the rest. */
export const make = (record: SpanRecord): RecordView => {
  const { details, endNanos, endSeconds, startNanos, startSeconds } = record
  const traceId = SpanIds.traceId(record.traceId0, record.traceId1, record.traceId2, record.traceId3)
  return {
    spanContext: {
      traceId,
      spanId: SpanIds.spanId(record.spanId0, record.spanId1),
      traceFlags: record.traceFlags,
      ...traceState(details.traceState)
    },
    parentSpanContext: record.hasParent
      ? {
        // A parent is of the same trace.
        traceId,
        spanId: SpanIds.spanId(record.parentId0, record.parentId1),
        traceFlags: record.parentFlags,
        ...isRemote(record.parentIsRemote),
        ...traceState(details.parentState)
      }
      : undefined,
    startTime: [startSeconds, startNanos],
    endTime: [endSeconds, endNanos],
    duration: endNanos < startNanos
      ? [endSeconds - startSeconds - 1, endNanos - startNanos + 1_000_000_000]
      : [endSeconds - startSeconds, endNanos - startNanos],
    attributes: attributes(record.keyValues),
    events: details.events.map(event),
    links: details.links.map(link)
  }
}

const event = ({ droppedAttributesCount, keyValues, name, nanos, seconds }: EventRecord): TimedEvent => ({
  name,
  time: [seconds, nanos],
  attributes: attributes(keyValues),
  droppedAttributesCount
})

const link = (record: LinkRecord): Otel.Link => ({
  context: {
    traceId: record.traceId,
    spanId: record.spanId,
    traceFlags: record.traceFlags,
    ...isRemote(record.isRemote),
    ...traceState(record.traceState)
  },
  attributes: attributes(record.keyValues),
  droppedAttributesCount: record.droppedAttributesCount
})

const attributes = (keyValues: KeyValues): Otel.Attributes => {
  const shown: Otel.Attributes = {}
  for (let i = 0; i < keyValues.length; i += 2) {
    const key = keyValues[i] as string
    const value = keyValues[i + 1]
    // An assignment would change the prototype.
    if (key === "__proto__") Object.defineProperty(shown, key, { value, configurable: true, enumerable: true })
    else shown[key] = value
  }
  return shown
}

const isRemote = (value: boolean | undefined): Partial<Pick<Otel.SpanContext, "isRemote">> =>
  value === undefined ? {} : { isRemote: value }

/** Member by member: read as a whole, all that is longer than a header may be would be lost. */
const traceState = (text: string): Partial<Pick<Otel.SpanContext, "traceState">> => {
  if (text === "") return {}
  return {
    traceState: text.split(",").reduceRight((state, member) => {
      const equals = member.indexOf("=")
      return state.set(member.slice(0, equals), member.slice(equals + 1))
    }, Otel.createTraceState())
  }
}
