// Whether the monitoring itself works.
import { describe } from "vitest"
import { cases, notices } from "./support/Case.ts"
import * as H from "./support/Healthy.ts"
import { counter, gauge, restarting } from "./support/Series.ts"
import * as Tested from "./support/Tested.ts"

const { minutes } = H

describe("Watchdog", () => {
  // Every other case says that it fires, too.
  cases("Watchdog", [{
    name: "fires alone on healthy series, from the first minute on",
    fires: { "0m": [], "89m": [] }
  }])
  notices([{
    alert: "Watchdog",
    at: "5m",
    labels: { severity: "info" },
    summary: "Alerts are delivered",
    description: "This alert always fires (1). Whoever receives it is to raise the alarm when it no longer comes.",
    dashboard: "dawsos-observability"
  }])
})

describe("TargetDown", () => {
  cases("TargetDown", [
    {
      name: "fires a minute after the backend can't be scraped",
      with: { [H.up("dawsos", "a:8001")]: gauge([10, 1], [20, 0], [60, 1]) },
      fires: { "10m": [], "13m": ["TargetDown"], "40m": [] }
    },
    {
      name: "fires for one process of three",
      with: {
        [H.up("dawsos", "b:8001")]: gauge([minutes, 1]),
        [H.up("dawsos", "c:8001")]: gauge([minutes, 0])
      },
      fires: { "10m": ["TargetDown"] }
    },
    {
      name: "fires for Alertmanager and Jaeger, too",
      with: {
        [H.up("alertmanager", "alertmanager:9093")]: gauge([minutes, 0]),
        [H.up("jaeger", "jaeger:8888")]: gauge([minutes, 0])
      },
      fires: { "10m": ["TargetDown"] }
    },
    {
      name: "is quiet on a deploy that costs one scrape",
      with: { [H.up("dawsos", "a:8001")]: gauge([10, 1], [1, 0], [79, 1]) },
      fires: { "11m": [], "12m": [], "14m": [] }
    },
    {
      name: "is quiet where there is no target at all, which PricingPackMetricMissing says",
      noData: true,
      from: {},
      fires: { "10m": [], "20m": ["PricingPackMetricMissing"] }
    }
  ])
  notices([
    {
      alert: "TargetDown",
      with: { [H.up("dawsos", "a:8001")]: gauge([minutes, 0]), [H.up("dawsos", "b:8001")]: gauge([minutes, 0]) },
      at: "10m",
      labels: { job: "dawsos", severity: "critical" },
      summary: "A target can't be scraped",
      description: "Prometheus can't scrape 2 targets of the job dawsos.",
      dashboard: "dawsos-observability"
    },
    {
      alert: "TargetDown",
      with: { [H.up("dawsos", "b:8001")]: gauge([minutes, 1]), [H.up("dawsos", "c:8001")]: gauge([minutes, 0]) },
      at: "10m",
      labels: { job: "dawsos", severity: "warning" },
      summary: "A target can't be scraped",
      description: "Prometheus can't scrape 1 target of the job dawsos.",
      dashboard: "dawsos-observability"
    },
    {
      alert: "TargetDown",
      with: { [H.up("jaeger", "jaeger:8888")]: gauge([minutes, 0]) },
      at: "10m",
      labels: { job: "jaeger", severity: "warning" },
      summary: "A target can't be scraped",
      description: "Prometheus can't scrape 1 target of the job jaeger.",
      dashboard: "dawsos-observability"
    }
  ])
})

