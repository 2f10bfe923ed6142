import { Boundary, Metrics, Observation, Scrubber, Sql as Instrument } from "@dawsos/observability"
import * as PgClient from "@effect/sql-pg/PgClient"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as CollectedSpans from "../support/CollectedSpans.ts"
import * as EmbeddedPostgres from "../support/EmbeddedPostgres.ts"
import * as Recorded from "../support/Recorded.ts"
import { faultyMetrics } from "./faultyMetrics.ts"
import * as HeldTransaction from "./HeldTransaction.ts"
import { definitions, tables } from "./SqlMetrics.ts"

let postgres: EmbeddedPostgres.EmbeddedPostgres
beforeAll(async () => {
  postgres = await EmbeddedPostgres.start()
})
afterAll(() => postgres.stop())

interface Under {
  readonly recorded: Recorded.Recorded
  readonly collected: CollectedSpans.CollectedSpans
  readonly sql: SqlClient.SqlClient
  readonly counts: () => ReadonlyArray<string>
  readonly active: () => number | undefined
}

interface Setup {
  readonly tracer?: Tracer.Tracer | "none"
  readonly sampled?: boolean
  readonly options?: Partial<Instrument.Options>
  readonly maxConnections?: number
  readonly transformer?: Statement.Transformer
  readonly metrics?: Metrics.Service
}

const database = <A, E>(
  use: (under: Under) => Effect.Effect<A, E>,
  setup: Setup = {}
): Effect.Effect<A, unknown> => {
  const recorded = Recorded.make()
  const collected = CollectedSpans.make({ sampled: setup.sampled !== false })
  const client = PgClient.layer({
    host: postgres.host,
    port: postgres.port,
    database: postgres.database,
    username: postgres.username,
    maxConnections: setup.maxConnections ?? 1
  })
  let context = recorded.context as Context.Context<never>
  if (setup.metrics !== undefined) context = Context.add(context, Metrics.Metrics, setup.metrics)
  if (setup.tracer !== "none") context = Context.add(context, Tracer.Tracer, setup.tracer ?? collected.tracer)
  if (setup.transformer !== undefined) context = Context.add(context, Statement.CurrentTransformer, setup.transformer)
  return Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* Effect.withTracerEnabled(
      sql`CREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY, note text)`.pipe(
        Effect.andThen(sql`TRUNCATE orders`)
      ),
      false
    )
    const before = new Map(
      recorded.moved().map((line) => {
        const at = line.lastIndexOf(" ")
        return [line.slice(0, at), Number(line.slice(at + 1))] as const
      })
    )
    const counts = () =>
      recorded.moved().flatMap((line) => {
        const at = line.lastIndexOf(" ")
        const [name, value] = [line.slice(0, at), Number(line.slice(at + 1))]
        if (!/_total\{/.test(name)) return []
        const moved = value - (before.get(name) ?? 0)
        return moved === 0
          ? []
          : [`${name.replace("db_", "").replace("operation=", "").replace("table=", "")} ${moved}`]
      })
    return yield* use({ recorded, collected, sql, counts, active: () => recorded.value("db_connections_active") })
  }).pipe(
    Effect.provide(Instrument.observe({ ...definitions, tables, ...setup.options })(client)),
    Effect.provide(Layer.succeedContext(context))
  )
}

const select = (n = 1) => [`queries_total{select,orders} ${n}`]

