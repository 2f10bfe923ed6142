import { Boundary, Guard, HttpServer as Instrument, Metrics } from "@dawsos/observability"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as FastCheck from "fast-check"
import * as Http from "node:http"
import * as CollectedSpans from "../support/CollectedSpans.ts"
import * as HttpHost from "../support/HttpHost.ts"
import * as Meeting from "../support/Meeting.ts"
import { faultyMetrics } from "./faultyMetrics.ts"

const text = (body: string) => Effect.succeed(HttpServerResponse.text(body))
const bytes = (...parts: ReadonlyArray<string>) =>
  Stream.fromIterable(parts.map((part) => new TextEncoder().encode(part)))
const defect = new Error("boom")
const quote = HttpRouter.add("GET", "/api/quotes/:symbol", text("42"))

const hosting = <A, E>(
  app: Layer.Layer<never, never, HttpRouter.HttpRouter>,
  use: (host: HttpHost.Host) => Effect.Effect<A, E>,
  setup?: HttpHost.Setup
) => Effect.scoped(Effect.flatMap(HttpHost.make(app, setup), use))

/** Counts by route and status, one line each. */
const counts = (host: HttpHost.Host) => host.recorded.moved().filter((line) => line.startsWith("api_requests_total"))
const one = (method: string, endpoint: string, code: number) =>
  `api_requests_total{method=${method},endpoint=${endpoint},status_code=${code}} 1`

