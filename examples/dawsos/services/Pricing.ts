/** Prices: the immutable packs, the monthly series and live quotes. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { degraded, type PackStatus, type Position, type ValuedPosition } from "../Domain.ts"
import { sum } from "../finance/Statistics.ts"
import { Providers } from "../providers/Providers.ts"

export interface Pack {
  readonly id: string
  readonly asof_date: string
  readonly status: PackStatus
  readonly sha256: string | null
  readonly size_bytes: number | null
  readonly fresh_at: Date | null
  readonly payload: PackPayload | null
}

export interface PackPayload {
  /** The date of the market's last close. */
  readonly market_date: string
  readonly prices: Readonly<Record<string, number>>
  /** US dollars for one unit of each currency. */
  readonly usd: Readonly<Record<string, number>>
}

/** A pack lacks the price or the exchange rate of something held. */
export class PriceMissing extends Schema.TaggedError<PriceMissing>()("PriceMissing", {
  pack: Schema.String,
  what: Schema.String
}) {
  override get message(): string {
    return `pack ${this.pack} has no ${this.what}`
  }
}

const Quote = Schema.NonEmptyArray(Schema.Struct({ symbol: Schema.String, price: Schema.Finite }))

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "PricingService", method })

export class Pricing extends Context.Service<Pricing>()("dawsos/Pricing", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const providers = yield* Providers

    /** The newest pack that is fresh, else the newest of all (warming or failed), else none. */
    const latestPack = Effect.fn(function*() {
      const rows = yield* sql<Pack>`
        select id, asof_date, status, sha256, size_bytes, fresh_at, payload from pricing_packs
        order by (status = 'fresh') desc, asof_date desc limit 1`
      return rows[0]
    }, observed("get_latest_pack"))

    const pack = Effect.fn(function*(id: string) {
      const rows = yield* sql<Pack>`
        select id, asof_date, status, sha256, size_bytes, fresh_at, payload from pricing_packs where id = ${id}`
      const payload = rows[0]?.payload
      return payload ?? (yield* new PriceMissing({ pack: id, what: "content" }))
    }, observed("get_pack"))

    /** Positions at the prices of a pack, in the base currency, with their weights. */
    const value = Effect.fn(function*(positions: ReadonlyArray<Position>, packId: string, baseCurrency: string) {
      const { prices, usd } = yield* pack(packId)
      const base = usd[baseCurrency]
      if (base === undefined) return yield* new PriceMissing({ pack: packId, what: `rate of ${baseCurrency}` })
      const valued: Array<Omit<ValuedPosition, "weight">> = []
      for (const position of positions) {
        const price = prices[position.symbol]
        const rate = usd[position.currency]
        if (price === undefined || rate === undefined) {
          return yield* new PriceMissing({ pack: packId, what: `price of ${position.symbol}` })
        }
        const fx_rate = rate / base
        valued.push({ ...position, price, fx_rate, value: position.quantity * price * fx_rate })
      }
      const total = sum(valued.map((position) => position.value))
      return valued.map((position): ValuedPosition => ({
        ...position,
        weight: total === 0 ? 0 : position.value / total
      }))
    }, observed("value_positions"))

    /** Monthly closes, oldest first. */
    const closes = Effect.fn(function*(symbol: string) {
      return yield* sql<{ date: string; price: number }>`
        select asof_date as date, close as price from prices join securities on securities.id = prices.security_id
        where symbol = ${symbol} order by asof_date`
    }, observed("get_prices"))

    /** US dollars for one unit of a currency at the last date not after the given one. */
    const fxRate = Effect.fn(function*(currency: string, date: string) {
      const rows = yield* sql<{ usd: number }>`
        select usd from fx_rates where currency = ${currency} and asof_date <= ${date} order by asof_date desc limit 1`
      return rows[0]?.usd ?? (yield* new PriceMissing({ pack: date, what: `rate of ${currency}` }))
    }, observed("get_fx_rate"))

    const quote = Effect.fn(function*(symbol: string) {
      const { data, provenance } = yield* providers.fetch({
        provider: "fmp",
        endpoint: "/v3/quote/{symbol}",
        path: { symbol },
        schema: Quote,
        maxAge: "2 seconds"
      })
      return { data: data[0], provenance }
    }, DawsOs.withServiceMetrics({ service: "PricingService", method: "get_quote" }, { degraded }))

    return { latestPack, pack, value, closes, fxRate, quote }
  })
}) {
  static readonly layer = Layer.effect(Pricing, Pricing.make)
}
