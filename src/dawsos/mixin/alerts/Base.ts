/** The six alerts of the base document, under its names and severities and in its order, corrected. */
import { refuse } from "../../../mixin/MixinError.ts"
import * as PromQL from "../../../mixin/PromQL.ts"
import * as Rules from "../../../mixin/Rules.ts"
import { metrics } from "../../metrics.ts"
import { uids } from "../dashboards/uids.ts"
import type { Settings } from "../Settings.ts"
import { countedRequests, failed, tooMany } from "./expressions.ts"

const requests = (where: { readonly status_code?: string | PromQL.Match } = {}) =>
  PromQL.counter(metrics.apiRequestsTotal, where)

const highErrorRate = (settings: Settings): Rules.Alert =>
  Rules.alert({
    name: "HighErrorRate",
    expression: PromQL.greaterThan(
      PromQL.divide(
        countedRequests("5 minutes", { failed: true }),
        PromQL.greaterThan(countedRequests("5 minutes"), settings.errorRatioTraffic)
      ),
      settings.errorRatio
    ),
    for: "2 minutes",
    keepFiringFor: "5 minutes",
    severity: "critical",
    summary: "API requests fail",
    description: "{{ $value | humanizePercentage }} of the API requests of {{ $labels.job }} end with a server error.",
    dashboard: uids.overview,
    runbook: {
      meaning: "Users get server errors (5xx) from the API. A 503 while a pricing pack is being built does not count " +
        "(it is the right answer then); any other 5xx counts at any time, during a build too. The share is over all " +
        "routes and processes of the job, so a failure of one busy route is enough.",
      firstLook: [
        `Which route and code: ${
          Rules.query(PromQL.sum(
            PromQL.rate(requests({ status_code: PromQL.matches("5..") }), "5 minutes"),
            { by: ["endpoint", "status_code"] }
          ))
        }, or the panels "Error Rate" and "API Request Rate" of the overview.`,
        `Mostly 503: is there a pack? ${
          Rules.query(PromQL.gauge(metrics.pricingPackStatus))
        }. \`error\` or \`stale\` at 1 ` +
        "means that requests are refused for want of one: go on with PricingPackStale.",
        "Mostly 504: requests run into the time limit of 30 s. Look at HighResponseTime's page.",
        `Mostly 500: which pattern? ${
          Rules.query(PromQL.top(
            5,
            PromQL.sum(
              PromQL.increase(PromQL.counter(metrics.patternExecutionsTotal, { status: failed }), "10 minutes"),
              { by: ["pattern_id"] }
            )
          ))
        }. Open a trace of it: in Jaeger, service of the backend, tag \`error=true\`, the last 15 minutes; the deepest ` +
        "red span is the cause. The error tracker has the stack trace under the same trace id."
      ],
      usualCauses: [
        "A deploy: the errors began with a new `version` in `dawsos_system_info`.",
        "The database: DatabaseConnectionsHigh or DatabaseQueryErrors fires too.",
        "A provider without an earlier answer to fall back on: ProviderFailing fires too.",
        "No pricing pack that may be served."
      ],
      actions: [
        "Began with a deploy: roll back first, search for the cause afterwards.",
        "Another alert fires for the database, a provider or the pack: follow its page, this one ends by itself " +
        "(5 minutes after the condition has gone).",
        "One pattern only, and nothing else helps: take it out of the list of patterns, so that the others stay usable."
      ]
    }
  })

const by = ["job", "endpoint"] as const

