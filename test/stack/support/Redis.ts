/** A real Redis that keeps nothing on disk. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
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
  /**
   * What Redis is sent from now on until the end of the scope, by the names of the commands in capitals. The inner
   * commands of a script are not among them, for no client has sent those.
   */
  readonly watch: Effect.Effect<() => ReadonlyArray<string>, RedisRefused, Scope.Scope>
}

/** `MONITOR` on a connection of its own. */
const watch = (port: number): Redis["watch"] =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly socket: Net.Socket; readonly text: () => string }, RedisRefused>((resume) => {
        let text = ""
        const socket = Net.connect(port, "127.0.0.1", () => socket.write("MONITOR\r\n"))
        socket.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk
          if (text.startsWith("+OK")) resume(Effect.succeed({ socket, text: () => text }))
        })
        socket.on("error", (error) => resume(Effect.fail(new RedisRefused({ message: error.message }))))
      }),
      ({ socket }) => Effect.sync(() => socket.destroy())
    ),
    ({ text }) => () =>
      text().split("\r\n").slice(1, -1).flatMap((line) => {
        const [, source = "", name = ""] = /^\+[\d.]+ \[\d+ ([^\]]*)\] "([^"]*)"/.exec(line) ?? []
        return source === "lua" || name === "" ? [] : [name.toUpperCase()]
      })
  )

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
      watch: watch(port)
    }
  }
)
