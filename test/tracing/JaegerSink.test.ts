import { Guard } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import { resourceFromAttributes } from "@opentelemetry/resources"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as Dgram from "node:dgram"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as Net from "node:net"
import { pathToFileURL } from "node:url"
import * as JaegerBatch from "../../examples/receiver/JaegerBatch.ts"
import * as JaegerSink from "../../src/tracing/JaegerSink.ts"
import * as JaegerThrift from "../../src/tracing/JaegerThrift.ts"
import type { Encoding } from "../../src/tracing/Thrift.ts"
import { collector, endedSpans, foreign, unreadable } from "./harness.ts"

const require = createRequire(import.meta.url)

// Uber's own decoder of the binary encoding, with Jaeger's own definition: it knows nothing of our writer.
const jaegerClient = createRequire(require.resolve("@opentelemetry/exporter-jaeger")).resolve("jaeger-client")
const { Thrift } = createRequire(jaegerClient)("thriftrw")
const idl = readFileSync(new URL("jaeger-idl/thrift/jaeger.thrift", pathToFileURL(jaegerClient)), "ascii")
const uber = new Thrift({ source: idl, allowOptionalArguments: true })

/** An agent on a port of its own. */
const agent = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const packets: Array<Buffer> = []
      const waiting: Array<() => void> = []
      const socket = Dgram.createSocket("udp4")
      socket.on("message", (packet) => {
        packets.push(packet)
        waiting.forEach((check) => check())
      })
      await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve))
      return { socket, packets, waiting }
    }),
    ({ socket }) => Effect.promise(() => new Promise<void>((resolve) => socket.close(resolve)))
  ),
  ({ packets, socket, waiting }) => ({
    packets,
    port: socket.address().port,
    received: (count: number) =>
      Effect.promise(() =>
        new Promise<void>((resolve) => {
          const check = (): void => {
            if (packets.length >= count) resolve()
          }
          waiting.push(check)
          check()
        })
      )
  })
)

const udpTo = Effect.fnUntraced(function*(port: number, host = "127.0.0.1") {
  const guard = Guard.make()
  const sink = JaegerSink.udp({ host, port, guard })
  yield* Effect.addFinalizer(() => sink.shutdown)
  return { guard, sink }
})

const httpTo = Effect.fnUntraced(function*(url: string, timeout = Duration.seconds(5)) {
  const sink = JaegerSink.http({ url, headers: {}, timeout, guard: Guard.make() })
  yield* Effect.addFinalizer(() => sink.shutdown)
  return sink
})

describe("Jaeger's Thrift", () => {
  it("is read by Uber's decoder as the spans that were written", () => {
    const [outer] = endedSpans(1)
    const process = JaegerThrift.encodeProcess({ "service.name": "svc", "host.cores": 4, "list": ["a"] }, "binary")
    const bytes = JaegerThrift.encodeBatch(process, [JaegerThrift.encodeSpan(outer!, "binary")])
    const batch = uber.Batch.rw.fromBuffer(Buffer.from(bytes)).value
    const tag = (tags: ReadonlyArray<Record<string, unknown>>, key: string): Record<string, unknown> | undefined =>
      tags.find((candidate) => candidate["key"] === key)
    assert.strictEqual(batch.process.serviceName, "svc")
    assert.deepInclude(tag(batch.process.tags, "list"), { vType: "STRING", vStr: `["a"]` })
    const [span] = batch.spans
    const { spanId, traceId } = outer!.spanContext()
    assert.strictEqual(span.traceIdHigh.toString("hex") + span.traceIdLow.toString("hex"), traceId)
    assert.strictEqual(span.spanId.toString("hex"), spanId)
    assert.strictEqual(span.operationName, "span 0")
    assert.deepInclude(tag(span.tags, "text"), { vType: "STRING", vStr: "héllo" })
    assert.deepInclude(tag(span.tags, "whole"), { vType: "LONG", vLong: Buffer.from([0, 0, 0, 0, 0, 0, 0, 200]) })
    assert.deepInclude(tag(span.tags, "fraction"), { vType: "DOUBLE", vDouble: 0.5 })
    assert.deepInclude(tag(span.tags, "flag"), { vType: "BOOL", vBool: true })
    assert.deepInclude(tag(span.tags, "list"), { vType: "STRING", vStr: `["a","b"]` })
    assert.deepInclude(tag(span.tags, "error"), { vBool: true })
    assert.deepInclude(tag(span.tags, "span.kind"), { vStr: "client" })
    assert.deepInclude(tag(span.logs[0].fields, "list"), { vStr: "[1,2]" })
    assert.strictEqual(span.logs[0].timestamp.readBigInt64BE(), 1_700_000_000_123_000n)
    assert.strictEqual(span.references[0].refType, "FOLLOWS_FROM")
    assert.isUndefined(tag(span.tags, "service.name"))
  })

  it("says the same in both encodings, for any attributes and any length of lists", () => {
    const value = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.string())
    )
    const attributes = fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 40, noNullPrototype: true })
    fc.assert(
      fc.property(attributes, fc.integer({ min: 0, max: 20 }), (attributes, count) => {
        const spans = endedSpans(Math.max(1, count), attributes).slice(0, count)
        const decode = (encoding: Encoding) => {
          const process = JaegerThrift.encodeProcess({ "service.name": "svc" }, encoding)
          const bytes = spans.map((span) => JaegerThrift.encodeSpan(span, encoding))
          return Result.getOrThrow(
            JaegerBatch.decodeDatagram(JaegerThrift.encodeEmitBatch(process, bytes, encoding), "jaegerUdp")
          ).map((span) => ({ ...span, protocol: "either" }))
        }
        const compact = decode("compact")
        assert.strictEqual(compact.length, count)
        assert.deepStrictEqual(compact, decode("binary"))
      }),
      { numRuns: 60 }
    )
  })
})

