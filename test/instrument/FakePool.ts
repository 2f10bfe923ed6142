// A pool of connections to no database, which knows how many of them are lent.
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlConnection from "effect/sql/SqlConnection"
import * as SqlError from "effect/sql/SqlError"
import * as Stream from "effect/Stream"

export interface FakePool {
  readonly layer: Layer.Layer<SqlClient.SqlClient>
  readonly lent: () => number
}

export interface Options {
  readonly size: number
  /** Called while a connection runs a statement, also those that begin and end transactions. */
  readonly onStatement?: (sql: string) => void
  /** What waits for a commit runs at once, as in clients that make their transactions in a way of their own. */
  readonly neverWaits?: boolean
}

/** Statements have no rows; those with `nowhere` in them fail. */
export const make = (options: Options): FakePool => {
  let lent = 0
  const semaphore = Semaphore.makeUnsafe(options.size)
  const run = (sql: string) =>
    Effect.suspend(() => {
      options.onStatement?.(sql)
      const reason = new SqlError.SqlSyntaxError({ cause: new Error("no such table") })
      return sql.includes("nowhere") ? Effect.fail(new SqlError.SqlError({ reason })) : Effect.succeed([])
    })
  const connection: SqlConnection.Connection = {
    execute: run,
    executeRaw: run,
    executeStream: (sql) => Stream.fromIterableEffect(run(sql)),
    executeValues: run,
    executeValuesUnprepared: run,
    executeUnprepared: run
  }
  const acquirer = Effect.gen(function*() {
    yield* semaphore.takeScoped(1)
    yield* Effect.acquireRelease(Effect.sync(() => void lent++), () => Effect.sync(() => void lent--))
    return connection
  })
  const client = Effect.map(
    SqlClient.make({ acquirer, compiler: PgClient.makeCompiler(), driver: "fake", spanAttributes: [] }),
    (made) => options.neverWaits === true ? Object.assign(made, { afterCommit: identity }) : made
  )
  return {
    layer: Layer.effect(SqlClient.SqlClient, client).pipe(Layer.provide(Reactivity.layer)),
    lent: () => lent
  }
}
