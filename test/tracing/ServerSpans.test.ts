import { HttpServer as Instrument, Tracing } from "@dawsos/observability"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SpanKind, SpanStatusCode } from "@opentelemetry/api"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import * as HttpHost from "../support/HttpHost.ts"
import { foreign, named, traced } from "./harness.ts"

class Unavailable extends Data.TaggedError("Unavailable")<{ readonly message: string }> {}

const addressOf = Effect.map(HttpServer.HttpServer, ({ address }) => {
  assert(address._tag === "InetAddressV4")
  return `http://127.0.0.1:${address.port}`
})

describe("spans of Effect's HTTP server", () => {
  it.live("continue the caller's trace, and tell responses, failures, defects and aborted requests apart", () =>
    Effect.gen(function*() {
      const entered = Deferred.makeUnsafe<void>()
      const left = Deferred.makeUnsafe<void>()
      const app = HttpRouter.addAll([
        HttpRouter.route("GET", "/fine", HttpServerResponse.text("fine")),
        HttpRouter.route("GET", "/missing", HttpServerResponse.empty({ status: 404 })),
        HttpRouter.route("GET", "/failing", Effect.fail(new Unavailable({ message: "no database" }))),
        HttpRouter.route("GET", "/broken", Effect.die(new TypeError("not a function"))),
        HttpRouter.route(
          "GET",
          "/slow",
          Deferred.succeed(entered, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(left, undefined))
          )
        )
      ])
      const server = HttpRouter.serve(app, { disableListenLog: true, disableLogger: true }).pipe(
        Layer.provideMerge(
          NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1", gracefulShutdownTimeout: "10 millis" })
        )
      )
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      const { accounting, spans } = yield* traced(
        Effect.gen(function*() {
          const url = yield* addressOf
          const get = (path: string, options?: RequestInit) =>
            Effect.promise(() => fetch(url + path, options).then((response) => response.text()))
          yield* get("/fine", { headers: { traceparent } })
          yield* get("/missing")
          yield* get("/failing")
          yield* get("/broken")
          const controller = new AbortController()
          yield* Effect.forkChild(Effect.exit(Effect.tryPromise(() => fetch(`${url}/slow`, controller))))
          yield* Deferred.await(entered)
          controller.abort()
          yield* Deferred.await(left)
          // The handler is interrupted before the span around it ends.
          const tracing = yield* Tracing.Tracing
          yield* Effect.repeat(Effect.sync(tracing.accounting), {
            schedule: Schedule.spaced("1 millis"),
            until: ({ open }) => open === 0
          })
        }).pipe(Effect.provide(server))
      )
      const of = (path: string) => {
        const span = spans.find(({ attributes }) => attributes["url.path"] === path)
        assert(span !== undefined, path)
        return { ...foreign(span), status: span.status.code, code: span.attributes["http.response.status_code"] }
      }
      assert.deepInclude(of("/fine"), { kind: SpanKind.SERVER, status: SpanStatusCode.OK, code: 200 })
      assert.strictEqual(of("/fine").spanContext().traceId, "0af7651916cd43dd8448eb211c80319c")
      assert.strictEqual(of("/fine").parentSpanContext?.spanId, "b7ad6b7169203331")
      assert.deepInclude(of("/missing"), { status: SpanStatusCode.OK, code: 404 })
      assert.deepInclude(of("/failing"), { status: SpanStatusCode.ERROR, code: 500 })
      assert.deepInclude(of("/failing").attributes, { "effect.outcome": "error", "error.type": "Unavailable" })
      assert.deepInclude(of("/broken"), { status: SpanStatusCode.ERROR, code: 500 })
      assert.deepInclude(of("/broken").attributes, { "effect.outcome": "defect", "error.type": "TypeError" })
      assert.deepInclude(of("/slow"), { status: SpanStatusCode.UNSET, code: 499 })
      assert.deepInclude(of("/slow").attributes, { "effect.outcome": "interrupted" })
      assert.deepInclude(accounting, { started: spans.length, open: 0 })
      assert.strictEqual(named(spans, "GET /fine").attributes["http.route"], "/fine")
    }))

  it.live("have status error when the body fails after a 200, with the failure as an event", () =>
    Effect.gen(function*() {
      const serve = Instrument.serve({ requests: HttpHost.requests, duration: HttpHost.duration, prefix: "test" })
      const failing = HttpServerResponse.stream(
        Stream.concat(Stream.make(new Uint8Array(1)), Stream.fail(new Unavailable({ message: "no more rows" })))
      )
      const server = serve(HttpRouter.add("GET", "/rows", failing), { disableListenLog: true, disableLogger: true })
        .pipe(
          Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
        )
      const { spans } = yield* traced(
        Effect.gen(function*() {
          const url = yield* addressOf
          yield* Effect.exit(Effect.tryPromise(() => fetch(`${url}/rows`).then((response) => response.text())))
        }).pipe(Effect.provide(server))
      )
      const span = named(spans, "GET /rows")
      assert.deepStrictEqual(span.status, { code: SpanStatusCode.ERROR, message: "no more rows" })
      assert.strictEqual(span.attributes["http.response.status_code"], 200)
      assert.deepStrictEqual(span.events.map(({ attributes }) => attributes?.["exception.type"]), ["Unavailable"])
    }))
})
