/** Builds the pricing pack of the day: prices and exchange rates, immutable, with the hash of their content. */
import { ErrorTracking, Observation } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { createHash } from "node:crypto"
import { Providers } from "../providers/Providers.ts"
import { Ledger } from "../services/Ledger.ts"
import { type PackPayload, Pricing } from "../services/Pricing.ts"
import { Settings } from "../Settings.ts"

const Aggregate = Schema.Struct({
  results: Schema.NonEmptyArray(Schema.Struct({ c: Schema.Finite, t: Schema.Finite }))
})

/** A second build of a pack came to other prices: packs never change. */
export class PackChanged extends Schema.TaggedError<PackChanged>()("PackChanged", { pack: Schema.String }) {
  override get message(): string {
    return `the content of ${this.pack} would change`
  }
}

const day = (millis: number): string => new Date(millis).toISOString().slice(0, 10)

export class PackBuilder extends Context.Service<PackBuilder>()("dawsos/PackBuilder", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const settings = yield* Settings
    const providers = yield* Providers
    const ledger = yield* Ledger
    const pricing = yield* Pricing

    if (settings.fault.is("pack-stale")) {
      // Yesterday's pack, complete and long fresh; today's cannot be built because Polygon does not answer.
      const freshAt = (yield* Clock.currentTimeMillis) - 26 * 3_600_000
      const id = `PP_${day(freshAt)}`
      const payload = yield* sql<{ prices: PackPayload["prices"]; usd: PackPayload["usd"]; market_date: string }>`
        select (select jsonb_object_agg(symbol, close) from prices join securities on securities.id = security_id
            where asof_date = market_date) as prices,
          (select jsonb_object_agg(currency, usd) from fx_rates where asof_date = market_date) as usd,
          market_date::text as market_date
        from (select max(asof_date) as market_date from prices) newest`
      const content = JSON.stringify(payload[0])
      yield* sql`delete from pricing_packs where asof_date > ${day(freshAt)}`
      yield* sql`
        insert into pricing_packs (id, asof_date, policy, status, size_bytes, payload, fresh_at)
        values (${id}, ${day(freshAt)}, 'close', 'fresh', ${content.length}, ${content}::jsonb, ${new Date(freshAt)})
        on conflict (id) do update set status = 'fresh', payload = excluded.payload, fresh_at = excluded.fresh_at`
    }

    const collect = Effect.fnUntraced(function*() {
      const closes = yield* Effect.forEach(yield* ledger.securities, ({ symbol }) =>
        Effect.map(
          providers.fetch({
            provider: "polygon",
            endpoint: "/v2/aggs/ticker/{symbol}/range/{multiplier}/{timespan}/{from}/{to}",
            path: { symbol, multiplier: "1", timespan: "month", from: "2000-01-01", to: "2010-03-31" },
            schema: Aggregate,
            // A build that gave up because of a trial would end that trial, and no build would ever succeed again.
            awaitTrial: true
          }),
          ({ data }) => ({ symbol, price: data.results[0].c, date: day(data.results[0].t) })
        ), { concurrency: 4 })
      const market_date = closes.map((close) => close.date).sort().at(-1) ?? ""
      const rates = yield* sql<{ currency: string; usd: number }>`
        select distinct on (currency) currency, usd from fx_rates where asof_date <= ${market_date}
        order by currency, asof_date desc`
      return {
        market_date,
        prices: Object.fromEntries(closes.map((close) => [close.symbol, close.price])),
        usd: Object.fromEntries(rates.map((rate) => [rate.currency, rate.usd]))
      } satisfies PackPayload
    })

    /** Shows the pack that is served now. It can wait for the next time: no build fails because of what it shows. */
    const show = Effect.ignore(
      Effect.flatMap(
        pricing.latestPack(),
        (pack) =>
          pack === undefined ? Effect.void : DawsOs.updatePricingPackMetrics({
            status: pack.status,
            sizeBytes: pack.size_bytes ?? undefined,
            freshSince: pack.fresh_at === null ? undefined : DateTime.makeUnsafe(pack.fresh_at)
          })
      ),
      { log: "Warn", message: "the pricing pack could not be shown" }
    )

    const build = Effect.fnUntraced(function*() {
      const date = day(yield* Clock.currentTimeMillis)
      const id = `PP_${date}`
      yield* sql`
        insert into pricing_packs (id, asof_date, policy, status) values (${id}, ${date}, 'close', 'warming')
        on conflict (id) do nothing`
      yield* show
      const payload = yield* Effect.tapError(
        collect(),
        () => sql`update pricing_packs set status = 'error' where id = ${id} and status <> 'fresh'`
      )
      const content = JSON.stringify(payload)
      const sha256 = createHash("sha256").update(content).digest("hex")
      const freshAt = new Date(yield* Clock.currentTimeMillis)
      const written = yield* sql`
        update pricing_packs set status = 'fresh', sha256 = ${sha256}, size_bytes = ${content.length},
          payload = ${content}::jsonb, fresh_at = ${freshAt}
        where id = ${id} and (sha256 is null or sha256 = ${sha256}) returning id`
      if (written.length === 0) return yield* new PackChanged({ pack: id })
      return { id, sizeBytes: content.length, freshAt }
    })

    /** A build as a job: a trace of its own, its outcome counted, its failure reported. */
    const run = Effect.fnUntraced(
      function*() {
        const begin = yield* Clock.currentTimeMillis
        return yield* build().pipe(
          Effect.onExit(Effect.fnUntraced(function*(exit) {
            const duration = Duration.millis((yield* Clock.currentTimeMillis) - begin)
            yield* DawsOs.recordPricingPackBuild({ status: Observation.statusOf(exit), duration })
            yield* show
          }))
        )
      },
      ErrorTracking.withBoundary("pricing pack build"),
      Effect.withSpan("pricing_pack.build", { root: true })
    )

    return { build, run }
  })
}) {
  static readonly layer = Layer.effect(PackBuilder, PackBuilder.make)
}

/** Builds at start and on the schedule; after a build that failed the next one comes all the same. */
export const scheduled = Layer.effectDiscard(Effect.gen(function*() {
  const builder = yield* PackBuilder
  const { packInterval } = yield* Settings
  yield* builder.run().pipe(
    Effect.tap((pack) => Effect.logInfo("pricing pack is fresh", { pack: pack.id, bytes: pack.sizeBytes })),
    // A defect too, reported at the boundary, must not be the end of the schedule.
    Effect.catchCauseIf(
      (cause) => !Cause.hasInterrupts(cause),
      (cause) => Effect.logError("pricing pack was not built", { error: String(Cause.squash(cause)) })
    ),
    Effect.repeat(Schedule.spaced(packInterval)),
    Effect.forkScoped
  )
}))
