// What is generated for DawsOS is held by every lint, and every way to break it is seen by the lint that names it.
import { catalogue } from "@dawsos/observability/dawsos"
import * as Mixin from "@dawsos/observability/dawsos/mixin"
import { Foreign, Lint, selfMetrics } from "@dawsos/observability/mixin"
import { describe, expect, it } from "vitest"
import { parse, stringify } from "yaml"

type Fields = Readonly<Record<string, unknown>>

interface Panel extends Fields {
  readonly title: string
  readonly type: string
  readonly targets?: ReadonlyArray<Fields & { readonly expr: string }>
}

interface Dashboard extends Fields {
  readonly uid: string
  readonly panels: ReadonlyArray<Panel>
}

interface Rule extends Fields {
  readonly expr: string
}

interface Rules {
  readonly groups: ReadonlyArray<Fields & { readonly rules: ReadonlyArray<Rule> }>
}

interface Scraping {
  readonly scrape_configs: ReadonlyArray<{ readonly job_name: string }>
}

const generate = async (settings: Mixin.Settings) => {
  const files = await Mixin.files(settings)
  const contents = (path: RegExp) => files.filter((file) => path.test(file.path)).map(({ content }) => content)
  const dashboards = contents(/^grafana\/dashboards\/.*\.json$/)
  const [rules = ""] = contents(/^prometheus\/alerts\.yml$/)
  // Alerts speak of the gateway too, which is scraped where it is in use.
  const scraped = (await Mixin.files({ ...settings, gateway: true })).find(({ path }) =>
    path === "prometheus/prometheus.yml"
  )
  const { scrape_configs } = parse(scraped?.content ?? "") as Scraping
  const runbooks = files.flatMap(({ path }) =>
    path.startsWith("runbooks/") ? [`${settings.runbookUrl}${path.slice("runbooks/".length)}`] : []
  )
  return {
    dashboards,
    rules,
    context: Lint.context({
      catalogue,
      foreign: [...Object.values(Foreign), ...Object.values(selfMetrics(catalogue.prefix))],
      dashboards,
      rules: [rules],
      runbooks,
      jobs: scrape_configs.map(({ job_name }) => job_name),
      refresh: { "dawsos-overview": "30s" }
    })
  }
}

const { context, dashboards, rules } = await generate(Mixin.defaults)

const namesOf = (findings: ReadonlyArray<Lint.Finding>): ReadonlyArray<string> => [
  ...new Set(findings.map(({ rule }) => rule))
]

describe("What is generated", () => {
  it("has no findings", () => {
    expect(dashboards.length).toBe(8)
    for (const dashboard of dashboards) expect(Lint.dashboard(dashboard, context)).toEqual([])
    expect(Lint.rules(rules, context)).toEqual([])
  })

  it("has none with other settings", async () => {
    const other = await generate({
      ...Mixin.defaults,
      responseTime: 1.2,
      errorRatio: 0.01,
      packAge: 3600,
      grafanaUrl: "https://grafana.test/behind/a/proxy",
      runbookUrl: "https://wiki.test/runbooks/"
    })
    for (const dashboard of other.dashboards) expect(Lint.dashboard(dashboard, other.context)).toEqual([])
    expect(Lint.rules(other.rules, other.context)).toEqual([])
  })
})

/** Each dashboard with one of its panels only, so that what is found is found there. */
const single = dashboards.flatMap((text) => {
  const dashboard = JSON.parse(text) as Dashboard
  return dashboard.panels.map((panel): Dashboard => ({ ...dashboard, panels: [panel] }))
})

/** What another expression in place of each that it differs from leads to. */
const spoilQueries = (spoil: (expr: string, panel: Panel) => string) =>
  single.flatMap((dashboard) => {
    const [panel] = dashboard.panels
    return (panel?.targets ?? []).flatMap((target, index) => {
      const expr = panel === undefined ? target.expr : spoil(target.expr, panel)
      if (panel === undefined || expr === target.expr) return []
      const targets = panel.targets?.map((one, at) => at === index ? { ...one, expr } : one)
      return [{
        expr,
        found: namesOf(Lint.dashboard(JSON.stringify({ ...dashboard, panels: [{ ...panel, targets }] }), context))
      }]
    })
  })

