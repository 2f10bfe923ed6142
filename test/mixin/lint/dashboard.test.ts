import { Lint } from "@dawsos/observability/mixin"
import { describe, expect, it } from "vitest"
import { context, dashboard, edit, inDashboard, options, type Path } from "./shop.ts"

type Edit = readonly [path: Path, value: unknown]

interface Cases {
  readonly says: string
  readonly good?: ReadonlyArray<Edit>
  readonly bad: ReadonlyArray<Edit>
}

const latency: Path = ["panels", 0]
const stat: Path = ["panels", 1]
const row: Path = ["panels", 2]
const table: Path = ["panels", 2, "panels", 0]
const text: Path = ["panels", 3]
const heatmap: Path = ["panels", 4]
const variable = (index: number): Path => ["templating", "list", index]
const rate = "sum by (channel) (rate(shop_orders_total[5m]))"

const cases: Readonly<Record<string, Cases>> = {
  "dashboard-shape": {
    says: "a dashboard is a bare object with what Grafana needs",
    good: [[["id"], null], [["uid"], "A-b_9"]],
    bad: [
      [[], { dashboard }],
      [["uid"], "two words"],
      [["uid"], undefined],
      [["title"], " "],
      [["tags"], []],
      [["tags"], undefined],
      [["tags"], [7]],
      [["schemaVersion"], 41],
      [["schemaVersion"], "42"],
      [["id"], 7]
    ]
  },
  "one-datasource-variable": {
    says: "there is one variable for the data source",
    bad: [[variable(5), { type: "datasource", name: "second", query: "jaeger" }]]
  },
  "no-literal-datasource": {
    says: "no data source is named but by its variable",
    good: [
      [[...table, "datasource"], "${datasource}"],
      [[...latency, "datasource"], { type: "datasource", uid: "-- Mixed --" }]
    ],
    bad: [
      [[...latency, "datasource"], { type: "prometheus", uid: "PBFA97CFB590B2093" }],
      [[...latency, "datasource"], "Prometheus"],
      [[...latency, "targets", 1, "datasource", "uid"], "prometheus"],
      [[...table, "datasource", "uid"], "prometheus"],
      [[...stat, "targets", 0, "datasource"], undefined],
      [[...variable(1), "datasource", "uid"], "prometheus"],
      [[...variable(1), "datasource"], undefined],
      [["annotations", "list", 1, "datasource", "uid"], "prometheus"]
    ]
  },
  "refresh": {
    says: "the refresh is the one that is wanted",
    good: [[["uid"], "other-grafana"]],
    bad: [[["refresh"], "1m"], [["refresh"], undefined], [["refresh"], false]]
  },
  "links-resolve": {
    says: "links lead somewhere",
    good: [
      [["links", 1, "url"], "/explore?left=1"],
      [["links", 1, "url"], "${__url_time_range}"],
      [["links", 1, "url"], "/d/${__field.labels.product}"],
      [[...latency, "fieldConfig", "overrides"], [{
        properties: [{ id: "links", value: [{ url: "/d/shop?${product:queryparam}" }] }]
      }]]
    ],
    bad: [
      [["links", 0, "tags"], ["shop", "closed"]],
      [["links", 1, "url"], "/d/closed"],
      [["links", 1, "url"], "elsewhere"],
      [["links", 1, "url"], undefined],
      [[...stat, "links", 0, "url"], "https://shop.test/d/closed/title?from=now"],
      [[...latency, "fieldConfig", "defaults", "links", 0, "url"], "/d/shop?from=1&var-colour=red"],
      [[...latency, "fieldConfig", "defaults", "links", 0, "url"], "/d/closed"],
      [[...table, "fieldConfig", "overrides", 1, "properties", 0, "value", 0, "url"], "/d/closed"]
    ]
  },
  "variables-declared": {
    says: "variables are declared",
    good: [[[...latency, "title"], "Up to $product, ${product:csv} or [[product]] for $5"]],
    bad: [
      [[...latency, "title"], "Delivery of $prodct"],
      [[...latency, "datasource", "uid"], "${source}"],
      [[...latency, "targets", 0, "legendFormat"], "{{channel}} $colour"],
      [[...latency, "targets", 0, "datasource", "uid"], "$source"],
      [
        [...heatmap, "targets", 0, "expr"],
        "sum by (le) (rate(runtime_gc_seconds_bucket{job=~\"$jobs\"}[$__rate_interval]))"
      ],
      [
        [...heatmap, "targets", 0, "expr"],
        "sum by (le) (rate(runtime_gc_seconds_bucket[$__rate_interval])) / $__dauer"
      ],
      [["annotations", "list", 1, "expr"], "min by (product) (shop_stock{job=~\"$jobs\"}) == 0"],
      [[...variable(1), "query"], "label_values(shop_orders_total{job=~\"$jobs\"}, job)"],
      [[...variable(2), "query", "query"], "label_values(shop_stock{job=~\"$jobs\"}, product)"],
      [[...variable(1), "datasource", "uid"], "$source"],
      [["links", 1, "url"], "https://shop.test/$colour"],
      [[...latency, "fieldConfig", "defaults", "links", 0, "url"], "/explore?${colour:queryparam}"]
    ]
  },
  "panel-type": {
    says: "panels are of current types",
    bad: [[[...stat, "type"], "graph"], [[...stat, "type"], "singlestat"], [[...stat, "type"], undefined]]
  },
  "panel-title": {
    says: "panels and rows have titles",
    bad: [[[...stat, "title"], ""], [[...stat, "title"], undefined], [[...row, "title"], " "], [
      [...table, "title"],
      ""
    ]]
  },
  "panel-description": {
    says: "panels have descriptions",
    bad: [[[...stat, "description"], ""], [[...table, "description"], undefined]]
  },
  "panel-unit": {
    says: "panels have units",
    good: [[[...stat, "fieldConfig", "defaults", "unit"], "none"]],
    bad: [
      [[...stat, "fieldConfig", "defaults", "unit"], ""],
      [[...stat, "fieldConfig"], undefined],
      [[...table, "fieldConfig", "overrides"], []],
      [[...heatmap, "options"], {}]
    ]
  },
  "panel-query": {
    says: "panels ask for something",
    bad: [[[...stat, "targets"], []], [[...table, "targets"], undefined]]
  },
  "panel-id": {
    says: "panels have ids of their own",
    bad: [
      [[...stat, "id"], 1],
      [[...table, "id"], 1],
      [[...row, "id"], 0],
      [[...text, "id"], undefined],
      [[...text, "id"], 1.5],
      [[...text, "id"], "5"]
    ]
  },
  "ref-id": {
    says: "queries have refIds of their own",
    bad: [[[...latency, "targets", 1, "refId"], "A"], [[...latency, "targets", 1, "refId"], undefined]]
  },
  "panel-grid": {
    says: "panels fit beside one another",
    good: [[[...stat, "gridPos"], { x: 12, y: 0, w: 6, h: 3 }], [[...table, "gridPos"], { x: 0, y: 0, w: 24, h: 30 }]],
    bad: [
      [[...stat, "gridPos"], { x: 11, y: 0, w: 12, h: 8 }],
      [[...stat, "gridPos"], { x: 12, y: 7, w: 12, h: 8 }],
      [[...stat, "gridPos"], { x: 13, y: 0, w: 12, h: 8 }],
      [[...stat, "gridPos"], { x: 12, y: 0, w: 0, h: 8 }],
      [[...stat, "gridPos"], { x: 12, y: -1, w: 12, h: 1 }],
      [[...stat, "gridPos"], { x: 12, y: 0, w: 1.5, h: 8 }],
      [[...stat, "gridPos"], undefined],
      [[...table, "gridPos", "w"], 25]
    ]
  },
  "query-expression": {
    says: "queries have expressions",
    good: [
      [[...stat, "targets", 0, "expr"], "vector(1)"],
      [[...stat, "targets", 0], { refId: "A", datasource: { type: "jaeger", uid: "$datasource" }, query: "x" }],
      [[...stat, "targets", 0], { refId: "A", datasource: { uid: "-- Dashboard --" }, panelId: 1 }]
    ],
    bad: [[[...stat, "targets", 0, "expr"], undefined], [[...stat, "targets", 0, "expr"], 7]]
  },
  "rate-interval": {
    says: "rates are over $__rate_interval",
    good: [
      [[...stat, "targets", 1, "expr"], "sum(rate(shop_orders_total[$__rate_interval]))"],
      [[...stat, "targets", 1, "expr"], "sum(rate(shop_orders_total[${__range}]))"],
      [[...stat, "targets", 0, "expr"], "max(max_over_time(shop_stock[5m]))"]
    ],
    bad: [
      [[...stat, "targets", 0, "expr"], rate],
      [[...stat, "targets", 0, "expr"], "sum(rate(shop_orders_total[$__range]))"],
      [[...stat, "targets", 0, "expr"], "sum(increase(shop_orders_total[$__interval]))"],
      [[...stat, "targets", 1, "range"], true],
      [[...stat, "targets", 1, "expr"], rate]
    ]
  },
  "legend-labels": {
    says: "legends name labels that are there",
    good: [[[...latency, "targets", 0, "legendFormat"], "{{ channel }}, slowest"], [
      [...latency, "targets", 0, "legendFormat"],
      "__auto"
    ]],
    bad: [
      [[...latency, "targets", 0, "legendFormat"], "{{product}}"],
      [[...latency, "targets", 0, "legendFormat"], "{{channel}} {{le}}"],
      [["annotations", "list", 1, "textFormat"], "{{channel}}"],
      [["annotations", "list", 1, "titleFormat"], "{{ channel }}"]
    ]
  },
  "link-labels": {
    says: "links pass on labels that are there",
    bad: [
      [[...latency, "fieldConfig", "defaults", "links", 0, "url"], "/d/shop?var-product=${__field.labels.product}"],
      [
        [...table, "fieldConfig", "overrides", 1, "properties", 0, "value", 0, "url"],
        "/d/shop?a=${__data.fields[\"Thing\"]}"
      ]
    ]
  },
  "column-names": {
    says: "tables speak of columns that are there",
    good: [[[...table, "transformations"], [{ id: "calculateField" }, {
      id: "organize",
      options: { indexByName: { x: 1 } }
    }]], [
      [...table, "fieldConfig", "overrides", 0, "matcher"],
      { id: "byRegexp", options: "x" }
    ]],
    bad: [
      [[...table, "fieldConfig", "overrides", 0, "matcher", "options"], "Product"],
      [[...table, "transformations", 1, "options", "indexByName"], { channel: 1 }],
      [[...table, "transformations", 1, "options", "excludeByName"], { "Value #B": true }],
      [[...table, "transformations", 1, "options", "renameByName", "channel"], "Channel"]
    ]
  },
  "exemplars": {
    says: "latencies show exemplars, and nothing else is asked for them",
    good: [
      [[...latency, "targets"], (targets: ReadonlyArray<object>) => targets.toReversed()],
      [[...latency, "type"], "heatmap"],
      [
        [...latency, "targets"],
        (targets: ReadonlyArray<object>) =>
          targets.map((one) => ({ ...one, exemplar: false, instant: true, range: false }))
      ]
    ],
    bad: [
      [[...latency, "targets", 0, "exemplar"], false],
      [[...stat, "targets", 0, "exemplar"], true],
      [[...heatmap, "targets", 1, "exemplar"], true]
    ]
  },
  "variable-query": {
    says: "variables ask for what there is",
    good: [[[...variable(1), "query"], "label_values(up{job=~\"shop\"}, instance)"]],
    bad: [
      [[...variable(1), "query"], "label_values(shop_order_total, job)"],
      [[...variable(1), "query"], "label_values(shop_orders_total, colour)"],
      [[...variable(1), "query"], "label_values(shop_orders_total{channel=\"fax\"}, job)"],
      [[...variable(1), "query"], "label_values(shop_orders_total{, job)"],
      [[...variable(1), "query"], "label(shop_orders_total, job)"],
      [[...variable(1), "query"], undefined],
      [[...variable(4), "query"], "query_result(topk(3, shop_stocks))"]
    ]
  }
}

