/** The agents alone, on the test layer: what they answer, and what is seen of each call. */
import * as DawsOs from "@dawsos/observability/dawsos"
import { span, TestErrors, TestMetrics, TestTracing } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Claude } from "../../../../examples/dawsos/agents/Claude.ts"
import { DataHarvester } from "../../../../examples/dawsos/agents/DataHarvester.ts"
import { FinancialAnalyst } from "../../../../examples/dawsos/agents/FinancialAnalyst.ts"
import { MacroHound } from "../../../../examples/dawsos/agents/MacroHound.ts"
import { ProviderError, Providers } from "../../../../examples/dawsos/providers/Providers.ts"
import { Alerts } from "../../../../examples/dawsos/services/Alerts.ts"
import { Ledger } from "../../../../examples/dawsos/services/Ledger.ts"
import { Macro } from "../../../../examples/dawsos/services/Macro.ts"
import { Optimizer } from "../../../../examples/dawsos/services/Optimizer.ts"
import { Attributor, Performance } from "../../../../examples/dawsos/services/Performance.ts"
import { Pricing } from "../../../../examples/dawsos/services/Pricing.ts"
import { Ratings } from "../../../../examples/dawsos/services/Ratings.ts"
import { Reports } from "../../../../examples/dawsos/services/Reports.ts"
import { requestContext as ctx } from "./requestContext.ts"

const down = new ProviderError({ provider: "fmp", endpoint: "/v3/quote/{symbol}", cause: new Error("down") })
const calls = DawsOs.metrics.agentCapabilityCallsTotal

const agents = Layer.mergeAll(DataHarvester.layer, FinancialAnalyst.layer, MacroHound.layer, Claude.layer).pipe(
  Layer.provide(Layer.mergeAll(
    Layer.mock(Providers)({ fetch: () => Effect.fail(down) }),
    Layer.mock(Pricing)({ quote: () => Effect.fail(down) }),
    Layer.mock(Ledger)({ security: () => Effect.succeed(undefined) }),
    Layer.mock(Alerts)({}),
    Layer.mock(Macro)({ getIndicators: () => Effect.succeed({ UNRATE: 9.8 }) }),
    Layer.mock(Performance)({}),
    Layer.mock(Attributor)({}),
    Layer.mock(Optimizer)({}),
    Ratings.layer.pipe(Layer.provide(Layer.mock(Providers)({ fetch: () => Effect.fail(down) }))),
    Reports.layer
  )),
  Layer.provideMerge(DawsOs.layerTest)
)

const position = {
  security_id: "sec-ibm",
  symbol: "IBM",
  name: "IBM",
  sector: "Services",
  currency: "USD",
  quantity: 2,
  cost: 100,
  price: 120,
  fx_rate: 1,
  value: 240,
  weight: 1
}

describe("an agent", () => {
  it.effect("gives a quote that a provider failed to give as a stub, and is counted as degraded", () =>
    Effect.gen(function*() {
      const { capabilities } = yield* DataHarvester
      const labels = { agent_name: "data_harvester", capability: "provider.fetch_quote" }
      const result = yield* capabilities["provider.fetch_quote"].run({ symbol: "AAPL" }, ctx)
      assert.strictEqual(result.provenance, "stub")
      yield* TestMetrics.expectValue(calls, { ...labels, status: "degraded" }, 1)
      yield* TestMetrics.expectValue(calls, { ...labels, status: "success" }, 0)
      yield* TestTracing.expectTrace(
        span("provider.fetch_quote", {
          status: "degraded",
          "dawsos.agent": "data_harvester",
          "dawsos.provenance": "stub"
        }, [])
      )
      yield* TestErrors.expectNoEvents
    }).pipe(Effect.provide(agents)))

  it.effect("is counted as an error when it fails, with one span that says so", () =>
    Effect.gen(function*() {
      const { capabilities } = yield* DataHarvester
      const error = yield* Effect.flip(capabilities["fundamentals.load"].run({ security_id: "none" }, ctx))
      assert.propertyVal(error, "_tag", "UnknownSecurity")
      yield* TestMetrics.expectValue(
        calls,
        { agent_name: "data_harvester", capability: "fundamentals.load", status: "error" },
        1
      )
      yield* TestTracing.expectForest([span("fundamentals.load", { status: "error", "error.type": "UnknownSecurity" })])
    }).pipe(Effect.provide(agents)))

  it.effect("counts arguments that it can't read as an error of the call", () =>
    Effect.gen(function*() {
      const { capabilities } = yield* FinancialAnalyst
      yield* Effect.flip(capabilities["metrics.compute_twr"].run({ portfolio_id: 1 }, ctx))
      yield* TestMetrics.expectValue(
        calls,
        { agent_name: "financial_analyst", capability: "metrics.compute_twr", status: "error" },
        1
      )
    }).pipe(Effect.provide(agents)))

  it.effect("rates what it has no facts about as neutral, and shows the service that failed below its span", () =>
    Effect.gen(function*() {
      const { capabilities } = yield* FinancialAnalyst
      const result = yield* capabilities["ratings.aggregate"].run({ positions: [position] }, ctx)
      assert.deepStrictEqual(result, { data: { IBM: 5 }, provenance: "stub" })
      yield* TestTracing.expectTrace(
        span("ratings.aggregate", { status: "degraded" }, [
          span("RatingsService.rate", { status: "error" }, [
            span("RatingsService.get_fundamentals", { status: "error" }, [])
          ])
        ])
      )
      yield* TestMetrics.expectValue(
        DawsOs.metrics.serviceCallsTotal,
        { service_name: "RatingsService", method: "rate", status: "error" },
        1
      )
    }).pipe(Effect.provide(agents)))

  it.effect("creates no alert while sentiment is above the threshold", () =>
    Effect.gen(function*() {
      const { capabilities } = yield* MacroHound
      const result = yield* capabilities["alerts.create_if_threshold"].run({ sentiment: 0.2, threshold: -0.1 }, ctx)
      assert.deepStrictEqual(result.data, { created: false })
      yield* TestMetrics.expectValue(
        calls,
        { agent_name: "macro_hound", capability: "alerts.create_if_threshold", status: "success" },
        1
      )
    }).pipe(Effect.provide(agents)))

  it.effect("explains figures, the largest first, in one span of its own", () =>
    Effect.gen(function*() {
      const { capabilities } = yield* Claude
      const figures = { overall: 7.25, moat_strength: -9, grade: "A" }
      const result = yield* capabilities["ai.explain"].run({ subject: "MSFT", figures }, ctx)
      assert.deepInclude(result.data, { text: "MSFT shows moat strength -9.00, overall 7.25 and is graded A." })
      yield* TestTracing.expectForest([span("ai.explain", { status: "success", "dawsos.agent": "claude" }, [])])
      yield* TestMetrics.expectHistogram(
        DawsOs.metrics.agentCapabilityDuration,
        { agent_name: "claude", capability: "ai.explain" },
        { count: 1 }
      )
    }).pipe(Effect.provide(agents)))
})
