/**
 * Expected values come from `../expected.py`, which reads the same CSV files by other methods: the time-weighted return
 * by unit pricing with fractions, the money-weighted return by Newton's method, the drawdown by comparing every pair,
 * deviations and regression by Python's `statistics` module, attribution by fractions.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { isoDate, marketData } from "../../../../examples/dawsos/data/MarketData.ts"
import { attributeCurrency } from "../../../../examples/dawsos/finance/CurrencyAttribution.ts"
import * as Returns from "../../../../examples/dawsos/finance/Returns.ts"
import { regress, zScore } from "../../../../examples/dawsos/finance/Statistics.ts"

const series = (symbol: string) => Effect.map(marketData, (closes) => closes.filter((close) => close.symbol === symbol))
const returnsOf = (closes: ReadonlyArray<{ readonly date: string; readonly price: number }>) =>
  Returns.periodReturns(closes.map((close) => ({ date: close.date, value: close.price, flow: 0 })))
const near = (actual: number, expected: number, tolerance = 1e-9) => assert.closeTo(actual, expected, tolerance)

describe("returns", () => {
  const portfolio = Effect.gen(function*() {
    const apple = yield* series("AAPL")
    const microsoft = new Map((yield* series("MSFT")).map((close) => [close.date, close.price]))
    let appleShares = 0
    let microsoftShares = 0
    return apple.filter((close) => close.date >= "2005-01-01").map((close): Returns.Valuation => {
      const other = microsoft.get(close.date) ?? Number.NaN
      const bought = close.date === "2005-01-01" ? 100 : close.date === "2009-01-01" ? -40 : 0
      const otherBought = close.date === "2007-06-01" ? 200 : 0
      appleShares += bought
      microsoftShares += otherBought
      return {
        date: close.date,
        value: appleShares * close.price + microsoftShares * other,
        flow: bought * close.price + otherBought * other
      }
    })
  })

  it.effect("chain into the time-weighted return that unit pricing gives", () =>
    Effect.gen(function*() {
      const valuations = yield* portfolio
      assert.strictEqual(valuations.length, 63)
      near(Result.getOrThrow(Returns.timeWeightedReturn(valuations)), 3.8236762469668966)
    }))

  it.effect("give the money-weighted return that Newton's method finds", () =>
    Effect.gen(function*() {
      const valuations = yield* portfolio
      const flows = valuations.filter((v) => v.flow !== 0).map((v) => ({ date: v.date, amount: -v.flow }))
      const last = valuations.at(-1)!
      const rate = Returns.moneyWeightedReturn([...flows, { date: last.date, amount: last.value }])
      near(Result.getOrThrow(rate), 0.2686198219691872)
    }))

  it("agree with the example in the documentation of Excel's XIRR (0.373362535)", () => {
    const rate = Returns.moneyWeightedReturn([
      { date: "2008-01-01", amount: -10000 },
      { date: "2008-03-01", amount: 2750 },
      { date: "2008-10-30", amount: 4250 },
      { date: "2009-02-15", amount: 3250 },
      { date: "2009-04-01", amount: 2750 }
    ])
    near(Result.getOrThrow(rate), 0.373362535, 1e-8)
  })

  it("fail with the figure's name where there is no answer", () => {
    const noReturn = Returns.moneyWeightedReturn([{ date: "2008-01-01", amount: -1 }])
    assert.include(Result.getOrThrow(Result.flip(noReturn)).message, "money-weighted return")
    assert.isTrue(Result.isFailure(Returns.timeWeightedReturn([{ date: "2008-01-01", value: 1, flow: 1 }])))
    assert.isTrue(Result.isFailure(Returns.sharpeRatio([0.01, 0.01], 0, 12)))
    assert.isTrue(Result.isFailure(Returns.drawdownAtRisk([1, 2], 12, 0.95)))
  })

  it("do not depend on the size of flows", () => {
    fc.assert(fc.property(
      fc.array(
        fc.record({ growth: fc.double({ min: -0.5, max: 1, noNaN: true }), flow: fc.integer({ min: 0, max: 1000 }) }),
        {
          minLength: 1,
          maxLength: 30
        }
      ),
      (periods) => {
        let value = 100
        const valuations: Array<Returns.Valuation> = [{ date: "2000-01-01", value, flow: 100 }]
        for (const { flow, growth } of periods) {
          value = value * (1 + growth) + flow
          valuations.push({ date: "2000-01-01", value, flow })
        }
        const expected = periods.reduce((product, { growth }) => product * (1 + growth), 1) - 1
        const actual = Result.getOrThrow(Returns.timeWeightedReturn(valuations))
        assert.closeTo(actual, expected, 1e-6 * Math.max(1, Math.abs(expected)))
      }
    ))
  })

  it("annualise over a year of 365 days", () => near(Returns.annualise(0.21, 730), 0.1))
})

describe("risk", () => {
  it.effect("is measured by volatility, Sharpe ratio and the deepest drawdown", () =>
    Effect.gen(function*() {
      const apple = yield* series("AAPL")
      near(Returns.volatility(returnsOf(apple), 12), 0.5060502493133954)
      near(Result.getOrThrow(Returns.sharpeRatio(returnsOf(apple), 0.02, 12)), 0.658322554728874)
      const fall = Returns.maxDrawdown(apple.map((close) => close.price))
      near(fall.depth, -0.7917525773195877)
      assert.deepStrictEqual([apple[fall.peak]?.date, apple[fall.trough]?.date], ["2000-03-01", "2003-03-01"])

      const ibm = yield* series("IBM")
      near(Returns.volatility(returnsOf(ibm), 12), 0.2954234224913768)
      near(Result.getOrThrow(Returns.sharpeRatio(returnsOf(ibm), 0.02, 12)), 0.14931723398219393)
      near(Returns.maxDrawdown(ibm.map((close) => close.price)).depth, -0.5531107738998483)
    }))

  it.effect("of the index is its fall of 2007 to 2009, and one window in twenty falls deeper than 43 %", () =>
    Effect.gen(function*() {
      const index = yield* series("SPX")
      const values = index.map((close) => close.price)
      const fall = Returns.maxDrawdown(values)
      near(fall.depth, -0.5255586105409906)
      assert.deepStrictEqual([index[fall.peak]?.date, index[fall.trough]?.date], ["2007-10-01", "2009-02-01"])
      near(Result.getOrThrow(Returns.drawdownAtRisk(values, 12, 0.95)), -0.42697785365169194)
    }))

  it.effect("towards the market is a least-squares slope", () =>
    Effect.gen(function*() {
      const fit = regress(returnsOf(yield* series("SPX")), returnsOf(yield* series("AAPL")))
      near(fit.slope, 1.6952203977204376)
      near(fit.intercept, 0.030384355241472944)
      near(fit.rSquared, 0.2874957750857973)
    }))

  it("has no z-score where nothing varies", () => assert.strictEqual(zScore([2, 2, 2]), 0))

  it("is never a positive drawdown, and 0 for values that only rise", () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
      assert.isAtMost(Returns.maxDrawdown(values).depth, 0)
      assert.strictEqual(Returns.maxDrawdown([...values].sort((a, b) => a - b)).depth, 0)
    }))
  })
})

describe("currency attribution", () => {
  it("splits a return into market, currency and interaction", () => {
    const attribution = attributeCurrency([
      { symbol: "A", currency: "USD", quantity: 10, startPrice: 100, endPrice: 110, startRate: 0.8, endRate: 0.72 },
      { symbol: "B", currency: "EUR", quantity: 5, startPrice: 40, endPrice: 36, startRate: 1, endRate: 1 },
      { symbol: "C", currency: "GBP", quantity: 8, startPrice: 50, endPrice: 60, startRate: 1.25, endRate: 1.3 }
    ])
    near(attribution.local, 0.10666666666666667)
    near(attribution.currency, -0.04)
    near(attribution.interaction, 0.064 - 0.10666666666666667 + 0.04)
    near(attribution.total, 0.064)
  })

  it("adds up to the return in the base currency", () => {
    const price = fc.double({ min: 0.5, max: 500, noNaN: true })
    const rate = fc.double({ min: 0.1, max: 10, noNaN: true })
    const holding = fc.record({
      symbol: fc.constant("X"),
      currency: fc.constant("EUR"),
      quantity: fc.integer({ min: 1, max: 100 }),
      startPrice: price,
      endPrice: price,
      startRate: rate,
      endRate: rate
    })
    fc.assert(fc.property(fc.array(holding, { minLength: 1, maxLength: 8 }), (holdings) => {
      const start = holdings.reduce((total, h) => total + h.quantity * h.startPrice * h.startRate, 0)
      const end = holdings.reduce((total, h) => total + h.quantity * h.endPrice * h.endRate, 0)
      const expected = end / start - 1
      assert.closeTo(attributeCurrency(holdings).total, expected, 1e-8 * Math.max(1, Math.abs(expected)))
    }))
  })
})

describe("market data", () => {
  it.effect("has the months of 2000 to March 2010, Google's since its listing", () =>
    Effect.gen(function*() {
      const closes = yield* marketData
      const count = (symbol: string) => closes.filter((close) => close.symbol === symbol).length
      assert.deepStrictEqual(["MSFT", "AMZN", "IBM", "AAPL", "SPX", "GOOG"].map(count), [123, 123, 123, 123, 123, 68])
    }))

  it("refuses a date that it cannot read", () => {
    assert.strictEqual(isoDate("Sep 1 2008"), "2008-09-01")
    assert.throws(() => isoDate("1.9.2008"), "not a date")
  })
})
