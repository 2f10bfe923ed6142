/** Splits the return of holdings in foreign currencies into market, currency and their interaction. */
import { sum } from "./Statistics.ts"

export interface Holding {
  readonly symbol: string
  readonly currency: string
  readonly startPrice: number
  readonly endPrice: number
  /** Units of the base currency for one unit of the holding's currency. */
  readonly startRate: number
  readonly endRate: number
  readonly quantity: number
}

/**
 * (1 + total) = (1 + local) (1 + fx) for each holding, weighted by its value at the start in the base currency; the
 * three parts add up to the total exactly.
 */
export const attributeCurrency = (holdings: ReadonlyArray<Holding>) => {
  const startValue = sum(holdings.map((h) => h.quantity * h.startPrice * h.startRate))
  const rows = holdings.map((h) => ({
    symbol: h.symbol,
    currency: h.currency,
    weight: startValue === 0 ? 0 : h.quantity * h.startPrice * h.startRate / startValue,
    local: h.endPrice / h.startPrice - 1,
    fx: h.endRate / h.startRate - 1
  }))
  const local = sum(rows.map((row) => row.weight * row.local))
  const currency = sum(rows.map((row) => row.weight * row.fx))
  const interaction = sum(rows.map((row) => row.weight * row.local * row.fx))
  return { local, currency, interaction, total: local + currency + interaction, holdings: rows }
}
