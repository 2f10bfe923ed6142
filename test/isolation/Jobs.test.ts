import { Boundary, ErrorTracking, Metrics, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import * as Tracer from "effect/Tracer"
import { TestErrors } from "../../src/errors/TestErrors.ts"
import * as Findings from "./support/Findings.ts"
import * as Shuffle from "./support/Shuffle.ts"
import * as Subject from "./support/Subject.ts"
import * as Work from "./support/Work.ts"

/** Spoils the isolation of a job. */
type Broken = <A, E>(job: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** What a run leaves in which each of so many jobs works for a user of its own, all at the same time. */
const run = Effect.fnUntraced(function*(size: number, seed: number, broken: Broken = (job) => job) {
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
    const events = yield* (yield* ErrorTracking.ErrorTracking).flush
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

const schedules = [{ size: 50, seed: 1 }, { size: 1000, seed: 2 }]

describe("jobs at the same time, each with its own user, tags, breadcrumbs and trace", () => {
  it.live.each(schedules)(
    "leave nothing on one another: $size of them, in the schedule of seed $seed",
    ({ seed, size }) =>
      Effect.gen(function*() {
        const { accounting, checks, events, findings, turns } = yield* run(size, seed)
        assert.deepStrictEqual(findings.slice(0, 10), [])
        assert.deepInclude(accounting, { started: 23 * size, open: 0, unsampled: 0 })
        assert.strictEqual(events.sent, events.captured)
        // Neither the comparisons nor the shuffling may become nothing unnoticed.
        assert.isAbove(checks, 200 * size)
        assert.isAbove(turns, 40 * size)
      }),
    240_000
  )
})

describe("isolation that is broken on purpose is found where", () => {
  const size = 20
  const broken = (how: Broken, ...kinds: ReadonlyArray<RegExp>) =>
    Effect.map(run(size, 1, how), ({ findings }) => {
      for (const kind of kinds) {
        assert.isTrue(
          findings.some((finding) => kind.test(finding)),
          `${kind} among ${findings.slice(0, 10).join("\n")}`
        )
      }
    })

  it.live("all jobs share one event scope", () => {
    const shared = new Boundary.Boundary("job", "shared")
    return broken(
      Effect.provideService(Boundary.CurrentBoundary, shared),
      /^the event "(note|late) of \d+" tells of /,
      /^the boundary of the event /
    )
  })

  it.live("a job runs on the context of another", () => {
    let first: Context.Context<never> | undefined
    return broken(
      (job) => Effect.flatMap(Effect.context<never>(), (own) => Effect.provideContext(job, first ??= own)),
      /^the user of the event /,
      /^the boundary of the event /
    )
  })

  it.live("a span's parent is the span that was opened last", () => {
    let last: Tracer.Span | undefined
    const misled = (tracer: Tracer.Tracer): Tracer.Tracer =>
      Tracer.make({
        ...tracer,
        span: (options) =>
          last = tracer.span({ ...options, parent: last === undefined ? options.parent : Option.some(last) })
      })
    return broken(
      (job) => Effect.flatMap(Effect.tracer, (tracer) => Effect.withTracer(job, misled(tracer))),
      /^the parent of "/,
      /^the parent of request /,
      /^the number of traces /
    )
  })
})
