/** Which alerts a file's cases show firing, quiet and without data, for the lint of alerts' tests. */
import { catalogue } from "@dawsos/observability/dawsos"
import { defaults, groups } from "@dawsos/observability/dawsos/mixin"
import { Lint, PromQL, RulesFile } from "@dawsos/observability/mixin"
import { expect, it } from "vitest"
import { healthy, type SeriesSet } from "./Healthy.ts"

/** The groups of the rules file whose alerts are tested in each file. */
const files = {
  Base: ["dawsos.rules"],
  Packs: ["dawsos.packs"],
  Dependencies: ["dawsos.dependencies"],
  Product: ["dawsos.product"],
  Telemetry: ["dawsos.telemetry"],
  Monitoring: ["dawsos.monitoring"],
  ServiceLevels: ["dawsos_api_availability.alerts", "dawsos_api_latency.alerts", "dawsos_alert_delivery.alerts"]
}

/** What is known of a case before it runs. */
export interface Shown {
  /** What the case says something of. */
  readonly alerts: ReadonlyArray<string>
  /** Nothing is known of what they look at. */
  readonly noData?: true | undefined
  /** All that fires at some moment. */
  readonly fires: ReadonlyArray<string>
}

const declared: Array<Lint.AlertTest> = []

/** Declares what a case shows. An alert that fires at one moment and not at another is shown firing. */
export const declare = ({ alerts, fires, noData }: Shown): void => {
  for (const alert of alerts) {
    declared.push({ alert, shows: noData === true ? "no-data" : fires.includes(alert) ? "firing" : "quiet" })
  }
}

const alertsOf = groups(defaults).map(({ name, rules }) => ({
  name,
  rules: rules.filter((rule) => rule._tag === "Alert")
}))

const nameOf = (series: string): string => series.slice(0, series.indexOf("{"))

/** The alerts of which there are data after all: each metric that they ask for and that is known in health is known. */
export const informed = (alerts: ReadonlyArray<string>, series: SeriesSet): ReadonlyArray<string> => {
  const known = new Set(Object.keys(series).map(nameOf))
  return alerts.filter((alert) => {
    const conditions = alertsOf.flatMap(({ rules }) => rules)
      .filter(({ name }) => name === alert)
      .flatMap(({ expression }) => PromQL.render(expression).match(/\w+/g) ?? [])
    const asked = Object.keys(healthy).map(nameOf).filter((name) => conditions.includes(name))
    return known.size > 0 && asked.every((name) => known.has(name))
  })
}

/** Declares the last test of a file: the lint finds no alert of its groups without its tests. */
export const tested = (file: keyof typeof files): void => {
  it("every alert of these groups is shown firing, quiet and without data", () => {
    const own = alertsOf.filter(({ name }) => files[file].includes(name))
    expect(own.map(({ name }) => name)).toEqual(files[file])
    const text = RulesFile.text(own, { ...defaults, header: "for the lint" })
    const findings = Lint.rules(text, Lint.context({ catalogue, tests: declared }))
    expect(findings.filter(({ rule }) => rule === "alert-tests")).toEqual([])
  })

  it("every group with alerts has a file of tests", () => {
    const all: ReadonlyArray<string> = Object.values(files).flat()
    expect(alertsOf.filter(({ name, rules }) => rules.length > 0 && !all.includes(name))).toEqual([])
  })
}
