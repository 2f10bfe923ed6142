import { alertsPage, defaults, groups, serviceLevels, type Settings } from "@dawsos/observability/dawsos/mixin"
import { PromQL, type Rules, RulesFile, Runbooks } from "@dawsos/observability/mixin"
import { describe, expect, it } from "@effect/vitest"
import { parse } from "yaml"
import { uids } from "../../../src/dawsos/mixin/dashboards/uids.ts"

const alertsOf = (settings: Settings = defaults): ReadonlyArray<Rules.Alert> =>
  groups(settings).flatMap(({ rules }) => rules).filter((rule) => rule._tag === "Alert")

const conditionOf = (name: string, settings: Partial<Settings>): string =>
  alertsOf({ ...defaults, ...settings }).filter((alert) => alert.name === name)
    .map(({ expression }) => PromQL.render(expression)).join("\n\n")

const options = { ...defaults, header: "Generated." }

describe("The alerts of DawsOS", () => {
  it("begin with the six of the base document, under their names, severities and in their order", () => {
    const [first] = groups(defaults)
    expect(first?.name).toBe("dawsos.rules")
    expect(first?.rules.map((rule) => rule._tag === "Alert" ? `${rule.name} ${rule.severity}` : rule.record)).toEqual([
      "HighErrorRate critical",
      "HighResponseTime warning",
      "PricingPackStale critical",
      "DatabaseConnectionsHigh warning",
      "ProviderRateLimitLow warning",
      "PatternExecutionFailure critical"
    ])
  })

  it("add what the base document's silence needs", () => {
    expect([...new Set(alertsOf().map(({ name }) => name))].slice(6)).toEqual([
      "PricingPackMetricMissing",
      "PricingPackBuildStuck",
      "DatabaseQueryErrors",
      "ProviderFailing",
      "CapabilityFailing",
      "AlertsNotDelivered",
      "AlertsNotEvaluated",
      "SpansDropped",
      "ExportFailing",
      "ErrorEventsDropped",
      "LabelOverflow",
      "EventLoopLag",
      "ObservabilityFault",
      "ScrapeIncomplete",
      "Watchdog",
      "TargetDown",
      "RuleEvaluationFailing",
      "RuleEvaluationSlow",
      "NotificationsFailing",
      "NotificationDeliveryFailing",
      "ApiAvailabilityBurnRate",
      "ApiLatencyBurnRate",
      "AlertDeliveryBurnRate"
    ])
  })

  it("wait before they wake anybody, but for the watchdog, which always fires", () => {
    const atOnce = alertsOf().filter((alert) => alert.for === undefined && alert.keepFiringFor === undefined)
    expect(atOnce.map(({ name }) => name)).toEqual(["Watchdog"])
  })

  it("lead to a dashboard that there is", () => {
    const known: ReadonlyArray<string> = Object.values(uids)
    expect(alertsOf().filter(({ dashboard }) => !known.includes(dashboard))).toEqual([])
  })

  it("each have a page in the rules file's links", () => {
    const pages = Runbooks.files(groups(defaults), options).map(({ path }) => path)
    const file: { groups: Array<{ rules: Array<{ annotations?: { runbook_url: string } }> }> } = parse(
      RulesFile.text(groups(defaults), options)
    )
    const links = file.groups.flatMap(({ rules }) => rules)
      .flatMap(({ annotations }) => annotations === undefined ? [] : [annotations.runbook_url])
    expect(new Set(links.map((link) => link.replace("http://localhost:9090/user/", "runbooks/")))).toEqual(
      new Set(pages)
    )
  })

  it("have pages that link only to pages that there are", () => {
    const files = Runbooks.files(groups(defaults), options)
    const names = files.map(({ path }) => path.replace("runbooks/", ""))
    const links = files.flatMap(({ content }) => [...content.matchAll(/\]\((\w+\.md)\)/g)].map(([, link]) => link))
    expect(links.length).toBeGreaterThan(20)
    expect(links.filter((link) => !names.includes(link ?? ""))).toEqual([])
  })

  it("are the same for the same settings", () => {
    expect(RulesFile.text(groups(defaults), options)).toBe(RulesFile.text(groups({ ...defaults }), options))
  })
})

