/**
 * Recorders for what is not one operation: the functions of the base document in Effect form, and those it lacks.
 *
 * They need no layer: without a `Metrics` service they do nothing. None of them fails. Durations are Effect `Duration`s
 * and are exposed in seconds.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 *
 * export const delivered = DawsOs.recordAlertDelivered({ deliveryMethod: "webhook", status: "success" })
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { methodLabel } from "../instrument/HttpMethods.ts"
import type { Status } from "../Observation.ts"
import { record, seconds } from "../Recorder.ts"
import { metrics } from "./metrics.ts"

/** Records one API request: `endpoint` is a route template, never a raw path. */
export const recordApiRequest = (request: {
  readonly method: string
  readonly endpoint: string
  readonly statusCode: number
  readonly duration: Duration.Input
}): Effect.Effect<void> =>
  record((service) => {
    const took = seconds(request.duration)
    const labels = { method: methodLabel(request.method), endpoint: request.endpoint }
    service.counter(metrics.apiRequestsTotal, { ...labels, status_code: String(request.statusCode) }).increment()
    service.histogram(metrics.apiRequestDuration, labels).observe(took)
  })

/** Records one execution of a pattern that `withPatternMetrics` did not observe. */
export const recordPatternExecution = (execution: {
  readonly patternId: string
  readonly status: Status
  readonly duration: Duration.Input
}): Effect.Effect<void> =>
  record((service) => {
    const took = seconds(execution.duration)
    const labels = { pattern_id: execution.patternId }
    service.counter(metrics.patternExecutionsTotal, { ...labels, status: execution.status }).increment()
    service.histogram(metrics.patternExecutionDuration, labels).observe(took)
  })

/** Records one call of a capability that `withCapabilityMetrics` did not observe. */
export const recordAgentCapability = (call: {
  readonly agent: string
  readonly capability: string
  readonly status: Status
  readonly duration: Duration.Input
}): Effect.Effect<void> =>
  record((service) => {
    const took = seconds(call.duration)
    const labels = { agent_name: call.agent, capability: call.capability }
    service.counter(metrics.agentCapabilityCallsTotal, { ...labels, status: call.status }).increment()
    service.histogram(metrics.agentCapabilityDuration, labels).observe(took)
  })

/** Records one call of a service that `withServiceMetrics` did not observe. */
export const recordServiceCall = (call: {
  readonly service: string
  readonly method: string
  readonly status: Status
  readonly duration: Duration.Input
}): Effect.Effect<void> =>
  record((service) => {
    const took = seconds(call.duration)
    const labels = { service_name: call.service, method: call.method }
    service.counter(metrics.serviceCallsTotal, { ...labels, status: call.status }).increment()
    service.histogram(metrics.serviceCallDuration, labels).observe(took)
  })

/** Records one database query that the SQL instrumentation did not see. */
export const recordDbQuery = (query: {
  readonly operation: string
  readonly table: string
  readonly duration: Duration.Input
  readonly failed?: boolean | undefined
}): Effect.Effect<void> =>
  record((service) => {
    const took = seconds(query.duration)
    const labels = { operation: query.operation, table: query.table }
    service.counter(metrics.dbQueriesTotal, labels).increment()
    if (query.failed === true) service.counter(metrics.dbQueryErrorsTotal, labels).increment()
    service.histogram(metrics.dbQueryDuration, labels).observe(took)
  })

/** Records one request to a provider that `withProviderMetrics` did not observe. */
export const recordProviderRequest = (request: {
  readonly provider: string
  readonly endpoint: string
  readonly status: Status
  readonly duration: Duration.Input
}): Effect.Effect<void> =>
  record((service) => {
    const took = seconds(request.duration)
    const labels = { provider: request.provider, endpoint: request.endpoint }
    service.counter(metrics.providerRequestsTotal, { ...labels, status: request.status }).increment()
    service.histogram(metrics.providerRequestDuration, labels).observe(took)
  })

