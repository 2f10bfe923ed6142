import { Catalogue, HttpClient as Instrument, Metrics, Observation } from "@dawsos/observability"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import * as FastCheck from "fast-check"
import * as Http from "node:http"
import { inspect } from "node:util"
import * as HttpSecrets from "../../src/instrument/HttpSecrets.ts"
import * as CollectedSpans from "../support/CollectedSpans.ts"
import * as Recorded from "../support/Recorded.ts"
import { faultyMetrics } from "./faultyMetrics.ts"

const { Label } = Catalogue
const status = Label.oneOf(...Observation.statuses)
const definitions = {
  requests: Catalogue.counter({
    name: "provider_requests_total",
    help: "Requests",
    labels: { provider: Label.bounded(), endpoint: Label.bounded(), status }
  }),
  duration: Catalogue.histogram({
    name: "provider_request_duration_seconds",
    help: "Time that a request takes",
    unit: "seconds",
    labels: { provider: Label.bounded(), endpoint: Label.bounded() },
    buckets: [0.1, 1],
    bucketsReason: "a test"
  }),
  rateLimitRemaining: Catalogue.gauge({
    name: "provider_rate_limit_remaining",
    help: "Requests left",
    labels: { provider: Label.bounded() }
  }),
  rateLimitLimit: Catalogue.gauge({
    name: "provider_rate_limit_limit",
    help: "Requests in a window",
    labels: { provider: Label.bounded() }
  })
}