describe("A statement has one span and is counted once", () => {
  type Run = (sql: SqlClient.SqlClient) => Effect.Effect<unknown, unknown>
  const ways: ReadonlyArray<readonly [string, Run]> = [
    ["executed", (sql) => sql`SELECT * FROM orders`],
    ["as values", (sql) => sql`SELECT * FROM orders`.values],
    ["as unprepared values", (sql) => sql`SELECT * FROM orders`.valuesUnprepared],
    ["unprepared", (sql) => sql`SELECT * FROM orders`.unprepared],
    ["raw", (sql) => sql`SELECT * FROM orders`.raw],
    ["without transformation", (sql) => sql`SELECT * FROM orders`.withoutTransform],
    ["as a stream", (sql) => Stream.runDrain(sql`SELECT * FROM orders`.stream)],
    ["unsafe", (sql) => sql.unsafe("SELECT * FROM orders")],
    ["on a client without transforms", (sql) => sql.withoutTransforms()`SELECT * FROM orders`],
    ["on the safe client", (sql) => sql.safe`SELECT * FROM orders`]
  ]
  for (const [way, run] of ways) {
    it.live(`when it is ${way}`, () =>
      database(({ active, collected, counts, recorded, sql }) =>
        Effect.gen(function*() {
          yield* run(sql)
          expect(counts()).toEqual(select())
          expect(recorded.value("db_query_duration_seconds_count", { operation: "select" })).toBe(1)
          expect(active()).toBe(0)
          expect(collected.spans.length).toBe(1)
          const [span] = collected.spans
          expect(span?.kind).toBe("client")
          expect(span?.status._tag).toBe("Ended")
          expect(Object.fromEntries(span!.attributes)).toMatchObject({
            "db.system.name": "postgresql",
            "db.operation.name": "select",
            "db.collection.name": "orders",
            "db.query.text": "SELECT * FROM orders",
            "server.address": postgres.host,
            "server.port": postgres.port
          })
        })
      ))
  }

  const tracings: ReadonlyArray<
    readonly [string, Setup, <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>]
  > = [
    ["tracing is disabled", {}, (effect) => Effect.withTracerEnabled(effect, false)],
    ["nothing is sampled", { sampled: false }, (effect) => effect],
    ["there is no tracer", { tracer: "none" }, (effect) => effect],
    ["the tracer is the native one", { tracer: Tracer.nativeTracer }, (effect) => effect]
  ]
  for (const [when, setup, wrap] of tracings) {
    it.live(`and so it is when ${when}`, () =>
      database(({ active, counts, recorded, sql }) =>
        Effect.gen(function*() {
          for (const [, run] of ways) yield* wrap(run(sql))
          yield* wrap(sql.withTransaction(sql`SELECT * FROM orders`))
          yield* Effect.exit(wrap(sql`SELECT * FROM nowhere`))
          expect(counts()).toEqual([
            "queries_total{commit,none} 1",
            `queries_total{select,orders} ${ways.length + 1}`,
            "queries_total{select,other} 1",
            "query_errors_total{select,other} 1"
          ].sort())
          expect(active()).toBe(0)
          const sampled = setup.tracer === Tracer.nativeTracer
          expect(recorded.exemplars(definitions.duration).length > 0).toBe(sampled)
        }), setup))
  }

  it.live("and has the trace as exemplar", () =>
    database(({ collected, recorded, sql }) =>
      Effect.gen(function*() {
        yield* sql`SELECT * FROM orders`
        const [span] = collected.spans
        expect(recorded.exemplars(definitions.duration)).toEqual([{ traceId: span?.traceId, spanId: span?.spanId }])
      })
    ))

  it.live("inside an observation of the same metric it adds its span and counts nothing", () =>
    database(({ collected, counts, recorded, sql }) =>
      Effect.gen(function*() {
        const withQuery = Observation.make<{ readonly table: string }>({
          prefix: "test",
          span: () => ({ name: "observed" }),
          instruments: [
            Observation.count(definitions.queries, ({ table }) => ({ operation: "report", table })),
            Observation.time(definitions.duration, ({ table }) => ({ operation: "report", table }))
          ]
        })
        yield* withQuery(sql`SELECT * FROM orders`, { table: "orders" })
        expect(counts()).toEqual(["queries_total{report,orders} 1"])
        expect(recorded.value("db_query_duration_seconds_count", { operation: "select" })).toBeUndefined()
        expect(collected.spans.length).toBe(2)
        expect(CollectedSpans.parentName(collected.spans[1]!)).toBe("observed")
      })
    ))

  it.live("a program's own transformer still runs", () => {
    const seen: Array<string> = []
    return database(({ counts, sql }) =>
      Effect.gen(function*() {
        seen.length = 0
        yield* sql`SELECT * FROM orders`
        expect(seen).toEqual(["SELECT * FROM orders"])
        expect(counts()).toEqual(select())
      }), {
      transformer: (self) => {
        seen.push(self.compile()[0])
        return Effect.succeed(self)
      }
    })
  })
})

