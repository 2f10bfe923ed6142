import { assert, describe, it } from "@effect/vitest"
import type * as Otel from "@opentelemetry/api"
import { createTraceState } from "@opentelemetry/api"
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer"
import { resourceFromAttributes } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as fc from "fast-check"
import * as SpanSize from "../../src/tracing/SpanSize.ts"

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme" }),
  // Lone surrogates, which UTF-8 has no bytes for.
  fc.array(fc.integer({ min: 0xd700, max: 0xe000 })).map((codes) => String.fromCharCode(...codes))
)
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 127, 128, 16_383, 16_384, 2 ** 32, 2 ** 53, 2 ** 62, 2 ** 63, -(2 ** 63), 2 ** 64, NaN)
)
const attributes: fc.Arbitrary<Otel.Attributes> = fc.dictionary(
  text,
  fc.oneof(
    text,
    number,
    fc.boolean(),
    fc.array(fc.option(text)),
    fc.array(fc.option(number)),
    fc.array(fc.boolean()),
    fc.constant(undefined)
  ),
  { maxKeys: 8, noNullPrototype: true }
)
const hex = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(""))
const context: fc.Arbitrary<Otel.SpanContext> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.constantFrom(0, 1, 255),
  isRemote: fc.boolean(),
  traceState: fc.constantFrom(undefined, createTraceState("a=b,c=d"), createTraceState(""))
}).map(({ traceState, ...rest }) => traceState === undefined ? rest : { ...rest, traceState })
const time: fc.Arbitrary<Otel.HrTime> = fc.tuple(fc.nat(2_000_000_000), fc.nat(999_999_999))
const dropped = fc.constantFrom(0, 1, 127, 128, 100_000)

const resources = [
  resourceFromAttributes({}),
  resourceFromAttributes({ "service.name": "svc", "host.name": "x".repeat(300), "process.args": ["a", "b"] }),
  resourceFromAttributes({ "service.name": "other" }, { schemaUrl: "https://opentelemetry.io/schemas/1.40.0" })
]
const scopes = [
  { name: "effect" },
  { name: "", version: "4.1.0" },
  { name: "@opentelemetry/instrumentation-http", version: "0.223.0", schemaUrl: "https://example.com/schema" }
]

const span: fc.Arbitrary<ReadableSpan> = fc.record({
  name: text,
  kind: fc.constantFrom(0, 1, 2, 3, 4),
  context,
  parentSpanContext: fc.option(context, { nil: undefined }),
  startTime: time,
  endTime: time,
  status: fc.record({ code: fc.constantFrom(0, 1, 2), message: fc.option(text, { nil: undefined }) }),
  attributes,
  links: fc.array(
    fc.record({
      context,
      attributes: fc.option(attributes, { nil: undefined }),
      droppedAttributesCount: fc.option(dropped, { nil: undefined })
    }),
    { maxLength: 3 }
  ),
  events: fc.array(
    fc.record({
      time,
      name: text,
      attributes: fc.option(attributes, { nil: undefined }),
      droppedAttributesCount: fc.option(dropped, { nil: undefined })
    }),
    { maxLength: 3 }
  ),
  resource: fc.constantFrom(...resources),
  instrumentationScope: fc.constantFrom(...scopes),
  droppedAttributesCount: dropped,
  droppedEventsCount: dropped,
  droppedLinksCount: dropped
}).map(({ context, links, events, parentSpanContext, status, ...rest }) => ({
  ...rest,
  ...definedOnly({ parentSpanContext }),
  status: definedOnly(status),
  links: links.map(definedOnly),
  events: events.map(definedOnly),
  spanContext: () => context,
  duration: [0, 0],
  ended: true
}))

type Defined<A> =
  & { readonly [K in keyof A as undefined extends A[K] ? never : K]: A[K] }
  & {
    readonly [K in keyof A as undefined extends A[K] ? K : never]?: Exclude<A[K], undefined>
  }

const definedOnly = <A extends object>(value: A): Defined<A> =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<A>

const serialised = (spans: ReadonlyArray<ReadableSpan>): number =>
  ProtobufTraceSerializer.serializeRequest([...spans])?.byteLength ?? 0

/** What the reckoning says of a request: at most so many bytes. */
const reckoned = (spans: ReadonlyArray<ReadableSpan>): number => {
  const envelope = SpanSize.envelope()
  return spans.reduce((sum, each) => sum + SpanSize.ofSpan(each) + envelope(each), 0)
}

describe("the size of a span", () => {
  it("is what OpenTelemetry's serialiser makes of it, whatever is in it", () => {
    fc.assert(
      fc.property(span, (span) => {
        // The same span twice shares everything but itself; the lengths around it may take some bytes more.
        const added = serialised([span, span]) - serialised([span])
        assert.isAtMost(SpanSize.ofSpan(span), added)
        assert.isAtLeast(SpanSize.ofSpan(span), added - 6)
        const alone = serialised([span])
        assert.isAtMost(alone, SpanSize.ofSpan(span) + SpanSize.ofEnvelope(span))
        assert.isAtLeast(alone, SpanSize.ofSpan(span) + SpanSize.ofEnvelope(span) - 8)
      }),
      { numRuns: 300 }
    )
  })

  it("sums up to at most a few bytes more than a request of many resources and scopes", () => {
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 12 }), (spans) => {
        assert.isAtMost(serialised(spans), reckoned(spans))
        const envelopes = resources.length * (1 + scopes.length)
        assert.isAtLeast(serialised(spans), reckoned(spans) - 5 * envelopes)
      }),
      { numRuns: 100 }
    )
  })
})
