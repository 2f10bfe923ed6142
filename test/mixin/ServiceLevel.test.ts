import { Catalogue } from "@dawsos/observability"
import { PromQL, type Rules, ServiceLevel } from "@dawsos/observability/mixin"
import { describe, expect, it } from "@effect/vitest"

const { Label } = Catalogue

const orders = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders by outcome",
  labels: { status: Label.oneOf("success", "error"), shop: Label.bounded() }
})
const seconds = Catalogue.histogram({
  name: "shop_order_duration_seconds",
  help: "Time of an order",
  unit: "seconds",
  labels: { shop: Label.bounded() },
  buckets: [0.1, 1, 5],
  bucketsReason: "a test"
})

const rate = (range: PromQL.RangeInput, status?: "success" | "error") =>
  PromQL.sum(PromQL.rate(PromQL.counter(orders, status === undefined ? {} : { status }), range), { by: ["job"] })

const indicator = ServiceLevel.events({ total: (range) => rate(range), bad: (range) => rate(range, "error") })

const objective: ServiceLevel.Objective<"job"> = {
  id: "shop_checkout",
  alert: "CheckoutBurnRate",
  title: "Checkout",
  target: 0.999,
  window: "30 days",
  by: ["job"],
  indicator,
  dashboard: "shop-service-levels",
  runbook: { meaning: "m", firstLook: ["f"], usualCauses: ["u"], actions: ["a"] }
}

const level = ServiceLevel.make(objective)

const alerts = (of: ServiceLevel.ServiceLevel): ReadonlyArray<Rules.Alert> =>
  of.groups.flatMap(({ rules }) => rules).filter((rule) => rule._tag === "Alert")

const recordings = (of: ServiceLevel.ServiceLevel): Readonly<Record<string, string>> =>
  Object.fromEntries(
    of.groups.flatMap(({ rules }) => rules).flatMap((rule) =>
      rule._tag === "Recording" ? [[rule.record, PromQL.render(rule.expression)]] : []
    )
  )

describe("A service level", () => {
  it("has the four alerts of the SRE workbook: factors, windows and severities", () => {
    expect(
      alerts(level).map(({ expression, for: holds, labels, severity }) => ({
        severity,
        holds,
        labels,
        expression: PromQL.render(expression)
      }))
    ).toEqual([
      {
        severity: "critical",
        holds: "2 minutes",
        labels: { slo: "shop_checkout", long_window: "1h", short_window: "5m" },
        expression: "job:shop_checkout_bad:ratio_rate1h > 0.0144 and job:shop_checkout_bad:ratio_rate5m > 0.0144\n" +
          "and job:shop_checkout_bad:rate5m >= 0.01"
      },
      {
        severity: "critical",
        holds: "15 minutes",
        labels: { slo: "shop_checkout", long_window: "6h", short_window: "30m" },
        expression: "job:shop_checkout_bad:ratio_rate6h > 0.006 and job:shop_checkout_bad:ratio_rate30m > 0.006\n" +
          "and avg_over_time(job:shop_checkout_bad:rate5m[30m]) >= 0.00166666666667"
      },
      {
        severity: "warning",
        holds: "1 hour",
        labels: { slo: "shop_checkout", long_window: "1d", short_window: "2h" },
        expression: "job:shop_checkout_bad:ratio_rate1d > 0.003 and job:shop_checkout_bad:ratio_rate2h > 0.003\n" +
          "and avg_over_time(job:shop_checkout_bad:rate5m[2h]) >= 0.000416666666667"
      },
      {
        severity: "warning",
        holds: "3 hours",
        labels: { slo: "shop_checkout", long_window: "3d", short_window: "6h" },
        expression: "job:shop_checkout_bad:ratio_rate3d > 0.001 and job:shop_checkout_bad:ratio_rate6h > 0.001\n" +
          "and avg_over_time(job:shop_checkout_bad:rate5m[6h]) >= 0.000138888888889"
      }
    ])
  })

  it("records good and bad events once, and longer windows as means of what is recorded", () => {
    const rules = recordings(level)
    expect(Object.keys(rules)).toEqual([
      "job:shop_checkout_total:rate5m",
      "job:shop_checkout_bad:rate5m",
      ...["5m", "30m", "1h", "2h", "6h", "1d", "3d"].map((window) => `job:shop_checkout_bad:ratio_rate${window}`),
      "job:shop_checkout_budget_left:ratio30d"
    ])
    expect(rules["job:shop_checkout_bad:rate5m"]).toContain("or sum by (job) (rate(shop_orders_total[5m])) * 0")
    expect(rules["job:shop_checkout_bad:ratio_rate1h"]).toBe(
      "avg_over_time(job:shop_checkout_bad:rate5m[1h])\n/ (avg_over_time(job:shop_checkout_total:rate5m[1h]) > 0)"
    )
  })

  it("gives panels what is left, how fast it burns, the share of bad events and the traffic", () => {
    expect(
      [level.budgetLeft, level.burnRate("6 hours"), level.badShare("5 minutes"), level.traffic].map((expression) =>
        PromQL.render(expression)
      )
    ).toEqual([
      "job:shop_checkout_budget_left:ratio30d",
      "job:shop_checkout_bad:ratio_rate6h / 0.001",
      "job:shop_checkout_bad:ratio_rate5m",
      "job:shop_checkout_total:rate5m"
    ])
    expect({ target: level.target, title: level.title, window: level.window }).toEqual({
      target: 0.999,
      title: "Checkout",
      window: "30d"
    })
  })

  it("says in its alerts how much is allowed and how soon the budget is spent", () => {
    expect(alerts(level)[0]?.description).toBe(
      "{{ $value | humanizePercentage }} of the events of Checkout ({{ $labels.job }}) were bad in the last 1h, 0.1 % " +
        "are allowed. At 14.4 times that, the budget of 30d is spent in 2d2h."
    )
  })

  it("can be by more labels than the job", () => {
    const byShop = ServiceLevel.make({
      ...objective,
      by: ["job", "shop"],
      indicator: ServiceLevel.latency({ histogram: seconds, within: 1, by: ["job", "shop"] })
    })
    expect(Object.keys(recordings(byShop))[0]).toBe("job_shop:shop_checkout_total:rate5m")
    expect(alerts(byShop)[0]?.description).toContain("({{ $labels.job }}, {{ $labels.shop }})")
  })

  it("takes good events as well as bad ones: what is not good is bad, with no good series everything", () => {
    const good = ServiceLevel.events({ total: (range) => rate(range), good: (range) => rate(range, "success") })
    expect(PromQL.render(good.bad("5 minutes"))).toBe(
      "sum by (job) (rate(shop_orders_total[5m]))\n-\n(\n  sum by (job) (rate(shop_orders_total{status=\"success\"}[5m]))\n" +
        "  or sum by (job) (rate(shop_orders_total[5m])) * 0\n)"
    )
  })

  it("counts as bad what is slower than a bound of a histogram", () => {
    const slow = ServiceLevel.latency({ histogram: seconds, within: 1, by: ["job"], where: { shop: "web" } })
    expect(PromQL.render(slow.total("1 hour"))).toBe(
      "sum by (job) (rate(shop_order_duration_seconds_count{shop=\"web\"}[1h]))"
    )
    expect(PromQL.render(slow.bad("1 hour"))).toContain(
      "rate(shop_order_duration_seconds_bucket{shop=\"web\", le=\"1.0\"}[1h])"
    )
  })

  it("can leave the least number of bad events to its user", () => {
    expect(PromQL.render(alerts(ServiceLevel.make({ ...objective, minimumBad: 30 }))[0]!.expression)).toContain(
      ">= 0.1"
    )
  })
})

