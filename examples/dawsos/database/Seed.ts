/** Fills an empty database: real prices from `data/`, everything else simulated and marked so. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { createHash } from "node:crypto"
import { marketData } from "../data/MarketData.ts"
import { fxRate, indicators, purchases, securities } from "../data/Simulated.ts"

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")

/** The demonstration's users; their tokens open nothing but this program. */
export const demoUsers = [
  { id: "7d0c2f3e-6a57-4c8e-9f0b-1f7f6a2c9e01", email: "ada@example.com", role: "owner", token: "demo-ada" },
  { id: "7d0c2f3e-6a57-4c8e-9f0b-1f7f6a2c9e02", email: "grace@example.com", role: "owner", token: "demo-grace" }
] as const

const [ada, grace] = demoUsers

export const demoPortfolios = [
  { id: "b3a1f0c4-52de-4d0a-8c1e-0a6c3f5d7a01", user_id: ada.id, name: "Growth", base_currency: "USD" },
  { id: "b3a1f0c4-52de-4d0a-8c1e-0a6c3f5d7a02", user_id: ada.id, name: "Income", base_currency: "EUR" },
  { id: "b3a1f0c4-52de-4d0a-8c1e-0a6c3f5d7a03", user_id: grace.id, name: "Balanced", base_currency: "CAD" }
] as const

const [growth] = demoPortfolios

export const securityId = (symbol: string): string => `sec-${symbol.toLowerCase()}`

export const seed = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const seeded = yield* sql<{ n: number }>`select count(*)::int as n from users`
  if ((seeded[0]?.n ?? 0) > 0) return

  const insert = (table: string, rows: ReadonlyArray<Record<string, unknown>>) =>
    Arr.isReadonlyArrayNonEmpty(rows) ? sql`insert into ${sql(table)} ${sql.insert(rows)}` : Effect.void
  const closes = yield* marketData
  const dates = closes.filter((close) => close.symbol === "SPX").map((close) => close.date)
  const price = new Map(closes.map((close) => [`${close.symbol} ${close.date}`, close.price]))

  yield* insert("securities", securities.map((each) => ({ id: securityId(each.symbol), ...each, currency: "USD" })))
  yield* insert(
    "prices",
    closes.map(({ date, price: close, symbol }) => ({
      security_id: securityId(symbol),
      asof_date: date,
      close,
      source: "vega-datasets"
    }))
  )
  const monthly = (row: (month: number) => Readonly<Record<string, unknown>>) =>
    dates.map((asof_date, month) => ({ asof_date, source: "simulated", ...row(month) }))
  yield* insert(
    "fx_rates",
    ["USD", "EUR", "CAD"].flatMap((currency) => monthly((month) => ({ currency, usd: fxRate(currency, month) })))
  )
  yield* insert(
    "macro_indicators",
    Object.entries(indicators).flatMap(([indicator_id, value]) =>
      monthly((month) => ({ indicator_id, value: value(month) }))
    )
  )
  yield* insert("users", demoUsers.map(({ token, ...user }) => ({ ...user, token_sha256: sha256(token) })))
  yield* insert("portfolios", demoPortfolios)
  const lots = purchases.map(({ on, portfolio_id, quantity, symbol }) => ({
    portfolio_id,
    security_id: securityId(symbol),
    quantity,
    cost: price.get(`${symbol} ${on}`) ?? 0,
    acquired_on: on
  }))
  yield* insert("lots", lots)
  yield* insert(
    "transactions",
    lots.map(({ acquired_on: happened_on, cost, portfolio_id, quantity }) => ({
      portfolio_id,
      kind: "buy",
      amount: quantity * cost,
      happened_on
    }))
  )
  // The value of a portfolio on a date is its lots of then at the closes and exchange rates of that date.
  yield* sql`
    insert into portfolio_daily_values (portfolio_id, asof_date, value, flow)
    select portfolios.id, prices.asof_date, sum(lots.quantity * prices.close * asset.usd / base.usd),
      sum(case when lots.acquired_on = prices.asof_date
        then lots.quantity * prices.close * asset.usd / base.usd else 0 end)
    from portfolios
    join lots on lots.portfolio_id = portfolios.id
    join securities on securities.id = lots.security_id
    join prices on prices.security_id = lots.security_id and prices.asof_date >= lots.acquired_on
    join fx_rates asset on asset.currency = securities.currency and asset.asof_date = prices.asof_date
    join fx_rates base on base.currency = portfolios.base_currency and base.asof_date = prices.asof_date
    group by portfolios.id, prices.asof_date`
  const alert = (n: number, user_id: string, alert_type: string, condition: object, delivery_method: string) => ({
    id: `a1e57000-0000-4000-8000-00000000000${n}`,
    user_id,
    alert_type,
    condition: JSON.stringify(condition),
    delivery_method,
    cooldown_minutes: 15
  })
  yield* insert("alerts", [
    alert(1, ada.id, "price", { symbol: "AAPL", above: 100 }, "webhook"),
    alert(2, ada.id, "drawdown_limit", { portfolio_id: growth.id, below: -0.2 }, "inapp"),
    alert(3, grace.id, "macro", { indicator: "UNRATE", above: 15 }, "email")
  ])
})
