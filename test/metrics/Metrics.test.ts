import { Catalogue, Guard, Metrics, Scrubber } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import * as Shop from "./shop.ts"

const { Label } = Catalogue

describe("Metrics", () => {
  it.effect("show known label sets at 0 and gauges not at all until they are set", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")).toEqual({ "channel=web product=tea": 0 })
      expect(Shop.valuesOf(metrics.samples(), "shop_checkout_duration_seconds_count")).toEqual({ "channel=web": 0 })
      expect(Shop.valuesOf(metrics.samples(), "shop_basket_size")).toEqual({})
      metrics.gauge(Shop.basketSize, {})
      expect(Shop.valuesOf(metrics.samples(), "shop_basket_size")).toEqual({})
      metrics.gauge(Shop.basketSize, {}).set(0)
      expect(Shop.valuesOf(metrics.samples(), "shop_basket_size")).toEqual({ "": 0 })
    }))

  it.effect("keep one cell a label set, whoever asks for it", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" }).increment()
      metrics.counter(Shop.ordersTotal, { product: "tea", channel: "web" }).increment(2.5)
      metrics.counter(Shop.ordersTotal, { channel: "phone", product: "tea" }).increment()
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")).toEqual({
        "channel=web product=tea": 3.5,
        "channel=phone product=tea": 1
      })
      const size = metrics.gauge(Shop.basketSize, {})
      size.add(2)
      size.add(-3)
      expect(Shop.valuesOf(metrics.samples(), "shop_basket_size")).toEqual({ "": -1 })
    }))

  it.effect("count a value into the first bucket whose bound it does not pass", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const cell = metrics.histogram(Shop.checkoutDuration, { channel: "web" })
      for (const value of [0, 0.1, 0.100001, 10, 10.5]) cell.observe(value)
      const samples = metrics.samples()
      expect(Shop.valuesOf(samples, "shop_checkout_duration_seconds_bucket")).toEqual({
        "channel=web le=0.1": 2,
        "channel=web le=1.0": 3,
        "channel=web le=10.0": 4,
        "channel=web le=+Inf": 5
      })
      expect(Shop.valuesOf(samples, "shop_checkout_duration_seconds_count")).toEqual({ "channel=web": 5 })
      expect(Shop.valuesOf(samples, "shop_checkout_duration_seconds_sum")["channel=web"]).toBeCloseTo(20.700001, 9)
    }))

  it.effect("expose an age as the seconds since its moment, by the clock of the program", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      yield* TestClock.setTime(1_000_000)
      const age = () => Shop.valuesOf(metrics.samples(), "shop_last_sale_seconds")
      expect(age()).toEqual({})
      metrics.gauge(Shop.lastSale, {}).set(970_000)
      expect(age()).toEqual({ "": 30 })
      yield* TestClock.adjust("90 seconds")
      expect(age()).toEqual({ "": 120 })
      // The clock of whoever marked it ran ahead: it is new, not negative.
      metrics.gauge(Shop.lastSale, {}).set(9_000_000)
      expect(age()).toEqual({ "": 0 })
    }))

  it.effect("refuse what would spoil a series, and count it as a fault of the recorder", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      const before = metrics.samples().filter(({ name }) => name !== "shop_observability_faults_total")
      const bad: ReadonlyArray<unknown> = [NaN, Infinity, -Infinity, "1", null, 1n, {}]
      const counter = metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" })
      const histogram = metrics.histogram(Shop.checkoutDuration, { channel: "web" })
      const gauge = metrics.gauge(Shop.basketSize, {})
      for (const value of bad as ReadonlyArray<number>) {
        counter.increment(value)
        histogram.observe(value)
        gauge.set(value)
        gauge.add(value)
      }
      counter.increment(-1)
      histogram.observe(-0.1)
      expect(guard.faults().get("recorder")).toBe(bad.length * 4 + 2)
      expect(metrics.samples().filter(({ name }) => name !== "shop_observability_faults_total")).toEqual(before)
      expect(Shop.valuesOf(metrics.samples(), "shop_observability_faults_total")["hook=recorder"]).toBe(30)
      expect(String(guard.last("recorder"))).toContain("shop_checkout_duration_seconds")
    }))

  it.effect("say in a fault what was wrong with a number, and nothing of what was none", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      const counter = metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" })
      counter.increment(-2)
      expect(String(guard.last("recorder"))).toContain("shop_orders_total: a counter was incremented by -2")
      counter.increment("hunter2" as unknown as number)
      expect(String(guard.last("recorder"))).toContain("incremented by a string")
      expect(String(guard.last("recorder"))).not.toContain("hunter2")
    }))

  it.effect("are of one kind: a definition that is recorded as another one keeps nothing and harms nobody", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const before = metrics.samples()
      metrics.gauge(Shop.ordersTotal as never, { channel: "web", product: "tea" } as never).set(1)
      metrics.histogram(Shop.ordersTotal as never, { channel: "web", product: "tea" } as never).observe(1)
      metrics.counter(Shop.stock as never, { product: "tea" } as never).increment()
      expect(metrics.samples()).toEqual(before)
    }))

  it.effect("stay finite when sums grow beyond all numbers", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      const counter = metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" })
      counter.increment(Number.MAX_VALUE)
      counter.increment(Number.MAX_VALUE)
      const histogram = metrics.histogram(Shop.checkoutDuration, { channel: "web" })
      histogram.observe(Number.MAX_VALUE)
      histogram.observe(Number.MAX_VALUE)
      expect(guard.faults().get("recorder")).toBe(2)
      expect(Shop.valuesOf(metrics.samples(), "shop_checkout_duration_seconds_count")).toEqual({ "channel=web": 1 })
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")["channel=web product=tea"]).toBe(Number.MAX_VALUE)
    }))

  it.effect("refuse label sets that are not the metric's, without telling their values", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      const wrong: ReadonlyArray<unknown> = [
        { channel: "s3cret", product: "tea" },
        { channel: "web" },
        { channel: "web", product: 7 },
        {},
        undefined,
        {
          get channel() {
            throw new Error("no")
          }
        }
      ]
      for (const labels of wrong) metrics.counter(Shop.ordersTotal, labels as never).increment()
      expect(guard.faults().get("recorder")).toBe(wrong.length)
      expect(String(guard.last("recorder"))).not.toContain("s3cret")
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")).toEqual({ "channel=web product=tea": 0 })
    }))

  it.effect("make late label sets known at 0", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" }).increment()
      metrics.declare(Shop.ordersTotal, [{ channel: "web", product: "tea" }, { channel: "phone", product: "cake" }])
      metrics.declare(Shop.checkoutDuration, [{ channel: "phone" }])
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")).toEqual({
        "channel=web product=tea": 1,
        "channel=phone product=cake": 0
      })
      expect(Shop.valuesOf(metrics.samples(), "shop_checkout_duration_seconds_sum")).toEqual({
        "channel=web": 0,
        "channel=phone": 0
      })
    }))

  it.effect("take in a metric that the catalogue does not have, unless its name is taken", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      const extra = Catalogue.counter({ name: "shop_extra_total", help: "h", labels: { a: Label.bounded() } })
      metrics.counter(extra, { a: "x" }).increment()
      expect(Shop.valuesOf(metrics.samples(), "shop_extra_total")).toEqual({ "a=x": 1 })
      expect(guard.faults().get("recorder")).toBe(0)

      const rival = Catalogue.gauge({ name: "shop_checkout_duration_seconds_sum", help: "h" })
      metrics.gauge(rival, {}).set(7)
      metrics.gauge(rival, {}).set(8)
      expect(Shop.valuesOf(metrics.samples(), "shop_checkout_duration_seconds_sum")).toEqual({ "channel=web": 0 })
      expect(Shop.valuesOf(metrics.samples(), "shop_observability_name_clashes_total")["source=definition"]).toBe(1)
      expect(guard.faults().get("recorder")).toBe(2)
    }))

  it.effect("know a definition again that was made twice", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const again = Catalogue.gauge({ name: "shop_stock", help: "h", labels: { product: Label.bounded(3) } })
      metrics.gauge(Shop.stock, { product: "tea" }).set(1)
      metrics.gauge(again, { product: "tea" }).add(1)
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({ "product=tea": 2 })
    }))

  it.effect("of two layers share nothing", () =>
    Effect.gen(function*() {
      const one = yield* Shop.make()
      const other = yield* Shop.make()
      one.metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" }).increment()
      expect(Shop.valuesOf(other.metrics.samples(), "shop_orders_total")).toEqual({ "channel=web product=tea": 0 })
    }))

  it("that are disabled keep nothing and refuse nothing", () => {
    const { disabled } = Metrics
    disabled.counter(Shop.ordersTotal, { channel: "web", product: "tea" }).increment(NaN)
    disabled.gauge(Shop.basketSize, {}).set(1)
    disabled.histogram(Shop.checkoutDuration, { channel: "web" }).observe(-1)
    disabled.declare(Shop.ordersTotal, [{ channel: "phone", product: "tea" }])
    expect(disabled.samples()).toEqual([])
  })
})

