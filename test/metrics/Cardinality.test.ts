// More values than any bound: what is kept stays small, and nothing is lost from the sums.
import { Catalogue, Guard, Metrics, Scrubber } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Books from "../../src/metrics/Books.ts"
import * as EffectMetrics from "../../src/metrics/EffectMetrics.ts"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import type { LabelScrubber } from "../../src/metrics/Registry.ts"
import * as SelfMetrics from "../../src/metrics/SelfMetrics.ts"
import { type Exposition as Read, parse } from "../support/ExpositionText.ts"
import { collectGarbage } from "../support/Garbage.ts"
import * as Million from "../support/Million.ts"
import * as Shop from "./shop.ts"

const { Label } = Catalogue

const heap = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const made = (catalogue: Catalogue.Catalogue, scrubber: LabelScrubber) =>
  Effect.gen(function*() {
    const guard = Guard.make()
    return { guard, metrics: yield* MetricsMemory.make({ catalogue, scrubber, guard }) }
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

const scraped = (metrics: Metrics.Service, format: Metrics.Format = "prometheus") =>
  Effect.map(metrics.render(format), (text) => ({ text, read: parse(text, format) }))

const total = (read: Read, name: string): number =>
  [...read.families.values()].flatMap(({ samples }) => samples).reduce(
    (sum, sample) => sample.name === name ? sum + sample.value : sum,
    0
  )

describe("Every bounded label of DawsOS", () => {
  it.effect("stays bounded through its recorder, and the sums over all series are right", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* made(DawsOs.vocabulary.catalogue, Scrubber.make(DawsOs.vocabulary.scrubber))
      const values = 5_000
      const before = heap()
      for (const { record } of Million.recorders) {
        yield* Effect.provideService(Million.times(values, record), Metrics.Metrics, metrics)
      }
      expect(heap() - before).toBeLessThan(40_000_000)
      for (const format of ["prometheus", "openmetrics"] as const) {
        const { read, text } = yield* scraped(metrics, format)
        const truth = Million.truth(read, values)
        expect(truth.unbounded).toEqual([])
        expect(truth.untold).toEqual([])
        expect(truth.wrong).toEqual([])
        expect(text.split("\n").length).toBeLessThan(20_000)
        expect(text.length).toBeLessThan(3_000_000)
      }
      expect(guard.faults().get("recorder")).toBe(0)
    }))
})

describe("Several bounded labels in one metric", () => {
  it.effect("under a million label sets: the metric's series are capped, each record is told once, each overflow too", () =>
    Effect.gen(function*() {
      const definition = Catalogue.counter({
        name: "shop_pairs_total",
        help: "h",
        labels: { one: Label.bounded(60), other: Label.bounded(300), channel: Label.oneOf("web", "phone") }
      })
      let scrubbed = 0
      const scrubber = Shop.scrubbing((text) => {
        scrubbed++
        return text
      })
      const { metrics } = yield* made(Catalogue.make({ prefix: "shop", metrics: { definition } }), scrubber)
      // What the bounds say, written down without the trie, the tables or the cells.
      const ones = new Set<string>()
      const others = new Set<string>()
      const series = new Map<string, number>()
      const overflow = { one: 0, other: 0, __series__: 0 }
      const bounded = (seen: Set<string>, max: number, value: string): string =>
        seen.has(value) || seen.size < max ? (seen.add(value), value) : Catalogue.overflowValue
      const records = 1_000_000
      const before = heap()
      for (let index = 0; index < records; index++) {
        // A generator of period 2^32, so that every run is the same.
        const random = Math.imul(index, 2_654_435_761) >>> 0
        const labels = {
          one: `one ${random % 90}`,
          other: `other ${(random >>> 8) % 100_003}`,
          channel: random % 3 === 0 ? "web" : "phone"
        } as const
        metrics.counter(definition, labels).increment()
        const one = bounded(ones, 60, labels.one)
        const other = bounded(others, 300, labels.other)
        if (one === Catalogue.overflowValue) overflow.one++
        if (other === Catalogue.overflowValue) overflow.other++
        const full = !series.has(`${one}|${other}|${labels.channel}`) && series.size >= Catalogue.maxSeriesPerMetric
        if (full) overflow.__series__++
        const key = full ? `__overflow__|__overflow__|${labels.channel}` : `${one}|${other}|${labels.channel}`
        series.set(key, (series.get(key) ?? 0) + 1)
      }
      expect(heap() - before).toBeLessThan(40_000_000)
      // What was kept is clean: a scrape looks at the names in its own books alone.
      scrubbed = 0
      const { read, text } = yield* scraped(metrics)
      expect(scrubbed).toBeLessThan(20)
      expect(text.split("\n").length).toBeLessThan(Catalogue.maxSeriesPerMetric + 100)
      expect(text.length).toBeLessThan(300_000)
      const samples = read.families.get("shop_pairs_total")?.samples ?? []
      expect(samples.length).toBeLessThanOrEqual(Catalogue.maxSeriesPerMetric + 2)
      expect(total(read, "shop_pairs_total")).toBe(records)
      expect(
        Object.fromEntries(
          samples.map(({ labels, value }) => [`${labels["one"]}|${labels["other"]}|${labels["channel"]}`, value])
        )
      ).toEqual(Object.fromEntries(series))
      for (const [label, count] of Object.entries(overflow)) {
        expect(read.value("shop_observability_label_overflow_total", { metric: "shop_pairs_total", label })).toBe(count)
      }
      expect(Math.min(...Object.values(overflow))).toBeGreaterThan(0)
    }))
})

