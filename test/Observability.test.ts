import {
  Accounting,
  Catalogue,
  ErrorTracking,
  HttpServer,
  Metrics,
  Observability,
  Tracing
} from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as EffectHttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createServer as createHttpServer, get } from "node:http"
import { createServer, type Server } from "node:net"
import type { ReceivedSpan } from "../examples/receiver/ReceivedSpan.ts"
import * as Receiver from "../examples/receiver/Receiver.ts"
import * as RuntimeMetrics from "../src/metrics/RuntimeMetrics.ts"
import type { Destination } from "./integration/Harness.ts"
import * as Harness from "./integration/Harness.ts"
import * as ExpositionText from "./support/ExpositionText.ts"

const one = (spans: ReadonlyArray<ReceivedSpan>, name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name)
  assert.strictEqual(found.length, 1, `${name} among ${spans.map((span) => span.name).join(", ")}`)
  return found[0]!
}

const openMetrics = "application/openmetrics-text; version=1.0.0"

const destinations: ReadonlyArray<Destination> = ["otlp", "jaegerHttp", "jaegerUdp"]

describe("the layer, from one request", () => {
  for (const destination of destinations) {
    it.live(`gives one trace, one count, one event and matching log lines, to ${destination} and Sentry`, () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const app = yield* Harness.start(Harness.environment(receiver, destination))
        const answer = yield* app.get(`/api/metrics/${Harness.secrets.portfolioId}`)
        assert.strictEqual(answer.status, 500)
        const accounting = yield* app.tracing.flush
        assert.deepStrictEqual(Accounting.imbalances(accounting), [])
        const events = yield* app.errors.flush
        assert.deepInclude(events, { captured: 1, sent: 1, queued: 0 })

        const all = yield* receiver.awaitSpans(2, destination)
        const spans = all.filter((span) => span.signal === destination)
        const server = one(spans, "GET /api/metrics/{portfolio_id}")
        const capability = one(spans, "metrics.compute_twr")
        assert.strictEqual(spans.length, 2)
        assert.strictEqual(server.kind, "server")
        assert.strictEqual(server.parentSpanId, undefined)
        assert.strictEqual(capability.parentSpanId, server.spanId)
        assert.strictEqual(capability.traceId, server.traceId)
        // Sentry's share of the traces is all of them here.
        assert.strictEqual(all.filter((span) => span.signal === "sentryOtlp").length, 2)

        const [event, ...others] = yield* receiver.awaitEvents(1)
        assert.deepStrictEqual(others, [])
        assert.strictEqual(event?.traceId, server.traceId)
        assert.strictEqual(event?.envelopeTraceId, server.traceId)
        assert.strictEqual(event?.spanId, capability.spanId)
        const breadcrumbs = event?.payload["breadcrumbs"] as ReadonlyArray<{ readonly category: string }>
        assert.strictEqual(breadcrumbs.filter(({ category }) => category === "log").length, 1)

        const exposition = ExpositionText.parse(yield* app.scrape(), "prometheus")
        const counted = exposition.families.get("dawsos_api_requests_total")?.samples.filter(({ value }) => value > 0)
        const labels = { method: "GET", endpoint: "/api/metrics/{portfolio_id}", status_code: "500" }
        assert.deepStrictEqual(counted, [{ name: "dawsos_api_requests_total", labels, value: 1, exemplar: undefined }])
        assert.strictEqual(
          exposition.value("dawsos_agent_capability_calls_total", {
            agent_name: "financial_analyst",
            capability: "metrics.compute_twr",
            status: "defect"
          }),
          1
        )
        assert.strictEqual(exposition.value("dawsos_observability_spans_started_total"), 2)
        assert.strictEqual(exposition.value("dawsos_observability_events_sent_total"), 1)

        const withExemplars = ExpositionText.parse(yield* app.scrape(openMetrics), "openmetrics")
        const exemplars = ["dawsos_api_request_duration_seconds", "dawsos_agent_capability_duration_seconds"].map(
          (name) =>
            withExemplars.families.get(name)!.samples.flatMap(({ exemplar }) =>
              exemplar === undefined ? [] : [exemplar.labels["trace_id"]]
            )
        )
        assert.deepStrictEqual(exemplars, [[server.traceId], [server.traceId]])

        const warning = app.log().find(({ level }) => level === "Warn")
        assert.strictEqual(warning?.trace_id, capability.traceId)
        assert.strictEqual(warning?.span_id, capability.spanId)
      }))
  }

  it.live("names in the event the span that failed, whoever opened it", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const app = yield* Harness.start(Harness.environment(receiver))
      yield* app.get("/api/prices")
      yield* app.tracing.flush
      yield* app.errors.flush
      const spans = (yield* receiver.spans).filter(({ signal }) => signal === "otlp")
      const events = yield* receiver.events
      assert.deepStrictEqual(events.map(({ spanId }) => spanId), [one(spans, "prices.load").spanId])
    }))

  it.live("lets no id, e-mail address or key out, in any sink's bytes, on /metrics or in the log", () =>
    Effect.gen(function*() {
      for (const destination of destinations) {
        const receiver = yield* Receiver.make()
        const app = yield* Harness.start(Harness.environment(receiver, destination))
        const { apiKey, bearer, email, portfolioId, userId } = Harness.secrets
        yield* app.get(`/api/metrics/${portfolioId}?email=${email}`, {
          "x-user-id": userId,
          authorization: `Bearer ${bearer}`
        })
        yield* app.get(`/api/portfolios/${portfolioId}/${email}?token=${bearer}`)
        const quote = yield* app.get(`/api/quotes/AAPL?apikey=${apiKey}`)
        assert.include(quote.text, "42")
        yield* app.tracing.flush
        yield* app.errors.flush
        // The failed request gives 2 spans, the unmatched 1; the last: server, capability, provider, client, and the
        // provider's own.
        yield* receiver.awaitSpans(8, destination)
        yield* receiver.awaitEvents(1)
        const { evicted } = yield* receiver.totals
        assert.strictEqual(evicted.requests, 0)
        const outlets = [...app.lines, yield* app.scrape(), yield* app.scrape(openMetrics)].join("\n")
        for (const [name, secret] of Object.entries(Harness.secrets)) {
          assert.deepStrictEqual(
            (yield* receiver.requestsContaining(secret)).map(({ signal }) => signal),
            [],
            `${name} through ${destination}`
          )
          assert.notInclude(outlets, secret, name)
        }
        // The search finds what is there.
        assert.isNotEmpty(yield* receiver.requestsContaining("metrics.compute_twr"))
      }
    }))
})

