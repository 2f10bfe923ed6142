// A program in a process of its own, which knows no setting of this one.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as Http from "node:http"
import * as Path from "node:path"

const root = Path.resolve(import.meta.dirname, "../..")

/** How a child ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Child {
  /** The first line of standard output that begins so; dies when the child ends without it. */
  readonly line: (begin: string) => Effect.Effect<string>
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  readonly exit: Effect.Effect<Exit>
}

/** Starts `programs/{name}`; a child that outlives the scope is killed. */
export const start = (
  name: string,
  env: Readonly<Record<string, string>>,
  args: ReadonlyArray<string> = []
): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const program = Path.join(import.meta.dirname, "programs", name)
        const child = spawn(process.execPath, ["--conditions=source", program, ...args], {
          cwd: root,
          env: { PATH: process.env["PATH"] ?? "", ...env },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let stdout = ""
        let stderr = ""
        let ended: Exit | undefined
        const watchers = new Set<() => void>()
        const tell = () => watchers.forEach((watcher) => watcher())
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          stdout += text
          tell()
        })
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          stderr += text
          tell()
        })
        child.on("close", (code, signal) => {
          ended = { code, signal, stdout, stderr }
          tell()
        })
        const until = <A>(read: () => A | undefined): Effect.Effect<A> =>
          Effect.callback((resume) => {
            const look = () => {
              const found = read()
              if (found === undefined && ended !== undefined && read !== readExit) {
                watchers.delete(look)
                resume(Effect.die(new Error(`${name} ended: ${JSON.stringify(ended)}`)))
              } else if (found !== undefined) {
                watchers.delete(look)
                resume(Effect.succeed(found))
              }
            }
            watchers.add(look)
            look()
            return Effect.sync(() => watchers.delete(look))
          })
        const readExit = () => ended
        return {
          process: child,
          child: {
            line: (begin) => until(() => stdout.split("\n").slice(0, -1).find((line) => line.startsWith(begin))),
            kill: (signal) => Effect.sync(() => void child.kill(signal)),
            exit: until(readExit)
          } satisfies Child
        }
      }),
      ({ process }) =>
        Effect.sync(() => {
          if (process.exitCode === null && process.signalCode === null) process.kill("SIGKILL")
        })
    ),
    ({ child }) => child
  )

/** Runs `programs/{name}` to its end. */
export const run = (
  name: string,
  env: Readonly<Record<string, string>>,
  args: ReadonlyArray<string> = []
): Effect.Effect<Exit> => Effect.scoped(Effect.flatMap(start(name, env, args), (child) => child.exit))

/** Asks over a connection that ends with the answer: one that is kept would hold up the server's end by seconds. */
export const get = (url: string): Effect.Effect<{ readonly status: number | undefined; readonly text: string }> =>
  Effect.callback((resume) => {
    const request = Http.get(url, { agent: false }, async (response) => {
      let text = ""
      for await (const chunk of response.setEncoding("utf8")) text += chunk
      resume(Effect.succeed({ status: response.statusCode, text }))
    })
    request.on("error", (error) => resume(Effect.die(error)))
    return Effect.sync(() => request.destroy())
  })
