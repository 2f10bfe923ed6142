/** Portfolios: what they hold, are worth, returned and risk, and how to bring them back to policy. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Position, type Provenance, type RequestContext, ValuedPosition } from "../Domain.ts"
import { type Agent, capability, computed } from "../orchestrator/AgentRuntime.ts"
import { Ledger } from "../services/Ledger.ts"
import { Optimizer } from "../services/Optimizer.ts"
import { Attributor, monthsOf, Performance } from "../services/Performance.ts"
import { Pricing } from "../services/Pricing.ts"
import { aggregate, dividendSafety, Fundamentals, moatStrength, Ratings, resilience } from "../services/Ratings.ts"

const OfPortfolio = Schema.Struct({ portfolio_id: Schema.String })
const Window = Schema.Struct({ portfolio_id: Schema.String, lookback_days: Schema.Finite })
const Positions = Schema.Struct({ positions: Schema.Array(Position), pack_id: Schema.String })
const Valued = Schema.Struct({ positions: Schema.Array(ValuedPosition) })
const Rated = Schema.Struct({ fundamentals: Fundamentals })
const ToAggregate = Schema.Union([
  Schema.Struct({
    scores: Schema.Struct({ dividend_safety: Schema.Finite, moat_strength: Schema.Finite, resilience: Schema.Finite })
  }),
  Valued
])
const ToTrade = Schema.Struct({
  ...Valued.fields,
  ratings: Schema.Record(Schema.String, Schema.Finite),
  max_weight: Schema.Finite
})
const ToAnalyze = Schema.Struct({
  ...Valued.fields,
  trades: Schema.Array(Schema.Struct({
    symbol: Schema.String,
    side: Schema.Literals(["buy", "sell"]),
    amount: Schema.Finite,
    target_weight: Schema.Finite
  }))
})

export class FinancialAnalyst extends Context.Service<FinancialAnalyst>()("dawsos/agents/FinancialAnalyst", {
  make: Effect.gen(function*() {
    const ledger = yield* Ledger
    const pricing = yield* Pricing
    const performance = yield* Performance
    const attributor = yield* Attributor
    const ratings = yield* Ratings
    const optimizer = yield* Optimizer

    const capabilities = {
      "ledger.positions": capability(
        OfPortfolio,
        Effect.fn(function*(input: typeof OfPortfolio.Type) {
          return { data: yield* ledger.positions(input.portfolio_id), provenance: "real" }
        })
      ),
      "pricing.apply_pack": capability(
        Positions,
        Effect.fn(function*(input: typeof Positions.Type, ctx: RequestContext) {
          return computed(yield* pricing.value(input.positions, input.pack_id, ctx.base_currency))
        })
      ),
      "portfolio.get_valued_positions": capability(
        OfPortfolio,
        Effect.fn(function*(input: typeof OfPortfolio.Type, ctx: RequestContext) {
          const positions = yield* ledger.positions(input.portfolio_id)
          return computed(yield* pricing.value(positions, ctx.pricing_pack_id, ctx.base_currency))
        })
      ),
      "portfolio.sector_allocation": capability(
        Valued,
        Effect.fn(function*(input: typeof Valued.Type) {
          const sectors: Record<string, number> = {}
          for (const position of input.positions) {
            sectors[position.sector] = (sectors[position.sector] ?? 0) + position.weight
          }
          return yield* Effect.succeed(computed(sectors))
        })
      ),
      "portfolio.historical_nav": capability(
        Window,
        Effect.fn(function*(input: typeof Window.Type) {
          const values = yield* ledger.valuations(input.portfolio_id, monthsOf(input.lookback_days))
          return computed(values.map(({ date, value }) => ({ date, value })))
        })
      ),
      "metrics.compute_twr": capability(
        Window,
        Effect.fn(function*(input: typeof Window.Type) {
          return computed(yield* performance.computeTwr(input.portfolio_id, input.lookback_days))
        })
      ),
      "metrics.compute_mwr": capability(
        OfPortfolio,
        Effect.fn(function*(input: typeof OfPortfolio.Type) {
          return computed(yield* performance.computeMwr(input.portfolio_id))
        })
      ),
      "metrics.compute_sharpe": capability(
        OfPortfolio,
        Effect.fn(function*(input: typeof OfPortfolio.Type) {
          return computed(yield* performance.computeSharpe(input.portfolio_id))
        })
      ),
      "attribution.currency": capability(
        Window,
        Effect.fn(function*(input: typeof Window.Type, ctx: RequestContext) {
          return computed(
            yield* attributor.computeAttribution(input.portfolio_id, ctx.base_currency, input.lookback_days)
          )
        })
      ),
      "risk.compute_factor_exposures": capability(
        OfPortfolio,
        Effect.fn(function*(input: typeof OfPortfolio.Type) {
          return computed(yield* attributor.factorExposures(input.portfolio_id))
        })
      ),
      "optimizer.propose_trades": capability(
        ToTrade,
        Effect.fn(function*(input: typeof ToTrade.Type) {
          return computed(
            yield* optimizer.proposeTrades(input.positions, input.ratings, {
              maxWeight: input.max_weight,
              tolerance: 0.02,
              costPerTrade: 5
            })
          )
        })
      ),
      "optimizer.analyze_impact": capability(
        ToAnalyze,
        Effect.fn(function*(input: typeof ToAnalyze.Type) {
          return computed(yield* optimizer.analyzeImpact(input.positions, input.trades))
        })
      ),
      "ratings.dividend_safety": capability(
        Rated,
        Effect.fn(function*(input: typeof Rated.Type) {
          return yield* Effect.succeed(computed(dividendSafety(input.fundamentals)))
        })
      ),
      "ratings.moat_strength": capability(
        Rated,
        Effect.fn(function*(input: typeof Rated.Type) {
          return yield* Effect.succeed(computed(moatStrength(input.fundamentals)))
        })
      ),
      "ratings.resilience": capability(
        Rated,
        Effect.fn(function*(input: typeof Rated.Type) {
          return yield* Effect.succeed(computed(resilience(input.fundamentals)))
        })
      ),
      // Three scores become one; a portfolio's holdings become one rating each, a neutral one where there are no facts.
      "ratings.aggregate": capability(
        ToAggregate,
        Effect.fn(function*(input: typeof ToAggregate.Type) {
          if ("scores" in input) return computed(aggregate(input.scores))
          let provenance: Provenance = "computed"
          const overall: Record<string, number> = {}
          for (const { symbol } of input.positions) {
            overall[symbol] = yield* ratings.rate(symbol).pipe(
              Effect.map((rating) => {
                if (rating.provenance === "stale" && provenance === "computed") provenance = "stale"
                return rating.data.overall
              }),
              Effect.catchTag("ProviderError", () => {
                provenance = "stub"
                return Effect.succeed(5)
              })
            )
          }
          return { data: overall, provenance }
        })
      )
    }
    return { name: "financial_analyst", capabilities } as const satisfies Agent
  })
}) {
  static readonly layer = Layer.effect(FinancialAnalyst, FinancialAnalyst.make)
}
