import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as Path from "node:path"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Harness from "../integration/Harness.ts"
import type { ProcessState } from "./support/ProcessState.ts"

interface Report {
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

const program = Path.join(import.meta.dirname, "programs/lifetime.ts")
const root = Path.resolve(import.meta.dirname, "../..")

const run = (
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
const slope = (heaps: ReadonlyArray<number>, every: number): number => {
  const half = heaps.slice(Math.floor(heaps.length / 2))
  const slopes = half.flatMap((from, i) => half.slice(i + 1).map((to, j) => (to - from) / ((j + 1) * every)))
  return slopes.toSorted((a, b) => a - b)[Math.floor(slopes.length / 2)]!
}

const leavesNothing = ({ after, alive, remembered, taken, untouched }: Report, observers: number) => {
  assert.deepStrictEqual(untouched.resources, {})
  assert.deepStrictEqual(after, untouched)
  assert.deepStrictEqual(taken.channels, { held: 0, taken: 0 })
  assert.deepStrictEqual(taken.hooks, { held: 0, taken: 0 })
  // Node's metrics watch collections of garbage, as long as there is a layer.
  assert.deepStrictEqual(taken.observers, { held: 0, taken: observers })
  assert.isAtLeast(remembered, 30)
  assert.strictEqual(alive, 0)
}

describe("a layer with all signals on that is built, used and closed", () => {
  it.live(
    "a thousand times leaves no handle, listener, hook or service, and the heap as it was",
    () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const [lives, every] = [1000, 50]
        const report = yield* run("worked", lives, every, Harness.environment(receiver))
        leavesNothing(report, lives)
        // A layer that can't be collected is hundreds of kilobytes; 1 KiB is what the engine still learns of its code.
        assert.isBelow(slope(report.heaps, every), 1024, report.heaps.join(" "))
        const totals = yield* receiver.totals
        assert.deepInclude(totals, { events: lives, unreadable: 0, refused: 0 })
        assert.deepInclude(totals.spansOf, { otlp: lives, sentryOtlp: lives })
      }),
    300_000
  )

  it.live(
    "a hundred times under a server that is asked and scraped leaves nothing either",
    () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const [lives, every] = [100, 10]
        const report = yield* run("served", lives, every, Harness.environment(receiver))
        leavesNothing(report, lives)
        const totals = yield* receiver.totals
        assert.deepInclude(totals, { events: lives, unreadable: 0, refused: 0 })
        assert.deepInclude(totals.spansOf, { otlp: 2 * lives, sentryOtlp: 2 * lives })
      }),
    240_000
  )
})
