// What a collector may do to a scrape: nothing but leave out its own series.
import { Guard, type Metrics } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { afterEach, vi } from "vitest"
import * as Exposition from "../../src/metrics/Exposition.ts"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import { type Exposition as Read, parse } from "../support/ExpositionText.ts"
import * as NamingTracer from "../support/NamingTracer.ts"
import * as Shop from "./shop.ts"

const tea = { product: "tea" }

const scraped = (metrics: Metrics.Service, format: Metrics.Format = "prometheus") =>
  Effect.map(metrics.render(format), (text) => parse(text, format))

/** Runs scrapes during which time passes as soon as a collector has been asked. */
const during = <A>(scrapes: Effect.Effect<A>, asked: Latch.Latch, time: Duration.Input) =>
  Effect.gen(function*() {
    const running = yield* Effect.forkChild(scrapes)
    yield* asked.await
    yield* Effect.yieldNow
    yield* TestClock.adjust(time)
    return yield* Fiber.join(running)
  })

/** A clock that goes on by itself, and faster where it is told so; put back after the test. */
const passing = () => {
  vi.restoreAllMocks()
  const now = performance.now.bind(performance)
  let passed = 0
  vi.spyOn(performance, "now").mockImplementation(() => now() + passed)
  return { pass: (milliseconds: number) => void (passed += milliseconds) }
}

afterEach(() => vi.restoreAllMocks())

const failedScrapes = (read: Read) => read.value("shop_observability_scrape_errors_total", { metric: "shop_stock" })

