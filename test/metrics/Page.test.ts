import { Catalogue, Guard, type Metrics } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import * as FastCheck from "fast-check"
import prom from "prom-client"
import { afterEach, vi } from "vitest"
import * as Exposition from "../../src/metrics/Exposition.ts"
import { chunkSize, Lines } from "../../src/metrics/Lines.ts"
import * as Registry from "../../src/metrics/Registry.ts"
import { parse } from "../support/ExpositionText.ts"
import * as Shop from "./shop.ts"

afterEach(() => vi.restoreAllMocks())

const { Label } = Catalogue

const made = (catalogue: Catalogue.Catalogue = Shop.catalogue) => {
  const registry = Registry.make({ catalogue, scrubber: Shop.scrubber, guard: Guard.make(), now: Date.now })
  const open = Exposition.pages({ registry, prom, context: Context.make(Metric.MetricRegistry, new Map()) })
  return { ...registry.recording, open }
}

/** Reads a page chunk by chunk. */
const readAll = async (
  page: Awaited<ReturnType<Exposition.Open>>,
  between: (chunks: number) => void = () => {}
): Promise<{ readonly text: string; readonly chunks: number }> => {
  const [reading, lines] = [page.read(), new Lines()]
  const all: Array<Uint8Array> = []
  for (let more = true; more;) {
    more = await reading.next(lines)
    expect(lines.length).toBeLessThanOrEqual(chunkSize)
    all.push(lines.written.slice())
    between(all.length)
  }
  return { text: Buffer.concat(all).toString(), chunks: all.length }
}

/** The text of each metric by its name, without the lines above the samples. */
const samplesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.replace("# EOF\n", "").split(/^(?=# HELP )/m).map((family) => {
      const [help = "", , ...samples] = family.split("\n")
      return [help.split(" ")[2] ?? "", samples.join("\n").trimEnd()]
    })
  )

/** What prom-client writes for the same samples. */
const formatted = async (
  { kind, name }: Catalogue.Definition,
  samples: ReadonlyArray<Metrics.Sample>,
  format: Metrics.Format
): Promise<string> => {
  const target = new prom.Registry<prom.RegistryContentType>()
  target.setContentType(Exposition.contentTypes[format])
  const family = format === "openmetrics" ? name.replace(/_total$/, "") : name
  const values = samples.map((sample) => ({
    ...(kind === "histogram" ? { metricName: sample.name } : {}),
    labels: sample.labels,
    value: sample.value
  }))
  const adapter = { name: family, get: () => ({ name: family, help: "h", type: kind, values }) }
  target.registerMetric(adapter as unknown as prom.Metric)
  return (await target.getSingleMetricAsString(family)).split("\n").slice(2).join("\n")
}

/** Many label sets: a page of many chunks. */
const wideCounter = Catalogue.counter({
  name: "shop_many_total",
  help: "h",
  labels: { a: Label.bounded(2000), channel: Label.oneOf("web", "phone") }
})
const wideHistogram = Catalogue.histogram({
  name: "shop_waits",
  help: "h",
  labels: { a: Label.bounded(2000) },
  buckets: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  bucketsReason: "as many as most have"
})
const wide = Catalogue.make({ prefix: "shop", metrics: { wideCounter, wideHistogram } })

const filled = () => {
  const shop = made(wide)
  const cells = Array.from({ length: 2000 }, (_, index) => ({
    counter: shop.counter(wideCounter, { a: `${index}`, channel: "web" }),
    histogram: shop.histogram(wideHistogram, { a: `${index}` })
  }))
  return { shop, cells }
}

