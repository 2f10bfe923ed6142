import { Catalogue } from "@dawsos/observability"
import { Panel, PromQL } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"

const { Label } = Catalogue

const orders = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders placed",
  labels: { channel: Label.oneOf("web", "phone"), product: Label.bounded(500) }
})
const duration = Catalogue.histogram({
  name: "shop_order_duration_seconds",
  help: "Time that an order takes",
  unit: "seconds",
  labels: { channel: Label.oneOf("web", "phone") },
  buckets: [0.1, 1],
  bucketsReason: "of the test"
})
const stock = Catalogue.gauge({ name: "shop_stock_bytes", help: "Size of the stock's file", unit: "bytes" })

const range = PromQL.rateInterval
const byChannel = PromQL.sum(PromQL.rate(PromQL.counter(orders), range), { by: ["channel"] })
const p95 = PromQL.quantile(0.95, duration, { range })
const p50 = PromQL.quantile(0.5, duration, { range })
const common = { title: "Orders", description: "None: try one.", unit: "ops" } as const
const refused = (make: () => unknown, message: string | RegExp) =>
  assert.throws(make, typeof message === "string" ? message : message)

describe("Panel.query", () => {
  it("takes a legend of labels that the expression has, and refuses others by type and by value", () => {
    assert.strictEqual(Panel.query(byChannel, "by {{channel}}").legend, "by {{channel}}")
    // @ts-expect-error the sum has no label product
    refused(() => Panel.query(byChannel, "{{product}}"), /names product, which sum by \(channel\)/)
    refused(() => Panel.query<string, string>(byChannel, "{{ product }}"), /names product/)
    refused(() => Panel.query(byChannel, " "), /has none/)
  })

  it("asks for exemplars of quantiles of buckets alone", () => {
    const recorded = PromQL.recorded("job:shop_orders:rate5m", ["job"])
    assert.isTrue(Panel.query(p95, "95th").exemplars)
    assert.isFalse(Panel.query(byChannel, "{{channel}}").exemplars)
    assert.isFalse(Panel.query(recorded, "{{job}}").exemplars)
    assert.isFalse(Panel.query(p95, "95th", { exemplars: false }).exemplars)
    refused(() => Panel.query(recorded, "{{job}}", { exemplars: true }), /is recorded, and recorded series have none/)
  })
})

describe("Panel", () => {
  const quantiles = [
    Panel.query(p50, "50th", { exemplars: false }),
    Panel.query(p95, "95th"),
    Panel.query(p95, "again")
  ]

  it("shows exemplars of one of its lines, since those of the others are the same points", () => {
    const panel = Panel.timeseries({ ...common, queries: quantiles })
    assert.deepStrictEqual(panel.queries.map(({ exemplars }) => exemplars), [false, true, false])
  })

  it("shows no exemplars where there is no time axis", () => {
    for (
      const panel of [Panel.stat({ ...common, queries: quantiles }), Panel.barGauge({ ...common, queries: quantiles })]
    ) {
      assert.isFalse(panel.queries.some(({ exemplars }) => exemplars))
    }
  })

  it("refuses to be without words, without a question or off the grid", () => {
    const queries = [Panel.query(byChannel, "{{channel}}")]
    refused(() => Panel.timeseries({ ...common, title: " ", queries }), "a panel: it has no title")
    refused(() => Panel.timeseries({ ...common, description: "", queries }), "Orders: it has no description")
    refused(() => Panel.timeseries({ ...common, queries: [] }), "Orders: it asks nothing")
    for (const width of [0, 25, 1.5]) {
      refused(() => Panel.stat({ ...common, width, queries }), `its width was ${width}, allowed are whole numbers`)
    }
    refused(() => Panel.stat({ ...common, height: 0, queries }), "its height was 0")
  })

  it("refuses a link that takes a value from a label that its series have not", () => {
    const drillDown = { title: "There", dashboard: "there", variables: { product: "product" } }
    const queries = [Panel.query(byChannel, "{{channel}}")]
    refused(() => Panel.stat({ ...common, queries, drillDown }), "its link sets product to the label product")
    assert.doesNotThrow(() =>
      Panel.stat({ ...common, queries, drillDown: { ...drillDown, variables: { c: "channel" } } })
    )
  })

  it("is a table of columns that have its labels, sorted by one of them", () => {
    const column = { title: "Orders", unit: "ops", expression: byChannel } as const
    const table = Panel.table({
      title: "Channels",
      description: "…",
      labels: { channel: "Channel" },
      columns: [column]
    })
    assert.strictEqual(table.sortBy, "Orders")
    assert.strictEqual(table.unit, "ops")
    refused(
      () => Panel.table({ ...table, labels: { product: "Product" } }),
      "its column Orders has the labels channel, the table has product"
    )
    refused(() => Panel.table({ ...table, sortBy: "Size" }), "it is sorted by Size, which is no column of it")
    refused(() => Panel.table({ ...table, columns: [] }), "it asks nothing")
  })
})

describe("Panel.ofDefinition", () => {
  const drawn = (definition: Catalogue.Definition) => {
    const { queries, title, unit } = Panel.ofDefinition(definition, { prefix: "shop" })
    return [title, unit, ...queries.map(({ expression, legend }) => `${legend}: ${PromQL.render(expression)}`)]
  }

  it("draws the rate of a counter, the value of a gauge, the 95th percentile of a histogram", () => {
    assert.deepStrictEqual(drawn(orders), [
      "Orders",
      "ops",
      "{{channel}} {{product}}: sum by (channel, product) (rate(shop_orders_total[$__rate_interval]))"
    ])
    assert.deepStrictEqual(drawn(stock), ["Stock", "bytes", "{{job}}: max by (job) (shop_stock_bytes)"])
    assert.deepStrictEqual(drawn(duration), [
      "Order duration (95th percentile)",
      "s",
      "{{channel}}: histogram_quantile(0.95, sum by (le, channel) (rate(shop_order_duration_seconds_bucket[$__rate_interval])))"
        .replace("(0.95, ", "(\n  0.95,\n  ").replace(/\)$/, "\n)")
    ])
  })
})
