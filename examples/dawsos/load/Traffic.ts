/** Clients of the API: they stand outside the program, so they use plain `fetch` and leave no span or count. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { demoPortfolios } from "../database/Seed.ts"
import { Settings } from "../Settings.ts"

interface Call {
  readonly method: "GET" | "POST" | "DELETE"
  readonly path: string
  readonly body?: unknown
  readonly token?: string | null
}

const [growth, income, balanced] = demoPortfolios

const execute = (pattern_id: string, inputs: Readonly<Record<string, unknown>> = {}, token = "demo-ada"): Call => ({
  method: "POST",
  path: "/v1/execute",
  body: { pattern_id, inputs },
  token
})
const get = (path: string, token: string | null = "demo-ada"): Call => ({ method: "GET", path, token })

const alert = {
  condition: { alert_type: "price", symbol: "IBM", below: 10 },
  delivery_method: "inapp",
  cooldown_minutes: 60
}

const maxOpen = 32

/** One round of everything that clients do, what goes wrong in daily life included. */
export const round: ReadonlyArray<Call> = [
  get("/health", null),
  get("/api/patterns/list", null),
  execute("portfolio_overview", { portfolio_id: growth.id }),
  get("/api/quotes/AAPL"),
  execute("buffett_checklist", { security_id: "MSFT" }),
  execute("news_impact_analysis", { portfolio_id: income.id, create_alert: true }),
  get(`/api/metrics/${growth.id}`),
  execute("policy_rebalance", { portfolio_id: growth.id }),
  execute("portfolio_macro_overview", { portfolio_id: balanced.id }, "demo-grace"),
  get("/api/quotes/IBM"),
  execute("macro_cycles_overview"),
  { method: "POST", path: "/api/alerts", body: alert, token: "demo-grace" },
  get("/api/alerts", "demo-grace"),
  execute("export_portfolio_report", { portfolio_id: income.id }),
  execute("holding_deep_dive", { symbol: "GOOG" }),
  get("/health/pack", null),
  // Expected refusals: a foreign portfolio, an unknown pattern, symbol and token, a wrong input.
  execute("portfolio_overview", { portfolio_id: balanced.id }),
  execute("no_such_pattern"),
  get("/api/quotes/NOPE"),
  get("/api/alerts", "demo-nobody"),
  execute("portfolio_overview", { portfolio_id: growth.id, lookback_days: "a year" }),
  execute("portfolio_overview", { portfolio_id: income.id, lookback_days: 504 }),
  get(`/api/metrics/${income.id}`)
]

/**
 * The one request that fails on purpose: an index has no fundamentals, so the agent fails and the API answers 500. It is
 * sent until that has happened once, and shows how an error event looks without making an alert fire.
 */
export const failing = execute("buffett_checklist", { security_id: "SPX" })

export class Traffic extends Context.Service<Traffic, {
  /** Answers so far by status code; 0 counts calls that got none. */
  readonly statuses: ReadonlyMap<number, number>
}>()("dawsos/Traffic") {}

/** Calls the API at the rate of the settings, several at a time, until the scope closes. */
export const layer = (baseUrl: string) =>
  Layer.effect(
    Traffic,
    Effect.gen(function*() {
      const { trafficRate } = yield* Settings
      const statuses = new Map<number, number>()
      const created: Array<string> = []
      let failed = false

      const send = (call: Call) =>
        Effect.promise(async (signal) => {
          const answer = await fetch(baseUrl + call.path, {
            method: call.method,
            signal,
            headers: {
              ...(call.token ? { authorization: `Bearer ${call.token}` } : {}),
              ...(call.body === undefined ? {} : { "content-type": "application/json" })
            },
            ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) })
          }).then(async (response) => {
            const text = await response.text()
            if (response.status === 201) created.push(JSON.parse(text).id)
            return response.status
          }, () => 0)
          if (call === failing) failed = answer === 500
          statuses.set(answer, (statuses.get(answer) ?? 0) + 1)
        }).pipe(
          (self) => Effect.andThen(Effect.sync(() => open++), self),
          Effect.ensuring(Effect.sync(() => open--))
        )

      let next = 0
      let open = 0
      const one = Effect.suspend(() => {
        // Clients give up asking when nobody answers.
        if (open >= maxOpen) return Effect.void
        const id = created.shift()
        if (id !== undefined) return send({ method: "DELETE", path: `/api/alerts/${id}`, token: "demo-grace" })
        const call = next++ % round.length === 8 && !failed ? failing : round[next % round.length]
        return call === undefined ? Effect.void : send(call)
      })
      if (trafficRate > 0) {
        yield* Effect.forkScoped(one).pipe(
          Effect.repeat(Schedule.spaced(Duration.millis(1000 / trafficRate))),
          Effect.forkScoped
        )
      }
      return Traffic.of({ statuses })
    })
  )
