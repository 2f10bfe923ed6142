/**
 * Real instrumentations of OpenTelemetry, switched on before there is a layer, as a program would.
 */
import { Tracing } from "@dawsos/observability"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { PGlite } from "@electric-sql/pglite"
import { PGLiteSocketServer } from "@electric-sql/pglite-socket"
import * as Otel from "@opentelemetry/api"
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http"
import { IORedisInstrumentation } from "@opentelemetry/instrumentation-ioredis"
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg"
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Redis } from "ioredis"
import type * as HttpModule from "node:http"
import { createRequire, syncBuiltinESMExports } from "node:module"
import type { AddressInfo } from "node:net"
import type * as PgModule from "pg"
import type { Way } from "../../src/tracing/StrictParents.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import * as RespServer from "../support/RespServer.ts"
import { collector, config, named, passThrough, traced as tracedWith } from "./harness.ts"

const require = createRequire(import.meta.url)
const instrumentations = [
  new UndiciInstrumentation(),
  // The collector of the export test runs in this process; only the sending side is in question there.
  new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url }) => url === "/v1/traces" }),
  new PgInstrumentation(),
  new IORedisInstrumentation()
]
const http: typeof HttpModule = require("node:http")
const pg: typeof PgModule = require("pg")
const ioredis: { readonly Redis: typeof Redis } = require("ioredis")
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

const text = (url: string): Promise<string> => fetch(url).then((response) => response.text())

const isClient = ({ kind }: ReadableSpan): boolean => kind === Otel.SpanKind.CLIENT

// Begun by synchronous code and gone on with later, which only the strict way sees.
const leavesToLater = (way: Way): typeof it.live.skip => way === "strict" ? it.live : () => {}

let database: PGlite
let postgres: PGLiteSocketServer
let postgresPort: number
let redis: RespServer.RespServer

beforeAll(async () => {
  database = await PGlite.create()
  postgres = new PGLiteSocketServer({ db: database, host: "127.0.0.1", port: 0 })
  await postgres.start()
  postgresPort = Number(postgres.getServerConn().split(":").at(-1))
  redis = await RespServer.start()
}, 60_000)

afterAll(async () => {
  await postgres.stop()
  await database.close()
  await redis.stop()
})

