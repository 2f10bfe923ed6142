/** A small catalogue, and services that keep it, for the tests of the metrics room. */
import { Catalogue, Guard } from "@dawsos/observability"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import type * as Registry from "../../src/metrics/Registry.ts"

const { Label } = Catalogue

export const ordersTotal = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders placed",
  labels: { channel: Label.oneOf("web", "phone"), product: Label.bounded(3) },
  known: [{ channel: "web", product: "tea" }]
})

export const basketSize = Catalogue.gauge({ name: "shop_basket_size", help: "Things in baskets" })

export const stock = Catalogue.gauge({
  name: "shop_stock",
  help: "Things in store",
  labels: { product: Label.bounded(3) }
})

export const lastSale = Catalogue.gauge({
  name: "shop_last_sale_seconds",
  help: "Seconds since the last sale",
  unit: "seconds",
  exposes: "age"
})

export const checkoutDuration = Catalogue.histogram({
  name: "shop_checkout_duration_seconds",
  help: "Time that a checkout takes",
  unit: "seconds",
  labels: { channel: Label.oneOf("web", "phone") },
  known: [{ channel: "web" }],
  buckets: [0.1, 1, 10],
  bucketsReason: "a test needs few"
})

/** A gauge with as many label values as a metric may have. */
export const wide = (name: string) =>
  Catalogue.gauge({ name, help: "h", labels: { a: Label.bounded(Catalogue.maxSeriesPerMetric) } })

export const catalogue = Catalogue.make({
  prefix: "shop",
  metrics: { ordersTotal, basketSize, stock, lastSale, checkoutDuration }
})

/** Cleans labels by their values alone. */
export const scrubbing = (text: (text: string) => string): Registry.LabelScrubber => ({
  text,
  field: (_, value) => text(String(value))
})

/** Leaves every text as it is. */
export const scrubber: Registry.LabelScrubber = scrubbing((text) => text)

/** A service of its own, and the guard that counts its faults. */
export const make = (options: { readonly scrubber?: Registry.LabelScrubber } = {}) =>
  Effect.gen(function*() {
    const guard = Guard.make()
    const metrics = yield* MetricsMemory.make({ catalogue, guard, scrubber, ...options })
    return { guard, metrics }
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

/** The values of one metric by its labels, as `{a="x"}`. */
export const valuesOf = (
  samples: ReadonlyArray<
    { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }
  >,
  name: string
): Record<string, number> =>
  Object.fromEntries(
    samples.filter((sample) => sample.name === name).map(({ labels, value }) => [
      Object.entries(labels).map(([key, label]) => `${key}=${label}`).join(" "),
      value
    ])
  )
