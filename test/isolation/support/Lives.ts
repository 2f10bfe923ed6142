// The lives of a layer in a process of their own, and what they leave there.
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as Path from "node:path"
import type { Totals } from "../../../examples/receiver/Ledger.ts"
import type { ProcessState } from "./ProcessState.ts"

export interface Report {
  readonly untouched: ProcessState
  readonly after: ProcessState
  /** What was taken of things that `process` does not list, and what of it was not given back. */
  readonly taken: Readonly<
    Record<"channels" | "hooks" | "observers", { readonly held: number; readonly taken: number }>
  >
  /** Bytes in use after a collection, every so many lives. */
  readonly heaps: ReadonlyArray<number>
  readonly remembered: number
  /** Services of layers that were closed and could not be collected. */
  readonly alive: number
}

const program = Path.join(import.meta.dirname, "../programs/lifetime.ts")
const root = Path.resolve(import.meta.dirname, "../../..")

/** Runs `programs/lifetime.ts`, in a process of its own. */
export const run = (
  kind: "served" | "worked",
  lives: number,
  every: number,
  env: Readonly<Record<string, string>>
): Effect.Effect<Report> =>
  Effect.callback((resume) => {
    const args = ["--expose-gc", "--conditions=source", program, kind, String(lives), String(every)]
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
    child.on("close", (code) => {
      if (code !== 0) resume(Effect.die(new Error(`ended with ${code}: ${stderr}`)))
      else resume(Effect.succeed(JSON.parse(stdout.slice("report: ".length)) as Report))
    })
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/**
 * Bytes for each life, over the second half: the median of the slopes between all samples (Theil and Sen). Code that is
 * compiled and tables that double make steps, which it passes over; what each life leaves makes a slope.
 */
export const slope = (heaps: ReadonlyArray<number>, every: number): number => {
  const half = heaps.slice(Math.floor(heaps.length / 2))
  const slopes = half.flatMap((from, i) => half.slice(i + 1).map((to, j) => (to - from) / ((j + 1) * every)))
  return slopes.toSorted((a, b) => a - b)[Math.floor(slopes.length / 2)]!
}

/** Holds that after so many lives nothing is left but the heap, which is told apart. */
export const leavesNothing = ({ after, alive, remembered, taken, untouched }: Report, observers: number) => {
  assert.deepStrictEqual(untouched.resources, {})
  assert.deepStrictEqual(after, untouched)
  assert.deepStrictEqual(taken.channels, { held: 0, taken: 0 })
  assert.deepStrictEqual(taken.hooks, { held: 0, taken: 0 })
  // Node's metrics watch collections of garbage, as long as there is a layer.
  assert.deepStrictEqual(taken.observers, { held: 0, taken: observers })
  assert.isAbove(remembered, 0)
  assert.strictEqual(alive, 0)
}

/** Holds that the lives were used: on a machine that is busy, a few may have run into the deadline of their end. */
export const sent = (totals: Totals, lives: number, spansPerLife: number) => {
  assert.deepInclude(totals, { unreadable: 0, refused: 0 })
  assert.isAtLeast(totals.events, lives / 2)
  assert.isAtLeast(totals.spansOf.otlp, lives * spansPerLife / 2)
  assert.isAtLeast(totals.spansOf.sentryOtlp, lives * spansPerLife / 2)
}
