/** What can be made to go wrong, the alert that each is to raise, and how it shows in the metrics. */
import type { Figures } from "./view/Figures.ts"

/** A figure that an alert compares with its threshold. */
export interface Symptom {
  readonly text: string
  /** Nothing where that cannot be told. */
  readonly shows: boolean | undefined
}

/** Checks of the summary that may not hold under a fault. */
export type Spoiled = "pack" | "requests" | "event"

interface Description {
  readonly meaning: string
  readonly alert: string
  readonly symptom: (figures: Figures) => Symptom
  readonly spoils?: ReadonlyArray<Spoiled>
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

const over = (what: string, value: number, threshold: number, format = percent): Symptom => ({
  text: `${what}: ${format(value)} (alert above ${format(threshold)})`,
  shows: value > threshold
})

const share = (part: number, whole: number): number => whole === 0 ? 0 : part / whole

const slowestRoute = (figures: Figures): Symptom => {
  const name = "dawsos_api_request_duration_seconds"
  const slow = figures.groups(`${name}_count`, "endpoint").filter(({ value }) => value >= 3)
    .map(({ key }) => figures.quantile(name, 0.95, { endpoint: key }) ?? 0)
  return over("p95 of the slowest route", Math.max(0, ...slow), 2, (seconds) => `${seconds.toFixed(2)} s`)
}

export const faults = {
  "provider-down": {
    meaning: "market data providers answer 500",
    alert: "ProviderFailing",
    symptom: (figures) => {
      const all = figures.total("dawsos_provider_requests_total")
      return over(
        "provider requests that fail",
        share(all - figures.total("dawsos_provider_requests_total", { status: "success" }), all),
        0.05
      )
    }
  },
  "provider-slow": {
    meaning: "market data providers take three seconds to answer",
    alert: "HighResponseTime",
    symptom: slowestRoute,
    spoils: ["requests", "event"]
  },
  "provider-quota": {
    meaning: "market data providers have almost no quota left",
    alert: "ProviderRateLimitLow",
    symptom: (figures) => {
      const left = figures.groups("dawsos_provider_rate_limit_remaining", "provider").map(({ key, value }) =>
        share(value, figures.total("dawsos_provider_rate_limit_limit", { provider: key }))
      )
      const least = Math.min(1, ...left)
      return { text: `least quota left: ${percent(least)} (alert below ${percent(0.1)})`, shows: least < 0.1 }
    }
  },
  "database-slow": {
    meaning: "every answer of the database takes 100 ms longer",
    alert: "HighResponseTime",
    symptom: slowestRoute,
    spoils: ["pack", "requests", "event"]
  },
  "database-exhausted": {
    meaning:
      "idle transactions hold nearly all database connections; needs DATABASE_URL, the embedded one has a single one",
    alert: "DatabaseConnectionsHigh",
    symptom: (figures) => {
      const max = figures.total("dawsos_db_connections_max")
      return max === 1
        ? { text: "the embedded database has one connection", shows: undefined }
        : over("database connections in use", share(figures.total("dawsos_db_connections_active"), max), 0.8)
    },
    spoils: ["pack", "requests", "event"]
  },
  "pack-stale": {
    meaning: "the newest pricing pack is 26 hours old and its build fails",
    alert: "PricingPackStale",
    symptom: (figures) =>
      over(
        "age of the pricing pack",
        figures.total("dawsos_pricing_pack_freshness_seconds"),
        90_000,
        (seconds) => `${Math.round(seconds)} s`
      ),
    spoils: ["pack"]
  },
  "pattern-broken": {
    meaning: "one pattern was deployed with a mistyped template",
    alert: "PatternExecutionFailure",
    symptom: (figures) => {
      const name = "dawsos_pattern_executions_total"
      const failing = figures.groups(name, "pattern_id").map(({ key, value }) => {
        const failures = figures.total(name, { pattern_id: key, status: "error" }) +
          figures.total(name, { pattern_id: key, status: "defect" })
        return failures < 3 ? 0 : share(failures, value)
      })
      return over("failing executions of the worst pattern", Math.max(0, ...failing), 0.05)
    }
  },
  "error-storm": {
    meaning: "half of all pattern executions hit a defect",
    alert: "HighErrorRate",
    symptom: (figures) => over("requests answered with 5xx, without 503", figures.serverErrors(), 0.05)
  },
  "collector-down": {
    meaning: "the trace collector refuses connections",
    alert: "SpansDropped",
    symptom: (figures) => {
      const dropped = figures.total("dawsos_observability_spans_dropped_total")
      const again = figures.total("dawsos_observability_spans_retried_total")
      // Nothing is lost before the queue is full or a span was sent five times.
      return { text: `spans dropped: ${dropped} (alert above 0), sent again: ${again}`, shows: dropped + again > 0 }
    },
    spoils: ["event"]
  }
} as const satisfies Record<string, Description>

export type Fault = keyof typeof faults

export const isFault = (name: string): name is Fault => Object.hasOwn(faults, name)

/** The description of a fault, whatever it is. */
export const describe = (fault: Fault): Description => faults[fault]