const quiet = { ENABLE_OBSERVABILITY: "true", METRICS_PORT: "0" }

describe("trace context", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
  const parentId = "00f067aa0ba902b7"
  const traceparent = (flags: "00" | "01") => ({ traceparent: `00-${traceId}-${parentId}-${flags}` })

  it.live("comes in and goes out as W3C's traceparent, through the HTTP server and the HTTP client", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const app = yield* Harness.start(Harness.environment(receiver))
      const answer = yield* app.get("/api/quotes/AAPL", traceparent("01"))
      yield* app.tracing.flush
      const spans = (yield* receiver.spans).filter((span) => span.signal === "otlp")
      assert.deepStrictEqual([...new Set(spans.map((span) => span.traceId))], [traceId])
      assert.strictEqual(one(spans, "GET /api/quotes/{symbol}").parentSpanId, parentId)
      const client = spans.find(({ kind, name }) => kind === "client" && name !== "fmp /v3/quote/{symbol}")
      const { traceparent: sent } = JSON.parse(answer.text) as { readonly traceparent: string }
      assert.strictEqual(sent, `00-${traceId}-${client?.spanId}-01`)
      assert.strictEqual(one(spans, "GET /v3/quote/{symbol}").parentSpanId, client?.spanId)
    }))

  it.live("a caller's sampled flag decides where it is trusted, and counts do not depend on it", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const app = yield* Harness.start(Harness.environment(receiver))
      yield* app.get("/v3/quote/AAPL", traceparent("00"))
      const { sinks, started, unsampled } = yield* app.tracing.flush
      assert.deepStrictEqual({ started, unsampled, exported: sinks[0]?.exported }, {
        started: 1,
        unsampled: 1,
        exported: 0
      })
      const exposition = ExpositionText.parse(yield* app.scrape(), "prometheus")
      const labels = { method: "GET", endpoint: "/v3/quote/{symbol}", status_code: "200" }
      assert.strictEqual(exposition.value("dawsos_api_requests_total", labels), 1)
    }))

  for (const [sampler, exported] of [["parentbased_always_on", 2], ["parentbased_always_off", 0]] as const) {
    it.live(`the sampler ${sampler} decides where the flag is not trusted, and the trace stays the caller's`, () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const app = yield* Harness.start(
          { ...Harness.environment(receiver), OTEL_TRACES_SAMPLER: sampler },
          { trustRemoteSampled: false }
        )
        yield* app.get("/v3/quote/AAPL", traceparent("00"))
        yield* app.get("/v3/quote/AAPL", traceparent("01"))
        const { sinks, started } = yield* app.tracing.flush
        assert.deepStrictEqual({ started, exported: sinks[0]?.exported }, { started: 2, exported })
        const spans = yield* receiver.spans
        assert.isTrue(spans.every((span) => span.traceId === traceId && span.parentSpanId === parentId))
      }))
  }
})