describe("A request counts once, by route template and status", () => {
  const routes = Layer.mergeAll(
    quote,
    HttpRouter.add("POST", "/api/orders", HttpServerResponse.empty({ status: 201 })),
    HttpRouter.add("GET", "/fails", Effect.fail(new Error("sold out"))),
    HttpRouter.add("GET", "/dies", Effect.die(defect)),
    HttpRouter.add("GET", "/late", Effect.never.pipe(Effect.timeout("10 millis"))),
    HttpRouter.add("GET", "/gone", Effect.fail(HttpServerResponse.empty({ status: 410 }))),
    HttpRouter.add("GET", "/interrupted", Effect.interrupt),
    HttpRouter.add(
      "GET",
      "/invalid",
      Effect.asVoid(Schema.decodeUnknownEffect(Schema.Number)("x")).pipe(
        Effect.as(HttpServerResponse.empty())
      )
    ),
    HttpRouter.add("*", "/any/*", text("any")),
    HttpRouter.use((router) => router.prefixed("/v1/").add("GET", "/users/:id(^\\d+$)/posts/:post?", text("post"))),
    HttpRouter.addAll([HttpRouter.route("GET", "/:tenant/list", text("list"))], { prefix: "/v2" })
  ) as Layer.Layer<never, never, HttpRouter.HttpRouter>

  const cases: ReadonlyArray<readonly [string, string, string, number]> = [
    ["GET", "/api/quotes/AAPL?key=1", "/api/quotes/{symbol}", 200],
    ["HEAD", "/api/quotes/AAPL", "/api/quotes/{symbol}", 200],
    ["POST", "/api/orders", "/api/orders", 201],
    ["GET", "/fails", "/fails", 500],
    ["GET", "/dies", "/dies", 500],
    ["GET", "/late", "/late", 500],
    ["GET", "/gone", "/gone", 410],
    ["GET", "/interrupted", "/interrupted", 503],
    ["GET", "/invalid", "/invalid", 400],
    ["GET", "/any/thing/at/all", "/any/*", 200],
    ["GET", "/v1/users/12/posts/3", "/v1/users/{id}/posts/{post}", 200],
    ["GET", "/v2/acme/list", "/v2/{tenant}/list", 200],
    ["GET", "/nowhere/4711", "unmatched", 404],
    ["PROPFIND", "/any/x", "/any/*", 200],
    ["DELETE", "/api/orders", "unmatched", 404]
  ]
  for (const [method, path, endpoint, code] of cases) {
    it.live(`${method} ${path} is ${endpoint} ${code}`, () =>
      hosting(routes, (host) =>
        Effect.gen(function*() {
          const answer = yield* host.ask(path, { method })
          expect(answer.status).toBe(code)
          const label = method === "PROPFIND" ? "_OTHER" : method
          expect(host.recorded.moved()).toEqual([
            `api_request_duration_seconds_count{method=${label},endpoint=${endpoint}} 1`,
            one(label, endpoint, code)
          ])
          expect(host.collected.spans.length).toBe(1)
          expect(host.collected.spans[0]?.attributes.get("http.route")).toBe(
            endpoint === "unmatched" ? undefined : endpoint
          )
        })))
  }

  it.live("as an error when a handler answers with 500 and above by itself", () =>
    hosting(
      HttpRouter.add(
        "GET",
        "/answers/:code",
        Effect.map(HttpRouter.params, ({ code }) => HttpServerResponse.empty({ status: Number(code) }))
      ),
      (host) =>
        Effect.gen(function*() {
          const ended: Array<unknown> = []
          for (const code of [200, 404, 499, 500, 503]) {
            yield* host.send(`/answers/${code}`)
            ended.push([code, (yield* host.ended).status, host.collected.spans.at(-1)?.attributes.get("error.type")])
          }
          expect(ended).toEqual([
            [200, "success", undefined],
            [404, "success", undefined],
            [499, "success", undefined],
            [500, "error", "500"],
            [503, "error", "503"]
          ])
        })
    ))

  it.live("whatever the tracer: native, never sampling, disabled, none", () =>
    Effect.gen(function*() {
      const setups: ReadonlyArray<HttpHost.Setup> = [
        { tracer: Tracer.nativeTracer },
        { sampled: false },
        { context: Context.make(References.TracerEnabled, false) },
        { tracer: "none" }
      ]
      for (const setup of setups) {
        yield* hosting(routes, (host) =>
          Effect.gen(function*() {
            yield* host.ask("/api/quotes/AAPL")
            yield* host.ask("/dies")
            yield* host.ask("/nowhere")
            expect(counts(host)).toEqual([
              one("GET", "/api/quotes/{symbol}", 200),
              one("GET", "/dies", 500),
              one("GET", "unmatched", 404)
            ])
            expect(host.recorded.exemplars(HttpHost.duration).length).toBe(setup.tracer === Tracer.nativeTracer ? 3 : 0)
          }), setup)
      }
    }))

  it.live("with metrics off, a span has its route all the same", () =>
    hosting(routes, (host) =>
      Effect.gen(function*() {
        yield* host.ask("/api/quotes/AAPL")
        expect(host.collected.one("GET").attributes.get("http.route")).toBe("/api/quotes/{symbol}")
      }), { metrics: "none" }))
})

