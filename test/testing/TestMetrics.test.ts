import { Catalogue, Metrics, Observability, Observation, Recorder } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { TestMetrics } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { failureOf, text } from "./failure.ts"

const { Label } = Catalogue

const metrics = {
  ordersTotal: Catalogue.counter({
    name: "shop_orders_total",
    help: "Orders placed",
    labels: { channel: Label.oneOf("web", "phone"), by: Label.bounded(3) },
    known: [{ channel: "web", by: "nobody" }]
  }),
  stock: Catalogue.gauge({ name: "shop_stock", help: "Things in stock", labels: { shelf: Label.bounded() } }),
  wait: Catalogue.histogram({
    name: "shop_wait_seconds",
    help: "Time in the queue",
    unit: "seconds",
    buckets: [0.5, 1],
    bucketsReason: "half a second is noticed"
  }),
  restocked: Catalogue.gauge({
    name: "shop_restocked_seconds",
    help: "Time since the last delivery",
    unit: "seconds",
    exposes: "age"
  })
}

const shop = Observability.layerTest({ catalogue: Catalogue.make({ prefix: "shop", metrics }) })

const order = (by: string, amount?: number) =>
  Recorder.record((service) => service.counter(metrics.ordersTotal, { channel: "web", by }).increment(amount))