describe("No value leaves with a statement", () => {
  it.live("literals are taken out of the text, parameters were never in it", () =>
    database(({ collected, sql }) =>
      Effect.gen(function*() {
        yield* sql`INSERT INTO orders VALUES (${1}, ${"s3cret"})`
        yield* sql.unsafe("SELECT * FROM orders WHERE note = 's3cret' -- s3cret\n OR id = 4711")
        for (const span of collected.spans) {
          expect(JSON.stringify([...span.attributes])).not.toMatch(/s3cret|4711/)
        }
        expect(collected.spans[1]?.attributes.get("db.query.text")).toBe(
          "SELECT * FROM orders WHERE note = ? OR id = ?"
        )
      })
    ))

  it.live("the values in the detail of a Postgres error do not pass the scrubber", () =>
    database(({ sql }) =>
      Effect.gen(function*() {
        yield* sql`CREATE TABLE IF NOT EXISTS people (email text PRIMARY KEY)`
        yield* sql`INSERT INTO people VALUES (${"s3cret-name"}) ON CONFLICT DO NOTHING`
        const error = yield* Effect.flip(sql`INSERT INTO people VALUES (${"s3cret-name"})`)
        const cause = error.reason.cause as { readonly detail?: string }
        expect(cause.detail).toContain("s3cret-name")
        const scrubber = Scrubber.make()
        expect(scrubber.text(`${cause.detail}`)).not.toContain("s3cret-name")
        expect(JSON.stringify(scrubber.value({ ...cause, text: Cause.pretty(Cause.fail(error)) }))).not.toContain(
          "s3cret-name"
        )
        yield* sql`DROP TABLE people`
      })
    ))
})