describe("Middleware", () => {
  const answering = (status: number) =>
  <E, R>(
    _: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> => Effect.succeed(HttpServerResponse.empty({ status }))
  const logging = <E, R>(effect: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.withLogSpan(effect, "logging")
  const denied = HttpRouter.middleware(answering(403))

  it.live("a route's own middleware that answers in its place leaves the route known", () =>
    hosting(quote.pipe(Layer.provide(denied.layer)) as typeof quote, (host) =>
      Effect.gen(function*() {
        yield* host.ask("/api/quotes/AAPL")
        expect(counts(host)).toEqual([one("GET", "/api/quotes/{symbol}", 403)])
      })))

  it.live("so it does under global middleware and the logger", () =>
    hosting(
      Layer.mergeAll(
        quote.pipe(Layer.provide(denied.layer)) as typeof quote,
        HttpRouter.middleware(logging, { global: true })
      ) as typeof quote,
      (host) =>
        Effect.gen(function*() {
          yield* host.ask("/api/quotes/AAPL")
          expect(counts(host)).toEqual([one("GET", "/api/quotes/{symbol}", 403)])
        }),
      { serve: { disableLogger: false }, context: Context.make(References.MinimumLogLevel, "None") }
    ))

  it.live("global middleware that answers by itself gives no route", () =>
    hosting(
      Layer.mergeAll(
        quote,
        HttpRouter.middleware(answering(204), { global: true })
      ) as typeof quote,
      (host) =>
        Effect.gen(function*() {
          yield* host.ask("/api/quotes/AAPL")
          expect(counts(host)).toEqual([one("GET", "unmatched", 204)])
        })
    ))

  it.live("the middleware that `serve` takes runs inside the observation", () =>
    hosting(quote, (host) =>
      Effect.gen(function*() {
        yield* host.ask("/api/quotes/AAPL")
        expect(counts(host)).toEqual([one("GET", "/api/quotes/{symbol}", 200)])
        expect(host.collected.names()).toEqual(["GET", "middleware"])
        expect(CollectedSpans.parentName(host.collected.one("middleware"))).toBe("GET")
      }), { serve: { middleware: (effect) => Effect.withSpan(effect, "middleware") as never } }))
})

describe("A failure", () => {
  it.live("that is a defect is reported once, and passes on unchanged", () =>
    hosting(HttpRouter.add("GET", "/dies", Effect.die(defect)), (host) =>
      Effect.gen(function*() {
        const { body, status } = yield* host.ask("/dies")
        expect([status, body]).toEqual([500, ""])
        expect(host.reported.map(({ reasons }) => reasons[0])).toEqual([Cause.makeDieReason(defect)])
        const { status: ended } = host.collected.one("GET")
        expect(ended._tag === "Ended" && ended.exit._tag === "Failure" && ended.exit.cause.reasons[0]).toEqual(
          Cause.makeDieReason(defect)
        )
        expect(host.collected.one("GET").attributes.get("error.type")).toBe("Error")
      })))

  it.live("is noted in the request's boundary with the route", () => {
    let boundary: Boundary.Boundary | undefined
    const failing = Effect.withFiber<never>((fiber) => {
      boundary = Boundary.ofFiber(fiber)
      return Effect.die(defect)
    })
    return hosting(HttpRouter.add("GET", "/dies/:id", failing), (host) =>
      Effect.gen(function*() {
        yield* host.ask("/dies/7", { headers: { "x-user-id": "u-1" } })
        const { spanId, traceId } = host.collected.one("GET")
        expect(boundary?.failure(defect)).toEqual({ operation: "GET /dies/{id}", spanId, traceId })
        expect(boundary?.operation).toBe("GET /dies/{id}")
        expect(boundary?.user).toEqual({ id: "u-1" })
      }))
  })
})

describe("A body that is streamed", () => {
  it.live("counts when it has ended", () =>
    hosting(HttpRouter.add("GET", "/s", HttpServerResponse.stream(bytes("a", "b"))), (host) =>
      Effect.gen(function*() {
        expect((yield* host.ask("/s")).body).toBe("ab")
        expect(counts(host)).toEqual([one("GET", "/s", 200)])
      })))

  for (const [what, stream] of [["dies", Stream.die(defect)], ["fails", Stream.fail(defect)]] as const) {
    it.live(`counts as 500 when it ${what}, though 200 was sent`, () =>
      hosting(
        HttpRouter.add("GET", "/s", HttpServerResponse.stream(Stream.concat(bytes("a"), stream))),
        (host) =>
          Effect.gen(function*() {
            expect((yield* host.ask("/s")).broken).toBe(true)
            expect(counts(host)).toEqual([one("GET", "/s", 500)])
            expect(host.collected.one("GET").attributes.get("error.type")).toBe("Error")
            const { status } = host.collected.one("GET")
            expect(status._tag === "Ended" && status.exit._tag === "Failure" && status.exit.cause).toEqual(
              Cause.die(defect)
            )
          })
      ))
  }

  it.live("leaves the span around an untraced request alone when it dies", () =>
    Effect.gen(function*() {
      const around = new Tracer.NativeSpan({
        name: "around",
        kind: "internal",
        parent: Option.none(),
        annotations: Context.empty(),
        links: [],
        startTime: 0n,
        sampled: true
      })
      const end = around.end
      yield* hosting(HttpRouter.add("GET", "/s", HttpServerResponse.stream(Stream.die(defect))), (host) =>
        Effect.gen(function*() {
          yield* host.ask("/s")
          expect(counts(host)).toEqual([one("GET", "/s", 500)])
          expect(around.end).toBe(end)
        }), {
        context: Context.make(HttpMiddleware.TracerDisabledWhen, () =>
          true).pipe(
            Context.add(Tracer.ParentSpan, around)
          ) as Context.Context<never>
      })
    }))

  it.live("counts as 503 when the server interrupts it at its shutdown, though 200 was sent", () =>
    Effect.gen(function*() {
      const sending = yield* Deferred.make<void>()
      const endless = Stream.concat(
        bytes("a"),
        Stream.fromEffect(Effect.andThen(Deferred.succeed(sending, undefined), Effect.never))
      )
      const scope = yield* Scope.make()
      const host = yield* HttpHost.make(HttpRouter.add("GET", "/s", HttpServerResponse.stream(endless)), {
        gracefulShutdownTimeout: "1 millis"
      }).pipe(Scope.provide(scope))
      const asked = yield* Effect.forkChild(host.send("/s"))
      yield* Deferred.await(sending)
      yield* Scope.close(scope, Exit.void)
      expect(yield* Fiber.join(asked)).toMatchObject({ status: 200, broken: true })
      expect(counts(host)).toEqual([one("GET", "/s", 503)])
      expect(yield* host.ended).toMatchObject({ status: "interrupted" })
      const { attributes, status } = host.collected.one("GET")
      expect(attributes.get("error.type")).toBe("503")
      expect(status._tag === "Ended" && Exit.hasInterrupts(status.exit)).toBe(true)
    }))

  it.live("counts as 499 when the client stops reading", () =>
    hosting(
      HttpRouter.add("GET", "/s", HttpServerResponse.stream(Stream.concat(bytes("a"), Stream.never))),
      (host) =>
        Effect.gen(function*() {
          yield* host.ask("/s", { abort: "reading" })
          expect(counts(host)).toEqual([one("GET", "/s", 499)])
        })
    ))
})

describe("A client that gives up", () => {
  it.live("counts as 499", () => {
    let entered = () => {}
    const waiting = Effect.suspend(() => {
      entered()
      return Effect.never
    })
    return hosting(HttpRouter.add("GET", "/waits/:id", waiting), (host) =>
      Effect.gen(function*() {
        entered = host.entered
        yield* host.send("/waits/1", { abort: "waiting" })
        expect(yield* host.ended).toMatchObject({ name: "GET /waits/{id}", status: "interrupted" })
        expect(counts(host)).toEqual([one("GET", "/waits/{id}", 499)])
      }))
  })
})

describe("Health checks and scrapes", () => {
  const inner = Effect.withSpan(text("ok"), "inside")
  const app = Layer.mergeAll(
    quote,
    ...["/health", "/health/pack", "/healthz", "/metrics", "/healthy"].map((path) =>
      HttpRouter.add("GET", path as `/${string}`, inner)
    )
  )

  it.live("are neither traced nor counted, nor is what they call traced", () =>
    hosting(app, (host) =>
      Effect.gen(function*() {
        for (const path of ["/health", "/health/pack?deep=1", "/healthz", "/metrics"]) {
          expect((yield* host.send(path)).status).toBe(200)
        }
        expect(host.collected.names()).toEqual([])
        expect(host.recorded.moved()).toEqual([])
        yield* host.ask("/healthy")
        expect(host.collected.names()).toEqual(["GET", "inside"])
        expect(counts(host)).toEqual([one("GET", "/healthy", 200)])
      })))

  it.live("are what the program says; a predicate that throws observes the request", () =>
    Effect.gen(function*() {
      yield* hosting(app, (host) =>
        Effect.gen(function*() {
          yield* host.send("/api/quotes/AAPL")
          yield* host.ask("/health")
          expect(counts(host)).toEqual([one("GET", "/health", 200)])
        }), { options: { unobserved: (request) => request.url.startsWith("/api") } })
      yield* hosting(app, (host) =>
        Effect.gen(function*() {
          expect((yield* host.ask("/health")).status).toBe(200)
          expect(counts(host)).toEqual([one("GET", "/health", 200)])
          expect(host.recorded.faults("instrument")).toBeGreaterThan(0)
        }), {
        options: {
          unobserved: () => {
            throw new Error("boom")
          }
        }
      })
    }))

  it.live("what the program leaves untraced stays untraced, and counts", () =>
    hosting(app, (host) =>
      Effect.gen(function*() {
        yield* host.ask("/api/quotes/AAPL")
        expect(host.collected.names()).toEqual([])
        expect(counts(host)).toEqual([one("GET", "/api/quotes/{symbol}", 200)])
      }), { context: Context.make(HttpMiddleware.TracerDisabledWhen, () => true) }))
})

describe("Two servers of one program", () => {
  it.live("leave untraced what each of them was told to", () =>
    Effect.gen(function*() {
      const collected = CollectedSpans.make()
      const serve = Instrument.serve({ requests: HttpHost.requests, duration: HttpHost.duration, prefix: "test" })
      class Traced extends Context.Service<Traced, HttpServer.HttpServer["Service"]>()("test/Traced") {}
      class Untraced extends Context.Service<Untraced, HttpServer.HttpServer["Service"]>()("test/Untraced") {}
      const server = (disabled: boolean) =>
        serve(quote, { disableListenLog: true, disableLogger: true }).pipe(
          Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen, () => disabled)),
          Layer.provideMerge(NodeHttpServer.layer(() => Http.createServer(), { port: 0, host: "127.0.0.1" }))
        )
      const both = Layer.mergeAll(
        Layer.effect(Untraced, HttpServer.HttpServer).pipe(Layer.provide(server(true))),
        Layer.effect(Traced, HttpServer.HttpServer).pipe(Layer.provide(server(false)))
      )
      yield* Effect.gen(function*() {
        for (const { address } of [yield* Untraced, yield* Traced]) {
          const port = "port" in address ? address.port : 0
          const asked = () => fetch(`http://127.0.0.1:${port}/api/quotes/AAPL`).then((got) => got.text())
          expect(yield* Effect.promise(asked)).toBe("42")
        }
      }).pipe(Effect.provide(both), Effect.provideService(Tracer.Tracer, collected.tracer))
      expect(collected.names()).toEqual(["GET"])
    }))
})