for (const way of ["strict", "public"] as const) {
  const traced = <A, E>(effect: Effect.Effect<A, E, Tracing.Tracing>) => tracedWith(effect, { thirdPartyParents: way })

  describe(`instrumentation-undici (fetch), the ${way} way`, () => {
    it.live("is a child of the Effect span, and sends that trace on", () =>
      Effect.gen(function*() {
        const { received, url } = yield* collector()
        const { spans } = yield* traced(Effect.promise(() => text(url)).pipe(Effect.withSpan("effect")))
        const [client] = spanOf(spans, "instrumentation-undici")
        assert.strictEqual(nameOfParent(spans, client), "effect")
        const { spanId, traceId } = client!.spanContext()
        assert.strictEqual(received[0]?.headers["traceparent"], `00-${traceId}-${spanId}-01`)
      }))

    it.live("finds its own parent among requests that run at once, and one after another on the same sockets", () =>
      Effect.gen(function*() {
        const { url } = yield* collector()
        const request = (index: number) =>
          Effect.tryPromise(async () => {
            await Promise.resolve()
            await text(`${url}/${index}`)
          }).pipe(Effect.withSpan(`effect /${index}`))
        const { spans } = yield* traced(Effect.andThen(
          Effect.forEach(Array.from({ length: 20 }, (_, index) => index), request, { concurrency: 10 }),
          Effect.forEach([20, 21, 22], request)
        ))
        const clients = spanOf(spans, "instrumentation-undici")
        assert.strictEqual(clients.length, 23)
        for (const client of clients) {
          assert.strictEqual(nameOfParent(spans, client), `effect ${String(client.attributes["url.path"])}`)
        }
      }))

    leavesToLater(way)(
      "is a child of the Effect span whose synchronous code asked, and did not wait",
      () =>
        Effect.gen(function*() {
          const { url } = yield* collector()
          const { spans } = yield* traced(Effect.gen(function*() {
            const asked = yield* Effect.withSpan(Effect.sync(() => Promise.resolve().then(() => text(url))), "asks")
            yield* Effect.withSpan(Effect.promise(() => asked), "waits")
          }))
          assert.strictEqual(nameOfParent(spans, spanOf(spans, "instrumentation-undici")[0]), "asks")
        })
    )
  })

  describe(`instrumentation-http, the ${way} way`, () => {
    it.live("is a child of the Effect span around a request", () =>
      Effect.gen(function*() {
        const { url } = yield* collector()
        const { spans } = yield* traced(Effect.promise(() => get(url)).pipe(Effect.withSpan("effect")))
        const clients = spanOf(spans, "instrumentation-http").filter(isClient)
        assert.strictEqual(clients.length, 1)
        assert.strictEqual(nameOfParent(spans, clients[0]), "effect")
      }))

    it.live("is a child of the Effect span whose synchronous code asked, and what the answer starts is, too", () =>
      Effect.gen(function*() {
        const { url } = yield* collector()
        const { spans } = yield* traced(
          Effect.gen(function*() {
            const done = yield* Deferred.make<void>()
            yield* Effect.sync(() =>
              void http.get(url, (response) => {
                third.startSpan("at the response").end()
                response.resume()
                response.on("end", () => {
                  third.startSpan("at the end").end()
                  Deferred.doneUnsafe(done, Effect.void)
                })
              })
            )
            yield* Effect.withSpan(Deferred.await(done), "waits")
          }).pipe(Effect.withSpan("effect"))
        )
        for (
          const span of [...spanOf(spans, "instrumentation-http").filter(isClient), ...spanOf(spans, "third-party")]
        ) {
          assert.strictEqual(nameOfParent(spans, span), "effect", span.name)
        }
        assert.strictEqual(spanOf(spans, "third-party").length, 2)
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

  describe(`instrumentation-pg, the ${way} way`, () => {
    const connect = async () => {
      const client = new pg.Client({ host: "127.0.0.1", port: postgresPort, user: "postgres", database: "postgres" })
      await client.connect()
      return client
    }

    it.live("is a child of the Effect span, for connecting and for each query", () =>
      Effect.gen(function*() {
        const { spans } = yield* traced(
          Effect.promise(async () => {
            const client = await connect()
            await client.query("select 1")
            await client.query("select 2")
            await client.end()
          }).pipe(Effect.withSpan("effect"))
        )
        const queries = spanOf(spans, "instrumentation-pg")
        assert.isAtLeast(queries.length, 3)
        for (const query of queries) assert.strictEqual(nameOfParent(spans, query), "effect", query.name)
      }))

    it.live("is a child of the span that asks, whoever has connected and however the answer is waited for", () =>
      Effect.gen(function*() {
        const { spans } = yield* traced(Effect.gen(function*() {
          const client = yield* Effect.withSpan(Effect.promise(connect), "connects")
          const asked = yield* Effect.withSpan(Effect.sync(() => client.query("select 1 as by_sync")), "sync")
          yield* Effect.withSpan(Effect.promise(() => asked), "waits")
          yield* Effect.withSpan(
            Effect.callback<void>((resume) =>
              client.query("select 2 as by_callback", () => {
                third.startSpan("in the callback").end()
                resume(Effect.void)
              })
            ),
            "callback"
          )
          yield* Effect.promise(() => client.end())
        }))
        const parents = spanOf(spans, "instrumentation-pg")
          .filter(({ attributes }) =>
            String(attributes["db.statement"] ?? attributes["db.query.text"]).includes(" as ")
          )
          .map((span) => nameOfParent(spans, span))
        assert.deepStrictEqual(parents, ["sync", "callback"])
        assert.strictEqual(nameOfParent(spans, named(spans, "in the callback")), "callback")
      }))
  })

  describe(`instrumentation-ioredis, the ${way} way`, () => {
    it.live("is a child of the span that asks, one after another and at once on one connection, whoever connected", () =>
      Effect.gen(function*() {
        const { spans } = yield* traced(Effect.gen(function*() {
          const client = yield* Effect.withSpan(
            Effect.promise(async () => {
              const client = new ioredis.Redis(redis.url, { lazyConnect: true, enableReadyCheck: false })
              await client.connect()
              return client
            }),
            "connects"
          )
          const ask = (key: string) => Effect.withSpan(Effect.promise(() => client.get(key)), `asks for ${key}`)
          yield* ask("a")
          yield* Effect.forEach(["b", "c", "d"], ask, { concurrency: "unbounded" })
          const asked = yield* Effect.withSpan(Effect.sync(() => client.get("e")), "asks for e")
          yield* Effect.withSpan(Effect.promise(() => asked), "waits")
          yield* Effect.withSpan(
            Effect.promise(async () => {
              await Promise.resolve()
              await client.get("f")
              third.startSpan("after the answer").end()
            }),
            "asks for f"
          )
          yield* Effect.sync(() => client.disconnect())
        }))
        const gets = spanOf(spans, "instrumentation-ioredis").filter(({ name }) => name === "get")
        assert.deepStrictEqual(
          gets.map((span) => nameOfParent(spans, span)).toSorted(),
          ["a", "b", "c", "d", "e", "f"].map((key) => `asks for ${key}`)
        )
        assert.strictEqual(nameOfParent(spans, named(spans, "after the answer")), "asks for f")
      }))

    leavesToLater(way)(
      "is a child of the Effect span whose synchronous code asked after a while, and did not wait",
      () =>
        Effect.gen(function*() {
          const { spans } = yield* traced(Effect.gen(function*() {
            const client = new ioredis.Redis(redis.url, { enableReadyCheck: false })
            const asked = yield* Effect.withSpan(
              Effect.sync(() => new Promise((resolve) => setImmediate(() => resolve(client.get("a"))))),
              "asks"
            )
            yield* Effect.withSpan(Effect.promise(() => asked), "waits")
            yield* Effect.sync(() => client.disconnect())
          }))
          const [get] = spanOf(spans, "instrumentation-ioredis").filter(({ name }) => name === "get")
          assert.strictEqual(nameOfParent(spans, get), "asks")
        })
    )
  })
}

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
