/** The program's Postgres: the one of `DATABASE_URL`, else PGlite inside this process behind its own socket. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import * as SqlError from "effect/sql/SqlError"
import { Unavailable } from "../Errors.ts"
import { Settings, type SettingsShape } from "../Settings.ts"
import { migrations } from "./Migrations.ts"
import { seed } from "./Seed.ts"
import { slowSocket } from "./SlowSocket.ts"

/** What was wrong in the first place. */
const rootMessage = (error: unknown): string => {
  if (SqlError.isSqlError(error)) return rootMessage(error.reason)
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : rootMessage(error.cause)
}

/** What a client needs to be told; what a URL says beside this, such as `sslmode`, the client reads itself. */
export type Address = Pick<PgClient.PgClientConfig, "url" | "host" | "port" | "database" | "username">

/** Host, port and so on, so that the client's spans name the server rightly. */
export const addressOf = (url: Redacted.Redacted): Address => {
  const { hostname, pathname, port, username } = new URL(Redacted.value(url))
  return {
    url,
    ...(hostname === "" ? {} : { host: decodeURIComponent(hostname).replace(/^\[(.*)\]$/, "$1") }),
    port: Number(port || 5432),
    database: decodeURIComponent(pathname.slice(1)) || "postgres",
    username: decodeURIComponent(username) || "postgres"
  }
}

const embedded: Effect.Effect<Address, Unavailable, Scope.Scope> = Effect.gen(function*() {
  const start = Effect.tryPromise({
    try: async () => {
      const [{ PGlite }, { PGLiteSocketServer }] = await Promise.all([
        import("@electric-sql/pglite"),
        import("@electric-sql/pglite-socket")
      ])
      const db = await PGlite.create()
      const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections: 2 })
      await server.start()
      return { db, server }
    },
    catch: (cause) => new Unavailable({ message: "the embedded Postgres did not start", cause })
  })
  const { server } = yield* Effect.acquireRelease(
    start,
    ({ db, server }) => Effect.promise(() => server.stop().then(() => db.close()))
  )
  const [host = "127.0.0.1", port = ""] = server.getServerConn().split(":")
  return { host, port: Number(port), database: "postgres", username: "postgres" }
})

/**
 * The pool's largest size: 20 as DawsOS has it. PGlite is one session whatever its socket accepts: messages of two
 * connections get mixed up (rows of the other's query were seen), so the embedded database has a pool of one.
 */
export const maxConnections = (settings: SettingsShape): number => settings.databaseUrl === undefined ? 1 : 20

const client = Layer.unwrap(Effect.gen(function*() {
  const settings = yield* Settings
  const address = settings.databaseUrl === undefined ? yield* embedded : addressOf(settings.databaseUrl)
  const pool = { maxConnections: maxConnections(settings), minConnections: 1 }
  const delay = () => settings.fault.is("database-slow") ? 100 : 0
  const slow = delay() === 0
    ? {}
    : { stream: () => slowSocket(address.host ?? "localhost", address.port ?? 5432, delay) }
  return PgClient.layer({ ...address, ...slow, ...pool, applicationName: "dawsos" }).pipe(DawsOs.observeSql(pool))
}))

const prepare = Layer.effectDiscard(
  Effect.gen(function*() {
    yield* Migrator.make({})({ loader: migrations })
    yield* seed
  }).pipe(Effect.withSpan("database.prepare", { root: true }))
)

/** Holds all but two of the connections in open transactions, for `database-exhausted`. */
const exhaust = Layer.effectDiscard(Effect.gen(function*() {
  const settings = yield* Settings
  if (!settings.fault.is("database-exhausted")) return
  const sql = yield* SqlClient.SqlClient
  // The only connection is given back now and then; with more of them what is left has to do.
  const held = maxConnections(settings) === 1 ? Effect.sleep("500 millis") : Effect.never
  const idle = sql.withTransaction(Effect.andThen(sql`select 1 as held`, held)).pipe(
    Effect.andThen(Effect.sleep("50 millis")),
    Effect.catch((error) => Effect.logWarning("an idle transaction ended", error)),
    Effect.forever,
    Effect.raceFirst(settings.fault.ended)
  )
  for (let n = 0; n < Math.max(1, maxConnections(settings) - 2); n++) yield* Effect.forkScoped(idle)
}))

/** A migrated and seeded database. */
export const layer = exhaust.pipe(
  Layer.provideMerge(prepare),
  Layer.provideMerge(client),
  Layer.catchTag("SqlError", (cause) =>
    Layer.effectContext(
      Effect.fail(new Unavailable({ message: `DATABASE_URL: no usable Postgres: ${rootMessage(cause)}`, cause }))
    ))
)