describe("A failure", () => {
  it.live("counts as a query and as an error, with its SQLSTATE on the span", () =>
    database(({ active, collected, counts, sql }) =>
      Effect.gen(function*() {
        yield* sql`INSERT INTO orders VALUES (1, 'x')`
        const error = yield* Effect.flip(sql`INSERT INTO orders VALUES (1, 'y')`)
        expect(error.reason._tag).toBe("UniqueViolation")
        yield* Effect.flip(sql`SELEKT`)
        expect(counts()).toEqual([
          "queries_total{insert,orders} 2",
          "queries_total{other,none} 1",
          "query_errors_total{insert,orders} 1",
          "query_errors_total{other,none} 1"
        ])
        expect(collected.spans.map((span) => span.attributes.get("db.response.status_code"))).toEqual([
          undefined,
          "23505",
          "42601"
        ])
        expect(active()).toBe(0)
      })
    ))

  for (const traced of [true, false]) {
    const spans = traced ? "traced" : "untraced"

    it.live(`that is a defect of a statement counts as an error, ${spans}`, () =>
      database(({ counts, sql }) =>
        Effect.gen(function*() {
          yield* sql`SELECT * FROM orders`.pipe(Effect.exit, Effect.withTracerEnabled(traced))
          expect(counts()).toEqual([...select(), "query_errors_total{select,orders} 1"])
        }), {
        transformer: (self) => self.compile()[0].startsWith("SELECT") ? Effect.die("driver") : Effect.succeed(self)
      }))

    it.live(`that is a defect of whoever reads a stream is none of the database's, ${spans}`, () =>
      database(({ active, counts, sql }) =>
        Effect.gen(function*() {
          yield* sql`INSERT INTO orders VALUES (1, 'x')`
          const boundary = new Boundary.Boundary("job", "nightly")
          const exit = yield* Stream.runForEach(sql`SELECT * FROM orders`.stream, () => Effect.die("reader")).pipe(
            Effect.exit,
            Effect.provideService(Boundary.CurrentBoundary, boundary),
            Effect.withTracerEnabled(traced)
          )
          expect(exit).toEqual(Exit.die("reader"))
          expect(counts()).toEqual(["queries_total{insert,orders} 1", ...select()])
          expect(boundary.failure("reader")).toBeUndefined()
          expect(active()).toBe(0)
        })
      ))

    it.live(`of a stream's own statement counts as an error, ${spans}`, () =>
      database(({ counts, sql }) =>
        Effect.gen(function*() {
          yield* Stream.runDrain(sql`SELECT * FROM nowhere`.stream).pipe(Effect.exit, Effect.withTracerEnabled(traced))
          expect(counts()).toEqual(["queries_total{select,other} 1", "query_errors_total{select,other} 1"])
        })
      ))
  }

  it.live("is announced with the status of its end", () =>
    database(({ sql }) =>
      Effect.gen(function*() {
        const heard: Array<string> = []
        const statements = [
          sql`SELECT * FROM orders`,
          sql`SELECT * FROM nowhere`,
          sql`DELETE FROM orders`,
          Stream.runForEach(sql`INSERT INTO orders VALUES (1, 'x') RETURNING id`.stream, () => Effect.fail("enough"))
        ]
        yield* Effect.forEach(statements, Effect.exit).pipe(
          Effect.provideService(Observation.CurrentOperationListener, {
            onEnd: ({ category, name, status }) => heard.push(`${category} ${name}: ${status}`)
          })
        )
        expect(heard).toEqual([
          "sql select orders: success",
          "sql select other: error",
          "sql delete orders: defect",
          // Whoever read it gave up.
          "sql insert orders: interrupted"
        ])
      }), {
      transformer: (self) => self.compile()[0].startsWith("DELETE") ? Effect.die("driver") : Effect.succeed(self)
    }))

  it.live("is noted in the boundary with the operation that failed", () =>
    database(({ collected, sql }) =>
      Effect.gen(function*() {
        const boundary = new Boundary.Boundary("job", "nightly")
        const error = yield* Effect.flip(sql`SELECT * FROM nowhere`).pipe(
          Effect.provideService(Boundary.CurrentBoundary, boundary)
        )
        const { spanId, traceId } = collected.spans[0]!
        expect(boundary.failure(error)).toEqual({ operation: "select other", spanId, traceId })
      })
    ))

  it.live("to connect counts, too", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const client = PgClient.layer({ host: "127.0.0.1", port: 1, database: "x", username: "x" })
      const exit = yield* Effect.exit(
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT 1`).pipe(
          Effect.provide(Instrument.observe({ ...definitions, tables })(client)),
          Effect.provide(recorded.context)
        )
      )
      expect(Exit.isFailure(exit)).toBe(true)
      expect(recorded.value("db_connections_active") ?? 0).toBe(0)
    }))
})

describe("A transaction", () => {
  it.live("holds one connection until it has ended, however it is nested, and counts its commit", () =>
    database(({ active, counts, sql }) =>
      Effect.gen(function*() {
        const seen: Array<number | undefined> = []
        const look = Effect.sync(() => seen.push(active()))
        const nested = sql.withTransaction(Effect.andThen(sql`SELECT * FROM orders`, look))
        yield* sql.withTransaction(Effect.all([look, sql`SELECT * FROM orders`, nested, look], { discard: true }))
        expect(seen).toEqual([1, 1, 1])
        expect(active()).toBe(0)
        expect(counts()).toEqual(["queries_total{commit,none} 1", ...select(2)])
      })
    ))

  it.live("that fails counts as rolled back, which is no error of the database", () =>
    database(({ active, counts, sql }) =>
      Effect.gen(function*() {
        yield* Effect.flip(sql.withTransaction(Effect.andThen(sql`SELECT * FROM orders`, Effect.fail("no"))))
        expect(counts()).toEqual(["queries_total{rollback,none} 1", ...select()])
        expect(active()).toBe(0)
      })
    ))

  it.live("whose body dies counts as rolled back, which is no error of the database either", () =>
    database(({ active, counts, sql }) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(
          sql.withTransaction(Effect.andThen(sql`SELECT * FROM orders`, Effect.die("boom")))
        )
        expect(exit).toEqual(Exit.die("boom"))
        expect(counts()).toEqual(["queries_total{rollback,none} 1", ...select()])
        expect(active()).toBe(0)
      })
    ))

  it.live("whose commit fails counts an error", () =>
    database(({ active, counts, sql }) =>
      Effect.gen(function*() {
        yield* sql`CREATE TABLE IF NOT EXISTS items (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)`
        yield* sql`TRUNCATE items`
        const twice = sql`INSERT INTO items VALUES (1), (1)`
        const exit = yield* Effect.exit(sql.withTransaction(twice))
        expect(Exit.isFailure(exit)).toBe(true)
        expect(counts()).toEqual(expect.arrayContaining([
          "queries_total{commit,none} 1",
          "query_errors_total{commit,none} 1",
          "queries_total{insert,items} 1"
        ]))
        expect(active()).toBe(0)
      })
    ))

  it.live("that is interrupted gives its connection back", () =>
    database(({ active, counts, sql }) =>
      Effect.gen(function*() {
        const begun = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(
          sql.withTransaction(Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
        )
        yield* Deferred.await(begun)
        expect(active()).toBe(1)
        yield* Fiber.interrupt(fiber)
        expect(active()).toBe(0)
        expect(counts()).toEqual(["queries_total{rollback,none} 1"])
        yield* sql`SELECT * FROM orders`
      })
    ))
})

describe("Connections", () => {
  it.live("beyond the pool's size wait: what is shown stays within it", () =>
    database(({ active, recorded, sql }) =>
      Effect.gen(function*() {
        const begun = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        const hold = sql.withTransaction(Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go)))
        const fibers = yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.forkChild(hold))
        yield* Deferred.await(begun)
        for (let n = 0; n < 10; n++) yield* Effect.yieldNow
        expect(active()).toBe(1)
        expect(recorded.value("db_connections_max")).toBe(1)
        yield* Fiber.interrupt(fibers[4]!)
        expect(active()).toBe(1)
        yield* Deferred.succeed(go, undefined)
        yield* Effect.forEach(fibers.slice(0, 4), Fiber.join)
        expect(active()).toBe(0)
      })
    ))

  it.live("of a stream are held until it is read or abandoned", () =>
    database(({ active, counts, sql }) =>
      Effect.gen(function*() {
        yield* sql`INSERT INTO orders SELECT n, 'x' FROM generate_series(1, 1000) n`
        const stream = sql`SELECT * FROM orders`.stream
        const seen: Array<number | undefined> = []
        yield* Stream.runForEach(Stream.take(stream, 1), () => Effect.sync(() => seen.push(active())))
        expect(seen).toEqual([1])
        expect(active()).toBe(0)
        yield* Effect.exit(Stream.runForEach(stream, () => Effect.fail("enough")))
        expect(active()).toBe(0)
        const boundary = new Boundary.Boundary("job", "nightly")
        const error = yield* Effect.flip(sql`INSERT INTO nowhere VALUES (1)`)
        yield* Effect.exit(
          Stream.runForEach(stream, () => Effect.fail(error)).pipe(
            Effect.provideService(Boundary.CurrentBoundary, boundary)
          )
        )
        expect(boundary.failure(error)).toBeUndefined()
        yield* Stream.runDrain(stream)
        expect(active()).toBe(0)
        expect(counts()).toEqual([
          "queries_total{insert,orders} 1",
          "queries_total{insert,other} 1",
          ...select(4),
          "query_errors_total{insert,other} 1"
        ])
      })
    ))

  it.live("of an interrupted statement come back, and it is no error", () =>
    database(({ active, counts, sql }) =>
      Effect.gen(function*() {
        const end = yield* HeldTransaction.hold(sql)
        const waiting = yield* Effect.forkChild(sql`SELECT * FROM orders`)
        for (let n = 0; n < 10; n++) yield* Effect.yieldNow
        yield* Fiber.interrupt(waiting)
        yield* end
        expect(active()).toBe(0)
        expect(counts()).toEqual(["queries_total{commit,none} 1", ...select()])
      })
    ))

  it.live("that are reserved are held as long as their scope is open", () =>
    database(({ active, sql }) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.andThen(sql.reserve, Effect.sync(() => expect(active()).toBe(1))))
        expect(active()).toBe(0)
      })
    ))

  it.live("may be as many as the client's configuration says, else as the options say", () =>
    Effect.gen(function*() {
      yield* database(
        ({ recorded }) => Effect.sync(() => expect(recorded.value("db_connections_max")).toBe(3)),
        { maxConnections: 3 }
      )
      yield* database(
        ({ recorded }) => Effect.sync(() => expect(recorded.value("db_connections_max")).toBe(7)),
        { options: { maxConnections: 7 } }
      )
    }))
})

describe("What the layer provides", () => {
  it.live("is the same client under both keys, callable and with its own methods", () =>
    Effect.gen(function*() {
      const pg = yield* PgClient.PgClient
      const sql = yield* SqlClient.SqlClient
      expect(pg).toBe(sql)
      expect(pg.config.port).toBe(postgres.port)
      expect(pg.json({ a: 1 })).toBeDefined()
      expect(yield* sql<{ readonly n: number }>`SELECT 1 AS n`).toEqual([{ n: 1 }])
    }).pipe(
      Effect.provide(
        Instrument.observe({ ...definitions, tables })(
          PgClient.layer({ host: postgres.host, port: postgres.port, username: "postgres", maxConnections: 1 })
        )
      )
    ))

  it.live("a metrics service that throws costs the counts, not the statement", () =>
    database(({ recorded, sql }) =>
      Effect.gen(function*() {
        yield* sql`SELECT * FROM orders`
        yield* sql.withTransaction(sql`SELECT * FROM orders`)
        yield* Stream.runDrain(sql`SELECT * FROM orders`.stream)
        expect(recorded.faults("instrument")).toBeGreaterThan(3)
      }), { metrics: faultyMetrics }))

  it.live("options that throw while the layer builds cost what they would say, not the database", () => {
    const boom = () => {
      throw new Error("boom")
    }
    const faulty: Instrument.Options = {
      ...definitions,
      tables: { [Symbol.iterator]: boom },
      get maxConnections() {
        return boom()
      }
    }
    const recorded = Recorded.make()
    return Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      expect(yield* sql<{ readonly n: number }>`SELECT 1 AS n FROM pg_class LIMIT 1`).toEqual([{ n: 1 }])
      expect(recorded.value("db_connections_max")).toBe(Instrument.defaultMaxConnections)
      expect(recorded.value("db_queries_total", { operation: "select", table: "other" })).toBe(1)
      expect(recorded.faults("instrument")).toBe(2)
    }).pipe(
      Effect.provide(
        Instrument.observe(faulty)(
          PgClient.layer({ host: postgres.host, port: postgres.port, username: "postgres", maxConnections: 1 })
        )
      ),
      Effect.provide(recorded.context)
    )
  })

  it.live("a tracer whose spans throw or are frozen costs the span, not the statement", () =>
    Effect.gen(function*() {
      const throwing = Tracer.make({
        span: (options) =>
          Object.assign(new Tracer.NativeSpan(options), {
            end: () => {
              throw new Error("boom")
            }
          })
      })
      yield* database(({ active, counts, recorded, sql }) =>
        Effect.gen(function*() {
          yield* sql`SELECT * FROM orders`
          expect(recorded.faults("tracer")).toBeGreaterThan(0)
          expect(counts()).toEqual(select())
          expect(active()).toBe(0)
        }), { tracer: throwing })
    }))
})
