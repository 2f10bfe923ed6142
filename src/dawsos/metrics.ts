/**
 * The metrics of DawsOS as data: the 20 of the base document under its names, and those that it lacks.
 *
 * Label sets that are known in advance are those that the code of DawsOS can produce, so that the first failure of each
 * is an increase from 0; others come in as they happen, within the bounds of their labels.
 */
import * as Catalogue from "../Catalogue.ts"
import { methods } from "../instrument/HttpMethods.ts"
import * as Observation from "../Observation.ts"
import * as Known from "./known.ts"

const { Label } = Catalogue

/** How an observed operation ends. */
const status = Label.oneOf(...Observation.statuses)

const withOutcomes = <const T extends Readonly<Record<string, string>>>(tuples: ReadonlyArray<T>) =>
  tuples.flatMap((tuple) => status.values.map((status) => ({ ...tuple, status })))

/** Every metric of DawsOS by the name that its code uses. */
export const metrics = {
  apiRequestsTotal: Catalogue.counter({
    name: "dawsos_api_requests_total",
    help: "API requests by method, route template and status code",
    labels: { method: Label.oneOf(...methods), endpoint: Label.bounded(), status_code: Label.bounded(100) },
    known: () =>
      Known.endpoints.flatMap(({ codes, endpoint, method }) =>
        codes.map((status_code) => ({ method, endpoint, status_code }))
      )
  }),
  apiRequestDuration: Catalogue.histogram({
    name: "dawsos_api_request_duration_seconds",
    help: "Time from an API request's arrival to the end of its response",
    unit: "seconds",
    labels: { method: Label.oneOf(...methods), endpoint: Label.bounded() },
    known: () => Known.endpoints.map(({ endpoint, method }) => ({ method, endpoint })),
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 0.8, 1.2, 2, 5, 10],
    bucketsReason:
      "1.2 s and 2 s are the warm and cold p95 that DawsOS promises, so compliance is read off without interpolation; 0.8 s warns before; below lie health checks and cached reads"
  }),
  patternExecutionsTotal: Catalogue.counter({
    name: "dawsos_pattern_executions_total",
    help: "Pattern executions by pattern and outcome",
    labels: { pattern_id: Label.bounded(), status },
    known: () => withOutcomes(Known.patterns.map((pattern_id) => ({ pattern_id })))
  }),
  patternExecutionDuration: Catalogue.histogram({
    name: "dawsos_pattern_execution_duration_seconds",
    help: "Time that a pattern takes, all its steps together",
    unit: "seconds",
    labels: { pattern_id: Label.bounded() },
    known: () => Known.patterns.map((pattern_id) => ({ pattern_id })),
    buckets: [0.025, 0.1, 0.25, 0.5, 0.8, 1.2, 2, 5, 10, 30],
    bucketsReason:
      "a pattern is nearly all of an API request, so 1.2 s and 2 s are the promised p95 here too; 30 s holds macro patterns that wait for slow providers"
  }),
  agentCapabilityCallsTotal: Catalogue.counter({
    name: "dawsos_agent_capability_calls_total",
    help: "Calls of agent capabilities by agent, capability and outcome",
    labels: { agent_name: Label.bounded(50), capability: Label.bounded(), status },
    known: () => withOutcomes(Known.capabilities)
  }),
  agentCapabilityDuration: Catalogue.histogram({
    name: "dawsos_agent_capability_duration_seconds",
    help: "Time that a call of an agent's capability takes",
    unit: "seconds",
    labels: { agent_name: Label.bounded(50), capability: Label.bounded() },
    known: () => Known.capabilities,
    buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.2, 5, 15],
    bucketsReason:
      "from computations in memory (1 ms) over queries (25 ms) to providers and language models (seconds); 1.2 s is the whole budget of a warm request"
  }),
  serviceCallsTotal: Catalogue.counter({
    name: "dawsos_service_calls_total",
    help: "Calls of services by service, method and outcome",
    labels: { service_name: Label.bounded(50), method: Label.bounded(), status },
    known: () => withOutcomes(Known.services)
  }),
  serviceCallDuration: Catalogue.histogram({
    name: "dawsos_service_call_duration_seconds",
    help: "Time that a call of a service takes",
    unit: "seconds",
    labels: { service_name: Label.bounded(50), method: Label.bounded() },
    known: () => Known.services,
    buckets: [0.001, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.2, 5, 15],
    bucketsReason:
      "a service is one or a few queries (10 to 100 ms) or a computation; more than 1.2 s uses up a request"
  }),
  dbQueriesTotal: Catalogue.counter({
    name: "dawsos_db_queries_total",
    help: "Database queries by operation and first table",
    labels: { operation: Label.bounded(30), table: Label.bounded(100) },
    known: () => Known.queries
  }),
  dbQueryErrorsTotal: Catalogue.counter({
    name: "dawsos_db_query_errors_total",
    help: "Database queries that failed, by operation and first table",
    labels: { operation: Label.bounded(30), table: Label.bounded(100) },
    known: () => Known.queries
  }),
  dbQueryDuration: Catalogue.histogram({
    name: "dawsos_db_query_duration_seconds",
    help: "Time that a database query takes",
    unit: "seconds",
    labels: { operation: Label.bounded(30), table: Label.bounded(100) },
    known: () => Known.queries,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10, 60],
    bucketsReason:
      "an indexed read takes under a millisecond, so the scale starts at 0.5 ms; 60 s is the command timeout of the pool"
  }),
  dbConnectionsActive: Catalogue.gauge({
    name: "dawsos_db_connections_active",
    help: "Database connections in use"
  }),
  dbConnectionsMax: Catalogue.gauge({
    name: "dawsos_db_connections_max",
    help: "Database connections that the pool may open"
  }),
  providerRequestsTotal: Catalogue.counter({
    name: "dawsos_provider_requests_total",
    help: "Requests to market-data providers by provider, URL template and outcome, each attempt counted",
    labels: { provider: Label.bounded(50), endpoint: Label.bounded(), status },
    known: () => withOutcomes(Known.providers)
  }),
  providerRequestDuration: Catalogue.histogram({
    name: "dawsos_provider_request_duration_seconds",
    help: "Time from a request to a provider until its response's headers, each attempt on its own",
    unit: "seconds",
    labels: { provider: Label.bounded(50), endpoint: Label.bounded() },
    known: () => Known.providers,
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
    bucketsReason: "public market-data APIs answer in 50 ms to 2 s; 10 s and 30 s are usual timeouts"
  }),
  providerRateLimitRemaining: Catalogue.gauge({
    name: "dawsos_provider_rate_limit_remaining",
    help: "Requests that a provider still allows in its present window",
    labels: { provider: Label.bounded(50) }
  }),
  providerRateLimitLimit: Catalogue.gauge({
    name: "dawsos_provider_rate_limit_limit",
    help: "Requests that a provider allows in one window",
    labels: { provider: Label.bounded(50) }
  }),
  pricingPackBuildDuration: Catalogue.histogram({
    name: "dawsos_pricing_pack_build_duration_seconds",
    help: "Time that a build of a pricing pack takes",
    unit: "seconds",
    buckets: [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600],
    bucketsReason:
      "a nightly build of 500 securities takes 5 to 10 minutes and has 10 until the pack is promised; an hour holds one that goes wrong, seconds hold small and simulated ones"
  }),
  pricingPackSizeBytes: Catalogue.gauge({
    name: "dawsos_pricing_pack_size_bytes",
    help: "Size of the pricing pack that is served",
    unit: "bytes"
  }),
  pricingPackFreshness: Catalogue.gauge({
    name: "dawsos_pricing_pack_freshness_seconds",
    help: "Seconds since the pricing pack was marked fresh; absent while that is unknown",
    unit: "seconds",
    exposes: "age"
  }),
  pricingPackStatus: Catalogue.gauge({
    name: "dawsos_pricing_pack_status",
    help: "1 for the status that the pricing pack has, 0 for the others",
    labels: { status: Label.oneOf("warming", "fresh", "error", "stale") }
  }),
  pricingPackBuildsTotal: Catalogue.counter({
    name: "dawsos_pricing_pack_builds_total",
    help: "Builds of pricing packs by outcome",
    labels: { status },
    known: () => withOutcomes([{}])
  }),
  alertsEvaluatedTotal: Catalogue.counter({
    name: "dawsos_alerts_evaluated_total",
    help: "Evaluations of the product's alerts by type and outcome",
    labels: { alert_type: Label.bounded(50), status: Label.oneOf("triggered", "not_triggered", "skipped", "error") },
    known: () =>
      Known.alertTypes.flatMap((alert_type) =>
        (["triggered", "not_triggered", "skipped", "error"] as const).map((status) => ({ alert_type, status }))
      )
  }),
  alertsDeliveredTotal: Catalogue.counter({
    name: "dawsos_alerts_delivered_total",
    help: "Deliveries of the product's alerts by method and outcome",
    labels: { delivery_method: Label.bounded(20), status: Label.oneOf("success", "error", "dead_letter") },
    known: () =>
      Known.deliveryMethods.flatMap((delivery_method) =>
        (["success", "error", "dead_letter"] as const).map((status) => ({ delivery_method, status }))
      )
  }),
  redisCommandsTotal: Catalogue.counter({
    name: "dawsos_redis_commands_total",
    help: "Redis commands by name and outcome",
    labels: { command: Label.bounded(), status },
    known: () => withOutcomes(Known.redisCommands.map((command) => ({ command })))
  }),
  redisCommandDuration: Catalogue.histogram({
    name: "dawsos_redis_command_duration_seconds",
    help: "Time that a Redis command takes",
    unit: "seconds",
    labels: { command: Label.bounded() },
    known: () => Known.redisCommands.map((command) => ({ command })),
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1],
    bucketsReason:
      "a command on the same network takes 0.1 to 1 ms; what takes longer waits for the network or for Redis"
  }),
  systemInfo: Catalogue.gauge({
    name: "dawsos_system_info",
    help: "Always 1; its labels say what runs",
    labels: { version: Label.bounded(10), environment: Label.bounded(10), node_version: Label.bounded(10) }
  })
}

/** The catalogue of DawsOS. */
export const catalogue = Catalogue.make({ prefix: "dawsos", metrics })