const counted = [
  {
    alert: "RuleEvaluationFailing",
    failures: H.ruleFailures,
    metric: "prometheus_rule_evaluation_failures",
    labels: { job: "prometheus", rule_group: "/etc/prometheus/alerts.yml;dawsos.rules", severity: "critical" },
    summary: "Prometheus fails at evaluating rules",
    description:
      "300 evaluations of rules of /etc/prometheus/alerts.yml;dawsos.rules failed in the last five minutes " +
      "(prometheus)."
  },
  {
    alert: "NotificationsFailing",
    failures: H.notNotified,
    metric: "prometheus_notifications",
    labels: { job: "prometheus", alertmanager: "http://alertmanager:9093/api/v2/alerts", severity: "critical" },
    summary: "Prometheus can't reach Alertmanager",
    description: "Prometheus (prometheus) could not send 300 alerts to http://alertmanager:9093/api/v2/alerts in the " +
      "last five minutes."
  },
  {
    alert: "NotificationDeliveryFailing",
    failures: H.notSent,
    metric: "alertmanager_notifications",
    labels: { job: "alertmanager", integration: "webhook", severity: "critical" },
    summary: "Notifications do not arrive",
    description: "Alertmanager (alertmanager) could not deliver 600 notifications by webhook in the last ten minutes."
  }
]

for (const { alert, description, failures, labels, metric, summary } of counted) {
  describe(alert, () => {
    cases(alert, [
      {
        name: "fires while it goes on failing, and ends afterwards",
        with: { [failures]: counter([10, 0], [30, 0.1], [50, 0]) },
        fires: { "10m": [], "30m": [alert], "70m": [] }
      },
      {
        name: "fires for 100 a second",
        with: { [failures]: counter([minutes, 100]) },
        fires: { "30m": [alert] }
      },
      {
        name: "is quiet on one failure",
        with: { [failures]: counter([10, 0], [1, 1 / 60], [79, 0]) },
        fires: { "12m": [], "16m": [], "20m": [], "22m": [] }
      },
      { name: "is quiet where it is not measured", noData: true, from: H.without(metric), fires: { "30m": [] } },
      {
        name: "is not fooled by a counter that starts anew",
        with: { [failures]: `${counter([5, 0])} 3x40 ${counter([minutes - 47, 0])}` },
        fires: { "30m": [], "60m": [] }
      }
    ])
    notices([{
      alert,
      with: { [failures]: counter([minutes, 1]) },
      at: "30m",
      labels,
      summary,
      description,
      dashboard: "dawsos-observability"
    }])
  })
}

describe("RuleEvaluationSlow", () => {
  cases("RuleEvaluationSlow", [
    {
      name: "fires after five minutes of evaluations of more than ten seconds",
      with: { [H.ruleDuration]: gauge([10, 0.1], [20, 12], [60, 0.1]) },
      fires: { "10m": [], "14m": [], "17m": ["RuleEvaluationSlow"], "40m": [] }
    },
    { name: "is quiet at nine seconds", with: { [H.ruleDuration]: gauge([minutes, 9]) }, fires: { "20m": [] } },
    {
      name: "is quiet on one slow evaluation",
      with: { [H.ruleDuration]: gauge([10, 0.1], [1, 60], [79, 0.1]) },
      fires: { "12m": [], "16m": [] }
    },
    {
      name: "is quiet where it is not measured",
      noData: true,
      from: H.without("prometheus_rule_group"),
      fires: { "20m": [] }
    }
  ])
  notices([{
    alert: "RuleEvaluationSlow",
    with: { [H.ruleDuration]: gauge([minutes, 12]) },
    at: "20m",
    labels: { job: "prometheus", rule_group: "/etc/prometheus/alerts.yml;dawsos.rules", severity: "warning" },
    summary: "Rules are evaluated slowly",
    description:
      "The evaluation of /etc/prometheus/alerts.yml;dawsos.rules takes 12s (prometheus); alerts come late by " +
      "that.",
    dashboard: "dawsos-observability"
  }])
})

describe("the counters of notifications that were sent", () => {
  cases(["NotificationsFailing", "NotificationDeliveryFailing"], [{
    name: "may start anew without an alert",
    with: { [H.notified]: restarting(7, minutes, 0.1), [H.sent]: restarting(7, minutes, 0.1) },
    fires: { "20m": [], "50m": [] }
  }])
})

describe("the tests of this file", () => {
  Tested.tested("Monitoring")
})