/** The same of rules, each alone in a file: the recording rules that it asks for are known from the others. */
const spoilRules = (spoil: (rule: Rule) => Fields) =>
  (parse(rules) as Rules).groups.flatMap((group) =>
    group.rules.flatMap((rule) => {
      const spoilt = spoil(rule)
      if (spoilt === rule) return []
      const text = stringify({ groups: [{ name: "spoilt", rules: [spoilt] }] })
      return [{ rule: String(rule.alert ?? rule.record), found: namesOf(Lint.rules(text, context)) }]
    })
  )

interface Spoiling {
  readonly lint: string
  readonly says: string
  readonly spoil: (expr: string) => string
  /** What follows from it and may be found too. */
  readonly follows?: ReadonlyArray<string>
  readonly onDashboardsOnly?: boolean
}

const gone = ["legend-labels", "link-labels", "column-names", "template-labels", "alert-by-job", "label-known"]

const spoilings: ReadonlyArray<Spoiling> = [
  {
    lint: "promql-parses",
    says: "a bracket is lost",
    spoil: (expr) => expr.replace(/\)$/, ""),
    follows: ["exemplars"]
  },
  {
    lint: "metric-known",
    says: "a metric is misspelt",
    spoil: (expr) => expr.replace(/\bdawsos_(\w+?)_/, "dawsos_$1s_"),
    follows: ["exemplars", "histogram-quantile", "ratio-guarded"]
  },
  {
    lint: "value-known",
    says: "an outcome is misspelt",
    spoil: (expr) => expr.replace(/\bstatus(=~?)"error/, "status$1\"errors")
  },
  {
    lint: "value-known",
    says: "a job is misspelt",
    spoil: (expr) => expr.replace(/\bjob(=~?|!~?=?)"(\w)/, "job$1\"x$2")
  },
  {
    lint: "label-known",
    says: "a label is misspelt",
    spoil: (expr) => expr.replace(/\bstatus(=~?")/, "outcome$1")
  },
  {
    lint: "counter-under-rate",
    says: "a counter is read as it is",
    spoil: (expr) => expr.replace(/\brate\((\w+_total(?:\{[^}]*\})?)\[[^\]]*\]\)/, "$1"),
    follows: ["ratio-guarded"]
  },
  {
    lint: "rate-of-counter",
    says: "the rate of a gauge is asked",
    spoil: (expr) =>
      expr.replace(
        /\((dawsos_(?:pricing_pack_freshness_seconds|db_connections_active)\{[^}]*\})\)/,
        "(rate($1[$__rate_interval]))"
      ),
    onDashboardsOnly: true
  },
  {
    lint: "histogram-quantile",
    says: "buckets are summed without le",
    spoil: (expr) => expr.replace(/sum by \(le(?:, )?/, "sum by (")
  },
  {
    lint: "rate-interval",
    says: "a rate is over a fixed range",
    spoil: (expr) => expr.replace("[$__rate_interval]", "[5m]"),
    onDashboardsOnly: true
  },
  {
    lint: "variables-declared",
    says: "a variable is misspelt",
    spoil: (expr) => expr.replace("\"$job\"", "\"$jobs\""),
    onDashboardsOnly: true
  },
  {
    lint: "no-instance",
    says: "an aggregation is forgotten",
    spoil: (expr) => expr.replace(/^(?:max|min|sum) by \([^)]*\) \((\w+(?:\{[^}]*\})?)\)$/, "$1"),
    follows: ["counter-under-rate"]
  }
]

