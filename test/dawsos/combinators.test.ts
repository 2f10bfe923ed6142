import type { Observation } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { span, TestMetrics, TestTracing } from "@dawsos/observability/testing"
import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as CollectedSpans from "../support/CollectedSpans.ts"
import * as Recorded from "../support/Recorded.ts"

interface Case {
  readonly name: string
  readonly wrap: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly span: string
  readonly kind: Tracer.SpanKind
  readonly attributes: Readonly<Record<string, string>>
  readonly counts: (status: Observation.Status) => ReadonlyArray<string>
}

const cases: ReadonlyArray<Case> = [
  {
    name: "withPatternMetrics",
    wrap: DawsOs.withPatternMetrics({ patternId: "portfolio_overview" }),
    span: "pattern portfolio_overview",
    kind: "internal",
    attributes: { "dawsos.pattern_id": "portfolio_overview" },
    counts: (status) => [
      "dawsos_pattern_execution_duration_seconds_count{pattern_id=portfolio_overview} 1",
      `dawsos_pattern_executions_total{pattern_id=portfolio_overview,status=${status}} 1`
    ]
  },
  {
    name: "withCapabilityMetrics",
    wrap: DawsOs.withCapabilityMetrics({ agent: "financial_analyst", capability: "metrics.compute_twr" }),
    span: "metrics.compute_twr",
    kind: "internal",
    attributes: { "dawsos.agent": "financial_analyst", "dawsos.capability": "metrics.compute_twr" },
    counts: (status) => [
      `dawsos_agent_capability_calls_total{agent_name=financial_analyst,capability=metrics.compute_twr,status=${status}} 1`,
      "dawsos_agent_capability_duration_seconds_count{agent_name=financial_analyst,capability=metrics.compute_twr} 1"
    ]
  },
  {
    name: "withServiceMetrics",
    wrap: DawsOs.withServiceMetrics({ service: "PricingService", method: "get_prices" }),
    span: "PricingService.get_prices",
    kind: "internal",
    attributes: { "dawsos.service": "PricingService", "code.function.name": "PricingService.get_prices" },
    counts: (status) => [
      "dawsos_service_call_duration_seconds_count{service_name=PricingService,method=get_prices} 1",
      `dawsos_service_calls_total{service_name=PricingService,method=get_prices,status=${status}} 1`
    ]
  },
  {
    name: "withProviderMetrics",
    wrap: DawsOs.withProviderMetrics({ provider: "fmp", endpoint: "/v3/quote/{symbol}" }),
    span: "fmp /v3/quote/{symbol}",
    kind: "client",
    attributes: { "dawsos.provider": "fmp", "url.template": "/v3/quote/{symbol}" },
    counts: (status) => [
      "dawsos_provider_request_duration_seconds_count{provider=fmp,endpoint=/v3/quote/{symbol}} 1",
      `dawsos_provider_requests_total{provider=fmp,endpoint=/v3/quote/{symbol},status=${status}} 1`
    ]
  },
  {
    name: "withDatabaseMetrics",
    wrap: DawsOs.withDatabaseMetrics({ operation: "report", table: "lots" }),
    span: "report lots",
    kind: "client",
    attributes: {
      "db.system.name": "postgresql",
      "db.operation.name": "report",
      "db.collection.name": "lots"
    },
    counts: (status) => [
      "dawsos_db_queries_total{operation=report,table=lots} 1",
      "dawsos_db_query_duration_seconds_count{operation=report,table=lots} 1",
      ...(status === "error" || status === "defect"
        ? ["dawsos_db_query_errors_total{operation=report,table=lots} 1"]
        : [])
    ]
  }
]

const endings: ReadonlyArray<readonly [Observation.Status, Effect.Effect<unknown, unknown>]> = [
  ["success", Effect.void],
  ["error", Effect.fail("no")],
  ["defect", Effect.die(new Error("boom"))],
  ["interrupted", Effect.interrupt]
]

