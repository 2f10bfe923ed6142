/** Portfolios, what they hold and what they were worth. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Portfolio, Position } from "../Domain.ts"
import type { CashFlow, Valuation } from "../finance/Returns.ts"

export interface Security {
  readonly id: string
  readonly symbol: string
  readonly name: string
  readonly sector: string
}

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "LedgerService", method })

export class Ledger extends Context.Service<Ledger>()("dawsos/Ledger", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient

    const portfolio = Effect.fn(function*(id: string) {
      const rows = yield* sql<Portfolio>`select id, user_id, name, base_currency from portfolios where id = ${id}`
      return rows[0]
    }, observed("get_portfolio"))

    const positions = Effect.fn(function*(portfolioId: string) {
      return yield* sql<Position>`
        select lots.security_id, symbol, name, sector, currency, sum(quantity) as quantity, sum(quantity * cost) as cost
        from lots join securities on securities.id = lots.security_id
        where portfolio_id = ${portfolioId}
        group by lots.security_id, symbol, name, sector, currency order by symbol`
    }, observed("get_positions"))

    /** Month-end values, oldest first; the newest `months` periods where given. */
    const valuations = Effect.fn(function*(portfolioId: string, months?: number) {
      const rows = yield* sql<Valuation>`
        select asof_date as date, value, flow from portfolio_daily_values
        where portfolio_id = ${portfolioId} order by asof_date`
      return months === undefined ? rows : rows.slice(-(months + 1))
    }, observed("get_valuations"))

    /** What was paid in, as an investor's outflow in the base currency. */
    const flows = Effect.fn(function*(portfolioId: string) {
      return yield* sql<CashFlow>`
        select asof_date as date, -flow as amount from portfolio_daily_values
        where portfolio_id = ${portfolioId} and flow <> 0 order by asof_date`
    }, observed("get_flows"))

    const security = Effect.fn(function*(idOrSymbol: string) {
      const rows = yield* sql<Security>`
        select id, symbol, name, sector from securities where id = ${idOrSymbol} or symbol = ${idOrSymbol}`
      return rows[0]
    }, observed("get_security"))

    const securities = sql<Security>`select id, symbol, name, sector from securities order by symbol`.pipe(
      observed("get_securities")
    )

    /** Stands for the state of the ledger: changes with every transaction. */
    const commitHash = Effect.map(
      sql<
        { hash: string }
      >`select md5(string_agg(id::text || amount::text, ',' order by id)) as hash from transactions`,
      (rows) => rows[0]?.hash ?? "empty"
    ).pipe(observed("get_commit_hash"))

    return { portfolio, positions, valuations, flows, security, securities, commitHash }
  })
}) {
  static readonly layer = Layer.effect(Ledger, Ledger.make)
}