describe("Every expression that is spoilt is found", () => {
  for (const { follows = [], lint, onDashboardsOnly = false, says, spoil } of spoilings) {
    it(`when ${says} (${lint})`, () => {
      const queries = spoilQueries(spoil)
      const spoilt = spoilRules((rule) => {
        const expr = spoil(rule.expr)
        return expr === rule.expr ? rule : { ...rule, expr }
      })
      const all = onDashboardsOnly ? queries : [...queries, ...spoilt]
      expect(all.length).toBeGreaterThan(0)
      const allowed = [lint, ...follows, ...gone]
      expect(all.filter(({ found }) => !found.includes(lint) || found.some((name) => !allowed.includes(name)))).toEqual(
        []
      )
    })
  }
})

interface PanelSpoiling {
  readonly lint: string
  readonly says: string
  readonly spoil: (panel: Panel, dashboard: Dashboard) => Panel
}

const withDefaults = (panel: Panel, change: Fields): Panel => {
  const config = panel.fieldConfig as Fields & { readonly defaults: Fields }
  return { ...panel, fieldConfig: { ...config, overrides: [], defaults: { ...config.defaults, ...change } } }
}

const shows = (panel: Panel) => panel.type !== "row" && panel.type !== "text"

const panelSpoilings: ReadonlyArray<PanelSpoiling> = [
  { lint: "panel-title", says: "has no title", spoil: (panel) => shows(panel) ? { ...panel, title: "" } : panel },
  {
    lint: "panel-description",
    says: "has no description",
    spoil: (panel) => shows(panel) ? { ...panel, description: "" } : panel
  },
  {
    lint: "panel-unit",
    says: "has no unit",
    spoil: (panel) => shows(panel) ? withDefaults(panel, { unit: "" }) : panel
  },
  {
    lint: "panel-type",
    says: "is of an old type",
    spoil: (panel) => shows(panel) ? { ...panel, type: "graph" } : panel
  },
  { lint: "panel-id", says: "has no id", spoil: (panel) => ({ ...panel, id: undefined }) },
  { lint: "panel-grid", says: "is too wide", spoil: (panel) => ({ ...panel, gridPos: { x: 1, y: 0, w: 24, h: 1 } }) },
  { lint: "panel-query", says: "asks nothing", spoil: (panel) => shows(panel) ? { ...panel, targets: [] } : panel },
  {
    lint: "ref-id",
    says: "has queries of one name",
    spoil: (panel) =>
      panel.targets === undefined || panel.type === "table"
        ? panel
        : { ...panel, targets: [...panel.targets, ...panel.targets] }
  },
  {
    lint: "no-literal-datasource",
    says: "names its data source",
    spoil: (panel) => shows(panel) ? { ...panel, datasource: { type: "prometheus", uid: "prometheus" } } : panel
  },
  {
    lint: "exemplars",
    says: "shows latencies without exemplars",
    spoil: (panel) =>
      panel.targets?.some(({ exemplar }) => exemplar === true) === true
        ? { ...panel, targets: panel.targets.map((target) => ({ ...target, exemplar: false })) }
        : panel
  },
  {
    lint: "exemplars",
    says: "asks counters for exemplars",
    spoil: (panel) =>
      panel.targets?.some(({ expr }) => !expr.includes("_bucket")) === true
        ? { ...panel, targets: panel.targets.map((target) => ({ ...target, exemplar: true })) }
        : panel
  },
  {
    lint: "legend-labels",
    says: "names a label in its legend that is not there",
    spoil: (panel) =>
      panel.targets === undefined
        ? panel
        : { ...panel, targets: panel.targets.map((target) => ({ ...target, legendFormat: "{{colour}}" })) }
  },
  {
    lint: "links-resolve",
    says: "leads nowhere",
    spoil: (panel) => shows(panel) ? withDefaults(panel, { links: [{ url: "/d/dawsos-nothing" }] }) : panel
  },
  {
    lint: "link-labels",
    says: "passes on a label that is not there",
    spoil: (panel, { uid }) =>
      shows(panel) ? withDefaults(panel, { links: [{ url: `/d/${uid}?x=\${__field.labels.colour}` }] }) : panel
  }
]

