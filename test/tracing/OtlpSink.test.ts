import { Accounting, Guard, SpanSink } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Net from "node:net"
import * as OtlpTraces from "../../examples/receiver/OtlpTraces.ts"
import * as Limits from "../../src/tracing/Limits.ts"
import * as OtlpSink from "../../src/tracing/OtlpSink.ts"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import { collector, endedSpans, foreign, passThrough, pipelineOf, unreadable } from "./harness.ts"
import { message } from "./otlpSchema.ts"

const request = message("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest")

interface Told {
  readonly resourceSpans: readonly [
    {
      readonly scopeSpans: readonly [
        { readonly spans: ReadonlyArray<{ readonly name: string; readonly spanId: Buffer }> }
      ]
    }
  ]
}

const sinkTo = Effect.fnUntraced(function*(url: string, options: Partial<OtlpSink.Options> = {}) {
  const guard = Guard.make()
  const sink = OtlpSink.make({ name: "otlp", url, headers: {}, timeout: Duration.seconds(5), guard, ...options })
  yield* Effect.addFinalizer(() => sink.shutdown)
  return { guard, sink }
})

/** The error with which an export fails. */
const failure = Effect.fnUntraced(function*(url: string, options: Partial<OtlpSink.Options> = {}) {
  const { sink } = yield* sinkTo(url, options)
  const exit = yield* Effect.exit(sink.export(endedSpans(2)))
  assert(Exit.isFailure(exit))
  const error = Cause.squash(exit.cause)
  assert(error instanceof SpanSink.SpanSinkError)
  return error
})

/** A TCP server that does what it is told with each connection. */
const tcp = (onConnection: (socket: Net.Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const sockets = new Set<Net.Socket>()
        const server = Net.createServer((socket) => {
          sockets.add(socket.on("error", () => {}))
          onConnection(socket)
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        return { server, sockets }
      }),
      ({ server, sockets }) =>
        Effect.promise(() => {
          sockets.forEach((socket) => socket.destroy())
          return new Promise((resolve) => server.close(resolve))
        })
    ),
    ({ server }) => `http://127.0.0.1:${(server.address() as Net.AddressInfo).port}/v1/traces`
  )

