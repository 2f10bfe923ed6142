import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Harness from "../integration/Harness.ts"
import * as Lives from "./support/Lives.ts"

describe("a layer with all signals on that is built, used and closed twenty times", () => {
  it.live("leaves no handle, listener or hook, and none of its services", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const report = yield* Lives.run("worked", 20, 2, Harness.environment(receiver))
      Lives.leavesNothing(report, 20)
      assert.strictEqual(report.remembered, 30)
      Lives.sent(yield* receiver.totals, 20, 1)
    }), 240_000)
})
