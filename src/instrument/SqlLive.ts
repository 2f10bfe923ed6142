/**
 * How Effect's SQL client is observed. `Sql` imports it only when it is needed.
 *
 * Effect opens the span of a statement; this sets its low-cardinality attributes, takes literals out of its text, and
 * counts it whether it is sampled or not, and with tracing off. Transactions and reserved connections hold a connection
 * as long as they last; a stream does until it is read to its end. The end of a transaction is counted too, as `commit`
 * or `rollback` of table `none`: a commit that fails is no statement of Effect's.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as SqlClient from "effect/sql/SqlClient"
import * as SqlError from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import type * as Tracer from "effect/Tracer"
import * as Guard from "../Guard.ts"
import * as Metrics from "../metrics/Metrics.ts"
import * as Observation from "../Observation.ts"
import * as GuardedSpan from "../observation/GuardedSpan.ts"
import type { Options } from "./Sql.ts"
import { defaultMaxConnections } from "./Sql.ts"
import * as SqlCells from "./SqlCells.ts"
import { Connections } from "./SqlConnections.ts"
import * as SqlText from "./SqlText.ts"

const maxConnectionsOf = (client: object, options: Options): number => {
  if (options.maxConnections !== undefined) return options.maxConnections
  const config = Predicate.hasProperty(client, "config") ? client.config : undefined
  return Predicate.hasProperty(config, "maxConnections") && typeof config.maxConnections === "number"
    ? config.maxConnections
    : defaultMaxConnections
}

const nothing = (): void => {}

// Effect says on the span alone how a statement is run. `test/EffectInternals.test.ts` holds both texts.
const methodAttribute = "effect.sql.method"
const streamMethod = "executeStream"

/** Which metrics an observation records already. */
type Recorded = Readonly<Record<"queries" | "errors" | "duration", boolean>>

/** What happened to the database, with what it is recorded by. */
interface Ended {
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly metrics: Metrics.Service
  readonly recorded: Recorded
  readonly cells: SqlCells.SqlCells
  readonly labels: SqlCells.Labels
  readonly exit: Exit.Exit<unknown, unknown>
  /** Whether what failed was a stream, which ends with the exit of whoever reads it. */
  readonly streamed: boolean
  readonly nanos: number
  readonly span: Tracer.AnySpan | undefined
}

const failed = new WeakSet<SqlError.SqlError>()

// A stream ends with the exit of whoever reads it: a defect or failure of the reader is none of the database's, even
// where it is that of another statement, which has counted it already.
const isFailure = ({ exit, streamed }: Ended): boolean => {
  if (exit._tag === "Success") return false
  let own = false
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Die" && !streamed) own = true
    if (reason._tag !== "Fail" || !SqlError.isSqlError(reason.error) || failed.has(reason.error)) continue
    failed.add(reason.error)
    own = true
  }
  return own
}

// The metrics that an observation around the statement records already. Asked while the statement begins: a stream may
// end when the fiber that began it is gone.
const recordedBy = (fiber: Fiber.Fiber<unknown, unknown>, { duration, errors, queries }: Options): Recorded => ({
  queries: Observation.isRecorded(fiber, queries),
  errors: Observation.isRecorded(fiber, errors),
  duration: Observation.isRecorded(fiber, duration)
})

const record = (guard: Guard.Guard, ended: Ended): void => {
  const { cells, exit, fiber, labels: { operation, table }, metrics, nanos, recorded, span } = ended
  const failure = isFailure(ended)
  if (metrics.enabled) {
    if (!recorded.queries) cells.queries.increment()
    if (failure && !recorded.errors) cells.errors.increment()
    if (!recorded.duration) {
      cells.duration.observe(nanos / 1e9, GuardedSpan.exemplar(fiber, guard, span))
    }
  }
  const name = `${operation} ${table}`
  if (failure && exit._tag === "Failure") Observation.noteFailure(fiber, exit.cause, name, span)
  Observation.announce(fiber, {
    category: "sql",
    name,
    status: exit._tag === "Success" ? "success" : failure ? Observation.statusOfCause(exit.cause) : "interrupted",
    durationMillis: nanos / 1e6
  })
}

