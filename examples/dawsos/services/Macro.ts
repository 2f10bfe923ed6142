/** The economy's regime and cycles, from the macro indicators (simulated) in the database. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { mean, zScore } from "../finance/Statistics.ts"

export const regimes = ["early_expansion", "mid_expansion", "late_expansion", "contraction"] as const

export type Regime = typeof regimes[number]

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "MacroService", method })
const cycles = (method: string) => DawsOs.withServiceMetrics({ service: "CyclesService", method })

export class Macro extends Context.Service<Macro>()("dawsos/MacroService", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient

    /** One indicator, oldest first. */
    const series = Effect.fn(function*(indicator: string) {
      const rows = yield* sql<{ value: number }>`
        select value from macro_indicators where indicator_id = ${indicator} order by asof_date`
      return rows.map((row) => row.value)
    }, observed("get_series"))

    /** The newest value of each. */
    const getIndicators = Effect.fn(function*() {
      const rows = yield* sql<{ indicator_id: string; value: number; asof_date: string }>`
        select distinct on (indicator_id) indicator_id, value, asof_date from macro_indicators
        order by indicator_id, asof_date desc`
      return Object.fromEntries(rows.map((row) => [row.indicator_id, row.value]))
    }, observed("get_indicators"))

    /** The regime whose picture of curve, unemployment and credit spread fits best; confidence is its lead. */
    const detectRegime = Effect.fn(function*() {
      const [curve, unemployment, spread] = yield* Effect.all([
        Effect.map(series("T10Y2Y"), zScore),
        Effect.map(series("UNRATE"), zScore),
        Effect.map(series("BAA10Y"), zScore)
      ])
      const scores: Record<Regime, number> = {
        early_expansion: curve + unemployment - spread,
        mid_expansion: -Math.abs(curve) - Math.abs(unemployment) - spread,
        late_expansion: -curve - unemployment - spread,
        contraction: spread + unemployment - curve
      }
      const ranked = [...regimes].sort((a, b) => scores[b] - scores[a])
      const [best = "mid_expansion", second = "mid_expansion"] = ranked
      return {
        regime: best,
        confidence: 1 - Math.exp(-(scores[best] - scores[second])),
        z_scores: { curve, unemployment, spread }
      }
    }, observed("detect_regime"))

    /** Where inflation and unemployment stand against their averages, and which way they went in half a year. */
    const shortTermCycle = Effect.fn(function*() {
      const [inflation, unemployment] = yield* Effect.all([series("CPIAUCSL"), series("UNRATE")])
      const trend = (values: ReadonlyArray<number>) => (values.at(-1) ?? 0) - (values.at(-7) ?? values[0] ?? 0)
      return {
        inflation_gap: (inflation.at(-1) ?? 0) - mean(inflation),
        unemployment_gap: (unemployment.at(-1) ?? 0) - mean(unemployment),
        inflation_trend: trend(inflation),
        unemployment_trend: trend(unemployment),
        phase: trend(unemployment) > 0 ? "slowdown" : "recovery"
      }
    }, cycles("compute_short_term"))

    /** Debt to output now and how fast it grows a year. */
    const longTermCycle = Effect.fn(function*() {
      const debt = yield* series("GFDEGDQ188S")
      const now = debt.at(-1) ?? 0
      const yearAgo = debt.at(-13) ?? now
      return { debt_to_output: now, growth: now - yearAgo, phase: now - yearAgo > 2 ? "leveraging" : "stable" }
    }, cycles("compute_long_term"))

    return { series, getIndicators, detectRegime, shortTermCycle, longTermCycle }
  })
}) {
  static readonly layer = Layer.effect(Macro, Macro.make)
}
