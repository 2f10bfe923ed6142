/** The product's own alerts, which users have asked for: are they evaluated, and do they arrive? */
import * as PromQL from "../../../mixin/PromQL.ts"
import * as Rules from "../../../mixin/Rules.ts"
import { metrics } from "../../metrics.ts"
import { uids } from "../dashboards/uids.ts"
import type { Settings } from "../Settings.ts"

const notDelivered = (settings: Settings): Rules.Alert => {
  const by = ["job", "delivery_method"] as const
  const attempts = (
    range: PromQL.RangeInput,
    where: { readonly status?: "dead_letter" | PromQL.Match<"error" | "dead_letter"> } = {}
  ) => PromQL.sum(PromQL.increase(PromQL.counter(metrics.alertsDeliveredTotal, where), range), { by })
  const failed = attempts("30 minutes", { status: PromQL.oneOf("error", "dead_letter") })
  return Rules.alert({
    name: "AlertsNotDelivered",
    expression: PromQL.or(
      PromQL.and(
        PromQL.atLeast(failed, settings.deliveryFailures),
        PromQL.greaterThan(PromQL.divide(failed, attempts("30 minutes")), settings.deliveryFailureRatio)
      ),
      PromQL.greaterThan(attempts("1 hour", { status: "dead_letter" }), 0)
    ),
    for: "5 minutes",
    severity: "warning",
    summary: "Alerts do not reach users",
    description: "{{ $value | humanize }} attempts of {{ $labels.job }} to deliver alerts by " +
      "{{ $labels.delivery_method }} failed lately.",
    dashboard: uids.pricingPacks,
    runbook: {
      meaning:
        "Notifications that users asked for are late or lost: most attempts by one method have failed for half " +
        "an hour, or a notification has become a dead letter after retries at 1, 5 and 30 minutes.",
      firstLook: [
        `Late or lost? ${
          Rules.query(PromQL.sum(PromQL.increase(PromQL.counter(metrics.alertsDeliveredTotal), "1 hour"), {
            by: ["delivery_method", "status"]
          }))
        }: \`error\` is tried again, \`dead_letter\` is given up.`,
        "In the log the lines `a notification could not be delivered`: the kind of error and the method.",
        "In Postgres: `select delivery_method, status, count(*) from dlq group by 1, 2`."
      ],
      usualCauses: [
        "email: the relay refuses or its credentials have expired.",
        "webhook: the receiver of a user with many alerts is down.",
        "inapp: the table `notifications` can't be written; DatabaseQueryErrors fires too."
      ],
      actions: [
        "Repair the way of delivery; what waits is tried again by itself.",
        "Send dead letters again: `update dlq set status = 'waiting', attempts = 1, next_attempt_at = now() where status " +
        "= 'dead'`, without those that are too old to be of use.",
        "One user's webhook: switch their alerts to another method and tell them."
      ]
    }
  })
}

const notEvaluated = (): Rules.Alert => {
  const evaluated = (range: PromQL.RangeInput) =>
    PromQL.sum(
      PromQL.increase(PromQL.counter(metrics.alertsEvaluatedTotal, { status: PromQL.not("error") }), range),
      { by: ["job"] }
    )
  return Rules.alert({
    name: "AlertsNotEvaluated",
    expression: PromQL.and(
      PromQL.equals(evaluated("1 hour"), 0),
      PromQL.greaterThan(evaluated("1 day"), 0)
    ),
    for: "15 minutes",
    severity: "warning",
    summary: "Alerts of users are not evaluated",
    description:
      "{{ $labels.job }} has evaluated no alert in the last hour ({{ $value }} without an error), though it " +
      "did within the last day.",
    dashboard: uids.pricingPacks,
    runbook: {
      meaning: "Users believe that somebody watches their thresholds, and nobody does. Evaluations that end with an " +
        "error do not count as evaluated.",
      firstLook: [
        `Since when, and do they fail? ${
          Rules.query(PromQL.sum(PromQL.rate(PromQL.counter(metrics.alertsEvaluatedTotal), "10 minutes"), {
            by: ["alert_type", "status"]
          }))
        }.`,
        "In the log: `alerts were not evaluated`. In Jaeger the operation `alerts.evaluate`: no trace at all means that " +
        "the schedule has died."
      ],
      usualCauses: [
        "The schedule stopped or hangs: a query without an end, a lock.",
        "Every evaluation fails: prices are missing, the database is away.",
        "All alerts were removed on purpose: then this ends by itself after a day."
      ],
      actions: [
        "Restart the backend: the schedule begins at once.",
        "Evaluations fail: follow DatabaseQueryErrors or ProviderFailing, or the error event of `alert evaluation`."
      ]
    }
  })
}

/** The group `dawsos.product`. */
export const group = (settings: Settings): Rules.Group => ({
  name: "dawsos.product",
  rules: [notDelivered(settings), notEvaluated()]
})
