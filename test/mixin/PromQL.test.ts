import { Catalogue } from "@dawsos/observability"
import { Foreign, MixinError, PromQL } from "@dawsos/observability/mixin"
import * as FastCheck from "fast-check"
import { describe, expect, it } from "vitest"

const { Label } = Catalogue

const orders = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders",
  labels: { channel: Label.oneOf("web", "phone"), product: Label.bounded(), path: Label.bounded() },
  known: [{ channel: "web", product: "tea", path: "/buy/{id}" }, { channel: "phone", product: "cake", path: "/call" }]
})
const stock = Catalogue.gauge({ name: "shop_stock", help: "Things there", labels: { product: Label.bounded() } })
const began = Catalogue.gauge({ name: "shop_began_timestamp_seconds", help: "Start", unit: "seconds" })
const delivery = Catalogue.histogram({
  name: "shop_delivery_seconds",
  help: "Delivery",
  unit: "seconds",
  labels: { channel: Label.oneOf("web", "phone") },
  buckets: [0.5, 2, 10],
  bucketsReason: "promised within 2 s"
})

/** Any character but a half of one. */
const character = FastCheck.integer({ min: 0, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))

const text = PromQL.render
const rate = PromQL.rate(PromQL.counter(orders), "5 minutes")
const refused = (make: () => unknown) => expect(make).toThrow(MixinError)

describe("A selector", () => {
  it("compares labels with values, lists and patterns", () => {
    const where = { channel: "web", product: PromQL.oneOf("tea", "cake"), job: PromQL.matches("shop-.*") } as const
    expect(text(PromQL.presence(PromQL.counter(orders, where)))).toBe(
      "shop_orders_total{channel=\"web\", product=~\"tea|cake\", job=~\"shop-.*\"}"
    )
    expect(text(PromQL.gauge(stock, { product: PromQL.not("tea"), instance: PromQL.matchesNot("a|b") }))).toBe(
      "shop_stock{product!=\"tea\", instance!~\"a|b\"}"
    )
  })

  it("takes a listed value for itself, not for a pattern", () => {
    expect(text(PromQL.presence(PromQL.counter(orders, { path: PromQL.oneOf("/buy/{id}", "/call") })))).toBe(
      "shop_orders_total{path=~\"/buy/\\\\{id\\\\}|/call\"}"
    )
  })

  it("knows the values that the catalogue knows, the overflow among them", () => {
    // @ts-expect-error no value of the label
    refused(() => PromQL.counter(orders, { channel: "fax" }))
    // @ts-expect-error no value of the label
    refused(() => PromQL.counter(orders, { channel: PromQL.oneOf("web", "fax") }))
    // @ts-expect-error no label of the metric
    refused(() => PromQL.counter(orders, { chanel: "web" }))
    refused(() => PromQL.counter(orders, { product: "coffee" }))
    refused(() => PromQL.counter(orders, { product: PromQL.noneOf("coffee") }))
    refused(() => PromQL.counter(orders, { product: PromQL.matches("cof.*") }))
    expect(text(PromQL.presence(PromQL.counter(orders, { product: "__overflow__" })))).toContain("__overflow__")
    expect(text(PromQL.gauge(stock, { product: "coffee" }))).toContain("coffee")
  })

  it("leaves a label to a dashboard's variable, whatever its values are", () => {
    expect(text(PromQL.presence(PromQL.counter(orders, { channel: PromQL.variable("channel") })))).toBe(
      "shop_orders_total{channel=~\"$channel\"}"
    )
  })

  it("takes no pattern that Prometheus would not, and no empty list", () => {
    for (const pattern of ["(", "(?=a)", "(?<!a)b", "(a)\\1"]) {
      refused(() => PromQL.gauge(stock, { product: PromQL.matches(pattern) }))
    }
    expect(text(PromQL.presence(PromQL.counter(orders, { channel: PromQL.matches("(?i)WEB") })))).toContain("(?i)WEB")
    refused(() => PromQL.gauge(stock, { product: PromQL.oneOf() }))
    refused(() => PromQL.gauge(stock, { product: "\ud800" }))
  })

  it("is of the kind that its metric is", () => {
    const onlyTyped = () => [
      // @ts-expect-error a gauge is no counter
      PromQL.counter(stock),
      // @ts-expect-error a counter is no gauge
      PromQL.gauge(orders),
      // @ts-expect-error the rate of a gauge
      PromQL.rate(PromQL.gauge(stock), "5 minutes"),
      // @ts-expect-error a counter without a rate
      PromQL.greaterThan(PromQL.counter(orders), 3),
      // @ts-expect-error the quantile of a counter
      PromQL.quantile(0.5, orders, { range: "5 minutes" }),
      // @ts-expect-error a range that Grafana does not know
      PromQL.rate(PromQL.counter(orders), "$__rate")
    ]
    expect(onlyTyped).toBeTypeOf("function")
  })
})

