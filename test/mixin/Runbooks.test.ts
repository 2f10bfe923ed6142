import { Catalogue } from "@dawsos/observability"
import { AlertsPage, PromQL, Rules, Runbooks, ServiceLevel } from "@dawsos/observability/mixin"
import { describe, expect, it } from "@effect/vitest"

const orders = Catalogue.counter({ name: "shop_orders_total", help: "Orders", labels: {} })

const expression = PromQL.greaterThan(PromQL.sum(PromQL.rate(PromQL.counter(orders), "5 minutes"), { by: ["job"] }), 1)

const runbook: Rules.Runbook = {
  meaning: "Orders fail. PaymentDown may be the cause, OrdersFail is this page.",
  firstLook: ["Ask `PaymentDown` of the log.", "Is PaymentDown firing?"],
  usualCauses: ["The payment provider."],
  actions: ["Roll back."]
}

const alert = (changed: Partial<Rules.Alert> = {}): Rules.Alert =>
  Rules.alert({
    name: "OrdersFail",
    expression,
    for: "2 minutes",
    keepFiringFor: "5 minutes",
    severity: "critical",
    summary: "Orders fail",
    description: "{{ $value }}",
    dashboard: "shop",
    runbook,
    ...changed
  })

const payment = alert({ name: "PaymentDown", for: undefined, keepFiringFor: undefined, severity: "warning" })

const options = { runbookUrl: "https://shop.example/", grafanaUrl: "https://grafana.example", header: "Generated." }

const groups = [{ name: "shop", rules: [alert(), payment] }]

describe("A runbook page", () => {
  it("says what it means, where to look, what causes it and what to do, in this order", () => {
    const [file] = Runbooks.files(groups, options)
    expect(file?.path).toBe("runbooks/OrdersFail.md")
    expect(file?.content).toBe(`<!-- Generated. -->

# OrdersFail

Orders fail.

Dashboard: <https://grafana.example/d/shop>

## What it means

Orders fail. [PaymentDown](PaymentDown.md) may be the cause, OrdersFail is this page.

## Look here first

1. Ask \`PaymentDown\` of the log.
2. Is [PaymentDown](PaymentDown.md) firing?

## Usual causes

- The payment provider.

## What to do

- Roll back.

## Condition

\`critical\`, for 2m, stays 5m:

\`\`\`promql
sum by (job) (rate(shop_orders_total[5m])) > 1
\`\`\`
`)
  })

  it("says of a condition that need not hold that it fires at once", () => {
    expect(Runbooks.page([payment], options)).toContain("`warning`, at once:")
  })

  it("is one for an alert with several conditions", () => {
    const files = Runbooks.files([
      { name: "a", rules: [alert({ labels: { window: "1h" } })] },
      { name: "b", rules: [alert({ labels: { window: "6h" }, for: "1 hour" })] }
    ], options)
    expect(files.map(({ path }) => path)).toEqual(["runbooks/OrdersFail.md"])
    expect(files[0]?.content).toContain("## Conditions, each of which is enough")
    expect(files[0]?.content).toContain("for 1h, stays 5m")
  })

  it("is refused where an alert has two that differ", () => {
    const other = alert({ labels: { window: "6h" }, runbook: { ...runbook, meaning: "Something else." } })
    expect(() => Runbooks.files([{ name: "a", rules: [alert(), other] }], options)).toThrow(
      "OrdersFail: its rules have different runbooks, an alert has one"
    )
  })

  it("is not made for recording rules", () => {
    const recording = Rules.recording({ record: "job:shop_orders:rate5m", expression })
    expect(Runbooks.files([{ name: "a", rules: [recording] }], options)).toEqual([])
  })
})

describe("The page on all alerts", () => {
  const level = ServiceLevel.make({
    id: "shop_orders",
    alert: "OrdersBurnRate",
    title: "Orders | web",
    target: 0.999,
    window: "30 days",
    by: ["job"],
    indicator: ServiceLevel.events({
      total: (range) => PromQL.sum(PromQL.rate(PromQL.counter(orders), range), { by: ["job"] }),
      bad: (range) => PromQL.sum(PromQL.rate(PromQL.counter(orders), range), { by: ["job"] })
    }),
    dashboard: "shop",
    runbook
  })
  const text = AlertsPage.text([...groups, ...level.groups], {
    title: "Alerts",
    introduction: ["Hello."],
    runbooks: "../runbooks/",
    serviceLevels: [level]
  })

  it("lists each alert with its severity, what it says and how long it must hold", () => {
    expect(text).toContain(
      "| [OrdersFail](../runbooks/OrdersFail.md) | critical | Orders fail | for 2m, stays 5m |\n" +
        "| [PaymentDown](../runbooks/PaymentDown.md) | warning | Orders fail | at once |"
    )
  })

  it("lists service levels; what Markdown would read as markup does not break the table", () => {
    expect(text).toContain("| Orders \\| web | 99.9 % good | 30d |")
  })

  it("shows each condition once, under its alert, and leaves out groups that only record", () => {
    expect(text.match(/^### OrdersBurnRate$/gm)).toHaveLength(1)
    expect(text).toContain("### shop_orders.alerts")
    expect(text).not.toContain("### shop_orders.recording")
  })
})
