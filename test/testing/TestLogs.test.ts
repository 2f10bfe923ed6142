import * as DawsOs from "@dawsos/observability/dawsos"
import { TestLogs, TestTracing } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as TestConsole from "effect/testing/TestConsole"
import { failureOf, text } from "./failure.ts"

const withLayer = Effect.provide(DawsOs.layerTest)

describe("TestLogs", () => {
  it.effect("keeps lines with their trace, scrubbed, and writes none", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1000)
      yield* Effect.logWarning("token for ann@example.org is stale", { attempt: 2 }).pipe(
        Effect.annotateLogs({ password: "hunter2", pack: "daily" }),
        Effect.withSpan("refresh")
      )
      const [span] = yield* TestTracing.spans
      const line = yield* TestLogs.expectLine({
        level: "Warn",
        message: /^token for .* is stale$/,
        timestamp: "1970-01-01T00:00:01.000Z",
        trace_id: span?.traceId ?? "",
        span_id: span?.spanId ?? "",
        service: "test",
        annotations: { pack: "daily", password: (value) => value !== "hunter2" },
        values: [{ attempt: 2 }]
      })
      assert.notInclude(JSON.stringify(line), "ann@example.org")
      assert.deepStrictEqual(yield* TestConsole.logLines, [])
      assert.deepStrictEqual(span?.events, [])
    }).pipe(withLayer))

  it.effect("says how the closest line differs", () =>
    Effect.gen(function*() {
      assert.include(yield* failureOf(TestLogs.expectLine({ level: "Warn" })), "but none was logged")
      yield* TestLogs.expectNoLine()
      yield* Effect.logInfo("one")
      yield* Effect.logError("two").pipe(Effect.annotateLogs({ pack: "daily" }))
      assert.strictEqual(
        yield* failureOf(TestLogs.expectLine({ message: "two", level: "Warn" })),
        text(
          "no line is as expected; the closest of 2 differs",
          "✗ level: expected \"Warn\", was \"Error\"",
          "logged",
          "  Info \"one\"",
          "  Error \"two\" {\"pack\":\"daily\"}"
        )
      )
      yield* TestLogs.expectNoLine({ level: "Fatal" })
      assert.include(yield* failureOf(TestLogs.expectNoLine({ level: "Info" })), "  Info \"one\"")
      yield* TestLogs.clear
      assert.deepStrictEqual(yield* TestLogs.lines, [])
    }).pipe(withLayer))
})
