/**
 * The combinators of DawsOS: one for each kind of operation between the API and its back ends.
 *
 * Each opens one span, counts the operation by status and observes its duration. Use them data-last in a pipe or as an
 * argument of an unnamed `Effect.fn` (a name would open a second span).
 */
import * as Observation from "../Observation.ts"
import { metrics } from "./metrics.ts"

const prefix = "dawsos"

/**
 * Observes the execution of a pattern: span `pattern {id}`.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * export const overview = Effect.succeed("result").pipe(
 *   DawsOs.withPatternMetrics({ patternId: "portfolio_overview" })
 * )
 */
export const withPatternMetrics = Observation.make<{ readonly patternId: string }>({
  prefix,
  span: ({ patternId }) => ({ name: `pattern ${patternId}`, attributes: { "dawsos.pattern_id": patternId } }),
  instruments: [
    Observation.count(metrics.patternExecutionsTotal, ({ patternId }, status) => ({ pattern_id: patternId, status })),
    Observation.time(metrics.patternExecutionDuration, ({ patternId }) => ({ pattern_id: patternId }))
  ]
})

/**
 * Observes a call of an agent's capability: the span has the capability's name.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * export const computeTwr = Effect.fn(
 *   function*(returns: ReadonlyArray<number>) {
 *     return yield* Effect.succeed(returns.reduce((total, one) => total * (1 + one), 1) - 1)
 *   },
 *   DawsOs.withCapabilityMetrics({ agent: "financial_analyst", capability: "metrics.compute_twr" })
 * )
 */
export const withCapabilityMetrics = Observation.make<{ readonly agent: string; readonly capability: string }>({
  prefix,
  span: ({ agent, capability }) => ({
    name: capability,
    attributes: { "dawsos.agent": agent, "dawsos.capability": capability }
  }),
  instruments: [
    Observation.count(metrics.agentCapabilityCallsTotal, ({ agent, capability }, status) => ({
      agent_name: agent,
      capability,
      status
    })),
    Observation.time(metrics.agentCapabilityDuration, ({ agent, capability }) => ({ agent_name: agent, capability }))
  ]
})

/** Observes a call of a service's method: span `{Service}.{method}`. */
export const withServiceMetrics = Observation.make<{ readonly service: string; readonly method: string }>({
  prefix,
  span: ({ method, service }) => ({
    name: `${service}.${method}`,
    attributes: { "dawsos.service": service, "code.function.name": `${service}.${method}` }
  }),
  instruments: [
    Observation.count(metrics.serviceCallsTotal, ({ method, service }, status) => ({
      service_name: service,
      method,
      status
    })),
    Observation.time(metrics.serviceCallDuration, ({ method, service }) => ({ service_name: service, method }))
  ]
})

/**
 * Observes a request to a market-data provider: span `{provider} {endpoint}`, with the endpoint as a URL template.
 *
 * Put it inside a retry, so that each attempt counts once, and a timeout inside it, so that a timeout counts as an
 * error. A result that carries its failure as a field, or stale data, is told by the option `degraded`.
 */
export const withProviderMetrics = Observation.make<{ readonly provider: string; readonly endpoint: string }>({
  prefix,
  span: ({ endpoint, provider }) => ({
    name: `${provider} ${endpoint}`,
    kind: "client",
    attributes: { "dawsos.provider": provider, "url.template": endpoint }
  }),
  instruments: [
    Observation.count(metrics.providerRequestsTotal, ({ endpoint, provider }, status) => ({
      provider,
      endpoint,
      status
    })),
    Observation.time(metrics.providerRequestDuration, ({ endpoint, provider }) => ({ provider, endpoint }))
  ]
})

/**
 * Observes a database operation that is not one statement of Effect's SQL client: span `{operation} {table}`.
 *
 * Statements inside it get their spans but are not counted again.
 */
export const withDatabaseMetrics = Observation.make<{ readonly operation: string; readonly table: string }>({
  prefix,
  span: ({ operation, table }) => ({
    name: `${operation} ${table}`,
    kind: "client",
    attributes: { "db.system.name": "postgresql", "db.operation.name": operation, "db.collection.name": table }
  }),
  instruments: [
    Observation.count(metrics.dbQueriesTotal, ({ operation, table }) => ({ operation, table })),
    Observation.count(
      metrics.dbQueryErrorsTotal,
      ({ operation, table }, status) => status === "error" || status === "defect" ? { operation, table } : undefined
    ),
    Observation.time(metrics.dbQueryDuration, ({ operation, table }) => ({ operation, table }))
  ]
})
