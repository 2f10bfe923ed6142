/**
 * What each capability answers, through the runtime, with the services and the seeded database behind it. Figures of the
 * demonstration's portfolios, the economy and the companies come from `../expected.py`; the rest is small enough to be
 * worked out by hand, beside it where that is not plain.
 */
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { Executor } from "../../../../examples/dawsos/api/Executor.ts"
import { demoPortfolios, demoUsers } from "../../../../examples/dawsos/database/Seed.ts"
import type { Provenance, RequestContext, ValuedPosition } from "../../../../examples/dawsos/Domain.ts"
import { AgentRuntime } from "../../../../examples/dawsos/orchestrator/AgentRuntime.ts"
import { PackBuilder } from "../../../../examples/dawsos/pack/PackBuilder.ts"
import * as Program from "../../../../examples/dawsos/Program.ts"
import { targetWeights } from "../../../../examples/dawsos/services/Optimizer.ts"
import * as Ratings from "../../../../examples/dawsos/services/Ratings.ts"
import { at } from "../at.ts"
import { settings } from "../settings.ts"

const [growth, income] = demoPortfolios

const position = (symbol: string, weight: number, changes: Partial<ValuedPosition> = {}): ValuedPosition => ({
  security_id: `sec-${symbol.toLowerCase()}`,
  symbol,
  name: symbol,
  sector: "Technology",
  currency: "USD",
  quantity: 10,
  cost: 500,
  price: 100 * weight,
  fx_rate: 1,
  value: 1000 * weight,
  weight,
  ...changes
})

const { cost: _, fx_rate: _rate, price: _price, value: _value, weight: _weight, ...held } = position("AAPL", 1)

/** Halfway everywhere: what a test doesn't ask for. */
const fundamentals = {
  returnOnEquity: 0.2,
  grossProfitMargin: 0.425,
  debtEquityRatio: 1,
  currentRatio: 1.65,
  interestCoverage: 15.5,
  payoutRatio: 0.6,
  dividendYield: 0.02,
  freeCashFlowMargin: 0.125,
  dividendYears: 10
}

/** What a provider answers, now or to the test before. */
const fetched = ["real", "cached"] as const

/** The rate of the last month. */
const dollarsForEuro = 1.1144554155031634

interface Row {
  readonly capability: string
  readonly says: string
  readonly args?: Readonly<Record<string, unknown>>
  /** What is asked of the answer: numbers within a billionth, lists of that length, objects that have at least this. */
  readonly data: unknown
  readonly provenance?: ReadonlyArray<Provenance>
  /** What of the request's context is not that of a user without a portfolio, in dollars. */
  readonly context?: Partial<RequestContext>
}