/** A registry of Effect's metrics with as many entries as said, made as they are read: a million take a gigabyte. */
class Entries extends Map<string, Metric.Metric.Metadata<unknown, unknown>> {
  readonly #count: number
  readonly #entry: (index: number) => Partial<Metric.Metric.Metadata<unknown, unknown>> & { readonly state?: unknown }

  constructor(count: number, entry: Entries["entry"]) {
    super()
    this.#count = count
    this.#entry = entry
  }

  get entry() {
    return this.#entry
  }

  override get size() {
    return this.#count
  }

  override *values(): MapIterator<Metric.Metric.Metadata<unknown, unknown>> {
    for (let index = 0; index < this.#count; index++) {
      const { state = { value: 1 }, ...entry } = this.#entry(index)
      const hooks = { get: () => state, update: () => {}, modify: () => {} }
      yield { id: "g", type: "Gauge", description: undefined, attributes: undefined, hooks, ...entry }
    }
  }
}

const shown = (count: number, entry: Entries["entry"], scrubber = Shop.scrubber) =>
  Effect.gen(function*() {
    const guard = Guard.make()
    const metrics = yield* MetricsMemory.make({ catalogue: Shop.catalogue, scrubber, guard })
    const first = yield* scraped(metrics)
    const second = yield* scraped(metrics, "openmetrics")
    // What the first one left out.
    const left = (metric: string) =>
      second.read.value("shop_observability_label_overflow_total", { metric, label: "__series__" })
    return { ...first, second, guard, left }
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Entries(count, entry)))

const million = 1_000_000

