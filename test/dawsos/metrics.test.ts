import { type Catalogue, Guard, Metrics, Scrubber } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as SqlText from "../../src/instrument/SqlText.ts"
import * as MetricsLive from "../../src/metrics/MetricsLive.ts"
import { parse } from "../support/ExpositionText.ts"

// The metrics of the base document, with the label that the issue adds to system_info, and those that it lacks.
const expected: ReadonlyArray<readonly [name: string, kind: Catalogue.Definition["kind"], labels: string]> = [
  ["dawsos_api_requests_total", "counter", "method,endpoint,status_code"],
  ["dawsos_api_request_duration_seconds", "histogram", "method,endpoint"],
  ["dawsos_pattern_executions_total", "counter", "pattern_id,status"],
  ["dawsos_pattern_execution_duration_seconds", "histogram", "pattern_id"],
  ["dawsos_agent_capability_calls_total", "counter", "agent_name,capability,status"],
  ["dawsos_agent_capability_duration_seconds", "histogram", "agent_name,capability"],
  ["dawsos_service_calls_total", "counter", "service_name,method,status"],
  ["dawsos_service_call_duration_seconds", "histogram", "service_name,method"],
  ["dawsos_db_queries_total", "counter", "operation,table"],
  ["dawsos_db_query_errors_total", "counter", "operation,table"],
  ["dawsos_db_query_duration_seconds", "histogram", "operation,table"],
  ["dawsos_db_connections_active", "gauge", ""],
  ["dawsos_db_connections_max", "gauge", ""],
  ["dawsos_provider_requests_total", "counter", "provider,endpoint,status"],
  ["dawsos_provider_request_duration_seconds", "histogram", "provider,endpoint"],
  ["dawsos_provider_rate_limit_remaining", "gauge", "provider"],
  ["dawsos_provider_rate_limit_limit", "gauge", "provider"],
  ["dawsos_pricing_pack_build_duration_seconds", "histogram", ""],
  ["dawsos_pricing_pack_size_bytes", "gauge", ""],
  ["dawsos_pricing_pack_freshness_seconds", "gauge", ""],
  ["dawsos_pricing_pack_status", "gauge", "status"],
  ["dawsos_pricing_pack_builds_total", "counter", "status"],
  ["dawsos_alerts_evaluated_total", "counter", "alert_type,status"],
  ["dawsos_alerts_delivered_total", "counter", "delivery_method,status"],
  ["dawsos_redis_commands_total", "counter", "command,status"],
  ["dawsos_redis_command_duration_seconds", "histogram", "command"],
  ["dawsos_system_info", "gauge", "version,environment,node_version"]
]

const definitions: ReadonlyArray<Catalogue.Definition> = Object.values(DawsOs.metrics)

const bucketsOf = (name: string): ReadonlyArray<number> => {
  const definition = definitions.find((definition) => definition.name === name)
  return definition?.kind === "histogram" ? definition.buckets : []
}

