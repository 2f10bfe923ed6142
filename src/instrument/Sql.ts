/**
 * Observes Effect's SQL client: each statement once, by operation and table, and the connections in use.
 *
 * Effect opens the span of a statement; this sets its low-cardinality attributes, takes literals out of its text, and
 * counts it whether it is sampled or not, and with tracing off. Transactions and reserved connections hold a connection
 * as long as they last; a stream does until it is read to its end.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Statement from "effect/sql/Statement"
import type * as Tracer from "effect/Tracer"
import type * as Catalogue from "../Catalogue.ts"
import * as Guard from "../Guard.ts"
import * as Metrics from "../metrics/Metrics.ts"
import * as Observation from "../Observation.ts"
import * as SqlText from "./SqlText.ts"

/** The labels of a counter of queries. */
export type QueryLabels = {
  readonly operation: Catalogue.Bounded
  readonly table: Catalogue.Bounded
}

/** What is recorded of statements and connections. */
export interface Options {
  readonly queries: Catalogue.Counter<QueryLabels>
  readonly errors: Catalogue.Counter<QueryLabels>
  readonly duration: Catalogue.Histogram<QueryLabels>
  readonly connectionsActive: Catalogue.Gauge<{}>
  readonly connectionsMax: Catalogue.Gauge<{}>
  /** The tables that are told apart; any other is `other`. */
  readonly tables: Iterable<string>
  /** The size of the pool: `maxConnections` of the client, whose default is 10. */
  readonly maxConnections?: number | undefined
}

/** The default of `maxConnections` in `@effect/sql-pg`. */
export const defaultMaxConnections = 10

// Connections in use: statements outside of transactions, outermost transactions and reserved connections. Those that
// wait for a connection are counted beyond the pool's size, which caps what is shown.
class Connections {
  #holders = 0
  readonly #max: number
  readonly #show: (active: number) => void

  constructor(max: number, show: (active: number) => void) {
    this.#max = max
    this.#show = show
    show(0)
  }

  /** Takes a connection; the returned function gives it back, once. */
  take(): () => void {
    this.#change(1)
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#change(-1)
    }
  }

  #change(by: number): void {
    this.#holders += by
    this.#show(Math.min(this.#max, this.#holders))
  }
}

type MutableSpan = { -readonly [Key in keyof Tracer.Span]: Tracer.Span[Key] }

// A statement has no hook for its end but that of its span. The span of a disabled tracer counts as ended from the
// start and is never ended: made to look started it is, so that counts hold with tracing off.
const onSpanEnd = (span: Tracer.Span, onEnd: (exit: Exit.Exit<unknown, unknown>) => void): void => {
  const mutable = span as MutableSpan
  if (span.status._tag === "Ended") {
    Object.defineProperty(mutable, "status", {
      value: { _tag: "Started", startTime: 0n },
      writable: true,
      configurable: true
    })
  }
  const end = span.end
  let ended = false
  mutable.end = (time, exit) => {
    if (!ended) {
      ended = true
      onEnd(exit)
    }
    end.call(span, time, exit)
  }
}

const isFailure = (exit: Exit.Exit<unknown, unknown>): boolean =>
  exit._tag === "Failure" && Observation.statusOfCause(exit.cause) !== "interrupted"

const record = (
  fiber: Fiber.Fiber<unknown, unknown>,
  metrics: Metrics.Service,
  classified: SqlText.Classified,
  exit: Exit.Exit<unknown, unknown>,
  nanos: bigint,
  span: Tracer.Span,
  options: Options
): void => {
  if (!metrics.enabled || Observation.isRecorded(fiber, options.queries)) return
  const labels = { operation: classified.operation, table: classified.table }
  metrics.counter(options.queries, labels).increment()
  if (isFailure(exit)) metrics.counter(options.errors, labels).increment()
  const exemplar = span.sampled && span.traceId !== "noop" ? { traceId: span.traceId, spanId: span.spanId } : undefined
  metrics.histogram(options.duration, labels).observe(Number(nanos) / 1e9, exemplar)
}

const nothing = (): void => {}

