import type { Dashboard } from "../../../mixin/Dashboard.ts"
import * as Panel from "../../../mixin/Panel.ts"
import * as PromQL from "../../../mixin/PromQL.ts"
import { metrics } from "../../metrics.ts"
import type { Settings } from "../Settings.ts"
import { calls, critical, make, seldom, share, warning } from "./common.ts"
import { uids } from "./uids.ts"

/** What happens once a night is seen over the whole time that is shown. */
const shown = "$__range"

const packs = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.stat({
    title: "Status",
    description:
      "The status of the pricing pack that is served. warming: requests are answered with 503 for some minutes of each night. error: its build failed, see the builds. stale: the build did not run at all.",
    unit: "none",
    noValue: "unknown",
    queries: [
      Panel.query(
        PromQL.equals(PromQL.max(PromQL.gauge(metrics.pricingPackStatus), { by: ["job", "status"] }), 1),
        "{{job}} {{status}}"
      )
    ]
  }),
  Panel.timeseries({
    title: "Age",
    description:
      "Time since the pack was marked fresh; the line is where PricingPackStale begins. It falls to nothing when a build succeeds, once a night. A line that goes on past a day: the build failed or did not run.",
    unit: "s",
    thresholds: critical(settings.packAge),
    queries: [Panel.query(PromQL.max(PromQL.gauge(metrics.pricingPackFreshness), { by: ["job"] }), "{{job}}")]
  }),
  Panel.stat({
    title: "Size",
    description:
      "The size of the pack that is served: 0.5 to 5 MB for some hundred securities. Much smaller than yesterday's: prices are missing, compare the providers' failures of the night.",
    unit: "bytes",
    noValue: "unknown",
    queries: [Panel.query(PromQL.max(PromQL.gauge(metrics.pricingPackSizeBytes), { by: ["job"] }), "{{job}}")]
  }),
  Panel.barGauge({
    title: "Builds by outcome",
    description:
      "Builds in the time that is shown; choose a week to see each night. error: a step failed, its event and trace say which. None at all in a day: the schedule does not run.",
    unit: "none",
    decimals: 0,
    queries: [
      Panel.query(
        PromQL.sum(PromQL.increase(PromQL.counter(metrics.pricingPackBuildsTotal), shown), { by: ["status"] }),
        "{{status}}"
      )
    ]
  }),
  Panel.stat({
    title: "Build time",
    description:
      "The median and the 95th percentile of the builds in the time that is shown. A build takes 5 to 10 minutes and is to end before 00:15; longer: a slow provider, see its dashboard at that time.",
    unit: "s",
    noValue: "no build",
    width: 12,
    queries: [
      Panel.query(PromQL.quantile(0.5, metrics.pricingPackBuildDuration, { range: shown }), "50th percentile"),
      Panel.query(PromQL.quantile(0.95, metrics.pricingPackBuildDuration, { range: shown }), "95th percentile")
    ]
  })
]

const evaluations = (): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Evaluations by type",
    description:
      "Evaluations a second of the alerts that users have set. A fall to nothing: the schedule stopped, and no user is told anything, though nothing looks broken to them.",
    unit: "ops",
    interval: seldom,
    queries: [Panel.query(calls(metrics.alertsEvaluatedTotal, ["alert_type"]), "{{alert_type}}")]
  }),
  Panel.timeseries({
    title: "Evaluations by outcome",
    description:
      "triggered is what users are told; skipped is in its cool-down, or lacks fresh data; error failed. Many triggered at once: a market that moves, or bad prices in the pack. error: its trace says why.",
    unit: "ops",
    interval: seldom,
    stacked: true,
    queries: [Panel.query(calls(metrics.alertsEvaluatedTotal, ["status"]), "{{status}}")]
  }),
  Panel.timeseries({
    title: "Failing evaluations",
    width: 24,
    description:
      "Share of evaluations that failed, by type. One type: the data that it needs. All: the database or the pricing pack. Users miss what would have been triggered.",
    unit: "percentunit",
    max: 1,
    interval: seldom,
    queries: [
      Panel.query(
        share(metrics.alertsEvaluatedTotal, ["alert_type"], { status: "error" }),
        "{{alert_type}}"
      )
    ]
  })
]

const deliveries = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Deliveries",
    description:
      "Deliveries a second by method and outcome. A failed one is tried again after 1, 5 and 30 minutes, then it is a dead letter. Errors of one method: the mail server, or the address of a webhook.",
    unit: "ops",
    interval: seldom,
    queries: [
      Panel.query(calls(metrics.alertsDeliveredTotal, ["delivery_method", "status"]), "{{delivery_method}} {{status}}")
    ]
  }),
  Panel.timeseries({
    title: "Failing deliveries",
    description:
      "Share of deliveries that did not succeed, by method; the line is where AlertsNotDelivered begins. At 100 % a method is broken: switch users to another one, or tell them.",
    unit: "percentunit",
    max: 1,
    interval: seldom,
    thresholds: warning(settings.deliveryFailureRatio),
    queries: [
      Panel.query(
        share(metrics.alertsDeliveredTotal, ["delivery_method"], { status: PromQL.oneOf("error", "dead_letter") }),
        "{{delivery_method}}"
      )
    ]
  }),
  Panel.stat({
    title: "Dead letters",
    description:
      "Notifications that were given up in the time that is shown: somebody was never told. They lie in the table dlq; mend the method, then send them again.",
    unit: "none",
    decimals: 0,
    width: 24,
    thresholds: Panel.above({ warning: 1 }),
    queries: [
      Panel.query(
        PromQL.sum(PromQL.increase(PromQL.counter(metrics.alertsDeliveredTotal, { status: "dead_letter" }), shown), {
          by: ["delivery_method"]
        }),
        "{{delivery_method}}"
      )
    ]
  })
]

/** What users get without asking: the nightly prices, and the alerts that they have set. */
export const pricingPacks = (settings: Settings): Dashboard =>
  make({
    uid: uids.pricingPacks,
    title: "DawsOS Pricing packs and product alerts",
    description: "The nightly pricing pack, and the alerts that users have set: evaluated, triggered, delivered.",
    sections: [
      { title: "Pricing pack", panels: packs(settings) },
      { title: "Product alerts: evaluation", panels: evaluations() },
      { title: "Product alerts: delivery", panels: deliveries(settings) }
    ]
  })
