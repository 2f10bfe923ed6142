/** Series and facts that are made up by formulas: the same on every run, and marked as simulated wherever stored. */

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

const ratioNames = [
  "returnOnEquity",
  "grossProfitMargin",
  "debtEquityRatio",
  "currentRatio",
  "interestCoverage",
  "payoutRatio",
  "dividendYield",
  "freeCashFlowMargin",
  "dividendYears"
] as const

const ratios = (...values: ReadonlyArray<number>) =>
  Object.fromEntries(ratioNames.map((name, index) => [name, values[index] ?? 0]))

/** Ratios in the shape of FMP's answer. An index has none, which is why a checklist on SPX fails. */
export const fundamentals: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AAPL: ratios(0.31, 0.4, 0.05, 2.7, 90, 0, 0, 0.24, 0),
  MSFT: ratios(0.42, 0.8, 0.15, 1.9, 75, 0.28, 0.018, 0.3, 7),
  IBM: ratios(0.6, 0.45, 1.2, 1.3, 40, 0.22, 0.02, 0.16, 15),
  AMZN: ratios(0.22, 0.22, 0.02, 1.3, 30, 0, 0, 0.1, 0),
  GOOG: ratios(0.2, 0.62, 0.01, 10, 200, 0, 0, 0.36, 0)
}

export const securities = [
  { symbol: "AAPL", name: "Apple", sector: "Technology" },
  { symbol: "MSFT", name: "Microsoft", sector: "Technology" },
  { symbol: "IBM", name: "IBM", sector: "Services" },
  { symbol: "AMZN", name: "Amazon", sector: "Retail" },
  { symbol: "GOOG", name: "Google", sector: "Communication" },
  { symbol: "SPX", name: "S&P 500 index fund", sector: "Index" }
] as const

/** Headlines by symbol with a sentiment between -1 and 1. */
export const headlines: Readonly<
  Record<string, ReadonlyArray<{ readonly title: string; readonly sentiment: number }>>
> = {
  AAPL: [
    { title: "Apple's new device sells out in a day", sentiment: 0.7 },
    { title: "Suppliers of Apple report delays", sentiment: -0.4 }
  ],
  MSFT: [{ title: "Microsoft raises its dividend", sentiment: 0.5 }],
  IBM: [{ title: "IBM loses a large services contract", sentiment: -0.8 }],
  AMZN: [
    { title: "Amazon's margins shrink again", sentiment: -0.6 },
    { title: "Amazon opens two warehouses", sentiment: 0.2 }
  ],
  GOOG: [{ title: "Regulators look into search advertising", sentiment: -0.5 }]
}