/** The SQLSTATE of a failure: five letters and digits that say what kind it is, and no value. */
const sqlStateOf = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (exit._tag === "Success") return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag !== "Fail" || !SqlError.isSqlError(reason.error)) continue
    const cause = reason.error.reason.cause
    const code = Predicate.hasProperty(cause, "code") ? cause.code : undefined
    if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) return code
  }
  return undefined
}

interface Database {
  readonly classify: (text: string) => SqlText.Classified
  readonly connections: Connections
  readonly inTransaction: (fiber: Fiber.Fiber<unknown, unknown>) => boolean
  readonly metricsOf: (fiber: Fiber.Fiber<unknown, unknown>) => Metrics.Service
  readonly cellsOf: (metrics: Metrics.Service, classified: SqlCells.Labels) => SqlCells.SqlCells
  readonly options: Options
}

const transformer =
  (database: Database, previous: Statement.Transformer | undefined): Statement.Transformer =>
  (self, sql, fiber, span) => {
    const { connections, options } = database
    const guard = fiber.getRef(Guard.CurrentGuard)
    guard.run("instrument", () => {
      const clock = fiber.getRef(Clock.Clock)
      const start = clock.monotonicTimeNanosUnsafe()
      const metrics = database.metricsOf(fiber)
      const recorded = recordedBy(fiber, options)
      const classified = database.classify(self.compile()[0])
      let release = nothing
      GuardedSpan.onEnd(span, guard, (exit) => {
        release()
        const nanos = Number(clock.monotonicTimeNanosUnsafe() - start)
        const { operation, shape, table } = classified
        // Effect has set the raw text by now.
        GuardedSpan.attribute(guard, span, "db.query.text", shape)
        GuardedSpan.attribute(guard, span, "db.operation.name", operation)
        if (table !== SqlText.noTable) GuardedSpan.attribute(guard, span, "db.collection.name", table)
        const sqlState = sqlStateOf(exit)
        if (sqlState !== undefined) GuardedSpan.attribute(guard, span, "db.response.status_code", sqlState)
        // What succeeds is not asked: a span makes its attributes readable when somebody reads them.
        const streamed = exit._tag === "Failure" &&
          guard.run("tracer", () => span.attributes.get(methodAttribute) === streamMethod, () => false)
        const cells = database.cellsOf(metrics, classified)
        record(guard, { fiber, metrics, cells, labels: classified, recorded, exit, streamed, nanos, span })
      })
      // Taken last, so that nothing which throws above can keep it.
      if (!database.inTransaction(fiber)) release = connections.take()
    }, nothing)
    return previous === undefined ? Effect.succeed(self) : previous(self, sql, fiber, span)
  }

const endings = {
  commit: { operation: "commit", table: SqlText.noTable },
  rollback: { operation: "rollback", table: SqlText.noTable }
} as const

/** An outermost transaction: one connection, and one commit or rollback. */
const observeTransaction =
  (database: Database, client: SqlClient.SqlClient) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): ReturnType<typeof client.withTransaction<R, E, A>> =>
    Effect.withFiber((fiber) => {
      if (database.inTransaction(fiber)) return client.withTransaction(effect)
      const guard = fiber.getRef(Guard.CurrentGuard)
      const clock = fiber.getRef(Clock.Clock)
      let release = nothing
      let ending: undefined | {
        readonly operation: "commit" | "rollback"
        readonly at: bigint
        readonly span: Tracer.AnySpan | undefined
      }
      let committedAt: bigint | undefined
      // The first to run after a commit: others of the program are no part of the transaction, whose connection is back.
      // Some clients, whose transactions can't tell, run it at once.
      const committed = Effect.sync(() => {
        if (ending === undefined) return
        committedAt = clock.monotonicTimeNanosUnsafe()
        release()
      })
      const noting = guard.run("instrument", () => client.afterCommit(committed), () => Effect.void)
      const inside = Effect.withFiber<A, E, R>((inner) =>
        Effect.onExitPrimitive(Effect.andThen(noting, effect), (exit) => {
          ending = {
            operation: exit._tag === "Success" ? "commit" : "rollback",
            at: clock.monotonicTimeNanosUnsafe(),
            span: inner.cache.span
          }
          return undefined
        })
      )
      const held = Effect.suspend(() => {
        release = database.connections.take()
        return client.withTransaction(inside)
      })
      return Effect.onExitPrimitive(held, (exit) => {
        guard.run("instrument", () => {
          release()
          if (ending === undefined) return
          const { at, operation, span } = ending
          const metrics = database.metricsOf(fiber)
          record(guard, {
            fiber,
            metrics,
            cells: database.cellsOf(metrics, endings[operation]),
            labels: endings[operation],
            recorded: recordedBy(fiber, database.options),
            // A rollback ends a transaction as it should: the failure before it is the program's.
            exit: operation === "commit" ? exit : Exit.void,
            streamed: false,
            nanos: Number((committedAt ?? clock.monotonicTimeNanosUnsafe()) - at),
            span
          })
        }, nothing)
        return undefined
      })
    })