const found = (edits: ReadonlyArray<Edit>) =>
  edits.map(([path, value]) => ({ path, value, found: inDashboard(path, value) }))

const wanted = (edits: ReadonlyArray<Edit>, lints: ReadonlyArray<string>) =>
  edits.map(([path, value]) => ({ path, value, found: lints }))

describe("On a dashboard", () => {
  it("that is as it should be, nothing is found", () => {
    expect(Lint.dashboard(JSON.stringify(dashboard), context)).toEqual([])
  })

  for (const [lint, { bad, good = [], says }] of Object.entries(cases)) {
    it(`${says} (${lint})`, () => {
      expect(found(good)).toEqual(wanted(good, []))
      expect(found(bad)).toEqual(wanted(bad, [lint]))
    })
  }

  it("a finding says where it is and what is wrong", () => {
    const text = JSON.stringify(
      edit(dashboard, [...table, "targets", 0, "expr"], "max by (instance, product) (shop_stocks)")
    )
    expect(Lint.dashboard(text, context)).toEqual([{
      rule: "metric-known",
      where: "panel 4 \"Stock\", query A",
      problem: "shop_stocks is no metric of the catalogue, no declared foreign one and no recording rule"
    }])
  })

  it("a finding of a rate says over what it is", () => {
    const problem = (range: string) =>
      Lint.dashboard(
        JSON.stringify(edit(dashboard, [...stat, "targets", 0, "expr"], `sum(rate(shop_orders_total[${range}]))`)),
        context
      ).map(({ problem }) => problem)
    expect(problem("5m")).toEqual(["rate is over a fixed range, not $__rate_interval"])
    expect(problem("$__range")).toEqual(["rate is over $__range, not $__rate_interval"])
  })

  it("text that is no JSON is one finding, and JSON of any shape is looked at", () => {
    expect(Lint.dashboard("{", context)).toEqual([{ rule: "json", where: "file", problem: expect.any(String) }])
    for (const text of ["null", "[]", "7", "\"x\"", "{\"panels\":[null,7,{\"targets\":[null],\"panels\":{}}]}"]) {
      expect(Lint.dashboard(text, context).map(({ rule }) => rule)).toContain("dashboard-shape")
    }
  })

  it("what is not given is not checked", () => {
    const little = Lint.context({ catalogue: options.catalogue, foreign: options.foreign, rules: options.rules })
    const changed = edit(edit(dashboard, ["links", 1, "url"], "/d/closed"), ["refresh"], "1m")
    expect(Lint.dashboard(JSON.stringify(changed), little)).toEqual([])
  })

  it("only the chosen lints look", () => {
    const bad = JSON.stringify(edit(edit(dashboard, ["refresh"], "1m"), [...stat, "title"], ""))
    const chosen = Lint.lints.filter(({ name }) => name === "panel-title")
    expect(Lint.dashboard(bad, context, chosen).map(({ rule }) => rule)).toEqual(["panel-title"])
  })

  it("every lint of dashboards is tried here or with the expressions", () => {
    const names = Lint.lints.filter(({ dashboard, rules }) => dashboard !== undefined && rules === undefined)
    expect(Object.keys(cases).toSorted()).toEqual(names.map(({ name }) => name).toSorted())
  })
})
