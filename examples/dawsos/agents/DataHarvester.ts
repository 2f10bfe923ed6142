/** What comes from outside, and what goes out: quotes, fundamentals, news, macro series, reports. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { ValuedPosition } from "../Domain.ts"
import { agent, capability, computes } from "../orchestrator/AgentRuntime.ts"
import { Providers } from "../providers/Providers.ts"
import { Ledger } from "../services/Ledger.ts"
import * as News from "../services/News.ts"
import { Pricing } from "../services/Pricing.ts"
import { Ratings } from "../services/Ratings.ts"
import { Reports } from "../services/Reports.ts"

const OfSymbol = Schema.Struct({ symbol: Schema.String })
const OfSecurity = Schema.Struct({ security_id: Schema.String })
const OfSeries = Schema.Struct({ series_id: Schema.String })
const Valued = Schema.Struct({ positions: Schema.Array(ValuedPosition) })
const ToSearch = Schema.Struct({ ...Valued.fields, lookback_hours: Schema.Finite })
const ToWeigh = Schema.Struct({ ...Valued.fields, news: Schema.Array(News.Article) })
const Observations = Schema.Struct({
  observations: Schema.Array(Schema.Struct({ date: Schema.String, value: Schema.FiniteFromString }))
})

/** The database does not know this security. */
export class UnknownSecurity extends Schema.TaggedError<UnknownSecurity>()("UnknownSecurity", {
  security: Schema.String
}) {}

export class DataHarvester extends Context.Service<DataHarvester>()("dawsos/agents/DataHarvester", {
  make: Effect.gen(function*() {
    const providers = yield* Providers
    const pricing = yield* Pricing
    const ratings = yield* Ratings
    const ledger = yield* Ledger
    const reports = yield* Reports

    return agent("data_harvester", {
      // A provider's failure is a field of the answer, as in DawsOS: the provenance tells it from a success.
      "provider.fetch_quote": capability(
        OfSymbol,
        ({ symbol }) =>
          Effect.catchTag(
            pricing.quote(symbol),
            "ProviderError",
            (error) =>
              Effect.succeed({ data: { symbol, price: null, error: error.message }, provenance: "stub" as const })
          )
      ),
      "provider.fetch_news": capability(OfSymbol, ({ symbol }) => News.search(providers, [symbol], 24)),
      "provider.fetch_macro": capability(OfSeries, ({ series_id }) =>
        providers.fetch({
          provider: "fred",
          endpoint: "/series/observations",
          query: { series_id },
          schema: Observations,
          maxAge: "10 seconds"
        }).pipe(Effect.map(({ data, provenance }) => ({ data: data.observations.at(-1) ?? null, provenance })))),
      "fundamentals.load": capability(
        OfSecurity,
        Effect.fnUntraced(function*({ security_id }) {
          const security = yield* ledger.security(security_id)
          if (security === undefined) return yield* new UnknownSecurity({ security: security_id })
          return yield* ratings.fundamentals(security.symbol)
        })
      ),
      "news.search": capability(
        ToSearch,
        ({ lookback_hours, positions }) =>
          News.search(providers, positions.map((position) => position.symbol), lookback_hours)
      ),
      "news.compute_portfolio_impact": computes(
        ToWeigh,
        ({ news, positions }) => Effect.sync(() => News.impact(positions, news))
      ),
      "reports.export_csv": computes(
        Valued,
        ({ positions }) => Effect.map(reports.csv(positions), (content) => ({ media_type: "text/csv", content }))
      )
    })
  })
}) {
  static readonly layer = Layer.effect(DataHarvester, DataHarvester.make)
}
