// The product's own alerts: delivered, and evaluated at all.
import { metrics } from "@dawsos/observability/dawsos"
import { describe } from "vitest"
import { cases, notices } from "./support/Case.ts"
import * as H from "./support/Healthy.ts"
import { counter, restarting, series } from "./support/Series.ts"
import * as Tested from "./support/Tested.ts"

const { minutes } = H

describe("AlertsNotDelivered", () => {
  cases("AlertsNotDelivered", [
    {
      name: "fires where most attempts by one method fail",
      with: { [H.delivered("error")]: counter([10, 0], [40, 0.1], [40, 0]) },
      fires: { "10m": [], "35m": ["AlertsNotDelivered"] }
    },
    {
      name: "fires for one notification that has become a dead letter, and ends after an hour",
      with: {
        [H.delivered("success")]: counter([minutes, 100]),
        [H.delivered("dead_letter")]: counter([10, 0], [1, 1 / 60], [79, 0])
      },
      fires: { "10m": [], "20m": ["AlertsNotDelivered"], "80m": [] }
    },
    {
      name: "is quiet where retries repair what fails",
      with: { [H.delivered("error")]: counter([minutes, 0.02]) },
      fires: { "40m": [] }
    },
    {
      name: "says nothing of two attempts that failed while nothing else was sent",
      with: {
        [H.delivered("success")]: counter([minutes, 0]),
        [H.delivered("error")]: counter([10, 0], [2, 1 / 60], [78, 0])
      },
      fires: { "20m": [], "35m": [] }
    },
    {
      name: "fires for half of 100 a second",
      with: {
        [H.delivered("success")]: counter([minutes, 40]),
        [H.delivered("error")]: counter([minutes, 60])
      },
      fires: { "40m": ["AlertsNotDelivered"] }
    },
    {
      name: "is quiet where nothing is delivered, and where nothing is known of it",
      noData: true,
      from: H.without(metrics.alertsDeliveredTotal.name),
      fires: { "40m": [] }
    },
    {
      name: "is not fooled by counters that start anew",
      with: {
        [H.delivered("success")]: restarting(9, minutes, 1),
        [H.delivered("error")]: restarting(9, minutes, 0.1)
      },
      fires: { "50m": [] }
    },
    {
      name: "looks at each method apart",
      with: {
        [series(metrics.alertsDeliveredTotal.name, { delivery_method: "inapp", status: "success" })]: counter([
          minutes,
          100
        ]),
        [H.delivered("success")]: counter([minutes, 0]),
        [H.delivered("error")]: counter([minutes, 0.1])
      },
      fires: { "40m": ["AlertsNotDelivered"] }
    }
  ])
})

describe("AlertsNotEvaluated", () => {
  const stopped = (rest: number) => ({
    [H.evaluated("not_triggered")]: counter([10, 0.5], [80, 0]),
    [H.evaluated("triggered")]: counter([10, 0.05], [80, 0]),
    [H.evaluated("error")]: counter([10, 0], [80, rest])
  })
  cases("AlertsNotEvaluated", [
    {
      name: "fires an hour and a quarter after evaluations stopped",
      with: stopped(0),
      fires: {
        "60m": [],
        "87m": ["AlertsNotEvaluated"]
      }
    },
    { name: "fires where all of them fail", with: stopped(0.5), fires: { "60m": [], "87m": ["AlertsNotEvaluated"] } },
    {
      name: "is quiet where one an hour is evaluated",
      with: {
        ...stopped(0),
        [H.evaluated("skipped")]: counter([40, 0], [1, 1 / 60], [49, 0])
      },
      fires: { "87m": [] }
    },
    {
      name: "is quiet where there never was an alert to evaluate",
      with: {
        [H.evaluated("not_triggered")]: counter([minutes, 0]),
        [H.evaluated("triggered")]: counter([minutes, 0])
      },
      fires: { "87m": [] }
    },
    {
      name: "is quiet where nothing is known of evaluations",
      noData: true,
      from: H.without(metrics.alertsEvaluatedTotal.name),
      fires: { "87m": [] }
    },
    {
      name: "is not fooled by counters that start anew",
      with: {
        [H.evaluated("not_triggered")]: restarting(9, minutes, 0.5),
        [H.evaluated("triggered")]: restarting(9, minutes, 0)
      },
      fires: { "87m": [] }
    },
    {
      name: "is quiet at 1000 a second",
      with: { [H.evaluated("not_triggered")]: counter([minutes, 1000]) },
      fires: { "87m": [] }
    }
  ])
})

describe("what a person reads", () => {
  notices([
    {
      alert: "AlertsNotDelivered",
      with: { [H.delivered("success")]: counter([minutes, 0]), [H.delivered("error")]: counter([minutes, 0.1]) },
      at: "40m",
      labels: { job: "dawsos", delivery_method: "email", severity: "warning" },
      summary: "Alerts do not reach users",
      description: "180 attempts of dawsos to deliver alerts by email failed lately.",
      dashboard: "dawsos-pricing-packs"
    },
    {
      alert: "AlertsNotEvaluated",
      with: {
        [H.evaluated("not_triggered")]: counter([10, 0.5], [80, 0]),
        [H.evaluated("triggered")]: counter([10, 0.05], [80, 0])
      },
      at: "88m",
      labels: { job: "dawsos", severity: "warning" },
      summary: "Alerts of users are not evaluated",
      description:
        "dawsos has evaluated no alert in the last hour (0 without an error), though it did within the last " +
        "day.",
      dashboard: "dawsos-pricing-packs"
    }
  ])
})

describe("the tests of this file", () => {
  Tested.tested("Product")
})
