import { assert, describe, it } from "@effect/vitest"
import type * as Otel from "@opentelemetry/api"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as fc from "fast-check"
import * as EndedSpan from "../../src/tracing/EndedSpan.ts"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import { span } from "./generatedSpans.ts"
import { endedSpans, foreign, passThrough } from "./harness.ts"

/** Trace states by what they say; none and an empty one are the same. */
const context = (context: Otel.SpanContext | undefined) =>
  context && { ...context, traceState: context.traceState?.serialize() || undefined }

const attributes = (attributes: Otel.Attributes | undefined) =>
  Object.entries(attributes ?? {}).filter(([, value]) => value !== undefined)

/** All that a span says, in one form. */
const told = (span: ReadableSpan) => ({
  name: span.name,
  kind: span.kind,
  context: context(span.spanContext()),
  parent: context(span.parentSpanContext),
  startTime: span.startTime,
  endTime: span.endTime,
  status: span.status,
  attributes: attributes(span.attributes),
  events: span.events.map((event) => ({
    name: event.name,
    time: event.time,
    attributes: attributes(event.attributes),
    dropped: event.droppedAttributesCount ?? 0
  })),
  links: span.links.map((link) => ({
    context: context(link.context),
    attributes: attributes(link.attributes),
    dropped: link.droppedAttributesCount ?? 0
  })),
  dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
  ended: span.ended,
  resource: span.resource,
  scope: { ...span.instrumentationScope }
})

describe("the record of a span", () => {
  it("shows OpenTelemetry's exporters the span that it was made from, whatever is in it", () => {
    fc.assert(
      fc.property(span, (span) => {
        const record = ScrubbedSpan.make(span, passThrough)
        assert.deepStrictEqual(told(record), told(span))
        // A record is a span like any other.
        assert.deepStrictEqual(told(ScrubbedSpan.make(foreign(record), passThrough)), told(span))
      }),
      { numRuns: 300 }
    )
  })

  it("says how long the span took", () => {
    const [first] = endedSpans(1)
    const took = (startTime: Otel.HrTime, endTime: Otel.HrTime) =>
      ScrubbedSpan.make(foreign(first!, { startTime, endTime }), passThrough).duration
    assert.deepStrictEqual(took([7, 1], [9, 3]), [2, 2])
    assert.deepStrictEqual(took([7, 3], [9, 1]), [1, 999_999_998])
    assert.deepStrictEqual(took([7, 999_999_999], [8, 0]), [0, 1])
  })

  it("is not made of a span whose ids are none: nobody could receive it", () => {
    const [first] = endedSpans(1)
    const { spanId, traceFlags, traceId } = first!.spanContext()
    const other = (context: Partial<Otel.SpanContext>, parentSpanContext?: Otel.SpanContext) => () =>
      ScrubbedSpan.make(
        foreign(first!, {
          spanContext: () => ({ spanId, traceFlags, traceId, ...context }),
          ...(parentSpanContext === undefined ? {} : { parentSpanContext })
        }),
        passThrough
      )
    assert.throws(other({ traceId: "noop" }), "the trace's id has 4 digits instead of 32")
    assert.throws(other({ spanId: `${spanId}0` }), "the span's id has 17 digits instead of 16")
    assert.throws(other({ spanId: `${spanId.slice(1)}g` }), "an id has \"g\", allowed are hexadecimal digits")
    assert.throws(other({}, { spanId: "1", traceFlags, traceId }), "the parent's id has 1 digits instead of 16")
    assert.strictEqual(other({ traceId: traceId.toUpperCase() })().spanContext().traceId, traceId)
    assert.isUndefined(other({}, { spanId: "", traceFlags, traceId })().parentSpanContext)
  })

  it("is the same of a tracer's own span, told in words, as of its ReadableSpan", () => {
    fc.assert(
      fc.property(span, (span) => {
        const own: EndedSpan.EndedSpan = { ...EndedSpan.of(span) }
        assert.strictEqual(EndedSpan.of(own), own)
        assert.deepStrictEqual(told(ScrubbedSpan.make(own, passThrough)), told(span))
      }),
      { numRuns: 50 }
    )
  })

  it("does not change with what the span was made from", () => {
    const [first] = endedSpans(1)
    const changing = { a: 1 }
    const time: Otel.HrTime = [1, 2]
    const linked = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 }
    const record = ScrubbedSpan.make(
      foreign(first!, {
        attributes: changing,
        startTime: time,
        events: [{ name: "e", time, attributes: changing }],
        links: [{ context: linked, attributes: changing }]
      }),
      passThrough
    )
    const before = told(record)
    changing.a = 2
    time[0] = 3
    linked.traceFlags = 0
    assert.deepStrictEqual(told(record), before)
    assert.strictEqual(told(record).attributes[0]?.[1], 1)
  })

  it("shares with all others what it has none of", () => {
    const [first, second] = endedSpans(2).map((span) =>
      ScrubbedSpan.make(
        foreign(span, { attributes: {}, events: [], links: [], status: { code: 1 } }),
        passThrough
      )
    )
    assert.strictEqual(first?.details, second?.details)
    assert.strictEqual(first?.source, second?.source)
    assert.strictEqual(first?.status, second?.status)
    assert.strictEqual(first?.keyValues, second?.keyValues)
  })

  it("gives its context without being asked for it as a method", () => {
    const record = ScrubbedSpan.make(endedSpans(1)[0]!, passThrough)
    const { spanContext } = record
    assert.deepStrictEqual(spanContext(), record.spanContext())
  })
})
