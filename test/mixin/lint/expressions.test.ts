import { Lint } from "@dawsos/observability/mixin"
import { describe, expect, it } from "vitest"
import { context, edit, foundIn, rules, rulesText } from "./shop.ts"

interface Cases {
  readonly says: string
  /** Expressions with a job, so that they can be alerts. */
  readonly good: ReadonlyArray<string>
  readonly bad: ReadonlyArray<string>
}

const rate = "sum by (job) (rate(shop_orders_total[5m]))"
const delivered = "sum by (job) (rate(shop_delivery_seconds_count[5m]))"
const buckets = "rate(shop_delivery_seconds_bucket[5m])"

const cases: Readonly<Record<string, Cases>> = {
  "promql-parses": {
    says: "an expression is PromQL",
    good: [`${rate} > 1 # a comment`, "max by (job) (shop_stock @ start() offset 5m) > 1"],
    bad: ["", `${rate} >`, "sum by (job) (rate(shop_orders_total)) > 1", "sum by (job) (shop_stock{job=\"shop}) > 1"]
  },
  "metric-known": {
    says: "a metric is one of the catalogue, a foreign one or a recorded one",
    good: [
      "max by (job) (up) == 0",
      "job:shop_orders:mean1d > 1",
      "max by (job) (process_start_time_seconds) > 1",
      "max by (job) ({__name__=\"shop_stock\"}) > 1"
    ],
    bad: [
      "max by (job) (shop_stocks) > 1",
      "job:shop_orders:mean2d > 1",
      "sum by (job) (rate(shop_delivery_seconds[5m])) > 1",
      "max by (job) ({product=\"tea\"}) > 1"
    ]
  },
  "label-known": {
    says: "a label is one that the series have",
    good: [
      "max by (job) (shop_stock{product=\"tea\", instance=\"a\"}) > 1",
      "max by (job, product) (shop_stock) > 1",
      "max without (product, instance) (shop_stock) > 1",
      "max by (job, product) (shop_stock) / on (job) group_left () max by (job) (up) > 1",
      "max by (job, product) (shop_stock) * on (job) group_left (alertname) max by (job, alertname) (ALERTS) > 1",
      "max by (job, product) (shop_stock) / ignoring (product) group_left () max by (job) (up) > 1",
      "max by (job, where) (label_replace(shop_stock, \"where\", \"$1\", \"product\", \"(.*)\")) > 1",
      "max by (job, amount) (count_values by (job) (\"amount\", shop_stock)) > 1",
      "max by (job, le) (rate(shop_delivery_seconds_bucket[5m])) > 1"
    ],
    bad: [
      "max by (job) (shop_stock{colour=\"red\"}) > 1",
      "max by (job, colour) (shop_stock) > 1",
      "max by (job, product) (max by (job) (shop_stock)) > 1",
      "max without (colour, instance) (shop_stock) > 1",
      "max by (job) (shop_stock) and on (job, colour) max by (job) (up) > 1",
      "max by (job, product) (shop_stock) / on (job, product) group_left () max by (job) (up) > 1",
      "max by (job, product) (shop_stock) / on (job) group_left (colour) max by (job) (up) > 1",
      "max by (job, le) (rate(shop_delivery_seconds_count[5m])) > 1",
      "max by (job, product) (job:shop_orders:rate5m) > 1"
    ]
  },
  "value-known": {
    says: "a literal value is one that the label can have",
    good: [
      "sum by (job) (rate(shop_orders_total{product=\"__overflow__\"}[5m])) > 1",
      "sum by (job) (rate(shop_orders_total{product=~\"tea|c.*e\", product!~\"cake\"}[5m])) > 1",
      "sum by (job) (rate(shop_orders_total{product!=\"\"}[5m])) > 1",
      "max by (job) (shop_stock{product=\"anything\", job=\"shop\"}) > 1",
      "max by (job) (job:shop_orders:rate5m{team=\"a\"}) > 1"
    ],
    bad: [
      "sum by (job) (rate(shop_orders_total{channel=\"fax\"}[5m])) > 1",
      "sum by (job) (rate(shop_orders_total{channel!=\"fax\"}[5m])) > 1",
      "sum by (job) (rate(shop_orders_total{channel=\"\"}[5m])) > 1",
      "sum by (job) (rate(shop_orders_total{product=\"coffee\"}[5m])) > 1",
      "sum by (job) (rate(shop_orders_total{product=~\"tea|coffee\"}[5m])) > 1",
      "sum by (job) (rate(shop_orders_total{product!~\"te\"}[5m])) > 1",
      "sum by (job) (rate(shop_orders_total{product=~\"(\"}[5m])) > 1",
      "max by (job) (shop_stock{job=\"shpo\"}) > 1",
      "max by (job) (job:shop_orders:rate5m{team=\"b\"}) > 1"
    ]
  },
  "bucket-bound": {
    says: "a threshold on a histogram is a bound, written as a float",
    good: [
      "sum by (job) (rate(shop_delivery_seconds_bucket{le=\"2.0\"}[5m])) > 1",
      "sum by (job) (rate(shop_delivery_seconds_bucket{le=~\"0.5|[+]Inf\"}[5m])) > 1",
      `10 < histogram_quantile(0.5, sum by (le, job) (${buckets}))`
    ],
    bad: [
      "sum by (job) (rate(shop_delivery_seconds_bucket{le=\"2\"}[5m])) > 1",
      "sum by (job) (rate(shop_delivery_seconds_bucket{le=\"3.0\"}[5m])) > 1",
      `histogram_quantile(0.5, sum by (le, job) (${buckets})) > 3`,
      `3 < histogram_quantile(0.5, sum by (le, job) (${buckets}))`
    ]
  },
  "counter-under-rate": {
    says: "a counter is read by its growth or its presence",
    good: [
      "sum by (job) (increase(shop_orders_total[1h])) > 1",
      "max by (job) (resets(shop_orders_total[1h])) > 1",
      "count by (job) (shop_orders_total) > 1",
      "max by (job) (present_over_time(shop_orders_total[1h])) > 1",
      "absent(shop_orders_total{job=\"shop\"})",
      "absent_over_time(shop_orders_total{job=\"shop\"}[1h])",
      "sum by (job) (up unless on (job) shop_orders_total) > 1",
      "sum by (job) (up and on (job) shop_orders_total) > 1"
    ],
    bad: [
      "sum by (job) (shop_orders_total) > 1",
      "max by (job) (max_over_time(shop_orders_total[1h])) > 1",
      "max by (job) (shop_delivery_seconds_sum) > 1",
      "max by (job) (delta(shop_orders_total[1h])) > 1",
      "max by (job) (max_over_time(shop_orders_total[1h:])) > 1",
      "sum by (job) (shop_orders_total unless on (job) up) > 1",
      "max by (job) (up * on (job, instance) group_right () shop_orders_total) > 1"
    ]
  },
  "rate-of-counter": {
    says: "a rate is of a counter",
    good: ["sum by (job) (irate(shop_orders_total[5m])) > 1", "max by (job) (deriv(shop_stock[5m])) > 1"],
    bad: [
      "sum by (job) (rate(shop_stock[5m])) > 1",
      "sum by (job) (increase(job:shop_orders:rate5m[5m])) > 1",
      "rate(sum by (job) (up)[5m:]) > 1"
    ]
  },
  "histogram-quantile": {
    says: "a quantile is over sum by (le, …)",
    good: [
      `histogram_quantile(0.5, sum by (job, le) (${buckets})) > 2`,
      `histogram_quantile(0.5, sum without (instance, channel) (${buckets})) > 2`,
      "histogram_quantile(0.5, sum by (job, le) (job:shop_delivery_bucket:rate5m)) > 2"
    ],
    bad: [
      `max by (job) (histogram_quantile(0.5, ${buckets})) > 2`,
      `histogram_quantile(0.5, sum by (job) (${buckets})) > 2`,
      `histogram_quantile(0.5, avg by (job, le) (${buckets})) > 2`,
      "histogram_quantile(0.5, sum without (instance, le) (rate(shop_delivery_seconds_bucket[5m]))) > 2",
      "histogram_quantile(0.5, sum by (job, le) (job:shop_delivery_bucket:rate5m * 2)) > 2",
      "histogram_quantile(0.5, sum by (job) (rate(shop_delivery_seconds_count[5m]))) > 2",
      `histogram_quantile(95, sum by (job, le) (${buckets})) > 2`
    ]
  },
  "ratio-guarded": {
    says: "a ratio has no value without traffic",
    good: [
      `${rate} / (${rate} > 0) > 1`,
      `${rate} / (${rate} >= 0.1) > 1`,
      `${rate} / (${rate} != 0) > 1`,
      `${rate} / (2 * (${rate} > 0)) > 1`,
      `${rate} / clamp_min(${delivered}, 1) > 1`,
      `${rate} / scalar(${delivered} > 0) > 1`,
      `${rate} / ${delivered} > 1 and ${rate} > 0.1`,
      `${rate} > 0 and ${rate} / ${delivered} > 1`,
      `${rate} / (${rate} + ${delivered}) > 1`,
      `${rate} / ((${delivered} > 0) / 60) > 1`,
      `${rate} / (${delivered} and ${delivered} > 0) > 1`,
      `0.5 < ${rate} / (${rate} + ${delivered})`,
      `${rate} / 60 > 1`,
      `${rate} / job:shop_stock:max > 1`,
      "max by (job) (shop_stock) / max by (job) (up) > 1"
    ],
    bad: [
      `${rate} / ${delivered} > 1`,
      `${rate} / (${delivered} > -1) > 1`,
      `${rate} / (${delivered} >= 0) > 1`,
      `${rate} / (${delivered} > bool 0) > 1`,
      `${rate} / clamp_min(${delivered}, 0) > 1`,
      `${rate} / round(${delivered}, 1) > 1`,
      `${rate} / scalar(${delivered}) > 1`,
      `${rate} / (${delivered} < 5) > 1`,
      `${rate} / (${delivered} == 0) > 1`,
      `${rate} / (${delivered} != 1) > 1`,
      `max by (job) (up) > 0 and ${rate} / ${delivered} > 1`,
      `${rate} / job:shop_orders:mean1d > 1`,
      `${rate} / ${delivered} > 1 and max by (job) (up) > 0`,
      `${rate} / ${delivered} > 1 or ${rate} > 0`,
      `${rate} / (${rate} + ${delivered}) != 1`,
      `(${rate} / (${rate} + ${delivered}) > bool 0.5) > 0`,
      `${rate} / (${delivered} and ${rate}) > 1`,
      `${rate} / (${delivered} + 1) > 1`,
      `1 - ${rate} / (${rate} + ${delivered}) > 1`
    ]
  },
  "no-instance": {
    says: "instance is in a result only where it is asked for",
    good: ["max by (job, instance) (up) == 0", "max without (instance) (up) == 0"],
    bad: [
      "up == 0",
      "shop_stock > 1 unless on (job) job:shop_orders:rate5m > 0",
      "max without (product) (shop_stock) > 1"
    ]
  }
}

