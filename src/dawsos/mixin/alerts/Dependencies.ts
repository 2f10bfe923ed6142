/** What the program depends on: the database, the providers, the capabilities of its agents. */
import * as PromQL from "../../../mixin/PromQL.ts"
import * as Rules from "../../../mixin/Rules.ts"
import { metrics } from "../../metrics.ts"
import { uids } from "../dashboards/uids.ts"
import type { Settings } from "../Settings.ts"
import { failed, tooMany } from "./expressions.ts"

const range = "10 minutes"

const databaseQueryErrors = (settings: Settings): Rules.Alert => {
  const by = ["job", "table"] as const
  const errors = PromQL.increase(PromQL.counter(metrics.dbQueryErrorsTotal), range)
  return Rules.alert({
    name: "DatabaseQueryErrors",
    expression: tooMany({
      part: PromQL.sum(errors, { by }),
      whole: PromQL.sum(PromQL.increase(PromQL.counter(metrics.dbQueriesTotal), range), { by }),
      above: settings.queryErrorRatio,
      atLeast: settings.queryErrors
    }),
    for: "2 minutes",
    severity: "warning",
    summary: "Database statements fail",
    description: "{{ $value | humanizePercentage }} of the statements on {{ $labels.table }} ({{ $labels.job }}) " +
      "failed in the last ten minutes.",
    dashboard: uids.database,
    runbook: {
      meaning: "Statements on one table (`none`: begin, commit and rollback) end with an error. If users notice, " +
        "PatternExecutionFailure or HighErrorRate fires too; if only this one does, something in the background " +
        "fails: the audit log, the dead-letter queue, the pack's job.",
      firstLook: [
        `Which operation? ${Rules.query(PromQL.sum(errors, { by: ["operation", "table"] }))}.`,
        "What does Postgres say? A span of the table with the tag `error=true` in Jaeger has the SQLSTATE and the " +
        "statement; Postgres's own log has the same line.",
        "All tables at once: the connection is gone, not a statement. `pg_isready` from the backend's host."
      ],
      usualCauses: [
        "A migration that is missing, or one that is too new for the running version (`42P01`, `42703`).",
        "A constraint that new data violate (`23505`, `23503`).",
        "Postgres restarted, full (`53100`), or out of connections (`53300`).",
        "The command timeout of 60 s (`57014`)."
      ],
      actions: [
        "After a deploy: roll the program back; a migration is rolled forward, not back.",
        "Disk full: free space first (old WAL of a dead replication slot: `pg_replication_slots`), then see why.",
        "Timeout: go on with HighResponseTime's step on slow queries."
      ]
    }
  })
}

const providerFailing = (settings: Settings): Rules.Alert => {
  const by = ["job", "provider"] as const
  const requests = (where: { readonly status?: PromQL.Match<"error" | "defect"> } = {}) =>
    PromQL.increase(PromQL.counter(metrics.providerRequestsTotal, where), range)
  return Rules.alert({
    name: "ProviderFailing",
    expression: tooMany({
      part: PromQL.sum(requests({ status: failed }), { by }),
      whole: PromQL.sum(requests(), { by }),
      above: settings.providerFailureRatio,
      atLeast: settings.providerFailures
    }),
    for: "2 minutes",
    severity: "warning",
    summary: "A market data provider fails",
    description: "{{ $value | humanizePercentage }} of the requests of {{ $labels.job }} to {{ $labels.provider }} " +
      "failed in the last ten minutes.",
    dashboard: uids.providers,
    runbook: {
      meaning: "A provider answers with errors, late or not at all; each attempt counts. What users see is milder: " +
        "the last good answer is given again, marked `degraded`, and only what was never asked before fails.",
      firstLook: [
        `Which endpoint? ${Rules.query(PromQL.sum(requests({ status: failed }), { by: ["provider", "endpoint"] }))}.`,
        "How does it fail? A span of the provider with the tag `error=true` in Jaeger: the status code, or a timeout. " +
        "401 and 403: the key. 429: the quota (ProviderRateLimitLow). 5xx and timeouts: the provider.",
        `Does it reach users? ${
          Rules.query(PromQL.sum(
            PromQL.rate(PromQL.counter(metrics.patternExecutionsTotal, { status: "degraded" }), "5 minutes"),
            { by: ["pattern_id"] }
          ))
        }, and HighErrorRate.`
      ],
      usualCauses: [
        "An outage of the provider: its status page, and other endpoints of it fail too.",
        "An expired or revoked API key.",
        "A quota that is spent.",
        "Our way out: DNS, proxy, firewall. Then all providers fail at once."
      ],
      actions: [
        "Provider down: wait; the circuit breaker asks again every minute. Polygon at night: the pack is at risk, look " +
        "again at 00:15.",
        "Key: renew it and restart the backend.",
        "All providers: from the backend's host, `curl -sS -o /dev/null -w '%{http_code}' https://api.polygon.io`."
      ]
    }
  })
}

const capabilityFailing = (settings: Settings): Rules.Alert => {
  const by = ["job", "agent_name", "capability"] as const
  const calls = (where: { readonly status?: PromQL.Match<"error" | "defect"> } = {}) =>
    PromQL.sum(PromQL.increase(PromQL.counter(metrics.agentCapabilityCallsTotal, where), range), { by })
  return Rules.alert({
    name: "CapabilityFailing",
    expression: tooMany({
      part: calls({ status: failed }),
      whole: calls(),
      above: settings.capabilityFailureRatio,
      atLeast: settings.capabilityFailures
    }),
    for: "2 minutes",
    severity: "warning",
    summary: "A capability of an agent fails",
    description:
      "{{ $value | humanizePercentage }} of the calls of {{ $labels.capability }} ({{ $labels.agent_name }}, " +
      "{{ $labels.job }}) failed in the last ten minutes.",
    dashboard: uids.patterns,
    runbook: {
      meaning: "Every pattern with this step fails at it. If users notice, PatternExecutionFailure fires for those " +
        "patterns, and the cause is here.",
      firstLook: [
        `Errors or defects? ${
          Rules.query(PromQL.sum(PromQL.rate(PromQL.counter(metrics.agentCapabilityCallsTotal), "5 minutes"), {
            by: ["capability", "status"]
          }))
        }. A defect is a bug in code.`,
        "Dashboard \"Patterns and capabilities\": an exemplar of the capability; in its trace, the span below the " +
        "capability's is what failed: a service, a statement, a provider.",
        `Which service? ${
          Rules.query(
            PromQL.sum(PromQL.increase(PromQL.counter(metrics.serviceCallsTotal, { status: failed }), range), {
              by: ["service_name", "method"]
            })
          )
        }.`
      ],
      usualCauses: [
        "The database (DatabaseQueryErrors) or a provider (ProviderFailing).",
        "Data that the capability does not expect: a security without fundamentals, a portfolio without flows.",
        "A deploy that changed it."
      ],
      actions: [
        "A dependency: follow its alert's page.",
        "Data: the error event has the inputs (scrubbed) and the portfolio's pseudonym; mend the data or handle the case.",
        "Deploy: roll back to the version before, then compare a trace of each."
      ]
    }
  })
}

/** The group `dawsos.dependencies`. */
export const group = (settings: Settings): Rules.Group => ({
  name: "dawsos.dependencies",
  rules: [databaseQueryErrors(settings), providerFailing(settings), capabilityFailing(settings)]
})
