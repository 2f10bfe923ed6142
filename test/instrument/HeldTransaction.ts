import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as SqlClient from "effect/sql/SqlClient"

/** Begins a transaction in a fiber of its own, and answers with what lets it end and waits until it has. */
export const hold = Effect.fnUntraced(function*(sql: SqlClient.SqlClient) {
  const begun = yield* Deferred.make<void>()
  const go = yield* Deferred.make<void>()
  const fiber = yield* Effect.forkChild(
    sql.withTransaction(Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go)))
  )
  yield* Deferred.await(begun)
  return Effect.andThen(Deferred.succeed(go, undefined), Fiber.join(fiber))
})
