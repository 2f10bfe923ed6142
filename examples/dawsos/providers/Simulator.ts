/** Four data providers in one HTTP server: their paths, keys in the query, latency, quotas, headers, and faults. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Http from "node:http"
import { type Close, marketData } from "../data/MarketData.ts"
import { fundamentals, headlines, indicators, isIndicator } from "../data/Simulated.ts"
import type { Fault } from "../Faults.ts"
import { localServer, sendJson } from "../LocalServer.ts"
import { Settings } from "../Settings.ts"

/** Each provider's quota per minute, latency in milliseconds and the query parameter its key travels in. */
export const providers = {
  fmp: { quota: 120, latency: 25, key: "apikey" },
  polygon: { quota: 100, latency: 20, key: "apiKey" },
  fred: { quota: 60, latency: 40, key: "api_key" },
  newsapi: { quota: 30, latency: 60, key: "apiKey" }
} as const

export type ProviderName = keyof typeof providers

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export class Simulator extends Context.Service<Simulator, {
  /** Where each provider listens. */
  readonly baseUrl: (provider: ProviderName) => string
  /** Switches a fault on or off while it runs. */
  readonly setFault: (fault: Fault | undefined) => void
  /** What the providers answer from now on instead of what they know: a status and a body, or again what they know. */
  readonly answerWith: (answer: Answer | undefined) => void
}>()("dawsos/Simulator") {}

const known = (closes: ReadonlyArray<Close>, path: string, query: URLSearchParams): unknown => {
  const [, symbol = ""] = /^\/(?:v3\/(?:quote|ratios)|v2\/aggs\/ticker)\/([^/]+)/.exec(path) ?? []
  const last = closes.findLast((close) => close.symbol === symbol)
  if (path.startsWith("/v3/quote/")) {
    return last === undefined ? [] : [{ symbol, price: last.price }]
  }
  if (path.startsWith("/v3/ratios/")) {
    const ratios = fundamentals[symbol]
    return ratios === undefined ? [] : [ratios]
  }
  if (path.startsWith("/v2/aggs/ticker/")) {
    return { ticker: symbol, results: last === undefined ? [] : [{ c: last.price, t: Date.parse(last.date) }] }
  }
  if (path === "/series/observations") {
    const id = query.get("series_id") ?? ""
    const months = closes.filter((close) => close.symbol === "SPX")
    return !isIndicator(id) ? undefined : {
      observations: months.map((close, month) => ({ date: close.date, value: indicators[id](month).toFixed(4) }))
    }
  }
  if (path === "/everything") {
    const symbols = (query.get("q") ?? "").split(" OR ")
    return {
      articles: symbols.flatMap((name) => (headlines[name] ?? []).map((headline) => ({ ...headline, symbol: name })))
    }
  }
  return undefined
}

const make = Effect.gen(function*() {
  const settings = yield* Settings
  const closes = yield* marketData
  // Other outages begin later, by `setFault`.
  let fault: Fault | undefined = settings.fault.is("pack-stale") ? "pack-stale" : undefined
  let told: Answer | undefined
  const used = new Map<ProviderName, { minute: number; count: number }>()

  const handle = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
    const url = new URL(request.url ?? "/", "http://simulator")
    const [, name = "", ...rest] = url.pathname.split("/")
    const provider = Object.hasOwn(providers, name) ? providers[name as ProviderName] : undefined
    if (provider === undefined) return sendJson(response, 404, { error: "no such provider" })
    if (told !== undefined) return sendJson(response, told.status, told.body)
    if (!url.searchParams.get(provider.key)) return sendJson(response, 401, { error: `${provider.key} is missing` })
    if (fault === "provider-down" || (fault === "pack-stale" && name === "polygon")) {
      // What stands before the provider answers: it knows nothing of quotas.
      return sendJson(response, 500, { error: "simulated fault" })
    }

    const minute = Math.floor(Date.now() / 60_000)
    const window = used.get(name as ProviderName)
    const spent = window?.minute === minute ? window.count : 0
    used.set(name as ProviderName, { minute, count: spent + 1 })
    const count = fault === "provider-quota" ? Math.max(spent + 1, Math.ceil(provider.quota * 0.95)) : spent + 1
    const headers = {
      "x-ratelimit-limit": String(provider.quota),
      "x-ratelimit-remaining": String(Math.max(0, provider.quota - count)),
      "x-ratelimit-reset": String((minute + 1) * 60)
    }
    const reply = (): void => {
      if (count > provider.quota) {
        return sendJson(response, 429, { error: "quota exceeded" }, { ...headers, "retry-after": "1" })
      }
      const body = known(closes, `/${rest.join("/")}`, url.searchParams)
      return body === undefined
        ? sendJson(response, 404, { error: "no such resource" }, headers)
        : sendJson(response, 200, body, headers)
    }
    const jitter = (count * 7) % 20
    const timer = setTimeout(reply, fault === "provider-slow" ? 3000 : provider.latency + jitter)
    response.on("close", () => clearTimeout(timer))
  }

  const base = yield* localServer(handle)
  return Simulator.of({
    baseUrl: (provider) => `${base}/${provider}`,
    setFault: (next) => {
      fault = next
    },
    answerWith: (answer) => {
      told = answer
    }
  })
})

export const layer = Layer.effect(Simulator, make)