describe("the layer", () => {
  it.live("turns tracing alone off with OTEL_SDK_DISABLED", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const app = yield* Harness.start({ ...Harness.environment(receiver), OTEL_SDK_DISABLED: "true" })
      yield* app.get(`/api/metrics/${Harness.secrets.portfolioId}`)
      assert.deepStrictEqual([app.tracing.enabled, app.metrics.enabled, app.errors.enabled], [false, true, true])
      assert.deepInclude(yield* app.errors.flush, { captured: 1, sent: 1 })
      assert.deepStrictEqual(yield* app.tracing.flush, Accounting.empty)
      assert.deepStrictEqual(yield* receiver.spans, [])
      const exposition = ExpositionText.parse(yield* app.scrape(), "prometheus")
      const labels = { method: "GET", endpoint: "/api/metrics/{portfolio_id}", status_code: "500" }
      assert.strictEqual(exposition.value("dawsos_api_requests_total", labels), 1)
      assert.strictEqual(exposition.value("dawsos_observability_spans_started_total"), 0)
      assert.include(app.log().map(({ message }) => message), "tracing is off (OTEL_SDK_DISABLED)")
    }))

  it.live("tells the address of a port that it chose itself, and what runs", () =>
    Effect.gen(function*() {
      const app = yield* Harness.start({ ...quiet, SERVICE_VERSION: "1.2.3", ENVIRONMENT: "staging" })
      const { port } = Option.getOrThrow(app.metrics.address)
      assert.isAbove(port, 0)
      assert.include(app.log().map(({ message }) => message), `metrics are served at http://127.0.0.1:${port}/metrics`)
      const exposition = ExpositionText.parse(yield* app.scrape(), "prometheus")
      const labels = { version: "1.2.3", environment: "staging", node_version: process.versions.node }
      assert.strictEqual(exposition.value("dawsos_system_info", labels), 1)
    }))

  it.live("shares nothing with another one in the same process", () =>
    Effect.gen(function*() {
      const [first, second] = [yield* Receiver.make(), yield* Receiver.make()]
      const one = yield* Harness.start({ ...Harness.environment(first), SERVICE_NAME: "one" })
      const two = yield* Harness.start({ ...Harness.environment(second), SERVICE_NAME: "two" })
      yield* one.get(`/api/metrics/${Harness.secrets.portfolioId}`)
      yield* two.get("/v3/quote/AAPL")
      for (const app of [one, two]) {
        yield* app.tracing.flush
        yield* app.errors.flush
      }
      const told = (receiver: Receiver.Shape) =>
        Effect.map(
          receiver.spans,
          (spans) => [...new Set(spans.map((span) => `${String(span.resource["service.name"])}: ${span.name}`))].sort()
        )
      assert.deepStrictEqual(yield* told(first), ["one: GET /api/metrics/{portfolio_id}", "one: metrics.compute_twr"])
      assert.deepStrictEqual(yield* told(second), ["two: GET /v3/quote/{symbol}"])
      assert.strictEqual((yield* first.events).length, 1)
      assert.strictEqual((yield* second.events).length, 0)
      const counts = yield* Effect.forEach([one, two], (app) =>
        Effect.map(app.scrape(), (text) => {
          const requests = ExpositionText.parse(text, "prometheus").families.get("dawsos_api_requests_total")
          return requests?.samples.filter(({ value }) => value > 0).map(({ labels }) => labels["endpoint"])
        }))
      assert.deepStrictEqual(counts, [["/api/metrics/{portfolio_id}"], ["/v3/quote/{symbol}"]])
      assert.deepStrictEqual(
        [...new Set(one.lines.map((line) => (JSON.parse(line) as { readonly service: string }).service))],
        ["one"]
      )
    }))

  it.live("opens books of its own when it is provided inside another live layer", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      // Two values: one that is provided again inside itself is the same layer.
      const layer = () =>
        Observability.layer({ catalogue: Catalogue.make({ prefix: "nested", metrics: {} }) }, {
          logFormat: "json"
        }).pipe(
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(Harness.environment(receiver))))
        )
      const spansStarted = Effect.gen(function*() {
        yield* Effect.withSpan(Effect.void, "one")
        const text = yield* (yield* Metrics.Metrics).render("prometheus")
        return ExpositionText.parse(text, "prometheus").value("nested_observability_spans_started_total")
      })
      const inner = Effect.provide(spansStarted, layer())
      const [within, outside] = yield* Effect.provide(Effect.all([inner, spansStarted]), layer()).pipe(
        Effect.provideService(Console.Console, { ...globalThis.console, log: () => {} })
      )
      assert.deepStrictEqual([within, outside], [1, 1])
    }))
})