describe("A combinator of DawsOS", () => {
  for (const each of cases) {
    for (const [status, effect] of endings) {
      it.effect(`${each.name} counts ${status} once, under one span`, () =>
        Effect.gen(function*() {
          const recorded = Recorded.make(DawsOs.catalogue)
          const collected = CollectedSpans.make()
          yield* Effect.exit(each.wrap(effect)).pipe(
            Effect.provide(Context.add(recorded.context, Tracer.Tracer, collected.tracer))
          )
          expect(recorded.moved()).toEqual(each.counts(status))
          expect(collected.names()).toEqual([each.span])
          const { attributes, kind } = collected.one(each.span)
          expect(kind).toBe(each.kind)
          expect(Object.fromEntries(attributes)).toMatchObject({ ...each.attributes, "dawsos.status": status })
        }))
    }

    it.effect(`${each.name} only runs the effect where there is no layer`, () =>
      Effect.gen(function*() {
        expect(yield* each.wrap(Effect.succeed(7))).toBe(7)
        expect(yield* Effect.flip(each.wrap(Effect.fail("no")))).toBe("no")
      }))
  }

  it.effect("tells stale data as degraded, data-last and data-first", () =>
    Effect.gen(function*() {
      const stale = { stale: true }
      const input = { provider: "fmp", endpoint: "/v3/quote/{symbol}" }
      const options = { degraded: (quote: { readonly stale: boolean }) => quote.stale }
      yield* Effect.succeed(stale).pipe(DawsOs.withProviderMetrics(input, options))
      yield* DawsOs.withProviderMetrics(Effect.succeed(stale), input, options)
      yield* TestMetrics.expectValue(DawsOs.metrics.providerRequestsTotal, { ...input, status: "degraded" }, 2)
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("works under the test layer as an agent's author uses it", () =>
    Effect.gen(function*() {
      const computeTwr = Effect.fn(function*(returns: ReadonlyArray<number>) {
        yield* Effect.sleep("20 millis").pipe(DawsOs.withDatabaseMetrics({ operation: "select", table: "prices" }))
        return returns.reduce((total, one) => total * (1 + one), 1) - 1
      }, DawsOs.withCapabilityMetrics({ agent: "financial_analyst", capability: "metrics.compute_twr" }))
      const fiber = yield* Effect.forkChild(
        computeTwr([0.1, 0.2]).pipe(DawsOs.withPatternMetrics({ patternId: "portfolio_overview" }))
      )
      yield* TestClock.adjust("20 millis")
      expect(yield* Fiber.join(fiber)).toBeCloseTo(0.32, 9)
      yield* TestTracing.expectTrace(
        span("pattern portfolio_overview", [span("metrics.compute_twr", [span("select prices")])])
      )
      yield* TestMetrics.expectValue(
        DawsOs.metrics.agentCapabilityCallsTotal,
        { agent_name: "financial_analyst", capability: "metrics.compute_twr", status: "success" },
        1
      )
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it("keeps A, E and R, and refuses input that is missing or misspelt", () => {
    class Prices extends Context.Service<Prices, {}>()("test/Prices") {}
    type Valued = Effect.Effect<number, "no", Prices>
    const wrapped = (valued: Valued) => valued.pipe(DawsOs.withServiceMetrics({ service: "s", method: "m" }))
    expectTypeOf<ReturnType<typeof wrapped>>().toEqualTypeOf<Valued>()
    const first = (valued: Valued) => DawsOs.withPatternMetrics(valued, { patternId: "p" })
    expectTypeOf<ReturnType<typeof first>>().toEqualTypeOf<Valued>()
    // @ts-expect-error the method is missing
    DawsOs.withServiceMetrics({ service: "s" })
    // @ts-expect-error it is patternId
    DawsOs.withPatternMetrics({ pattern_id: "p" })
    // @ts-expect-error a status that is none
    DawsOs.recordServiceCall({ service: "s", method: "m", status: "ok", duration: 1 })
  })
})
