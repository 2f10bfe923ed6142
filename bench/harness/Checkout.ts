// The operation that questions measure: an effect that does next to nothing, so that what is left is what it costs to
// observe it, and a combinator with a span, a counter by status and a histogram.
import { Catalogue, Observation } from "@dawsos/observability"
import * as Effect from "effect/Effect"
import type { Candidate, Check } from "./Interleaved.ts"

const { Label } = Catalogue

/** The name of its span. */
export const name = "checkout"

/** Twelve, as most histograms have. */
export const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export const total = Catalogue.counter({
  name: "bench_operations_total",
  help: "Operations.",
  labels: { operation: Label.oneOf(name), status: Label.oneOf(...Observation.statuses) }
})

export const duration = Catalogue.histogram({
  name: "bench_operation_duration_seconds",
  help: "How long operations took.",
  labels: { operation: Label.oneOf(name) },
  buckets,
  bucketsReason: "twelve, as most histograms have"
})

export const catalogue = Catalogue.make({ prefix: "bench", metrics: { total, duration } })

/** The combinator. */
export const withCheckout = Observation.make<void>({
  prefix: "bench",
  span: () => ({ name }),
  instruments: [
    Observation.count(total, (_, status) => ({ operation: name, status })),
    Observation.time(duration, () => ({ operation: name }))
  ]
})

const counted = { times: 0 }

/** What the operation does; for those that are no effects. */
export const work = (): void => {
  counted.times++
}

/** The effect alone. */
export const bare = Effect.sync(work)

/** A candidate's `run` with a check that each operation did what it does so many times: of what has no sink that would tell. */
export const ran = (run: Candidate["run"], each = 1) => {
  let times = 0
  const check: Check = (operations) =>
    times === operations * each ? undefined : `it ran ${times} of ${operations * each} times`
  return {
    run: async (count: number): Promise<void> => {
      const before = counted.times
      await run(count)
      times += counted.times - before
    },
    check
  }
}
