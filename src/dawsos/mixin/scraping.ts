/** What Prometheus scrapes: `prometheus/prometheus.yml`. */
import { JaegerConfig, type PrometheusConfig } from "../../mixin/index.ts"
import type { Settings } from "./Settings.ts"

/**
 * Between two scrapes and between two evaluations: a sample is 5 seconds old at most when it is written, and a rule sees
 * it 5 seconds later at most, which is the base document's "evaluation below 10 seconds".
 */
export const interval = "5 seconds"

/** Prometheus's configuration for these settings. */
export const scraping = (settings: Settings): PrometheusConfig.Config => ({
  interval,
  externalLabels: settings.externalLabels,
  ruleFiles: ["alerts.yml"],
  alertmanagers: ["alertmanager:9093"],
  jobs: [
    { name: settings.job, targets: settings.backends, credentialsFile: settings.metricsTokenFile },
    { name: "prometheus", targets: ["localhost:9090"] },
    { name: "alertmanager", targets: ["alertmanager:9093"] },
    { name: "jaeger", targets: [`jaeger:${JaegerConfig.ports.metrics}`] },
    ...(settings.gateway ? [{ name: "gateway", targets: [`gateway:${JaegerConfig.ports.metrics}`] }] : [])
  ],
  remoteWrite: settings.remoteWrite.length === 0 ? undefined : settings.remoteWrite
})