const highResponseTime = (settings: Settings): Rules.Alert => {
  if (!metrics.apiRequestDuration.buckets.includes(settings.responseTime)) {
    refuse(
      "HighResponseTime",
      `responseTime was ${settings.responseTime}, allowed are the bounds ${
        metrics.apiRequestDuration.buckets.join(", ")
      } of ${metrics.apiRequestDuration.name}: a percentile between two of them is a guess`
    )
  }
  return Rules.alert({
    name: "HighResponseTime",
    expression: PromQL.and(
      PromQL.greaterThan(
        PromQL.quantile(0.95, metrics.apiRequestDuration, { by, range: "5 minutes" }),
        settings.responseTime
      ),
      PromQL.greaterThan(
        PromQL.sum(PromQL.rate(PromQL.observations(metrics.apiRequestDuration), "5 minutes"), { by }),
        settings.responseTimeTraffic
      )
    ),
    for: "5 minutes",
    severity: "warning",
    summary: "API responses are slow",
    description: "The 95th percentile of the response time of {{ $labels.endpoint }} ({{ $labels.job }}) is " +
      "{{ $value | humanizeDuration }}.",
    dashboard: uids.overview,
    runbook: {
      meaning: `More than one request in twenty of the route named in the alert takes longer than ` +
        `${settings.responseTime} s, for at least five minutes. What DawsOS promises is 1.2 s warm and 2 s cold.`,
      firstLook: [
        "Panel \"API Response Time\" of the overview: since when, and do all three percentiles rise (everything is " +
        "slow) or only the upper (some requests are)? Click an exemplar near the top: its trace shows where the time goes.",
        `Is it the database? ${
          Rules.query(
            PromQL.quantile(0.95, metrics.dbQueryDuration, { by: ["operation", "table"], range: "5 minutes" })
          )
        } above 0.1 s, or many short queries one after the other in the trace.`,
        `Is it a provider? ${
          Rules.query(PromQL.quantile(0.95, metrics.providerRequestDuration, { by: ["provider"], range: "5 minutes" }))
        } above 2 s.`,
        "Neither: is EventLoopLag firing? Then the process itself is busy."
      ],
      usualCauses: [
        "A provider that answers slowly; each attempt may take 5 s and there are up to four.",
        "A slow database, or a pool whose connections are all in use (DatabaseConnectionsHigh).",
        "A cold cache after a restart: goes by itself within minutes.",
        "A computation that blocks the event loop."
      ],
      actions: [
        "Slow provider: nothing to repair here; tell its status page. Answers that are kept are given again once the " +
        "circuit breaker opens, which takes failures, not slowness: consider a shorter time limit of an attempt.",
        "Slow query: `EXPLAIN (ANALYZE, BUFFERS)` of the statement that the span shows; look for a missing index and " +
        "for locks in `pg_stat_activity` (`wait_event_type = 'Lock'`).",
        "Event loop: take the profile of the process, or add a process."
      ]
    }
  })
}

const pricingPackStale = (settings: Settings): Rules.Alert =>
  Rules.alert({
    name: "PricingPackStale",
    expression: PromQL.greaterThan(
      PromQL.max(PromQL.gauge(metrics.pricingPackFreshness), { by: ["job"] }),
      settings.packAge
    ),
    for: "1 minute",
    severity: "critical",
    summary: "The pricing pack is stale",
    description: "{{ $labels.job }} serves a pricing pack that was marked fresh {{ $value | humanizeDuration }} ago.",
    dashboard: uids.pricingPacks,
    runbook: {
      meaning: "Portfolios are valued at old prices: the nightly pack (00:05, promised by 00:15) was not built, and " +
        `the newest one is older than ${settings.packAge} s.`,
      firstLook: [
        `How did the builds end? ${
          Rules.query(PromQL.sum(
            PromQL.increase(PromQL.counter(metrics.pricingPackBuildsTotal), "1 day"),
            { by: ["status"] }
          ))
        }. No build at all: the schedule does not run. \`error\` or \`defect\`: the build fails.`,
        "Why does it fail? In the log the line `pricing pack was not built`; in the error tracker the transaction " +
        "`pricing pack build`; in Jaeger the operation `pricing_pack.build` with the tag `error=true`.",
        `Prices come from Polygon: ${
          Rules.query(PromQL.sum(
            PromQL.rate(PromQL.counter(metrics.providerRequestsTotal, { provider: "polygon" }), "10 minutes"),
            { by: ["status"] }
          ))
        }.`
      ],
      usualCauses: [
        "Polygon does not answer or its quota is spent (ProviderFailing or ProviderRateLimitLow fires for it).",
        "The build fails for one security: a new symbol, a delisted one, an empty answer.",
        "The process was restarted at 00:05 and the schedule began anew."
      ],
      actions: [
        "Once the cause has gone, the next scheduled build repairs it; a restart of the backend builds at once.",
        "Look into `select id, status, fresh_at from pricing_packs order by asof_date desc limit 5`: a pack that is " +
        "`warming` for hours belongs to a build that died; the next build takes it up again.",
        "Never edit a pack that is `fresh`: packs are immutable and their hash is checked. Tell the users of today's " +
        "reports that prices are yesterday's."
      ]
    }
  })

