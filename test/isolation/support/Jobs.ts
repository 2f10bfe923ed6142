// Jobs at the same time, as a program runs them in the background, and what they leave.
import { ErrorTracking, Metrics, Tracing } from "@dawsos/observability"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import { TestErrors } from "../../../src/errors/TestErrors.ts"
import * as Findings from "./Findings.ts"
import * as Shuffle from "./Shuffle.ts"
import * as Subject from "./Subject.ts"
import * as Work from "./Work.ts"

/** Spoils the isolation of a job. */
export type Broken = <A, E>(job: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** What a run leaves in which each of so many jobs works for a user of its own, all at the same time. */
export const run = Effect.fnUntraced(function*(size: number, seed: number, broken: Broken = (job) => job) {
  const { layer, left } = Subject.make()
  const shuffle = Shuffle.scheduler(seed)
  const jobs = Effect.gen(function*() {
    const world = yield* Work.world(size, seed)
    const job = (n: number) =>
      broken(Work.work(world, n)).pipe(
        ErrorTracking.withUser({ id: Work.userOf(n) }),
        ErrorTracking.withBoundary(`run of request of ${n}`),
        Effect.exit,
        Effect.andThen(Work.answered(world, n))
      )
    yield* Effect.forEach(Array.from({ length: size }, (_, n) => n), job, { concurrency: "unbounded", discard: true })
    yield* Work.settled(world)
    const accounting = yield* Tracing.flush
    const events = yield* Subject.flushed
    const metrics = yield* Metrics.Metrics
    const came: Findings.Came = {
      size,
      lexicalUser: () => true,
      tags: () => ({}),
      transaction: (n) => `run of request of ${n}`,
      events: yield* (yield* TestErrors).events,
      steps: metrics.samples().filter(({ name }) => name === Subject.metrics.steps.name),
      exposition: yield* metrics.render("openmetrics")
    }
    return { accounting, events, came }
  })
  const { accounting, came, events } = yield* Effect.scoped(jobs).pipe(
    Effect.provide(layer),
    Effect.provideService(Scheduler.Scheduler, shuffle)
  )
  return { ...Findings.check(left, came), accounting, events, turns: shuffle.turns() }
})

/** Holds that nothing of one job is on another. */
export const apart = (size: number, seed: number) =>
  Effect.map(run(size, seed), ({ accounting, checks, events, findings, turns }) => {
    // First of all nothing may be missing: what a queue has dropped says nothing about isolation.
    assert.deepInclude(accounting, { started: 24 * size, open: 0, unsampled: 0 })
    assert.deepStrictEqual(accounting.sinks.map(({ exported }) => exported), [24 * size])
    assert.deepStrictEqual(findings.slice(0, 10), [])
    // Of four jobs three fail, and each leaves five events more.
    assert.strictEqual(events.captured, 6 * size - Math.ceil(size / 4))
    assert.deepStrictEqual(new Set(Object.values(events.dropped)), new Set([0]))
    // Neither the comparisons nor the shuffling may become nothing unnoticed.
    assert.isAbove(checks, 200 * size)
    assert.isAbove(turns, 40 * size)
  })
