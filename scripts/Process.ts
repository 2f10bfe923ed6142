// Runs one program to its end and keeps what it printed.
import { spawn } from "node:child_process"
import * as Path from "node:path"

export const root = Path.resolve(import.meta.dirname, "..")

export interface Outcome {
  /** The exit code; 124 when the deadline passed, 127 when the program could not be started. */
  readonly code: number
  readonly output: string
}

export interface Options {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** After this many milliseconds the program and its children are killed. */
  readonly deadlineMs?: number
}

const colourless = { NO_COLOR: "1", FORCE_COLOR: "0" }

/** Standard output and standard error in the order in which they arrived. */
export const run = (command: string, args: ReadonlyArray<string>, options: Options = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const chunks: Array<Buffer> = []
    // A group of its own, so that a deadline ends the children of the program too.
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      detached: true,
      env: { ...process.env, ...colourless, ...options.env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let late = false
    const timer = options.deadlineMs === undefined ? undefined : setTimeout(() => {
      late = true
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
    }, options.deadlineMs)
    const finish = (code: number, extra = "") => {
      clearTimeout(timer)
      resolve({ code, output: Buffer.concat(chunks).toString("utf8") + extra })
    }
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.on("error", (error) => finish(127, `${command}: ${error.message}\n`))
    child.on("close", (code, signal) => {
      if (late) return finish(124, `${command}: killed after ${options.deadlineMs} ms\n`)
      finish(code ?? 1, signal === null ? "" : `${command}: ended by ${signal}\n`)
    })
  })

/** A program from `node_modules/.bin`. */
export const bin = (name: string): string => Path.join(root, "node_modules", ".bin", name)