const databaseConnectionsHigh = (settings: Settings): Rules.Alert => {
  const active = PromQL.gauge(metrics.dbConnectionsActive)
  const maximum = PromQL.greaterThan(PromQL.gauge(metrics.dbConnectionsMax), 0)
  const fullest = { by: ["job"] } as const
  return Rules.alert({
    name: "DatabaseConnectionsHigh",
    expression: PromQL.or(
      PromQL.greaterThan(PromQL.max(PromQL.divide(active, maximum), fullest), settings.connectionsRatio),
      PromQL.greaterThan(PromQL.max(PromQL.unless(active, maximum), fullest), settings.connections)
    ),
    for: "2 minutes",
    severity: "warning",
    summary: "Nearly all database connections are in use",
    description: "The fullest database pool of {{ $labels.job }} is at {{ if gt $value 1.0 }}{{ $value | humanize }} " +
      "connections (its maximum is not known){{ else }}{{ $value | humanizePercentage }} of its connections{{ end }}.",
    dashboard: uids.database,
    runbook: {
      meaning: "Requests are about to wait for a database connection, or do already; once they wait, everything that " +
        "reads the database is slow. Each process has a pool of its own, and the fullest one is looked at; where the " +
        `maximum is not known, ${settings.connections} connections in use are too many.`,
      firstLook: [
        `Which process? ${
          Rules.query(PromQL.divide(PromQL.gauge(metrics.dbConnectionsActive), PromQL.gauge(metrics.dbConnectionsMax)))
        }, by \`instance\`.`,
        "Who holds them? In Postgres: `select state, wait_event_type, count(*), max(now() - state_change) from " +
        "pg_stat_activity where datname = current_database() group by 1, 2 order by 3 desc`.",
        `More traffic, or slower queries? ${Rules.query(PromQL.sum(PromQL.rate(requests(), "5 minutes")))} against ${
          Rules.query(PromQL.quantile(0.95, metrics.dbQueryDuration, { range: "5 minutes" }))
        }.`
      ],
      usualCauses: [
        "`idle in transaction` for minutes: a transaction that waits for something else, such as a provider.",
        "Slow queries or a lock: connections are given back late.",
        "A stream of rows that a slow client reads.",
        "More requests at once than the pool was made for (the herd at 9:30)."
      ],
      actions: [
        "Idle transactions: end the oldest with `select pg_terminate_backend(pid)`; its request fails with 500 once. " +
        "The span of that request names the code that holds the transaction open.",
        "Locks: `select pg_blocking_pids(pid), query from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > " +
        "0` names the one to end.",
        "Herd: raise the pool (`maxConnections`), but keep processes × pool below Postgres's `max_connections`."
      ]
    }
  })
}