describe("a vocabulary of another product", () => {
  const { Label } = Catalogue
  const metrics = {
    requests: Catalogue.counter({
      name: "shop_requests_total",
      help: "Requests",
      labels: { method: Label.oneOf(...HttpServer.methods), endpoint: Label.bounded(), status_code: Label.bounded() }
    }),
    duration: Catalogue.histogram({
      name: "shop_request_duration_seconds",
      help: "Duration of requests",
      unit: "seconds",
      labels: { method: Label.oneOf(...HttpServer.methods), endpoint: Label.bounded() },
      buckets: [0.1, 1],
      bucketsReason: "a test"
    })
  }
  const serve = Observability.serve({ requests: metrics.requests, duration: metrics.duration, prefix: "shop" })

  it.live("is observed under its own prefix, and what fails in its start is counted and not felt", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const vocabulary: Observability.Vocabulary = {
        catalogue: Catalogue.make({ prefix: "shop", metrics }),
        scrubber: { identifierPaths: ["/orders/:id"] },
        onStart: () => {
          throw new Error("no start")
        }
      }
      const { console } = Harness.recordingConsole()
      const context = yield* Layer.build(
        serve(HttpRouter.add("GET", "/orders/:id", Effect.succeed(HttpServerResponse.text("ok")))).pipe(
          Layer.provideMerge(NodeHttpServer.layer(createHttpServer, { port: 0, host: "127.0.0.1" })),
          Layer.provideMerge(Observability.layer(vocabulary)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(Harness.environment(receiver))))
        )
      ).pipe(Effect.provideService(Console.Console, console))
      const { address } = Context.get(context, EffectHttpServer.HttpServer)
      yield* Effect.promise(() => fetch(`http://127.0.0.1:${"port" in address ? address.port : 0}/orders/A-4711-Z`))
      yield* Context.get(context, Tracing.Tracing).flush
      const text = yield* Context.get(context, Metrics.Metrics).render("prometheus")
      const exposition = ExpositionText.parse(text, "prometheus")
      const labels = { method: "GET", endpoint: "/orders/{id}", status_code: "200" }
      assert.strictEqual(exposition.value("shop_requests_total", labels), 1)
      assert.strictEqual(exposition.value("shop_observability_faults_total", { hook: "recorder" }), 1)
      assert.strictEqual(exposition.value("shop_observability_spans_started_total"), 1)
      assert.notInclude(text, "dawsos_")
      const [span] = (yield* receiver.spans).filter(({ signal }) => signal === "otlp")
      assert.include(Object.keys(span?.attributes ?? {}), "shop.request_id")
      assert.match(String(span?.attributes["url.path"]), /^\/orders\/[0-9a-f]{8}$/)
      assert.isEmpty(yield* receiver.requestsContaining("A-4711-Z"))
      assert.deepStrictEqual(Object.keys(span?.attributes ?? {}).filter((key) => key.startsWith("dawsos")), [])
    }))

  const catalogue = Catalogue.make({ prefix: "books", metrics: {} })
  const own = { name: "books", version: "1.4.0" }
  const cases: ReadonlyArray<
    readonly [
      who: string,
      vocabulary: Observability.Vocabulary,
      env: Readonly<Record<string, string>>,
      told: readonly [name: string, version: string | undefined]
    ]
  > = [
    ["as its vocabulary calls itself", { catalogue, service: own }, {}, ["books", "1.4.0"]],
    [
      "as the environment calls it, whatever its vocabulary says",
      { catalogue, service: own },
      { OTEL_SERVICE_NAME: "till", OTEL_RESOURCE_ATTRIBUTES: "service.version=2" },
      ["till", "2"]
    ],
    ["as OpenTelemetry's unknown service where nobody names it", { catalogue }, {}, [
      "unknown_service:node",
      undefined
    ]]
  ]
  for (const [who, vocabulary, env, [name, version]] of cases) {
    it.live(`reports itself on spans, log lines and events ${who}`, () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const { console, lines } = Harness.recordingConsole()
        const failing = Effect.fail(new Error("no books")).pipe(
          Effect.withSpan("sell"),
          ErrorTracking.withBoundary("sale")
        )
        // What is left to send is sent when the layer closes.
        yield* Effect.exit(failing).pipe(
          Effect.provide(Layer.provide(
            Observability.layer(vocabulary, { logFormat: "json" }),
            ConfigProvider.layer(ConfigProvider.fromUnknown({ ...Harness.environment(receiver), ...env }))
          )),
          Effect.provideService(Console.Console, console)
        )
        const spans = yield* receiver.awaitSpans(1, "otlp")
        assert.deepStrictEqual(
          spans.map(({ resource }) => [resource["service.name"], resource["service.version"]]),
          spans.map(() => [name, version])
        )
        assert.deepStrictEqual(
          (yield* receiver.events).map(({ payload }) => payload["release"]),
          [version === undefined ? undefined : `${name}@${version}`]
        )
        const log = lines.map((line) => JSON.parse(line) as Readonly<Record<string, string>>)
        assert.deepStrictEqual(log.map((line) => [line["service"], line["version"]]), log.map(() => [name, version]))
        assert.strictEqual(
          log.some((line) => line["level"] === "Warn" && line["message"]?.startsWith("The service has no name")),
          name === "unknown_service:node"
        )
      }))
  }
})