describe("Routes", () => {
  it.live("are known at 0 before the first request, without health checks", () =>
    hosting(
      Layer.mergeAll(
        quote,
        HttpRouter.add("GET", "/health", text("ok")),
        HttpRouter.use((router) => router.prefixed("/v1").add("POST", "/orders", text("ok"))),
        HttpRouter.add("*", "/any/*", text("any"))
      ),
      (host) =>
        Effect.sync(() => {
          const known = host.recorded.service.samples()
            .filter(({ name }) => name === "api_requests_total")
            .map(({ labels, value }) => `${labels.method} ${labels.endpoint} ${labels.status_code} ${value}`)
          expect(known).toEqual([
            "GET /api/quotes/{symbol} 200 0",
            "GET /api/quotes/{symbol} 500 0",
            "POST /v1/orders 200 0",
            "POST /v1/orders 500 0"
          ])
          expect(host.recorded.value("api_request_duration_seconds_count", { endpoint: "/v1/orders" })).toBe(0)
        })
    ))

  it("are templates without patterns, whatever stands in them", () => {
    expect(Instrument.routeTemplate("/a/:b")).toBe("/a/{b}")
    expect(Instrument.routeTemplate("/a/:b?")).toBe("/a/{b}")
    expect(Instrument.routeTemplate("/a/:b(^(?:x|y\\)z)$)/c")).toBe("/a/{b}/c")
    expect(Instrument.routeTemplate("/a/:from-:to.:ext")).toBe("/a/{from}-{to}.{ext}")
    expect(Instrument.routeTemplate("/a::b/*")).toBe("/a:b/*")
    expect(Instrument.routeTemplate("/a/:b(unclosed")).toBe("/a/{b}")
    const name = FastCheck.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/)
    FastCheck.assert(FastCheck.property(FastCheck.array(name), FastCheck.array(name), (fixed, params) => {
      const parts = [...fixed.map((part) => `/${part}`), ...params.map((part) => `/:${part}`)]
      expect(Instrument.routeTemplate(parts.join(""))).toBe(
        [...fixed.map((part) => `/${part}`), ...params.map((part) => `/{${part}}`)].join("")
      )
    }))
  })
})

