/** What is written about holdings, and how it weighs on a portfolio. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ValuedPosition } from "../Domain.ts"
import { mean, sum } from "../finance/Statistics.ts"
import type { Providers } from "../providers/Providers.ts"

/** A headline with its sentiment from -1 to 1. */
export const Article = Schema.Struct({ symbol: Schema.String, title: Schema.String, sentiment: Schema.Finite })

const Answer = Schema.Struct({ articles: Schema.Array(Article) })

export const search = (providers: Providers["Service"], symbols: ReadonlyArray<string>, hours: number) =>
  providers.fetch({
    provider: "newsapi",
    endpoint: "/everything",
    query: { q: symbols.join(" OR "), hours: String(hours) },
    schema: Answer,
    maxAge: "20 seconds"
  }).pipe(Effect.map(({ data, provenance }) => ({ data: data.articles, provenance })))

/** The mean sentiment of each holding by its weight. */
export const impact = (positions: ReadonlyArray<ValuedPosition>, news: ReadonlyArray<typeof Article.Type>) => {
  const impacts = positions.map(({ symbol, weight }) => {
    const articles = news.filter((article) => article.symbol === symbol)
    return { symbol, articles: articles.length, impact: mean(articles.map((each) => each.sentiment)) * weight }
  })
  return { sentiment: sum(impacts.map((each) => each.impact)), impacts }
}