const observeReserve = (database: Database, client: SqlClient.SqlClient): SqlClient.SqlClient["reserve"] =>
  Effect.suspend(() => {
    let release = nothing
    const reserved = Effect.suspend(() => {
      release = database.connections.take()
      return Effect.onError(client.reserve, () => Effect.sync(() => release()))
    })
    return Effect.andThen(Effect.addFinalizer(() => Effect.sync(() => release())), reserved)
  })

// A client is a function with methods: a proxy keeps it callable and everything else as it is.
const observeClient = <Client extends SqlClient.SqlClient>(client: Client, database: Database): Client => {
  const withTransaction = observeTransaction(database, client)
  const reserve = observeReserve(database, client)
  const observed: Client = new Proxy(client, {
    get(target, property) {
      if (property === "withTransaction") return withTransaction
      if (property === "reserve") return reserve
      if (property === "safe") return observed
      if (property === "withoutTransforms") return () => observeClient(target.withoutTransforms(), database)
      return Reflect.get(target, property, target)
    }
  })
  return observed
}

/** {@link Sql.observe}. */
export const observe = <Provided, E, R>(
  options: Options,
  database: Layer.Layer<Provided | SqlClient.SqlClient, E, R>
): Layer.Layer<Provided | SqlClient.SqlClient, E, R> =>
  Layer.flatMap(database, (context) =>
    Layer.effectContext(Effect.withFiber((fiber) => {
      const built = Context.getOrUndefined(fiber.context, Metrics.Metrics) ?? Metrics.disabled
      const client = Context.get(context, SqlClient.SqlClient)
      const guard = fiber.getRef(Guard.CurrentGuard)
      const max = guard.run("instrument", () => maxConnectionsOf(client, options), () => defaultMaxConnections)
      const active = guard.run("instrument", () => {
        built.gauge(options.connectionsMax, {}).set(max)
        return built.gauge(options.connectionsActive, {})
      }, () => undefined)
      const database: Database = {
        options,
        classify: guard.run(
          "instrument",
          () => SqlText.classifier(options.tables),
          () => SqlText.classifier([])
        ),
        cellsOf: SqlCells.remembered(options),
        connections: new Connections(max, (count) => guard.run("instrument", () => active?.set(count), nothing)),
        inTransaction: (running) => Context.getOrUndefined(running.context, client.transactionService) !== undefined,
        metricsOf: (running) => Context.getOrUndefined(running.context, Metrics.Metrics) ?? built
      }
      const observed = observeClient(client, database)
      // `PgClient` and `SqlClient` are one object under two keys: both become the observed one.
      const services = new Map(
        Array.from(context.mapUnsafe, ([key, service]) => [key, service === client ? observed : service] as const)
      )
      services.set(
        Statement.CurrentTransformer.key,
        transformer(database, fiber.getRef(Statement.CurrentTransformer))
      )
      return Effect.succeed(Context.makeUnsafe<Provided | SqlClient.SqlClient>(services))
    })))