describe("the OTLP sink", () => {
  it.live("sends what a decoder that is not ours reads as the same spans", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const { sink } = yield* sinkTo(`${url}/v1/traces`, { headers: { authorization: Redacted.make("Bearer key") } })
      const spans = endedSpans(3)
      assert.deepInclude(yield* sink.export(spans), { accepted: 3, rejected: 0 })
      assert.deepInclude(received[0]?.headers, {
        "content-type": "application/x-protobuf",
        "authorization": "Bearer key"
      })
      const { resourceSpans: [told] } = request.toObject(request.decode(received[0]!.body), { bytes: Buffer }) as Told
      assert.deepStrictEqual(
        told.scopeSpans[0].spans.map(({ name, spanId }) => [name, spanId.toString("hex")]),
        spans.map((span) => [span.name, span.spanContext().spanId])
      )
      const decoded = Result.getOrThrow(OtlpTraces.decode(received[0]!.body, "otlp"))
      assert.deepStrictEqual(decoded.map(({ spanId }) => spanId), spans.map((span) => span.spanContext().spanId))
      assert.deepInclude(decoded[0]?.attributes, { text: "héllo", flag: true, fraction: 0.5 })
      assert.deepStrictEqual(decoded[0]?.status, { code: "error", message: "no" })
      assert.deepStrictEqual(decoded[0]?.resource["service.name"], "svc")
    }))

  it.live("understands a partial success, in protobuf and in JSON, and takes any other 2xx for all", () =>
    Effect.gen(function*() {
      const said = "2 of 3 spans rejected: no"
      const answers: ReadonlyArray<readonly [string, string | Uint8Array, number, string?]> = [
        ["application/x-protobuf", OtlpTraces.encodeResponse({ rejectedSpans: 2, errorMessage: "no" }), 2, said],
        ["application/x-protobuf", OtlpTraces.encodeResponse({ rejectedSpans: 1, errorMessage: "no" }), 1],
        ["application/json", `{"partialSuccess":{"rejectedSpans":"2"}}`, 2],
        ["application/x-protobuf", OtlpTraces.encodeResponse({ rejectedSpans: 99, errorMessage: "no" }), 3],
        ["application/x-protobuf", OtlpTraces.encodeResponse(), 0],
        ["application/x-protobuf", "garbage", 0],
        ["application/json", "{", 0],
        ["application/json", `{"partialSuccess":{"rejectedSpans":-1}}`, 0],
        ["application/json", `{"partialSuccess":{"rejectedSpans":"many"}}`, 0],
        ["application/json", "null", 0],
        ["text/html", "<html>", 0]
      ]
      let index = 0
      const { url } = yield* collector((response) => {
        const [contentType, body] = answers[index]!
        response.setHeader("content-type", contentType).end(body)
      })
      const { sink } = yield* sinkTo(url)
      for (const [contentType, , rejected, message] of answers) {
        const result = yield* sink.export(endedSpans(3))
        if (message !== undefined) assert.strictEqual(result.message, message)
        assert.deepInclude(result, { accepted: 3 - rejected, rejected }, `${contentType} ${index}`)
        index++
      }
    }))

  it.live("says of each refusal whether a retry can help, and when", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [number, SpanSink.SpanSinkError["reason"], boolean]> = [
        [400, "rejected", false],
        [401, "rejected", false],
        [404, "rejected", false],
        [413, "too_large", false],
        [429, "rejected", true],
        [500, "rejected", false],
        [502, "rejected", true],
        [503, "rejected", true],
        [504, "rejected", true],
        [301, "rejected", false]
      ]
      for (const [status, reason, retryable] of cases) {
        const { url } = yield* collector((response) =>
          response.writeHead(status, { "retry-after": "7", "location": "http://elsewhere.invalid/" }).end()
        )
        const error = yield* failure(`${url}/v1/traces`)
        assert.deepInclude(error, { reason, retryable, sink: "otlp" }, String(status))
        if (retryable) assert.deepStrictEqual(error.retryAfter, Duration.seconds(7))
        assert.include(error.message, `${url}/v1/traces: HTTP ${status}`)
      }
    }))

  it.live("tells an unreachable collector from an answer that was lost", () =>
    Effect.gen(function*() {
      const closed = yield* Effect.scoped(tcp(() => {}))
      assert.deepInclude(yield* failure(closed), { reason: "unreachable", retryable: true })
      assert.deepInclude(yield* failure("http://collector.invalid/v1/traces"), {
        reason: "unreachable",
        retryable: true
      })
      const noTls = (yield* tcp((socket) => socket.end("no TLS here"))).replace("http:", "https:")
      assert.deepInclude(yield* failure(noTls), { reason: "unreachable" })
      let connections = 0
      const reset = yield* tcp((socket) => {
        connections++
        socket.once("data", () => socket.resetAndDestroy())
      })
      assert.deepInclude(yield* failure(reset), { reason: "timeout", retryable: false })
      assert.strictEqual(connections, 1)
      const silent = yield* tcp(() => {})
      const hung = yield* failure(silent, { timeout: Duration.seconds(1) })
      assert.deepInclude(hung, { reason: "timeout", retryable: false })
      assert.include(hung.message, "no answer within 1000 ms")
    }))

  it.live("knows what may have left of an export that is on its way: nothing before there is a connection", () =>
    Effect.gen(function*() {
      let connected = () => {}
      const connection = new Promise<void>((resolve) => connected = resolve)
      const noAnswerToTls = (yield* tcp(() => connected())).replace("http:", "https:")
      const { sink } = yield* sinkTo(noAnswerToTls)
      assert.isFalse(sink.mayHaveLeft?.())
      const waiting = yield* Effect.forkChild(sink.export(endedSpans(2)), { startImmediately: true })
      yield* Effect.promise(() => connection)
      assert.isFalse(sink.mayHaveLeft?.())
      yield* Fiber.interrupt(waiting)
      let arrived = () => {}
      const arrival = new Promise<void>((resolve) => arrived = resolve)
      const silent = yield* sinkTo((yield* collector(() => arrived())).url)
      const sent = yield* Effect.forkChild(silent.sink.export(endedSpans(2)), { startImmediately: true })
      yield* Effect.promise(() => arrival)
      assert.isTrue(silent.sink.mayHaveLeft?.())
      yield* Fiber.interrupt(sent)
    }))

  it.live("knows that nothing arrived where a connection broke before the body had left", () =>
    Effect.gen(function*() {
      // More than the buffers of a connection hold, and nobody reads.
      const large = endedSpans(1, { padding: "x".repeat(16 * 1024 * 1024) })
      const stuck = yield* tcp((socket) => socket.pause())
      const { sink } = yield* sinkTo(stuck, { timeout: Duration.millis(300) })
      assert.deepInclude(yield* Effect.flip(sink.export(large)), { reason: "unreachable", retryable: true })
      const reset = yield* tcp((socket) => socket.pause() && setTimeout(() => socket.resetAndDestroy(), 50))
      const other = yield* sinkTo(reset)
      assert.deepInclude(yield* Effect.flip(other.sink.export(large)), { reason: "unreachable", retryable: true })
    }))

  it.live("takes the status for the answer where the rest of it is lost or slow", () =>
    Effect.gen(function*() {
      const head = (status: string) => `HTTP/1.1 ${status}\r\nContent-Length: 10\r\n\r\nabc`
      for (const end of [true, false]) {
        const answering = (status: string) =>
          tcp((socket) =>
            socket.once("data", () => {
              socket.write(head(status))
              if (end) socket.end()
            })
          )
        const { sink } = yield* sinkTo(yield* answering("200 OK"), { timeout: Duration.millis(300) })
        assert.deepInclude(yield* sink.export(endedSpans(2)), { accepted: 2, rejected: 0 })
        const refusing = yield* sinkTo(yield* answering("503 Busy"), { timeout: Duration.millis(300) })
        const error = yield* Effect.flip(refusing.sink.export(endedSpans(2)))
        assert.deepInclude(error, { reason: "rejected", retryable: true })
      }
    }))

  it.live("takes a change of protocol, which nobody asked for, for a refusal and waits for nothing more", () =>
    Effect.gen(function*() {
      const words = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n"
      const url = yield* tcp((socket) => socket.once("data", () => socket.write(words)))
      const error = yield* failure(url)
      assert.deepInclude(error, { reason: "rejected", retryable: false })
      assert.include(error.message, "HTTP 101")
    }))

  it.live("sends once more, and says so, when a connection that was kept open is closed without an answer", () =>
    Effect.gen(function*() {
      /** Answers the first `answers` requests of each connection; the next one resets it. */
      const closing = Effect.fnUntraced(function*(answers: (connection: number) => number) {
        const seen = new Map<unknown, { answers: number }>()
        const { url } = yield* collector((response) => {
          const budget = seen.get(response.socket) ?? { answers: answers(seen.size) }
          seen.set(response.socket, budget)
          if (budget.answers-- > 0) response.end()
          else response.socket?.resetAndDestroy()
        })
        return url
      })
      const { sink } = yield* sinkTo(yield* closing(() => 1))
      const [first, second] = [endedSpans(2), endedSpans(3)]
      const told: Array<number> = []
      const tell = (spans: number) => told.push(spans)
      yield* sink.export(first, tell)
      assert.deepStrictEqual(told, [])
      assert.deepInclude(yield* sink.export(second, tell), { accepted: 3 })
      assert.deepStrictEqual(told, [3])
      // Once only, and then nobody knows.
      const other = yield* sinkTo(yield* closing((connection) => connection === 0 ? 1 : 0))
      yield* other.sink.export(first)
      const error = yield* Effect.flip(other.sink.export(second, tell))
      assert.deepInclude(error, { reason: "timeout", retryable: false })
      assert.deepStrictEqual(told, [3, 3])
    }))

  it.live("lets go of the connection when it is interrupted", () =>
    Effect.gen(function*() {
      let close: (() => void) | undefined
      const closed = new Promise<void>((resolve) => close = resolve)
      let connect: (() => void) | undefined
      const connected = new Promise<void>((resolve) => connect = resolve)
      const url = yield* tcp((socket) => {
        socket.once("data", () => connect?.())
        socket.once("close", () => close?.())
      })
      const { sink } = yield* sinkTo(url)
      const fiber = yield* Effect.forkChild(sink.export(endedSpans(1)))
      yield* Effect.promise(() => connected)
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => closed)
    }))

  it.live("reads no more of an answer than it needs", () =>
    Effect.gen(function*() {
      const { url } = yield* collector((response) => {
        response.writeHead(400)
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        }
        response.on("drain", more)
        more()
      })
      assert.deepInclude(yield* failure(url), { reason: "rejected" })
    }))

  it.live("sends credentials of the address as a header, and shows them nowhere", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector((response) => response.writeHead(400).end())
      const error = yield* failure(`${url.replace("//", "//user:p%40ss@")}/v1/traces?token=secret`)
      assert.strictEqual(received[0]?.headers.authorization, `Basic ${Buffer.from("user:p@ss").toString("base64")}`)
      assert.strictEqual(received[0]?.path, "/v1/traces?token=secret")
      assert.notMatch(JSON.stringify(error) + error.message, /p%40ss|p@ss|secret/)
    }))

  it.live("loses only the span that cannot be encoded", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const { guard, sink } = yield* sinkTo(url)
      const [first, second, third] = endedSpans(3)
      const broken = unreadable(second!)
      assert.deepStrictEqual(yield* sink.export([first!, broken, third!]), {
        accepted: 2,
        rejected: 0,
        dropped: { fault: 1 }
      })
      assert.deepStrictEqual(yield* sink.export([broken]), { accepted: 0, rejected: 0, dropped: { fault: 1 } })
      assert.strictEqual(received.length, 1)
      assert.strictEqual(guard.faults().get("sink"), 2)
    }))

  it.live("writes at most 128 spans in one turn of the event loop", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const { sink } = yield* sinkTo(url)
      let turn = 0
      const writtenIn: Array<number> = []
      let ticking = true
      const tick = () => {
        turn++
        if (ticking) setImmediate(tick)
      }
      // A list that tells when it is read.
      const list = new Proxy(["a"], {
        get: (list, key) => {
          if (key === Symbol.iterator) writtenIn.push(turn)
          return Reflect.get(list, key)
        }
      })
      const spans = endedSpans(500).map((span) =>
        ScrubbedSpan.make(foreign(span, { attributes: { list } }), passThrough)
      )
      tick()
      yield* sink.export(spans)
      ticking = false
      assert.strictEqual(Result.getOrThrow(OtlpTraces.decode(received[0]!.body, "otlp")).length, 500)
      assert.strictEqual(writtenIn.length, 500)
      const ofTurn = new Map<number, number>()
      for (const each of writtenIn) ofTurn.set(each, (ofTurn.get(each) ?? 0) + 1)
      assert.deepStrictEqual([...ofTurn.values()], [128, 128, 128, 116])
    }))

  it.live("sends one request after another whole, larger and smaller ones", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const { sink } = yield* sinkTo(url)
      const batches = [3, 500, 1, 70].map((count) => endedSpans(count, { padding: "x".repeat(1_000 / count) }))
      for (const batch of batches) assert.deepInclude(yield* sink.export(batch), { accepted: batch.length })
      for (const [index, batch] of batches.entries()) {
        const decoded = Result.getOrThrow(OtlpTraces.decode(received[index]!.body, "otlp"))
        assert.deepStrictEqual(
          decoded.map(({ attributes, spanId }) => `${spanId} ${String(attributes["padding"])}`),
          batch.map((span) => `${span.spanContext().spanId} ${String(span.attributes["padding"])}`)
        )
      }
    }))

  it.live("has sent nothing while it writes a request, whatever it has sent before, and can be interrupted there", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const { sink } = yield* sinkTo(url)
      yield* sink.export(endedSpans(1))
      assert.isTrue(sink.mayHaveLeft?.())
      const writing = yield* Effect.forkChild(sink.export(endedSpans(500)), { startImmediately: true })
      assert.isFalse(sink.mayHaveLeft?.())
      yield* Fiber.interrupt(writing)
      assert.deepInclude(yield* sink.export(endedSpans(2)), { accepted: 2 })
      assert.deepStrictEqual(
        received.map(({ body }) => Result.getOrThrow(OtlpTraces.decode(body, "otlp")).length),
        [1, 2]
      )
    }))

  it.live("loses nothing where the deadline passes while it writes a request", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const { sink } = yield* sinkTo(url)
      const { pipeline, timers, tracer } = pipelineOf([sink], { maxQueueSize: 500, maxExportBatchSize: 500 })
      tracer.startSpan("before").end()
      timers.advance(5_000)
      while (pipeline.accounting().sinks[0]?.exported !== 1) yield* Effect.yieldNow
      // Several slices.
      const attributes = { padding: "x".repeat(1_000) }
      for (let index = 0; index < 499; index++) tracer.startSpan(`span ${index}`, { attributes }).end()
      timers.advance(5_000)
      assert.deepInclude(pipeline.accounting().sinks[0], { inFlight: 499, queued: 0 })
      assert.isFalse(sink.mayHaveLeft?.())
      timers.advance(Limits.defaults.exportTimeout)
      const [books] = pipeline.accounting().sinks
      assert.deepInclude(books, { inFlight: 0, queued: 499, dropped: Accounting.noneDropped() })
      const flushed = yield* pipeline.flush
      assert.deepInclude(flushed.sinks[0], { exported: 500, dropped: Accounting.noneDropped() })
      assert.strictEqual(received.length, 2)
    }))

  it.live("keeps one connection for all of its requests", () =>
    Effect.gen(function*() {
      const ports = new Set<number | undefined>()
      const { url } = yield* collector((response) => {
        ports.add(response.socket?.remotePort)
        response.end()
      })
      const { sink } = yield* sinkTo(url)
      for (let index = 0; index < 3; index++) yield* sink.export(endedSpans(1))
      assert.strictEqual(ports.size, 1)
    }))
})