describe("Effect's own registry", () => {
  it.effect("with a million attribute values shows 2,000 of them, and counts the rest", () =>
    Effect.gen(function*() {
      let scrubbed = 0
      const scrubber = Shop.scrubbing((text) => {
        scrubbed++
        return text
      })
      const { left, read, text } = yield* shown(million, (index) => ({ attributes: { user: `u${index}` } }), scrubber)
      expect(read.families.get("g")?.samples).toHaveLength(EffectMetrics.maxForeignSeries)
      expect(left("g")).toBe(million - EffectMetrics.maxForeignSeries)
      expect(text.length).toBeLessThan(200_000)
      // What is not shown is not looked at.
      expect(scrubbed).toBeLessThan(3 * EffectMetrics.maxForeignSeries)
    }))

  it.effect("with a million names shows 1,000 of them, and counts the rest", () =>
    Effect.gen(function*() {
      const { left, read } = yield* shown(million, (index) => ({ id: `g${index}` }))
      expect([...read.families.keys()].filter((name) => /^g\d+$/.test(name))).toHaveLength(1000)
      expect(left("__overflow__")).toBe(million - 1000)
    }))

  it.effect("with a frequency of a million keys shows 2,000 of them, and counts the rest", () =>
    Effect.gen(function*() {
      const occurrences = new Map(Array.from({ length: million }, (_, index) => [`key ${index}`, 1]))
      const { left, read } = yield* shown(1, () => ({ id: "f", type: "Frequency", state: { occurrences } }))
      expect(read.families.get("f_total")?.samples).toHaveLength(EffectMetrics.maxForeignSeries)
      expect(left("f_total")).toBe(million - EffectMetrics.maxForeignSeries)
    }))

  it.effect("with long texts and many labels is shown up to a bound of its text, and the rest is counted", () =>
    Effect.gen(function*() {
      const attributes = (index: number) =>
        Object.fromEntries(
          Array.from({ length: 40 }, (_, label) => [`${label}`.padStart(200, "a"), `${index}`.padStart(250)])
        )
      const { left, read, text } = yield* shown(5_000, (index) => ({ attributes: attributes(index) }))
      const kept = read.families.get("g")?.samples.length ?? 0
      expect(kept).toBeGreaterThan(100)
      expect(text.length).toBeLessThan(EffectMetrics.maxForeignText + 100_000)
      expect(left("g")).toBe(5_000 - kept)
    }))

  it.effect("with texts of a megabyte leaves out what they name, and counts it", () =>
    Effect.gen(function*() {
      const long = "x".repeat(1_000_000)
      const entries: ReadonlyArray<ReturnType<Entries["entry"]>> = [
        { id: long },
        { id: "value", attributes: { a: long } },
        { id: "label", attributes: { [long]: "a" } },
        { id: "labels", attributes: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`a${index}`, "b"])) },
        { id: "help", description: long },
        { id: "key", type: "Frequency", state: { occurrences: new Map([[long, 1], ["short", 2]]) } }
      ]
      const { left, read, text } = yield* shown(entries.length, (index) => entries[index]!)
      expect(read.families.get("help")?.help).toBe("…")
      expect(read.value("key_total", { key: "short" })).toBe(2)
      expect(text.length).toBeLessThan(50_000)
      for (const name of ["__overflow__", "value", "label", "labels", "key_total"]) {
        expect([name, left(name)]).toEqual([name, 1])
      }
    }))

  it.effect("marks a text that is cut, and keeps two apart that begin alike", () =>
    Effect.gen(function*() {
      const values = ["a", "b"].map((end) => "x".repeat(300) + end)
      const { read } = yield* shown(2, (index) => ({ attributes: { path: values[index]! } }))
      const paths = read.families.get("g")?.samples.map(({ labels }) => labels["path"]) ?? []
      expect(new Set(paths).size).toBe(2)
      for (const path of paths) expect(path).toMatch(/^x{247}…[0-9a-f]{8}$/)
    }))

  it.effect("whose metric can't be read, or tells garbage, lacks this one only, and counts it", () =>
    Effect.gen(function*() {
      const throwing = {
        get: (): unknown => {
          throw new Error("no")
        },
        update: () => {},
        modify: () => {}
      }
      const entries: ReadonlyArray<ReturnType<Entries["entry"]>> = [
        { id: "throws", hooks: throwing },
        { id: "text", state: { value: "1" } },
        { id: "nothing", state: null },
        { id: "negative", type: "Counter", state: { count: -1, incremental: true } },
        { id: "odd", type: "Histogram", state: { buckets: [[1, NaN]], count: 1, sum: 1 } },
        { id: "sound" }
      ]
      const { guard, read, second } = yield* shown(entries.length, (index) => entries[index]!)
      expect(read.value("sound")).toBe(1)
      for (const metric of ["throws", "text", "nothing", "negative", "odd"]) {
        expect(read.families.has(metric)).toBe(false)
        expect(second.read.value("shop_observability_scrape_errors_total", { metric })).toBe(1)
      }
      expect(guard.faults().get("collect")).toBe(2 * 5)
    }))
})

describe("What the layer counts of names", () => {
  it("is kept for as many names as said, and for all others together", () => {
    const books = Books.make(Guard.make(), 10)
    for (let index = 0; index < 100; index++) {
      books.overflow(`metric ${index}`, "label", 2)
      books.scrapeFailed(`metric ${index}`, new Error("no"))
    }
    const self = SelfMetrics.selfMetrics("shop")
    for (const [definition, sum] of [[self.labelOverflow, 200], [self.scrapeErrors, 100]] as const) {
      const collect = books.collectors(self).find((collector) => collector.definition === definition)?.collect
      const told = typeof collect === "function" ? [...collect()] : []
      expect(told.length).toBe(11)
      expect(told.reduce((sum, { value }) => sum + value, 0)).toBe(sum)
    }
  })

  it.effect("is bounded too, and what is beyond is told as __overflow__", () =>
    Effect.gen(function*() {
      const names = 1_500
      const attributes = { a: "x".repeat(5_000) }
      const { left, second } = yield* shown(names, (index) => ({ id: `g${index}`, attributes }))
      expect(left("g0")).toBe(1)
      expect(left("__overflow__")).toBeGreaterThanOrEqual(500)
      expect(total(second.read, "shop_observability_label_overflow_total")).toBe(names)
    }))
})
