/** Returns, risk and currency attribution of a portfolio, from its month-end values. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { attributeCurrency, type Holding } from "../finance/CurrencyAttribution.ts"
import * as Returns from "../finance/Returns.ts"
import { regress } from "../finance/Statistics.ts"
import { Ledger } from "./Ledger.ts"
import { Pricing } from "./Pricing.ts"

const monthsPerYear = 12
const riskFreeRate = 0.02

/** Trading days as the API has them, in the months that the data have. */
export const monthsOf = (lookbackDays: number): number => Math.max(1, Math.round(lookbackDays / 21))

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "PerformanceCalculator", method })
const attributes = (method: string) => DawsOs.withServiceMetrics({ service: "CurrencyAttributor", method })

export class Performance extends Context.Service<Performance>()("dawsos/PerformanceCalculator", {
  make: Effect.gen(function*() {
    const ledger = yield* Ledger
    const sql = yield* SqlClient.SqlClient

    const computeTwr = Effect.fn(function*(portfolioId: string, lookbackDays?: number) {
      const months = lookbackDays === undefined ? undefined : monthsOf(lookbackDays)
      const valuations = yield* ledger.valuations(portfolioId, months)
      const twr = yield* Effect.fromResult(Returns.timeWeightedReturn(valuations))
      const years = (valuations.length - 1) / monthsPerYear
      return { twr, annualised: Returns.annualise(twr, years * 365), periods: valuations.length - 1 }
    }, observed("compute_twr"))

    const computeMwr = Effect.fn(function*(portfolioId: string) {
      const [flows, valuations] = yield* Effect.all([ledger.flows(portfolioId), ledger.valuations(portfolioId)])
      const last = valuations.at(-1)
      const end = last === undefined ? [] : [{ date: last.date, amount: last.value }]
      return { mwr: yield* Effect.fromResult(Returns.moneyWeightedReturn([...flows, ...end])) }
    }, observed("compute_mwr"))

    const computeSharpe = Effect.fn(function*(portfolioId: string) {
      const returns = Returns.periodReturns(yield* ledger.valuations(portfolioId))
      return {
        sharpe: yield* Effect.fromResult(Returns.sharpeRatio(returns, riskFreeRate, monthsPerYear)),
        volatility: Returns.volatility(returns, monthsPerYear)
      }
    }, observed("compute_sharpe"))

    const computeMaxDrawdown = Effect.fn(function*(portfolioId: string) {
      const returns = Returns.periodReturns(yield* ledger.valuations(portfolioId))
      return { max_drawdown: Returns.maxDrawdown(Returns.wealthIndex(returns)).depth }
    }, observed("compute_max_drawdown"))

    /** Drawdown at risk over windows of a year. */
    const computeDar = Effect.fn(function*(portfolioId: string, confidence: number) {
      const index = Returns.wealthIndex(Returns.periodReturns(yield* ledger.valuations(portfolioId)))
      return { dar: yield* Effect.fromResult(Returns.drawdownAtRisk(index, monthsPerYear, confidence)), confidence }
    }, observed("compute_dar"))

    /** All figures of a portfolio, kept for the pack they were computed with. */
    const summary = Effect.fn(function*(portfolioId: string, packId: string) {
      const parts = yield* Effect.all([
        computeTwr(portfolioId),
        computeMwr(portfolioId),
        computeSharpe(portfolioId),
        computeMaxDrawdown(portfolioId)
      ])
      const metrics = { ...parts[0], ...parts[1], ...parts[2], ...parts[3] }
      yield* sql`
        insert into portfolio_metrics (portfolio_id, pricing_pack_id, metrics)
        values (${portfolioId}, ${packId}, ${JSON.stringify(metrics)}::jsonb)
        on conflict (portfolio_id, pricing_pack_id) do update set metrics = excluded.metrics, computed_at = now()`
      return metrics
    }, observed("compute_summary"))

    return { computeTwr, computeMwr, computeSharpe, computeMaxDrawdown, computeDar, summary }
  })
}) {
  static readonly layer = Layer.effect(Performance, Performance.make)
}

export class Attributor extends Context.Service<Attributor>()("dawsos/CurrencyAttributor", {
  make: Effect.gen(function*() {
    const ledger = yield* Ledger
    const pricing = yield* Pricing

    /** Over the newest months, the holdings of today as if held throughout. */
    const computeAttribution = Effect.fn(function*(portfolioId: string, baseCurrency: string, lookbackDays: number) {
      const holdings: Array<Holding> = []
      for (const position of yield* ledger.positions(portfolioId)) {
        const closes = yield* pricing.closes(position.symbol)
        const end = closes.at(-1)
        const start = closes.at(-1 - monthsOf(lookbackDays)) ?? closes[0]
        if (start === undefined || end === undefined) continue
        const rate = (date: string) =>
          Effect.zipWith(
            pricing.fxRate(position.currency, date),
            pricing.fxRate(baseCurrency, date),
            (asset, base) => asset / base
          )
        holdings.push({
          symbol: position.symbol,
          currency: position.currency,
          quantity: position.quantity,
          startPrice: start.price,
          endPrice: end.price,
          startRate: yield* rate(start.date),
          endRate: yield* rate(end.date)
        })
      }
      return attributeCurrency(holdings)
    }, attributes("compute_attribution"))

    /** Market exposure of a portfolio: its returns regressed on those of the index. */
    const factorExposures = Effect.fn(function*(portfolioId: string) {
      const valuations = yield* ledger.valuations(portfolioId)
      const index = yield* pricing.closes("SPX")
      const market = Returns.periodReturns(index.map((close) => ({ date: close.date, value: close.price, flow: 0 })))
      const fit = regress(market, Returns.periodReturns(valuations))
      return { market_beta: fit.slope, alpha_monthly: fit.intercept, r_squared: fit.rSquared }
    }, attributes("compute_factor_exposures"))

    return { computeAttribution, factorExposures }
  })
}) {
  static readonly layer = Layer.effect(Attributor, Attributor.make)
}
