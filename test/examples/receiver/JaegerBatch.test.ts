import { assert, describe, it } from "@effect/vitest"
import { JaegerExporter } from "@opentelemetry/exporter-jaeger"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as Dgram from "node:dgram"
import * as JaegerBatch from "../../../examples/receiver/JaegerBatch.ts"
import type { ReceivedSpan } from "../../../examples/receiver/ReceivedSpan.ts"
import * as Receiver from "../../../examples/receiver/Receiver.ts"
import { exampleTrace, exportSpans, idOf, post, spans } from "./support.ts"

type Transport = "jaegerHttp" | "jaegerUdp"

const exporterTo = (receiver: Receiver.Shape, transport: Transport) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      transport === "jaegerHttp"
        ? new JaegerExporter({ endpoint: receiver.jaegerHttpUrl })
        : new JaegerExporter({ host: receiver.jaegerUdp.host, port: receiver.jaegerUdp.port })
    ),
    (exporter) => Effect.promise(() => exporter.shutdown())
  )

const send = (address: { readonly host: string; readonly port: number }, bytes: Uint8Array) =>
  Effect.callback<void>((resume) => {
    const socket = Dgram.createSocket("udp4")
    socket.send(bytes, address.port, address.host, () => socket.close(() => resume(Effect.void)))
  })

const example = (transport: Transport) => {
  const batch = exampleTrace()
  const [root, child] = batch
  const start = 1_700_000_000_123_000_000n
  const common = {
    signal: transport,
    protocol: "thrift/binary",
    traceId: root.spanContext().traceId,
    resource: { "service.name": "svc", "service.version": "1.2.3" },
    scope: { name: "receiver-test", version: "0.9" }
  } as const
  const receivedRoot = {
    ...common,
    spanId: idOf(root),
    parentSpanId: undefined,
    name: "POST /v1/execute",
    kind: "server",
    startTimeUnixNano: start,
    endTimeUnixNano: start + 12_000_000n,
    attributes: { text: "täxt", yes: true, whole: 42, negative: -7, fraction: 0.25, list: "a,b" },
    events: [],
    links: [{ traceId: root.links[0]!.context.traceId, spanId: root.links[0]!.context.spanId, attributes: {} }],
    status: { code: "ok", message: undefined }
  } as const
  const receivedChild = {
    ...common,
    spanId: idOf(child),
    parentSpanId: idOf(root),
    name: "metrics.compute_twr",
    kind: "internal",
    startTimeUnixNano: start + 2_000_000n,
    endTimeUnixNano: start + 5_000_000n,
    attributes: {},
    events: [{ name: "exception", timeUnixNano: start + 3_000_000n, attributes: { "exception.type": "RateLimited" } }],
    links: [],
    status: { code: "error", message: "quota" }
  } as const
  const received: ReadonlyArray<ReceivedSpan> = [receivedRoot, receivedChild]
  return { batch, received }
}

/**
 * `emitBatch` in compact Thrift, written out by hand from thrift-compact-protocol.md: field headers are
 * (delta << 4 | type), integers zigzag varints, a true bool is its field's type 1.
 */
const ascii = (text: string): ReadonlyArray<number> => [text.length, ...Buffer.from(text)]
const compactDatagram = Uint8Array.from([
  [0x82, 0x81, 0x00, ...ascii("emitBatch")], // message: version 1, oneway, sequence 0, name
  [0x1c], // 1: batch
  [0x1c, 0x18, ...ascii("svc"), 0x00], // 1: process { 1: serviceName }
  [0x19, 0x1c], // 2: spans, a list of one struct
  [0x16, 0x02], // 1: traceIdLow = 1
  [0x16, 0x00], // 2: traceIdHigh = 0
  [0x16, 0x01], // 3: spanId = -1
  [0x16, 0x00], // 4: parentSpanId = 0
  [0x18, ...ascii("op")], // 5: operationName
  [0x25, 0x02], // 7: flags = 1
  [0x16, 0xd0, 0x0f], // 8: startTime = 1000
  [0x16, 0xd8, 0x04], // 9: duration = 300
  [0x19, 0x4c], // 10: tags, a list of four structs
  [0x18, ...ascii("ok"), 0x15, 0x04, 0x31, 0x00], // { key, vType: BOOL, 5: vBool = true }
  [0x18, ...ascii("pi"), 0x15, 0x02, 0x27, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0x00], // { …, DOUBLE, 4: 0.5 }
  [0x18, ...ascii("n"), 0x15, 0x06, 0x46, 0xac, 0x02, 0x00], // { …, LONG, 6: 150 }
  [0x18, ...ascii("span.kind"), 0x15, 0x00, 0x18, ...ascii("client"), 0x00], // { …, STRING, 3: "client" }
  [0x00, 0x00, 0x00] // ends of span, batch, arguments
].flat())

