/** The program's Postgres: the one of `DATABASE_URL`, else PGlite inside this process behind its own socket. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import * as SqlError from "effect/sql/SqlError"
import { Settings, type SettingsShape } from "../Settings.ts"
import { migrations } from "./Migrations.ts"
import { seed } from "./Seed.ts"
import { slowProxy } from "./SlowProxy.ts"

/** The database cannot be reached or started. */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()("DatabaseUnavailable", {
  reason: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return this.reason
  }
}

/** What was wrong in the first place. */
const rootMessage = (error: unknown): string => {
  if (SqlError.isSqlError(error)) return rootMessage(error.reason)
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : rootMessage(error.cause)
}

interface Address {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly password?: Redacted.Redacted
}

const fromUrl = (url: Redacted.Redacted): Effect.Effect<Address, DatabaseUnavailable> =>
  Effect.try({
    try: () => {
      const parsed = new URL(Redacted.value(url))
      if (!/^postgres(ql)?:$/.test(parsed.protocol)) throw new Error("the scheme is not postgres:// or postgresql://")
      return {
        host: parsed.hostname,
        port: Number(parsed.port || 5432),
        database: decodeURIComponent(parsed.pathname.slice(1)) || "postgres",
        username: decodeURIComponent(parsed.username) || "postgres",
        ...(parsed.password === "" ? {} : { password: Redacted.make(decodeURIComponent(parsed.password)) })
      }
    },
    // The URL itself may hold a password, so it is neither in the message nor kept as the cause.
    catch: () =>
      new DatabaseUnavailable({
        reason: "DATABASE_URL must be postgres://user:password@host:port/database",
        cause: "malformed URL"
      })
  })

const embedded: Effect.Effect<Address, DatabaseUnavailable, Scope.Scope> = Effect.gen(function*() {
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
    catch: (cause) => new DatabaseUnavailable({ reason: "the embedded Postgres did not start", cause })
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
  const real = settings.databaseUrl === undefined ? yield* embedded : yield* fromUrl(settings.databaseUrl)
  const address = settings.fault === "database-slow" ? { ...real, ...(yield* slowProxy(real, 100)) } : real
  // Host, port and so on rather than a URL, so that the client's spans name the server rightly.
  const pool = { maxConnections: maxConnections(settings), minConnections: 1 }
  return PgClient.layer({ ...address, ...pool, applicationName: "dawsos" }).pipe(DawsOs.observeSql(pool))
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
  if (settings.fault !== "database-exhausted") return
  const sql = yield* SqlClient.SqlClient
  const idle = sql.withTransaction(Effect.andThen(sql`select 1 as held`, Effect.sleep("500 millis"))).pipe(
    Effect.andThen(Effect.sleep("50 millis")),
    Effect.catch((error) => Effect.logWarning("an idle transaction ended", error)),
    Effect.forever
  )
  for (let n = 0; n < Math.max(1, maxConnections(settings) - 2); n++) yield* Effect.forkScoped(idle)
}))

/** A migrated and seeded database. */
export const layer = exhaust.pipe(
  Layer.provideMerge(prepare),
  Layer.provideMerge(client),
  Layer.catchTag("SqlError", (cause) =>
    Layer.effectContext(
      Effect.fail(new DatabaseUnavailable({ reason: `DATABASE_URL: no usable Postgres: ${rootMessage(cause)}`, cause }))
    ))
)
