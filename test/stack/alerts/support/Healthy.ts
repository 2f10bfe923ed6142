/** An hour and a half in which all is well: what every case begins with, and changes in one respect. */
import { metrics } from "@dawsos/observability/dawsos"
import { age, counter, gauge, histogram, series } from "./Series.ts"

/** How long the series are. */
export const minutes = 90

export type SeriesSet = Readonly<Record<string, string>>

const own = (name: string): string => `dawsos_observability_${name}`

const steady = (perSecond: number): string => counter([minutes, perSecond])

const still = (value: number): string => gauge([minutes, value])

const api = (endpoint: string, method: string, status_code: string): string =>
  series(metrics.apiRequestsTotal.name, { endpoint, method, status_code })

/** Requests to the route that most traffic goes to. */
export const execute = (status_code: string): string => api("/v1/execute", "POST", status_code)

/** The answers' times of a route, by bucket. */
export const answers = (
  endpoint: string,
  ...phases: ReadonlyArray<readonly [number, Readonly<Record<number, number>>]>
): SeriesSet =>
  histogram(
    metrics.apiRequestDuration.name,
    metrics.apiRequestDuration.buckets,
    { endpoint, method: "POST" },
    phases
  )

export const pattern = (pattern_id: string, status: string): string =>
  series(metrics.patternExecutionsTotal.name, { pattern_id, status })

export const capability = (status: string): string =>
  series(metrics.agentCapabilityCallsTotal.name, {
    agent_name: "financial_analyst",
    capability: "ledger.positions",
    status
  })

export const queries = series(metrics.dbQueriesTotal.name, { operation: "select", table: "lots" })
export const queryErrors = series(metrics.dbQueryErrorsTotal.name, { operation: "select", table: "lots" })
export const connections = series(metrics.dbConnectionsActive.name)
export const pool = series(metrics.dbConnectionsMax.name)

export const provider = (name: string, status: string): string =>
  series(metrics.providerRequestsTotal.name, { provider: name, endpoint: "/x", status })
export const remaining = (name: string): string => series(metrics.providerRateLimitRemaining.name, { provider: name })
export const limit = (name: string): string => series(metrics.providerRateLimitLimit.name, { provider: name })

export const freshness = series(metrics.pricingPackFreshness.name)
export const pack = (status: string): string => series(metrics.pricingPackStatus.name, { status })
export const builds = (status: string): string => series(metrics.pricingPackBuildsTotal.name, { status })

export const evaluated = (status: string): string =>
  series(metrics.alertsEvaluatedTotal.name, { alert_type: "price", status })
export const delivered = (status: string): string =>
  series(metrics.alertsDeliveredTotal.name, { delivery_method: "email", status })

export const exported = series(own("spans_exported_total"), { sink: "otlp" })
export const dropped = (reason: string): string => series(own("spans_dropped_total"), { sink: "otlp", reason })
export const circuit = series(own("spans_circuit_state"), { sink: "otlp" })
export const eventsDropped = (reason: string): string => series(own("events_dropped_total"), { reason })
export const overflow = series(own("label_overflow_total"), {
  metric: "dawsos_api_requests_total",
  label: "endpoint"
})
export const fault = series(own("faults_total"), { hook: "sink" })
export const scrapeErrors = series(own("scrape_errors_total"), { metric: "dawsos_db_connections_active" })
export const lag = series("nodejs_eventloop_lag_p99_seconds")

export const up = (job: string, instance: string): string => series("up", { job, instance })

const ofPrometheus = { job: "prometheus", instance: "localhost:9090" }
export const ruleFailures = series("prometheus_rule_evaluation_failures_total", {
  ...ofPrometheus,
  rule_group: "/etc/prometheus/alerts.yml;dawsos.rules"
})
export const ruleDuration = series("prometheus_rule_group_last_duration_seconds", {
  ...ofPrometheus,
  rule_group: "/etc/prometheus/alerts.yml;dawsos.rules"
})
export const notified = series("prometheus_notifications_sent_total", {
  ...ofPrometheus,
  alertmanager: "http://alertmanager:9093/api/v2/alerts"
})
export const notNotified = series("prometheus_notifications_errors_total", {
  ...ofPrometheus,
  alertmanager: "http://alertmanager:9093/api/v2/alerts"
})
const ofAlertmanager = { job: "alertmanager", instance: "alertmanager:9093" }
export const sent = series("alertmanager_notifications_total", { ...ofAlertmanager, integration: "webhook" })
export const notSent = series("alertmanager_notifications_failed_total", {
  ...ofAlertmanager,
  integration: "webhook",
  reason: "other"
})

/** The healthy series: 10 requests a second, a nightly pack of the morning, a pool of 20. */
export const healthy: SeriesSet = {
  [up("dawsos", "a:8001")]: still(1),
  [up("prometheus", "localhost:9090")]: still(1),
  [up("alertmanager", "alertmanager:9093")]: still(1),
  [up("jaeger", "jaeger:8888")]: still(1),
  [series(metrics.systemInfo.name, { version: "1", environment: "test", node_version: "24" })]: still(1),
  [execute("200")]: steady(10),
  [execute("403")]: steady(1),
  [execute("404")]: steady(1),
  [execute("500")]: steady(0),
  [execute("503")]: steady(0),
  ...answers("/v1/execute", [minutes, { 0.1: 8, 0.5: 4 }]),
  [pattern("portfolio_overview", "success")]: steady(5),
  [pattern("portfolio_overview", "error")]: steady(0),
  [pattern("portfolio_overview", "defect")]: steady(0),
  [capability("success")]: steady(5),
  [capability("degraded")]: steady(0.1),
  [capability("error")]: steady(0),
  [capability("defect")]: steady(0),
  [queries]: steady(50),
  [queryErrors]: steady(0),
  [connections]: still(5),
  [pool]: still(20),
  [provider("fmp", "success")]: steady(1),
  [provider("fmp", "error")]: steady(0),
  [remaining("fmp")]: still(100),
  [limit("fmp")]: still(120),
  [freshness]: age(30_000, minutes),
  [pack("fresh")]: still(1),
  [pack("warming")]: still(0),
  [pack("error")]: still(0),
  [pack("stale")]: still(0),
  [builds("success")]: still(1),
  [builds("error")]: still(0),
  [evaluated("not_triggered")]: steady(0.5),
  [evaluated("triggered")]: steady(0.05),
  [evaluated("error")]: steady(0),
  [delivered("success")]: steady(0.05),
  [delivered("error")]: steady(0),
  [delivered("dead_letter")]: steady(0),
  [exported]: steady(100),
  [dropped("unreachable")]: steady(0),
  [dropped("queue_full")]: steady(0),
  [circuit]: still(0),
  [eventsDropped("rate_limited")]: steady(0),
  [eventsDropped("unreachable")]: steady(0),
  [overflow]: steady(0),
  [fault]: steady(0),
  [scrapeErrors]: steady(0),
  [lag]: still(0.02),
  [ruleFailures]: steady(0),
  [ruleDuration]: still(0.05),
  [notified]: steady(0.1),
  [notNotified]: steady(0),
  [sent]: steady(0.1),
  [notSent]: steady(0)
}

/** The healthy series without those whose text begins so. */
export const without = (...beginnings: ReadonlyArray<string>): SeriesSet =>
  Object.fromEntries(
    Object.entries(healthy).filter(([name]) => !beginnings.some((beginning) => name.startsWith(beginning)))
  )
