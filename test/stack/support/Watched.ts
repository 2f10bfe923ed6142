/**
 * A run of the reference program under traffic that a test has counted, watched by Prometheus and Jaeger, with real
 * Postgres and Redis below it. One run serves every test of a file.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { failing, round } from "../../../examples/dawsos/load/Traffic.ts"
import * as Alertmanager from "./Alertmanager.ts"
import * as Backend from "./Backend.ts"
import * as Deadline from "./Deadline.ts"
import * as Jaeger from "./Jaeger.ts"
import * as Load from "./Load.ts"
import * as Notifications from "./Notifications.ts"
import * as Postgres from "./Postgres.ts"
import * as Prometheus from "./Prometheus.ts"
import * as Redis from "./Redis.ts"
import * as Stack from "./Stack.ts"

/** When the backend was last scraped, in Unix seconds. */
export const lastScrape = (prometheus: Prometheus.Prometheus) =>
  prometheus.value("max(timestamp(dawsos_db_connections_max))")

/** The first scrape after a moment. */
export const scrapeAfter = (prometheus: Prometheus.Prometheus, moment: number, what: string) =>
  Effect.map(
    Deadline.eventually(lastScrape(prometheus), {
      what,
      within: "120 seconds",
      until: (seconds) => seconds !== undefined && seconds > moment
    }),
    (seconds) => seconds ?? 0
  )

/** A request is counted a little after its client has the answer. */
const counted = 0.5

const now = (): number => Date.now() / 1000

export class Watched extends Context.Service<Watched, {
  readonly prometheus: Prometheus.Prometheus
  readonly jaeger: Jaeger.Jaeger
  readonly postgres: Postgres.Postgres
  readonly backend: Backend.Backend
  /** Every request to the API between the scrapes `before` and `after`. */
  readonly sent: ReadonlyArray<Load.Sent>
  /** The last scrape before the traffic began, in Unix seconds. */
  readonly before: number
  /** The last scrape that took place under traffic. */
  readonly during: number
  /** The first scrape that saw all of it. */
  readonly after: number
}>()("test/Watched") {
  /**
   * Everything starts with the committed files and durations; then so many seconds of the demonstration's own round of
   * calls, and one more that fails.
   */
  static readonly layer = (seconds: number) =>
    Layer.effect(
      Watched,
      Effect.gen(function*() {
        const stack = yield* Stack.make()
        const [prometheus, jaeger, postgres, redis] = yield* Effect.all([
          Prometheus.start(stack),
          Jaeger.start(stack),
          Postgres.start(),
          Redis.start,
          Notifications.start(stack),
          Alertmanager.start(stack)
        ], { concurrency: "unbounded" })
        const backend = yield* Backend.start(stack, {
          env: { ...jaeger.destinations.otlp, DATABASE_URL: postgres.url, REDIS_URL: redis.url }
        })
        yield* backend.warm
        const before = yield* scrapeAfter(prometheus, now() + counted, "the backend is scraped")
        const load = yield* Load.start(backend, { calls: [...round, failing] })
        const during = yield* scrapeAfter(prometheus, before + seconds, "the traffic is scraped")
        yield* load.stop
        const after = yield* scrapeAfter(prometheus, now() + counted, "all of the traffic is scraped")
        return Watched.of({ prometheus, jaeger, postgres, backend, sent: load.sent(), before, during, after })
      })
    )
}
