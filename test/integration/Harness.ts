// A program under the whole layer, its signals sent to a local receiver by the real exporters.
import { ErrorTracking, Metrics, Observability, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createServer } from "node:http"
import type * as Receiver from "../../examples/receiver/Receiver.ts"

/** What must leave the process on no way. */
export const secrets = {
  portfolioId: "7f9c2a44-1b6e-4f0d-9a3e-55d1c0ffee01",
  email: "jane.doe@example.com",
  apiKey: "k3y-9d8c7b6a5f4e",
  userId: "user-8842-jdoe",
  bearer: "tok-9f8e7d6c5b4a3210"
}

export type Destination = "otlp" | "jaegerHttp" | "jaegerUdp"

/** The environment that sends everything to a receiver. */
export const environment = (
  receiver: Receiver.Shape,
  destination: Destination = "otlp"
): Readonly<Record<string, string>> => ({
  ENABLE_OBSERVABILITY: "true",
  METRICS_PORT: "0",
  SENTRY_DSN: receiver.sentryDsn,
  SENTRY_TRACES_SAMPLE_RATE: "1",
  SENTRY_PROFILES_SAMPLE_RATE: "0",
  ...destination === "otlp" ?
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.otlpTracesUrl } :
    destination === "jaegerHttp"
    ? { JAEGER_ENDPOINT: receiver.jaegerHttpUrl }
    : { JAEGER_AGENT_HOST: receiver.jaegerUdp.host, JAEGER_AGENT_PORT: String(receiver.jaegerUdp.port) }
})

const quotes = (symbol: string) =>
  Effect.gen(function*() {
    const { address } = yield* HttpServer.HttpServer
    const client = (yield* HttpClient.HttpClient).pipe(DawsOs.observeProvider({ provider: "fmp" }))
    const port = "port" in address ? address.port : 0
    const response = yield* client.get(
      `http://127.0.0.1:${port}/v3/quote/${symbol}?apikey=${secrets.apiKey}`
    ).pipe(DawsOs.withUrlTemplate("/v3/quote/{symbol}"))
    return yield* response.text
  }).pipe(
    DawsOs.withProviderMetrics({ provider: "fmp", endpoint: "/v3/quote/{symbol}" }),
    DawsOs.withCapabilityMetrics({ agent: "data_harvester", capability: "provider.fetch_quote" })
  )

const metricsOf = (portfolioId: string) =>
  Effect.gen(function*() {
    yield* Effect.logWarning(`no prices for portfolio_id=${portfolioId} of ${secrets.email}`)
    return yield* Effect.die(new Error(`/api/metrics/${portfolioId}: ${secrets.email} has no prices`))
  }).pipe(DawsOs.withCapabilityMetrics({ agent: "financial_analyst", capability: "metrics.compute_twr" }))

/** The routes that the tests ask. */
export const Api = Layer.mergeAll(
  HttpRouter.add(
    "GET",
    "/api/quotes/:symbol",
    Effect.gen(function*() {
      const { symbol } = yield* HttpRouter.params
      return HttpServerResponse.text(yield* quotes(symbol ?? ""))
    })
  ),
  HttpRouter.add(
    "GET",
    "/api/metrics/:portfolio_id",
    Effect.flatMap(HttpRouter.params, ({ portfolio_id }) => metricsOf(portfolio_id ?? ""))
  ),
  HttpRouter.add("GET", "/api/prices", Effect.die(new Error("no prices")).pipe(Effect.withSpan("prices.load"))),
  // The provider that answers the first route.
  HttpRouter.add(
    "GET",
    "/v3/quote/:symbol",
    Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      HttpServerResponse.jsonUnsafe({
        price: 42,
        traceparent: request.headers["traceparent"] ?? null
      }))
  )
)

/** A console that keeps what the log writes. */
export const recordingConsole = (): { readonly console: Console.Console; readonly lines: Array<string> } => {
  const lines: Array<string> = []
  const keep = (...parts: ReadonlyArray<unknown>) => void lines.push(parts.join(" "))
  return { console: { ...globalThis.console, log: keep, error: keep, warn: keep, info: keep, debug: keep }, lines }
}

/** A log line as the program wrote it. */
export interface Line {
  readonly level: string
  readonly message: string
  readonly trace_id?: string
  readonly span_id?: string
}

export interface Running {
  /** Where the program's API is. */
  readonly base: string
  /** Asks the program's API. */
  readonly get: (
    path: string,
    headers?: Readonly<Record<string, string>>
  ) => Effect.Effect<{ readonly status: number; readonly text: string }>
  /** Reads `/metrics` over HTTP. */
  readonly scrape: (accept?: string) => Effect.Effect<string>
  readonly lines: ReadonlyArray<string>
  readonly log: () => ReadonlyArray<Line>
  readonly tracing: Tracing.Service
  readonly metrics: Metrics.Service
  readonly errors: ErrorTracking.Service
}

const request = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, { headers })
    return { status: response.status, text: await response.text() }
  })

/** Starts the program for the life of the scope. */
export const start = Effect.fnUntraced(function*(
  env: Readonly<Record<string, string>>,
  options: Observability.Options = {}
) {
  const { console, lines } = recordingConsole()
  const App = DawsOs.serve(Api).pipe(
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provide(FetchHttpClient.layer),
    Layer.provideMerge(Observability.layer(DawsOs.vocabulary, { logFormat: "json", ...options })),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
  )
  const context = yield* Layer.build(App).pipe(Effect.provideService(Console.Console, console))
  const { address } = Context.get(context, HttpServer.HttpServer)
  const base = `http://127.0.0.1:${"port" in address ? address.port : 0}`
  const metrics = Context.get(context, Metrics.Metrics)
  const running: Running = {
    base,
    get: (path, headers) => request(base + path, headers),
    scrape: (accept = "text/plain") =>
      Effect.gen(function*() {
        const { host, port } = Option.getOrThrow(metrics.address)
        return (yield* request(`http://${host}:${port}/metrics`, { accept })).text
      }),
    lines,
    log: () => lines.map((line) => JSON.parse(line) as Line),
    tracing: Context.get(context, Tracing.Tracing),
    metrics,
    errors: Context.get(context, ErrorTracking.ErrorTracking)
  }
  return running
})
