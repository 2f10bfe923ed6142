import { assert, describe, it } from "@effect/vitest"
import { ROOT_CONTEXT } from "@opentelemetry/api"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { gzipSync } from "node:zlib"
import * as OtlpTraces from "../../../examples/receiver/OtlpTraces.ts"
import * as Receiver from "../../../examples/receiver/Receiver.ts"
import { collectingTracer, exampleTrace, exportSpans, idOf, post, spans } from "./support.ts"

const exporter = (url: string) => new OTLPTraceExporter({ url, timeoutMillis: 5_000 })

describe("OTLP over HTTP", () => {
  it.live("a span of the OpenTelemetry exporter arrives with all that it carried", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const [root, child] = exampleTrace()
      assert.strictEqual((yield* exportSpans(exporter(receiver.otlpTracesUrl), [root, child])).code, 0)

      const received = yield* receiver.awaitSpans(2)
      const start = 1_700_000_000_123_000_000n
      const resource = { "service.name": "svc", "service.version": "1.2.3" }
      assert.deepStrictEqual(received[0], {
        signal: "otlp",
        protocol: "otlp/protobuf",
        traceId: root.spanContext().traceId,
        spanId: idOf(root),
        parentSpanId: undefined,
        name: "POST /v1/execute",
        kind: "server",
        startTimeUnixNano: start,
        endTimeUnixNano: start + 12_000_000n,
        attributes: { text: "täxt", yes: true, whole: 42, negative: -7, fraction: 0.25, list: ["a", "b"] },
        events: [],
        links: [{
          traceId: root.links[0]!.context.traceId,
          spanId: root.links[0]!.context.spanId,
          attributes: {}
        }],
        status: { code: "ok", message: undefined },
        resource,
        scope: { name: "receiver-test", version: "0.9" }
      })
      assert.deepStrictEqual(received[1], {
        signal: "otlp",
        protocol: "otlp/protobuf",
        traceId: root.spanContext().traceId,
        spanId: idOf(child),
        parentSpanId: idOf(root),
        name: "metrics.compute_twr",
        kind: "internal",
        startTimeUnixNano: start + 2_000_000n,
        endTimeUnixNano: start + 5_000_000n,
        attributes: {},
        events: [{
          name: "exception",
          timeUnixNano: start + 3_000_000n,
          attributes: { "exception.type": "RateLimited" }
        }],
        links: [],
        status: { code: "error", message: "quota" },
        resource,
        scope: { name: "receiver-test", version: "0.9" }
      })
    }))

  it.live("spans that go to Sentry are told apart by their signal", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      yield* exportSpans(exporter(receiver.sentryOtlpTracesUrl), spans(2))
      yield* exportSpans(exporter(receiver.otlpTracesUrl), spans(3))
      yield* receiver.awaitSpans(3, "otlp")
      assert.deepStrictEqual((yield* receiver.totals).spansOf, {
        otlp: 3,
        sentryOtlp: 2,
        jaegerHttp: 0,
        jaegerUdp: 0,
        sentry: 0
      })
      assert.strictEqual((yield* receiver.spans).filter((span) => span.signal === "sentryOtlp").length, 2)
    }))

  it.live("a second, independent encoder (Effect's own, gzip) is read the same way", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      yield* Effect.fail("quota" as const).pipe(
        Effect.withSpan("inner", {
          attributes: { whole: 42, fraction: 0.5, list: [1, true, "a"], filler: "x".repeat(2_000) }
        }),
        Effect.withSpan("outer", { kind: "client" }),
        Effect.exit,
        Effect.provide(
          OtlpTracer.layer({
            url: receiver.otlpTracesUrl,
            compression: "gzip",
            resource: { serviceName: "effect-svc" }
          }).pipe(Layer.provide([OtlpSerialization.layerProtobuf, FetchHttpClient.layer]))
        )
      )
      const [inner, outer] = yield* receiver.awaitSpans(2)
      assert.strictEqual(inner?.name, "inner")
      assert.strictEqual(inner?.parentSpanId, outer?.spanId)
      assert.strictEqual(inner?.traceId, outer?.traceId)
      assert.deepInclude(inner?.attributes, {
        whole: 42,
        fraction: 0.5,
        list: [1, true, "a"]
      })
      assert.strictEqual(outer?.kind, "client")
      assert.strictEqual(outer?.status.code, "error")
      assert.strictEqual(outer?.resource["service.name"], "effect-svc")
      const [request] = yield* receiver.requests
      assert.strictEqual(request?.headers["content-encoding"], "gzip")
      assert.isTrue(request!.raw.length < request!.body.length)
    }))

  it.live("the answer is an empty ExportTraceServiceResponse", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const answer = yield* post(receiver.otlpTracesUrl, new Uint8Array())
      assert.deepInclude(answer, { status: 200, body: Buffer.alloc(0) })
      assert.strictEqual(answer.headers["content-type"], "application/x-protobuf")
    }))

  it.live("gzip, deflate and plain bodies say the same; an unknown encoding is refused with its name", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      yield* exportSpans(exporter(receiver.otlpTracesUrl), spans(1))
      const body = (yield* receiver.requests)[0]!.body
      const protobuf = { "content-type": "application/x-protobuf" }
      yield* post(receiver.otlpTracesUrl, gzipSync(body), { ...protobuf, "content-encoding": "gzip" })
      const [first, second] = yield* receiver.spans
      assert.deepStrictEqual(first, second)
      const refused = yield* post(receiver.otlpTracesUrl, body, { ...protobuf, "content-encoding": "zstd" })
      assert.strictEqual(refused.status, 400)
      assert.include(refused.body.toString(), "zstd")
      const broken = yield* post(receiver.otlpTracesUrl, body, { ...protobuf, "content-encoding": "gzip" })
      assert.strictEqual(broken.status, 400)
    }))

  it.live("what is no protobuf trace request is answered 400 with the reason and kept as malformed", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const garbage = yield* post(receiver.otlpTracesUrl, Uint8Array.of(0xff, 0xff, 0xff))
      assert.strictEqual(garbage.status, 400)
      const json = yield* post(receiver.otlpTracesUrl, "{}", { "content-type": "application/json; charset=utf-8" })
      assert.strictEqual(json.status, 400)
      assert.include(json.body.toString(), "Content-Type application/json, allowed is application/x-protobuf")
      assert.deepStrictEqual((yield* receiver.requests).map((request) => request.outcome), ["malformed", "malformed"])
      assert.strictEqual((yield* receiver.totals).unreadable, 2)
    }))
})