describe("Collectors", () => {
  it.effect("are asked at each reading, for the life of their scope", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const scope = yield* Scope.make()
      let tea = 3
      yield* metrics.collect({
        definition: Shop.stock,
        collect: () => [{ labels: { product: "tea" }, value: tea }]
      }).pipe(Scope.provide(scope))
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({ "product=tea": 3 })
      tea = 4
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({ "product=tea": 4 })
      yield* Scope.close(scope, Exit.void)
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({})
    }))

  it.effect("show a count for as long as they tell it, and cost a label set that is none only that", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      const scope = yield* Scope.make()
      yield* metrics.collect({
        definition: Shop.ordersTotal,
        collect: () => [
          { labels: { channel: "fax", product: "tea" }, value: 1 },
          { labels: { channel: "phone", product: "tea" }, value: 2 }
        ]
      }).pipe(Scope.provide(scope))
      const orders = () => Shop.valuesOf(metrics.samples(), "shop_orders_total")
      expect(orders()).toEqual({ "channel=web product=tea": 0, "channel=phone product=tea": 2 })
      expect(guard.faults().get("recorder")).toBe(1)
      yield* Scope.close(scope, Exit.void)
      expect(orders()).toEqual({ "channel=web product=tea": 0 })
    }))

  it.effect("of one metric add up; a collected state beats a recorded one, counts add to recorded counts", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      metrics.gauge(Shop.stock, { product: "tea" }).set(100)
      metrics.gauge(Shop.stock, { product: "cake" }).set(5)
      metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" }).increment(10)
      for (const value of [1, 2]) {
        yield* metrics.collect({ definition: Shop.stock, collect: () => [{ labels: { product: "tea" }, value }] })
        yield* metrics.collect({
          definition: Shop.ordersTotal,
          collect: () => [{ labels: { channel: "web", product: "tea" }, value }]
        })
      }
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({ "product=tea": 3, "product=cake": 5 })
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")).toEqual({ "channel=web product=tea": 13 })
    }))

  it.effect("of moments tell the latest one, and may be classes", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      yield* TestClock.setTime(10_000)
      class Sale implements Metrics.Collector {
        readonly definition = Shop.lastSale
        readonly at: number
        constructor(at: number) {
          this.at = at
        }
        collect() {
          return [{ labels: {}, value: this.at }]
        }
      }
      const early = new Sale(3_000)
      const scope = yield* Scope.make()
      for (const sale of [early, early, new Sale(8_000)]) yield* metrics.collect(sale).pipe(Scope.provide(scope))
      expect(Shop.valuesOf(metrics.samples(), "shop_last_sale_seconds")).toEqual({ "": 2 })
      yield* Scope.close(scope, Exit.void)
      expect(Shop.valuesOf(metrics.samples(), "shop_last_sale_seconds")).toEqual({})
    }))

  it.effect("that throw, lie or never end cost their own metric only, and are counted", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      metrics.gauge(Shop.basketSize, {}).set(1)
      const faulty: ReadonlyArray<Metrics.Collector["collect"]> = [
        () => {
          throw new Error("no")
        },
        function*() {
          yield { labels: { product: "tea" }, value: 1 }
          throw new Error("half-way")
        },
        () => [{ labels: { product: "tea" }, value: NaN }],
        function*() {
          for (;;) yield { labels: { product: "tea" }, value: 1 }
        }
      ]
      for (const collect of faulty) {
        const scope = yield* Scope.make()
        yield* metrics.collect({ definition: Shop.stock, collect }).pipe(Scope.provide(scope))
        const samples = metrics.samples()
        expect(Shop.valuesOf(samples, "shop_stock")).toEqual({})
        expect(Shop.valuesOf(samples, "shop_basket_size")).toEqual({ "": 1 })
        yield* Scope.close(scope, Exit.void)
      }
      yield* metrics.collect({
        definition: Shop.ordersTotal,
        collect: () => [{ labels: { channel: "web", product: "tea" }, value: -1 }]
      })
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")).toEqual({})
      expect(guard.faults().get("collect")).toBe(faulty.length + 1)
      expect(Shop.valuesOf(metrics.samples(), "shop_observability_scrape_errors_total")).toEqual({
        "metric=shop_stock": faulty.length,
        "metric=shop_orders_total": 2
      })
    }))
})