/** A server that answers the first request, and reads no more than the beginning of the second. */
const takingOne = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      let socket: Net.Socket | undefined
      let begun = (): void => {}
      const second = new Promise<void>((resolve) => begun = resolve)
      const server = Net.createServer((connection) => {
        socket = connection.on("error", () => {})
        connection.once("data", () => {
          connection.write("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
          connection.once("data", () => {
            connection.pause()
            begun()
          })
        })
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as Net.AddressInfo
      return { second, server, socket: () => socket, url: `http://127.0.0.1:${port}` }
    }),
    ({ server, socket }) =>
      Effect.promise(() => {
        socket()?.destroy()
        return new Promise((resolve) => server.close(resolve))
      })
  ),
  ({ second, url }) => ({ second, url })
)

describe("the Jaeger sink over HTTP", () => {
  it.live("posts a batch, and keeps the query string and the credentials of its address", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector((response) => response.writeHead(202).end())
      const sink = yield* httpTo(`${url.replace("//", "//user:pass@")}/api/traces?format=jaeger.thrift`)
      const result = yield* sink.export(endedSpans(120))
      assert.deepInclude(result, { accepted: 120, rejected: 0 })
      assert.strictEqual(received.length, 1)
      assert.strictEqual(received[0]?.path, "/api/traces?format=jaeger.thrift")
      assert.deepInclude(received[0]?.headers, {
        "content-type": "application/x-thrift",
        "authorization": `Basic ${Buffer.from("user:pass").toString("base64")}`
      })
      const decoded = Result.getOrThrow(JaegerBatch.decodeBatch(received[0]!.body, "jaegerHttp"))
      assert.strictEqual(decoded.length, 120)
      assert.strictEqual(decoded[0]?.resource["service.name"], "svc")
    }))

  it.live("sends each resource apart, and leaves those to be sent again that did not arrive", () =>
    Effect.gen(function*() {
      const answers = [200, 503, 200]
      const { received, url } = yield* collector((response) => response.writeHead(answers.shift() ?? 200).end())
      const sink = yield* httpTo(url)
      const of = (service: string, count: number) => {
        const resource = resourceFromAttributes({ "service.name": service })
        return endedSpans(count).map((span) => foreign(span, { resource }))
      }
      const [first, second, third] = [of("first", 2), of("second", 3), of("third", 1)]
      const result = yield* sink.export([first[0]!, second[0]!, first[1]!, ...second.slice(1), ...third])
      assert.deepInclude(result, { accepted: 2, rejected: 0 })
      assert.deepStrictEqual(result.left?.map(({ error, spans }) => [error.retryable, spans.length]), [
        [true, 3],
        [true, 1]
      ])
      // Who is busy is not asked for the next one.
      assert.strictEqual(received.length, 2)
      const again = yield* sink.export(result.left?.flatMap(({ spans }) => spans) ?? [])
      assert.deepInclude(again, { accepted: 4, left: [] })
      const services = received.map(({ body }) =>
        Result.getOrThrow(JaegerBatch.decodeBatch(body, "jaegerHttp")).map(({ resource }) => resource["service.name"])
      )
      assert.deepStrictEqual(services, [
        ["first", "first"],
        ["second", "second", "second"],
        ["second", "second", "second"],
        ["third"]
      ])
    }))

  it.live("translates at most 16 spans in one turn of the event loop, and has sent nothing meanwhile", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const sink = yield* httpTo(url)
      yield* sink.export(endedSpans(1))
      assert.isTrue(sink.mayHaveLeft?.())
      let turn = 0
      let ticking = true
      const ofTurn = new Map<number, number>()
      const tick = () => {
        turn++
        if (ticking) setImmediate(tick)
      }
      // Names that tell when they are read, and whether anything may have left by then.
      const left = new Set<boolean | undefined>()
      const spans = endedSpans(40).map((span) =>
        Object.defineProperty(foreign(span), "name", {
          get: () => {
            ofTurn.set(turn, (ofTurn.get(turn) ?? 0) + 1)
            left.add(sink.mayHaveLeft?.())
            return "told"
          }
        })
      )
      tick()
      yield* sink.export(spans)
      ticking = false
      assert.deepStrictEqual([...ofTurn.values()], [16, 16, 8])
      assert.deepStrictEqual([...left], [false])
      assert.isTrue(sink.mayHaveLeft?.())
      assert.strictEqual(Result.getOrThrow(JaegerBatch.decodeBatch(received[1]!.body, "jaegerHttp")).length, 40)
    }))

  it.live("knows that a part may have left once the first resource has arrived", () =>
    Effect.gen(function*() {
      const server = yield* takingOne
      const sink = yield* httpTo(server.url)
      assert.isFalse(sink.mayHaveLeft?.())
      // More than the buffers of a connection hold: the second resource can't have left.
      const batch = ["x", "x".repeat(16 * 1024 * 1024)].flatMap((padding, index) => {
        const resource = resourceFromAttributes({ "service.name": `service ${index}` })
        return endedSpans(1, { padding }).map((span) => foreign(span, { resource }))
      })
      const sent = yield* Effect.forkChild(sink.export(batch), { startImmediately: true })
      assert.isFalse(sink.mayHaveLeft?.())
      yield* Effect.promise(() => server.second)
      assert.isTrue(sink.mayHaveLeft?.())
      yield* Fiber.interrupt(sent)
    }))

  it.live("notices an error and a server that does not answer", () =>
    Effect.gen(function*() {
      const refusing = yield* collector((response) => response.writeHead(503, { "retry-after": "2" }).end())
      const silent = yield* collector(() => {})
      const failure = Effect.fnUntraced(function*(url: string, timeout: Duration.Duration) {
        const { left } = yield* (yield* httpTo(url, timeout)).export(endedSpans(1))
        assert(left?.[0] !== undefined)
        return left[0].error
      })
      const refused = yield* failure(refusing.url, Duration.seconds(30))
      assert.deepInclude(refused, { reason: "rejected", retryable: true, sink: "jaeger" })
      assert.deepStrictEqual(refused.retryAfter, Duration.seconds(2))
      assert.deepInclude(yield* failure(silent.url, Duration.seconds(1)), { reason: "timeout" })
    }))

  it.live("takes nothing from the exporter's own variables", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const { packets, port, received: arrived } = yield* agent
      const set = {
        OTEL_EXPORTER_JAEGER_ENDPOINT: `${url}/elsewhere`,
        OTEL_EXPORTER_JAEGER_USER: "user",
        OTEL_EXPORTER_JAEGER_PASSWORD: "pass"
      }
      Object.assign(process.env, set)
      yield* Effect.addFinalizer(() => Effect.sync(() => Object.keys(set).forEach((name) => delete process.env[name])))
      yield* (yield* httpTo(`${url}/api/traces`)).export(endedSpans(1))
      yield* (yield* udpTo(port)).sink.export(endedSpans(1))
      yield* arrived(1)
      assert.deepStrictEqual(received.map(({ headers, path }) => [path, headers.authorization]), [
        ["/api/traces", undefined]
      ])
      assert.strictEqual(packets.length, 1)
    }))
})

