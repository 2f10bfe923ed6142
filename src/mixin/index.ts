/**
 * Monitoring as code: dashboards, alert rules, service levels and routing, generated from a catalogue of metrics.
 *
 * Its SDKs are optional peers: a program that only observes installs none of them.
 */
export { selfMetrics } from "../metrics/SelfMetrics.ts"
export * as Alertmanager from "./Alertmanager.ts"
export * as MonitoringAlerts from "./alerts/Monitoring.ts"
export * as TelemetryAlerts from "./alerts/Telemetry.ts"
export * as AlertsPage from "./AlertsPage.ts"
export * as Dashboard from "./Dashboard.ts"
export * as Queries from "./dashboard/Queries.ts"
export type { File } from "./File.ts"
export * as Foreign from "./Foreign.ts"
export * as JaegerConfig from "./JaegerConfig.ts"
export * as Lint from "./Lint.ts"
export { MixinError } from "./MixinError.ts"
export * as Monitoring from "./Monitoring.ts"
export * as Panel from "./Panel.ts"
export * as PrometheusConfig from "./PrometheusConfig.ts"
export * as PromQL from "./PromQL.ts"
export * as Provisioning from "./Provisioning.ts"
export * as Rules from "./Rules.ts"
export * as RulesFile from "./RulesFile.ts"
export * as Runbooks from "./Runbooks.ts"
export * as ServiceLevel from "./ServiceLevel.ts"
