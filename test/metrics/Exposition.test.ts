import { Catalogue, Guard, type Metrics, Scrubber } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import { vi } from "vitest"
import * as Exposition from "../../src/metrics/Exposition.ts"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import { parse } from "../support/ExpositionText.ts"
import * as Shop from "./shop.ts"

const formats = ["prometheus", "openmetrics"] as const

const rendered = (metrics: Metrics.Service, format: Metrics.Format) =>
  Effect.map(metrics.render(format), (text) => parse(text, format))

// Any sequence of UTF-16 code units, lone surrogates included, and the characters that the formats give a meaning.
const hostile = FastCheck.oneof(
  FastCheck.array(FastCheck.nat(0xFFFF), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  FastCheck.array(
    FastCheck.constantFrom(
      "\"",
      "\\",
      "\n",
      "\r",
      "\0",
      "\\n",
      "{",
      "}",
      ",",
      "=",
      "#",
      " # {",
      "\r\n",
      "\n# EOF\n",
      "\n# HELP shop_stock other\n",
      "\n# TYPE shop_stock counter\n",
      "\"} 1\n",
      "\ufeff",
      "\u0085",
      "__overflow__",
      "__proto__",
      "\ud800",
      "\udc00",
      "é",
      "😀",
      "\u2028"
    ),
    { maxLength: 12 }
  ).map((pieces) => pieces.join(""))
)

describe("An exposition", () => {
  for (const format of formats) {
    it.effect(`in ${format} is valid and tells names, types, help and values`, () =>
      Effect.gen(function*() {
        const { metrics } = yield* Shop.make()
        metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" }).increment(3)
        metrics.gauge(Shop.stock, { product: "tea" }).set(-1.5)
        metrics.histogram(Shop.checkoutDuration, { channel: "web" }).observe(0.5)
        const read = yield* rendered(metrics, format)
        const family = read.families.get(format === "openmetrics" ? "shop_orders" : "shop_orders_total")
        expect(family).toMatchObject({ type: "counter", help: "Orders placed" })
        expect(read.value("shop_orders_total", { channel: "web", product: "tea" })).toBe(3)
        expect(read.families.get("shop_stock")).toMatchObject({ type: "gauge" })
        expect(read.value("shop_stock", { product: "tea" })).toBe(-1.5)
        expect(read.families.get("shop_checkout_duration_seconds")).toMatchObject({ type: "histogram" })
        expect(read.value("shop_checkout_duration_seconds_bucket", { channel: "web", le: "0.1" })).toBe(0)
        expect(read.value("shop_checkout_duration_seconds_bucket", { channel: "web", le: "1.0" })).toBe(1)
        expect(read.value("shop_checkout_duration_seconds_count", { channel: "web" })).toBe(1)
        expect(read.value("shop_checkout_duration_seconds_sum", { channel: "web" })).toBe(0.5)
        // Unset: neither a value nor a family without one.
        expect(read.families.has("shop_basket_size")).toBe(false)
      }))

    it.effect(`in ${format} takes any text as a label's value and gives it back`, () =>
      Effect.gen(function*() {
        yield* Effect.promise(() =>
          FastCheck.assert(
            FastCheck.asyncProperty(FastCheck.uniqueArray(hostile, { maxLength: 3 }), async (products) => {
              const { metrics } = await Effect.runPromise(Shop.make())
              for (const product of products) metrics.gauge(Shop.stock, { product }).add(1)
              const read = await Effect.runPromise(rendered(metrics, format))
              const values = read.families.get("shop_stock")?.samples.map(({ labels }) => labels.product) ?? []
              expect(new Set(values)).toEqual(new Set(products.map((product) => product.toWellFormed())))
            })
          )
        )
      }))

    it.effect(`in ${format} takes any help text and gives it back`, () =>
      Effect.gen(function*() {
        yield* Effect.promise(() =>
          FastCheck.assert(FastCheck.asyncProperty(hostile.filter((help) => help.trim() !== ""), async (help) => {
            const { metrics } = await Effect.runPromise(Shop.make())
            metrics.gauge(Catalogue.gauge({ name: "shop_hostile", help }), {}).set(1)
            const read = await Effect.runPromise(rendered(metrics, format))
            expect(read.families.get("shop_hostile")?.help).toBe(help.toWellFormed())
          }))
        )
      }))

    it.effect(`in ${format} is no longer for a text of a megabyte: the value overflows, the help is cut and marked`, () =>
      Effect.gen(function*() {
        const { metrics } = yield* Shop.make()
        const start = yield* metrics.render(format)
        for (const piece of ["x", "\"", "\\", "\n", "\0", "\ud800", "😀"]) {
          const long = piece.repeat(1_000_000)
          metrics.counter(Shop.ordersTotal, { channel: "web", product: long }).increment()
          // Two that begin alike are no label either.
          metrics.counter(Shop.ordersTotal, { channel: "web", product: `${long}2` }).increment()
          const help = Catalogue.gauge({ name: `shop_long_${piece.codePointAt(0)}`, help: `a${long}` })
          metrics.gauge(help, {}).set(1)
        }
        const text = yield* metrics.render(format)
        const read = parse(text, format)
        expect(read.value("shop_orders_total", { channel: "web", product: "__overflow__" })).toBe(14)
        const overflow = { metric: "shop_orders_total", label: "product" }
        expect(read.value("shop_observability_label_overflow_total", overflow)).toBe(14)
        for (const { help, name } of read.families.values()) {
          if (name.startsWith("shop_long_")) expect([help?.length, help?.endsWith("…")]).toEqual([1024, true])
        }
        expect(Buffer.byteLength(text)).toBeLessThan(Buffer.byteLength(start) + 7 * 4 * 1100)
      }))

    it.effect(`in ${format} agrees with every observation of a histogram`, () =>
      Effect.gen(function*() {
        const bounds = FastCheck.uniqueArray(FastCheck.double({ min: 1e-9, max: 1e9, noNaN: true }), {
          minLength: 1,
          maxLength: 12
        }).map((bounds) => bounds.sort((one, other) => one - other))
        const values = FastCheck.array(FastCheck.double({ min: 0, max: 1e10, noNaN: true }))
        yield* Effect.promise(() =>
          FastCheck.assert(FastCheck.asyncProperty(bounds, values, async (buckets, values) => {
            const { metrics } = await Effect.runPromise(Shop.make())
            const histogram = Catalogue.histogram({ name: "shop_any", help: "h", buckets, bucketsReason: "any" })
            const cell = metrics.histogram(histogram, {})
            for (const value of values) cell.observe(value)
            const read = await Effect.runPromise(rendered(metrics, format))
            const family = read.families.get("shop_any")
            const counted = family?.samples.filter(({ name }) => name === "shop_any_bucket").map(({ value }) => value)
            expect(counted).toEqual([...buckets, Infinity].map((le) => values.filter((value) => value <= le).length))
            expect(read.value("shop_any_count")).toBe(values.length)
            expect(read.value("shop_any_sum")).toBe(values.reduce((sum, value) => sum + value, 0))
          }))
        )
      }))
  }

  it.effect("carries exemplars in OpenMetrics only, one a bucket, the last of each", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      yield* TestClock.setTime(1_700_000_000_500)
      const cell = metrics.histogram(Shop.checkoutDuration, { channel: "web" })
      const exemplar = (digit: string) => ({ traceId: digit.repeat(32), spanId: digit.repeat(16) })
      cell.observe(0.2, exemplar("1"))
      cell.observe(0.3, exemplar("2"))
      cell.observe(0.4)
      cell.observe(99, exemplar("3"))
      const read = yield* rendered(metrics, "openmetrics")
      const of = (le: string) => read.sample("shop_checkout_duration_seconds_bucket", { channel: "web", le })?.exemplar
      expect(of("0.1")).toBeUndefined()
      expect(of("1.0")).toEqual({
        labels: { trace_id: "2".repeat(32), span_id: "2".repeat(16) },
        value: 0.3,
        timestamp: 1_700_000_000.5
      })
      expect(of("10.0")).toBeUndefined()
      expect(of("+Inf")?.labels.trace_id).toBe("3".repeat(32))
      expect(yield* metrics.render("prometheus")).not.toContain("trace_id")
    }))

  it.effect("leaves out an exemplar whose ids are none", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const cell = metrics.histogram(Shop.checkoutDuration, { channel: "web" })
      const exemplar = Effect.map(
        rendered(metrics, "openmetrics"),
        (read) => read.sample("shop_checkout_duration_seconds_bucket", { channel: "web", le: "1.0" })?.exemplar
      )
      for (const id of ["", "\0", "\ud800", "a\"b", "a\nb", "a".repeat(51), undefined, 7]) {
        cell.observe(0.2, { traceId: id as string, spanId: "a" })
        expect(yield* exemplar).toBeUndefined()
        cell.observe(0.2, { traceId: "a", spanId: id as string })
        expect(yield* exemplar).toBeUndefined()
      }
      cell.observe(0.2, { traceId: "a".repeat(50), spanId: "b".repeat(50) })
      expect(yield* exemplar).toBeDefined()
    }))

  it.effect("is the same in the older format after OpenMetrics was asked for", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const stable = (text: string) => text.split("\n").filter((line) => !line.includes("_scrape")).join("\n")
      const before = stable(yield* metrics.render("prometheus"))
      yield* metrics.render("openmetrics")
      expect(stable(yield* metrics.render("prometheus"))).toBe(before)
    }))

  it.effect("lacks the one metric whose collector throws, and counts it", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      metrics.gauge(Shop.basketSize, {}).set(1)
      yield* metrics.collect({
        definition: Shop.stock,
        collect: () => {
          throw new Error("the store burnt down")
        }
      })
      for (const format of formats) {
        const read = yield* rendered(metrics, format)
        expect(read.families.has("shop_stock")).toBe(false)
        expect(read.value("shop_basket_size")).toBe(1)
      }
      const read = yield* rendered(metrics, "prometheus")
      expect(read.value("shop_observability_scrape_errors_total", { metric: "shop_stock" })).toBe(3)
      expect(guard.faults().get("collect")).toBe(3)
    }))

  it.effect("lacks the one metric that can't be written, and counts it", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      metrics.gauge(Shop.basketSize, {}).set(1)
      // What a program without types may define, and what no constructor of the catalogue lets pass.
      const helpless = { ...Shop.basketSize, name: "shop_helpless", help: undefined as unknown as string }
      metrics.gauge(helpless, {}).set(1)
      for (const format of formats) {
        const read = yield* rendered(metrics, format)
        expect(read.families.has("shop_helpless")).toBe(false)
        expect(read.value("shop_basket_size")).toBe(1)
      }
      const read = yield* rendered(metrics, "prometheus")
      expect(read.value("shop_observability_scrape_errors_total", { metric: "shop_helpless" })).toBe(2)
      expect(guard.faults().get("collect")).toBe(3)
    }))

  it.effect("tells how the one before it went", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const first = yield* metrics.render("openmetrics")
      expect(parse(first, "openmetrics").value("shop_observability_scrape_size_bytes")).toBeUndefined()
      const second = yield* rendered(metrics, "prometheus")
      expect(second.value("shop_observability_scrape_size_bytes")).toBe(Buffer.byteLength(first))
      expect(second.value("shop_observability_scrape_duration_seconds")).toBeGreaterThan(0)
      expect(second.value("shop_observability_scrapes_total", { format: "openmetrics" })).toBe(1)
      expect(second.value("shop_observability_scrapes_total", { format: "prometheus" })).toBe(0)
    }))

  it.effect("is written once for scrapes that come at the same time", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const collect = vi.fn<() => ReadonlyArray<Metrics.CollectedValue>>(() => [])
      yield* metrics.collect({ definition: Shop.stock, collect })
      const texts = yield* Effect.all(Array.from({ length: 20 }, () => metrics.render("prometheus")), {
        concurrency: "unbounded"
      })
      expect(new Set(texts).size).toBe(1)
      expect(collect).toHaveBeenCalledTimes(1)
      yield* metrics.render("prometheus")
      expect(collect).toHaveBeenCalledTimes(2)
    }))
})