describe("A page", () => {
  for (const format of ["prometheus", "openmetrics"] as const) {
    it(`in ${format} is byte for byte what prom-client writes for the same samples`, async () => {
      const product = FastCheck.oneof(
        FastCheck.string({ unit: "binary" }),
        FastCheck.constantFrom("tea", "a\"b", "a\\b", "a\nb", "é😀", "")
      )
      const value = FastCheck.oneof(FastCheck.nat(), FastCheck.double({ min: 0, max: 1e300, noNaN: true }))
      const steps = FastCheck.array(FastCheck.record({ product, value, kind: FastCheck.nat(3) }), { maxLength: 30 })
      await FastCheck.assert(
        FastCheck.asyncProperty(steps, async (steps) => {
          const shop = made()
          for (const { kind, product, value } of steps) {
            if (kind === 0) shop.counter(Shop.ordersTotal, { channel: "phone", product }).increment(value)
            else if (kind === 1) shop.gauge(Shop.stock, { product }).set(-value)
            else if (kind === 2) shop.histogram(Shop.checkoutDuration, { channel: "phone" }).observe(value)
            else shop.gauge(Shop.basketSize, {}).add(value)
          }
          const samples = shop.samples()
          const texts = samplesOf((await readAll(await shop.open(format))).text)
          for (const definition of [Shop.ordersTotal, Shop.stock, Shop.checkoutDuration, Shop.basketSize]) {
            const names = Catalogue.exposedNames(definition)
            const own = samples.filter(({ name }) => names.includes(name))
            const name = format === "openmetrics" ? definition.name.replace(/_total$/, "") : definition.name
            expect(texts.get(name) ?? "").toBe(await formatted(definition, own, format))
          }
        }),
        { numRuns: 50 }
      )
    })
  }

  it("is of the moment in which it was opened, whatever is recorded while it is read", async () => {
    const { cells, shop } = filled()
    for (const { counter, histogram } of cells) {
      counter.increment(3)
      histogram.observe(2.5, { traceId: "a".repeat(32), spanId: "b".repeat(16) })
    }
    const page = await shop.open("openmetrics")
    const { chunks, text } = await readAll(page, () => {
      for (const { counter, histogram } of cells) {
        counter.increment()
        histogram.observe(2.5, { traceId: "c".repeat(32), spanId: "d".repeat(16) })
        histogram.observe(100)
      }
      shop.counter(wideCounter, { a: "0", channel: "phone" }).increment()
    })
    expect(chunks).toBeGreaterThan(10)
    const read = parse(text, "openmetrics")
    for (let index = 0; index < 2000; index++) {
      const a = `${index}`
      expect(read.value("shop_many_total", { a, channel: "web" })).toBe(3)
      expect(read.value("shop_waits_sum", { a })).toBe(2.5)
      expect(read.value("shop_waits_count", { a })).toBe(1)
      expect(read.sample("shop_waits_bucket", { a, le: "3.0" })?.exemplar?.labels.trace_id).toBe("a".repeat(32))
      expect(read.sample("shop_waits_bucket", { a, le: "+Inf" })?.exemplar).toBeUndefined()
    }
    expect(read.value("shop_many_total", { a: "0", channel: "phone" })).toBeUndefined()
    const next = parse((await readAll(await shop.open("openmetrics"))).text, "openmetrics")
    expect(next.value("shop_waits_count", { a: "7" })).toBe(1 + 2 * chunks)
  })

  it("tells recorded numbers of the same moment as those that collectors tell", async () => {
    const shop = made()
    const orders = shop.counter(Shop.ordersTotal, { channel: "web", product: "tea" })
    const checkouts = shop.histogram(Shop.checkoutDuration, { channel: "web" })
    let told = 0
    const collect = () => {
      // Before anything of the page is written.
      queueMicrotask(() => {
        told++
        orders.increment()
        checkouts.observe(1)
      })
      return [{ labels: {}, value: told }]
    }
    const scope = Effect.runSync(Scope.make())
    await Effect.runPromise(shop.collect({ definition: Shop.basketSize, collect }).pipe(Scope.provide(scope)))
    for (let scrape = 0; scrape < 3; scrape++) {
      const read = parse((await readAll(await shop.open("prometheus"))).text, "prometheus")
      expect([
        read.value("shop_basket_size"),
        read.value("shop_orders_total", { channel: "web", product: "tea" }),
        read.value("shop_checkout_duration_seconds_count", { channel: "web" })
      ]).toEqual([scrape, scrape, scrape])
    }
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  it("is whole where the labels are longer than all else", async () => {
    const shop = made(wide)
    const values = Array.from({ length: 1000 }, (_, index) => `${index}`.padEnd(250, "\n"))
    for (const a of values) shop.histogram(wideHistogram, { a }).observe(2.5)
    const { text } = await readAll(await shop.open("prometheus"))
    const read = parse(text, "prometheus")
    for (const a of values) expect(read.value("shop_waits_bucket", { a, le: "3.0" })).toBe(1)
  })

  it("holds numbers, a fraction of its text", async () => {
    const { shop } = filled()
    const page = await shop.open("prometheus")
    const { text } = await readAll(page)
    expect(text.length).toBeGreaterThan(1_000_000)
    expect(page.byteLength).toBeLessThan(text.length / 4)
  })

  it("is the same for each of its readers, and counted once, when one has all of it", async () => {
    const { shop } = filled()
    const scrapes = () => Shop.valuesOf(shop.samples(), "shop_observability_scrapes_total")["format=prometheus"]
    const pages = await Promise.all([shop.open("prometheus"), shop.open("prometheus")])
    expect(pages[0]).toBe(pages[1])
    // Who leaves early has no page.
    await pages[0].read().next(new Lines())
    expect(scrapes()).toBe(0)
    const texts = await Promise.all(Array.from({ length: 3 }, () => readAll(pages[0])))
    expect(new Set(texts.map(({ text }) => text)).size).toBe(1)
    expect(scrapes()).toBe(1)
    const size = Shop.valuesOf(shop.samples(), "shop_observability_scrape_size_bytes")[""]
    expect(size).toBe(Buffer.byteLength(texts[0]!.text))
    expect(await shop.open("prometheus")).not.toBe(pages[0])
  })

  it("lets others have a turn between its chunks", async () => {
    const { shop } = filled()
    const page = await shop.open("prometheus")
    // The turn in which it was opened has another clock.
    await new Promise<void>((resolve) => setImmediate(resolve))
    // A machine on which a millisecond passes whenever somebody looks.
    let now = 0
    vi.spyOn(performance, "now").mockImplementation(() => now++)
    let turns = 0
    let isReading = true
    const others = () => {
      turns++
      if (isReading) setImmediate(others)
    }
    others()
    const { chunks } = await readAll(page)
    isReading = false
    expect(turns).toBeGreaterThanOrEqual(chunks - 1)
  })

  it("has lines that are longer than a chunk where labels are", async () => {
    const names = Array.from({ length: 400 }, (_, index) => `label_${index}`)
    const long = Catalogue.gauge({
      name: "shop_long",
      help: "h",
      labels: Object.fromEntries(names.map((name) => [name, Label.bounded(2)]))
    })
    const shop = made()
    const labels = Object.fromEntries(names.map((name) => [name, "\n".repeat(250)]))
    shop.gauge(long, labels).set(7)
    const [reading, lines] = [(await shop.open("prometheus")).read(), new Lines()]
    let text = ""
    for (let more = true; more;) {
      more = await reading.next(lines)
      text += Buffer.from(lines.written).toString()
    }
    expect(parse(text, "prometheus").value("shop_long", labels)).toBe(7)
  })
})