describe("The catalogue of DawsOS", () => {
  it("has the metrics of the base document under their names, kinds and labels, and those that it lacks", () => {
    const described = definitions.map(({ kind, labels, name }) => [name, kind, Object.keys(labels).join(",")])
    expect(described.sort()).toEqual([...expected].map((row) => [...row]).sort())
  })

  it("names each metric in the code as Prometheus does", () => {
    for (const [key, { name }] of Object.entries(DawsOs.metrics)) {
      const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      expect(name.replace(/_seconds$/, "")).toBe(`dawsos_${snake}`)
    }
  })

  it("tells every way an operation can end", () => {
    for (const { labels, name } of definitions) {
      const status = labels.status
      if (status === undefined || name.includes("alerts") || name === "dawsos_pricing_pack_status") continue
      expect(status).toMatchObject({ values: ["success", "error", "defect", "interrupted", "degraded"] })
    }
    expect(DawsOs.metrics.alertsEvaluatedTotal.labels.status.values).toEqual([
      "triggered",
      "not_triggered",
      "skipped",
      "error"
    ])
    expect(DawsOs.metrics.alertsDeliveredTotal.labels.status.values).toEqual(["success", "error", "dead_letter"])
  })

  it("has the promised times among its bounds, each with a reason", () => {
    for (const name of ["dawsos_api_request_duration_seconds", "dawsos_pattern_execution_duration_seconds"]) {
      expect(bucketsOf(name)).toEqual(expect.arrayContaining([1.2, 2]))
    }
    expect(bucketsOf("dawsos_db_query_duration_seconds")[0]).toBe(0.0005)
    expect(bucketsOf("dawsos_pricing_pack_build_duration_seconds").at(-1)).toBe(3600)
    const reasons = definitions.flatMap((definition) =>
      definition.kind === "histogram" ? [definition.bucketsReason] : []
    )
    expect(reasons.length).toBeGreaterThan(0)
    for (const reason of reasons) expect(reason.length).toBeGreaterThan(40)
    for (const { help } of definitions) expect(help).toMatch(/^[A-Z0-9].*[^.]$/)
  })

  it("times what it counts: the known label sets of a histogram are those of its counter", () => {
    const pairs = [
      [DawsOs.metrics.apiRequestsTotal, DawsOs.metrics.apiRequestDuration],
      [DawsOs.metrics.patternExecutionsTotal, DawsOs.metrics.patternExecutionDuration],
      [DawsOs.metrics.agentCapabilityCallsTotal, DawsOs.metrics.agentCapabilityDuration],
      [DawsOs.metrics.serviceCallsTotal, DawsOs.metrics.serviceCallDuration],
      [DawsOs.metrics.dbQueriesTotal, DawsOs.metrics.dbQueryDuration],
      [DawsOs.metrics.dbQueryErrorsTotal, DawsOs.metrics.dbQueryDuration],
      [DawsOs.metrics.providerRequestsTotal, DawsOs.metrics.providerRequestDuration],
      [DawsOs.metrics.redisCommandsTotal, DawsOs.metrics.redisCommandDuration]
    ] as const
    for (const [counter, histogram] of pairs) {
      const names = Object.keys(histogram.labels)
      const sets = (definition: Catalogue.Definition) =>
        new Set(definition.known.map((known) => names.map((name) => (known as Record<string, string>)[name]).join(" ")))
      expect(sets(counter).size).toBeGreaterThan(0)
      expect(sets(counter)).toEqual(sets(histogram))
    }
  })

  it("knows queries by the operations that the SQL instrumentation tells apart", () => {
    const told = new Set<string>([...SqlText.operations, "commit", "rollback"])
    const known = DawsOs.metrics.dbQueriesTotal.known.map(({ operation }) => operation)
    expect(known.filter((operation) => !told.has(operation))).toEqual([])
  })

  it("holds no label value that the scrubber would touch", () => {
    const scrubber = Scrubber.make()
    const values = new Set(definitions.flatMap(({ known }) => known.flatMap((labels) => Object.values(labels))))
    expect(values.size).toBeGreaterThan(100)
    for (const value of values) expect(scrubber.text(value)).toBe(value)
  })

  it.live("is idle on at most 3,000 lines, runtime and the layer's own included, valid in both formats", () =>
    Effect.gen(function*() {
      const metrics = yield* Metrics.Metrics
      for (const format of ["prometheus", "openmetrics"] as const) {
        const text = yield* metrics.render(format)
        const { families } = parse(text, format)
        // Room for garbage collections of four kinds, nine lines each, that may not have happened yet.
        expect(text.split("\n").length).toBeLessThanOrEqual(3000 - 36)
        // Counters and histograms show at 0 before anything happens; gauges do not.
        for (const { kind, name } of definitions) {
          const family = families.get(format === "openmetrics" ? name.replace(/_total$/, "") : name)
          expect([name, family !== undefined]).toEqual([name, kind !== "gauge"])
          for (const sample of family?.samples ?? []) expect(sample.value).toBe(0)
        }
        expect(families.has("nodejs_heap_size_used_bytes")).toBe(true)
      }
    }).pipe(
      Effect.provide(MetricsLive.layer({
        catalogue: DawsOs.catalogue,
        scrubber: { text: (text) => text, field: (_, value) => value },
        guard: Guard.make(),
        config: { host: "127.0.0.1", port: 0, token: Option.none() }
      })),
      Effect.provideService(Metric.MetricRegistry, new Map())
    ))
})
