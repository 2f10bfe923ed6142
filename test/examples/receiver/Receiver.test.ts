import { assert, describe, it } from "@effect/vitest"
import type { Tracer as OtelTracer } from "@opentelemetry/api"
import { JaegerExporter } from "@opentelemetry/exporter-jaeger"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto"
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http"
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Http from "node:http"
import { createRequire } from "node:module"
import * as Net from "node:net"
import * as Receiver from "../../../examples/receiver/Receiver.ts"
import * as Reply from "../../../examples/receiver/Reply.ts"
import { exportSpans, post, spans } from "./support.ts"

const exporter = (receiver: Receiver.Shape) => new OTLPTraceExporter({ url: receiver.otlpTracesUrl })

/** Writes raw bytes to the receiver; gives what came back, or Node's error code, when the connection ends. */
const rawConnection = (receiver: Receiver.Shape, bytes: string | Uint8Array) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly socket: Net.Socket; readonly ended: Promise<string> }>((resume) => {
      const socket = Net.connect(receiver.port, receiver.host)
      const chunks: Array<Buffer> = []
      socket.on("data", (chunk: Buffer) => chunks.push(chunk))
      const ended = new Promise<string>((resolve) => {
        socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
        socket.on("close", () => resolve(Buffer.concat(chunks).toString()))
      })
      socket.write(bytes, () => resume(Effect.succeed({ socket, ended })))
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

describe("the receiver", () => {
  it.live("takes free ports, so that several run side by side, and tells its addresses", () =>
    Effect.gen(function*() {
      const [one, two] = yield* Effect.all([Receiver.make(), Receiver.make()])
      assert.notStrictEqual(one.port, two.port)
      assert.notStrictEqual(one.jaegerUdp.port, two.jaegerUdp.port)
      assert.strictEqual(one.otlpTracesUrl, `http://127.0.0.1:${one.port}/v1/traces`)
      assert.strictEqual(one.jaegerHttpUrl, `http://127.0.0.1:${one.port}/api/traces`)
      assert.strictEqual(one.sentryDsn, `http://receiver@127.0.0.1:${one.port}/1`)
      assert.strictEqual(one.sentryOtlpTracesUrl, `http://127.0.0.1:${one.port}/api/1/integration/otlp/v1/traces/`)
      yield* exportSpans(exporter(one), spans(1))
      assert.deepStrictEqual([(yield* one.totals).spans, (yield* two.totals).spans], [1, 0])
    }))

  it.live("a port in use is an error that names transport, host and port, and leaves nothing open", () =>
    Effect.gen(function*() {
      const other = yield* Receiver.make()
      const tcp = yield* Effect.flip(Receiver.make({ port: other.port }))
      assert.strictEqual(tcp._tag, "ServeError")
      assert.include(tcp.message, `tcp 127.0.0.1:${other.port}`)
      assert.include(tcp.message, "EADDRINUSE")
      const { port } = yield* Effect.scoped(Receiver.make())
      const udp = yield* Effect.flip(Receiver.make({ port, udpPort: other.jaegerUdp.port }))
      assert.include(udp.message, `udp 127.0.0.1:${other.jaegerUdp.port}`)
      assert.strictEqual((yield* Receiver.make({ port })).port, port)
    }))

  it.live("closes at once with its scope, whatever connections are open or hanging, and frees its ports", () =>
    Effect.gen(function*() {
      const agent = new Http.Agent({ keepAlive: true })
      const { fibers, port, udpPort } = yield* Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        yield* receiver.respond(
          "otlp",
          Reply.sequence([Reply.hang(), Reply.hang({ reads: false }), Reply.delay("1 hour"), Reply.slowDrip()])
        )
        const fibers = yield* Effect.forEach([1, 2, 3, 4], (n) =>
          Effect.gen(function*() {
            const fiber = yield* Effect.forkDetach(Effect.exit(post(receiver.otlpTracesUrl, new Uint8Array())))
            yield* receiver.awaitRequests(n)
            return fiber
          }))
        // A connection that is idle and kept alive, and one that never says anything.
        yield* Effect.callback<void>((resume) => {
          Http.get({ port: receiver.port, agent, path: "/" }, (response) => {
            response.resume().on("end", () => resume(Effect.void))
          })
        })
        yield* rawConnection(receiver, "POST /v1/traces HTT")
        return { fibers, port: receiver.port, udpPort: receiver.jaegerUdp.port }
      }).pipe(Effect.scoped)
      for (const fiber of fibers) assert.strictEqual((yield* Fiber.join(fiber))._tag, "Failure")
      agent.destroy()
      const next = yield* Receiver.make({ port, udpPort })
      assert.deepStrictEqual([next.port, next.jaegerUdp.port], [port, udpPort])
    }))

  it.live("down refuses connections and datagrams, up listens on the same ports, what was received stays", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const udp = new JaegerExporter(receiver.jaegerUdp)
      yield* exportSpans(exporter(receiver), spans(2))
      yield* receiver.down
      yield* receiver.down
      assert.strictEqual(yield* Effect.flip(post(receiver.otlpTracesUrl, new Uint8Array())), "ECONNREFUSED")
      yield* exportSpans(udp, spans(1))
      yield* receiver.up
      yield* receiver.up
      yield* exportSpans(exporter(receiver), spans(3))
      yield* exportSpans(udp, spans(1))
      yield* receiver.awaitSpans(6)
      assert.deepInclude(yield* receiver.totals, { spans: 6, requests: 3 })
      yield* Effect.promise(() => udp.shutdown())
    }))

  it.live("serves only the signals it is asked to; other paths are 404, other methods 405, all of them counted", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make({ signals: ["sentryOtlp"] })
      const udp = new JaegerExporter(receiver.jaegerUdp)
      const status = (url: string, method?: string) =>
        Effect.map(post(url, new Uint8Array(), undefined, method), (answer) => answer.status)
      assert.strictEqual(yield* status(receiver.sentryOtlpTracesUrl), 200)
      assert.strictEqual(yield* status(receiver.otlpTracesUrl), 404)
      assert.strictEqual(yield* status(receiver.jaegerHttpUrl), 404)
      assert.strictEqual(yield* status(`http://${receiver.host}:${receiver.port}/metrics`), 404)
      assert.strictEqual(yield* status(receiver.sentryOtlpTracesUrl, "GET"), 405)
      yield* exportSpans(udp, spans(1))
      const requests = yield* receiver.awaitRequests(6)
      assert.deepStrictEqual(requests.map((request) => request.outcome), ["stored", ...Array(5).fill("unserved")])
      assert.deepInclude(yield* receiver.totals, { unreadable: 5, spans: 0 })
      yield* Effect.promise(() => udp.shutdown())
    }))

  it.live("any path that ends as the protocol says is served", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const paths = ["/v1/traces/", "/prefix/v1/traces?x=1", "/api/42/integration/otlp/v1/traces", "/jaeger/api/traces"]
      for (const path of paths) yield* post(`http://${receiver.host}:${receiver.port}${path}`, new Uint8Array())
      assert.deepStrictEqual(
        (yield* receiver.requests).map((request) => request.signal),
        ["otlp", "otlp", "sentryOtlp", "jaegerHttp"]
      )
    }))

  it.live("keeps the newest within its limits and counts everything, also what it gave up", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make({ limits: { spans: 5, requests: 2 } })
      const batches = [spans(3), spans(3), spans(3)]
      for (const batch of batches) yield* exportSpans(exporter(receiver), batch)
      const kept = yield* receiver.awaitSpans(9)
      assert.deepStrictEqual(
        kept.map((span) => span.spanId),
        batches.flat().slice(-5).map((span) => span.spanContext().spanId)
      )
      assert.strictEqual((yield* receiver.requests).length, 2)
      assert.deepInclude(yield* receiver.totals, {
        spans: 9,
        requests: 3,
        evicted: { spans: 4, events: 0, items: 0, requests: 1 }
      })
      yield* receiver.clear
      assert.deepInclude(yield* receiver.totals, { spans: 0, requests: 0, unreadable: 0 })
      assert.deepStrictEqual(yield* receiver.spans, [])
    }))

  it.live("keeps requests within a number of bytes", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make({ limits: { requestBytes: 10_000 } })
      for (let n = 0; n < 5; n++) yield* post(`http://${receiver.host}:${receiver.port}/x`, new Uint8Array(3_000))
      assert.deepInclude((yield* receiver.totals).evicted, { requests: 2 })
    }))

  it.live("a body over the limit is answered 413, also one that only grows by decompression", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make({ limits: { bodyBytes: 1_000 } })
      assert.strictEqual((yield* post(receiver.otlpTracesUrl, new Uint8Array(1_001))).status, 413)
      const { gzipSync } = yield* Effect.promise(() => import("node:zlib"))
      const bomb = yield* post(receiver.otlpTracesUrl, gzipSync(new Uint8Array(100_000)), {
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip"
      })
      assert.strictEqual(bomb.status, 400)
      assert.strictEqual((yield* receiver.totals).unreadable, 2)
    }))

  it.live("every byte that came can be searched: path, headers, bodies that were refused, cut or no HTTP at all", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      yield* receiver.respond("otlp", Reply.status(503))
      const base = `http://${receiver.host}:${receiver.port}`
      yield* post(`${base}/v1/traces?q=needle-path`, "needle-body", {
        "content-type": "application/x-protobuf",
        "x-extra": "needle-header"
      })
      const cut = yield* rawConnection(
        receiver,
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nneedle-cut"
      )
      cut.socket.end()
      yield* rawConnection(receiver, Buffer.from("\u0016\u0003\u0001needle-tls"))
      yield* receiver.awaitRequests(3)
      for (const text of ["needle-path", "needle-body", "needle-header", "needle-cut", "needle-tls"]) {
        assert.strictEqual((yield* receiver.requestsContaining(text)).length, 1, text)
      }
      assert.strictEqual((yield* receiver.requestsContaining("needle")).length, 3)
      assert.strictEqual((yield* receiver.requestsContaining("absent")).length, 0)
      assert.deepStrictEqual(
        (yield* receiver.requests).map((request) => request.outcome).sort(),
        ["cut", "malformed", "malformed"]
      )
    }))

  it.effect("waiting needs no time: it works under a test clock that stands still", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const waiting = yield* Effect.forkChild(receiver.awaitSpans(4))
      yield* exportSpans(exporter(receiver), spans(2))
      assert.isUndefined(waiting.pollUnsafe())
      yield* exportSpans(exporter(receiver), spans(2))
      assert.strictEqual((yield* Fiber.join(waiting)).length, 4)
      const broken = yield* Effect.exit(receiver.awaitTotals(() => {
        throw new Error("predicate")
      }))
      assert.strictEqual(broken._tag, "Failure")
    }))

  it.live("prints the slowest trace", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      assert.isTrue(Option.isNone(yield* receiver.slowestTrace))
      const [span] = spans(1)
      yield* exportSpans(exporter(receiver), [span!])
      const traceId = Option.getOrThrow(yield* receiver.slowestTrace)
      assert.strictEqual(traceId, span!.spanContext().traceId)
      assert.match(yield* receiver.traceTree(traceId), /^span 0 {2}\d/)
      assert.strictEqual(yield* receiver.traceTree("unknown"), "")
    }))

  it.live("is a service by its layer", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.Receiver
      yield* exportSpans(exporter(receiver), spans(1))
      assert.strictEqual((yield* receiver.awaitSpans(1)).length, 1)
    }).pipe(Effect.provide(Receiver.layer())))

  it.live("opens no span of its own, neither Effect's nor one of an instrumented node:http", () =>
    Effect.gen(function*() {
      const opened: Array<string> = []
      const effectTracer = Tracer.make({
        span: (options) => {
          opened.push(`effect ${options.name}`)
          return new Tracer.NativeSpan(options)
        }
      })
      const instrumentation = new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true })
      const provider = new BasicTracerProvider({
        spanProcessors: [{
          onStart: (span) => opened.push(`otel ${span.kind}`),
          onEnd: () => {},
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve()
        }]
      })
      instrumentation.setTracerProvider(provider satisfies { getTracer: (name: string) => OtelTracer })
      yield* Effect.acquireRelease(
        Effect.sync(() => instrumentation.enable()),
        () => Effect.sync(() => instrumentation.disable())
      )
      const { createServer } = createRequire(import.meta.url)("node:http") as typeof Http

      // The control: a plain server is seen.
      const plain = yield* Effect.acquireRelease(
        Effect.callback<Http.Server>((resume) => {
          const server = createServer((_request, response) => response.end())
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      yield* post(`http://127.0.0.1:${(plain.address() as Net.AddressInfo).port}/`, "")
      assert.deepStrictEqual(opened, ["otel 1"])

      yield* Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        yield* receiver.respond("otlp", Reply.gate(Effect.withSpan(Effect.void, "gate")))
        yield* post(receiver.otlpTracesUrl, new Uint8Array())
        yield* receiver.awaitRequests(1)
      }).pipe(Effect.withTracer(effectTracer))
      assert.deepStrictEqual(opened, ["otel 1"])
    }))
})