/** Records what a provider's response headers say of its quota, in requests; `limit` only where it is known. */
export const recordProviderRateLimit = (quota: {
  readonly provider: string
  readonly remaining: number
  readonly limit?: number | undefined
}): Effect.Effect<void> =>
  record((service) => {
    const labels = { provider: quota.provider }
    service.gauge(metrics.providerRateLimitRemaining, labels).set(quota.remaining)
    if (quota.limit !== undefined) service.gauge(metrics.providerRateLimitLimit, labels).set(quota.limit)
  })

/** The status of a pricing pack. */
export type PricingPackStatus = "warming" | "fresh" | "error" | "stale"

/** The statuses of a pricing pack in the order in which they are exposed. */
export const pricingPackStatuses: ReadonlyArray<PricingPackStatus> = ["warming", "fresh", "error", "stale"]

/**
 * Records the pricing pack that is being served: its size in bytes, the moment at which it became fresh (exposed as
 * its age at each scrape), and its status (1 for the one that holds, 0 for the others).
 */
export const updatePricingPackMetrics = (pack: {
  readonly sizeBytes?: number | undefined
  readonly freshSince?: DateTime.DateTime | undefined
  readonly status?: PricingPackStatus | undefined
}): Effect.Effect<void> =>
  record((service) => {
    if (pack.sizeBytes !== undefined) service.gauge(metrics.pricingPackSizeBytes, {}).set(pack.sizeBytes)
    if (pack.freshSince !== undefined) {
      service.gauge(metrics.pricingPackFreshness, {}).set(pack.freshSince.epochMilliseconds)
    }
    if (pack.status !== undefined) {
      for (const status of pricingPackStatuses) {
        service.gauge(metrics.pricingPackStatus, { status }).set(status === pack.status ? 1 : 0)
      }
    }
  })

/** Records one build of a pricing pack. */
export const recordPricingPackBuild = (build: {
  readonly status: Status
  readonly duration: Duration.Input
}): Effect.Effect<void> =>
  record((service) => {
    const took = seconds(build.duration)
    service.counter(metrics.pricingPackBuildsTotal, { status: build.status }).increment()
    service.histogram(metrics.pricingPackBuildDuration, {}).observe(took)
  })

/** Records how many database connections are in use, and how many there may be. */
export const updateDbConnections = (connections: {
  readonly active: number
  readonly max?: number | undefined
}): Effect.Effect<void> =>
  record((service) => {
    service.gauge(metrics.dbConnectionsActive, {}).set(connections.active)
    if (connections.max !== undefined) service.gauge(metrics.dbConnectionsMax, {}).set(connections.max)
  })

/** Records one evaluation of a product alert. */
export const recordAlertEvaluated = (evaluation: {
  readonly alertType: string
  readonly status: "triggered" | "not_triggered" | "skipped" | "error"
}): Effect.Effect<void> =>
  record((service) => {
    service.counter(metrics.alertsEvaluatedTotal, { alert_type: evaluation.alertType, status: evaluation.status })
      .increment()
  })

/** Records one attempt to deliver a product alert. */
export const recordAlertDelivered = (delivery: {
  readonly deliveryMethod: string
  readonly status: "success" | "error" | "dead_letter"
}): Effect.Effect<void> =>
  record((service) => {
    service.counter(metrics.alertsDeliveredTotal, {
      delivery_method: delivery.deliveryMethod,
      status: delivery.status
    }).increment()
  })

/** Records what runs: a gauge that is always 1. The layer does so at its start. */
export const recordSystemInfo = (info: {
  readonly version: string
  readonly environment: string
  readonly nodeVersion: string
}): Effect.Effect<void> =>
  record((service) => {
    service.gauge(metrics.systemInfo, {
      version: info.version,
      environment: info.environment,
      node_version: info.nodeVersion
    }).set(1)
  })