describe("an id in the path of a request", () => {
  const Api = HttpRouter.addAll([
    HttpRouter.route("GET", "/api/metrics/:portfolio_id", HttpServerResponse.text("ok")),
    HttpRouter.route("GET", "/fail/:portfolio_id", Effect.die(new Error("no"))),
    HttpRouter.route(
      "GET",
      "/of/:user_id/*",
      Effect.as(Effect.logWarning("a warning", { portfolio_id: "{SECRET}" }), HttpServerResponse.text("ok"))
    )
  ])
  const paths = [
    "/api/metrics/SECRET",
    "/api/m%65trics/SECRET",
    "/api/metrics/SECRET.js",
    "/api/metrics/:SECRET",
    "/api/metrics/{SECRET}",
    "/api/metrics/x=SECRET",
    "/api/metrics/x&SECRET",
    "/api/metrics/x\"SECRET",
    "/api/metrics/%53ECRET?portfolio_id=SECRET",
    "//api//METRICS/a%2FSECRET/",
    "/fail/SECRET",
    "/fail/{SECRET}.js?x=1",
    "/of/SECRET/files/SECRET"
  ]

  it.live("appears in no sink, however the path is spelt and whatever the route", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const { console, lines } = Harness.recordingConsole()
      const context = yield* Layer.build(
        DawsOs.serve(Api).pipe(
          Layer.provideMerge(NodeHttpServer.layer(createHttpServer, { port: 0, host: "127.0.0.1" })),
          Layer.provideMerge(Observability.layer(DawsOs.vocabulary, { logFormat: "json" })),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(Harness.environment(receiver))))
        )
      ).pipe(Effect.provideService(Console.Console, console))
      const { address } = Context.get(context, EffectHttpServer.HttpServer)
      const port = "port" in address ? address.port : 0
      for (const path of paths) {
        // Unlike `fetch`, it sends the path as it stands.
        const status = yield* Effect.callback<number | undefined>((resume) => {
          get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
            response.resume()
            resume(Effect.succeed(response.statusCode))
          })
        })
        assert.strictEqual(status, path.startsWith("/fail") ? 500 : 200, path)
      }
      yield* Context.get(context, Tracing.Tracing).flush
      yield* Context.get(context, ErrorTracking.ErrorTracking).flush
      const spans = yield* receiver.awaitSpans(paths.length, "otlp")
      assert.isAtLeast((yield* receiver.events).length, 1)
      assert.strictEqual(lines.filter((line) => line.includes("http.url")).length, paths.length)
      assert.isEmpty(lines.filter((line) => line.includes("SECRET")))
      assert.notInclude(yield* Context.get(context, Metrics.Metrics).render("openmetrics"), "SECRET")
      assert.isEmpty(yield* receiver.requestsContaining("SECRET"))
      const first = spans.find((span) => span.attributes["http.route"] === "/of/{user_id}/*")
      assert.match(String(first?.attributes["url.path"]), /^\/of\/[0-9a-f]{8}\/files\/[0-9a-f]{8}$/)
    }))
})