describe("Node's metrics", () => {
  it.effect("each cost only themselves when they can't be collected, and are counted", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const registry = yield* MetricsMemory.registry({ catalogue: Shop.catalogue, guard, scrubber: Shop.scrubber })
      const prom = yield* Effect.promise(() => import("prom-client"))
      const gauge = (name: string, collect: () => void) =>
        new prom.default.Gauge({ name, help: name, registers: [runtime], collect })
      const runtime = new prom.default.Registry()
      gauge("broken", () => {
        throw new Error("no such handle")
      })
      gauge("sound", () => {}).set(7)
      const render = Exposition.make({ registry, prom: prom.default, context: Context.empty(), runtime })
      const read = parse(yield* Effect.promise(() => render("prometheus")), "prometheus")
      expect(read.families.has("broken")).toBe(false)
      expect(read.value("sound")).toBe(7)
      expect(guard.faults().get("collect")).toBe(1)
      const next = parse(yield* Effect.promise(() => render("prometheus")), "prometheus")
      // Its own is among them: Node's metrics are asked before anything is written.
      expect(next.value("shop_observability_scrape_errors_total", { metric: "runtime" })).toBe(2)
    }))

  it.effect("are asked in another turn of the event loop than that in which all others are copied", () =>
    Effect.gen(function*() {
      const registry = yield* MetricsMemory.registry({ catalogue: Shop.catalogue, scrubber: Shop.scrubber })
      const prom = yield* Effect.promise(() => import("prom-client"))
      const runtime = new prom.default.Registry()
      let turns = 0
      const collect = () => void setImmediate(() => turns++)
      new prom.default.Gauge({ name: "sound", help: "h", registers: [runtime], collect }).set(7)
      yield* registry.recording.collect({
        definition: Shop.stock,
        collect: () => [{ labels: { product: "turns" }, value: turns }]
      })
      const render = Exposition.make({ registry, prom: prom.default, context: Context.empty(), runtime })
      const read = parse(yield* Effect.promise(() => render("prometheus")), "prometheus")
      expect(read.value("shop_stock", { product: "turns" })).toBe(1)
    }))
})