describe("Jaeger's Thrift", () => {
  for (const transport of ["jaegerHttp", "jaegerUdp"] as const) {
    it.live(`spans of the OpenTelemetry Jaeger exporter arrive by ${transport} with all that Thrift carries`, () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const exporter = yield* exporterTo(receiver, transport)
        const { batch, received } = example(transport)
        assert.strictEqual((yield* exportSpans(exporter, batch)).code, 0)
        assert.deepStrictEqual(yield* receiver.awaitSpans(2), received)
        assert.strictEqual((yield* receiver.totals).requestsOf[transport], 1)
      }))
  }

  it.live("a burst of a thousand spans over UDP arrives whole, in several datagrams", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const exporter = yield* exporterTo(receiver, "jaegerUdp")
      const batch = spans(1_000)
      assert.strictEqual((yield* exportSpans(exporter, batch)).code, 0)
      const received = yield* receiver.awaitSpans(1_000)
      assert.deepStrictEqual(received.map((span) => span.spanId), batch.map(idOf))
      assert.isAbove((yield* receiver.totals).requests, 3)
    }))

  it.live("a compact datagram, as a real Jaeger expects on port 6831, is read too", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      yield* send(receiver.jaegerUdp, compactDatagram)
      const [span] = yield* receiver.awaitSpans(1)
      assert.deepStrictEqual(span, {
        signal: "jaegerUdp",
        protocol: "thrift/compact",
        traceId: "00000000000000000000000000000001",
        spanId: "ffffffffffffffff",
        parentSpanId: undefined,
        name: "op",
        kind: "client",
        startTimeUnixNano: 1_000_000n,
        endTimeUnixNano: 1_300_000n,
        attributes: { ok: true, pi: 0.5, n: 150 },
        events: [],
        links: [],
        status: { code: "unset", message: undefined },
        resource: { "service.name": "svc" },
        scope: { name: "", version: undefined }
      })
    }))

  it.live("what is no Thrift is answered 400 over HTTP and kept as malformed", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const answer = yield* post(receiver.jaegerHttpUrl, "not thrift", { "content-type": "application/x-thrift" })
      assert.strictEqual(answer.status, 400)
      yield* send(receiver.jaegerUdp, Uint8Array.of(0x82, 0x21))
      const requests = yield* receiver.awaitRequests(2)
      assert.deepStrictEqual(requests.map((request) => request.outcome), ["malformed", "malformed"])
      assert.deepStrictEqual(requests.map((request) => request.transport), ["http", "udp"])
    }))
})

describe("the Thrift reader", () => {
  const recorded = (transport: Transport) =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const exporter = yield* exporterTo(receiver, transport)
      yield* exportSpans(exporter, exampleTrace())
      yield* receiver.awaitSpans(2)
      return (yield* receiver.requests)[0]!.body
    }).pipe(Effect.scoped)

  const decoders = {
    jaegerHttp: (bytes: Uint8Array) => JaegerBatch.decodeBatch(bytes, "jaegerHttp"),
    jaegerUdp: (bytes: Uint8Array) => JaegerBatch.decodeDatagram(bytes, "jaegerUdp")
  }

  it("never throws, whatever the bytes", () => {
    const start = fc.constantFrom([], [0x82, 0x21, 0x00], [0x80, 0x01, 0x00, 0x04], [0x0c, 0x00, 0x01])
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (head, tail) => {
        const bytes = Uint8Array.from([...head, ...tail])
        decoders.jaegerHttp(bytes)
        decoders.jaegerUdp(bytes)
      }),
      { numRuns: 2_000 }
    )
  })

  it.live("a message cut anywhere is an error, and a bit flip never throws", () =>
    Effect.gen(function*() {
      const messages = [
        { decode: decoders.jaegerHttp, bytes: yield* recorded("jaegerHttp") },
        { decode: decoders.jaegerUdp, bytes: yield* recorded("jaegerUdp") },
        { decode: decoders.jaegerUdp, bytes: compactDatagram }
      ]
      for (const { bytes, decode } of messages) {
        assert.isTrue(Result.isSuccess(decode(bytes)))
        for (let end = 0; end < bytes.length; end++) {
          assert.isTrue(Result.isFailure(decode(bytes.subarray(0, end))), `cut at ${end}`)
        }
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          const flipped = Uint8Array.from(bytes)
          flipped[bit >> 3]! ^= 1 << (bit & 7)
          decode(flipped)
        }
      }
    }))

  it("a container that claims more elements than there are bytes is an error, not an allocation", () => {
    // Field 1, list of struct with 2^31 - 1 elements.
    const lie = Uint8Array.of(0x0f, 0x00, 0x01, 0x0c, 0x7f, 0xff, 0xff, 0xff)
    const decoded = JaegerBatch.decodeBatch(lie, "jaegerHttp")
    assert.include(Result.isFailure(decoded) ? decoded.failure.message : "", "2147483647")
  })
})