describe("TestMetrics", () => {
  it.effect("reads counters, which are 0 where they are known and absent where they are not", () =>
    Effect.gen(function*() {
      yield* order("ann")
      yield* order("ann", 2)
      assert.deepStrictEqual(
        yield* TestMetrics.value(metrics.ordersTotal, { channel: "web", by: "ann" }),
        Option.some(3)
      )
      yield* TestMetrics.expectValue(metrics.ordersTotal, { channel: "web", by: "nobody" }, 0)
      yield* TestMetrics.expectAbsent(metrics.ordersTotal, { channel: "phone", by: "ann" })
      assert.isTrue(Option.isNone(yield* TestMetrics.value(metrics.ordersTotal, { channel: "phone", by: "ann" })))
    }).pipe(Effect.provide(shop)))

  it.effect("tells of what the layer kept out of the program, which may be why nothing was recorded", () =>
    Effect.gen(function*() {
      const placed = Observation.make<string>({
        prefix: "shop",
        span: () => ({ name: "order" }),
        instruments: [Observation.count(metrics.ordersTotal, () => {
          throw new Error("no channel for password=hunter2")
        })]
      })
      yield* placed("ann")(Effect.void)
      const problem = yield* failureOf(
        TestMetrics.expectValue(metrics.ordersTotal, { channel: "web", by: "nobody" }, 1)
      )
      assert.include(problem, "to be 1, was 0")
      assert.include(
        problem,
        "\nthe layer's recorder failed (1 in all), the last time with: no channel for password=[redacted]"
      )
    }).pipe(Effect.provide(shop)))

  it.effect("tells a gauge that was never set from one that is 0", () =>
    Effect.gen(function*() {
      yield* TestMetrics.expectAbsent(metrics.stock, { shelf: "a" })
      assert.strictEqual(
        yield* failureOf(TestMetrics.expectValue(metrics.stock, { shelf: "a" }, 0)),
        text("expected shop_stock{shelf=\"a\"} to be 0, was absent", "there is no series of shop_stock")
      )
      yield* Recorder.record((service) => service.gauge(metrics.stock, { shelf: "a" }).set(0))
      yield* TestMetrics.expectValue(metrics.stock, { shelf: "a" }, 0)
      assert.strictEqual(
        yield* failureOf(TestMetrics.expectAbsent(metrics.stock, { shelf: "a" })),
        "expected shop_stock{shelf=\"a\"} to be absent, was 0"
      )
    }).pipe(Effect.provide(shop)))

  it.effect("reads an age by the test's clock", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(100_000)
      yield* Recorder.record((service) => service.gauge(metrics.restocked, {}).set(100_000))
      yield* TestClock.adjust("90 seconds")
      yield* TestMetrics.expectValue(metrics.restocked, {}, 90)
    }).pipe(Effect.provide(shop)))

  it.effect("reads histograms with their buckets", () =>
    Effect.gen(function*() {
      yield* Recorder.record((service) => {
        const cell = service.histogram(metrics.wait, {})
        cell.observe(0.25)
        cell.observe(0.75)
        cell.observe(4)
      })
      assert.deepStrictEqual(
        yield* TestMetrics.histogram(metrics.wait, {}),
        Option.some({
          count: 3,
          sum: 5,
          buckets: [{ le: 0.5, count: 1 }, { le: 1, count: 2 }, { le: Infinity, count: 3 }]
        })
      )
      yield* TestMetrics.expectHistogram(metrics.wait, {}, { count: 3, sum: (seconds) => seconds < 6 })
      assert.strictEqual(
        yield* failureOf(TestMetrics.expectHistogram(metrics.wait, {}, { count: 2, sum: 5 })),
        text(
          "shop_wait_seconds is not as expected",
          "  count: expected 2, was 3",
          "there is",
          "  shop_wait_seconds_count 3"
        )
      )
    }).pipe(Effect.provide(shop)))

  it.effect("times an observed operation by the test's clock", () =>
    Effect.gen(function*() {
      const quote = { provider: "fmp", endpoint: "/v3/quote/{symbol}" }
      const fiber = yield* Effect.forkChild(Effect.sleep("250 millis").pipe(DawsOs.withProviderMetrics(quote)))
      yield* TestClock.adjust("250 millis")
      yield* Fiber.join(fiber)
      yield* TestMetrics.expectHistogram(DawsOs.metrics.providerRequestDuration, quote, { count: 1, sum: 0.25 })
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("lists the series that exist when a value is another", () =>
    Effect.gen(function*() {
      yield* order("ann", 3)
      assert.strictEqual(
        yield* failureOf(TestMetrics.expectValue(metrics.ordersTotal, { channel: "web", by: "bob" }, 1)),
        text(
          "expected shop_orders_total{channel=\"web\",by=\"bob\"} to be 1, was absent",
          "there is",
          "  shop_orders_total{channel=\"web\",by=\"ann\"} 3",
          "  and 1 series at 0"
        )
      )
      assert.include(
        yield* failureOf(TestMetrics.expectValue(metrics.ordersTotal, { channel: "web", by: "ann" }, 4)),
        "to be 4, was 3"
      )
    }).pipe(Effect.provide(shop)))

  it.effect("finds a label set as it was given, although it is kept scrubbed", () =>
    Effect.gen(function*() {
      yield* order("ann@example.org")
      yield* TestMetrics.expectValue(metrics.ordersTotal, { channel: "web", by: "ann@example.org" }, 1)
      const kept = (yield* Metrics.Metrics).samples().map(({ labels }) => labels["by"])
      assert.notInclude(kept, "ann@example.org")
    }).pipe(Effect.provide(shop)))

  it.effect("reads what lay beyond a bound in the overflow series", () =>
    Effect.gen(function*() {
      for (const by of ["a", "b", "c", "d"]) yield* order(by)
      yield* TestMetrics.expectValue(metrics.ordersTotal, { channel: "web", by: Catalogue.overflowValue }, 2)
    }).pipe(Effect.provide(shop)))

  it.effect("expects a change however the effect ends, and leaves its end as it was", () =>
    Effect.gen(function*() {
      yield* order("ann", 5)
      const labels = { channel: "web", by: "ann" } as const
      assert.strictEqual(yield* TestMetrics.delta(order("ann", 2), metrics.ordersTotal, labels), 2)
      assert.strictEqual(yield* order("ann").pipe(TestMetrics.delta(metrics.ordersTotal, labels)), 1)
      const exit = yield* order("ann").pipe(
        Effect.andThen(Effect.fail("too late")),
        TestMetrics.expectDelta(metrics.ordersTotal, labels, 1),
        Effect.exit
      )
      assert.deepStrictEqual(exit, yield* Effect.exit(Effect.fail("too late")))
      assert.strictEqual(yield* TestMetrics.expectDelta(Effect.succeed("ok"), metrics.stock, { shelf: "a" }, 0), "ok")
      assert.include(
        yield* failureOf(TestMetrics.expectDelta(order("ann"), metrics.ordersTotal, labels, 2)),
        "expected shop_orders_total{channel=\"web\",by=\"ann\"} to change by 2, changed by 1 (the effect ended with Success)"
      )
    }).pipe(Effect.provide(shop)))

  it.effect("counts the observations of a histogram as its change", () =>
    Effect.void.pipe(
      DawsOs.withPatternMetrics({ patternId: "policy_rebalance" }),
      TestMetrics.expectDelta(DawsOs.metrics.patternExecutionDuration, { pattern_id: "policy_rebalance" }, 1),
      Effect.provide(DawsOs.layerTest)
    ))

  it.effect("says so where metrics are off", () =>
    Effect.gen(function*() {
      assert.include(
        yield* failureOf(TestMetrics.expectValue(metrics.stock, { shelf: "a" }, 1)),
        "metrics are off in this layer"
      )
    }).pipe(Effect.provide(Layer.succeed(Metrics.Metrics, Metrics.disabled))))

  it.effect("writes the exposition that a scrape would see", () =>
    Effect.gen(function*() {
      yield* order("ann", 3)
      const text = yield* (yield* Metrics.Metrics).render("prometheus")
      assert.include(text, "shop_orders_total{channel=\"web\",by=\"ann\"} 3")
    }).pipe(Effect.provide(shop)))
})
