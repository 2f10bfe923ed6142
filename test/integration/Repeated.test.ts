import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Child from "./Child.ts"
import * as Harness from "./Harness.ts"

interface State {
  readonly resources: ReadonlyArray<string>
  readonly listeners: ReadonlyArray<string>
}

describe("a layer that is built, used and closed twenty times", () => {
  it.live("leaves no handle, timer or listener, and the process ends by itself", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const { code, stderr, stdout } = yield* Child.run("repeated.ts", Harness.environment(receiver), ["20"])
      assert.strictEqual(code, 0, stderr)
      const report = JSON.parse(stdout.slice("report: ".length)) as Record<"untouched" | "before" | "after", State>
      assert.deepStrictEqual(report.after, report.before)
      assert.deepStrictEqual(report.after.listeners, report.untouched.listeners)
      assert.deepStrictEqual(report.after.resources, report.untouched.resources)
      assert.strictEqual((yield* receiver.totals).events, 20)
      assert.strictEqual((yield* receiver.totals).spansOf.otlp, 40)
    }), 60_000)
})
