/** Trades that bring a portfolio back to its policy, and what they would change. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { ValuedPosition } from "../Domain.ts"
import { concentration, sum } from "../finance/Statistics.ts"

/** Weights that are off by less are left alone. */
const tolerance = 0.02

const costPerTrade = 5

export const Trade = Schema.Struct({
  symbol: Schema.String,
  side: Schema.Literals(["buy", "sell"]),
  amount: Schema.Finite,
  target_weight: Schema.Finite
})

type Trade = typeof Trade.Type

/** Weights in proportion to the ratings, none above the policy's limit; what the limit cuts goes to the others. */
export const targetWeights = (
  ratings: Readonly<Record<string, number>>,
  maxWeight: number
): Readonly<Record<string, number>> => {
  const symbols = Object.keys(ratings)
  const limit = Math.max(maxWeight, 1 / Math.max(1, symbols.length))
  const capped = new Set<string>()
  for (;;) {
    const open = symbols.filter((symbol) => !capped.has(symbol))
    const rest = 1 - capped.size * limit
    const total = sum(open.map((symbol) => ratings[symbol] ?? 0))
    const share = (symbol: string) => total === 0 ? rest / open.length : rest * (ratings[symbol] ?? 0) / total
    const over = open.filter((symbol) => share(symbol) > limit + 1e-12)
    if (over.length === 0) {
      return Object.fromEntries(symbols.map((symbol) => [symbol, capped.has(symbol) ? limit : share(symbol)]))
    }
    for (const symbol of over) capped.add(symbol)
  }
}

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "OptimizerService", method })

export class Optimizer extends Context.Service<Optimizer>()("dawsos/OptimizerService", {
  make: Effect.sync(() => {
    const proposeTrades = Effect.fn(function*(
      positions: ReadonlyArray<ValuedPosition>,
      ratings: Readonly<Record<string, number>>,
      maxWeight: number
    ) {
      const total = sum(positions.map((position) => position.value))
      const targets = targetWeights(ratings, maxWeight)
      const trades = positions.flatMap((position): ReadonlyArray<Trade> => {
        const target = targets[position.symbol] ?? 0
        const drift = target - position.weight
        return Math.abs(drift) < tolerance ? [] : [{
          symbol: position.symbol,
          side: drift > 0 ? "buy" : "sell",
          amount: Math.abs(drift) * total,
          target_weight: target
        }]
      })
      yield* Effect.annotateCurrentSpan("dawsos.trades", trades.length)
      return {
        trades,
        turnover: total === 0 ? 0 : sum(trades.map((trade) => trade.amount)) / (2 * total),
        cost: trades.length * costPerTrade
      }
    }, observed("propose_trades"))

    const analyzeImpact = Effect.fn(function*(
      positions: ReadonlyArray<ValuedPosition>,
      trades: ReadonlyArray<Trade>
    ) {
      const target = new Map(trades.map((trade) => [trade.symbol, trade.target_weight]))
      const before = positions.map((position) => position.weight)
      const after = positions.map((position) => target.get(position.symbol) ?? position.weight)
      yield* Effect.annotateCurrentSpan("dawsos.trades", trades.length)
      return {
        concentration_before: concentration(before),
        concentration_after: concentration(after),
        largest_before: Math.max(0, ...before),
        largest_after: Math.max(0, ...after)
      }
    }, observed("analyze_impact"))

    return { proposeTrades, analyzeImpact }
  })
}) {
  static readonly layer = Layer.effect(Optimizer, Optimizer.make)
}
