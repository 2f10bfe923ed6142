import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import type * as Otel from "@opentelemetry/api"
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer"
import { resourceFromAttributes } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as fc from "fast-check"
import * as OtlpWriter from "../../src/tracing/OtlpWriter.ts"
import * as ProtobufWriter from "../../src/tracing/ProtobufWriter.ts"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import type { SpanRecord } from "../../src/tracing/SpanRecord.ts"
import { span } from "./generatedSpans.ts"
import { endedSpans, foreign, passThrough } from "./harness.ts"
import { message } from "./otlpSchema.ts"

const request = message("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest")

/** What protobuf.js reads by OTLP's own schema. */
const decode = (body: Uint8Array): Record<string, unknown> =>
  request.toObject(request.decode(body), { longs: String, bytes: Array, defaults: true })

const noFault = (fault: unknown) => assert.fail(String(fault))

/** The steps of a request; the last one is what was written. */
const steps = (spans: ReadonlyArray<SpanRecord>, onFault: (fault: unknown) => void = noFault) => {
  const steps = OtlpWriter.write(spans, { names: ProtobufWriter.names(), onFault })
  let slices = 1
  for (;;) {
    const step = steps.next()
    if (step.done === true) return { ...step.value, slices }
    slices++
  }
}

const written = (spans: ReadonlyArray<SpanRecord>): Uint8Array => {
  const { body, count } = steps(spans)
  assert.strictEqual(count, spans.length)
  assert(body !== undefined)
  return body
}

const record = (span: ReadableSpan) => ScrubbedSpan.make(span, passThrough)

const serialised = (spans: ReadonlyArray<ReadableSpan>): Uint8Array => {
  const body = ProtobufTraceSerializer.serializeRequest([...spans])
  assert(body !== undefined)
  return body
}

// What OTLP wants to have of a span, told from its specification.

const idBytes = (id: string) => [...Buffer.from(id, "hex")]

/** UTF-8 has no lone surrogates. */
const text = (value: string) => value.toWellFormed()

const moment = ([seconds, nanos]: Otel.HrTime) => String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos))

const anyValue = (value: unknown): Record<string, unknown> => {
  if (typeof value === "string") return { stringValue: text(value) }
  if (typeof value === "boolean") return { boolValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  if (typeof value !== "number") return {}
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63
    ? { intValue: String(BigInt(value)) }
    : { doubleValue: value }
}

const keyValues = (attributes: Otel.Attributes | undefined) =>
  Object.entries(attributes ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key: text(key), value: anyValue(value) }]
  )

const traceState = (context: Otel.SpanContext) => context.traceState?.serialize() ?? ""

const flags = (traceFlags: number, isRemote: boolean | undefined) => traceFlags | 0x100 | (isRemote ? 0x200 : 0)

const expected = (span: ReadableSpan) => {
  const context = span.spanContext()
  const { parentSpanContext: parent, status: { code, message } } = span
  return {
    traceId: idBytes(context.traceId),
    spanId: idBytes(context.spanId),
    traceState: traceState(context),
    parentSpanId: parent === undefined ? [] : idBytes(parent.spanId),
    name: text(span.name),
    kind: span.kind + 1,
    startTimeUnixNano: moment(span.startTime),
    endTimeUnixNano: moment(span.endTime),
    attributes: keyValues(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount,
    events: span.events.map(({ attributes, droppedAttributesCount = 0, name, time }) => ({
      timeUnixNano: moment(time),
      name: text(name),
      attributes: keyValues(attributes),
      droppedAttributesCount
    })),
    droppedEventsCount: span.droppedEventsCount,
    links: span.links.map(({ attributes, context, droppedAttributesCount = 0 }) => ({
      traceId: idBytes(context.traceId),
      spanId: idBytes(context.spanId),
      traceState: traceState(context),
      attributes: keyValues(attributes),
      droppedAttributesCount,
      flags: flags(context.traceFlags, context.isRemote)
    })),
    droppedLinksCount: span.droppedLinksCount,
    status: { message: text(message ?? ""), code },
    flags: flags(context.traceFlags, parent?.isRemote)
  }
}

const spansOf = (decoded: Record<string, unknown>): ReadonlyArray<unknown> =>
  (decoded["resourceSpans"] as ReadonlyArray<{ scopeSpans: ReadonlyArray<{ spans: ReadonlyArray<unknown> }> }>)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))

