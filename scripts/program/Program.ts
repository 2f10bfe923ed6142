// A program under measurement: a child process with the probe in it, that can be asked and told.
import { type ChildProcess, spawn } from "node:child_process"
import * as Path from "node:path"
import { root } from "../Process.ts"
import { isAnswer, type Question, type Vitals } from "./Vitals.ts"

export interface Started {
  readonly pid: number
  /** Waits for a line of standard output that begins so, and answers with the rest of it. */
  readonly line: (begin: string, withinMs: number) => Promise<string>
  /** The vitals of the process, after a full collection unless told otherwise; fails when it does not answer in time. */
  readonly vitals: (withinMs: number, collect?: boolean) => Promise<Vitals>
  /** Tells it something, over the channel between the two. */
  readonly tell: (message: object) => void
  /** What it said over that channel of its own accord. */
  readonly messages: () => ReadonlyArray<unknown>
  /** Asks it to end; kills it after `withinMs`. Milliseconds until then, the exit code, and whether it was killed. */
  readonly end: (withinMs: number) => Promise<{ readonly took: number; readonly code: number | string }>
  /** How it ended; undefined while it runs. */
  readonly ended: () => number | string | undefined
  /** The end of what it wrote. */
  readonly output: () => string
}

const probe = Path.join(import.meta.dirname, "probe.ts")
const keptOutput = 64 * 1024

/** Starts a program of this repository with an environment that is this one alone. */
export const start = (
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>
): Started => {
  const flags = ["--expose-gc", "--conditions=source", "--import", probe]
  const child: ChildProcess = spawn(process.execPath, [...flags, Path.join(root, program), ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"]
  })
  let output = ""
  let ended: number | string | undefined
  const watchers = new Set<() => void>()
  const tell = () => watchers.forEach((watcher) => watcher())
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-keptOutput)
      tell()
    })
  }
  const closed = new Promise<void>((resolve) => {
    child.once("close", (code, signal) => {
      ended = code ?? signal ?? "unknown"
      tell()
      resolve()
    })
    child.once("error", (error) => {
      ended = error.message
      tell()
      resolve()
    })
  })

  const until = <A>(what: string, withinMs: number, read: () => A | undefined): Promise<A> =>
    new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        watchers.delete(look)
      }
      const timer = setTimeout(() => {
        leave()
        reject(new Error(`${what} within ${withinMs} ms`))
      }, withinMs)
      const look = () => {
        const found = read()
        if (found !== undefined) {
          leave()
          resolve(found)
        } else if (ended !== undefined) {
          leave()
          reject(new Error(`${what}: the program has ended (${ended})`))
        }
      }
      watchers.add(look)
      look()
    })

  const answers = new Map<number, Vitals>()
  const messages: Array<unknown> = []
  child.on("message", (message) => {
    if (!isAnswer(message)) {
      messages.push(message)
      return
    }
    answers.set(message.probe, message.vitals)
    tell()
  })
  // A message to a program that is ending is lost, and that is all.
  const send = (message: object) => {
    if (child.connected) child.send(message, () => {})
  }
  let asked = 0
  return {
    pid: child.pid ?? 0,
    line: (begin, withinMs) =>
      until(
        `no line that begins with ${begin}`,
        withinMs,
        () => output.split("\n").slice(0, -1).find((line) => line.startsWith(begin))?.slice(begin.length)
      ),
    vitals: async (withinMs, collect = true) => {
      const probe = asked++
      send({ probe, collect } satisfies Question)
      const vitals = await until("no answer of the probe", withinMs, () => answers.get(probe))
      answers.delete(probe)
      return vitals
    },
    tell: send,
    messages: () => messages,
    end: async (withinMs) => {
      const from = performance.now()
      if (ended === undefined) child.kill("SIGTERM")
      const timer = setTimeout(() => child.kill("SIGKILL"), withinMs)
      await closed
      clearTimeout(timer)
      return { took: performance.now() - from, code: ended ?? "unknown" }
    },
    ended: () => ended,
    output: () => output
  }
}