const rows: ReadonlyArray<Row> = [
  {
    capability: "ledger.positions",
    says: "lists what a portfolio holds, with what it cost",
    args: { portfolio_id: growth.id },
    data: [
      { symbol: "AAPL", quantity: 300, cost: 11535 },
      { symbol: "AMZN", quantity: 200, cost: 7958 },
      { symbol: "GOOG", quantity: 40, cost: 17306.4 },
      { symbol: "MSFT", quantity: 500, cost: 10900 }
    ],
    provenance: ["real"]
  },
  {
    capability: "pricing.apply_pack",
    says: "values positions at the pack's prices in the base currency",
    args: {
      positions: [{ ...held, quantity: 2, cost: 0 }, { ...held, symbol: "IBM", quantity: 3, cost: 0 }]
    },
    data: [
      { symbol: "AAPL", price: 223.02, fx_rate: 1 / dollarsForEuro, value: 446.04 / dollarsForEuro },
      { symbol: "IBM", price: 125.55, value: 376.65 / dollarsForEuro, weight: 376.65 / (446.04 + 376.65) }
    ],
    context: { base_currency: "EUR" }
  },
  {
    capability: "portfolio.get_valued_positions",
    says: "values what a portfolio holds",
    args: { portfolio_id: growth.id },
    data: [
      { symbol: "AAPL", value: 300 * 223.02, weight: 0.5167380303620085 },
      { symbol: "AMZN", weight: 0.19898422584292572 },
      { symbol: "GOOG", weight: 0.17306159521029119 },
      { symbol: "MSFT", weight: 0.11121614858477451 }
    ]
  },
  {
    capability: "portfolio.sector_allocation",
    says: "adds up the weights of each sector",
    args: { positions: [position("A", 0.5), position("B", 0.3, { sector: "Retail" }), position("C", 0.2)] },
    data: { Technology: 0.7, Retail: 0.3 }
  },
  {
    capability: "portfolio.historical_nav",
    says: "gives the values of two months and where they began",
    args: { portfolio_id: growth.id, lookback_days: 42 },
    data: [
      { date: "2010-01-01", value: 117922.6 },
      { date: "2010-02-01", value: 120473 },
      { date: "2010-03-01", value: 129477.6 }
    ]
  },
  {
    capability: "metrics.compute_twr",
    says: "is the return of a unit, over a year",
    args: { portfolio_id: growth.id, lookback_days: 252 },
    data: { twr: 0.8726493822803704, annualised: 0.8726493822803704, periods: 12 }
  },
  {
    capability: "metrics.compute_mwr",
    says: "is the rate that balances what was paid in and what it is worth",
    args: { portfolio_id: growth.id },
    data: { mwr: 0.26997172480001574 }
  },
  {
    capability: "metrics.compute_sharpe",
    says: "is the return above two per cent for its volatility",
    args: { portfolio_id: growth.id },
    data: { sharpe: 0.9490869771919632, volatility: 0.33830153867196266 }
  },
  {
    capability: "attribution.currency",
    says: "splits the return in euros into market and currency",
    args: { portfolio_id: income.id, lookback_days: 252 },
    data: {
      local: 0.41846308537886145,
      currency: -0.12352265900013504,
      interaction: -0.0516896729993975,
      total: 0.24325075337932894
    },
    context: { base_currency: "EUR" }
  },
  {
    capability: "risk.compute_factor_exposures",
    says: "is the regression on the index",
    args: { portfolio_id: growth.id },
    data: { market_beta: 1.3966655558595409, alpha_monthly: 0.027703384464439047, r_squared: 0.4333272364351707 }
  },
  {
    capability: "optimizer.propose_trades",
    says: "trades towards the ratings under the limit, and leaves small drifts alone",
    args: {
      positions: [position("A", 0.7), position("B", 0.18), position("C", 0.12)],
      ratings: { A: 6, B: 3, C: 1 },
      max_weight: 0.5
    },
    // A would get 0.6 and stays at 0.5; the other half is shared 3 to 1, and C is 0.005 off.
    data: {
      trades: [
        { symbol: "A", side: "sell", amount: 200, target_weight: 0.5 },
        { symbol: "B", side: "buy", amount: 195, target_weight: 0.375 }
      ],
      turnover: 0.1975
    }
  },
  {
    capability: "optimizer.analyze_impact",
    says: "compares concentration before and after the trades",
    args: {
      positions: [position("A", 0.7), position("B", 0.18), position("C", 0.12)],
      trades: [
        { symbol: "A", side: "sell", amount: 200, target_weight: 0.5 },
        { symbol: "B", side: "buy", amount: 195, target_weight: 0.375 }
      ]
    },
    data: {
      concentration_before: 0.49 + 0.0324 + 0.0144,
      concentration_after: 0.25 + 0.140625 + 0.0144,
      largest_before: 0.7,
      largest_after: 0.5
    }
  },
  {
    capability: "ratings.dividend_safety",
    says: "is the mean of pay-out, cash flow and years, each at most 10",
    args: { fundamentals: { ...fundamentals, dividendYears: 30 } },
    data: 20 / 3
  },
  {
    capability: "ratings.dividend_safety",
    says: "is 0 where no dividend is paid",
    args: { fundamentals: { ...fundamentals, dividendYield: 0 } },
    data: 0
  },
  {
    capability: "ratings.moat_strength",
    says: "is the mean of return on equity and margin",
    args: { fundamentals: { ...fundamentals, returnOnEquity: 0.35 } },
    data: 7.5
  },
  {
    capability: "ratings.resilience",
    says: "is the mean of debt, liquidity and cover of interest",
    args: { fundamentals: { ...fundamentals, currentRatio: 2.5, interestCoverage: 1 } },
    data: 5
  },
  {
    capability: "ratings.aggregate",
    says: "weighs three scores into one with its grade",
    args: { scores: { dividend_safety: 8, moat_strength: 6, resilience: 4 } },
    // A quarter of 8, two fifths of 6, 35 hundredths of 4.
    data: { overall: 5.8, grade: "B" }
  },
  {
    capability: "ratings.aggregate",
    says: "grades from A to D",
    args: { scores: { dividend_safety: 9, moat_strength: 9, resilience: 9 } },
    data: { overall: 9, grade: "A" }
  },
  {
    capability: "ratings.aggregate",
    says: "gives a C from 3",
    args: { scores: { dividend_safety: 0, moat_strength: 10, resilience: 0 } },
    data: { overall: 4, grade: "C" }
  },
  {
    capability: "ratings.aggregate",
    says: "gives a D below 3",
    args: { scores: { dividend_safety: 10, moat_strength: 0, resilience: 0 } },
    data: { overall: 2.5, grade: "D" }
  },
  {
    capability: "ratings.aggregate",
    says: "rates each holding",
    args: { positions: [position("AAPL", 0.5), position("IBM", 0.5)] },
    data: { AAPL: 6.113257575757576, IBM: 7.059046345811051 }
  },
  {
    capability: "ratings.aggregate",
    says: "rates an index, which has no facts, as neutral, and says so",
    args: { positions: [position("MSFT", 0.5), position("SPX", 0.5)] },
    data: { MSFT: 8.95906862745098, SPX: 5 },
    provenance: ["stub"]
  },
  {
    capability: "macro.detect_regime",
    says: "finds the picture that fits best, and how far it leads",
    data: {
      regime: "early_expansion",
      confidence: 0.08610310195844692,
      z_scores: { curve: 0.0020038729613780946, unemployment: 0.04301488549298214, spread: -1.3352997366338573 }
    }
  },
  {
    capability: "macro.get_indicators",
    says: "gives the newest value of each",
    data: {
      T10Y2Y: 1.391076367144863,
      UNRATE: 6.045002199563443,
      CPIAUCSL: 3.7147172382160916,
      BAA10Y: 1.3006700902789947,
      GFDEGDQ188S: 85.5
    },
    provenance: ["real"]
  },
  {
    capability: "macro.compute_dar",
    says: "is the depth that one year in twenty exceeds",
    args: { portfolio_id: growth.id, confidence: 0.95 },
    data: { dar: -0.47619220769776194, confidence: 0.95 }
  },
  {
    capability: "cycles.compute_short_term",
    says: "is where inflation and unemployment stand and went in half a year",
    data: {
      inflation_gap: 1.08522715012296,
      unemployment_gap: 0.07119791217259497,
      inflation_trend: -0.3770656048363188,
      unemployment_trend: -0.49193383004669755,
      phase: "recovery"
    }
  },
  {
    capability: "cycles.compute_long_term",
    says: "is debt to output and how it grew in a year",
    data: { debt_to_output: 85.5, growth: 3, phase: "leveraging" }
  },
  {
    capability: "alerts.create_if_threshold",
    says: "creates none at the threshold",
    args: { sentiment: -0.1, threshold: -0.1 },
    data: { created: false }
  },
  {
    capability: "alerts.create_if_threshold",
    says: "creates one below the threshold, for the portfolio that was asked about",
    args: { sentiment: -0.2, threshold: -0.1 },
    context: { portfolio_id: growth.id },
    data: { created: true }
  },
  {
    capability: "alerts.create_if_threshold",
    says: "creates none where no portfolio was asked about",
    args: { sentiment: -0.2, threshold: -0.1 },
    data: { created: false }
  },
  {
    capability: "provider.fetch_quote",
    says: "is the last close",
    args: { symbol: "AAPL" },
    data: { symbol: "AAPL", price: 223.02 },
    provenance: fetched
  },
  {
    capability: "provider.fetch_news",
    says: "is what was written about one company",
    args: { symbol: "MSFT" },
    data: [{ symbol: "MSFT", title: "Microsoft raises its dividend", sentiment: 0.5 }],
    provenance: fetched
  },
  {
    capability: "provider.fetch_macro",
    says: "is the newest observation, with the four decimals of its source",
    args: { series_id: "UNRATE" },
    data: { date: "2010-03-01", value: 6.045 },
    provenance: fetched
  },
  {
    capability: "fundamentals.load",
    says: "finds a security by its id",
    args: { security_id: "sec-ibm" },
    data: { returnOnEquity: 0.6, debtEquityRatio: 1.2, dividendYears: 15 },
    provenance: fetched
  },
  {
    capability: "news.search",
    says: "is what was written about all holdings",
    args: { positions: [position("AMZN", 0.5), position("SPX", 0.2), position("GOOG", 0.3)], lookback_hours: 24 },
    data: [
      { symbol: "AMZN", sentiment: -0.6 },
      { symbol: "AMZN", sentiment: 0.2 },
      { symbol: "GOOG", sentiment: -0.5 }
    ],
    provenance: fetched
  },
  {
    capability: "news.compute_portfolio_impact",
    says: "is each holding's mean sentiment times its weight, and their sum",
    args: {
      positions: [position("A", 0.5), position("B", 0.3), position("C", 0.2)],
      news: [
        { symbol: "A", title: "up", sentiment: 0.5 },
        { symbol: "B", title: "down", sentiment: -0.8 },
        { symbol: "A", title: "or not", sentiment: -0.1 },
        { symbol: "D", title: "not held", sentiment: -1 }
      ]
    },
    data: {
      sentiment: 0.1 - 0.24,
      impacts: [
        { symbol: "A", articles: 2, impact: 0.1 },
        { symbol: "B", articles: 1, impact: -0.24 },
        { symbol: "C", articles: 0, impact: 0 }
      ]
    }
  },
  {
    capability: "reports.export_csv",
    says: "is a line for each position, cells quoted where they must be",
    args: {
      positions: [
        position("IBM", 0.75, { quantity: 2, price: 120, value: 240 }),
        position("A,\"B\"", 0.25, { quantity: 1, price: 80, value: 80 })
      ]
    },
    data: {
      media_type: "text/csv",
      content: "symbol,quantity,price,value,weight\nIBM,2,120,240,0.75\n\"A,\"\"B\"\"\",1,80,80,0.25"
    }
  },
  {
    capability: "claude.explain",
    says: "tells the larger figure first, and the grade",
    args: { subject: "IBM", figures: { moat_strength: 2.5, overall: 7.059, grade: "A" } },
    data: { text: "IBM shows overall 7.06, moat strength 2.50 and is graded A." }
  },
  {
    capability: "claude.summarize",
    says: "orders figures by size, whatever their sign",
    args: { subject: "the economy", figures: { curve: 0.5, spread: -1.25 } },
    data: { text: "the economy shows spread -1.25, curve 0.50." }
  },
  {
    capability: "ai.explain",
    says: "says when there is nothing to tell",
    args: { subject: "MSFT", figures: { quote: "none" } },
    data: { text: "MSFT shows no figures." }
  }
]