describe("the Jaeger sink over UDP", () => {
  it.live("fills packets of at most 65,000 bytes, and says that nobody confirms them", () =>
    Effect.gen(function*() {
      const { packets, port, received } = yield* agent
      const { sink } = yield* udpTo(port)
      assert.isFalse(sink.acknowledged)
      const spans = endedSpans(30, { padding: "x".repeat(3_000) })
      assert.deepInclude(yield* sink.export(spans), { accepted: 30, rejected: 0 })
      yield* received(2)
      assert.isAtMost(Math.max(...packets.map((packet) => packet.byteLength)), JaegerSink.maxPacketBytes)
      const decoded = packets.flatMap((packet) => Result.getOrThrow(JaegerBatch.decodeDatagram(packet, "jaegerUdp")))
      assert.deepStrictEqual(decoded.map(({ spanId }) => spanId), spans.map((span) => span.spanContext().spanId))
      assert.strictEqual(decoded[0]?.protocol, "thrift/compact")
    }))

  it.live("drops an oversized span alone", () =>
    Effect.gen(function*() {
      const { packets, port, received } = yield* agent
      const { sink } = yield* udpTo(port)
      const [large] = endedSpans(1, { padding: "x".repeat(70_000) })
      const [first, second] = endedSpans(2)
      assert.deepInclude(yield* sink.export([first!, large!, second!]), {
        accepted: 2,
        rejected: 0,
        dropped: { fault: 0, too_large: 1 }
      })
      yield* received(1)
      assert.strictEqual(Result.getOrThrow(JaegerBatch.decodeDatagram(packets[0]!, "jaegerUdp")).length, 2)
    }))

  it.live("loses only the span that cannot be encoded", () =>
    Effect.gen(function*() {
      const { port } = yield* agent
      const { guard, sink } = yield* udpTo(port)
      const [first, second] = endedSpans(2)
      const broken = unreadable(first!)
      assert.deepInclude(yield* sink.export([broken, second!]), { accepted: 1, dropped: { fault: 1, too_large: 0 } })
      assert.strictEqual(guard.faults().get("sink"), 1)
    }))

  it.live("counts what the kernel does not take as unreachable", () =>
    Effect.gen(function*() {
      const { sink } = yield* udpTo(6831, "agent.invalid")
      const result = yield* sink.export(endedSpans(2))
      assert.deepInclude(result, { accepted: 0 })
      assert.strictEqual(result.dropped?.unreachable, 2)
    }))

  it.live("has let go of its socket after shutdown, and may be shut down without ever having sent", () =>
    Effect.gen(function*() {
      const handles = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("UDP")).length
      const before = handles()
      const { sink } = yield* udpTo(6831)
      yield* sink.export(endedSpans(1))
      yield* sink.shutdown
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.strictEqual(handles(), before)
    }))

  it("uses the binary encoding for port 6832 only", () => {
    assert.strictEqual(JaegerSink.encodingOf(6832), "binary")
    assert.strictEqual(JaegerSink.encodingOf(6831), "compact")
    assert.strictEqual(JaegerSink.encodingOf(40_000), "compact")
  })
})

describe("packing", () => {
  it("keeps the order, loses nothing that fits, and fills no packet beyond its room", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 30 })), (sizes) => {
      const spans = sizes.map((size) => new Uint8Array(size))
      const { oversized, packets } = JaegerSink.pack(spans, 20)
      assert.deepStrictEqual(packets.flat(), spans.filter((span) => span.byteLength <= 20))
      assert.strictEqual(oversized, spans.filter((span) => span.byteLength > 20).length)
      for (const packet of packets) {
        assert.isAbove(packet.length, 0)
        assert.isAtMost(packet.reduce((size, span) => size + span.byteLength, 0), 20)
      }
    }))
  })
})
