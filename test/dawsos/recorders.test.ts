import { Metrics } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Recorded from "../support/Recorded.ts"

interface Case {
  readonly name: string
  readonly record: Effect.Effect<void>
  /** Every series that moves, histograms by their count. */
  readonly moves: ReadonlyArray<string>
  /** What its histogram observes, in seconds. */
  readonly sum?: readonly [name: string, seconds: number]
}

const cases: ReadonlyArray<Case> = [
  {
    name: "recordApiRequest",
    record: DawsOs.recordApiRequest({
      method: "PROPFIND",
      endpoint: "/api/quotes/{symbol}",
      statusCode: 207,
      duration: "1500 millis"
    }),
    moves: [
      "dawsos_api_request_duration_seconds_count{method=_OTHER,endpoint=/api/quotes/{symbol}} 1",
      "dawsos_api_requests_total{method=_OTHER,endpoint=/api/quotes/{symbol},status_code=207} 1"
    ],
    sum: ["dawsos_api_request_duration_seconds_sum", 1.5]
  },
  {
    name: "recordPatternExecution",
    record: DawsOs.recordPatternExecution({ patternId: "policy_rebalance", status: "degraded", duration: 250 }),
    moves: [
      "dawsos_pattern_execution_duration_seconds_count{pattern_id=policy_rebalance} 1",
      "dawsos_pattern_executions_total{pattern_id=policy_rebalance,status=degraded} 1"
    ],
    sum: ["dawsos_pattern_execution_duration_seconds_sum", 0.25]
  },
  {
    name: "recordAgentCapability",
    record: DawsOs.recordAgentCapability({
      agent: "macro_hound",
      capability: "macro.detect_regime",
      status: "defect",
      duration: "2 seconds"
    }),
    moves: [
      "dawsos_agent_capability_calls_total{agent_name=macro_hound,capability=macro.detect_regime,status=defect} 1",
      "dawsos_agent_capability_duration_seconds_count{agent_name=macro_hound,capability=macro.detect_regime} 1"
    ],
    sum: ["dawsos_agent_capability_duration_seconds_sum", 2]
  },
  {
    name: "recordServiceCall",
    record: DawsOs.recordServiceCall({
      service: "PricingService",
      method: "get_prices",
      status: "interrupted",
      duration: "1 minute"
    }),
    moves: [
      "dawsos_service_call_duration_seconds_count{service_name=PricingService,method=get_prices} 1",
      "dawsos_service_calls_total{service_name=PricingService,method=get_prices,status=interrupted} 1"
    ],
    sum: ["dawsos_service_call_duration_seconds_sum", 60]
  },
  {
    name: "recordDbQuery",
    record: DawsOs.recordDbQuery({ operation: "vacuum", table: "prices", duration: "3 millis" }),
    moves: [
      "dawsos_db_queries_total{operation=vacuum,table=prices} 1",
      "dawsos_db_query_duration_seconds_count{operation=vacuum,table=prices} 1"
    ],
    sum: ["dawsos_db_query_duration_seconds_sum", 0.003]
  },
  {
    name: "recordDbQuery of one that failed",
    record: DawsOs.recordDbQuery({ operation: "vacuum", table: "prices", duration: 0, failed: true }),
    moves: [
      "dawsos_db_queries_total{operation=vacuum,table=prices} 1",
      "dawsos_db_query_duration_seconds_count{operation=vacuum,table=prices} 1",
      "dawsos_db_query_errors_total{operation=vacuum,table=prices} 1"
    ]
  },
  {
    name: "recordProviderRequest",
    record: DawsOs.recordProviderRequest({
      provider: "fmp",
      endpoint: "/v3/quote/{symbol}",
      status: "error",
      duration: "100 millis"
    }),
    moves: [
      "dawsos_provider_request_duration_seconds_count{provider=fmp,endpoint=/v3/quote/{symbol}} 1",
      "dawsos_provider_requests_total{provider=fmp,endpoint=/v3/quote/{symbol},status=error} 1"
    ],
    sum: ["dawsos_provider_request_duration_seconds_sum", 0.1]
  },
  {
    name: "recordProviderRateLimit",
    record: DawsOs.recordProviderRateLimit({ provider: "fmp", remaining: 7, limit: 250 }),
    moves: [
      "dawsos_provider_rate_limit_limit{provider=fmp} 250",
      "dawsos_provider_rate_limit_remaining{provider=fmp} 7"
    ]
  },
  {
    name: "recordProviderRateLimit without a limit",
    record: DawsOs.recordProviderRateLimit({ provider: "fmp", remaining: 7 }),
    moves: ["dawsos_provider_rate_limit_remaining{provider=fmp} 7"]
  },
  {
    name: "updatePricingPackMetrics of the size",
    record: DawsOs.updatePricingPackMetrics({ sizeBytes: 4096 }),
    moves: ["dawsos_pricing_pack_size_bytes{} 4096"]
  },
  {
    name: "updatePricingPackMetrics of the status",
    record: Effect.andThen(
      DawsOs.updatePricingPackMetrics({ status: "warming" }),
      DawsOs.updatePricingPackMetrics({ status: "fresh" })
    ),
    moves: ["dawsos_pricing_pack_status{status=fresh} 1"]
  },
  {
    name: "recordPricingPackBuild",
    record: DawsOs.recordPricingPackBuild({ status: "success", duration: "10 minutes" }),
    moves: [
      "dawsos_pricing_pack_build_duration_seconds_count{} 1",
      "dawsos_pricing_pack_builds_total{status=success} 1"
    ],
    sum: ["dawsos_pricing_pack_build_duration_seconds_sum", 600]
  },
  {
    name: "updateDbConnections",
    record: DawsOs.updateDbConnections({ active: 3, max: 20 }),
    moves: ["dawsos_db_connections_active{} 3", "dawsos_db_connections_max{} 20"]
  },
  {
    name: "updateDbConnections without a maximum",
    record: DawsOs.updateDbConnections({ active: 3 }),
    moves: ["dawsos_db_connections_active{} 3"]
  },
  {
    name: "recordAlertEvaluated",
    record: DawsOs.recordAlertEvaluated({ alertType: "price", status: "not_triggered" }),
    moves: ["dawsos_alerts_evaluated_total{alert_type=price,status=not_triggered} 1"]
  },
  {
    name: "recordAlertDelivered",
    record: DawsOs.recordAlertDelivered({ deliveryMethod: "webhook", status: "dead_letter" }),
    moves: ["dawsos_alerts_delivered_total{delivery_method=webhook,status=dead_letter} 1"]
  },
  {
    name: "recordSystemInfo",
    record: DawsOs.recordSystemInfo({ version: "0.7.0", environment: "test", nodeVersion: "24.0.0" }),
    moves: ["dawsos_system_info{version=0.7.0,environment=test,node_version=24.0.0} 1"]
  }
]

