/** A real Postgres on a new data folder. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import { chownSync, mkdirSync, readFileSync } from "node:fs"
import * as Path from "node:path"
import { Client } from "pg"
import * as Ports from "./Ports.ts"
import * as Program from "./Program.ts"
import * as Stack from "./Stack.ts"
import * as Tool from "./Tool.ts"

/** `initdb` failed, or a statement of the test; the message is Postgres's own. */
export class PostgresRefused extends Data.TaggedError("PostgresRefused")<{ readonly message: string }> {}

export interface Postgres extends Program.Program {
  /** `postgres://…` for the program under test. */
  readonly url: string
  /** Runs a statement on a connection of its own, whose application is `stack-test`. */
  readonly query: (
    sql: string,
    parameters?: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<Readonly<Record<string, unknown>>>, PostgresRefused>
  /**
   * How many connections of an application are at work as Postgres sees them: running a statement, or idle in a
   * transaction.
   */
  readonly active: (application: string) => Effect.Effect<number, PostgresRefused>
}

export interface Options {
  /** `max_connections` of the server; 60 unless said. */
  readonly maxConnections?: number
}

const databaseUser = "dawsos"

/** Postgres refuses to run as root; its own user is there where Debian's package is, `nobody` nearly everywhere. */
const unprivileged = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"))
  const user = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody")
  return { uid: Number(user?.[2] ?? 65_534), gid: Number(user?.[3] ?? 65_534) }
}

/** Starts Postgres; ended with the scope, which removes its data too. */
export const start = (
  options: Options = {}
): Effect.Effect<Postgres, PostgresRefused | Program.ProgramFailed | Tool.ToolMissing, Scope.Scope> =>
  Effect.gen(function*() {
    const initdb = yield* Tool.path("initdb")
    const path = yield* Tool.path("postgres")
    const folder = yield* Stack.temporaryFolder("postgres")
    const port = yield* Ports.free
    const user = unprivileged()
    const data = Path.join(folder, "data")
    const sockets = Path.join(folder, "sockets")
    for (const made of [data, sockets]) {
      mkdirSync(made, { mode: 0o700 })
      if (user !== undefined) chownSync(made, user.uid, user.gid)
    }
    const made = spawnSync(
      initdb,
      [
        "--pgdata",
        data,
        "--username",
        databaseUser,
        "--auth",
        "trust",
        "--encoding",
        "UTF8",
        "--no-locale",
        "--no-sync"
      ],
      { encoding: "utf8", env: { PATH: process.env["PATH"] ?? "", TZ: "UTC" }, cwd: folder, ...user }
    )
    if (made.status !== 0) {
      return yield* new PostgresRefused({ message: `initdb: ${made.error?.message ?? made.stderr.trim()}` })
    }
    const query: Postgres["query"] = (sql, parameters = []) =>
      Effect.tryPromise({
        try: async () => {
          const client = new Client({
            host: "127.0.0.1",
            port,
            user: databaseUser,
            database: "postgres",
            application_name: "stack-test",
            connectionTimeoutMillis: 5000
          })
          // A server that ends while a client is connected is the test's doing.
          client.on("error", () => undefined)
          await client.connect()
          try {
            return (await client.query(sql, [...parameters])).rows
          } finally {
            await client.end()
          }
        },
        catch: (error) => new PostgresRefused({ message: `${sql}: ${error instanceof Error ? error.message : error}` })
      })
    const settings = {
      listen_addresses: "127.0.0.1",
      port,
      unix_socket_directories: sockets,
      max_connections: options.maxConnections ?? 60,
      // The data end with the test.
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off"
    }
    const program = yield* Program.start({
      name: "postgres",
      path,
      args: ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      env: { TZ: "UTC" },
      cwd: folder,
      // Ends sessions at once; the default waits for every client to leave.
      stopSignal: "SIGINT",
      ...(user === undefined ? {} : { user }),
      ready: () => query("select 1")
    })
    return {
      ...program,
      url: `postgres://${databaseUser}@127.0.0.1:${port}/postgres`,
      query,
      active: (application) =>
        Effect.map(
          query(
            "select count(*)::int as active from pg_stat_activity where application_name = $1 and state <> 'idle'",
            [application]
          ),
          ([row]) => Number(row?.["active"] ?? 0)
        )
    }
  })