describe("A collector", () => {
  it.effect("may take its time, and both formats at once share its answer", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const asked = yield* Latch.make()
      let answers = 0
      const collect = Effect.andThen(
        asked.open,
        Effect.delay(Effect.sync(() => [{ labels: tea, value: ++answers }]), "500 millis")
      )
      yield* metrics.collect({ definition: Shop.stock, collect })
      const both = Effect.all([scraped(metrics), scraped(metrics, "openmetrics")], { concurrency: 2 })
      for (const read of yield* during(both, asked, "500 millis")) expect(read.value("shop_stock", tea)).toBe(1)
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({})
      expect(answers).toBe(1)
    }))

  it.effect("tells of the same moment as all others that answer at once, however long the writing takes", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      let spans = 0
      const goesOn = () => {
        queueMicrotask(() => void spans++)
        return spans
      }
      yield* metrics.collect({ definition: Shop.basketSize, collect: () => [{ labels: {}, value: goesOn() }] })
      yield* metrics.collect({ definition: Shop.stock, collect: () => [{ labels: tea, value: goesOn() }] })
      for (let scrape = 0; scrape < 3; scrape++) {
        const read = yield* scraped(metrics)
        expect(read.value("shop_stock", tea)).toBe(read.value("shop_basket_size"))
      }
      expect(spans).toBeGreaterThan(0)
    }))

  it.effect("that hangs costs its own series only, is counted, and is not started again until it is done", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      metrics.gauge(Shop.basketSize, {}).set(1)
      const answer = yield* Deferred.make<ReadonlyArray<Metrics.CollectedValue>>()
      const asked = yield* Latch.make()
      let started = 0
      yield* metrics.collect({
        definition: Shop.stock,
        collect: Effect.suspend(() => {
          started++
          return Effect.andThen(asked.open, Deferred.await(answer))
        })
      })
      const first = yield* during(scraped(metrics), asked, "1 second")
      expect([first.value("shop_basket_size"), first.families.has("shop_stock")]).toEqual([1, false])
      // No second of waiting any more: the clock stands still.
      for (const format of ["prometheus", "openmetrics", "prometheus"] as const) {
        const read = yield* scraped(metrics, format)
        expect([read.value("shop_basket_size"), read.families.has("shop_stock")]).toEqual([1, false])
      }
      expect([started, guard.faults().get("collect")]).toEqual([1, 4])
      yield* Deferred.succeed(answer, [{ labels: tea, value: 7 }])
      const after = yield* scraped(metrics)
      expect([after.value("shop_stock", tea), started, failedScrapes(after)]).toEqual([7, 2, 4])
    }))

  it.effect("that hangs is let go when its scope closes, which does not wait for it", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const scope = yield* Scope.make()
      const asked = yield* Latch.make()
      let interrupted = false
      const collect = Effect.onInterrupt(Effect.andThen(asked.open, Effect.never), () =>
        Effect.sync(() => {
          interrupted = true
        }))
      yield* metrics.collect({ definition: Shop.stock, collect }).pipe(Scope.provide(scope))
      yield* metrics.collect({ definition: Shop.lastSale, collect: Effect.uninterruptible(Effect.never) }).pipe(
        Scope.provide(scope)
      )
      yield* during(scraped(metrics), asked, "1 second")
      yield* Scope.close(scope, Exit.void)
      expect(interrupted).toBe(true)
      expect(failedScrapes(yield* scraped(metrics))).toBe(1)
    }))

  it.effect("that answers with garbage costs its own series only, and is counted", () =>
    Effect.gen(function*() {
      const garbage: ReadonlyArray<() => unknown> = [
        ...[undefined, null, 7, {}, "tea", [null], [undefined], ["tea"], [{}]].map((told) => () => told),
        () => [{ labels: null, value: 1 }],
        () => [{ labels: tea, value: "1" }],
        () => [{ labels: tea, value: 1n }],
        () => [{ labels: tea, value: Infinity }],
        () => new Map([["tea", 1]]),
        () => ({ [Symbol.iterator]: 7 }),
        () => ({ [Symbol.iterator]: () => ({ next: () => undefined }) }),
        () => Promise.resolve([{ labels: tea, value: 1 }]),
        () => Promise.reject(new Error("the store burnt down")),
        () => {
          const no = () => {
            throw new Error("no")
          }
          return new Proxy([], { get: no, has: no })
        }
      ]
      for (const told of garbage) {
        for (const collect of [told, Effect.sync(told)]) {
          const { guard, metrics } = yield* Shop.make()
          metrics.gauge(Shop.basketSize, {}).set(1)
          const collector = { definition: Shop.stock, collect } as Metrics.Collector
          yield* metrics.collect(collector)
          const read = yield* scraped(metrics)
          expect([read.value("shop_basket_size"), read.families.has("shop_stock")]).toEqual([1, false])
          expect(guard.faults().get("collect")).toBe(1)
        }
      }
    }))

  const faulty: ReadonlyArray<Metrics.Collector["collect"]> = [
    () => {
      throw new Error("no")
    },
    Effect.fail("no"),
    // What it told before the garbage is not believed either.
    () => [{ labels: tea, value: 100 }, { labels: tea, value: NaN }]
  ]

  it.effect("that fails takes nothing from what others tell of the same gauge, and is counted", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      metrics.gauge(Shop.stock, { product: "salt" }).set(3)
      const value = { labels: tea, value: 2 }
      yield* metrics.collect({ definition: Shop.stock, collect: () => [value] })
      for (const collect of faulty) yield* metrics.collect({ definition: Shop.stock, collect })
      yield* metrics.collect({ definition: Shop.stock, collect: Effect.succeed([value]) })
      const read = yield* scraped(metrics)
      expect([read.value("shop_stock", tea), read.value("shop_stock", { product: "salt" })]).toEqual([4, 3])
      expect([failedScrapes(read), guard.faults().get("collect")]).toEqual([faulty.length, faulty.length])
      // Only the collectors that answer at once.
      expect(Shop.valuesOf(metrics.samples(), "shop_stock")).toEqual({ "product=tea": 2, "product=salt": 3 })
    }))

  it.effect("that fails takes its counter from the scrape, whose sums would seem to fall without it", () =>
    Effect.gen(function*() {
      for (const collect of [...faulty, () => [{ labels: { channel: "web", ...tea }, value: -1 }]]) {
        const { guard, metrics } = yield* Shop.make()
        const value = { labels: { channel: "web", ...tea }, value: 2 }
        metrics.counter(Shop.ordersTotal, { channel: "phone", product: "tea" }).increment()
        yield* metrics.collect({ definition: Shop.ordersTotal, collect: () => [value] })
        expect((yield* scraped(metrics)).value("shop_orders_total", value.labels)).toBe(2)
        yield* Effect.scoped(Effect.gen(function*() {
          yield* metrics.collect({ definition: Shop.ordersTotal, collect })
          expect((yield* scraped(metrics)).families.has("shop_orders_total")).toBe(false)
        }))
        const after = yield* scraped(metrics)
        expect(after.value("shop_orders_total", value.labels)).toBe(2)
        expect(after.value("shop_observability_scrape_errors_total", { metric: "shop_orders_total" })).toBe(1)
        expect(guard.faults().get("collect")).toBe(1)
      }
    }))

  it.effect("that is none at all harms nobody", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      metrics.gauge(Shop.basketSize, {}).set(1)
      const none: ReadonlyArray<unknown> = [
        { definition: Shop.stock },
        { definition: Shop.stock, collect: "no" },
        { definition: Shop.stock, collect: Effect.fail("no") },
        { definition: Shop.stock, collect: Effect.die("no") },
        { definition: Shop.stock, collect: Effect.interrupt }
      ]
      for (const [index, collector] of none.entries()) {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* metrics.collect(collector as Metrics.Collector)
          const read = yield* scraped(metrics)
          expect([read.value("shop_basket_size"), failedScrapes(read)]).toEqual([1, index + 1])
        }))
      }
      yield* metrics.collect(undefined as unknown as Metrics.Collector)
      expect([guard.faults().get("collect"), guard.faults().get("recorder")]).toEqual([none.length, 1])
    }))

  it.effect("that tells a million values costs its own series only, and is not read to its end", () =>
    Effect.gen(function*() {
      let told = 0
      const million = function*(): Iterable<Metrics.CollectedValue> {
        for (let index = 0; index < 1_000_000; index++) {
          told++
          yield { labels: { product: `p${index}` }, value: 1 }
        }
      }
      for (const collect of [million, Effect.sync(million)]) {
        told = 0
        const { guard, metrics } = yield* Shop.make()
        yield* metrics.collect({ definition: Shop.stock, collect })
        const read = yield* scraped(metrics)
        expect([read.families.has("shop_stock"), guard.faults().get("collect"), told]).toEqual([false, 1, 10_001])
      }
    }))

  it.effect("whose values come slowly is not waited for to its end", () =>
    Effect.gen(function*() {
      let told = 0
      const { metrics } = yield* Shop.make()
      yield* metrics.collect({
        definition: Shop.stock,
        collect: function*() {
          for (let value = 0; value < 200; value++) {
            const until = performance.now() + 20
            while (performance.now() < until);
            told++
            yield { labels: tea, value: 1 }
          }
        }
      })
      expect((yield* scraped(metrics)).families.has("shop_stock")).toBe(false)
      expect(told).toBeLessThan(30)
    }))

  it.effect("that is too slow twice in a row is left alone for a while, and longer each time", () =>
    Effect.gen(function*() {
      for (const asEffect of [false, true]) {
        const time = passing()
        const { metrics } = yield* Shop.make()
        let asked = 0
        let takes = 600
        const told = function*(): Iterable<Metrics.CollectedValue> {
          asked++
          time.pass(takes)
          yield { labels: tea, value: asked }
        }
        const collect = asEffect ? Effect.sync(told) : told
        yield* metrics.collect({ definition: Shop.stock, collect })
        const after = (milliseconds: number) =>
          Effect.gen(function*() {
            time.pass(milliseconds)
            const read = yield* scraped(metrics)
            return [asked, read.value("shop_stock", tea), failedScrapes(read)]
          })
        expect(yield* after(0)).toEqual([1, undefined, 1])
        expect(yield* after(0)).toEqual([2, undefined, 2])
        expect(yield* after(0)).toEqual([2, undefined, 3])
        expect(yield* after(61_000)).toEqual([3, undefined, 4])
        expect(yield* after(61_000)).toEqual([3, undefined, 5])
        takes = 0
        expect(yield* after(61_000)).toEqual([4, 4, 5])
        // All is forgiven.
        takes = 600
        expect(yield* after(0)).toEqual([5, undefined, 6])
        takes = 0
        expect(yield* after(0)).toEqual([6, 6, 6])
      }
    }))

  it.effect("may be one of many slow ones: a scrape ends in time, and those who are quick are told in it", () =>
    Effect.gen(function*() {
      const time = passing()
      const { metrics } = yield* Shop.make()
      let asked = 0
      for (let slow = 0; slow < 10; slow++) {
        const collect = () => {
          asked++
          time.pass(600)
          return []
        }
        yield* metrics.collect({ definition: Shop.wide(`shop_slow_${slow}`), collect })
      }
      yield* metrics.collect({ definition: Shop.stock, collect: () => [{ labels: tea, value: 7 }] })
      const seen: Array<readonly [asked: number, told: number | undefined]> = []
      for (let scrape = 0; scrape < 8; scrape++) {
        asked = 0
        const read = yield* scraped(metrics)
        seen.push([asked, read.value("shop_stock", tea)])
      }
      // Four take 2.4 s. Who is slow is known after three scrapes, and left alone after it was slow twice.
      expect(seen.slice(0, 2).map(([asked]) => asked)).toEqual([4, 4])
      expect(seen.every(([asked]) => asked <= 4)).toBe(true)
      expect(seen.slice(2).every(([, told]) => told === 7)).toBe(true)
      expect(seen.at(-1)).toEqual([0, 7])
    }))

  it.effect("opens no span, whatever it was added under", () =>
    Effect.gen(function*() {
      const { names, tracer } = NamingTracer.make()
      yield* Effect.gen(function*() {
        const { metrics } = yield* Shop.make()
        const collect = Effect.succeed([{ labels: tea, value: 1 }]).pipe(Effect.withSpan("stock"))
        yield* metrics.collect({ definition: Shop.stock, collect })
        expect((yield* scraped(metrics)).value("shop_stock", tea)).toBe(1)
      }).pipe(Effect.withSpan("outer"), Effect.provideService(Tracer.Tracer, tracer))
      expect(names).toEqual(["outer"])
    }))
})

