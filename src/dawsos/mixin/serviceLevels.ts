/** What DawsOS promises, as objectives: rules, alerts and panels come of them. */
import * as PromQL from "../../mixin/PromQL.ts"
import * as Rules from "../../mixin/Rules.ts"
import * as ServiceLevel from "../../mixin/ServiceLevel.ts"
import { metrics } from "../metrics.ts"
import { countedRequests } from "./alerts/expressions.ts"
import { uids } from "./dashboards/uids.ts"
import type { Settings } from "./Settings.ts"

/**
 * Uptime of 99.5 %: API requests that do not end with a server error. A 4xx that the client caused is a good answer; a
 * 503 while a pricing pack is being built is neither good nor bad, it is left out.
 */
const availability = (settings: Settings): ServiceLevel.ServiceLevel<"job"> =>
  ServiceLevel.make({
    id: "dawsos_api_availability",
    alert: "ApiAvailabilityBurnRate",
    title: "API availability",
    target: settings.availabilityTarget,
    window: "30 days",
    by: ["job"],
    indicator: ServiceLevel.events({
      total: (range) => countedRequests(range),
      bad: (range) => countedRequests(range, { failed: true })
    }),
    dashboard: uids.serviceLevels,
    runbook: {
      meaning:
        "Users get more server errors than the promised uptime allows. `critical` at the present rate spends a " +
        "month's allowance within days: act now. `warning` means a slow leak: find it within the working day. " +
        "Refusals that clients cause (4xx) and 503 during the build of a pricing pack do not count.",
      firstLook: [
        "Dashboard \"Service levels\": how much of the budget is left, and which window burns? A high short window " +
        "and a low long one is a fresh failure; the other way round, it is over and the alert is about to end.",
        `Which route and code spent it: ${
          Rules.query(PromQL.top(
            5,
            PromQL.sum(
              PromQL.increase(
                PromQL.counter(metrics.apiRequestsTotal, { status_code: PromQL.matches("5..") }),
                "6 hours"
              ),
              { by: ["endpoint", "status_code"] }
            )
          ))
        }.`,
        "Does HighErrorRate fire too? Then follow its page. If it does not, the share is small and lasts: look at one " +
        "failing trace of the route above (Jaeger, tag `error=true`)."
      ],
      usualCauses: [
        "Whatever HighErrorRate's page names, at a lower rate.",
        "One pattern or one portfolio that always fails, among many that work.",
        "Requests that run into the time limit at a busy hour (504)."
      ],
      actions: [
        "Critical: roll back what was deployed when the burn began, else repair the dependency that fails.",
        "Warning: open a ticket with the route, the code and a trace; no further risk (deploys, migrations) until the " +
        "budget recovers.",
        "Budget spent: what the team agreed on for that, usually reliability before features until the window moves on."
      ]
    }
  })

/** Warm p95 within 1.2 s: 95 % of the API requests are answered within 1.2 s. */
const latency = (settings: Settings): ServiceLevel.ServiceLevel<"job"> =>
  ServiceLevel.make({
    id: "dawsos_api_latency",
    alert: "ApiLatencyBurnRate",
    title: "API latency",
    target: settings.latencyTarget,
    window: "30 days",
    by: ["job"],
    indicator: ServiceLevel.latency({
      histogram: metrics.apiRequestDuration,
      within: settings.latencyObjective,
      by: ["job"]
    }),
    dashboard: uids.serviceLevels,
    runbook: {
      meaning: `More API requests take longer than ${settings.latencyObjective} s than the promise allows (${
        Number((100 * (1 - settings.latencyTarget)).toPrecision(6))
      } % may). Counted over all routes, cold requests and refusals included.`,
      firstLook: [
        `Which route? ${
          Rules.query(PromQL.quantile(0.95, metrics.apiRequestDuration, { by: ["endpoint"], range: "30 minutes" }))
        }.`,
        "Dashboard \"API\": click an exemplar above the line; its trace says which step takes the time.",
        `Which pattern? ${
          Rules.query(
            PromQL.quantile(0.95, metrics.patternExecutionDuration, { by: ["pattern_id"], range: "30 minutes" })
          )
        }.`
      ],
      usualCauses: [
        "Whatever HighResponseTime's page names, below its threshold of two seconds.",
        "A new step in a pattern, or a table that has outgrown its index.",
        "More cold caches than usual: restarts, or a cache that keeps nothing."
      ],
      actions: [
        "Critical: treat it as HighResponseTime, most requests are slow.",
        "Warning: open a ticket with the pattern and a trace; compare the trace with one of last week.",
        "A pattern that is slow by its nature: run it in the background, or agree on another objective with its users."
      ]
    }
  })

/** Deliveries of the product's own alerts that do not end as dead letters; a failure that a retry repairs is no loss. */
const delivery = (settings: Settings): ServiceLevel.ServiceLevel<"job"> => {
  const deliveries = (
    range: PromQL.RangeInput,
    status: "dead_letter" | PromQL.Match<"success" | "dead_letter">
  ) => PromQL.sum(PromQL.rate(PromQL.counter(metrics.alertsDeliveredTotal, { status }), range), { by: ["job"] })
  return ServiceLevel.make({
    id: "dawsos_alert_delivery",
    alert: "AlertDeliveryBurnRate",
    title: "Alert delivery",
    target: settings.deliveryTarget,
    window: "30 days",
    by: ["job"],
    indicator: ServiceLevel.events({
      total: (range) => deliveries(range, PromQL.oneOf("success", "dead_letter")),
      bad: (range) => deliveries(range, "dead_letter")
    }),
    dashboard: uids.serviceLevels,
    runbook: {
      meaning: "Alerts that users asked for do not reach them: retries at 1, 5 and 30 minutes failed too, and the " +
        "notification stays in the dead-letter queue. A failure that a retry repairs does not count.",
      firstLook: [
        `By which way? ${
          Rules.query(PromQL.sum(
            PromQL.increase(PromQL.counter(metrics.alertsDeliveredTotal), "6 hours"),
            { by: ["delivery_method", "status"] }
          ))
        }.`,
        "In the log the lines `a notification could not be delivered`, with the kind of error.",
        "In Postgres: `select delivery_method, count(*), max(next_attempt_at) from dlq where status = 'dead' group by 1`."
      ],
      usualCauses: [
        "The mail relay or the user's webhook refuses, or does not answer within 5 s.",
        "Expired credentials of the mail relay.",
        "Webhook addresses that users have given up: many failures for few users."
      ],
      actions: [
        "Repair the way of delivery, then send the dead letters again: `update dlq set status = 'waiting', attempts = " +
        "1, next_attempt_at = now() where status = 'dead'` (users get them late; leave out those older than a day).",
        "Addresses that are gone: switch the alert to another delivery method and tell the user."
      ]
    }
  })
}

/** The service levels of DawsOS, in the order of their panels. */
export const serviceLevels = (settings: Settings): ReadonlyArray<ServiceLevel.ServiceLevel<"job">> => [
  availability(settings),
  latency(settings),
  delivery(settings)
]
