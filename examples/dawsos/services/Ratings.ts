/** Scores from 0 to 10 for what a company earns, pays and owes. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { degraded } from "../Domain.ts"
import { mean } from "../finance/Statistics.ts"
import { Providers } from "../providers/Providers.ts"

export const Fundamentals = Schema.Struct({
  returnOnEquity: Schema.Finite,
  grossProfitMargin: Schema.Finite,
  debtEquityRatio: Schema.Finite,
  currentRatio: Schema.Finite,
  interestCoverage: Schema.Finite,
  payoutRatio: Schema.Finite,
  dividendYield: Schema.Finite,
  freeCashFlowMargin: Schema.Finite,
  dividendYears: Schema.Finite
})

export type Fundamentals = typeof Fundamentals.Type

/** Where a value lies between worst (0) and best (10). */
export const score = (value: number, worst: number, best: number): number =>
  10 * Math.min(1, Math.max(0, (value - worst) / (best - worst)))

export const dividendSafety = (of: Fundamentals): number =>
  of.dividendYield === 0
    ? 0
    : mean([score(of.payoutRatio, 0.9, 0.3), score(of.freeCashFlowMargin, 0, 0.25), score(of.dividendYears, 0, 20)])

export const moatStrength = (of: Fundamentals): number =>
  mean([score(of.returnOnEquity, 0.05, 0.35), score(of.grossProfitMargin, 0.15, 0.7)])

export const resilience = (of: Fundamentals): number =>
  mean([score(of.debtEquityRatio, 2, 0), score(of.currentRatio, 0.8, 2.5), score(of.interestCoverage, 1, 30)])

const weights = { dividend_safety: 0.25, moat_strength: 0.4, resilience: 0.35 } as const

export type Scores = { readonly [Name in keyof typeof weights]: number }

export const aggregate = (scores: Scores) => {
  const overall = scores.dividend_safety * weights.dividend_safety + scores.moat_strength * weights.moat_strength +
    scores.resilience * weights.resilience
  return { overall, grade: overall >= 7 ? "A" : overall >= 5 ? "B" : overall >= 3 ? "C" : "D" }
}

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "RatingsService", method }, { degraded })

export class Ratings extends Context.Service<Ratings>()("dawsos/RatingsService", {
  make: Effect.gen(function*() {
    const providers = yield* Providers

    /** An index has no ratios: the provider's answer is empty then, and this fails. */
    const fundamentals = Effect.fn(function*(symbol: string) {
      const { data, provenance } = yield* providers.fetch({
        provider: "fmp",
        endpoint: "/v3/ratios/{symbol}",
        path: { symbol },
        schema: Schema.NonEmptyArray(Fundamentals),
        maxAge: "15 seconds"
      })
      return { data: data[0], provenance }
    }, observed("get_fundamentals"))

    const rate = Effect.fn(function*(symbol: string) {
      const { data, provenance } = yield* fundamentals(symbol)
      const scores: Scores = {
        dividend_safety: dividendSafety(data),
        moat_strength: moatStrength(data),
        resilience: resilience(data)
      }
      return { data: { symbol, ...scores, ...aggregate(scores) }, provenance }
    }, observed("rate"))

    return { fundamentals, rate }
  })
}) {
  static readonly layer = Layer.effect(Ratings, Ratings.make)
}