describe("Ranges", () => {
  it("are written as Prometheus writes them", () => {
    expect(text(PromQL.increase(PromQL.observations(delivery), "90 seconds"))).toBe(
      "increase(shop_delivery_seconds_count[1m30s])"
    )
    expect(text(PromQL.rate(PromQL.total(delivery), PromQL.rateInterval))).toBe(
      "rate(shop_delivery_seconds_sum[$__rate_interval])"
    )
    expect(text(PromQL.overTime("max", PromQL.gauge(stock), "1 hour"))).toBe("max_over_time(shop_stock[1h])")
    expect(text(PromQL.overTime("avg", PromQL.sum(PromQL.gauge(stock)), "$__range"))).toBe(
      "avg_over_time(sum(shop_stock)[$__range:])"
    )
    expect(text(PromQL.changes(PromQL.gauge(began), "1 day"))).toBe("changes(shop_began_timestamp_seconds[1d])")
  })

  it("are whole milliseconds above zero that Prometheus can count", () => {
    expect(text(PromQL.rate(PromQL.counter(orders), "101 days"))).toBe("rate(shop_orders_total[101d])")
    for (const length of ["0 seconds", "0.5 millis", "40000 days"] as const) {
      refused(() => PromQL.rate(PromQL.counter(orders), length))
    }
    refused(() => PromQL.rate(PromQL.counter(orders), Infinity))
    refused(() => PromQL.rate(PromQL.counter(orders), -1000))
  })

  it("of the past add up", () => {
    const past = PromQL.ago(PromQL.subtract(rate, PromQL.ago(rate, "1 hour")), "1 day")
    expect(text(past)).toBe("rate(shop_orders_total[5m] offset 1d) - rate(shop_orders_total[5m] offset 1d1h)")
  })
})

describe("An aggregation", () => {
  it("keeps the labels that it names", () => {
    const sum = PromQL.sum(rate, { by: ["job", "channel"] })
    expect(text(sum)).toBe("sum by (job, channel) (rate(shop_orders_total[5m]))")
    expect(text(PromQL.max(sum, { by: ["job"] }))).toContain("max by (job) (")
    expect(text(PromQL.count(PromQL.min(PromQL.avg(sum))))).toContain("count(min(avg(")
    expect(text(PromQL.top(3, sum))).toContain("topk(3, sum by")
  })

  it("is by no label that is not there", () => {
    // @ts-expect-error no label of the metric
    refused(() => PromQL.sum(rate, { by: ["chanel"] }))
    // @ts-expect-error the label is gone
    refused(() => PromQL.sum(PromQL.sum(rate, { by: ["job"] }), { by: ["channel"] }))
    // @ts-expect-error no label of the metric
    refused(() => PromQL.quantile(0.5, delivery, { by: ["product"], range: "5 minutes" }))
    for (const k of [0, 1.5, Number.NaN]) refused(() => PromQL.top(k, rate))
  })
})

