// A failure with what an error tracker is told of it: a stack of 20 frames and 5 KB of context, as a request leaves
// them that has asked a database and a provider before it failed.

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
export const steps = 24

/** Stands in one of the steps: what is scrubbed has it no more. */
export const secret = "sk-5f2d9c1e7b3a4086"

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

/** A new error, of its own message. */
export const errorOf = (n: number): Error => {
  const message = `no price for security ${n % 10_000} in pack PP-2025-11-${10 + n % 20}`
  const error = new Error(message)
  error.stack = stackOf(message)
  return error
}

const stepOf = (n: number, at: number): Step => {
  switch (at % 4) {
    case 0:
      return {
        category: "db",
        message: "SELECT positions",
        level: "info",
        data: {
          statement: "SELECT id, quantity, cost_basis FROM positions WHERE portfolio_id = $1 AND as_of = $2",
          rows: 40 + n % 20,
          duration_ms: 3.25 + at
        }
      }
    case 1:
      return {
        category: "operation",
        message: "pricing.apply_pack",
        level: "info",
        data: {
          agent: "financial_analyst",
          pack: `PP-2025-11-${10 + n % 20}`,
          status: "success",
          duration_ms: 12.5 + at
        }
      }
    case 2:
      return {
        category: "http",
        message: `GET https://provider.example/v3/quote/S${n % 500}`,
        level: at % 8 === 2 ? "warning" : "info",
        data: {
          url: `https://provider.example/v3/quote/S${n % 500}?apikey=${secret}&fields=price,volume`,
          status_code: 200,
          attempt: 1 + at % 3
        }
      }
    default:
      return {
        category: "log",
        message: `cache miss for quote of S${n % 500}: asked the provider, which took ${100 + n % 50} ms`,
        level: "warning",
        data: { key: `quote:S${n % 500}`, age_s: 61 + at, tried: ["memory", "redis"], fresh: false }
      }
  }
}

/** Incidents differ in ids and numbers. */
export const make = (n: number): Incident => ({
  steps: Array.from({ length: steps }, (_, at) => stepOf(n, at)),
  tags: {
    region: "eu-west-1",
    pattern: "portfolio_overview",
    agent: "financial_analyst",
    capability: "pricing.apply_pack",
    pack: `PP-2025-11-${10 + n % 20}`,
    attempt: String(1 + n % 3),
    build: `2025.11.${n % 30}`,
    tier: "standard"
  },
  attributes: {
    security: { symbol: `S${n % 500}`, currency: "EUR", exchange: "XETR", lots: [100, 250, 40 + n % 10] },
    policy: "staleness limit 60 s; the pack was older, and the provider had no price for the day",
    "http.request.method": "POST",
    "http.route": "/v1/execute",
    "server.address": "api.internal.example",
    retries: n % 3,
    warm: true
  }
})

/** How many incidents take turns. */
export const kinds = 64

/** How errors are measured: in batches of fewer than any queue on their way holds. */
export const effort = { unit: 50, sampleMillis: 40, rounds: 25 }

/** A candidate's `run`. */
export const batches = (capture: (count: number) => Promise<void>) => async (count: number): Promise<void> => {
  for (let done = 0; done < count; done += effort.unit) await capture(Math.min(effort.unit, count - done))
}

/** Bytes of the context as JSON. */
export const bytes = ({ attributes, steps, tags }: Incident): number =>
  Buffer.byteLength(JSON.stringify({ attributes, steps, tags }))
