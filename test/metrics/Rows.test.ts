import { Catalogue } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "fast-check"
import { LabelIndex } from "../../src/metrics/LabelIndex.ts"
import { collectGarbage } from "../support/Garbage.ts"
import * as Shop from "./shop.ts"

const { Label } = Catalogue

const labels = { a: Label.bounded(100), channel: Label.oneOf("web", "phone") }
const counter = Catalogue.counter({ name: "shop_rows_total", help: "h", labels })
const gauge = Catalogue.gauge({ name: "shop_levels", help: "h", labels })
const histogram = Catalogue.histogram({
  name: "shop_row_sizes",
  help: "h",
  labels,
  buckets: [1, 5],
  bucketsReason: "few"
})

const heap = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe("A cell", () => {
  it.effect("keeps its place, however many label sets come after it", () =>
    Effect.gen(function*() {
      const step = FastCheck.record({
        a: FastCheck.nat(40),
        channel: FastCheck.constantFrom("web" as const, "phone" as const),
        value: FastCheck.nat(10),
        isAgain: FastCheck.boolean()
      })
      yield* Effect.promise(() =>
        FastCheck.assert(FastCheck.asyncProperty(FastCheck.array(step, { maxLength: 200 }), async (steps) => {
          const { metrics } = await Effect.runPromise(Shop.make())
          const bound = (a: string, channel: "web" | "phone") => ({
            counter: metrics.counter(counter, { a, channel }),
            gauge: metrics.gauge(gauge, { a, channel }),
            histogram: metrics.histogram(histogram, { a, channel })
          })
          const cells = new Map<string, ReturnType<typeof bound>>()
          const expected = new Map<string, Array<number>>()
          for (const { a, channel, isAgain, value } of steps) {
            const key = `a=${a} channel=${channel}`
            // Once bound, or looked for each time.
            const known = cells.get(key)
            const cell = known === undefined || isAgain ? bound(`${a}`, channel) : known
            cells.set(key, known ?? cell)
            expected.set(key, [...expected.get(key) ?? [], value])
            cell.counter.increment(value)
            cell.gauge.add(value)
            cell.histogram.observe(value)
          }
          const sums = Object.fromEntries(
            [...expected].map(([key, values]) => [key, values.reduce((sum, value) => sum + value, 0)])
          )
          const samples = metrics.samples()
          expect(Shop.valuesOf(samples, "shop_rows_total")).toEqual(sums)
          expect(Shop.valuesOf(samples, "shop_levels")).toEqual(sums)
          expect(Shop.valuesOf(samples, "shop_row_sizes_sum")).toEqual(sums)
          const buckets = Shop.valuesOf(samples, "shop_row_sizes_bucket")
          for (const [key, values] of expected) {
            for (const [le, bound] of [["1.0", 1], ["5.0", 5], ["+Inf", Infinity]] as const) {
              expect(buckets[`${key} le=${le}`]).toBe(values.filter((value) => value <= bound).length)
            }
          }
        }))
      )
    }))

  it.effect("is found by the values of its labels, not by how they are put together", () =>
    Effect.gen(function*() {
      const pair = Catalogue.counter({
        name: "shop_pair_total",
        help: "h",
        labels: { one: Label.bounded(50), other: Label.bounded(40), last: Label.bounded(60) }
      })
      const value = FastCheck.constantFrom("a", "b", "ab", "", ",", "a,b", "__proto__", "\0", "constructor")
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(FastCheck.array(FastCheck.tuple(value, value, value)), async (sets) => {
            const { metrics } = await Effect.runPromise(Shop.make())
            const expected = new Map<string, number>()
            for (const [one, other, last] of sets) {
              metrics.counter(pair, { one, other, last }).increment()
              const key = JSON.stringify([one, other, last])
              expected.set(key, (expected.get(key) ?? 0) + 1)
            }
            const own = metrics.samples().filter(({ name }) => name === "shop_pair_total")
            expect(
              new Map(own.map(({ labels: { last, one, other }, value }) => [JSON.stringify([one, other, last]), value]))
            )
              .toEqual(expected)
          })
        )
      )
    }))

  it.effect("costs no memory for each of the values that are cleaned into its label", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make({
        scrubber: Shop.scrubbing((text) => text.includes("@") ? "[email]" : text)
      })
      const before = heap()
      for (let index = 0; index < 200_000; index++) {
        metrics.counter(Shop.ordersTotal, { channel: "web", product: `somebody ${index}@example.org` }).increment()
      }
      expect(heap() - before).toBeLessThan(5_000_000)
      expect(Shop.valuesOf(metrics.samples(), "shop_orders_total")["channel=web product=[email]"]).toBe(200_000)
    }))

  it.effect("keeps the values of its labels, not the long texts that they were cut out of", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const before = heap()
      for (let index = 0; index < 100; index++) {
        const long = `${index}`.padStart(30, "0") + "x".repeat(1_000_000) + index
        const a = JSON.parse(JSON.stringify(long)).slice(0, 30) as string
        metrics.counter(counter, { a, channel: "web" }).increment()
      }
      expect(heap() - before).toBeLessThan(20_000_000)
      expect(Object.keys(Shop.valuesOf(metrics.samples(), "shop_rows_total"))).toHaveLength(100)
    }))
})

describe("An index of label sets", () => {
  it("keeps the values, not the long texts that they were cut out of", () => {
    const index = new LabelIndex(["first", "last"], 100)
    const before = heap()
    for (let count = 0; count < 100; count++) {
      const long = JSON.parse(JSON.stringify(`${count}`.padStart(60, "0") + "x".repeat(1_000_000) + count)) as string
      index.add({ first: long.slice(0, 30), last: long.slice(30, 60) }, count)
    }
    expect(heap() - before).toBeLessThan(20_000_000)
    expect(index.find({ first: "0".repeat(30), last: "99".padStart(30, "0") })).toBe(99)
  })

  it("finds texts only, whatever they look like", () => {
    const index = new LabelIndex(["first", "last"], 100)
    const values = ["1", "4294967295", "-0", "__proto__", "constructor", "toString", ""]
    const sets = values.flatMap((first) => values.map((last) => ({ first, last })))
    for (const [row, labels] of sets.entries()) {
      expect(index.find(labels)).toBeUndefined()
      index.add(labels, row)
    }
    for (const [row, labels] of sets.entries()) expect(index.find(labels)).toBe(row)
    for (const value of [1, 4294967295, -0, ["1"], { toString: () => "1" }, Symbol("1"), null, undefined, "2", "01"]) {
      expect(index.find({ first: value, last: "1" })).toBeUndefined()
      expect(index.find({ first: "1", last: value })).toBeUndefined()
    }
  })

  it("has one row where there are no labels", () => {
    const index = new LabelIndex([], 100)
    expect(index.find({})).toBeUndefined()
    index.add({}, 0)
    expect(index.find({ any: "1" })).toBe(0)
  })
})
