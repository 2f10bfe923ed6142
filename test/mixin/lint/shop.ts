// A small product with a good dashboard and good rules, for lints to be tried on, and a way to spoil them.
import { Catalogue } from "@dawsos/observability"
import { Foreign, Lint } from "@dawsos/observability/mixin"
import { stringify } from "yaml"

const { Label } = Catalogue

const channel = Label.oneOf("web", "phone")

export const catalogue = Catalogue.make({
  prefix: "shop",
  metrics: {
    orders: Catalogue.counter({
      name: "shop_orders_total",
      help: "Orders",
      labels: { channel, product: Label.bounded() },
      known: [{ channel: "web", product: "tea" }, { channel: "phone", product: "cake" }]
    }),
    stock: Catalogue.gauge({ name: "shop_stock", help: "Things there", labels: { product: Label.bounded() } }),
    delivery: Catalogue.histogram({
      name: "shop_delivery_seconds",
      help: "Delivery",
      unit: "seconds",
      labels: { channel },
      buckets: [0.5, 2, 10],
      bucketsReason: "promised within 2 s"
    })
  }
})

/** A histogram of others: without exemplars. */
const collection = Catalogue.histogram({
  name: "runtime_gc_seconds",
  help: "Collections of garbage",
  unit: "seconds",
  buckets: [0.01, 1],
  bucketsReason: "as it comes"
})

const source = { type: "prometheus", uid: "${datasource}" }

const target = (expr: string, more: object = {}) => ({ refId: "A", datasource: source, expr, range: true, ...more })

const quantile =
  "histogram_quantile(0.95, sum by (le, channel) (rate(shop_delivery_seconds_bucket{job=~\"$job\"}[$__rate_interval])))"

/** Nothing to find in it. */
export const dashboard = {
  uid: "shop",
  title: "Shop",
  tags: ["shop"],
  schemaVersion: 42,
  refresh: "30s",
  templating: {
    list: [
      { type: "datasource", name: "datasource", query: "prometheus" },
      { type: "query", name: "job", datasource: source, query: "label_values(shop_orders_total, job)" },
      {
        type: "query",
        name: "product",
        datasource: source,
        query: { query: "label_values(shop_stock{job=~\"$job\"}, product)" }
      },
      { type: "query", name: "any", datasource: source, query: "label_values(job)" },
      { type: "query", name: "top", datasource: source, query: "query_result(topk(3, shop_stock))" },
      { type: "custom", name: "quantile", query: "0.5,0.95" }
    ]
  },
  annotations: {
    list: [
      { name: "Annotations", builtIn: 1, datasource: { type: "grafana", uid: "-- Grafana --" } },
      { name: "Sold out", datasource: source, expr: "min by (product) (shop_stock) == 0", textFormat: "{{product}}" }
    ]
  },
  links: [{ title: "Others", type: "dashboards", tags: ["shop"] }, {
    title: "Site",
    type: "link",
    url: "https://shop.test"
  }],
  panels: [
    {
      id: 1,
      type: "timeseries",
      title: "Delivery of ${product}",
      description: "How long it takes.",
      datasource: source,
      gridPos: { x: 0, y: 0, w: 12, h: 8 },
      fieldConfig: {
        defaults: {
          unit: "s",
          links: [{
            title: "Stock",
            url:
              "/d/shop?var-job=shop&var-product=${__field.labels.channel:percentencode}&${product:queryparam}&${__url_time_range}"
          }]
        },
        overrides: []
      },
      targets: [
        target(quantile, { exemplar: true, legendFormat: "{{channel}}" }),
        target(quantile, { refId: "B" })
      ]
    },
    {
      id: 2,
      type: "stat",
      title: "Orders",
      description: "How many.",
      gridPos: { x: 12, y: 0, w: 12, h: 8 },
      fieldConfig: { defaults: { unit: "ops" } },
      links: [{ title: "Elsewhere", url: "https://shop.test/d/other-grafana" }],
      targets: [
        target("sum by (channel) (rate(shop_orders_total{channel=\"web\"}[$__rate_interval]))"),
        target("sum(increase(shop_orders_total{product=~\"tea|ca.*\"}[$__range]))", {
          refId: "B",
          instant: true,
          range: false
        })
      ]
    },
    {
      id: 3,
      type: "row",
      title: "More",
      collapsed: true,
      gridPos: { x: 0, y: 8, w: 24, h: 1 },
      panels: [
        {
          id: 4,
          type: "table",
          title: "Stock",
          description: "What is there.",
          datasource: source,
          gridPos: { x: 0, y: 9, w: 24, h: 8 },
          fieldConfig: {
            defaults: {},
            overrides: [
              { matcher: { id: "byName", options: "Thing" }, properties: [{ id: "unit", value: "none" }] },
              {
                matcher: { id: "byName", options: "instance" },
                properties: [{
                  id: "links",
                  value: [{ title: "It", url: "/d/shop?var-product=${__data.fields.product}" }]
                }]
              }
            ]
          },
          transformations: [
            { id: "merge" },
            {
              id: "organize",
              options: {
                excludeByName: { Time: true },
                indexByName: { product: 0 },
                renameByName: { product: "Thing" }
              }
            }
          ],
          targets: [
            target("max by (instance, product) (shop_stock{product=~\"${product:regex}\"})", { format: "table" })
          ]
        }
      ]
    },
    { id: 5, type: "text", gridPos: { x: 0, y: 9, w: 24, h: 2 }, options: { content: "Be kind." } },
    {
      id: 6,
      type: "heatmap",
      title: "Garbage",
      description: "None of it is ours.",
      datasource: source,
      gridPos: { x: 0, y: 11, w: 24, h: 8 },
      options: { yAxis: { unit: "s" } },
      targets: [
        target("sum by (le) (rate(runtime_gc_seconds_bucket[$__rate_interval]))"),
        target("job:shop_orders:rate5m", { refId: "B" })
      ]
    }
  ]
}

