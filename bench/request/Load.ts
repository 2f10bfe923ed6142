// What the clients of the reference program do: a mix of requests as fast as they are answered, the same at a fixed
// rate, and everyone at once.
import autocannon from "autocannon"
import { demoPortfolios } from "../../examples/dawsos/database/Seed.ts"
import { quantile } from "../../scripts/Trend.ts"
import * as OpenLoop from "../host/OpenLoop.ts"

const [growth, income, balanced] = demoPortfolios

const get = (path: string, token = "demo-ada"): OpenLoop.Request => ({
  method: "GET",
  path,
  headers: { authorization: `Bearer ${token}` }
})

const execute = (
  pattern_id: string,
  inputs: Readonly<Record<string, unknown>>,
  token = "demo-ada"
): OpenLoop.Request => ({
  method: "POST",
  path: "/v1/execute",
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body: JSON.stringify({ pattern_id, inputs })
})

/**
 * Nothing that asks a data provider, whose quotas are a few requests a minute; two of twelve are refused, as in daily
 * life.
 */
const mix: ReadonlyArray<OpenLoop.Request> = [
  execute("portfolio_overview", { portfolio_id: growth.id }),
  get(`/api/metrics/${growth.id}`),
  get("/api/patterns/list"),
  execute("portfolio_overview", { portfolio_id: income.id, lookback_days: 504 }),
  get("/api/alerts"),
  execute("portfolio_macro_overview", { portfolio_id: balanced.id }, "demo-grace"),
  execute("portfolio_overview", { portfolio_id: balanced.id }),
  execute("export_portfolio_report", { portfolio_id: income.id }),
  get("/api/patterns/list"),
  get(`/api/metrics/${income.id}`),
  get("/api/alerts", "demo-nobody"),
  execute("portfolio_overview", { portfolio_id: balanced.id }, "demo-grace")
]

/** What clients want to see when the market opens. */
const opening: ReadonlyArray<OpenLoop.Request> = [
  execute("portfolio_overview", { portfolio_id: growth.id }),
  execute("portfolio_overview", { portfolio_id: income.id }),
  execute("portfolio_overview", { portfolio_id: balanced.id }, "demo-grace")
]

/** The one request that fails on purpose, and is reported: an index has no fundamentals. */
export const failing: OpenLoop.Request = execute("buffett_checklist", { security_id: "SPX" })

/** What came of a load. */
export interface Outcome {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** How often each status was answered, in the order of the statuses; what is no answer is there by its message. */
  readonly answers: string
}

const connections = 16

const told = (answers: Iterable<readonly [string, number]>): string =>
  [...answers].sort(([a], [b]) => a < b ? -1 : 1).map(([answer, count]) => `${count} × ${answer}`).join(", ")

/** As many requests as are answered, by as many clients as wait for their answer each. */
export const closed = async (port: number, seconds: number): Promise<Outcome> => {
  let client = 0
  const { duration, errors, latency, requests, statusCodeStats = {} } = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration: seconds,
    // Each begins elsewhere in the mix: they would ask for the same at the same time.
    setupClient: (each) => {
      const first = client++ % mix.length
      each.setRequests([...mix.slice(first), ...mix.slice(0, first)].map((request) => ({ ...request })))
    }
  })
  const statuses = Object.entries(statusCodeStats).map(([status, { count = 0 }]) => [status, count] as const)
  return {
    requests: requests.total,
    seconds: duration,
    p50: latency.p50,
    p99: latency.p99,
    answers: told(errors > 0 ? [...statuses, ["no answer", errors]] : statuses)
  }
}

const status = (code: number): string => String(code)

/** The mix at a fixed rate. */
export const open = async (port: number, rate: number, seconds: number): Promise<Outcome> => {
  const { answers, latencies } = await OpenLoop.load(port, mix, { rate, seconds, answer: status, connections: 256 })
  return {
    requests: latencies.length,
    seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    answers: told(answers)
  }
}

/** What a herd got. */
export interface Wave {
  /** Milliseconds. */
  readonly p50: number
  readonly p95: number
  readonly answers: string
}

const herdSize = 200

/** 200 clients within a millisecond, each with a connection of its own. */
export const herd = async (port: number): Promise<Wave> => {
  const seconds = 0.001
  const options = { rate: herdSize / seconds, seconds, answer: status, connections: herdSize }
  const { answers, latencies } = await OpenLoop.load(port, opening, options)
  return { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95), answers: told(answers) }
}

/** Asks for one thing once. */
export const once = async (port: number, request: OpenLoop.Request): Promise<void> => {
  await OpenLoop.load(port, [request], { rate: 1, seconds: 1, answer: status })
}