describe("A metric of prom-client's", () => {
  it.effect("that hangs costs itself only, and is not asked again while it hangs", () =>
    Effect.gen(function*() {
      const registry = yield* MetricsMemory.registry({
        catalogue: Shop.catalogue,
        guard: Guard.make(),
        scrubber: Shop.scrubber
      })
      const { default: prom } = yield* Effect.promise(() => import("prom-client"))
      const runtime = new prom.Registry()
      const latch = yield* Latch.make()
      let asked = 0
      let resume = (): void => {}
      const hanging = () => {
        asked++
        latch.openUnsafe()
        return new Promise<void>((resolve) => {
          resume = resolve
        })
      }
      for (const [name, collect] of [["hanging", hanging], ["sound", () => {}]] as const) {
        const gauge = new prom.Gauge({ name, help: name, registers: [runtime], collect })
        gauge.set(7)
      }
      const context = Context.merge(yield* Effect.context<never>(), Context.make(Metric.MetricRegistry, new Map()))
      const render = Exposition.make({ registry, prom, context, runtime })
      const scrape = Effect.promise(() => render("prometheus"))
      for (const text of [yield* during(scrape, latch, "1 second"), yield* scrape]) {
        const read = parse(text, "prometheus")
        expect([read.value("sound"), read.families.has("hanging")]).toEqual([7, false])
      }
      expect(asked).toBe(1)
      resume()
      const again = parse(yield* during(scrape, latch, "1 second"), "prometheus")
      expect([again.value("sound"), again.families.has("hanging"), asked]).toEqual([7, false, 2])
    }))
})
