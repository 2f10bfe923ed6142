// A failure with what an error tracker is told of it: a stack of 20 frames and 5 KB of context, as a request leaves
// them that has asked a database and a provider before it failed.
import { seeded } from "../../scripts/Random.ts"

/** A step before the failure. */
export interface Step {
  readonly category: string
  readonly message: string
  readonly level: "info" | "warning" | "error"
  readonly data: Readonly<Record<string, unknown>>
}

/** The context of one failure. */
export interface Incident {
  readonly steps: ReadonlyArray<Step>
  readonly tags: Readonly<Record<string, string>>
  readonly attributes: Readonly<Record<string, unknown>>
}

export const release = "bench@1.0.0"
export const environment = "production"
export const service = { name: "bench", version: "1.0.0", environment }

/** Frames of a stack. */
export const frames = 20

/** Steps of an incident. */
export const steps = 18

/** Stands in some of the steps: what is scrubbed has it no more. */
export const secret = "sk-5f2d9c1e7b3a4086"

/** What is left of an incident's JSON by a scrubber that takes the secrets and what is named `key`, and nothing else. */
export const scrubbed = (json: string): string =>
  json.replaceAll(secret, redacted).replaceAll(/"key":"[^"]*"/g, `"key":"${redacted}"`)

const redacted = "[redacted]"

const places = [
  "PricingService.quoteOf (file:///srv/app/src/services/PricingService.ts:118:21)",
  "PricingService.packOf (file:///srv/app/src/services/PricingService.ts:74:15)",
  "async LedgerService.positionsOf (file:///srv/app/src/services/LedgerService.ts:203:9)",
  "async valuedPositions (file:///srv/app/src/agents/FinancialAnalyst.ts:57:30)",
  "async file:///srv/app/src/orchestrator/PatternOrchestrator.ts:142:18"
]

// Each of the failure's own, since a stack says first what the failure said.
const stackOf = (message: string): string => {
  const lines = Array.from({ length: frames }, (_, n) =>
    n < places.length
      ? `    at ${places[n]}`
      : `    at Router.step${n} (file:///srv/app/node_modules/some-router/dist/layer${n % 7}.js:${100 + n * 13}:${
        5 + n
      })`)
  return [`Error: ${message}`, ...lines].join("\n")
}

/** What differs from incident to incident: all of it is drawn anew for each. */
interface Drawn {
  readonly id: (prefix: string) => string
  readonly uuid: () => string
  readonly whole: (below: number) => number
  readonly amount: () => string
  readonly millis: () => number
  readonly time: () => string
  /** One of those that a market has: these alone come again. */
  readonly symbol: () => string
}

const start = Date.UTC(2025, 10, 23, 10)

const drawn = (n: number): Drawn => {
  const random = seeded(n + 1)
  const whole = (below: number): number => Math.floor(random() * below)
  const hex = (digits: number): string => Array.from({ length: digits }, () => whole(16).toString(16)).join("")
  return {
    id: (prefix) => `${prefix}_${whole(2 ** 31).toString(36)}${whole(2 ** 31).toString(36)}`,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    whole,
    amount: () => (random() * 1e5).toFixed(2),
    millis: () => Math.round(random() * 1e5) / 1e3,
    // Some seconds from one incident to the next.
    time: () => new Date(start + n * 7_001 + whole(5_000)).toISOString(),
    symbol: () => `S${whole(5_000)}`
  }
}

/** What the n-th failure says. */
const messageOf = (n: number): string => {
  const { amount, symbol, time, uuid } = drawn(n)
  return `incident ${n}: no price for security ${symbol()} in pack ${uuid()} as of ${time()}, position of ${amount()} EUR`
}

/** The n-th error. */
export const errorOf = (n: number): Error => {
  const message = messageOf(n)
  const error = new Error(message)
  error.stack = stackOf(message)
  return error
}

const stepOf = ({ amount, id, millis, symbol, time, uuid, whole }: Drawn, at: number): Step => {
  switch (at % 4) {
    case 0:
      return {
        category: "db",
        message: "SELECT positions",
        level: "info",
        data: {
          statement: "SELECT id, quantity, cost_basis FROM positions WHERE portfolio_id = $1 AND as_of = $2",
          parameters: [uuid(), time()],
          rows: whole(400),
          duration_ms: millis()
        }
      }
    case 1:
      return {
        category: "operation",
        message: `pricing.apply_pack in run ${uuid()}`,
        level: "info",
        data: {
          agent: "financial_analyst",
          pack: id("pack"),
          status: "success",
          value: amount(),
          duration_ms: millis()
        }
      }
    case 2: {
      const asked = symbol()
      return {
        category: "http",
        message: `GET https://provider.example/v3/quote/${asked}`,
        level: at % 8 === 2 ? "warning" : "info",
        data: {
          url: `https://provider.example/v3/quote/${asked}?apikey=${secret}&at=${time()}`,
          status_code: 200,
          attempt: 1 + at % 3
        }
      }
    }
    default: {
      const asked = symbol()
      return {
        category: "log",
        message: `cache miss for quote of ${asked}: asked the provider, which took ${millis()} ms`,
        level: "warning",
        data: { key: `quote:${asked}`, age_s: millis(), tried: ["memory", "redis"], fresh: false }
      }
    }
  }
}

/** The n-th incident: nothing that differs from request to request in real ones has been in one before. */
export const make = (n: number): Incident => {
  const values = drawn(n)
  const { amount, id, millis, symbol, time, uuid, whole } = values
  return {
    steps: Array.from({ length: steps }, (_, at) => stepOf(values, at)),
    tags: {
      region: "eu-west-1",
      pattern: "portfolio_overview",
      agent: "financial_analyst",
      capability: "pricing.apply_pack",
      pack: id("pack"),
      attempt: String(1 + whole(3)),
      build: `2025.11.${whole(30)}`,
      tier: "standard"
    },
    attributes: {
      security: { symbol: symbol(), currency: "EUR", exchange: "XETR", lots: [amount(), amount(), whole(1e4)] },
      policy: `staleness limit 60 s; the pack of ${time()} was older, and the provider had no price for the day`,
      request: uuid(),
      elapsed_ms: millis(),
      "http.request.method": "POST",
      "http.route": "/v1/execute",
      "server.address": "api.internal.example",
      retries: whole(3),
      warm: true
    }
  }
}

/** Bytes of the context as JSON. */
export const bytes = ({ attributes, steps, tags }: Incident): number =>
  Buffer.byteLength(JSON.stringify({ attributes, steps, tags }))
