/** What every implementation of the `Metrics` service does: the one that is served, and the one of the test layer. */
import { Guard, Metrics } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as MetricsLive from "../../src/metrics/MetricsLive.ts"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import { parse } from "../support/ExpositionText.ts"
import * as Shop from "./shop.ts"

type Subject = (guard: Guard.Guard) => Layer.Layer<Metrics.Metrics, unknown>

const subjects: Readonly<Record<string, Subject>> = {
  live: (guard) =>
    MetricsLive.layer({
      catalogue: Shop.catalogue,
      scrubber: Shop.scrubber,
      guard,
      config: { host: "127.0.0.1", port: 0, token: Option.none() }
    }),
  memory: (guard) => MetricsMemory.layer({ catalogue: Shop.catalogue, scrubber: Shop.scrubber, guard })
}

for (const [name, subject] of Object.entries(subjects)) {
  describe(`Metrics (${name})`, () => {
    const scenario = (
      what: string,
      body: (metrics: Metrics.Service, guard: Guard.Guard) => Effect.Effect<void, unknown, Scope.Scope>
    ) =>
      it.effect(what, () => {
        const guard = Guard.make()
        return Effect.flatMap(Metrics.Metrics, (metrics) => body(metrics, guard)).pipe(
          Effect.provide(subject(guard)),
          Effect.provideService(Metric.MetricRegistry, new Map())
        )
      })

    /** The value of a sample, the same in both formats and among the samples. */
    const value = (metrics: Metrics.Service, sample: string, labels: Readonly<Record<string, string>> = {}) =>
      Effect.gen(function*() {
        const texts = yield* Effect.all([metrics.render("prometheus"), metrics.render("openmetrics")])
        const [text, open] = [parse(texts[0], "prometheus"), parse(texts[1], "openmetrics")]
        const found = metrics.samples().find((one) =>
          one.name === sample && JSON.stringify(one.labels) === JSON.stringify(labels)
        )
        expect([text.value(sample, labels), open.value(sample, labels)]).toEqual([found?.value, found?.value])
        return found?.value
      })

    scenario("says the same in both formats and to a test", (metrics) =>
      Effect.gen(function*() {
        const tea = { channel: "web", product: "tea" } as const
        expect(yield* value(metrics, "shop_orders_total", tea)).toBe(0)
        metrics.counter(Shop.ordersTotal, tea).increment(2)
        expect(yield* value(metrics, "shop_orders_total", tea)).toBe(2)
        metrics.histogram(Shop.checkoutDuration, { channel: "web" }).observe(3)
        expect(yield* value(metrics, "shop_checkout_duration_seconds_bucket", { channel: "web", le: "10.0" })).toBe(1)
        expect(yield* value(metrics, "shop_checkout_duration_seconds_sum", { channel: "web" })).toBe(3)
        expect(yield* value(metrics, "shop_basket_size")).toBeUndefined()
        metrics.gauge(Shop.basketSize, {}).add(-1)
        expect(yield* value(metrics, "shop_basket_size")).toBe(-1)
      }))

    scenario("tells ages by the clock of the program", (metrics) =>
      Effect.gen(function*() {
        metrics.gauge(Shop.lastSale, {}).set(0)
        yield* TestClock.adjust("1 minute")
        expect(yield* value(metrics, "shop_last_sale_seconds")).toBe(60)
      }))

    scenario("asks a collector for the life of its scope", (metrics) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* metrics.collect({ definition: Shop.stock, collect: () => [{ labels: { product: "tea" }, value: 7 }] })
          .pipe(
            Scope.provide(scope)
          )
        expect(yield* value(metrics, "shop_stock", { product: "tea" })).toBe(7)
        yield* Scope.close(scope, Exit.void)
        expect(yield* value(metrics, "shop_stock", { product: "tea" })).toBeUndefined()
      }))

    scenario("bounds labels, and counts what lies beyond", (metrics) =>
      Effect.gen(function*() {
        for (let index = 0; index < 10; index++) metrics.gauge(Shop.stock, { product: `${index}` }).set(1)
        const overflow = { metric: "shop_stock", label: "product" }
        expect(yield* value(metrics, "shop_stock", { product: "__overflow__" })).toBe(1)
        expect(yield* value(metrics, "shop_observability_label_overflow_total", overflow)).toBe(7)
      }))

    scenario("refuses what is no value, and counts it", (metrics, guard) =>
      Effect.gen(function*() {
        metrics.gauge(Shop.basketSize, {}).set(NaN)
        metrics.histogram(Shop.checkoutDuration, { channel: "web" }).observe(-1)
        expect(guard.faults().get("recorder")).toBe(2)
        expect(yield* value(metrics, "shop_observability_faults_total", { hook: "recorder" })).toBe(2)
      }))

    scenario("shows Effect's own metrics", (metrics) =>
      Effect.gen(function*() {
        yield* Metric.update(Metric.gauge("mine"), 3)
        expect(parse(yield* metrics.render("openmetrics"), "openmetrics").value("mine")).toBe(3)
      }))
  })
}
