import { ErrorTracking, Observability } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { TestErrors, TestTracing } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { failureOf, text } from "./failure.ts"

class ProviderDown extends Data.TaggedError("ProviderDown")<{ readonly message: string }> {}

const quote = DawsOs.withProviderMetrics({ provider: "fmp", endpoint: "/v3/quote/{symbol}" })

const job = Effect.gen(function*() {
  yield* ErrorTracking.addBreadcrumb({ category: "cache", message: "miss" })
  return yield* new ProviderDown({ message: "no answer to Bearer abc.def" }).pipe(quote)
}).pipe(
  ErrorTracking.withUser({ id: "u-17", role: "analyst", email: "ann@example.org" }),
  ErrorTracking.withTags({ pack: "daily" }),
  ErrorTracking.withBoundary("pack build")
)

describe("TestErrors", () => {
  it.effect("keeps the event of a failure as it would be sent", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(5000)
      yield* Effect.exit(job)
      const event = yield* TestErrors.expectEvent({
        type: "ProviderDown",
        message: /^no answer to Bearer \[redacted/i,
        level: "error",
        handled: true,
        operation: "fmp /v3/quote/{symbol}",
        transaction: "pack build",
        fingerprint: ["ProviderDown", "fmp /v3/quote/{symbol}"],
        tags: { pack: "daily" },
        user: { role: "analyst", email: undefined, id: (id) => id !== "u-17" },
        breadcrumbs: (all) => all.some(({ message }) => message === "miss"),
        timestamp: 5000
      })
      const [span] = yield* TestTracing.spans
      assert.deepStrictEqual(event.trace, { traceId: span?.traceId, spanId: span?.spanId })
      assert.deepStrictEqual(yield* TestErrors.events, [event])
      assert.deepInclude((yield* ErrorTracking.ErrorTracking).accounting(), { captured: 1, sent: 1, queued: 0 })
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("keeps messages", () =>
    Effect.gen(function*() {
      yield* ErrorTracking.captureMessage("pricing pack is old", "Warn")
      const event = yield* TestErrors.expectEvent({ message: "pricing pack is old", level: "warning", type: undefined })
      assert.strictEqual(event.message, "pricing pack is old")
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("numbers events in their order", () =>
    Effect.gen(function*() {
      const id = (n: number) => `${n}`.padStart(32, "0")
      assert.deepStrictEqual(yield* ErrorTracking.captureMessage("one"), Option.some(id(1)))
      yield* Effect.exit(job)
      assert.deepStrictEqual((yield* TestErrors.events).map((event) => event.id), [id(1), id(2)])
      assert.deepStrictEqual(yield* ErrorTracking.captureException("three"), Option.some(id(3)))
      assert.deepStrictEqual((yield* TestErrors.events).map((event) => event.id), [id(1), id(2), id(3)])
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("leaves a breadcrumb for a warning that was logged", () =>
    Effect.gen(function*() {
      yield* Effect.logWarning("cache is stale").pipe(
        Effect.andThen(job),
        Effect.exit,
        ErrorTracking.withBoundary("outer")
      )
      yield* Effect.exit(
        Effect.logWarning("about to fail").pipe(
          Effect.andThen(Effect.die(new Error("boom"))),
          ErrorTracking.withBoundary("warned")
        )
      )
      yield* TestErrors.expectEvent({
        transaction: "warned",
        breadcrumbs: [{ category: "log", message: "about to fail", level: "warning" }]
      })
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("sends an e-mail address only where the layer was told to", () =>
    Effect.gen(function*() {
      yield* Effect.exit(job)
      yield* TestErrors.expectEvent({ user: { email: "ann@example.org" } })
    }).pipe(Effect.provide(Observability.layerTest(DawsOs.vocabulary, { sendUserEmail: true }))))

  it.effect("says how the closest event differs", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* failureOf(TestErrors.expectEvent({ type: "Timeout" })),
        "expected an event {\"type\":\"Timeout\"}, but none was captured"
      )
      yield* TestErrors.expectNoEvents
      yield* Effect.exit(Effect.die(new Error("boom")).pipe(ErrorTracking.withBoundary("other job")))
      yield* Effect.exit(job)
      assert.strictEqual(
        yield* failureOf(TestErrors.expectEvent({ type: "ProviderDown", tags: { pack: "weekly" }, level: "fatal" })),
        text(
          "no event is as expected; the closest of 2 differs",
          "✗ tags.pack: expected \"weekly\", was \"daily\"",
          "✗ level: expected \"fatal\", was \"error\"",
          "captured",
          "  Error: \"boom\" in other job [error]",
          "  ProviderDown: \"no answer to Bearer [redacted]\" in fmp /v3/quote/{symbol} [error]"
        )
      )
      assert.include(yield* failureOf(TestErrors.expectNoEvents), "expected no events, but")
      yield* TestErrors.clear
      yield* TestErrors.expectNoEvents
    }).pipe(Effect.provide(DawsOs.layerTest)))
})