/** Fails where `actual` has not what is expected, naming the place. */
const assertHas = (actual: unknown, expected: unknown, place: string): void => {
  if (typeof expected === "number") {
    assert.isNumber(actual, place)
    assert.closeTo(Number(actual), expected, 1e-9 * Math.max(1, Math.abs(expected)), place)
  } else if (Array.isArray(expected)) {
    assert.isArray(actual, place)
    assert.strictEqual(at(actual, "length"), expected.length, `${place}.length`)
    expected.forEach((each, index) => assertHas(at(actual, index), each, `${place}[${index}]`))
  } else if (typeof expected === "object" && expected !== null) {
    for (const [name, each] of Object.entries(expected)) assertHas(at(actual, name), each, `${place}.${name}`)
  } else {
    assert.strictEqual(actual, expected, place)
  }
}

// Built once: the providers' quota is for each minute.
const withPack = Layer.effectDiscard(Effect.flatMap(PackBuilder, (builder) => builder.build()))

const ask = Effect.fnUntraced(function*(capability: string, args: unknown, context: Row["context"] = {}) {
  const executor = yield* Executor
  const runtime = yield* AgentRuntime
  const ctx = yield* executor.context({ ...demoUsers[0] }, undefined, true)
  const given = capability === "pricing.apply_pack" ? { pack_id: ctx.pricing_pack_id, ...Object(args) } : args
  return yield* runtime.execute(capability, given, { ...ctx, ...context }, new Map())
})