describe("The request id", () => {
  it.live("that a client sends comes back, in every answer, and is on the span", () =>
    hosting(
      Layer.mergeAll(quote, HttpRouter.add("GET", "/dies", Effect.die(defect))),
      (host) =>
        Effect.gen(function*() {
          for (const path of ["/api/quotes/AAPL", "/dies", "/nowhere"]) {
            const { headers } = yield* host.ask(path, { headers: { "x-request-id": "abc-1.2:3_4" } })
            expect(headers["x-request-id"]).toBe("abc-1.2:3_4")
          }
          expect(host.collected.spans.map((span) => span.attributes.get("test.request_id"))).toEqual(
            Array.from({ length: 3 }, () => "abc-1.2:3_4")
          )
        })
    ))

  it.live("is made where there is none, and in the place of a hostile one", () =>
    hosting(quote, (host) =>
      Effect.gen(function*() {
        const seen = new Set<string>()
        const key = ["gh", `p_${"1aB2cD3eF4".repeat(4).slice(0, 36)}`].join("")
        for (const given of [undefined, "a b", "x".repeat(129), "<script>", "a\tb", "{}", "", key]) {
          const { headers } = yield* host.ask(
            "/api/quotes/AAPL",
            given === undefined ? {} : { headers: { "x-request-id": given } }
          )
          const id = headers["x-request-id"]
          expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
          seen.add(String(id))
        }
        expect(seen.size).toBe(8)
      })))
})