describe("Of a histogram", () => {
  it("a quantile is over the sum of its buckets' rates", () => {
    expect(text(PromQL.quantile(0.95, delivery, { by: ["channel"], range: "5 minutes", where: { job: "shop" } }))).toBe(
      "histogram_quantile(0.95, sum by (le, channel) (rate(shop_delivery_seconds_bucket{job=\"shop\"}[5m])))"
    )
    for (const q of [0, 1, -1, 95, Number.NaN]) refused(() => PromQL.quantile(q, delivery, { range: "5 minutes" }))
  })

  it("a bound is one that it has, written as a float", () => {
    expect(text(PromQL.rate(PromQL.within(delivery, 2), "1 hour"))).toBe(
      "rate(shop_delivery_seconds_bucket{le=\"2.0\"}[1h])"
    )
    expect(text(PromQL.presence(PromQL.within(delivery, 0.5, { channel: "web" })))).toContain(
      "channel=\"web\", le=\"0.5\""
    )
    refused(() => PromQL.within(delivery, 3))
  })

  it("a mean is nothing where there was nothing", () => {
    expect(text(PromQL.mean(delivery, { range: "5 minutes" }))).toBe(
      "sum(rate(shop_delivery_seconds_sum[5m])) / (sum(rate(shop_delivery_seconds_count[5m])) > 0)"
    )
  })
})

describe("An operator", () => {
  const byJob = PromQL.sum(rate, { by: ["job"] })
  const byProduct = PromQL.sum(rate, { by: ["job", "product"] })

  it("takes numbers on either side", () => {
    expect(text(PromQL.subtract(PromQL.time, PromQL.gauge(began)))).toBe("time() - shop_began_timestamp_seconds")
    expect(text(PromQL.sum(PromQL.subtract(PromQL.time, PromQL.gauge(began)), { by: ["job"] }))).toContain(
      "sum by (job)"
    )
    expect(text(PromQL.divide(1, byJob))).toBe("1 / sum by (job) (rate(shop_orders_total[5m]))")
    expect(text(PromQL.complement(byJob))).toContain("1 - sum")
    expect(text(PromQL.greaterThan(PromQL.gauge(began), PromQL.subtract(PromQL.time, 60)))).toBe(
      "shop_began_timestamp_seconds > time() - 60"
    )
    expect(text(PromQL.multiply(byJob, -1))).toContain("* -1")
    for (const number of [Number.NaN, Infinity]) refused(() => PromQL.add(byJob, number))
  })

  it("has no number where Prometheus takes none", () => {
    refused(() => PromQL.and(byJob, 1))
    refused(() => PromQL.greaterThan(PromQL.time, 1))
    refused(() => PromQL.add(byJob, 1, { on: ["job"] }))
    refused(() => PromQL.sum(PromQL.time))
    refused(() => PromQL.overTime("max", PromQL.time, "5 minutes"))
    refused(() => PromQL.top(1, PromQL.time))
  })

  it("matches the same labels, or those that it names", () => {
    refused(() => PromQL.divide(byProduct, byJob))
    refused(() => PromQL.divide(byProduct, byJob, { on: ["product"] }))
    refused(() => PromQL.divide(byProduct, byJob, { manyToOne: true }))
    expect(text(PromQL.divide(byProduct, byJob, { on: ["job"], manyToOne: true }))).toContain(
      "/ on (job) group_left ()"
    )
    expect(text(PromQL.unless(byProduct, byJob, { on: ["job"] }))).toContain("unless on (job)")
  })

  it("loses no label unseen", () => {
    refused(() => PromQL.greaterThan(byProduct, byJob, { on: ["job"] }))
    refused(() => PromQL.unless(byProduct, byJob, { on: ["job"], manyToOne: true }))
    refused(() => PromQL.sum(PromQL.or(byProduct, byJob, { on: ["job"] }), { by: ["product"] }))
    expect(text(PromQL.sum(PromQL.or(byProduct, byJob, { on: ["job"] }), { by: ["job"] }))).toContain("or on (job)")
  })

  it("a ratio is nothing where the whole is, and 0 where the part has no series", () => {
    const failed = PromQL.sum(PromQL.rate(PromQL.counter(orders, { channel: "phone" }), "5 minutes"), { by: ["job"] })
    expect(text(PromQL.ratio(failed, byJob, { above: 0.1 })).replace(/\s+/g, " ").replaceAll("( ", "(")).toBe(
      "(sum by (job) (rate(shop_orders_total{channel=\"phone\"}[5m])) or "
        + "sum by (job) (rate(shop_orders_total[5m])) * 0 ) / (sum by (job) (rate(shop_orders_total[5m])) > 0.1)"
    )
    refused(() => PromQL.ratio(failed, byJob, { above: -1 }))
  })

  it("one value without labels is there always, or instead of none", () => {
    const all = PromQL.sum(rate)
    expect(text(PromQL.always(1))).toBe("vector(1)")
    expect(text(PromQL.orZero(all))).toBe("sum(rate(shop_orders_total[5m])) or vector(0)")
    // @ts-expect-error it has labels
    refused(() => PromQL.orZero(byJob))
  })

  it("absence has no labels and is of series of any kind", () => {
    expect(text(PromQL.absent(PromQL.counter(orders)))).toBe("absent(shop_orders_total)")
    expect(text(PromQL.absent(PromQL.gauge(stock, { job: "shop" })))).toBe("absent(shop_stock{job=\"shop\"})")
    // @ts-expect-error absence has no labels
    refused(() => PromQL.sum(PromQL.absent(PromQL.gauge(stock)), { by: ["job"] }))
  })

  it("absence has the labels of which one value is asked for, where that is said", () => {
    const gone = PromQL.absent(PromQL.gauge(stock, { job: "shop" }), { labels: ["job"] })
    expect(text(PromQL.or(PromQL.max(PromQL.gauge(stock), { by: ["job"] }), gone))).toBe(
      "max by (job) (shop_stock) or absent(shop_stock{job=\"shop\"})"
    )
    const without = [{}, { job: "" }, { job: PromQL.not("shop") }, { job: PromQL.oneOf("shop", "web") }]
    for (const where of without) {
      expect(() => PromQL.absent(PromQL.gauge(stock, where), { labels: ["job"] })).toThrow(
        /^PromQL: absent\(.*\) has no label job, it is not asked to have one value$/
      )
    }
    expect(() => PromQL.absent(PromQL.max(PromQL.gauge(stock, { job: "shop" })), { labels: ["job"] })).toThrow(
      "has no label job"
    )
  })
})

