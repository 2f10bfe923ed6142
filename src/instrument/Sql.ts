/**
 * Observes Effect's SQL client: each statement once, by operation and table, and the connections in use.
 *
 * What observes is loaded when an observed layer is built, with Effect's own modules for SQL: a program without a
 * database loads none of it.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as Catalogue from "../Catalogue.ts"

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
  /** The size of the pool; unless set, what the client's own configuration says, else `defaultMaxConnections`. */
  readonly maxConnections?: number | undefined
}

/** The default of `maxConnections` in `@effect/sql-pg`. */
export const defaultMaxConnections = 10

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
  > => Layer.unwrap(Effect.map(Effect.promise(() => import("./SqlLive.ts")), (live) => live.observe(options, database)))
