import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Harness from "../integration/Harness.ts"
import * as Lives from "./support/Lives.ts"

describe("a layer with all signals on that is built, used and closed", () => {
  it.live(
    "a thousand times leaves no handle, listener, hook or service, and the heap as it was",
    () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const [lives, every] = [1000, 50]
        const report = yield* Lives.run("worked", lives, every, Harness.environment(receiver))
        Lives.leavesNothing(report, lives)
        // A layer that can't be collected is hundreds of kilobytes; 1 KiB is what the engine still learns of its code.
        assert.isBelow(Lives.slope(report.heaps, every), 1024, report.heaps.join(" "))
        Lives.sent(yield* receiver.totals, report, { otlp: lives, sentry: lives, events: lives })
      }),
    600_000
  )

  it.live(
    "a hundred times under a server that is asked and scraped leaves nothing either",
    () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const [lives, every] = [100, 10]
        const report = yield* Lives.run("served", lives, every, Harness.environment(receiver))
        Lives.leavesNothing(report, lives)
        Lives.sent(yield* receiver.totals, report, { otlp: 2 * lives, sentry: 2 * lives, events: lives })
      }),
    600_000
  )
})
