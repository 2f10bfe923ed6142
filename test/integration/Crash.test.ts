import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"
import * as Child from "./Child.ts"
import * as Harness from "./Harness.ts"

// For a process to start on a busy machine, and for what it waits for.
const timeout = 30_000

const environment = (receiver: Receiver.Shape) => ({
  ...Harness.environment(receiver),
  SENTRY_TRACES_SAMPLE_RATE: "0"
})

describe("a program that crashes", () => {
  it.live(
    "sends its events, and the spans that have ended, which these name; and tells its books last",
    () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const { code, stderr } = yield* Child.run("crash.ts", environment(receiver))
        assert.strictEqual(code, 1)
        const spans = yield* receiver.spans
        assert.deepStrictEqual(spans.map(({ name }) => name), ["prices.load"])
        const events = yield* receiver.events
        assert.sameMembers(events.map(({ payload }) => payload["level"]), ["error", "fatal"])
        const failed = events.find(({ payload }) => payload["level"] === "error")
        assert.strictEqual(failed?.traceId, spans[0]?.traceId)
        assert.match(stderr, /^Uncaught Error: out of the blue\n/)
        assert.strictEqual(
          stderr.trimEnd().split("\n").at(-1),
          "events: captured 2, sent 2, dropped 0, queued 0; spans: started 2, open 1, unsampled 0, ended 1;" +
            " otlp: exported 1, dropped 0, not selected 0, queued 0, in flight 0"
        )
      }),
    timeout
  )

  it.live("ends all the same when nobody answers, and says what was on its way", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      for (const signal of ["otlp", "sentry"] as const) yield* receiver.respond(signal, Reply.hang())
      const { code, stderr } = yield* Child.run("crash.ts", environment(receiver))
      assert.strictEqual(code, 1)
      const last = stderr.trimEnd().split("\n").at(-1)
      assert.include(last, "events: captured 2, sent 0, dropped 0, queued 2;")
      assert.include(last, "otlp: exported 0, dropped 0, not selected 0, queued 0, in flight 1")
    }), timeout)
})