const other = { ...dashboard, uid: "other-grafana" }

const alert = (name: string, expr: string, more: object = {}) => ({
  alert: name,
  expr,
  for: "2m",
  labels: { severity: "warning" },
  annotations: {
    summary: "Something is wrong",
    description: "{{ $labels.job }} is at {{ $value }}.",
    runbook_url: `http://runbooks.test/${name}.md`,
    dashboard: "http://grafana.test/d/shop"
  },
  ...more
})

const ratio =
  "sum by (job) (rate(shop_orders_total{channel=\"web\"}[5m])) / (sum by (job) (rate(shop_orders_total[5m])) > 0)"

/** Nothing to find in them. */
export const rules = {
  groups: [
    {
      name: "recorded",
      rules: [
        { record: "job:shop_orders:rate5m", expr: "sum by (job) (rate(shop_orders_total[5m]))", labels: { team: "a" } },
        {
          record: "job:shop_delivery_bucket:rate5m",
          expr: "sum by (job, le) (rate(shop_delivery_seconds_bucket[5m]))"
        },
        { record: "job:shop_stock:max", expr: "max by (job) (abs(shop_stock))" },
        { record: "job:shop_orders:mean1d", expr: "avg_over_time(job:shop_orders:rate5m{team=\"a\"}[1d])" }
      ]
    },
    {
      name: "alerts",
      rules: [
        alert("WebOnly", `${ratio} > 0.9`),
        alert(
          "SlowDelivery",
          "histogram_quantile(0.95, sum by (le, job) (rate(shop_delivery_seconds_bucket{le!=\"0.5\"}[5m]))) > 2"
            + " and sum by (job) (rate(shop_delivery_seconds_count[5m])) > 0.1"
        ),
        alert("NoOrders", "absent(shop_orders_total{job=\"shop\"})", {
          annotations: {
            summary: "No orders are counted",
            description: "The shop tells nothing.",
            runbook_url: "http://runbooks.test/NoOrders.md",
            dashboard: "http://grafana.test/d/shop"
          }
        }),
        alert("Watchdog", "vector(1)", {
          for: undefined,
          labels: { severity: "info" },
          annotations: {
            summary: "Alerting works",
            description: "This fires always.",
            runbook_url: "http://runbooks.test/Watchdog.md",
            dashboard: "http://grafana.test/d/shop"
          }
        })
      ]
    }
  ]
}

const conditions = ["WebOnly", "SlowDelivery", "NoOrders"]

/** What they are held against. */
export const options: Lint.Options = {
  catalogue,
  foreign: [...Object.values(Foreign), collection],
  rules: [stringify(rules)],
  dashboards: [JSON.stringify(dashboard), JSON.stringify(other)],
  runbooks: [...conditions, "Watchdog"].map((name) => `http://runbooks.test/${name}.md`),
  jobs: ["shop"],
  refresh: { shop: "30s" },
  watchdogs: ["Watchdog", "watch_dog"],
  tests: conditions.flatMap((alert) =>
    (["firing", "quiet", "no-data"] as const).map((shows): Lint.AlertTest => ({ alert, shows }))
  )
}

export const context = Lint.context(options)

export type Path = ReadonlyArray<string | number>

/** A copy with another value at a path; without it where the value is undefined. */
export const edit = (whole: unknown, [key, ...rest]: Path, value: unknown): unknown => {
  if (key === undefined) return typeof value === "function" ? value(whole) : value
  if (Array.isArray(whole)) return whole.map((one, index) => index === key ? edit(one, rest, value) : one)
  const fields = whole as Readonly<Record<string, unknown>>
  return { ...fields, [key]: edit(fields[key], rest, value) }
}

export const rulesText = (value: unknown): string => stringify(JSON.parse(JSON.stringify(value)))

const namesOf = (findings: ReadonlyArray<Lint.Finding>): ReadonlyArray<string> => [
  ...new Set(findings.map(({ rule }) => rule))
]

/** The names of the lints that find something in the dashboard when a value of it is another. */
export const inDashboard = (path: Path, value: unknown): ReadonlyArray<string> =>
  namesOf(Lint.dashboard(JSON.stringify(edit(dashboard, path, value)), context))

/** The names of the lints that find something in the rules when a value of them is another. */
export const inRules = (path: Path, value: unknown): ReadonlyArray<string> =>
  namesOf(Lint.rules(rulesText(edit(rules, path, value)), context))

/** The names of the lints that find something in an expression that stands in a rule or on a dashboard. */
export const foundIn = (expression: string, where: "dashboard" | "rules" = "rules"): ReadonlyArray<string> =>
  where === "rules"
    ? inRules(["groups", 1, "rules", 0, "expr"], expression)
    : inDashboard(["panels", 1, "targets", 0, "expr"], expression)
