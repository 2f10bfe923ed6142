// The count of connections in use against Postgres's own view, and what a real pool does when it is exhausted.
import * as DawsOs from "@dawsos/observability/dawsos"
import * as PgClient from "@effect/sql-pg/PgClient"
import { describe, expect, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Postgres from "./support/Postgres.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Stack from "./support/Stack.ts"

const application = "dawsos-connections"
const poolSize = 8

/** A pool of this process, observed by the layer and scraped as the reference program would be. */
const observed = (stack: Stack.Stack, postgres: Postgres.Postgres) => {
  const { hostname, pathname, port, username } = new URL(postgres.url)
  const env = {
    ENABLE_OBSERVABILITY: "true",
    OTEL_SDK_DISABLED: "true",
    METRICS_PORT: String(stack.port("host", 8001))
  }
  return PgClient.layer({
    host: hostname,
    port: Number(port),
    username,
    database: pathname.slice(1),
    maxConnections: poolSize,
    applicationName: application
  }).pipe(
    DawsOs.observeSql({ maxConnections: poolSize }),
    Layer.provideMerge(DawsOs.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
  )
}

describe("connections in use", () => {
  it.live("agree with pg_stat_activity within 1 in open transactions, unread streams and idleness", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({ factor: 5 })
      const [postgres, prometheus] = yield* Effect.all([Postgres.start(), Prometheus.start(stack)], {
        concurrency: "unbounded"
      })
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const agree = Effect.fnUntraced(function*(expected: number, what: string) {
          const both = Effect.all({
            postgres: postgres.active(application),
            shown: prometheus.value("dawsos_db_connections_active")
          })
          const seen = yield* Deadline.eventually(both, { what, until: ({ shown }) => shown === expected })
          expect(Math.abs(seen.postgres - expected), `${what}: Postgres sees ${seen.postgres}`).toBeLessThanOrEqual(1)
          // It stays so: the next scrape says the same.
          yield* Effect.sleep("1500 millis")
          expect(yield* prometheus.value("dawsos_db_connections_active")).toBe(expected)
        })
        const end = yield* Deferred.make<void>()

        yield* sql`select 1`
        yield* agree(0, "idle")

        const transaction = sql.withTransaction(Effect.andThen(sql`select 1`, Deferred.await(end)))
        const transactions = yield* Effect.all(Array.from({ length: 3 }, () => Effect.forkScoped(transaction)))
        yield* agree(3, "three open transactions")

        // One element is taken, and then nobody reads on: more than the buffers on the way can hold is left.
        const unread = sql`select repeat('x', 10000) as text from generate_series(1, 20000)`.stream.pipe(
          Stream.mapEffect(() => Deferred.await(end)),
          Stream.take(1),
          Stream.runDrain
        )
        const streams = yield* Effect.all(Array.from({ length: 2 }, () => Effect.forkScoped(unread)))
        yield* agree(5, "three open transactions and two unread streams")

        yield* Deferred.succeed(end, undefined)
        yield* Effect.forEach([...transactions, ...streams], Fiber.join)
        yield* agree(0, "idle again")
      }).pipe(Effect.scoped, Effect.provide(observed(stack, postgres)))
    }))

  it.live("reach the pool's size when it is exhausted, and not beyond it when more wait", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({ factor: 5 })
      const [postgres, prometheus] = yield* Effect.all([Postgres.start(), Prometheus.start(stack)], {
        concurrency: "unbounded"
      })
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const end = yield* Deferred.make<void>()
        const holding = sql.withTransaction(Effect.andThen(sql`select 1`, Deferred.await(end)))
        const holders = yield* Effect.all(Array.from({ length: poolSize + 4 }, () => Effect.forkScoped(holding)))
        yield* Deadline.eventually(postgres.active(application), {
          what: "Postgres sees a full pool",
          until: (active) => active === poolSize
        })
        yield* Deadline.eventually(prometheus.value("dawsos_db_connections_active / dawsos_db_connections_max"), {
          what: "the pool is shown as full",
          until: (share) => share === 1
        })
        yield* Deferred.succeed(end, undefined)
        yield* Effect.forEach(holders, Fiber.join)
      }).pipe(Effect.scoped, Effect.provide(observed(stack, postgres)))
    }))

  it.live("of the reference program are nearly all taken by the fault that exhausts them, as Postgres sees it too", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({ factor: 5 })
      const [postgres, prometheus] = yield* Effect.all([Postgres.start(), Prometheus.start(stack)], {
        concurrency: "unbounded"
      })
      yield* Backend.start(stack, { fault: "database-exhausted", env: { DATABASE_URL: postgres.url } })
      const share = yield* Deadline.eventually(
        prometheus.value("max(dawsos_db_connections_active) / max(dawsos_db_connections_max)"),
        { what: "more than 80 % of the pool are taken", until: (value) => (value ?? 0) > 0.8 }
      )
      expect(share).toBeLessThanOrEqual(1)
      yield* Deadline.eventually(postgres.active("dawsos"), {
        what: "Postgres sees that many",
        until: (active) => active > 16
      })
    }))
})