layer(
  withPack.pipe(Layer.provideMerge(Program.domain), Layer.provide(settings())),
  { excludeTestServices: true, timeout: "60 seconds" }
)("the capability", (it) => {
  for (const { args = {}, capability, context, data, provenance = ["computed"], says } of rows) {
    it.effect(`${capability} ${says}`, () =>
      Effect.gen(function*() {
        const result = yield* ask(capability, args, context)
        assertHas(result.data, data, "data")
        assert.oneOf(result.provenance, [...provenance])
      }))
  }

  it.effect("has a row above, whichever it is", () =>
    Effect.gen(function*() {
      const { capabilities } = yield* AgentRuntime
      assert.deepStrictEqual(capabilities, [...new Set(rows.map(({ capability }) => capability))].sort())
    }))

  it.effect("takes what the one before it answers: a portfolio is valued, rated, traded and compared", () =>
    Effect.gen(function*() {
      const { data: positions } = yield* ask("portfolio.get_valued_positions", { portfolio_id: growth.id })
      const { data: ratings } = yield* ask("ratings.aggregate", { positions })
      const { data: proposal } = yield* ask("optimizer.propose_trades", { positions, ratings, max_weight: 0.4 })
      assertHas(proposal, {
        trades: [
          { symbol: "AAPL", side: "sell", amount: 35655.14754023944, target_weight: 0.24136107295594408 },
          { symbol: "AMZN", side: "sell", amount: 5046.76571865714, target_weight: 0.1600063198680147 },
          { symbol: "GOOG", side: "buy", amount: 9303.330689169998, target_weight: 0.24491441522834834 },
          { symbol: "MSFT", side: "buy", amount: 31398.5825697266, target_weight: 0.3537181919476929 }
        ],
        turnover: 0.31435486338097546
      }, "proposal")
      const { data: impact } = yield* ask("optimizer.analyze_impact", { positions, trades: at(proposal, "trades") })
      assertHas(impact, {
        concentration_before: 0.3489322615994778,
        concentration_after: 0.26895682003753874,
        largest_before: 0.5167380303620085,
        largest_after: 0.3537181919476929
      }, "impact")
    }))
})

