/** A real Redis that keeps nothing on disk. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createClient } from "redis"
import * as Ports from "./Ports.ts"
import * as Program from "./Program.ts"
import * as Stack from "./Stack.ts"
import * as Tool from "./Tool.ts"

/** A command of the test failed. */
export class RedisRefused extends Data.TaggedError("RedisRefused")<{ readonly message: string }> {}

export interface Redis extends Program.Program {
  /** `redis://…` for the program under test. */
  readonly url: string
  /** Sends one command on a connection of its own. */
  readonly command: (...command: ReadonlyArray<string>) => Effect.Effect<unknown, RedisRefused>
  /** How often each command was called since the start, by its name in capitals: what Redis itself counts. */
  readonly calls: Effect.Effect<ReadonlyMap<string, number>, RedisRefused>
}

/** Starts Redis; ended with the scope. */
export const start: Effect.Effect<Redis, Program.ProgramFailed | Tool.ToolMissing, Scope.Scope> = Effect.gen(
  function*() {
    const path = yield* Tool.path("redis-server")
    const folder = yield* Stack.temporaryFolder("redis")
    const port = yield* Ports.free
    const url = `redis://127.0.0.1:${port}`
    const command: Redis["command"] = (...command) =>
      Effect.tryPromise({
        try: async () => {
          const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 5000 } })
          client.on("error", () => undefined)
          await client.connect()
          try {
            return await client.sendCommand([...command])
          } finally {
            client.destroy()
          }
        },
        catch: (error) => new RedisRefused({ message: error instanceof Error ? error.message : String(error) })
      })
    const program = yield* Program.start({
      name: "redis",
      path,
      args: ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"],
      cwd: folder,
      ready: () => command("PING")
    })
    return {
      ...program,
      url,
      command,
      calls: Effect.map(command("INFO", "commandstats"), (info) =>
        new Map(
          [...String(info).matchAll(/^cmdstat_([^:|]+)(?:\|[^:]*)?:calls=(\d+)/gm)].map(([, name = "", calls]) =>
            [name.toUpperCase(), Number(calls)] as const
          )
        ))
    }
  }
)