describe("In every expression", () => {
  for (const [lint, { bad, good, says }] of Object.entries(cases)) {
    it(`${says} (${lint})`, () => {
      expect(good.map((text) => ({ text, found: foundIn(text) }))).toEqual(good.map((text) => ({ text, found: [] })))
      expect(bad.map((text) => ({ text, found: foundIn(text) }))).toEqual(bad.map((text) => ({ text, found: [lint] })))
    })
  }

  it("a finding says what is read as what", () => {
    const problems = (expression: string) =>
      Lint.rules(rulesText(edit(rules, ["groups", 1, "rules", 0, "expr"], expression)), context)
        .map(({ problem }) => problem)
    expect(problems("sum by (job) (rate(shop_stock[5m])) > 1")).toEqual(["rate of shop_stock, which is a gauge"])
    expect(problems("sum by (job) (rate(job:shop_orders:rate5m[5m])) > 1")).toEqual([
      "rate of job:shop_orders:rate5m, which is the result of a recording rule"
    ])
    expect(problems("sum by (job) (rate(shop_orders_total{channel=\"fax\"}[5m])) > 1")).toEqual([
      "channel of shop_orders_total is never \"fax\", known are web, phone"
    ])
  })

  it("the same is found on a dashboard", () => {
    for (const [lint, { bad }] of Object.entries(cases)) {
      const [text = ""] = bad.filter((one) => one !== "")
      expect({ text, found: foundIn(text, "dashboard") }).toEqual({ text, found: expect.arrayContaining([lint]) })
    }
  })
})
