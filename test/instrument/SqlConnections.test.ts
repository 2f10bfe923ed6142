import { Sql as Instrument } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import { Connections } from "../../src/instrument/SqlConnections.ts"
import * as Recorded from "../support/Recorded.ts"
import * as FakePool from "./FakePool.ts"
import * as HeldTransaction from "./HeldTransaction.ts"
import { definitions, tables } from "./SqlMetrics.ts"

interface Under {
  readonly sql: SqlClient.SqlClient
  readonly recorded: Recorded.Recorded
  /** How many connections are shown in use, and how many are. */
  readonly active: () => { readonly shown: number | undefined; readonly lent: number }
  /** The same while each statement ran. */
  readonly during: Array<{ readonly shown: number | undefined; readonly lent: number }>
}

const pooled = <A, E>(
  size: number,
  use: (under: Under) => Effect.Effect<A, E>,
  options: Partial<FakePool.Options> = {}
): Effect.Effect<A, E> => {
  const recorded = Recorded.make()
  const during: Array<{ readonly shown: number | undefined; readonly lent: number }> = []
  const pool = FakePool.make({ ...options, size, onStatement: () => during.push(active()) })
  const active = () => ({ shown: recorded.value("db_connections_active"), lent: pool.lent() })
  return Effect.flatMap(SqlClient.SqlClient, (sql) => use({ sql, recorded, active, during })).pipe(
    Effect.provide(Instrument.observe({ ...definitions, tables, maxConnections: size })(pool.layer)),
    Effect.provide(recorded.context)
  )
}

const many = (count: number) => ({ shown: count, lent: count })

type Work = "statement" | "stream" | "failing" | {
  readonly inside: "transaction" | "failing transaction" | "reserved" | "stream"
  readonly work: ReadonlyArray<Work>
}

const { work } = FastCheck.letrec<{ readonly work: Work; readonly nested: Work; readonly simple: Work }>((tie) => ({
  work: FastCheck.oneof({ maxDepth: 3 }, tie("simple"), tie("nested")),
  simple: FastCheck.constantFrom<Work>("statement", "stream", "failing"),
  nested: FastCheck.record({
    inside: FastCheck.constantFrom("transaction", "failing transaction", "reserved", "stream"),
    work: FastCheck.array(tie("work"), { maxLength: 4 })
  })
}))

const perform = (sql: SqlClient.SqlClient, work: Work): Effect.Effect<unknown> => {
  switch (work) {
    case "statement":
      return Effect.exit(sql`SELECT * FROM orders`)
    case "stream":
      return Effect.exit(Stream.runDrain(sql`SELECT * FROM orders`.stream))
    case "failing":
      return Effect.exit(sql`SELECT * FROM nowhere`)
  }
  const all = Effect.forEach(work.work, (each) => perform(sql, each))
  switch (work.inside) {
    case "transaction":
      return Effect.exit(sql.withTransaction(all))
    case "failing transaction":
      return Effect.exit(sql.withTransaction(Effect.andThen(all, Effect.fail("no"))))
    case "reserved":
      return Effect.exit(Effect.scoped(Effect.andThen(sql.reserve, all)))
    case "stream":
      return Effect.exit(Stream.runForEach(Stream.concat(sql`SELECT * FROM orders`.stream, Stream.make(1)), () => all))
  }
}

describe("What is shown in use is what the pool has lent", () => {
  it.effect("inside a transaction, whose statements, streams and savepoints take no second connection", () =>
    pooled(3, ({ active, during, sql }) =>
      Effect.gen(function*() {
        const statement = sql`SELECT * FROM orders`
        const stream = Stream.runDrain(sql`SELECT * FROM items`.stream)
        yield* sql.withTransaction(
          Effect.all([statement, stream, sql.withTransaction(statement), Effect.exit(sql`SELECT * FROM nowhere`)])
        )
        // Beside the statements: the begin, the savepoint and the commit.
        expect(during).toEqual(Array.from({ length: 7 }, () => many(1)))
        expect(active()).toEqual(many(0))
      })))

  it.effect("beside a transaction, where a statement of another fiber takes a connection of its own", () =>
    pooled(3, ({ active, during, sql }) =>
      Effect.gen(function*() {
        const end = yield* HeldTransaction.hold(sql)
        during.length = 0
        yield* sql`SELECT * FROM orders`
        yield* Effect.scoped(Effect.andThen(sql.reserve, sql`SELECT * FROM orders`))
        expect(during).toEqual([many(2), many(3)])
        expect(active()).toEqual(many(1))
        yield* end
        expect(active()).toEqual(many(0))
      })))

  it.effect("after a commit, while what waited for it runs: that is no part of the transaction", () =>
    pooled(3, ({ active, during, recorded, sql }) =>
      Effect.gen(function*() {
        const after = Effect.orDie(Effect.andThen(TestClock.adjust("5 seconds"), sql`SELECT * FROM orders`))
        yield* sql.withTransaction(sql.withTransaction(sql.afterCommit(Effect.asVoid(after))))
        expect(during.at(-1)).toEqual(many(1))
        expect(active()).toEqual(many(0))
        expect(recorded.value("db_query_duration_seconds_sum", { operation: "commit" })).toBe(0)
        expect(recorded.value("db_queries_total", { operation: "commit" })).toBe(1)
      })))

  it.effect("in a transaction of a client that lets nothing wait for its commit", () =>
    pooled(3, ({ active, during, sql }) =>
      Effect.gen(function*() {
        yield* sql.withTransaction(sql`SELECT * FROM orders`)
        expect(during).toEqual([many(1), many(1), many(1)])
        expect(active()).toEqual(many(0))
      }), { neverWaits: true }))

  it.effect("however transactions, streams, reserved connections and failures are nested", () =>
    Effect.promise(() =>
      FastCheck.assert(FastCheck.asyncProperty(FastCheck.array(work, { maxLength: 5 }), async (works) => {
        await Effect.runPromise(pooled(20, ({ active, during, sql }) =>
          Effect.gen(function*() {
            for (const each of works) yield* perform(sql, each)
            expect(during.filter(({ lent, shown }) => shown !== lent)).toEqual([])
            expect(active()).toEqual(many(0))
          })))
      }))
    ))
})

describe("Connections", () => {
  it("that are given back twice count once", () => {
    const shown: Array<number> = []
    const connections = new Connections(3, (active) => shown.push(active))
    const [first, second] = [connections.take(), connections.take()]
    first()
    first()
    expect(shown).toEqual([0, 1, 2, 1])
    second()
    expect(shown.at(-1)).toBe(0)
  })

  it("beyond the size of the pool are not shown, and still have to be given back", () => {
    const shown: Array<number> = []
    const connections = new Connections(1, (active) => shown.push(active))
    const given = [connections.take(), connections.take()]
    for (const giveBack of given) giveBack()
    expect(shown).toEqual([0, 1, 1, 1, 0])
  })
})