describe("A recorded series", () => {
  it("has the labels of its rule and those of a target", () => {
    const share = PromQL.recorded("job:shop_errors:ratio_rate5m", ["job", "slo"], { slo: "orders" })
    expect(text(PromQL.greaterThan(share, 0.01))).toBe("job:shop_errors:ratio_rate5m{slo=\"orders\"} > 0.01")
    // @ts-expect-error no label of the rule
    refused(() => PromQL.sum(share, { by: ["channel"] }))
    // @ts-expect-error no label of the rule
    refused(() => PromQL.recorded("job:shop_errors:ratio_rate5m", ["job"], { channel: "web" }))
  })
})

describe("Rendering", () => {
  it("adds what a dashboard asks to every selector", () => {
    const job = { label: "job", operator: "=~", value: "$job" } as const
    const shown = PromQL.ratio(PromQL.gauge(stock), PromQL.gauge(stock))
    expect(text(shown, { where: [job] }).match(/\{job=~"\$job"\}/g)).toHaveLength(3)
    expect(text(PromQL.gauge(Foreign.up, { job: "a" }), { where: [job] })).toBe("up{job=\"a\", job=~\"$job\"}")
  })

  it("escapes whatever a value holds", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string({ unit: character, maxLength: 20 }), (value) => {
      const selector = text(PromQL.gauge(stock, { product: value }))
      const [, quoted = ""] = /^shop_stock\{product=(".*")\}$/.exec(selector) ?? []
      expect(JSON.parse(quoted)).toBe(value)
    }))
    expect(text(PromQL.gauge(stock, { product: "a\"b\\c\nd" }))).toBe("shop_stock{product=\"a\\\"b\\\\c\\nd\"}")
  })
})