describe("target weights", () => {
  const rated = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 5 }),
    fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 10, noNaN: true })),
    { minKeys: 1, maxKeys: 12 }
  )
  const limits = fc.double({ min: 0.01, max: 1, noNaN: true })

  it("add up to 1, and none exceeds the limit, or an equal share where the limit leaves no room", () => {
    fc.assert(fc.property(rated, limits, (ratings, limit) => {
      const weights = Object.values(targetWeights(ratings, limit))
      assert.lengthOf(weights, Object.keys(ratings).length)
      assert.closeTo(weights.reduce((sum, weight) => sum + weight, 0), 1, 1e-9)
      assert.isAtMost(Math.max(...weights), Math.max(limit, 1 / weights.length) + 1e-9)
      assert.isAtLeast(Math.min(...weights), 0)
    }))
  })

  it("follow the ratings: in proportion below the limit, and never less for a better one", () => {
    fc.assert(fc.property(rated, limits, (ratings, limit) => {
      const weights = targetWeights(ratings, limit)
      const largest = Math.max(limit, 1 / Object.keys(ratings).length)
      for (const [one, better] of Object.entries(ratings)) {
        for (const [other, worse] of Object.entries(ratings)) {
          if (better < worse) continue
          const [more = 0, less = 0] = [weights[one], weights[other]]
          assert.isAtLeast(more, less - 1e-9)
          if (worse > 0 && more < largest - 1e-9) assert.closeTo(more * worse, less * better, 1e-9)
        }
      }
    }))
  })
})

describe("ratings", () => {
  const facts = fc.record({
    returnOnEquity: fc.double({ min: -1, max: 2, noNaN: true }),
    grossProfitMargin: fc.double({ min: -1, max: 1, noNaN: true }),
    debtEquityRatio: fc.double({ min: 0, max: 10, noNaN: true }),
    currentRatio: fc.double({ min: 0, max: 20, noNaN: true }),
    interestCoverage: fc.double({ min: -50, max: 500, noNaN: true }),
    payoutRatio: fc.double({ min: 0, max: 3, noNaN: true }),
    dividendYield: fc.double({ min: 0, max: 0.2, noNaN: true }),
    freeCashFlowMargin: fc.double({ min: -1, max: 1, noNaN: true }),
    dividendYears: fc.integer({ min: 0, max: 60 })
  })

  it("lie between 0 and 10 whatever a company reports, and the whole between its worst and best part", () => {
    fc.assert(fc.property(facts, (company) => {
      const scores = {
        dividend_safety: Ratings.dividendSafety(company),
        moat_strength: Ratings.moatStrength(company),
        resilience: Ratings.resilience(company)
      }
      const parts = Object.values(scores)
      for (const part of parts) assert.isTrue(part >= 0 && part <= 10, JSON.stringify(scores))
      const { overall } = Ratings.aggregate(scores)
      assert.isAtLeast(overall, Math.min(...parts) - 1e-9)
      assert.isAtMost(overall, Math.max(...parts) + 1e-9)
    }))
  })
})