const transformer = (
  previous: Statement.Transformer | undefined,
  classify: (text: string) => SqlText.Classified,
  connections: Connections,
  isInTransaction: (fiber: Fiber.Fiber<unknown, unknown>) => boolean,
  metricsOf: (fiber: Fiber.Fiber<unknown, unknown>) => Metrics.Service,
  options: Options
): Statement.Transformer =>
(self, sql, fiber, span) => {
  const guard = fiber.getRef(Guard.CurrentGuard)
  guard.run("instrument", () => {
    const clock = fiber.getRef(Clock.Clock)
    const start = clock.currentTimeNanosUnsafe()
    const release = isInTransaction(fiber) ? nothing : connections.take()
    // Released even when the rest of this set-up throws: it hangs on the span before anything else is done.
    let classified: SqlText.Classified | undefined
    onSpanEnd(span, (exit) => {
      release()
      guard.run("instrument", () => {
        if (classified === undefined) return
        const { operation, shape, table } = classified
        span.attribute("db.query.text", shape)
        span.attribute("db.operation.name", operation)
        if (table !== SqlText.noTable) span.attribute("db.collection.name", table)
        const nanos = clock.currentTimeNanosUnsafe() - start
        record(fiber, metricsOf(fiber), classified, exit, nanos, span, options)
        if (exit._tag === "Failure") Observation.noteFailure(fiber, exit.cause, `${operation} ${table}`, span)
        Observation.announce(fiber, {
          category: "sql",
          name: `${operation} ${table}`,
          status: Observation.statusOf(exit),
          durationMillis: Number(nanos) / 1e6
        })
      }, nothing)
    })
    classified = classify(self.compile()[0])
  }, nothing)
  return previous === undefined ? Effect.succeed(self) : previous(self, sql, fiber, span)
}

// A client is a function with methods: a proxy keeps it callable and everything else as it is.
const observeClient = <Client extends SqlClient.SqlClient>(client: Client, connections: Connections): Client => {
  const isNested = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
    Context.getOrUndefined(fiber.context, client.transactionService) !== undefined
  const withTransaction: SqlClient.SqlClient["withTransaction"] = (effect) =>
    Effect.withFiber((fiber) => {
      if (isNested(fiber)) return client.withTransaction(effect)
      const release = connections.take()
      return Effect.onExitPrimitive(client.withTransaction(effect), () => {
        release()
        return undefined
      })
    })
  const reserve: SqlClient.SqlClient["reserve"] = Effect.suspend(() => {
    const release = connections.take()
    return Effect.andThen(Effect.addFinalizer(() => Effect.sync(release)), client.reserve)
  })
  return new Proxy(client, {
    get(target, property) {
      if (property === "withTransaction") return withTransaction
      if (property === "reserve") return reserve
      if (property === "withoutTransforms") return () => observeClient(target.withoutTransforms(), connections)
      return Reflect.get(target, property, target)
    }
  })
}

/**
 * Observes the SQL client of a layer: what the layer provides stays the same, statements are counted.
 *
 * It takes the layer of one database; a second database gets its own observed layer in another part of the program.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as PgClient from "@effect/sql-pg/PgClient"
 *
 * export const Database = PgClient.layer({ host: "127.0.0.1", database: "dawsos", maxConnections: 20 }).pipe(
 *   DawsOs.observeSql({ maxConnections: 20 })
 * )
 */
export const observe =
  (options: Options) =>
  <Provided, E, R>(database: Layer.Layer<Provided | SqlClient.SqlClient, E, R>): Layer.Layer<
    Provided | SqlClient.SqlClient,
    E,
    R
  > =>
    Layer.flatMap(database, (context) =>
      Layer.effectContext(Effect.withFiber((fiber) => {
        const built = Context.getOrUndefined(fiber.context, Metrics.Metrics) ?? Metrics.disabled
        const client = Context.get(context, SqlClient.SqlClient)
        const max = options.maxConnections ?? defaultMaxConnections
        built.gauge(options.connectionsMax, {}).set(max)
        const active = built.gauge(options.connectionsActive, {})
        const connections = new Connections(max, (count) => active.set(count))
        const observed = observeClient(client, connections)
        // `PgClient` and `SqlClient` are one object under two keys: both become the observed one.
        const services = new Map(
          Array.from(context.mapUnsafe, ([key, service]) => [key, service === client ? observed : service] as const)
        )
        services.set(
          Statement.CurrentTransformer.key,
          transformer(
            fiber.getRef(Statement.CurrentTransformer),
            SqlText.classifier(options.tables),
            connections,
            (running) => Context.getOrUndefined(running.context, client.transactionService) !== undefined,
            (running) => Context.getOrUndefined(running.context, Metrics.Metrics) ?? built,
            options
          )
        )
        return Effect.succeed(Context.makeUnsafe<Provided | SqlClient.SqlClient>(services))
      })))
