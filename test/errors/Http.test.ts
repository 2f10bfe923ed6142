import { Catalogue, ErrorTracking, HttpServer as ObservedServer, Observation } from "@dawsos/observability"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { createHash } from "node:crypto"
import { createServer } from "node:http"
import type { ErrorEvent } from "../../src/errors/ErrorEvent.ts"
import { layer as recorded, TestErrors } from "../../src/errors/TestErrors.ts"
import * as Meeting from "../support/Meeting.ts"

const { Label } = Catalogue

const serve = ObservedServer.serve({
  prefix: "test",
  requests: Catalogue.counter({
    name: "test_requests_total",
    help: "Requests",
    labels: {
      method: Label.oneOf(...ObservedServer.methods),
      endpoint: Label.bounded(100),
      status_code: Label.bounded(100)
    }
  }),
  duration: Catalogue.histogram({
    name: "test_request_duration_seconds",
    help: "Durations",
    labels: { method: Label.oneOf(...ObservedServer.methods), endpoint: Label.bounded(100) },
    buckets: [1],
    bucketsReason: "a test"
  })
})

const observed = Observation.make<string>({ prefix: "test", span: (name) => ({ name }), instruments: [] })

const tracer = Layer.succeed(Tracer.Tracer, Tracer.make({ span: (options) => new Tracer.NativeSpan(options) }))

class Broken extends Data.TaggedError("Broken")<{ readonly message: string }> {}
class NotThere extends Schema.TaggedError<NotThere>()("NotThere", {}, { httpApiStatus: 404 }) {}

const shared = new Broken({ message: "one object for all requests" })

const concurrency = 25
const meeting = Meeting.make(concurrency)

// Breadcrumb, fork, failure: each request leaves its own marks on the way, while all others that are in flight do.
const work = (n: string) =>
  Effect.gen(function*() {
    yield* ErrorTracking.addBreadcrumb({ message: `start ${n}` })
    yield* Effect.yieldNow
    const fiber = yield* Effect.forkChild(
      Effect.andThen(
        ErrorTracking.addBreadcrumb({ message: `fork ${n}` }),
        Effect.andThen(meeting, Effect.die(new Broken({ message: n })))
      ).pipe(ErrorTracking.withTags({ n }), observed("compute"))
    )
    return yield* Fiber.join(fiber)
  })

const plain = HttpRouter.addAll([
  HttpRouter.route(
    "GET",
    "/plain/:n",
    Effect.flatMap(HttpRouter.params, ({ n }) => work(n ?? ""))
  ),
  HttpRouter.route("GET", "/typed", Effect.fail(new Broken({ message: "typed" }))),
  HttpRouter.route("GET", "/shared", Effect.fail(shared)),
  HttpRouter.route("GET", "/missing", Effect.fail(new NotThere())),
  HttpRouter.route("GET", "/warming", Effect.succeed(HttpServerResponse.empty({ status: 503 }))),
  HttpRouter.route(
    "GET",
    "/invalid",
    Effect.as(HttpServerRequest.schemaBodyJson(Schema.Struct({ a: Schema.String })), HttpServerResponse.empty())
  )
])

const Api = HttpApi.make("api").add(
  HttpApiGroup.make("group").add(
    HttpApiEndpoint.get("fails", "/api/:n", { params: { n: Schema.String }, success: Schema.String }),
    HttpApiEndpoint.get("missing", "/api-missing", { success: Schema.String, error: NotThere })
  )
)

const api = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(
    HttpApiBuilder.group(Api, "group", (handlers) =>
      handlers
        .handle("fails", ({ params }) => work(params.n))
        .handle("missing", () => Effect.fail(new NotThere())))
  )
)

const program = serve(Layer.mergeAll(plain, api)).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
  Layer.provideMerge(recorded({ limits: { perFingerprint: 1000, perMinute: 1000, queue: 1000 } })),
  Layer.provideMerge(tracer),
  Layer.provideMerge(Logger.layer([]))
)

const request = (path: string, user?: string) =>
  Effect.gen(function*() {
    const address = yield* Effect.map(HttpServer.HttpServer, ({ address }) => address)
    if (address._tag === "UnixPathAddress") return yield* Effect.die("no port")
    return yield* Effect.promise(() =>
      fetch(`http://127.0.0.1:${address.port}${path}`, user === undefined ? {} : { headers: { "x-user-id": user } })
        .then(async (response) => {
          await response.text()
          return response.status
        })
    )
  })

const events = Effect.flatMap(TestErrors, ({ events }) => events)

const hash = (id: string): string => createHash("sha256").update(id).digest("hex").slice(0, 8)

const assertOwn = (all: ReadonlyArray<ErrorEvent>, route: string, count: number): void => {
  const own = all.filter(({ tags }) => tags["route"] === route)
  assert.strictEqual(own.length, count)
  const traces = new Set<string>()
  for (const event of own) {
    const n = event.exceptions[0]!.value
    assert.strictEqual(event.tags["n"], n)
    assert.strictEqual(event.tags["user"], hash(`user-${n}`))
    assert.strictEqual(event.tags["method"], "GET")
    assert.deepStrictEqual(event.fingerprint, ["Broken", "compute"])
    assert.strictEqual(event.transaction, `GET ${route}`)
    assert.deepStrictEqual(
      event.breadcrumbs.filter(({ category }) => category === "default").map(({ message }) => message),
      [`start ${n}`, `fork ${n}`]
    )
    traces.add(event.trace!.traceId)
  }
  assert.strictEqual(traces.size, count)
}

describe("errors of an HTTP server", () => {
  it.live("do not mix between a hundred requests, fifty of them to HttpApi, at concurrency 25 with forks", () =>
    Effect.gen(function*() {
      const paths = Array.from({ length: 100 }, (_, n) => [n % 2 === 0 ? "/plain" : "/api", n] as const)
      const statuses = yield* Effect.forEach(
        paths,
        ([path, n]) => request(`${path}/${n}`, `user-${n}`),
        { concurrency }
      )
      assert.deepStrictEqual(new Set(statuses), new Set([500]))
      const all = yield* events
      assert.strictEqual(all.length, 100)
      assertOwn(all, "/plain/{n}", 50)
      assertOwn(all, "/api/{n}", 50)
    }).pipe(Effect.provide(program)))

  it.live("are reported once for each request, a shared error object included", () =>
    Effect.gen(function*() {
      for (const path of ["/typed", "/shared", "/shared"]) assert.strictEqual(yield* request(path), 500)
      assert.deepStrictEqual(
        (yield* events).map(({ operation, tags }) => [operation, tags["user"]]),
        [["GET /typed", "anonymous"], ["GET /shared", "anonymous"], ["GET /shared", "anonymous"]]
      )
    }).pipe(Effect.provide(program)))

  it.live("leave out what is expected: 404, 400, 503", () =>
    Effect.gen(function*() {
      const statuses = yield* Effect.forEach(
        ["/nowhere", "/api-missing", "/warming", "/invalid"],
        (path) => request(path)
      )
      assert.deepStrictEqual(statuses, [404, 404, 503, 400])
      assert.deepStrictEqual(yield* events, [])
    }).pipe(Effect.provide(program)))
})
