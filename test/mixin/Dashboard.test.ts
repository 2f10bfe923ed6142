import { Catalogue } from "@dawsos/observability"
import {
  Dashboard,
  Foreign,
  Lint,
  Panel,
  PromQL,
  RulesFile,
  selfMetrics,
  ServiceLevel
} from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

const { Label } = Catalogue

const orders = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders placed",
  labels: { channel: Label.oneOf("web", "phone"), status: Label.oneOf("success", "error") }
})
const duration = Catalogue.histogram({
  name: "shop_order_duration_seconds",
  help: "Time that an order takes",
  unit: "seconds",
  labels: { channel: Label.oneOf("web", "phone") },
  buckets: [0.1, 1],
  bucketsReason: "of the test"
})
const stock = Catalogue.gauge({ name: "shop_stock", help: "Things that can be ordered" })
const catalogue = Catalogue.make({ prefix: "shop", metrics: { orders, duration, stock } })

const range = PromQL.rateInterval
const byChannel = PromQL.sum(PromQL.rate(PromQL.counter(orders), range), { by: ["channel"] })
const described = { description: "None: try one.", unit: "ops" } as const
const queries = [Panel.query(byChannel, "{{channel}}")]

const panel = (title: string, size: { readonly width?: number; readonly height?: number } = {}) =>
  Panel.timeseries({ ...described, ...size, title, queries })

const base = { uid: "shop", title: "Shop", description: "Whether people can buy.", tags: ["shop"], jobsOf: orders }
const one = (...panels: ReadonlyArray<Panel.Panel>) => Dashboard.make({ ...base, sections: [{ panels }] })

// What Grafana reads, as far as the tests look at it.
interface PropertyJson {
  readonly id: string
  readonly value: unknown
}
interface TargetJson {
  readonly refId: string
  readonly expr: string
  readonly exemplar?: boolean
  readonly instant: boolean
  readonly format?: string
}
interface PanelJson {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly targets?: ReadonlyArray<TargetJson>
  readonly transformations: ReadonlyArray<{ readonly options: unknown }>
  readonly options: {
    readonly legend: { readonly showLegend: boolean }
    readonly reduceOptions: { readonly calcs: ReadonlyArray<string> }
    readonly sortBy: unknown
  }
  readonly fieldConfig: {
    readonly defaults: {
      readonly custom: { readonly thresholdsStyle: { readonly mode: string } }
      readonly thresholds: { readonly steps: ReadonlyArray<{ readonly color: string; readonly value: number | null }> }
      readonly links: unknown
      readonly mappings: unknown
      readonly noValue: string
      readonly min: number
      readonly max: number
    }
    readonly overrides: ReadonlyArray<{ readonly matcher: unknown; readonly properties: ReadonlyArray<PropertyJson> }>
  }
}
interface VariableJson {
  readonly name: string
  readonly type: string
  readonly query: string
  readonly multi: boolean
  readonly includeAll: boolean
  readonly allValue: string
  readonly current: { readonly value: unknown }
  readonly datasource: unknown
}
interface DashboardJson {
  readonly description: string
  readonly id?: number
  readonly refresh: string
  readonly schemaVersion: number
  readonly tags: ReadonlyArray<string>
  readonly time: unknown
  readonly panels: ReadonlyArray<PanelJson>
  readonly templating: { readonly list: ReadonlyArray<VariableJson> }
  readonly annotations: { readonly list: ReadonlyArray<Readonly<Record<string, unknown>>> }
}

const json = async (dashboard: Dashboard.Dashboard): Promise<DashboardJson> =>
  JSON.parse((await Dashboard.files([dashboard]))[0]?.content ?? "") as DashboardJson
const onlyPanel = async (dashboard: Dashboard.Dashboard): Promise<PanelJson> =>
  (await json(dashboard)).panels[0] ?? assert.fail("there is no panel")
const first = (drawn: Panel.Panel): Promise<PanelJson> => onlyPanel(one(drawn))
const targetsOf = ({ targets = [] }: PanelJson): ReadonlyArray<TargetJson> => targets