describe("A recorder moves exactly its metrics", () => {
  for (const { moves, name, record, sum } of cases) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const recorded = Recorded.make(DawsOs.catalogue)
        yield* Effect.provide(record, recorded.context)
        expect(recorded.moved()).toEqual(moves)
        expect(recorded.faults("recorder")).toBe(0)
        if (sum !== undefined) {
          const observed = recorded.service.samples().filter((sample) => sample.name === sum[0])
          expect(observed.reduce((total, { value }) => total + value, 0)).toBeCloseTo(sum[1], 9)
        }
      }))
  }

  it.effect("the freshness of the pricing pack is told as a moment and exposed as an age", () =>
    Effect.gen(function*() {
      let now = 1_000_000
      const recorded = Recorded.make(DawsOs.catalogue, () => now)
      expect(recorded.value("dawsos_pricing_pack_freshness_seconds")).toBeUndefined()
      const freshSince = DateTime.makeUnsafe(now)
      yield* Effect.provide(DawsOs.updatePricingPackMetrics({ freshSince }), recorded.context)
      now += 90_000
      expect(recorded.value("dawsos_pricing_pack_freshness_seconds")).toBe(90)
    }))
})

describe("A recorder harms nobody", () => {
  it.effect("without the layer it does nothing", () =>
    Effect.forEach(cases, ({ record }) => Effect.provideService(record, Metrics.Metrics, Metrics.disabled)).pipe(
      Effect.andThen(Effect.forEach(cases, ({ record }) => record))
    ))

  it.effect("what it can't take is refused and counted: nothing of it is recorded", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make(DawsOs.catalogue)
      const bad = DawsOs.recordPatternExecution({
        patternId: "policy_rebalance",
        status: "success",
        duration: "soon" as never
      })
      yield* Effect.provide(bad, recorded.context)
      expect(recorded.moved()).toEqual([])
      expect(recorded.faults("recorder")).toBe(1)
    }))
})
