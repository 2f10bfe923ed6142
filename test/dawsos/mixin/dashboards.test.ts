import { catalogue } from "@dawsos/observability/dawsos"
import { dashboards, defaults, groups, serviceLevels } from "@dawsos/observability/dawsos/mixin"
import {
  Dashboard,
  Foreign,
  Lint,
  type Panel,
  PromQL,
  type Rules,
  RulesFile,
  selfMetrics
} from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import { countedRequests } from "../../../src/dawsos/mixin/alerts/expressions.ts"
import { uids } from "../../../src/dawsos/mixin/dashboards/uids.ts"

const all = dashboards(defaults)
const files = await Dashboard.files(all)
const panelsOf = ({ sections }: Dashboard.Dashboard): ReadonlyArray<Panel.Panel> =>
  sections.flatMap(({ panels }) => panels)
const overview = all[0] ?? assert.fail("there is no dashboard")

/** Every rule that Prometheus is given, those of service levels once. */
const rules = (): ReadonlyArray<Rules.Group> => {
  const alerts = groups(defaults)
  const names = new Set(alerts.map(({ name }) => name))
  return [...alerts, ...serviceLevels(defaults).flatMap(({ groups }) => groups).filter(({ name }) => !names.has(name))]
}

const expressionsOf = (panel: Panel.Panel): ReadonlyArray<PromQL.Expression> =>
  (panel._tag === "Table" ? panel.columns : panel.queries).map(({ expression }) => expression)
const text = (panel: Panel.Panel): string =>
  expressionsOf(panel).map((expression) => PromQL.render(expression)).join("\n").replace(/\s+/g, " ")
    .replaceAll("( ", "(").replaceAll(" )", ")")

describe("DawsOS Overview", () => {
  it("is the base document's dashboard: its title, tag, refresh and hour, its eight panels first and of their kinds", () => {
    const { from, refresh, tags, title, uid } = overview
    assert.deepStrictEqual(
      { from, refresh, tags, title, uid },
      { from: "now-1h", refresh: "30s", tags: ["dawsos"], title: "DawsOS Overview", uid: "dawsos-overview" }
    )
    assert.deepStrictEqual(panelsOf(overview).slice(0, 8).map(({ _tag, title }) => `${title}: ${_tag}`), [
      "API Request Rate: Stat",
      "API Response Time: TimeSeries",
      "Pattern Execution Rate: Stat",
      "Database Query Performance: TimeSeries",
      "Provider API Performance: TimeSeries",
      "Pricing Pack Freshness: Stat",
      "Active Database Connections: Stat",
      "Error Rate: TimeSeries"
    ])
  })

  it("asks for what each of the eight is meant to show: sums over processes, quantiles over buckets, a share of errors", () => {
    const shown = Object.fromEntries(panelsOf(overview).slice(0, 8).map((panel) => [panel.title, text(panel)]))
    const api = "dawsos_api_requests_total"
    const p95 = (metric: string, by: string) =>
      `histogram_quantile(0.95, sum by (${by}) (rate(${metric}_bucket[$__rate_interval])))`
    assert.strictEqual(shown["API Request Rate"], `sum by (method, endpoint) (rate(${api}[$__rate_interval]))`)
    assert.include(
      shown["API Response Time"],
      "histogram_quantile(0.95, sum by (le) (rate(dawsos_api_request_duration_seconds_bucket[$__rate_interval])))"
    )
    assert.include(
      shown["Pattern Execution Rate"],
      "sum by (pattern_id, status) (rate(dawsos_pattern_executions_total[$__rate_interval]))"
    )
    assert.strictEqual(
      shown["Database Query Performance"],
      p95("dawsos_db_query_duration_seconds", "le, operation, table")
    )
    assert.strictEqual(
      shown["Provider API Performance"],
      p95("dawsos_provider_request_duration_seconds", "le, provider, endpoint")
    )
    assert.strictEqual(shown["Pricing Pack Freshness"], "max by (job) (dawsos_pricing_pack_freshness_seconds)")
    assert.include(shown["Active Database Connections"], "sum by (job) (dawsos_db_connections_active)")
    assert.include(shown["Active Database Connections"], "sum by (job) (dawsos_db_connections_max)")
    assert.include(
      shown["Error Rate"],
      `(sum(rate(${api}{status_code=~"5.."}[$__rate_interval])) or sum(rate(${api}[$__rate_interval])) * 0) / ` +
        `(sum(rate(${api}[$__rate_interval])) > 0)`
    )
  })

  it("says unknown where a number has no value, since a missing one is no 0", () => {
    for (const title of ["Pricing Pack Freshness", "Active Database Connections"]) {
      assert.strictEqual(panelsOf(overview).find((panel) => panel.title === title)?.noValue, "unknown")
    }
  })

  it("leads by one click to every dashboard on which a part of DawsOS is looked into", () => {
    const reached = new Set(panelsOf(overview).map(({ drillDown }) => drillDown?.dashboard))
    const parts = Object.values(uids).filter((uid) => uid !== uids.overview && uid !== uids.serviceLevels)
    assert.deepStrictEqual(parts.filter((uid) => !reached.has(uid)), [])
    const tables = panelsOf(overview).filter(({ _tag, drillDown }) => _tag === "Table" && drillDown !== undefined)
    assert.deepStrictEqual(tables.map(({ title }) => title), ["Routes", "Patterns", "Capabilities", "Providers"])
    for (const panel of tables) {
      assert.isNotEmpty(panel.drillDown?.variables ?? {}, panel.title)
      const target = all.find(({ uid }) => uid === panel.drillDown?.dashboard) ?? assert.fail(panel.title)
      const withTraces = panelsOf(target).filter((one) =>
        one._tag === "TimeSeries" && one.queries.some((q) => q.exemplars)
      )
      const chosen = Object.keys(panel.drillDown?.variables ?? {}).map((name) => `"$${name}"`)
      assert.isTrue(withTraces.some((one) => chosen.every((name) => text(one).includes(name))), panel.title)
    }
  })
})

