/** Portfolios: what they hold, are worth, returned and risk, and how to bring them back to policy. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Position, type Provenance, ValuedPosition } from "../Domain.ts"
import { agent, capability, computed, computes } from "../orchestrator/AgentRuntime.ts"
import { Ledger } from "../services/Ledger.ts"
import { Optimizer, Trade } from "../services/Optimizer.ts"
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
const ToAnalyze = Schema.Struct({ ...Valued.fields, trades: Schema.Array(Trade) })

export class FinancialAnalyst extends Context.Service<FinancialAnalyst>()("dawsos/agents/FinancialAnalyst", {
  make: Effect.gen(function*() {
    const ledger = yield* Ledger
    const pricing = yield* Pricing
    const performance = yield* Performance
    const attributor = yield* Attributor
    const ratings = yield* Ratings
    const optimizer = yield* Optimizer

    return agent("financial_analyst", {
      "ledger.positions": capability(
        OfPortfolio,
        ({ portfolio_id }) => Effect.map(ledger.positions(portfolio_id), (data) => ({ data, provenance: "real" }))
      ),
      "pricing.apply_pack": computes(
        Positions,
        ({ pack_id, positions }, ctx) => pricing.value(positions, pack_id, ctx.base_currency)
      ),
      "portfolio.get_valued_positions": computes(
        OfPortfolio,
        ({ portfolio_id }, ctx) =>
          Effect.flatMap(
            ledger.positions(portfolio_id),
            (positions) => pricing.value(positions, ctx.pricing_pack_id, ctx.base_currency)
          )
      ),
      "portfolio.sector_allocation": computes(Valued, ({ positions }) =>
        Effect.sync(() => {
          const sectors: Record<string, number> = {}
          for (const { sector, weight } of positions) sectors[sector] = (sectors[sector] ?? 0) + weight
          return sectors
        })),
      "portfolio.historical_nav": computes(
        Window,
        ({ lookback_days, portfolio_id }) =>
          Effect.map(
            ledger.valuations(portfolio_id, monthsOf(lookback_days)),
            (values) => values.map(({ date, value }) => ({ date, value }))
          )
      ),
      "metrics.compute_twr": computes(
        Window,
        ({ lookback_days, portfolio_id }) => performance.computeTwr(portfolio_id, lookback_days)
      ),
      "metrics.compute_mwr": computes(OfPortfolio, ({ portfolio_id }) => performance.computeMwr(portfolio_id)),
      "metrics.compute_sharpe": computes(OfPortfolio, ({ portfolio_id }) => performance.computeSharpe(portfolio_id)),
      "attribution.currency": computes(
        Window,
        ({ lookback_days, portfolio_id }, ctx) =>
          attributor.computeAttribution(portfolio_id, ctx.base_currency, lookback_days)
      ),
      "risk.compute_factor_exposures": computes(
        OfPortfolio,
        ({ portfolio_id }) => attributor.factorExposures(portfolio_id)
      ),
      "optimizer.propose_trades": computes(
        ToTrade,
        ({ max_weight, positions, ratings }) => optimizer.proposeTrades(positions, ratings, max_weight)
      ),
      "optimizer.analyze_impact": computes(
        ToAnalyze,
        ({ positions, trades }) => optimizer.analyzeImpact(positions, trades)
      ),
      "ratings.dividend_safety": computes(Rated, ({ fundamentals }) => Effect.succeed(dividendSafety(fundamentals))),
      "ratings.moat_strength": computes(Rated, ({ fundamentals }) => Effect.succeed(moatStrength(fundamentals))),
      "ratings.resilience": computes(Rated, ({ fundamentals }) => Effect.succeed(resilience(fundamentals))),
      // Three scores become one; a portfolio's holdings become one rating each, a neutral one where there are no facts.
      "ratings.aggregate": capability(
        ToAggregate,
        Effect.fnUntraced(function*(input) {
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
    })
  })
}) {
  static readonly layer = Layer.effect(FinancialAnalyst, FinancialAnalyst.make)
}