describe("the protobuf reader", () => {
  const attribute = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }),
    fc.constantFrom(2 ** 53, 2 ** 62, -(2 ** 63), 2 ** 63, -0),
    fc.array(fc.string({ unit: "binary" }), { maxLength: 3 })
  )
  const encoded = Effect.gen(function*() {
    const receiver = yield* Receiver.make()
    yield* exportSpans(exporter(receiver.otlpTracesUrl), exampleTrace())
    return (yield* receiver.requests)[0]!.body
  }).pipe(Effect.scoped)

  it.live("any attributes come out as they went in", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const client = exporter(receiver.otlpTracesUrl)
      const samples = fc.sample(fc.dictionary(fc.string({ minLength: 1 }), attribute, { maxKeys: 6 }), 200)
      const { ended, tracer } = collectingTracer()
      for (const attributes of samples) tracer.startSpan("s", { attributes }, ROOT_CONTEXT).end()
      assert.strictEqual((yield* exportSpans(client, ended)).code, 0)
      const received = yield* receiver.awaitSpans(samples.length)
      // An integer has no -0 on the wire, and one beyond 2^53 arrives as a bigint.
      const plain = (_: string, value: unknown) => typeof value === "bigint" ? Number(value) : value
      const shown = (attributes: unknown): unknown => JSON.parse(JSON.stringify(attributes, plain))
      assert.deepStrictEqual(
        received.map((span) => shown(span.attributes)),
        ended.map((span) => shown(span.attributes))
      )
    }))

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        OtlpTraces.decode(bytes, "otlp")
      }),
      { numRuns: 2_000 }
    )
  })

  it.effect("a message cut anywhere but between its top-level fields is an error, and a bit flip never throws", () =>
    Effect.gen(function*() {
      const bytes = yield* encoded
      const whole = OtlpTraces.decode(bytes, "otlp")
      assert.strictEqual(Result.isSuccess(whole) && whole.success.length, 2)
      for (let end = 1; end < bytes.length; end++) {
        assert.isTrue(Result.isFailure(OtlpTraces.decode(bytes.subarray(0, end), "otlp")), `cut at ${end}`)
      }
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice()
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        OtlpTraces.decode(flipped, "otlp")
      }
    }))

  it("values nested without end are an error, not a stack overflow", () => {
    let value = Uint8Array.of()
    const wrap = (field: number, inner: Uint8Array) => {
      const length: Array<number> = []
      for (let rest = inner.length;; rest >>>= 7) {
        if (rest < 0x80) {
          length.push(rest)
          break
        }
        length.push((rest & 0x7f) | 0x80)
      }
      return Uint8Array.from([(field << 3) | 2, ...length, ...inner])
    }
    for (let depth = 0; depth < 1_000; depth++) value = wrap(5, wrap(1, value))
    const keyValue = Uint8Array.from([0x0a, 1, 0x61, ...wrap(2, value)])
    const resource = wrap(1, wrap(1, keyValue))
    const nested = OtlpTraces.decode(wrap(1, resource), "otlp")
    assert.isTrue(Result.isFailure(nested))
    assert.include(Result.isFailure(nested) ? nested.failure.message : "", "nested deeper")
  })
})