describe("Bounded labels", () => {
  const overflow = (metrics: Metrics.Service) =>
    Shop.valuesOf(metrics.samples(), "shop_observability_label_overflow_total")

  it.effect("fall into __overflow__ past their bound, each record counted", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const order = (product: string) => metrics.counter(Shop.ordersTotal, { channel: "web", product })
      expect(overflow(metrics)["metric=shop_orders_total label=product"]).toBe(0)
      for (const product of ["tea", "cake", "milk", "jam", "bread", "tea"]) order(product).increment()
      const bound = order("salt")
      bound.increment()
      bound.increment()
      bound.increment(-1)
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")).toEqual({
        "channel=web product=tea": 2,
        "channel=web product=cake": 1,
        "channel=web product=milk": 1,
        "channel=web product=__overflow__": 4
      })
      expect(overflow(metrics)).toMatchObject({
        "metric=shop_orders_total label=product": 4,
        "metric=shop_stock label=product": 0
      })
    }))

  it.effect("are counted in what a gauge overflows too, and known at 0 of metrics that come later", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      for (const product of ["tea", "cake", "milk"]) metrics.gauge(Shop.stock, { product }).set(1)
      const salt = metrics.gauge(Shop.stock, { product: "salt" })
      salt.set(4)
      salt.add(-1)
      salt.set(NaN)
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")["product=__overflow__"]).toBe(3)
      expect(overflow(metrics)["metric=shop_stock label=product"]).toBe(2)
      const later = Catalogue.gauge({
        name: "shop_later",
        help: "Later",
        labels: { product: Catalogue.Label.bounded() }
      })
      metrics.gauge(later, { product: "tea" }).set(1)
      expect(overflow(metrics)["metric=shop_later label=product"]).toBe(0)
    }))

  it.effect("hold values that are too long to be a label there too", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      metrics.gauge(Shop.stock, { product: "x".repeat(1_000_000) }).set(1)
      metrics.gauge(Shop.stock, { product: "x".repeat(256) }).set(2)
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({
        "product=__overflow__": 1,
        [`product=${"x".repeat(256)}`]: 2
      })
      expect(overflow(metrics)["metric=shop_stock label=product"]).toBe(1)
    }))

  it.effect("pass the scrubber once, and values that it makes equal are one", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const { metrics } = yield* Shop.make({
        scrubber: Shop.scrubbing((text) => {
          seen.push(text)
          return text.replace(/\S+@\S+/, "[email]")
        })
      })
      seen.length = 0
      for (const product of ["a@x.org", "b@x.org", "a@x.org", "plain", "plain"]) {
        metrics.gauge(Shop.stock, { product }).add(1)
      }
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({ "product=[email]": 3, "product=plain": 2 })
      expect(seen.filter((text) => text.includes("@") || text === "plain")).toEqual(["a@x.org", "b@x.org", "plain"])
    }))

  it.effect("are judged by the name of their label, each value for itself", () =>
    Effect.gen(function*() {
      const scrubber = Scrubber.make()
      const { metrics } = yield* Shop.make({ scrubber })
      const opened = Catalogue.counter({
        name: "shop_opened_total",
        help: "h",
        labels: { portfolio_id: Catalogue.Label.bounded(), password: Catalogue.Label.bounded() }
      })
      const labels = { portfolio_id: "growth", password: "growth" }
      metrics.counter(opened, labels).increment()
      metrics.counter(opened, { portfolio_id: "value", password: "value" }).increment()
      expect(Shop.valuesOf(metrics.samples(), "shop_opened_total")).toEqual({
        [`portfolio_id=${scrubber.pseudonym("growth")} password=[redacted]`]: 1,
        [`portfolio_id=${scrubber.pseudonym("value")} password=[redacted]`]: 1
      })
    }))

  it.effect("whose scrubber throws show nothing of the value", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make({
        scrubber: Shop.scrubbing(() => {
          throw new Error("no")
        })
      })
      const before = guard.faults().get("scrubber") ?? 0
      metrics.gauge(Shop.stock, { product: "secret" }).set(1)
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({ "product=__overflow__": 1 })
      expect(guard.faults().get("scrubber")).toBeGreaterThan(before)
    }))

  it.effect("never give a metric more series than 2,000 and one for each combination of the other labels", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const wide = Catalogue.counter({
        name: "shop_wide_total",
        help: "h",
        labels: { a: Label.bounded(100), b: Label.bounded(100), c: Label.oneOf("x", "y") }
      })
      for (let a = 0; a < 100; a++) {
        for (let b = 0; b < 100; b++) {
          for (const c of ["x", "y"] as const) metrics.counter(wide, { a: `${a}`, b: `${b}`, c }).increment()
        }
      }
      const values = Shop.valuesOf(metrics.samples(), "shop_wide_total")
      expect(Object.keys(values)).toHaveLength(Catalogue.maxSeriesPerMetric + 2)
      expect(Object.values(values).reduce((sum, value) => sum + value, 0)).toBe(20_000)
      expect(values["a=__overflow__ b=__overflow__ c=x"]).toBe(9_000)
      expect(overflow(metrics)["metric=shop_wide_total label=__series__"]).toBe(18_000)
    }))

  it.effect("account for every record, whatever the values", () =>
    Effect.gen(function*() {
      const value = FastCheck.oneof(FastCheck.string(), FastCheck.constantFrom("a", "b", "c", "__overflow__", ""))
      const records = FastCheck.array(
        FastCheck.record({ channel: FastCheck.constantFrom("web", "phone"), product: value })
      )
      yield* Effect.promise(() =>
        FastCheck.assert(FastCheck.asyncProperty(records, async (records) => {
          const { metrics } = await Effect.runPromise(Shop.make())
          const expected = new Map<string, number>()
          const distinct = new Set(["tea"])
          let beyond = 0
          for (const { channel, product } of records) {
            const taken = product !== "__overflow__" && (distinct.has(product) || distinct.size < 3)
            if (taken) distinct.add(product)
            else beyond++
            const key = JSON.stringify([channel, taken ? product : "__overflow__"])
            expected.set(key, (expected.get(key) ?? 0) + 1)
            metrics.counter(Shop.ordersTotal, { channel: channel as "web", product }).increment()
          }
          const actual = metrics.samples().filter(({ name, value }) => name === "shop_orders_total" && value > 0)
          expect(new Map(actual.map(({ labels, value }) => [JSON.stringify([labels.channel, labels.product]), value])))
            .toEqual(expected)
          expect(overflow(metrics)["metric=shop_orders_total label=product"]).toBe(beyond)
        }))
      )
    }))
})

describe("A guard", () => {
  it.effect("that the layer does not name is the one of the fiber", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const metrics = yield* MetricsMemory.make({ catalogue: Shop.catalogue, scrubber: Shop.scrubber }).pipe(
        Effect.provideService(Guard.CurrentGuard, guard)
      )
      metrics.gauge(Shop.basketSize, {}).set(NaN)
      expect(guard.faults().get("recorder")).toBe(1)
    }))
})