describe("Each threshold is a setting", () => {
  const cases: ReadonlyArray<readonly [keyof Settings, number, alert: string, part: string]> = [
    ["errorRatio", 0.11, "HighErrorRate", "> 0.11"],
    ["errorRatioTraffic", 0.7, "HighErrorRate", "> 0.7\n)"],
    ["responseTime", 5, "HighResponseTime", "> 5"],
    ["responseTimeTraffic", 0.3, "HighResponseTime", "> 0.3"],
    ["packAge", 7200, "PricingPackStale", "> 7200"],
    ["connectionsRatio", 0.9, "DatabaseConnectionsHigh", "> 0.9"],
    ["connections", 150, "DatabaseConnectionsHigh", "> 150"],
    ["rateLimitRatio", 0.2, "ProviderRateLimitLow", "< 0.2"],
    ["rateLimit", 17, "ProviderRateLimitLow", "< 17"],
    ["patternFailureRatio", 0.33, "PatternExecutionFailure", "> 0.33"],
    ["patternFailures", 7, "PatternExecutionFailure", ">= 7"],
    ["queryErrorRatio", 0.33, "DatabaseQueryErrors", "> 0.33"],
    ["queryErrors", 7, "DatabaseQueryErrors", ">= 7"],
    ["providerFailureRatio", 0.33, "ProviderFailing", "> 0.33"],
    ["providerFailures", 7, "ProviderFailing", ">= 7"],
    ["capabilityFailureRatio", 0.33, "CapabilityFailing", "> 0.33"],
    ["capabilityFailures", 7, "CapabilityFailing", ">= 7"],
    ["deliveryFailureRatio", 0.33, "AlertsNotDelivered", "> 0.33"],
    ["deliveryFailures", 7, "AlertsNotDelivered", ">= 7"],
    ["spansDroppedRatio", 0.33, "SpansDropped", "> 0.33"],
    ["eventLoopLag", 0.2, "EventLoopLag", "> 0.2"],
    ["ruleEvaluation", 3, "RuleEvaluationSlow", "> 3"],
    ["availabilityTarget", 0.99, "ApiAvailabilityBurnRate", "> 0.144"],
    ["latencyTarget", 0.99, "ApiLatencyBurnRate", "> 0.144"],
    ["deliveryTarget", 0.999, "AlertDeliveryBurnRate", "> 0.0144"]
  ]
  it.for(cases)("%s", ([setting, value, alert, part]) => {
    expect(conditionOf(alert, {})).not.toContain(part)
    expect(conditionOf(alert, { [setting]: value })).toContain(part)
  })

  it("packBuild, how long a build may take", () => {
    const stuck = alertsOf({ ...defaults, packBuild: 900 }).find(({ name }) => name === "PricingPackBuildStuck")
    expect(RulesFile.text([{ name: "packs", rules: stuck === undefined ? [] : [stuck] }], options)).toContain(
      "for: 15m"
    )
  })

  it("latencyObjective, a bound of the histogram", () => {
    const [, latency] = serviceLevels({ ...defaults, latencyObjective: 2 })
    const text = RulesFile.text(latency?.groups ?? [], options)
    expect(text).toContain("le=\"2.0\"")
    expect(() => groups({ ...defaults, latencyObjective: 1.5 })).toThrow(
      "dawsos_api_request_duration_seconds: 1.5 is no bound of its buckets"
    )
  })

  it("responseTime, between two bounds of which a percentile would be a guess", () => {
    expect(() => groups({ ...defaults, responseTime: 3 })).toThrow(
      "HighResponseTime: responseTime was 3, allowed are the bounds 0.005, 0.025, 0.1, 0.25, 0.5, 0.8, 1.2, 2, 5, 10 of " +
        "dawsos_api_request_duration_seconds"
    )
  })
})

describe("Runbooks of DawsOS", () => {
  it("give something to look at and something to do, each in a sentence, not in a word", () => {
    const short = alertsOf().flatMap(({ name, runbook }) =>
      [runbook.meaning, ...runbook.firstLook, ...runbook.actions].filter((text) => text.length < 30)
        .map((text) => `${name}: ${text}`)
    )
    expect(short).toEqual([])
  })

  it("show at least one query, log line, span or page each", () => {
    const vague = alertsOf().filter(({ runbook }) =>
      !/`|Jaeger|Prometheus|page|panel|dashboard/i.test(runbook.firstLook.join(" "))
    )
    expect(vague.map(({ name }) => name)).toEqual([])
  })
})

describe("docs/alerts.md", () => {
  it("has a line and a section for each alert", () => {
    const page = alertsPage()
    for (const { name } of alertsOf()) {
      expect(page).toContain(`[${name}](../observability/runbooks/${name}.md)`)
      expect(page).toContain(`\n### ${name}\n`)
    }
  })
})
