/**
 * An ended span as it is handed to the sinks: scrubbed, immutable, and small.
 *
 * Thousands of them wait where a receiver is slow and its sink can't encode them before. So ids are words, times are numbers, attributes are one list, and what
 * few spans have is in an object of its own that all others share. Whoever wants OpenTelemetry's `ReadableSpan` finds one
 * in the getters, which build what they show when they are asked.
 */
import type * as Otel from "@opentelemetry/api"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import type { EndedSpan } from "./EndedSpan.ts"
import * as RecordView from "./RecordView.ts"

/** Keys and values in turn, every value one that OpenTelemetry can carry. */
export type KeyValues = ReadonlyArray<Otel.AttributeValue>

/** What happened during a span. */
export interface EventRecord {
  readonly name: string
  readonly seconds: number
  readonly nanos: number
  readonly keyValues: KeyValues
  readonly droppedAttributesCount: number
}

/** Another span that a span names. Its ids stay text, since nobody has checked that they are ids. */
export interface LinkRecord {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly isRemote: boolean | undefined
  /** As it is sent; empty for none. */
  readonly traceState: string
  readonly keyValues: KeyValues
  readonly droppedAttributesCount: number
}

/** Whose a span is; one object for all spans of a scope. */
export interface Source {
  readonly resource: ReadableSpan["resource"]
  readonly instrumentationScope: ReadableSpan["instrumentationScope"]
}

/** What most spans have none of. */
export interface Details {
  /** That of the status. */
  readonly message: string | undefined
  /** As it is sent; empty for none. */
  readonly traceState: string
  readonly parentState: string
  readonly events: ReadonlyArray<EventRecord>
  readonly links: ReadonlyArray<LinkRecord>
  readonly droppedAttributesCount: number
  readonly droppedEventsCount: number
  readonly droppedLinksCount: number
}

/** An empty list, for all that have none. */
export const none: ReadonlyArray<never> = Object.freeze([])

/** The details of a span that has none. */
export const noDetails: Details = Object.freeze({
  message: undefined,
  traceState: "",
  parentState: "",
  events: none,
  links: none,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0
})

/** What scrubbing makes of a span; the rest of a record is taken from the span as it is. */
export interface Scrubbed {
  readonly name: string
  readonly keyValues: KeyValues
  readonly details: Details
  readonly source: Source
}

// Kind, status, flags, and what is known of where the parent is, in one number.
const kindBits = 3
const statusBits = 2
const flagBits = 8
const statusCode = kindBits
const ownFlags = statusCode + statusBits
const parentFlags = ownFlags + flagBits
const parentIsKnown = parentFlags + flagBits
const parentIsRemote = parentIsKnown + 1

const mask = (bits: number): number => (1 << bits) - 1

// A status without words is one of three.
const statuses: ReadonlyArray<Otel.SpanStatus> = [0, 1, 2].map((code) => Object.freeze({ code }))

// What exporters were shown; weak, so that a span that waits again takes little more room than before.
const views = new WeakMap<SpanRecord, WeakRef<RecordView.RecordView>>()

/** See the module. The words of ids are signed, most significant first. */
export class SpanRecord implements ReadableSpan {
  readonly name: string
  readonly keyValues: KeyValues
  readonly details: Details
  readonly source: Source
  readonly traceId0: number
  readonly traceId1: number
  readonly traceId2: number
  readonly traceId3: number
  readonly spanId0: number
  readonly spanId1: number
  /** Both 0 where there is no parent. */
  readonly parentId0: number
  readonly parentId1: number
  readonly startSeconds: number
  readonly startNanos: number
  readonly endSeconds: number
  readonly endNanos: number
  readonly #bits: number

  constructor(span: EndedSpan, { details, keyValues, name, source }: Scrubbed) {
    this.name = name
    this.keyValues = keyValues
    this.details = details
    this.source = source
    this.traceId0 = span.traceId0
    this.traceId1 = span.traceId1
    this.traceId2 = span.traceId2
    this.traceId3 = span.traceId3
    this.spanId0 = span.spanId0
    this.spanId1 = span.spanId1
    this.parentId0 = span.parentId0
    this.parentId1 = span.parentId1
    this.startSeconds = span.startSeconds
    this.startNanos = span.startNanos
    this.endSeconds = span.endSeconds
    this.endNanos = span.endNanos
    this.#bits = span.kind & mask(kindBits) |
      (span.status.code & mask(statusBits)) << statusCode |
      (span.traceFlags & mask(flagBits)) << ownFlags |
      (span.parentFlags & mask(flagBits)) << parentFlags |
      (span.parentIsRemote === undefined ? 0 : 1 << parentIsKnown) |
      (span.parentIsRemote === true ? 1 << parentIsRemote : 0)
  }

  get kind(): Otel.SpanKind {
    return this.#bits & mask(kindBits)
  }

  get statusCode(): Otel.SpanStatusCode {
    return this.#bits >> statusCode & mask(statusBits)
  }

  get traceFlags(): number {
    return this.#bits >> ownFlags & mask(flagBits)
  }

  get hasParent(): boolean {
    return this.parentId0 !== 0 || this.parentId1 !== 0
  }

  get parentFlags(): number {
    return this.#bits >> parentFlags & mask(flagBits)
  }

  /** Whether the parent is another process's; `undefined` where nobody knows. */
  get parentIsRemote(): boolean | undefined {
    return (this.#bits >> parentIsKnown & 1) === 0 ? undefined : this.#bits >> parentIsRemote === 1
  }

  get resource(): Source["resource"] {
    return this.source.resource
  }

  get instrumentationScope(): Source["instrumentationScope"] {
    return this.source.instrumentationScope
  }

  // What OpenTelemetry knows beside that.

  get status(): Otel.SpanStatus {
    const { details: { message }, statusCode: code } = this
    return message === undefined ? statuses[code] ?? { code } : { code, message }
  }

  /** By its type a function like any other, which works without the span as well. */
  get spanContext(): () => Otel.SpanContext {
    return () => shown(this).spanContext
  }

  /** `undefined` for a root, which TypeScript can't say of a getter that stands for an optional property. */
  get parentSpanContext(): Otel.SpanContext {
    return shown(this).parentSpanContext as Otel.SpanContext
  }

  get startTime(): Otel.HrTime {
    return shown(this).startTime
  }

  get endTime(): Otel.HrTime {
    return shown(this).endTime
  }

  get duration(): Otel.HrTime {
    return shown(this).duration
  }

  get attributes(): Otel.Attributes {
    return shown(this).attributes
  }

  get events(): ReadableSpan["events"] {
    return shown(this).events
  }

  get links(): Array<Otel.Link> {
    return shown(this).links
  }

  get ended(): boolean {
    return true
  }

  get droppedAttributesCount(): number {
    return this.details.droppedAttributesCount
  }

  get droppedEventsCount(): number {
    return this.details.droppedEventsCount
  }

  get droppedLinksCount(): number {
    return this.details.droppedLinksCount
  }
}

// No method, since each record would carry the mark of a class that has private ones.
const shown = (record: SpanRecord): RecordView.RecordView => {
  const known = views.get(record)?.deref()
  if (known !== undefined) return known
  const view = RecordView.make(record)
  views.set(record, new WeakRef(view))
  return view
}