describe("a request of spans", () => {
  it("is read as the same spans, whatever is in them, by a decoder that has OTLP's own schema", () => {
    fc.assert(
      fc.property(span, (span) => {
        assert.deepStrictEqual(spansOf(decode(written([record(span)]))), [expected(span)])
      }),
      { numRuns: 500 }
    )
  })

  it("is what OpenTelemetry's serialiser makes of the same spans, byte for byte, whatever their resources and scopes", () => {
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 12 }), (spans) => {
        const records = spans.map(record)
        assert.deepStrictEqual(Buffer.from(written(records)), Buffer.from(serialised(records)))
      }),
      { numRuns: 200 }
    )
  })

  it("tells of scrubbed spans what OpenTelemetry's serialiser would tell of them", () => {
    const scrubber = Scrubber.make()
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 4 }), (spans) => {
        const records = spans.map((span) => ScrubbedSpan.make(span, scrubber))
        assert.deepStrictEqual(Buffer.from(written(records)), Buffer.from(serialised(records)))
      }),
      { numRuns: 100 }
    )
  })

  it("stays whole however often its buffer grows and however long its parts are", () => {
    const long = "€".repeat(70_000)
    const records = [
      ...endedSpans(300, { long: "x".repeat(5_000) }),
      ...endedSpans(2, { long, list: [long, ""], [long.slice(1)]: 1 }),
      ...endedSpans(300)
    ].map(record)
    assert.isTrue(Buffer.from(written(records)).equals(serialised(records)))
  })

  it("is written in slices of 128 spans, or of 64 KiB where spans are large", () => {
    assert.strictEqual(steps(endedSpans(128).map(record)).slices, 1)
    assert.strictEqual(steps(endedSpans(129).map(record)).slices, 2)
    assert.strictEqual(steps(endedSpans(512).map(record)).slices, 4)
    assert.strictEqual(steps(endedSpans(4, { padding: "x".repeat(65_536) }).map(record)).slices, 4)
  })

  it("leaves out what can't be written, and a resource or scope of which nothing is left", () => {
    const [first, second, third] = endedSpans(3).map((span) => foreign(span)) as [
      ReadableSpan,
      ReadableSpan,
      ReadableSpan
    ]
    // A list that can't be read.
    const list = new Proxy(["a"], {
      get: (list, key) => {
        if (key === Symbol.iterator) throw new Error("broken")
        return Reflect.get(list, key)
      }
    })
    const broken = (fields: Partial<ReadableSpan>) => record(foreign(second, { attributes: { list }, ...fields }))
    const batch = [
      record(first),
      broken({}),
      broken({ instrumentationScope: { name: "other" } }),
      broken({ resource: resourceFromAttributes({ "service.name": "other" }) }),
      record(third)
    ]
    const faults: Array<unknown> = []
    const { body, count } = steps(batch, (fault) => faults.push(fault))
    assert.strictEqual(count, 2)
    assert.deepStrictEqual(faults.map(String), ["Error: broken", "Error: broken", "Error: broken"])
    assert.deepStrictEqual(Buffer.from(body!), Buffer.from(serialised([record(first), record(third)])))
    assert.deepInclude(steps([broken({})], () => {}), { body: undefined, count: 0 })
  })

  it("counts a link to what is no span as dropped, since a collector would refuse the whole request for it", () => {
    const [first] = endedSpans(1)
    const [link] = first!.links
    const nowhere = [{ traceId: "noop" }, { spanId: "noop" }, { traceId: `${link!.context.traceId}0` }].map((ids) => ({
      context: { ...link!.context, ...ids }
    }))
    const linked = foreign(first!, { links: [...nowhere, link!], droppedLinksCount: 2 })
    assert.deepStrictEqual(spansOf(decode(written([record(linked)]))), [
      expected(foreign(first!, { links: [link!], droppedLinksCount: 5 }))
    ])
  })

  it("tells a resource anew for as long as it is being found out", async () => {
    const pending = resourceFromAttributes({ "host.id": Promise.resolve("found") })
    const [first] = endedSpans(1)
    const before = written([record(foreign(first!, { resource: pending }))])
    await pending.waitForAsyncAttributes?.()
    const after = written([record(foreign(first!, { resource: pending }))])
    assert.notInclude(Buffer.from(before).toString("latin1"), "found")
    assert.include(Buffer.from(after).toString("latin1"), "found")
  })
})