describe("Dashboard.files", () => {
  it("are bare objects that Grafana reads from a file, the same each time", async () => {
    const dashboard = one(panel("Orders"))
    const [file] = await Dashboard.files([dashboard])
    const [again] = await Dashboard.files([dashboard])
    assert.strictEqual(file?.path, "grafana/dashboards/shop.json")
    assert.strictEqual(file?.content, again?.content)
    assert.isTrue(file?.content.startsWith(`{\n  "uid": "shop",\n  "title": "Shop",`))
    assert.isTrue(file?.content.endsWith("\n}\n"))
    const { description, id, refresh, schemaVersion, tags, time } = await json(dashboard)
    assert.deepStrictEqual(
      { description, id, refresh, schemaVersion, tags, time },
      {
        description: "Whether people can buy.",
        id: undefined,
        refresh: "30s",
        schemaVersion: 42,
        tags: ["shop"],
        time: { from: "now-1h", to: "now" }
      }
    )
  })

  it("place panels of any sizes in their order, none over another and none past the grid", async () => {
    const size = fc.record({ width: fc.integer({ min: 1, max: 24 }), height: fc.integer({ min: 1, max: 12 }) })
    const sections = fc.array(fc.array(size, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(sections, async (sections) => {
        const dashboard = Dashboard.make({
          ...base,
          sections: sections.map((sizes, section) => ({
            ...(section === 0 ? {} : { title: `Section ${section}` }),
            panels: sizes.map((size, index) => panel(`${section} ${index}`, size))
          }))
        })
        const { panels } = await json(dashboard)
        assert.deepStrictEqual(panels.map(({ id }) => id), panels.map((_, index) => index + 1))
        const titles = panels.filter(({ type }) => type !== "row").map(({ title }) => title)
        assert.deepStrictEqual(titles, sections.flatMap((sizes, n) => sizes.map((_, index) => `${n} ${index}`)))
        const places = panels.map(({ gridPos }) => gridPos)
        for (const [index, place] of places.entries()) {
          assert.isAtMost(place.x + place.w, 24)
          for (const other of places.slice(0, index)) {
            const apart = place.x >= other.x + other.w || other.x >= place.x + place.w ||
              place.y >= other.y + other.h || other.y >= place.y + place.h
            assert.isTrue(apart, `${JSON.stringify(place)} lies over ${JSON.stringify(other)}`)
            assert.isTrue(place.y > other.y || (place.y === other.y && place.x > other.x), "a later panel comes later")
          }
        }
      }),
      { numRuns: 50 }
    )
  })

  it("give each query a refId, beyond Z too", async () => {
    const many = Array.from({ length: 28 }, () => Panel.query(byChannel, "{{channel}}"))
    const drawn = await first(Panel.timeseries({ ...described, title: "Many", queries: many }))
    const ids = targetsOf(drawn).map(({ refId }) => refId)
    assert.deepStrictEqual([...ids.slice(0, 2), ...ids.slice(25)], ["A", "B", "Z", "AA", "AB"])
  })

  it("ask for the chosen jobs in every selector, and of every job where that is said", async () => {
    const share = PromQL.ratio(
      PromQL.sum(PromQL.rate(PromQL.counter(orders, { status: "error" }), range)),
      PromQL.sum(PromQL.rate(PromQL.counter(orders), range))
    )
    const drawn = await first(Panel.timeseries({
      ...described,
      title: "Share",
      queries: [
        Panel.query(share, "share"),
        Panel.query(PromQL.max(PromQL.gauge(Foreign.up), { by: ["job"] }), "{{job}}", { everyJob: true })
      ]
    }))
    const [ofJobs = "", ofEvery] = targetsOf(drawn).map(({ expr }) => expr)
    assert.lengthOf(ofJobs.match(/shop_orders_total\{/g) ?? [], 3)
    assert.lengthOf(ofJobs.match(/job=~"\$job"\}/g) ?? [], 3)
    assert.strictEqual(ofEvery, "max by (job) (up)")
  })

  it("have a variable for the data source, one for the jobs, and those of their own, all values chosen", async () => {
    const { templating } = await json(
      Dashboard.make({
        ...base,
        variables: [
          { name: "channel", title: "Channel", metric: orders, of: "channel" },
          { name: "way", title: "Way", metric: duration, of: "channel" }
        ],
        sections: [{ panels: [panel("Orders")] }]
      })
    )
    const [source, ...others] = templating.list
    assert.deepStrictEqual([source?.name, source?.type, source?.query], ["datasource", "datasource", "prometheus"])
    assert.deepStrictEqual(others.map(({ name, query }) => `${name}: ${query}`), [
      "job: label_values(shop_orders_total, job)",
      `channel: label_values(shop_orders_total{job=~"$job"}, channel)`,
      `way: label_values(shop_order_duration_seconds_count{job=~"$job"}, channel)`
    ])
    for (const variable of others) {
      assert.isTrue(variable.multi)
      assert.isTrue(variable.includeAll)
      assert.strictEqual(variable.allValue, ".+")
      assert.deepStrictEqual(variable.current.value, ["$__all"])
      assert.deepStrictEqual(variable.datasource, { type: "prometheus", uid: "${datasource}" })
    }
  })

  it("mark on every graph what happened, where that is asked", async () => {
    const { annotations } = await json(
      Dashboard.make({
        ...base,
        annotations: [{
          name: "Restart",
          expression: PromQL.multiply(PromQL.max(PromQL.gauge(Foreign.processStartTime), { by: ["job"] }), 1000),
          text: "{{job}}",
          colour: "blue",
          atValue: true
        }],
        sections: [{ panels: [panel("Orders")] }]
      })
    )
    const { enable, expr, iconColor, textFormat, useValueForTime } = annotations.list[0] ?? {}
    assert.deepStrictEqual(
      { enable, expr, iconColor, textFormat, useValueForTime },
      {
        enable: true,
        expr: `max by (job) (process_start_time_seconds{job=~"$job"}) * 1000`,
        iconColor: "blue",
        textFormat: "{{job}}",
        useValueForTime: true
      }
    )
  })

  it("refuse links that lead nowhere, or set what is not there", async () => {
    const linked = (uid: string, dashboard: string, variable: string) =>
      Dashboard.make({
        ...base,
        uid,
        variables: [{ name: "channel", title: "Channel", metric: orders, of: "channel" }],
        sections: [{
          panels: [Panel.stat({
            ...described,
            title: "Orders",
            queries,
            drillDown: { title: "There", dashboard, variables: { [variable]: "channel" } }
          })]
        }]
      })
    const fails = async (dashboards: ReadonlyArray<Dashboard.Dashboard>) =>
      Dashboard.files(dashboards).then(() => "nothing", (error: Error) => `${error.name} ${error.message}`)
    assert.strictEqual(await fails([linked("a", "b", "channel"), linked("b", "a", "channel")]), "nothing")
    assert.match(await fails([linked("a", "b", "channel")]), /MixinError a: Orders leads to b, which there is not/)
    assert.match(await fails([linked("a", "a", "product")]), /sets the variable product, which a has not/)
    assert.match(await fails([linked("a", "a", "channel"), linked("a", "a", "channel")]), /two have one uid/)
  })
})

describe("A panel's JSON", () => {
  it("of lines: a legend that is seen, thresholds as lines, exemplars, links with the clicked series' labels", async () => {
    const drawn = await first(Panel.timeseries({
      title: "Time",
      description: "…",
      unit: "s",
      thresholds: Panel.above({ warning: 1, critical: 2 }),
      queries: [
        Panel.query(PromQL.quantile(0.95, duration, { by: ["channel"], range }), "{{channel}}"),
        Panel.query(byChannel, "orders {{channel}}", { unit: "ops" })
      ],
      drillDown: { title: "Shop", dashboard: "shop" }
    }))
    const { defaults, overrides } = drawn.fieldConfig
    assert.strictEqual(drawn.type, "timeseries")
    assert.isTrue(drawn.options.legend.showLegend)
    assert.strictEqual(defaults.custom.thresholdsStyle.mode, "dashed")
    assert.deepStrictEqual(defaults.thresholds.steps, [
      { color: "green", value: null },
      { color: "orange", value: 1 },
      { color: "red", value: 2 }
    ])
    assert.deepStrictEqual(defaults.links, [{
      title: "Shop",
      url: "/d/shop?${datasource:queryparam}&${job:queryparam}&${__url_time_range}",
      targetBlank: false
    }])
    assert.deepStrictEqual(targetsOf(drawn).map(({ exemplar, instant }) => [exemplar, instant]), [
      [true, false],
      [undefined, false]
    ])
    assert.deepStrictEqual(overrides, [
      { matcher: { id: "byRegexp", options: "/^orders .*$/" }, properties: [{ id: "unit", value: "ops" }] }
    ])
    assert.notProperty(drawn, "transparent")
    assert.notProperty(drawn, "repeatDirection")
  })

  it("of a number: the value of this moment, words where there is none, worst below the least limit", async () => {
    const drawn = await first(Panel.stat({
      title: "Stock",
      description: "…",
      unit: "none",
      noValue: "unknown",
      mappings: { 0: "sold out" },
      thresholds: Panel.below({ warning: 10, critical: 1 }),
      queries: [Panel.query(PromQL.max(PromQL.gauge(stock), { by: ["job"] }), "{{job}}")]
    }))
    assert.strictEqual(drawn.type, "stat")
    assert.deepStrictEqual(drawn.options.reduceOptions.calcs, ["lastNotNull"])
    assert.isTrue(targetsOf(drawn)[0]?.instant ?? false)
    assert.strictEqual(drawn.fieldConfig.defaults.noValue, "unknown")
    assert.deepStrictEqual(drawn.fieldConfig.defaults.mappings, [
      { type: "value", options: { 0: { text: "sold out", index: 0 } } }
    ])
    assert.deepStrictEqual(drawn.fieldConfig.defaults.thresholds.steps, [
      { color: "red", value: null },
      { color: "orange", value: 1 },
      { color: "green", value: 10 }
    ])
  })

  it("of bars: from nothing to its greatest value, good above its only limit", async () => {
    const drawn = await first(Panel.barGauge({
      ...described,
      title: "Left",
      max: 1,
      thresholds: Panel.below({ warning: 0.1 }),
      queries
    }))
    const { max, min, thresholds } = drawn.fieldConfig.defaults
    assert.deepStrictEqual([drawn.type, min, max], ["bargauge", 0, 1])
    assert.deepStrictEqual(thresholds.steps, [{ color: "orange", value: null }, { color: "green", value: 0.1 }])
  })

  it("of a table: one line for each set of labels, columns under their titles, a click on the label leads on", async () => {
    const drawn = await onlyPanel(
      Dashboard.make({
        ...base,
        variables: [{ name: "chosen", title: "Channel", metric: orders, of: "channel" }],
        sections: [{
          panels: [Panel.table({
            title: "Channels",
            description: "…",
            labels: { channel: "Channel" },
            columns: [
              { title: "Orders", unit: "ops", expression: byChannel },
              {
                title: "Time",
                unit: "s",
                thresholds: Panel.above({ critical: 2 }),
                expression: PromQL.quantile(0.95, duration, { by: ["channel"], range })
              }
            ],
            sortBy: "Time",
            drillDown: { title: "This one", dashboard: "shop", variables: { chosen: "channel" } }
          })]
        }]
      })
    )
    assert.isTrue(targetsOf(drawn).every(({ format, instant }) => format === "table" && instant))
    assert.deepStrictEqual(drawn.transformations[1]?.options, {
      excludeByName: { Time: true },
      indexByName: { channel: 0, "Value #A": 1, "Value #B": 2 },
      renameByName: { channel: "Channel", "Value #A": "Orders", "Value #B": "Time" }
    })
    assert.deepStrictEqual(drawn.options.sortBy, [{ displayName: "Time", desc: true }])
    const [label, , time] = drawn.fieldConfig.overrides
    assert.deepStrictEqual(label?.matcher, { id: "byName", options: "Channel" })
    const links = label?.properties.find(({ id }) => id === "links")?.value as ReadonlyArray<{ readonly url: string }>
    assert.strictEqual(
      links[0]?.url,
      "/d/shop?${datasource:queryparam}&${job:queryparam}&var-chosen=${__data.fields.channel:percentencode}&${__url_time_range}"
    )
    assert.deepStrictEqual(time?.properties.map(({ id }) => id), ["unit", "thresholds", "custom.cellOptions"])
  })
})

describe("A table of one column", () => {
  it("has its value under the name that Grafana gives to a single one", async () => {
    const columns = [{ title: "Orders", unit: "ops", expression: byChannel }] as const
    const drawn = await first(Panel.table({ title: "One", description: "…", labels: { channel: "Channel" }, columns }))
    assert.deepInclude(drawn.transformations[1]?.options, { renameByName: { channel: "Channel", Value: "Orders" } })
  })
})

describe("Dashboard.make", () => {
  it("refuses what Grafana or a reader could not tell apart", () => {
    const refused = (change: object, message: string) =>
      assert.throws(() => Dashboard.make({ ...base, sections: [{ panels: [panel("Orders")] }], ...change }), message)
    const channel = { name: "channel", title: "Channel", metric: orders, of: "channel" }
    refused({ uid: "Shop orders" }, "Shop orders: a uid is up to 40 small letters")
    refused({ uid: "a".repeat(41) }, "a uid is up to 40")
    refused({ tags: [] }, "shop: it has no tag")
    refused({ sections: [] }, "shop: it has no panel")
    refused({ sections: [{ panels: [panel("a"), panel("a")] }] }, "two panels have the title a")
    refused({ variables: [channel, channel] }, "two variables have the name channel")
    refused({ variables: [{ ...channel, name: "job" }] }, "two variables have the name job")
    refused({ variables: [{ ...channel, name: "The channel" }] }, "variable The channel is not in lower snake case")
    refused({ variables: [{ ...channel, of: "product" }] }, "shop_orders_total has no label product")
  })
})

describe("Dashboards made of a vocabulary", () => {
  const checkout = ServiceLevel.make({
    id: "shop_checkout",
    alert: "CheckoutBurnRate",
    title: "Checkout",
    target: 0.999,
    window: "30 days",
    by: ["job"],
    indicator: ServiceLevel.events({
      total: (range) => PromQL.sum(PromQL.rate(PromQL.counter(orders), range), { by: ["job"] }),
      bad: (range) => PromQL.sum(PromQL.rate(PromQL.counter(orders, { status: "error" }), range), { by: ["job"] })
    }),
    dashboard: "shop-levels",
    runbook: { meaning: "m", firstLook: ["f"], usualCauses: ["u"], actions: ["a"] }
  })
  const made = [
    Dashboard.ofCatalogue(catalogue, { uid: "shop-all", title: "Everything", tags: ["shop"] }),
    Dashboard.ofTelemetry("shop", {
      uid: "shop-telemetry",
      title: "Telemetry",
      tags: ["shop"],
      jobsOf: orders,
      limits: { eventLoopLag: 0.5 }
    }),
    Dashboard.ofServiceLevels([checkout], { uid: "shop-levels", title: "Levels", tags: ["shop"], jobsOf: orders })
  ]

  it("pass every lint", async () => {
    const files = await Dashboard.files(made)
    const rules = RulesFile.text(checkout.groups, {
      grafanaUrl: "http://localhost:3000",
      runbookUrl: "http://localhost:9090/user/",
      header: "Of the test."
    })
    const context = Lint.context({
      catalogue,
      foreign: [...Object.values(Foreign), ...Object.values(selfMetrics("shop"))],
      rules: [rules],
      dashboards: files.map(({ content }) => content)
    })
    assert.deepStrictEqual(files.flatMap(({ content }) => Lint.dashboard(content, context)), [])
  })

  it("have a panel for each metric of a catalogue, and jobs of its first counter", () => {
    const [all] = made
    assert.deepStrictEqual(
      all?.sections.flatMap(({ panels }) => panels.map(({ title }) => title)),
      ["Orders", "Order duration (95th percentile)", "Stock"]
    )
    assert.strictEqual(all?.jobsOf.name, orders.name)
    assert.throws(
      () =>
        Dashboard.ofCatalogue(Catalogue.make({ prefix: "none", metrics: {} }), {
          uid: "n",
          title: "None",
          tags: ["n"]
        }),
      "n: the catalogue is empty"
    )
  })

  it("of the telemetry hold every metric of the layer's own", async () => {
    const [, telemetry] = await Dashboard.files(made)
    const missing = Object.values(selfMetrics("shop")).filter(({ name }) => telemetry?.content.includes(name) !== true)
    assert.deepStrictEqual(missing, [])
  })

  it("of service levels draw where each severity of burn-rate alerts begins, and ask recorded series only", async () => {
    const { panels } = JSON.parse((await Dashboard.files(made))[2]?.content ?? "") as DashboardJson
    const burn = panels.find(({ title }) => title === "Checkout: burn rate")
    assert.deepStrictEqual(burn?.fieldConfig.defaults.thresholds.steps.map(({ color, value }) => [color, value]), [
      ["green", null],
      ["orange", 1],
      ["red", 6]
    ])
    const asked = panels.flatMap(targetsOf)
    assert.isTrue(
      asked.every(({ exemplar, expr }) => exemplar === undefined && expr.includes("job:shop_checkout"))
    )
  })
})