/** The overview's panels, and those of which it has no like. */
const representative = single.filter(({ panels: [panel], uid }, index) =>
  uid === "dawsos-overview" || single.findIndex(({ panels: [one] }) => one?.type === panel?.type) === index
)

describe("Every panel that is spoilt is found", () => {
  for (const { lint, says, spoil } of panelSpoilings) {
    it(`when it ${says} (${lint})`, () => {
      const found = representative.flatMap((dashboard) => {
        const [panel] = dashboard.panels
        const spoilt = panel === undefined ? panel : spoil(panel, dashboard)
        if (panel === undefined || spoilt === panel) return []
        const text = JSON.stringify({ ...dashboard, panels: [spoilt] })
        return [{ panel: panel.title, found: namesOf(Lint.dashboard(text, context)) }]
      })
      expect(found.length).toBeGreaterThan(0)
      // Tables name their units by column.
      expect(
        found.filter(({ found }) =>
          !found.includes(lint) || found.some((name) => name !== lint && name !== "panel-unit")
        )
      )
        .toEqual([])
    })
  }
})

type AlertSpoiling = readonly [lint: string, says: string, spoil: (alert: Rule) => Fields]

const annotated = (rule: Rule, change: Fields): Fields => ({
  ...rule,
  annotations: { ...rule.annotations as Fields, ...change }
})

const isWatchdog = (rule: Rule) => rule.alert === "Watchdog"

const alertSpoilings: ReadonlyArray<AlertSpoiling> = [
  ["alert-severity", "has another severity", (rule) => ({ ...rule, labels: { severity: "page" } })],
  ["alert-summary", "has a template in its summary", (rule) => annotated(rule, { summary: "{{ $value }}" })],
  ["alert-description", "has no description", (rule) => isWatchdog(rule) ? rule : annotated(rule, { description: "" })],
  [
    "alert-runbook",
    "has a runbook that is not there",
    (rule) => annotated(rule, { runbook_url: "http://a.test/x.md" })
  ],
  [
    "alert-dashboard",
    "has a dashboard that is not there",
    (rule) => annotated(rule, { dashboard: "http://a.test/d/x" })
  ],
  [
    "template-labels",
    "names a label that is not there",
    (rule) => annotated(rule, { description: "{{ $labels.colour }} {{ $value }}" })
  ],
  [
    "alert-for",
    "fires at once",
    (rule) => isWatchdog(rule) ? rule : { ...rule, for: undefined, keep_firing_for: undefined }
  ],
  [
    "alert-comparison",
    "compares nothing",
    (rule) => isWatchdog(rule) ? rule : { ...rule, expr: "max by (job) (dawsos_pricing_pack_freshness_seconds)" }
  ],
  [
    "alert-by-job",
    "has no job",
    (rule) => isWatchdog(rule) ? rule : { ...rule, expr: "max(dawsos_pricing_pack_freshness_seconds) > 1" }
  ]
]

describe("Every alert that is spoilt is found", () => {
  for (const [lint, says, spoil] of alertSpoilings) {
    it(`when it ${says} (${lint})`, () => {
      const found = spoilRules((rule) => rule.alert === undefined ? rule : spoil(rule))
      expect(found.length).toBeGreaterThan(0)
      // Another expression has other labels than its template names.
      expect(
        found.filter(({ found }) =>
          !found.includes(lint) || found.some((name) => name !== lint && name !== "template-labels")
        )
      )
        .toEqual([])
    })
  }

  it("when it has no tests (alert-tests)", () => {
    const alerts = (parse(rules) as Rules).groups.flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []))
    const untested = Lint.rules(rules, { ...context, tests: [] })
    expect(namesOf(untested)).toEqual(["alert-tests"])
    expect(untested.length).toBe(3 * (new Set(alerts).size - 1))
  })
})