describe("The dashboards of DawsOS", () => {
  it("pass every lint", () => {
    const context = Lint.context({
      catalogue,
      foreign: [...Object.values(Foreign), ...Object.values(selfMetrics(catalogue.prefix))],
      rules: [RulesFile.text(rules(), { ...defaults, header: "Of the test." })],
      dashboards: files.map(({ content }) => content),
      refresh: { [uids.overview]: "30s" }
    })
    const findings = files.flatMap(({ content, path }) =>
      Lint.dashboard(content, context).map(({ problem, rule, where }) => `${path} ${where}: ${problem} (${rule})`)
    )
    assert.deepStrictEqual(findings, [])
  })

  it("are one for each uid that alerts may name, all under the same tag", () => {
    assert.deepStrictEqual(all.map(({ uid }) => uid).toSorted(), Object.values(uids).toSorted())
    assert.isTrue(all.every(({ tags }) => tags.includes("dawsos")))
    const named = rules().flatMap(({ rules }) => rules.flatMap((rule) => rule._tag === "Alert" ? [rule.dashboard] : []))
    assert.deepStrictEqual(named.filter((uid) => !all.some((dashboard) => dashboard.uid === uid)), [])
  })

  it("show every metric of the catalogue", () => {
    const shown = all.flatMap(panelsOf).map(text).join("\n")
    const missing = Object.values(catalogue.metrics).filter(({ name }) => !shown.includes(name)).map(({ name }) => name)
    assert.deepStrictEqual(missing, [])
  })

  it("show exemplars of every latency that is recorded with a trace", () => {
    const withTraces = all.flatMap(panelsOf).flatMap((panel) =>
      panel._tag === "TimeSeries" ? panel.queries.filter(({ exemplars }) => exemplars) : []
    ).map(({ expression }) => PromQL.render(expression)).join("\n")
    const histograms = Object.values(catalogue.metrics).filter(({ kind }) => kind === "histogram")
    // A build happens once a night: its panel is about days, in which no point could be told from another.
    assert.deepStrictEqual(
      histograms.filter(({ name }) => !withTraces.includes(name)).map(({ name }) => name),
      ["dawsos_pricing_pack_build_duration_seconds"]
    )
  })

  it("say in every description what to do, in more than one sentence", () => {
    const short = all.flatMap(panelsOf).filter(({ description }) => description.split(/[.:;] /).length < 2)
    assert.deepStrictEqual(short.map(({ title }) => title), [])
  })

  it("draw the line of an alert beside the value that the alert compares, not one that is only like it", () => {
    const alerts = new Map(
      groups(defaults).flatMap(({ rules }) => rules.flatMap((rule) => rule._tag === "Alert" ? [[rule.name, rule]] : []))
    )
    const flat = (expression: PromQL.Expression) =>
      PromQL.render(expression).replace(/\s+/g, " ").replaceAll("( ", "(").replaceAll(" )", ")")
    const bare = (text: string) => text.replace(/\{\w+=~"\$\w+"\}/g, "")
    const compared: ReadonlyArray<readonly [string, string, string]> = [
      ["DawsOS Overview", "Active Database Connections", "DatabaseConnectionsHigh"],
      ["DawsOS Database", "Pool in use", "DatabaseConnectionsHigh"],
      ["DawsOS Overview", "Pricing Pack Freshness", "PricingPackStale"],
      ["DawsOS Providers", "Quota left now", "ProviderRateLimitLow"],
      ["DawsOS Providers", "Quota left", "ProviderRateLimitLow"]
    ]
    for (const [dashboard, title, name] of compared) {
      const panel = all.filter((one) => one.title === dashboard).flatMap(panelsOf).find((one) => one.title === title)
      const value = bare(flat(expressionsOf(panel ?? assert.fail(title)).at(-1) ?? assert.fail(title)))
      const alert = flat(alerts.get(name)?.expression ?? assert.fail(name))
      assert.match(
        alert.slice(alert.indexOf(value) + value.length),
        /^ [<>] \d/,
        `${title} is not what ${name} compares`
      )
      assert.include(alert, value, `${title} is not what ${name} compares`)
    }

    const errors = panelsOf(overview).find(({ title }) => title === "Error Rate") ??
      assert.fail("there is no Error Rate")
    const counted = flat(expressionsOf(errors).at(-1) ?? assert.fail("nothing is counted"))
    const highErrorRate = flat(alerts.get("HighErrorRate")?.expression ?? assert.fail("there is no HighErrorRate"))
    const [failed, whole] = [true, false].map((failed) => flat(countedRequests("5 minutes", { failed })))
    const traffic = `(${whole} > ${defaults.errorRatioTraffic})`
    assert.strictEqual(highErrorRate, `${failed} / ${traffic} > ${defaults.errorRatio}`)
    // Over the range that Grafana chooses: the alert averages it over five minutes.
    assert.strictEqual(counted.replaceAll("$__rate_interval", "5m"), `(${failed} or ${whole} * 0) / ${traffic}`)
  })

  it("colour a value where its alert begins, in the colour of its severity", () => {
    const settings = {
      ...defaults,
      errorRatio: 0.061,
      responseTime: 1.2,
      packAge: 90_001,
      connectionsRatio: 0.71,
      rateLimitRatio: 0.21,
      patternFailureRatio: 0.062,
      queryErrorRatio: 0.063,
      providerFailureRatio: 0.064,
      capabilityFailureRatio: 0.065,
      deliveryFailureRatio: 0.066,
      spansDroppedRatio: 0.067,
      eventLoopLag: 0.68,
      ruleEvaluation: 9
    }
    const alerts = new Map(
      groups(settings).flatMap(({ rules }) => rules.flatMap((rule) => rule._tag === "Alert" ? [[rule.name, rule]] : []))
    )
    const limits = dashboards(settings).flatMap(panelsOf).flatMap((panel) => [
      panel.thresholds,
      ...(panel._tag === "Table" ? panel.columns : panel.queries).map(({ thresholds }) => thresholds)
    ])
    const expected: ReadonlyArray<readonly [string, number]> = [
      ["HighErrorRate", settings.errorRatio],
      ["HighResponseTime", settings.responseTime],
      ["PricingPackStale", settings.packAge],
      ["DatabaseConnectionsHigh", settings.connectionsRatio],
      ["ProviderRateLimitLow", settings.rateLimitRatio],
      ["PatternExecutionFailure", settings.patternFailureRatio],
      ["DatabaseQueryErrors", settings.queryErrorRatio],
      ["ProviderFailing", settings.providerFailureRatio],
      ["CapabilityFailing", settings.capabilityFailureRatio],
      ["AlertsNotDelivered", settings.deliveryFailureRatio],
      ["SpansDropped", settings.spansDroppedRatio],
      ["EventLoopLag", settings.eventLoopLag],
      ["RuleEvaluationSlow", settings.ruleEvaluation]
    ]
    const changed = Object.keys(defaults).filter((name) =>
      settings[name as keyof typeof settings] !== defaults[name as keyof typeof defaults]
    )
    assert.lengthOf(changed, expected.length)
    const before = changed.map((name) => defaults[name as keyof typeof defaults])
    assert.deepStrictEqual(
      limits.flatMap((limit) => [limit?.warning, limit?.critical]).filter((value) => before.includes(value)),
      [],
      "a limit that did not follow its setting"
    )
    for (const [name, value] of expected) {
      const severity = alerts.get(name)?.severity ?? assert.fail(`there is no alert ${name}`)
      assert.isTrue(severity === "critical" || severity === "warning")
      if (severity === "info") continue
      assert.isTrue(limits.some((limit) => limit?.[severity] === value), `${name} begins at ${value}, ${severity}`)
      const other = severity === "critical" ? "warning" : "critical"
      assert.isFalse(limits.some((limit) => limit?.[other] === value), `${name} is ${severity}`)
    }
  })
})
