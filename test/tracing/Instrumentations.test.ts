/**
 * Real instrumentations of OpenTelemetry, switched on before there is a layer, as a program would.
 */
import { Tracing } from "@dawsos/observability"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { PGlite } from "@electric-sql/pglite"
import { PGLiteSocketServer } from "@electric-sql/pglite-socket"
import * as Otel from "@opentelemetry/api"
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http"
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg"
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpModule from "node:http"
import { createRequire, syncBuiltinESMExports } from "node:module"
import type { AddressInfo } from "node:net"
import type * as PgModule from "pg"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import { collector, config, named, passThrough, traced } from "./harness.ts"

const require = createRequire(import.meta.url)
const instrumentations = [
  new UndiciInstrumentation(),
  // The collector of the export test runs in this process; only the sending side is in question there.
  new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url }) => url === "/v1/traces" }),
  new PgInstrumentation()
]
const http: typeof HttpModule = require("node:http")
const pg: typeof PgModule = require("pg")
// Whoever imports `node:http` as a module is instrumented too, our own sender included.
syncBuiltinESMExports()

afterAll(() => instrumentations.forEach((instrumentation) => instrumentation.disable()))

const third = Otel.trace.getTracer("third-party")

const spanOf = (spans: ReadonlyArray<ReadableSpan>, instrumentation: string): ReadonlyArray<ReadableSpan> =>
  spans.filter((span) => span.instrumentationScope.name.endsWith(instrumentation))

const nameOfParent = (spans: ReadonlyArray<ReadableSpan>, span: ReadableSpan | undefined): string =>
  spans.find((other) => other.spanContext().spanId === span?.parentSpanContext?.spanId)?.name ?? "-"

const get = (url: string): Promise<number> =>
  new Promise((resolve, reject) => {
    http.get(url, (response) => {
      response.resume()
      response.on("end", () => resolve(response.statusCode ?? 0))
    }).on("error", reject)
  })

describe("instrumentation-undici (fetch)", () => {
  it.live("is a child of the Effect span, and sends that trace on", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const { spans } = yield* traced(
        Effect.promise(() => fetch(url).then((response) => response.text())).pipe(Effect.withSpan("effect"))
      )
      const [client] = spanOf(spans, "instrumentation-undici")
      assert.strictEqual(nameOfParent(spans, client), "effect")
      const { spanId, traceId } = client!.spanContext()
      assert.strictEqual(received[0]?.headers["traceparent"], `00-${traceId}-${spanId}-01`)
    }))

  it.live("finds its own parent among requests that run at once", () =>
    Effect.gen(function*() {
      const { url } = yield* collector()
      const { spans } = yield* traced(Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) =>
          Effect.tryPromise(() => fetch(`${url}/${index}`).then((response) => response.text())).pipe(
            Effect.withSpan(`effect /${index}`)
          ),
        { concurrency: 10 }
      ))
      const clients = spanOf(spans, "instrumentation-undici")
      assert.strictEqual(clients.length, 20)
      for (const client of clients) {
        assert.strictEqual(nameOfParent(spans, client), `effect ${String(client.attributes["url.path"])}`)
      }
    }))
})

describe("instrumentation-http", () => {
  it.live("is a child of the Effect span around a request", () =>
    Effect.gen(function*() {
      const { url } = yield* collector()
      const { spans } = yield* traced(
        Effect.promise(() => get(url)).pipe(Effect.withSpan("effect"))
      )
      const clients = spanOf(spans, "instrumentation-http").filter(({ kind }) => kind === Otel.SpanKind.CLIENT)
      assert.strictEqual(clients.length, 1)
      assert.strictEqual(nameOfParent(spans, clients[0]), "effect")
    }))

  it.live("is the parent of Effect spans in the handler of a request that it serves", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.gen(function*() {
        const tracer = yield* Effect.tracer
        const server = http.createServer((_request, response) => {
          Effect.runPromise(
            Effect.sleep(Duration.millis(1)).pipe(Effect.withSpan("handler"), Effect.withTracer(tracer))
          ).then(() => response.end())
        })
        yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
        yield* Effect.promise(() => get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).pipe(
          Effect.withSpan("effect")
        )
        yield* Effect.promise(() => new Promise((resolve) => server.close(resolve)))
      }))
      const handler = named(spans, "handler")
      const serverSpan = spans.find((span) => span.spanContext().spanId === handler.parentSpanContext?.spanId)
      assert.strictEqual(serverSpan?.kind, Otel.SpanKind.SERVER)
      assert.strictEqual(new Set(spans.map((span) => span.spanContext().traceId)).size, 1)
    }))
})

describe("instrumentation-pg", () => {
  let database: PGlite
  let server: PGLiteSocketServer
  let port: number

  beforeAll(async () => {
    database = await PGlite.create()
    server = new PGLiteSocketServer({ db: database, host: "127.0.0.1", port: 0 })
    await server.start()
    port = Number(server.getServerConn().split(":").at(-1))
  }, 60_000)

  afterAll(async () => {
    await server.stop()
    await database.close()
  })

  it.live("is a child of the Effect span, for connecting and for each query", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(
        Effect.promise(async () => {
          const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" })
          await client.connect()
          await client.query("select 1")
          await client.query("select 2")
          await client.end()
        }).pipe(Effect.withSpan("effect"))
      )
      const queries = spanOf(spans, "instrumentation-pg")
      assert.isAtLeast(queries.length, 3)
      for (const query of queries) assert.strictEqual(nameOfParent(spans, query), "effect", query.name)
    }))
})

describe("exports", () => {
  it.live("are never traced, whatever is instrumented", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const accounting = yield* Effect.gen(function*() {
        yield* Effect.sync(() => third.startSpan("foreign").end()).pipe(Effect.withSpan("effect"))
        const tracing = yield* Tracing.Tracing
        yield* tracing.flush.pipe(Effect.withSpan("around the flush"))
        return yield* tracing.flush
      }).pipe(Effect.provide(TracingLive.layer({
        config: config({
          destination: { _tag: "Otlp", url: `${url}/v1/traces`, headers: {}, timeout: Duration.seconds(5) }
        }),
        scrubber: passThrough
      })))
      assert.strictEqual(received.length, 2)
      assert.isUndefined(received[0]?.headers["traceparent"])
      assert.deepInclude(accounting, { started: 3, ended: 3 })
    }))
})
