/**
 * Metrics that are not the catalogue's but may be asked for all the same: what Prometheus, Alertmanager, Jaeger and Node
 * expose themselves. Declared as definitions, so that a query on them is checked like any other.
 */
import * as Catalogue from "../Catalogue.ts"

/** 1 while Prometheus can scrape a target. */
export const up = Catalogue.gauge({ name: "up", help: "1 while the target can be scraped" })

/** Prometheus's own record of each alert that waits or fires. */
export const alerts = {
  // Capitals are Prometheus's, no catalogue of ours allows them.
  ...Catalogue.gauge({
    name: "alerts",
    help: "1 for each alert, by its name and state",
    labels: {
      alertname: Catalogue.Label.bounded(),
      alertstate: Catalogue.Label.oneOf("pending", "firing"),
      severity: Catalogue.Label.oneOf("critical", "warning", "info")
    }
  }),
  name: "ALERTS"
}

/** How long Prometheus took for its last scrape of a target. */
export const scrapeDuration = Catalogue.gauge({
  name: "scrape_duration_seconds",
  help: "Duration of the last scrape of the target",
  unit: "seconds"
})

/** Samples of a target's last scrape. */
export const scrapeSamples = Catalogue.gauge({
  name: "scrape_samples_scraped",
  help: "Samples that the target exposed at the last scrape"
})

/** When the process began. */
export const processStartTime = Catalogue.gauge({
  name: "process_start_time_seconds",
  help: "Start of the process, in seconds since the epoch",
  unit: "seconds"
})

/** Processor time of the process. */
export const processCpu = Catalogue.counter({
  name: "process_cpu_seconds_total",
  help: "Processor time, in user and system mode together",
  unit: "seconds"
})

/** Memory of the process that is in RAM. */
export const processMemory = Catalogue.gauge({
  name: "process_resident_memory_bytes",
  help: "Resident memory",
  unit: "bytes"
})

/** The delay of Node's event loop: its 99th percentile since the last scrape. */
export const eventLoopLag = Catalogue.gauge({
  name: "nodejs_eventloop_lag_p99_seconds",
  help: "99th percentile of the event loop's delay",
  unit: "seconds"
})

/** The greatest delay of Node's event loop since the last scrape. */
export const eventLoopLagMax = Catalogue.gauge({
  name: "nodejs_eventloop_lag_max_seconds",
  help: "Greatest delay of the event loop",
  unit: "seconds"
})

/** Memory of V8's heap that is in use. */
export const heapUsed = Catalogue.gauge({
  name: "nodejs_heap_size_used_bytes",
  help: "Heap that is in use",
  unit: "bytes"
})

/** Memory of V8's heap. */
export const heapTotal = Catalogue.gauge({
  name: "nodejs_heap_size_total_bytes",
  help: "Heap that is reserved",
  unit: "bytes"
})

/** How long Prometheus took for its last evaluation of each group of rules. */
export const ruleGroupDuration = Catalogue.gauge({
  name: "prometheus_rule_group_last_duration_seconds",
  help: "Duration of the last evaluation of a group of rules",
  unit: "seconds",
  labels: { rule_group: Catalogue.Label.bounded() }
})

/** Evaluations of rules that failed. */
export const ruleFailures = Catalogue.counter({
  name: "prometheus_rule_evaluation_failures_total",
  help: "Evaluations of rules that failed",
  labels: { rule_group: Catalogue.Label.bounded() }
})

/** Alerts that Prometheus handed to each Alertmanager, those that failed too. */
export const notificationsSent = Catalogue.counter({
  name: "prometheus_notifications_sent_total",
  help: "Alerts that Prometheus sent, by Alertmanager",
  labels: { alertmanager: Catalogue.Label.bounded(20) }
})

/** Alerts that Prometheus could not hand to an Alertmanager. */
export const notificationErrors = Catalogue.counter({
  name: "prometheus_notifications_errors_total",
  help: "Alerts that Prometheus could not send, by Alertmanager",
  labels: { alertmanager: Catalogue.Label.bounded(20) }
})

/** Notifications that Prometheus could not hand to Alertmanager. */
export const notificationsDropped = Catalogue.counter({
  name: "prometheus_notifications_dropped_total",
  help: "Notifications that Prometheus gave up"
})

/** Notifications that Alertmanager sent. */
export const notifications = Catalogue.counter({
  name: "alertmanager_notifications_total",
  help: "Notifications that Alertmanager sent, by kind of receiver",
  labels: { integration: Catalogue.Label.bounded(50) }
})

/** Notifications that Alertmanager could not deliver. */
export const notificationsFailed = Catalogue.counter({
  name: "alertmanager_notifications_failed_total",
  help: "Notifications that Alertmanager could not deliver, by kind of receiver and reason",
  labels: { integration: Catalogue.Label.bounded(50), reason: Catalogue.Label.bounded(20) }
})
