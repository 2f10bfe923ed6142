/** Series and facts that are made up by formulas: the same on every run, and marked as simulated wherever stored. */

import simulated from "./simulated.json" with { type: "json" }

const wave = (month: number, period: number, phase = 0): number => Math.sin((2 * Math.PI * (month + phase)) / period)

/** US dollars for one unit of a currency, by month since January 2000. */
export const fxRate = (currency: string, month: number): number => {
  switch (currency) {
    case "EUR":
      return 1.15 + 0.2 * wave(month, 96, -30) + 0.03 * wave(month, 11)
    case "CAD":
      return 0.8 + 0.14 * wave(month, 110, -40) + 0.02 * wave(month, 13)
    default:
      return 1
  }
}

/** Macro indicators in per cent by month since January 2000; FRED's names, made-up values. */
export const indicators = {
  T10Y2Y: (month: number) => 1.1 + 1.4 * wave(month, 90, 10),
  UNRATE: (month: number) => 5.8 + 2.4 * wave(month, 105, -70) + 0.2 * wave(month, 12),
  CPIAUCSL: (month: number) => 2.6 + 1.5 * wave(month, 60, 20),
  BAA10Y: (month: number) => 2.4 + 1.1 * wave(month, 90, -55),
  DGS10: (month: number) => 4.3 + 0.9 * wave(month, 100, 25),
  GFDEGDQ188S: (month: number) => 55 + 0.25 * month
} as const

export type IndicatorId = keyof typeof indicators

export const isIndicator = (id: string): id is IndicatorId => Object.hasOwn(indicators, id)

/** The securities, and what the portfolios bought of them at the close of a month. */
export const { purchases, securities } = simulated

type OfSymbol<A> = Readonly<Record<string, A | undefined>>

/** Ratios in the shape of FMP's answer; an index has none, which is why a checklist on SPX fails. */
export const fundamentals: OfSymbol<(typeof simulated.fundamentals)["AAPL"]> = simulated.fundamentals

/** With a sentiment from -1 to 1. */
export const headlines: OfSymbol<(typeof simulated.headlines)["AAPL"]> = simulated.headlines