const providerRateLimitLow = (settings: Settings): Rules.Alert => {
  const remaining = PromQL.gauge(metrics.providerRateLimitRemaining)
  const limit = PromQL.greaterThan(PromQL.gauge(metrics.providerRateLimitLimit), 0)
  const least = { by: ["job", "provider"] } as const
  const asked = PromQL.sum(PromQL.rate(PromQL.counter(metrics.providerRequestsTotal), "5 minutes"), least)
  return Rules.alert({
    name: "ProviderRateLimitLow",
    expression: PromQL.and(
      PromQL.or(
        PromQL.lessThan(PromQL.min(PromQL.divide(remaining, limit), least), settings.rateLimitRatio),
        PromQL.lessThan(PromQL.min(PromQL.unless(remaining, limit), least), settings.rateLimit)
      ),
      PromQL.greaterThan(asked, 0)
    ),
    for: "1 minute",
    severity: "warning",
    summary: "A provider's quota is nearly used up",
    description: "{{ $labels.provider }} allows {{ $labels.job }} " +
      "{{ if lt $value 1.0 }}only {{ $value | humanizePercentage }} of its quota{{ else }}{{ $value | humanize }} " +
      "more requests (its limit is not known){{ end }}.",
    dashboard: uids.providers,
    runbook: {
      meaning: "The provider will soon answer 429. Until its window ends, answers that are kept are given again " +
        "(status `degraded`), and what was never asked before fails. Providers that nobody asks are left out: their " +
        "last value stays as it was.",
      firstLook: [
        `What is left: ${Rules.query(PromQL.gauge(metrics.providerRateLimitRemaining))} of ${
          Rules.query(PromQL.gauge(metrics.providerRateLimitLimit))
        }.`,
        `Who asks so much? ${
          Rules.query(PromQL.sum(
            PromQL.rate(PromQL.counter(metrics.providerRequestsTotal), "5 minutes"),
            { by: ["provider", "endpoint", "status"] }
          ))
        }. Many \`error\` are retries, each of which costs quota.`,
        `Does it hurt already? ${
          Rules.query(PromQL.sum(
            PromQL.rate(PromQL.counter(metrics.agentCapabilityCallsTotal, { status: "degraded" }), "5 minutes"),
            { by: ["capability"] }
          ))
        }.`
      ],
      usualCauses: [
        "A job (pack build, reports) that asks for many symbols at once.",
        "Retries of failing requests: ProviderFailing fires too.",
        "The same key used by another environment.",
        "A cache that keeps nothing (Redis gone), so that every request asks."
      ],
      actions: [
        "Wait for the window to end where it is a minute (NewsAPI 30, FRED 60, Polygon 100, FMP 120 a minute).",
        "A daily quota: stop the job, lengthen `maxAge` of the request, or buy quota.",
        "Another environment: give it a key of its own."
      ]
    }
  })
}

const patternExecutionFailure = (settings: Settings): Rules.Alert => {
  const executions = (where: { readonly status?: PromQL.Match<"error" | "defect"> } = {}) =>
    PromQL.sum(PromQL.increase(PromQL.counter(metrics.patternExecutionsTotal, where), "10 minutes"), {
      by: ["job", "pattern_id"]
    })
  return Rules.alert({
    name: "PatternExecutionFailure",
    expression: tooMany({
      part: executions({ status: failed }),
      whole: executions(),
      above: settings.patternFailureRatio,
      atLeast: settings.patternFailures
    }),
    for: "2 minutes",
    severity: "critical",
    summary: "A pattern fails",
    description:
      "{{ $value | humanizePercentage }} of the executions of {{ $labels.pattern_id }} ({{ $labels.job }}) " +
      "failed in the last ten minutes.",
    dashboard: uids.patterns,
    runbook: {
      meaning: "Users of one pattern get an error instead of its result. Wrong inputs and unknown patterns do not " +
        `count, they are refused before. At least ${settings.patternFailures} failures in ten minutes.`,
      firstLook: [
        `Which capability does it fail at? ${
          Rules.query(PromQL.sum(
            PromQL.increase(PromQL.counter(metrics.agentCapabilityCallsTotal, { status: failed }), "10 minutes"),
            { by: ["capability"] }
          ))
        }. None: the pattern's own text is wrong (a template or a condition).`,
        "Open a failing trace: dashboard \"Patterns and capabilities\", an exemplar of the pattern's duration; or in " +
        "Jaeger the operation of the pattern with the tag `error=true`. The error event of the same trace id has the " +
        "step and the cause (`pattern … failed at …`).",
        "`defect` rather than `error` in the panel \"Pattern Execution Rate\": a bug in code, not an outage."
      ],
      usualCauses: [
        "A changed pattern: a mistyped template such as `{{state.postions}}`, a renamed state key.",
        "A capability that fails (CapabilityFailing fires too), because of the database or of a provider.",
        "The time limit of 30 s: then the failures are as slow as that."
      ],
      actions: [
        "Changed pattern: put the former version back.",
        "Capability: go on with CapabilityFailing.",
        "A bug: roll back to the version before; the error event names the line."
      ]
    }
  })
}

/** The group `dawsos.rules`. */
export const group = (settings: Settings): Rules.Group => ({
  name: "dawsos.rules",
  rules: [
    highErrorRate(settings),
    highResponseTime(settings),
    pricingPackStale(settings),
    databaseConnectionsHigh(settings),
    providerRateLimitLow(settings),
    patternExecutionFailure(settings)
  ]
})