let server: Http.Server
let base: string
let seen: Array<string>
beforeAll(async () => {
  server = Http.createServer((request, response) => {
    seen.push(request.url ?? "")
    const url = new URL(request.url ?? "/", "http://x")
    if (url.pathname === "/never") return
    if (url.pathname === "/flaky" && seen.length < 3) return void response.writeHead(503).end()
    if (url.pathname === "/moved") return void response.writeHead(302, { location: "/ok?page=2" }).end()
    const headers = Object.fromEntries([...url.searchParams].filter(([name]) => name.includes("ratelimit")))
    response.writeHead(Number(url.searchParams.get("status") ?? 200), headers).end("body")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  base = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

interface Under {
  readonly client: HttpClient.HttpClient
  readonly recorded: Recorded.Recorded
  readonly collected: CollectedSpans.CollectedSpans
  readonly counts: () => ReadonlyArray<string>
}

const clients = { fetch: FetchHttpClient.layer, undici: NodeHttpClient.layerUndici }

const calling = <A, E>(
  use: (under: Under) => Effect.Effect<A, E>,
  options: {
    readonly sensitiveParameters?: ReadonlyArray<string | RegExp>
    readonly client?: Layer.Layer<HttpClient.HttpClient>
  } = {}
): Effect.Effect<A, E> => {
  const recorded = Recorded.make()
  const collected = CollectedSpans.make()
  seen = []
  const layer = Instrument.layer({
    ...definitions,
    provider: "fmp",
    ...(options.sensitiveParameters === undefined ? {} : { sensitiveParameters: options.sensitiveParameters })
  })
  return Effect.flatMap(HttpClient.HttpClient, (client) =>
    use({
      client,
      recorded,
      collected,
      counts: () =>
        recorded.moved().flatMap((line) => {
          const [, labels] = /^provider_requests_total\{provider=fmp,endpoint=(.*)/.exec(line) ?? []
          return labels === undefined ? [] : [labels.replace("status=", "").replace("} ", " ")]
        })
    })).pipe(
      Effect.provide(Layer.provide(layer, options.client ?? clients.fetch)),
      Effect.provide(Context.add(recorded.context, Tracer.Tracer, collected.tracer))
    )
}

describe("A request counts once", () => {
  it.live("by its URL template, which is on its span too", () =>
    calling(({ client, collected, counts, recorded }) =>
      Effect.gen(function*() {
        yield* client.get(`${base}/v3/quote/AAPL`).pipe(Instrument.withUrlTemplate("/v3/quote/{symbol}"))
        yield* Instrument.withUrlTemplate(client.get(`${base}/v3/quote/MSFT`), "/v3/quote/{symbol}")
        expect(counts()).toEqual(["/v3/quote/{symbol},success 2"])
        expect(recorded.value("provider_request_duration_seconds_count")).toBe(2)
        expect(collected.names()).toEqual(["GET", "GET"])
        expect(collected.spans[0]?.attributes.get("url.template")).toBe("/v3/quote/{symbol}")
        expect(collected.spans[0]?.kind).toBe("client")
      })
    ))

  it.live("as untemplated where nobody told the template", () =>
    calling(({ client, collected, counts }) =>
      Effect.gen(function*() {
        yield* client.get(`${base}/v3/quote/4711`)
        expect(counts()).toEqual(["untemplated,success 1"])
        expect(collected.one("GET").attributes.has("url.template")).toBe(false)
      })
    ))

  for (const code of [200, 204, 304, 400, 404, 429, 500, 503]) {
    it.live(`with status ${code} as ${code >= 400 ? "error" : "success"}`, () =>
      calling(({ client, counts }) =>
        Effect.gen(function*() {
          const response = yield* client.get(`${base}/x?status=${code}`)
          expect(response.status).toBe(code)
          expect(counts()).toEqual([`untemplated,${code >= 400 ? "error" : "success"} 1`])
        })
      ))
  }

  it.live("for each attempt, when it is retried around the client", () =>
    calling(({ client, counts }) =>
      Effect.gen(function*() {
        const retrying = HttpClient.retryTransient(client, { times: 5 })
        expect((yield* retrying.get(`${base}/flaky`)).status).toBe(200)
        expect(counts()).toEqual(["untemplated,error 2", "untemplated,success 1"])
      })
    ))

  it.live("when no answer comes: refused as error, abandoned as interrupted, late as the timeout inside says", () =>
    calling(({ client, counts }) =>
      Effect.gen(function*() {
        yield* Effect.flip(client.get("http://127.0.0.1:1/"))
        expect(counts()).toEqual(["untemplated,error 1"])
        const fiber = yield* Effect.forkChild(client.get(`${base}/never`))
        yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        expect(counts()).toEqual(["untemplated,error 1", "untemplated,interrupted 1"])
        const impatient = HttpClient.transform(client, Effect.timeout("10 millis"))
        yield* Effect.flip(impatient.get(`${base}/never`))
        expect(counts()).toEqual(["untemplated,error 1", "untemplated,interrupted 2"])
      })
    ))

  it.live("and only once inside an observation of the same metrics", () =>
    calling(({ client, collected, counts, recorded }) =>
      Effect.gen(function*() {
        const withProvider = Observation.make<{ readonly endpoint: string }>({
          prefix: "test",
          span: ({ endpoint }) => ({ name: endpoint }),
          instruments: [
            Observation.count(
              definitions.requests,
              ({ endpoint }, status) => ({ provider: "fmp", endpoint, status })
            ),
            Observation.time(definitions.duration, ({ endpoint }) => ({ provider: "fmp", endpoint }))
          ]
        })
        yield* withProvider(client.get(`${base}/x?x-ratelimit-remaining=7`), { endpoint: "/observed" })
        expect(counts()).toEqual(["/observed,success 1"])
        expect(recorded.value("provider_request_duration_seconds_count", { endpoint: "untemplated" })).toBeUndefined()
        // The quota is nobody else's to tell.
        expect(recorded.value("provider_rate_limit_remaining")).toBe(7)
        expect(collected.names()).toEqual(["/observed", "GET"])
      })
    ))

  it.live("with metrics off nothing is counted, and the request is sent", () =>
    Effect.gen(function*() {
      seen = []
      const client = Instrument.observe(yield* HttpClient.HttpClient, { ...definitions, provider: "fmp" })
      expect((yield* client.get(`${base}/ok`)).status).toBe(200)
    }).pipe(Effect.provide(clients.fetch)))

  it.live("and is announced to whoever listens, without its URL", () =>
    calling(({ client }) =>
      Effect.gen(function*() {
        const heard: Array<unknown> = []
        yield* client.get(`${base}/x?status=404`).pipe(
          Effect.provideService(Observation.CurrentOperationListener, {
            onEnd: ({ durationMillis: _, ...operation }) => heard.push(operation)
          })
        )
        expect(heard).toEqual([{
          category: "http.client",
          name: "fmp untemplated",
          status: "error",
          attributes: { "http.response.status_code": 404 }
        }])
      })
    ))
})

describe("The quota of a provider", () => {
  it.live("is read from the answer, also of one that refuses", () =>
    calling(({ client, recorded }) =>
      Effect.gen(function*() {
        yield* client.get(`${base}/x?x-ratelimit-remaining=41&x-ratelimit-limit=250`)
        expect(recorded.value("provider_rate_limit_remaining", { provider: "fmp" })).toBe(41)
        expect(recorded.value("provider_rate_limit_limit", { provider: "fmp" })).toBe(250)
        yield* client.get(`${base}/x?status=429&x-ratelimit-remaining=0`)
        expect(recorded.value("provider_rate_limit_remaining", { provider: "fmp" })).toBe(0)
      })
    ))

  it.live("is absent while no answer has told it", () =>
    calling(({ client, recorded }) =>
      Effect.gen(function*() {
        yield* client.get(`${base}/x?x-ratelimit-remaining=soon`)
        expect(recorded.value("provider_rate_limit_remaining")).toBeUndefined()
      })
    ))

  it.live("is read from a failure that a client made of the answer", () => {
    const strict = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk))
    return calling(({ client, counts, recorded }) =>
      Effect.gen(function*() {
        yield* Effect.flip(client.get(`${base}/x?status=429&x-ratelimit-remaining=3`))
        expect(recorded.value("provider_rate_limit_remaining")).toBe(3)
        expect(counts()).toEqual(["untemplated,error 1"])
      }), { client: Layer.provide(strict, clients.fetch) })
  })

  it.each([
    [{ "x-ratelimit-remaining": "12", "x-ratelimit-limit": "100, 100;w=60" }, 12, 100],
    [{ "ratelimit-remaining": " 5 ", "ratelimit-limit": "10" }, 5, 10],
    [{ "x-rate-limit-remaining": "1", "x-rate-limit-limit": "2" }, 1, 2],
    [{ "ratelimit": "\"default\";r=50;t=30", "ratelimit-policy": "\"default\";q=100;w=60" }, 50, 100],
    [{ "ratelimit": "limit=100, remaining=50, reset=50" }, 50, 100],
    [{ "x-ratelimit-remaining": "-1" }, undefined, undefined],
    [{ "x-ratelimit-remaining": "9".repeat(400) }, undefined, undefined],
    [{ "x-ratelimit-remaining": "NaN", "ratelimit": "x" }, undefined, undefined],
    [{}, undefined, undefined]
  ])("in %j is %s of %s", (headers, remaining, limit) => {
    expect(Instrument.quotaOf(headers)).toEqual({ remaining, limit })
  })
})

describe("A key in the query", () => {
  const key = "s3cr3t-key+1"
  const shown = (value: unknown): string =>
    inspect(value, { depth: 12, showHidden: true, getters: true }) + JSON.stringify(value) + String(value)
  const expectHidden = (value: unknown) => {
    expect(shown(value)).not.toContain("s3cr3t")
    expect(shown(value)).not.toContain("hunter")
  }

  it.live("is sent, and is on no attribute of the span", () =>
    calling(({ client, collected }) =>
      Effect.gen(function*() {
        const response = yield* client.get(`${base}/x?apikey=${key}&symbol=AAPL&token=hunter2`, {
          urlParams: { api_key: key, plain: "yes", secretly: Redacted.make(key) }
        })
        expect(seen[0]).toContain("s3cr3t")
        expect(seen[0]).toContain("token=hunter2")
        const attributes = JSON.stringify([...collected.one("GET").attributes])
        expect(attributes).not.toMatch(/s3cr3t|hunter2/)
        expect(attributes).toContain("symbol=AAPL")
        expect(attributes).toContain("plain=yes")
        expect(response.request.url).toBe(`${base}/x?symbol=AAPL`)
        expectHidden(response.request)
      })
    ))

  it.live("of a name that the program adds is hidden too", () =>
    calling(({ client, collected }) =>
      Effect.gen(function*() {
        yield* client.get(`${base}/x?licence=${key}&X-Amz-Signature=hunter2`)
        expect(JSON.stringify([...collected.one("GET").attributes])).not.toMatch(/s3cr3t|hunter2/)
      }), { sensitiveParameters: ["licence"] }))

  it.live("does not show in a failure that is read outside of its fiber, nor in its causes", () =>
    Effect.gen(function*() {
      for (const layer of Object.values(clients)) {
        const errors = yield* calling(({ client }) =>
          Effect.all([
            Effect.flip(client.get(`http://127.0.0.1:1/x?apikey=${key}`)),
            Effect.flip(client.get(`http://user:hunter2@127.0.0.1:99999/x?apikey=${key}`)),
            Effect.flip(client.get(`http://[bad/x?apikey=${key}`, { urlParams: { api_key: "hunter2" } })),
            Effect.flip(Effect.flatMap(client.get(`${base}/x?status=404&apikey=${key}`), (response) =>
              HttpClient.filterStatusOk(HttpClient.make(() =>
                Effect.succeed(response)
              )).get(base))),
            Effect.flip(Effect.flatMap(
              client.get(`${base}/x?apikey=${key}`),
              (response: HttpClientResponse.HttpClientResponse) =>
                response.json
            ))
          ]), { client: layer })
        for (const error of errors) {
          expect(HttpClientError.isHttpClientError(error)).toBe(true)
          for (const one of [error, error.reason, error.message, error.stack, error.cause]) {
            expectHidden(one)
          }
          expectHidden(Cause.pretty(Cause.fail(error)))
        }
      }
    }))

  it.live("does not show in what a strict client outside makes of the answer", () =>
    calling(({ client }) =>
      Effect.gen(function*() {
        const strict = HttpClient.filterStatusOk(client)
        const error = yield* Effect.flip(strict.get(`${base}/x?status=404&apikey=${key}`))
        expect(error.message).toContain("404")
        expectHidden(error.message)
        expectHidden(error)
      })
    ))

  it.live("is still sent by redirects and retries around the client", () =>
    calling(({ client, counts }) =>
      Effect.gen(function*() {
        const following = HttpClient.followRedirects(client).pipe(HttpClient.retryTransient({ times: 5 }))
        yield* following.get(`${base}/moved?apikey=${key}`).pipe(
          Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
        )
        expect(seen.at(-1)).toBe("/ok?page=2")
        seen = []
        yield* following.get(`${base}/flaky?apikey=${key}`)
        expect(seen.every((url) => url === `/flaky?apikey=${key}`)).toBe(true)
        expect(seen.length).toBe(3)
        expect(counts()).toEqual(["untemplated,error 2", "untemplated,success 3"])
      })
    ))
})

describe("A fault of the layer", () => {
  it.live("costs the count, not the answer", () =>
    calling(({ client, recorded }) =>
      Effect.gen(function*() {
        const response = yield* Effect.provideService(
          client.execute(HttpClientRequest.get(`${base}/x?x-ratelimit-remaining=1`)),
          Metrics.Metrics,
          faultyMetrics
        )
        expect(response.status).toBe(200)
        expect(recorded.faults("instrument")).toBe(1)
      })
    ))
})

describe("A request whose keys are hidden", () => {
  const names = Instrument.sensitiveParameters
  const hidden = (url: string, urlParams: UrlParams.Input = []) =>
    HttpSecrets.hide(HttpClientRequest.get(url, { urlParams }), names)
  const sent = (request: HttpClientRequest.HttpClientRequest) =>
    Option.getOrUndefined(HttpClientRequest.toUrl(request))?.href

  it("means what it meant: each parameter arrives with its value", () => {
    const name = FastCheck.oneof(
      FastCheck.constantFrom("apikey", "api_key", "X-API-Key", "token", "secret", "symbol", "from"),
      FastCheck.stringMatching(/^[a-z]{1,8}$/)
    )
    const pairs = FastCheck.array(FastCheck.tuple(name, FastCheck.string({ unit: "grapheme" })), { maxLength: 6 })
    FastCheck.assert(FastCheck.property(pairs, pairs, (inUrl, params) => {
      const query = new URLSearchParams(inUrl).toString()
      const url = `http://x.test/path${query === "" ? "" : `?${query}`}#hash`
      const before = new URL(sent(HttpClientRequest.get(url, { urlParams: params })) ?? "")
      const after = new URL(sent(hidden(url, params)) ?? "")
      const sorted = ({ searchParams }: URL) => [...searchParams].map(String).sort()
      expect(sorted(after)).toEqual(sorted(before))
      expect(after.pathname + after.hash).toBe(before.pathname + before.hash)
      const shown = JSON.stringify(hidden(url, params))
      const isKey = ([name, value]: readonly [string, string]) =>
        names.some((pattern) => pattern.test(name)) && value.length > 12
      const keys = [...inUrl, ...params].filter(isKey).map(([, value]) => value)
      expect(keys.filter((value) => shown.includes(value))).toEqual([])
    }))
  })

  it("is the very same where there is nothing to hide", () => {
    const request = HttpClientRequest.get("http://x.test/a?symbol=AAPL&from=a%20b#h", { urlParams: { n: "1" } })
    expect(HttpSecrets.hide(request, names)).toBe(request)
  })

  it.each([
    ["http://x.test/a?apikey=K", "http://x.test/a", "http://x.test/a?apikey=K"],
    ["http://x.test/a?b=1&ApiKey=K&c=2", "http://x.test/a?b=1&c=2", "http://x.test/a?b=1&c=2&ApiKey=K"],
    [
      "http://x.test/a?api%5Fkey=K%2B1#h?token=x",
      "http://x.test/a#h?token=x",
      "http://x.test/a?api_key=K%2B1#h?token=x"
    ],
    ["http://x.test/a?monkey=1&keyword=2", "http://x.test/a?monkey=1&keyword=2", "http://x.test/a?monkey=1&keyword=2"]
  ])("of %s shows %s", (url, shown, whole) => {
    expect(hidden(url).url).toBe(shown)
    expect(sent(hidden(url))).toBe(whole)
  })
})

describe("One value of the layer", () => {
  class First extends Context.Service<First, HttpClient.HttpClient>()("test/First") {}
  class Second extends Context.Service<Second, HttpClient.HttpClient>()("test/Second") {}
  const answering = (status: number) =>
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response(null, { status }))))
    )

  it.live("over two clients keeps them two", () => {
    const observed = Instrument.layer({ ...definitions, provider: "test" })
    return Effect.gen(function*() {
      expect((yield* (yield* First).get("http://x.test/")).status).toBe(200)
      expect((yield* (yield* Second).get("http://x.test/")).status).toBe(204)
    }).pipe(
      Effect.provide(Layer.mergeAll(
        Layer.effect(First, HttpClient.HttpClient).pipe(Layer.provide(observed), Layer.provide(answering(200))),
        Layer.effect(Second, HttpClient.HttpClient).pipe(Layer.provide(observed), Layer.provide(answering(204)))
      ))
    )
  })
})