describe("Each request has its own boundary", () => {
  const concurrency = 25
  const total = 50
  const where = Effect.withFiber((fiber) => Effect.succeed(Boundary.ofFiber(fiber)))
  const meeting = Meeting.make(concurrency)

  const handler = (id: string) =>
    Effect.gen(function*() {
      const boundary = yield* where
      boundary?.addBreadcrumb({ category: "test", message: id, level: "info", timestamp: 0 })
      yield* meeting
      const forked = yield* Effect.forkChild(Effect.andThen(Effect.yieldNow, where))
      const same = (yield* Fiber.join(forked)) === boundary
      return `${boundary?.user?.id} ${boundary?.route} ${boundary?.breadcrumbs.map(({ message }) => message)} ${same}`
    })

  const check = (path: string) => (host: HttpHost.Host) =>
    Effect.gen(function*() {
      const answers = yield* Effect.forEach(
        Array.from({ length: total }, (_, index) => String(index)),
        (id) =>
          Effect.map(host.send(`${path}/${id}`, { headers: { "x-user-id": `u${id}` } }), ({ body }) => [id, body]),
        { concurrency }
      )
      for (const [id, body] of answers) expect(JSON.parse(body!)).toBe(`u${id} ${path}/{id} ${id} true`)
    })

  it.live("under a plain router", () =>
    hosting(
      HttpRouter.add(
        "GET",
        "/items/:id",
        Effect.flatMap(
          HttpRouter.params,
          ({ id }) => Effect.map(handler(id ?? ""), (body) => HttpServerResponse.text(JSON.stringify(body)))
        )
      ),
      check("/items")
    ))

  it.live("under an HttpApi, though its handlers run on a context captured when the layer was built", () => {
    const Api = HttpApi.make("api").add(
      HttpApiGroup.make("items").add(
        HttpApiEndpoint.get("one", "/items/:id", { params: { id: Schema.String }, success: Schema.String })
      )
    ).prefix("/v1")
    const Items = HttpApiBuilder.group(
      Api,
      "items",
      (handlers) => handlers.handle("one", ({ params }) => handler(params.id))
    )
    const captured = new Boundary.Boundary("job", "captured when the layer was built")
    return hosting(
      HttpApiBuilder.layer(Api).pipe(
        Layer.provide(Items),
        Layer.provide(Layer.succeed(Boundary.CurrentBoundary, captured))
      ) as Layer.Layer<never, never, HttpRouter.HttpRouter>,
      check("/v1/items")
    )
  })
})

