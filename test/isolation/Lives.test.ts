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
      Lives.sent(yield* receiver.totals, report, { otlp: 20, sentry: 20, events: 20 })
    }), 240_000)

  it.live("leaves nothing over UDP either", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const report = yield* Lives.run("worked", 20, 10, Harness.environment(receiver, "jaegerUdp"))
      Lives.leavesNothing(report, 20)
      assert.strictEqual(report.watched["UDPWRAP"], 20)
      Lives.sent(yield* receiver.totals, report, { jaeger: 20, sentry: 20, events: 20 })
    }), 240_000)
})
