import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import * as Deadline from "./Deadline.ts"
import * as Program from "./Program.ts"

const node = (script: string, spec: Partial<Program.Spec> = {}): Program.Spec => ({
  name: "node",
  path: process.execPath,
  args: ["-e", script],
  ready: (running) => running.output().includes("ready") ? Effect.void : Effect.fail(new Error("silent")),
  ...spec
})

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const serving = "console.log('ready'); setInterval(() => {}, 1000)"

describe("a program", () => {
  it.live("is ended with its scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const program = yield* Scope.provide(Program.start(node(serving)), scope)
      const pid = yield* program.pid
      expect(alive(pid)).toBe(true)
      yield* Scope.close(scope, Exit.void)
      expect(alive(pid)).toBe(false)
    }))

  it.live("lives again after a restart, and keeps the output of both lives", () =>
    Effect.gen(function*() {
      const program = yield* Program.start(node(serving))
      const before = yield* program.pid
      yield* program.restart
      expect(yield* program.pid).not.toBe(before)
      expect(alive(before)).toBe(false)
      expect((yield* program.output).match(/ready/g)).toHaveLength(2)
    }))

  it.live("is killed when it does not end, which is a failure", () =>
    Effect.gen(function*() {
      const deaf = `process.on('SIGTERM', () => console.log('no')); ${serving}`
      const program = yield* Program.start(node(deaf, { stopWithin: "300 millis" }))
      const failure = yield* Effect.flip(program.stop)
      expect(failure.message).toContain("node did not end and was killed")
      expect(failure.output).toContain("no")
      expect(alive(yield* program.pid)).toBe(false)
    }))

  it.live("that ends by itself says so with its output", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(
        Effect.scoped(Program.start(node("console.error('no configuration'); process.exit(3)")))
      )
      expect(failure.message).toContain("node ended by itself (3)")
      expect(failure.message).toContain("no configuration")
    }))

  it.live("that is never ready fails at the deadline and does not stay", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(
        Effect.scoped(
          Program.start(node("console.log(process.pid); setInterval(() => {}, 1000)", { readyWithin: "400 millis" }))
        )
      )
      expect(failure.message).toContain("its health: not within 0.4 s; last seen: silent")
      expect(alive(Number(failure.output.trim()))).toBe(false)
    }))

  it.live("does not outlive a test run that is killed, nor does a folder", () =>
    Effect.gen(function*() {
      const script = `
        const Effect = await import("effect/Effect")
        const Program = await import(${JSON.stringify(new URL("Program.ts", import.meta.url).href)})
        const Stack = await import(${JSON.stringify(new URL("Stack.ts", import.meta.url).href)})
        const start = Effect.gen(function*() {
          const folder = yield* Stack.temporaryFolder("killed")
          const args = ["-e", "setInterval(() => {}, 1000)"]
          const program = yield* Program.start({ name: "child", path: process.execPath, args, ready: () => Effect.void })
          console.log("ready " + (yield* program.pid) + " " + folder)
          yield* Effect.never
        })
        Effect.runFork(Effect.scoped(start))`
      const run = yield* Program.start(node("", { args: ["--input-type=module", "-e", script] }))
      const [, pid = "", folder = ""] = /ready (\d+) (\S+)/.exec(yield* run.output) ?? []
      expect([alive(Number(pid)), existsSync(folder)]).toEqual([true, true])
      yield* run.kill
      yield* Deadline.eventually(Effect.sync(() => [alive(Number(pid)), existsSync(folder)]), {
        what: "both are gone",
        until: ([process, folder]) => process === false && folder === false
      })
    }))

  it.live("that is not there says which path was tried", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(Effect.scoped(Program.start(node("", { path: "/no/such/program" }))))
      expect(failure.message).toContain("/no/such/program")
    }))
})