describe("An HttpApi", () => {
  class Warming extends Schema.TaggedError<Warming>()("Warming", {}, { httpApiStatus: 503 }) {}
  const Api = HttpApi.make("api").add(
    HttpApiGroup.make("quotes").add(
      HttpApiEndpoint.get("one", "/quotes/:symbol", {
        params: { symbol: Schema.String },
        query: { n: Schema.Literal("1") },
        success: Schema.String,
        error: Warming
      })
    )
  ).prefix("/v1")
  const Quotes = HttpApiBuilder.group(
    Api,
    "quotes",
    (handlers) =>
      handlers.handle("one", ({ params }) =>
        params.symbol === "warming"
          ? Effect.fail(new Warming())
          : params.symbol === "dies"
          ? Effect.die(defect)
          : Effect.succeed(params.symbol))
  )
  const app = HttpApiBuilder.layer(Api).pipe(Layer.provide(Quotes)) as Layer.Layer<
    never,
    never,
    HttpRouter.HttpRouter
  >

  it.live("is observed as a plain router is", () =>
    hosting(app, (host) =>
      Effect.gen(function*() {
        for (const path of ["AAPL?n=1", "AAPL?n=x", "warming?n=1", "dies?n=1"]) yield* host.ask(`/v1/quotes/${path}`)
        expect(counts(host)).toEqual([200, 400, 500, 503].map((code) => one("GET", "/v1/quotes/{symbol}", code)))
        expect(host.collected.names()).toEqual(["GET", "GET", "GET", "GET"])
      })))
})

describe("Without a layer, or with a layer that fails", () => {
  it.live("a program with nothing to observe serves as ever", () =>
    Effect.gen(function*() {
      let boundary: Boundary.Boundary | undefined
      const app = HttpRouter.add(
        "GET",
        "/x",
        Effect.withFiber((fiber) => {
          boundary = Boundary.ofFiber(fiber)
          return text("x")
        })
      )
      yield* hosting(app, (host) =>
        Effect.gen(function*() {
          const { headers, status } = yield* host.send("/x")
          expect([status, headers["x-request-id"], boundary]).toEqual([200, undefined, undefined])
        }), {
        tracer: "none",
        metrics: "none",
        context: Context.make(
          Context.Reference("@dawsos/observability/OperationListener", { defaultValue: () => undefined }),
          undefined
        )
      })
    }))

  it.live("a metrics service that throws costs the count, not the answer", () => {
    const guard = Guard.make()
    return hosting(quote, (host) =>
      Effect.gen(function*() {
        const { body, status } = yield* host.send("/api/quotes/AAPL")
        expect([status, body]).toEqual([200, "42"])
        yield* host.send("/api/quotes/AAPL")
        expect(guard.faults().get("instrument")).toBeGreaterThanOrEqual(2)
      }), { context: Context.add(Context.make(Metrics.Metrics, faultyMetrics), Guard.CurrentGuard, guard) })
  })

  it.live("a handler still sees the request that it was sent", () =>
    hosting(
      HttpRouter.use((router) =>
        router.prefixed("/v1").add("GET", "/x", (request: HttpServerRequest.HttpServerRequest) => text(request.url))
      ),
      (host) => Effect.map(host.ask("/v1/x?a=1"), ({ body }) => expect(body).toBe("/x?a=1"))
    ))
})