describe("An objective is refused", () => {
  const cases: ReadonlyArray<readonly [string, Partial<ServiceLevel.Objective<"job">>, string]> = [
    [
      "with an id of other letters",
      { id: "Shop-Checkout" },
      "Shop-Checkout: an id is written in lower case with underscores"
    ],
    ["with a target of 1", { target: 1 }, "shop_checkout: the target was 1, allowed are numbers between 0 and 1"],
    ["with a target of 0", { target: 0 }, "shop_checkout: the target was 0, allowed are numbers between 0 and 1"],
    ["with a target that is no number", { target: Number.NaN }, "shop_checkout: the target was NaN"],
    ["with a target that no burn of 14.4 can miss", { target: 0.9 }, "a burn of 14.4 can't happen"],
    [
      "over a window that is not longer than the slowest alert's",
      { window: "3 days" },
      "shop_checkout: the window was 3d"
    ],
    ["with a negative number of bad events", { minimumBad: -1 }, "shop_checkout: minimumBad was -1"],
    ["by no label", { by: [] }, "shop_checkout: by is empty"],
    [
      "when its indicator has other labels",
      {
        indicator: ServiceLevel.events({
          total: () => PromQL.sum(PromQL.rate(PromQL.counter(orders), "5 minutes"), { by: ["shop"] }) as never,
          bad: () => rate("5 minutes", "error")
        })
      },
      "shop_checkout: the indicator has the labels shop, the objective is by job"
    ],
    [
      "with a name that is no alert's",
      { alert: "checkout burn" },
      "checkout burn: the name of an alert is written in CamelCase"
    ]
  ]
  it.for(cases)("%s", ([, changed, message]) => {
    expect(() => ServiceLevel.make({ ...objective, ...changed })).toThrow(message)
  })

  it("for a latency that is no bound of the histogram", () => {
    expect(() => ServiceLevel.latency({ histogram: seconds, within: 2, by: ["job"] }).bad("5 minutes")).toThrow(
      "shop_order_duration_seconds: 2 is no bound of its buckets 0.1, 1, 5"
    )
  })
})
