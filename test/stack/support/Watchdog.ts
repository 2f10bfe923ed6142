/**
 * Ends what a test run leaves behind when it is killed: a process of its own, which learns of the death of this one by
 * the end of its standard input, then kills the programs by their ids and removes their folders.
 */
import { spawn } from "node:child_process"
import type { Writable } from "node:stream"

/** What the process does; it is sent as text, so it may know nothing of this module. */
const watch = (): void => {
  const { rmSync } = process.getBuiltinModule("node:fs")
  const kept = { pid: new Set<number>(), folder: new Set<string>() }
  let rest = ""
  process.stdin.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const [verb, kind, value] = JSON.parse(line)
      const set: Set<unknown> = kept[kind as "pid" | "folder"]
      if (verb === "keep") set.add(value)
      else set.delete(value)
    }
  }).on("end", () => {
    for (const pid of kept.pid) {
      try {
        process.kill(pid, "SIGKILL")
      } catch (error) {
        // It has ended by itself.
        if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error
      }
    }
    for (const folder of kept.folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
}

let input: Writable | undefined

const say = (verb: "keep" | "drop", kind: "pid" | "folder", value: number | string): void => {
  if (input === undefined) {
    // A group of its own: a signal to the whole group of the test run must not reach it.
    const child = spawn(process.execPath, ["-e", `(${watch.toString()})()`], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"]
    })
    child.unref()
    input = child.stdin
    // Nobody waits for it; without it, a run that is killed leaves something behind and nothing else is lost.
    input.on("error", () => undefined)
    if ("unref" in input && typeof input.unref === "function") input.unref()
  }
  input.write(`${JSON.stringify([verb, kind, value])}\n`)
}

/** From now on this process or folder ends with the test run at the latest. */
export const keep = (kind: "pid" | "folder", value: number | string): void => say("keep", kind, value)

/** It has ended already. */
export const drop = (kind: "pid" | "folder", value: number | string): void => say("drop", kind, value)
