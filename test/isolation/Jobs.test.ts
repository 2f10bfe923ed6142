import { Boundary } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Jobs from "./support/Jobs.ts"

describe("fifty jobs at the same time, each with its own user, tags, breadcrumbs and trace", () => {
  it.live.each([1, 2])(
    "leave nothing on one another, in the schedule of seed %d",
    (seed) => Jobs.apart(50, seed),
    120_000
  )
})

describe("isolation that is broken on purpose is found where", () => {
  const size = 20
  const broken = (how: Jobs.Broken, ...kinds: ReadonlyArray<RegExp>) =>
    Effect.map(Jobs.run(size, 1, how), ({ findings }) => {
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