describe("Effect's own metrics", () => {
  /** A service whose exposition shows a registry of Effect's metrics that only `program` writes to. */
  const shown = (program: Effect.Effect<unknown>, format: Metrics.Format = "openmetrics") =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const metrics = yield* MetricsMemory.make({ catalogue: Shop.catalogue, scrubber: Shop.scrubber, guard })
      yield* program
      return yield* rendered(metrics, format)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

  for (const format of formats) {
    it.effect(`are shown beside the catalogue in ${format}, each kind as Prometheus knows it`, () =>
      Effect.gen(function*() {
        const read = yield* shown(
          Effect.all([
            Metric.update(Metric.counter("jobs", { incremental: true, description: "say \"done\"" }), 3),
            Metric.update(Metric.counter("big", { bigint: true, incremental: true }), 5n),
            Metric.update(Metric.counter("balance"), -2),
            Metric.update(Metric.gauge("level", { attributes: { tank: "a\"b" } }), 7),
            Metric.update(Metric.frequency("colours"), "red"),
            Metric.update(Metric.histogram("sizes", { boundaries: [1, 2] }), 1.5),
            Metric.update(
              Metric.summary("waits", { maxAge: "1 minute", maxSize: 10, quantiles: [0.5, 1] }),
              4
            )
          ]),
          format
        )
        const types = Object.fromEntries([...read.families].map(([name, { type }]) => [name, type]))
        const total = format === "openmetrics" ? "" : "_total"
        expect(types).toMatchObject({
          [`jobs${total}`]: "counter",
          balance: "gauge",
          level: "gauge",
          [`colours${total}`]: "counter",
          sizes: "histogram",
          waits: "summary"
        })
        expect(read.families.get(`jobs${total}`)?.help).toBe("say \"done\"")
        expect(read.value("jobs_total")).toBe(3)
        expect(read.value("big_total")).toBe(5)
        expect(read.value("balance")).toBe(-2)
        expect(read.value("level", { tank: "a\"b" })).toBe(7)
        expect(read.value("colours_total", { key: "red" })).toBe(1)
        expect(read.value("sizes_bucket", { le: "1.0" })).toBe(0)
        expect(read.value("sizes_bucket", { le: "2.0" })).toBe(1)
        expect(read.value("sizes_bucket", { le: "+Inf" })).toBe(1)
        expect(read.value("waits", { quantile: "0.5" })).toBe(4)
        expect(read.value("waits_count")).toBe(1)
      }))
  }

  it.effect("give way to the catalogue where a name is taken, counted once", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const metrics = yield* MetricsMemory.make({ catalogue: Shop.catalogue, scrubber: Shop.scrubber, guard })
      yield* Metric.update(Metric.counter("shop_orders", { incremental: true }), 99)
      yield* Metric.update(Metric.gauge("shop_checkout_duration_seconds_sum"), 99)
      yield* Metric.update(Metric.gauge("free"), 1)
      yield* rendered(metrics, "openmetrics")
      const read = yield* rendered(metrics, "prometheus")
      expect(read.value("shop_orders_total", { channel: "web", product: "tea" })).toBe(0)
      expect(read.value("shop_orders_total")).toBeUndefined()
      expect(read.value("shop_checkout_duration_seconds_sum")).toBeUndefined()
      expect(read.value("free")).toBe(1)
      expect(read.value("shop_observability_name_clashes_total", { source: "effect" })).toBe(2)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("show the first of two that become equal, and count the clash once", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const metrics = yield* MetricsMemory.make({ catalogue: Shop.catalogue, scrubber: Shop.scrubber, guard })
      yield* Metric.update(Metric.gauge("depth", { attributes: { "a.b": "1" } }), 1)
      yield* Metric.update(Metric.gauge("depth", { attributes: { a_b: "1" } }), 2)
      yield* rendered(metrics, "openmetrics")
      const read = yield* rendered(metrics, "prometheus")
      expect(read.families.get("depth")?.samples.length).toBe(1)
      expect(read.value("shop_observability_name_clashes_total", { source: "effect" })).toBe(1)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("whose names or attributes become equal stay apart or are joined, never twice the same", () =>
    Effect.gen(function*() {
      const read = yield* shown(
        Effect.all([
          Metric.update(Metric.gauge("a.b", { attributes: { "x.y": "1", x_y: "2", __z: "3", "0": "4" } }), 1),
          Metric.update(Metric.gauge("a_b", { attributes: { x_y: "2;1" } }), 2),
          Metric.update(Metric.gauge("a-b", { attributes: { x_y: "2;1" } }), 3),
          Metric.update(Metric.counter("a:b", { incremental: true, attributes: { le: "5" } }), 4),
          Metric.update(Metric.counter("a_b_total", { incremental: true, attributes: { le: "5" } }), 5),
          Metric.update(Metric.frequency("keys", { attributes: { key: "mine" } }), "theirs"),
          Metric.update(Metric.histogram("h", { boundaries: [1], attributes: { le: "mine" } }), 1),
          Metric.update(Metric.gauge("12"), 6)
        ]),
        "prometheus"
      )
      expect(read.value("a_b", { x_y: "1;2", _z: "3", _0: "4" })).toBe(1)
      expect(read.value("a_b", { x_y: "2;1" })).toBe(2)
      expect(read.value("a_b_total", { le: "5" })).toBeUndefined()
      expect(read.value("h_bucket", { le: "1.0", exported_le: "mine" })).toBe(1)
      expect(read.value("_12")).toBe(6)
    }))

  it.effect("with hostile names, attributes and descriptions leave the exposition valid", () =>
    Effect.gen(function*() {
      const entry = FastCheck.record({
        id: hostile,
        description: hostile,
        attributes: FastCheck.dictionary(hostile, hostile, { maxKeys: 4 }),
        kind: FastCheck.constantFrom("counter", "gauge", "frequency", "histogram")
      })
      yield* Effect.promise(() =>
        FastCheck.assert(FastCheck.asyncProperty(FastCheck.array(entry, { maxLength: 6 }), async (entries) => {
          const updates = entries.map(({ attributes, description, id, kind }) => {
            const options = { attributes, description }
            switch (kind) {
              case "counter":
                return Metric.update(Metric.counter(id, { ...options, incremental: true }), 1)
              case "gauge":
                return Metric.update(Metric.gauge(id, options), 1)
              case "frequency":
                return Metric.update(Metric.frequency(id, options), description)
              default:
                return Metric.update(Metric.histogram(id, { ...options, boundaries: [1, 2] }), 1)
            }
          })
          for (const format of formats) await Effect.runPromise(shown(Effect.all(updates), format))
        }))
      )
    }))

  it.effect("pass the scrubber", () =>
    Effect.gen(function*() {
      const metrics = yield* MetricsMemory.make({
        catalogue: Shop.catalogue,
        scrubber: Shop.scrubbing((text) => text.replaceAll("s3cret", "[gone]"))
      })
      yield* Metric.update(Metric.gauge("g", { attributes: { a: "s3cret" }, description: "s3cret" }), 1)
      yield* Metric.update(Metric.frequency("f"), "s3cret")
      const text = yield* metrics.render("prometheus")
      expect(text).toContain("g{a=\"[gone]\"} 1")
      expect(text).not.toContain("s3cret")
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("have their labels judged by name, and their own names scrubbed", () =>
    Effect.gen(function*() {
      const scrubber = Scrubber.make()
      const metrics = yield* MetricsMemory.make({ catalogue: Shop.catalogue, scrubber })
      const attributes = { user_id: "s3cret", password: "s3cret", region: "eu" }
      yield* Metric.update(Metric.withAttributes(Metric.counter("logins"), attributes), 1)
      yield* Metric.update(Metric.counter("calls of /api/metrics/s3cret"), 2)
      yield* Metric.update(Metric.frequency("colours"), "red")
      for (const format of formats) {
        const text = yield* metrics.render(format)
        expect(text).not.toContain("s3cret")
        const id = scrubber.pseudonym("s3cret")
        expect(text).toContain(`logins{password="[redacted]",region="eu",user_id="${id}"} 1`)
        expect(text).toContain(`calls_of__api_metrics_${id} 2`)
        expect(text).toContain("colours_total{key=\"red\"} 1")
      }
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("without end are cut at 2,000 samples, and counted", () =>
    Effect.gen(function*() {
      const frequency = Metric.frequency("endless")
      const updates = Array.from({ length: 2_500 }, (_, index) => Metric.update(frequency, `${index}`))
      const metrics = yield* MetricsMemory.make({ catalogue: Shop.catalogue, scrubber: Shop.scrubber })
      yield* Effect.all(updates)
      const first = yield* rendered(metrics, "prometheus")
      expect(first.families.get("endless_total")?.samples).toHaveLength(2000)
      const second = yield* rendered(metrics, "prometheus")
      expect(
        second.value("shop_observability_label_overflow_total", { metric: "endless_total", label: "__series__" })
      ).toBe(500)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
})
