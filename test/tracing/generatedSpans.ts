/**
 * Ended spans of all sorts, for properties.
 */
import * as Otel from "@opentelemetry/api"
import { resourceFromAttributes } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as fc from "fast-check"

const text = fc.oneof(
  fc.constant(""),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme" }),
  // Around the lengths where another way of writing begins, and where a length takes a byte more.
  fc.constantFrom(47, 48, 49, 120, 127, 128, 4_096, 4_097, 16_383, 16_384).map((length) => "x".repeat(length)),
  fc.constantFrom(42, 43, 44, 1_365, 1_366).map((length) => "€".repeat(length)),
  // Lone surrogates, which UTF-8 has no bytes for.
  fc.array(fc.integer({ min: 0xd700, max: 0xe000 })).map((codes) => String.fromCharCode(...codes))
)
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -0,
    127,
    128,
    16_383,
    16_384,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    2 ** 62,
    2 ** 63,
    -(2 ** 63),
    2 ** 64
  ),
  fc.constantFrom(-1, -(2 ** 31), -(2 ** 32), -(2 ** 32) - 1, -(2 ** 53), -(2 ** 64), NaN, Infinity, -Infinity, 5e-324)
)
const attributes: fc.Arbitrary<Otel.Attributes> = fc.dictionary(
  fc.oneof(text, fc.constantFrom("__proto__", "constructor", "1", "http.route")),
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
    // No id is all zeros.
    .map((digits) => /^0*$/.test(digits) ? `${digits.slice(1)}1` : digits)
const traceState = fc.constantFrom(
  undefined,
  Otel.createTraceState("a=b,c=d"),
  Otel.createTraceState(""),
  // As long as no header may be.
  Otel.createTraceState().set("vendor", "y=".repeat(400)).set("other", "1")
)
const context: fc.Arbitrary<Otel.SpanContext> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.constantFrom(0, 1, 255),
  isRemote: fc.option(fc.boolean(), { nil: undefined }),
  traceState
}).map((context) => definedOnly(context))
const time: fc.Arbitrary<Otel.HrTime> = fc.tuple(
  fc.oneof(fc.nat(2_000_000_000), fc.constantFrom(0, 2 ** 31, 2 ** 32 + 1, 18_446_744_072)),
  fc.nat(999_999_999)
)
const dropped = fc.constantFrom(0, 1, 127, 128, 100_000)

/** The resources that generated spans share. */
export const resources = [
  resourceFromAttributes({}),
  resourceFromAttributes({ "service.name": "svc", "host.name": "x".repeat(300), "process.args": ["a", "b"] }),
  resourceFromAttributes({ "service.name": "other" }, { schemaUrl: "https://opentelemetry.io/schemas/1.40.0" })
]

/** The scopes that generated spans share. */
export const scopes = [
  { name: "effect" },
  { name: "", version: "4.1.0" },
  { name: "@opentelemetry/instrumentation-http", version: "0.223.0", schemaUrl: "https://example.com/schema" }
]

/** A span as any tracer may have made it. */
export const span: fc.Arbitrary<ReadableSpan> = fc.record({
  name: text,
  kind: fc.constantFrom(0, 1, 2, 3, 4),
  context,
  parent: fc.option(context, { nil: undefined }),
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
}).map(({ context: { isRemote: _, ...context }, events, links, parent, status, ...rest }) => ({
  ...rest,
  // A parent is of the same trace.
  ...(parent === undefined ? {} : { parentSpanContext: { ...parent, traceId: context.traceId } }),
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
