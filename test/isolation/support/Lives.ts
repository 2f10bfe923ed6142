// The lives of a layer in a process of their own, and what they leave there.
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as Path from "node:path"
import type { Totals } from "../../../examples/receiver/Ledger.ts"
import * as Trend from "../../../scripts/Trend.ts"
import type * as Books from "./Books.ts"
import type * as Open from "./Open.ts"
import type { ProcessState } from "./ProcessState.ts"

/** What a life has left behind. */
export interface Left {
  readonly life: number
  readonly left: ProcessState
}

export interface Report {
  readonly untouched: ProcessState
  readonly after: ProcessState
  /** Lives that left a timer or a handle, unref'd or not. */
  readonly leftBehind: ReadonlyArray<Left>
  /** All timers and handles that there were. */
  readonly watched: Open.Counts
  /** The books of all lives, by sink. */
  readonly books: Readonly<Record<string, Books.Book>>
  /** How many lives took so little time that no deadline cut them off. */
  readonly inTime: number
  /** Those of them that lost something. */
  readonly lostInTime: ReadonlyArray<number>
  /** What was taken of things that `process` does not list, and what of it was not given back. */
  readonly taken: Readonly<
    Record<"channels" | "hooks" | "observers", { readonly held: number; readonly taken: number }>
  >
  /** Bytes in use after a collection, every so many lives. */
  readonly heaps: ReadonlyArray<number>
  /** How long all of it took. */
  readonly millis: number
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
  return Trend.trend(half.map((y, index) => ({ x: index * every, y }))).slope
}

const majorOfNode = Number(process.versions.node.split(".")[0])

/** Holds that after so many lives nothing is left but the heap, which is told apart. */
export const leavesNothing = (
  { after, alive, leftBehind, remembered, taken, untouched, watched }: Report,
  observers: number
) => {
  assert.deepStrictEqual(untouched.resources, {})
  assert.deepStrictEqual(after, untouched)
  assert.deepStrictEqual(leftBehind.slice(0, 3), [])
  // Whoever watches sees what there is: a pipeline's timers and the connections of its sinks.
  assert.isAbove(Object.entries(watched).filter(([kind]) => kind.startsWith("timer")).length, 0)
  assert.isAbove((watched["TCPWRAP"] ?? 0) + (watched["UDPWRAP"] ?? 0), observers)
  assert.deepStrictEqual(taken.channels, { held: 0, taken: 0 })
  assert.strictEqual(taken.hooks.held, 0)
  // Before Node 24 an AsyncLocalStorage that is entered takes a hook, and gives it back when it is disabled.
  if (majorOfNode >= 24) assert.strictEqual(taken.hooks.taken, 0)
  // Node's metrics watch collections of garbage, as long as there is a layer.
  assert.deepStrictEqual(taken.observers, { held: 0, taken: observers })
  assert.isAbove(remembered, 0)
  assert.strictEqual(alive, 0)
}

const ofSink = (totals: Totals): Readonly<Record<string, number>> => ({
  otlp: totals.spansOf.otlp,
  jaeger: totals.spansOf.jaegerUdp,
  sentry: totals.spansOf.sentryOtlp,
  events: totals.events
})

/**
 * Holds that of everything that the lives told, each is in their books once, and that what the books say was sent has
 * arrived. On a machine that is busy, a life may run into the deadline of its end: what that cuts off is counted as
 * `timeout` (the answer was not waited for; it may have arrived) or as `shutdown` (it was not sent), and in lives that
 * had time there is nothing of it.
 */
export const sent = (
  totals: Totals,
  { books, inTime, lostInTime }: Report,
  expected: Readonly<Record<string, number>>
) => {
  assert.deepInclude(totals, { unreadable: 0, refused: 0 })
  assert.deepStrictEqual(lostInTime, [])
  assert.isAbove(inTime, expected["events"]! / 2)
  assert.sameMembers(Object.keys(books), Object.keys(expected))
  for (const [sink, all] of Object.entries(expected)) {
    const book = books[sink]!
    const received = ofSink(totals)[sink]!
    const { shutdown = 0, timeout = 0, ...others } = book.dropped
    assert.deepStrictEqual(
      { all: book.all, booked: book.sent + shutdown + timeout, waiting: book.waiting },
      { all, booked: all, waiting: 0 },
      sink
    )
    assert.deepStrictEqual(Object.entries(others).filter(([, count]) => count > 0), [], sink)
    assert.isAtLeast(received, book.sent, sink)
    assert.isAtMost(received, book.sent + timeout + book.resent, sink)
  }
}
