/**
 * Performance figures from values and flows: pure functions, fractions (0.1 is ten per cent).
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { mean, standardDeviation } from "./Statistics.ts"

/** The figure cannot be computed from this input; a retry cannot help. */
export class NotComputable extends Schema.TaggedError<NotComputable>()("NotComputable", {
  figure: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.figure} cannot be computed: ${this.reason}`
  }
}

/** A portfolio's value at the end of a day, with what was paid in (positive) or out that day included. */
export interface Valuation {
  readonly date: string
  readonly value: number
  readonly flow: number
}

export interface CashFlow {
  readonly date: string
  readonly amount: number
}

const notComputable = (figure: string, reason: string) => Result.fail(new NotComputable({ figure, reason }))

const dayMillis = 86_400_000
const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / dayMillis

/** The return of each period, flows taken out at the end of the period in which they happen. */
export const periodReturns = (valuations: ReadonlyArray<Valuation>): ReadonlyArray<number> =>
  valuations.flatMap((current, index) => {
    const previous = valuations[index - 1]
    return previous === undefined || previous.value <= 0 ? [] : [(current.value - current.flow) / previous.value - 1]
  })

/** Time-weighted return over all valuations: the periods' returns chained, blind to the size of flows. */
export const timeWeightedReturn = (valuations: ReadonlyArray<Valuation>): Result.Result<number, NotComputable> => {
  const returns = periodReturns(valuations)
  return returns.length === 0
    ? notComputable("time-weighted return", "fewer than two valuations")
    : Result.succeed(returns.reduce((product, r) => product * (1 + r), 1) - 1)
}

/** A total return over some days as a rate per year of 365 days. */
export const annualise = (total: number, days: number): number => (1 + total) ** (365 / days) - 1

/**
 * Money-weighted return (XIRR): the yearly rate at which the flows' present value is zero, found by bisection.
 * Money put in is negative, money taken out and the final value positive.
 */
export const moneyWeightedReturn = (flows: ReadonlyArray<CashFlow>): Result.Result<number, NotComputable> => {
  const first = flows[0]
  if (first === undefined || !flows.some((f) => f.amount < 0) || !flows.some((f) => f.amount > 0)) {
    return notComputable("money-weighted return", "needs money put in and money taken out")
  }
  const terms = flows.map((f) => ({ amount: f.amount, years: daysBetween(first.date, f.date) / 365 }))
  const presentValue = (rate: number): number =>
    terms.reduce((sum, term) => sum + term.amount / (1 + rate) ** term.years, 0)
  let low = -0.9999
  let high = 1
  while (presentValue(low) * presentValue(high) > 0 && high < 1e6) high *= 2
  if (presentValue(low) * presentValue(high) > 0) {
    return notComputable("money-weighted return", "no rate balances the flows")
  }
  for (let step = 0; step < 200 && high - low > 1e-12; step++) {
    const middle = (low + high) / 2
    if (presentValue(low) * presentValue(middle) <= 0) high = middle
    else low = middle
  }
  return Result.succeed((low + high) / 2)
}

/** Standard deviation of the periods' returns as a rate per year. */
export const volatility = (returns: ReadonlyArray<number>, periodsPerYear: number): number =>
  standardDeviation(returns) * Math.sqrt(periodsPerYear)

/** Mean excess return over its standard deviation, per year; the risk-free rate is per year too. */
export const sharpeRatio = (
  returns: ReadonlyArray<number>,
  riskFreeRate: number,
  periodsPerYear: number
): Result.Result<number, NotComputable> => {
  const deviation = standardDeviation(returns)
  return returns.length < 2 || deviation === 0
    ? notComputable("Sharpe ratio", "the returns do not vary")
    : Result.succeed((mean(returns) - riskFreeRate / periodsPerYear) / deviation * Math.sqrt(periodsPerYear))
}

export interface Drawdown {
  /** The deepest fall from a peak, as a negative fraction (0 when values never fell). */
  readonly depth: number
  readonly peak: number
  readonly trough: number
}

/** The deepest fall from any peak to a later trough, with the indices of both. */
export const maxDrawdown = (values: ReadonlyArray<number>): Drawdown => {
  let peak = 0
  let worst: Drawdown = { depth: 0, peak: 0, trough: 0 }
  values.forEach((value, index) => {
    if (value > (values[peak] ?? value)) peak = index
    const top = values[peak] ?? value
    const depth = top > 0 ? value / top - 1 : 0
    if (depth < worst.depth) worst = { depth, peak, trough: index }
  })
  return worst
}

/** The index that these returns build up, beginning at 1. */
export const wealthIndex = (returns: ReadonlyArray<number>): ReadonlyArray<number> => {
  let level = 1
  return [1, ...returns.map((r) => (level *= 1 + r))]
}

/**
 * Drawdown at risk: the deepest falls inside each window of periods, and the depth that only (1 - confidence) of the
 * windows exceed.
 */
export const drawdownAtRisk = (
  values: ReadonlyArray<number>,
  window: number,
  confidence: number
): Result.Result<number, NotComputable> => {
  if (values.length < window || window < 2) {
    return notComputable("drawdown at risk", `fewer than ${window} values`)
  }
  const depths = values.slice(0, values.length - window + 1)
    .map((_, start) => maxDrawdown(values.slice(start, start + window)).depth)
    .sort((a, b) => a - b)
  return Result.succeed(depths[Math.floor((1 - confidence) * depths.length)] ?? 0)
}
