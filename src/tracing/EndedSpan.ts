/**
 * A span that has ended, as far as recording it is concerned: what any tracer can tell of its spans without building an
 * OpenTelemetry one.
 */
import type * as Otel from "@opentelemetry/api"
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace-node"
import * as SpanIds from "./SpanIds.ts"

/**
 * What a record is made from, before it is scrubbed.
 *
 * Read once and not kept, so that a tracer's own span can be one, with getters for what it holds in another form. The
 * words of ids are signed 32-bit numbers, most significant first (see `SpanIds`).
 */
export interface EndedSpan {
  readonly name: string
  readonly kind: Otel.SpanKind
  readonly traceId0: number
  readonly traceId1: number
  readonly traceId2: number
  readonly traceId3: number
  readonly spanId0: number
  readonly spanId1: number
  readonly traceFlags: number
  readonly traceState: Otel.TraceState | undefined
  /** Both 0 where there is no parent. */
  readonly parentId0: number
  readonly parentId1: number
  readonly parentFlags: number
  /** Whether the parent is another process's; `undefined` where nobody knows. */
  readonly parentIsRemote: boolean | undefined
  readonly parentState: Otel.TraceState | undefined
  /** Since 1970, with the nanoseconds within the second. */
  readonly startSeconds: number
  readonly startNanos: number
  readonly endSeconds: number
  readonly endNanos: number
  readonly status: Otel.SpanStatus
  readonly attributes: Readonly<Record<string, unknown>>
  /**
   * All its attributes, keys and values in turn, where many spans share the very same list, which nobody changes: what
   * is made of it can be remembered.
   */
  readonly sharedAttributes?: ReadonlyArray<unknown> | undefined
  /** All its attributes in that form, each key once, where the tracer has no object of them. */
  readonly listedAttributes?: ReadonlyArray<unknown> | undefined
  readonly events: ReadonlyArray<TimedEvent>
  readonly links: ReadonlyArray<Otel.Link>
  readonly droppedAttributesCount: number
  readonly droppedEventsCount: number
  readonly droppedLinksCount: number
  readonly resource: ReadableSpan["resource"]
  /** The same object for all spans of a scope: it is scrubbed once. */
  readonly instrumentationScope: ReadableSpan["instrumentationScope"]
}

/** A span as recording wants it; that of an OpenTelemetry tracer is read, which throws where its ids are none. */
export const of = (span: ReadableSpan | EndedSpan): EndedSpan => "traceId0" in span ? span : fromReadable(span)

const fromReadable = (span: ReadableSpan): EndedSpan => {
  const { spanId, traceFlags, traceId, traceState } = span.spanContext()
  const { parentSpanContext: parent } = span
  const parentId = parent?.spanId ?? ""
  checkLength("trace", traceId, SpanIds.traceIdLength)
  checkLength("span", spanId, SpanIds.spanIdLength)
  if (parentId !== "") checkLength("parent", parentId, SpanIds.spanIdLength)
  return {
    name: span.name,
    kind: span.kind,
    traceId0: SpanIds.word(traceId, 0),
    traceId1: SpanIds.word(traceId, 8),
    traceId2: SpanIds.word(traceId, 16),
    traceId3: SpanIds.word(traceId, 24),
    spanId0: SpanIds.word(spanId, 0),
    spanId1: SpanIds.word(spanId, 8),
    traceFlags,
    traceState,
    parentId0: parentId === "" ? 0 : SpanIds.word(parentId, 0),
    parentId1: parentId === "" ? 0 : SpanIds.word(parentId, 8),
    parentFlags: parent?.traceFlags ?? 0,
    parentIsRemote: parent?.isRemote,
    parentState: parent?.traceState,
    startSeconds: span.startTime[0],
    startNanos: span.startTime[1],
    endSeconds: span.endTime[0],
    endNanos: span.endTime[1],
    status: span.status,
    attributes: span.attributes,
    events: span.events,
    links: span.links,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope
  }
}

const checkLength = (what: string, id: string, length: number): void => {
  if (id.length !== length) throw new RangeError(`the ${what}'s id has ${id.length} digits instead of ${length}`)
}