describe("a detector that throws", () => {
  it.live("keeps the text back, is counted, and changes nothing else", () =>
    Effect.gen(function*() {
      const { console, lines } = Harness.recordingConsole()
      const broken = {
        name: "broken",
        triggers: "",
        find: () => {
          throw new Error("broken")
        }
      }
      const vocabulary = {
        catalogue: Catalogue.make({ prefix: "shop", metrics: {} }),
        scrubber: { detectors: [broken] }
      }
      const value = yield* Effect.gen(function*() {
        yield* Effect.logInfo("what nobody can judge")
        const exposition = ExpositionText.parse(yield* (yield* Metrics.Metrics).render("prometheus"), "prometheus")
        return exposition.value("shop_observability_faults_total", { hook: "scrubber" })
      }).pipe(
        Effect.provide(Layer.provide(
          Observability.layer(vocabulary, { logFormat: "json" }),
          ConfigProvider.layer(ConfigProvider.fromUnknown(quiet))
        )),
        Effect.provideService(Console.Console, console)
      )
      assert.isAbove(value ?? 0, 0)
      assert.isNotEmpty(lines)
      assert.notInclude(lines.join("\n"), "nobody")
    }))
})

describe("a layer that could not be built to its end", () => {
  it.live("has given back what it had by then", () =>
    Effect.gen(function*() {
      const first = yield* Effect.scoped(Harness.start(quiet))
      const { port } = Option.getOrThrow(first.metrics.address)
      const blocker = yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const server = createServer().listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const failure = yield* Effect.flip(Effect.scoped(Harness.start({ ...quiet, METRICS_PORT: String(port) })))
      assert.strictEqual(failure._tag, "MetricsServerError")
      assert.include(failure.message, `METRICS_PORT=${port}`)
      assert.strictEqual(RuntimeMetrics.userCount(), 0)
      // The port is given back as well: a layer on it can be built once it is free.
      yield* Effect.callback<void>((resume) => void blocker.close(() => resume(Effect.void)))
      const again = yield* Harness.start({ ...quiet, METRICS_PORT: String(port) })
      assert.strictEqual(Option.getOrThrow(again.metrics.address).port, port)
    }))
})
