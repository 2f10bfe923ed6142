/** The text of a rules file of Prometheus. */
import type * as Duration from "effect/Duration"
import { stringify } from "yaml"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"
import { duration } from "./promql/Render.ts"
import type * as Rules from "./Rules.ts"

/** Where the links of alerts lead. */
export interface Links {
  /** Where runbook pages are read, with a slash at its end; the alert's name and `.md` are added. */
  readonly runbookUrl: string
  /** Where people open Grafana. */
  readonly grafanaUrl: string
}

/** The address of an alert's runbook page. */
export const runbookUrl = (alert: Rules.Alert, links: Links): string => `${links.runbookUrl}${alert.name}.md`

/** The address of the dashboard on which an alert is looked into. */
export const dashboardUrl = (alert: Rules.Alert, links: Links): string => `${links.grafanaUrl}/d/${alert.dashboard}`

const length = (where: string, input: Duration.Input): string => duration(PromQL.milliseconds(where, input))

const optional = (name: string, value: unknown): Readonly<Record<string, unknown>> =>
  value === undefined ? {} : { [name]: value }

const alertEntry = (alert: Rules.Alert, links: Links) => ({
  alert: alert.name,
  expr: PromQL.render(alert.expression),
  ...optional("for", alert.for === undefined ? undefined : length(alert.name, alert.for)),
  ...optional(
    "keep_firing_for",
    alert.keepFiringFor === undefined ? undefined : length(alert.name, alert.keepFiringFor)
  ),
  labels: { severity: alert.severity, ...alert.labels },
  annotations: {
    summary: alert.summary,
    description: alert.description,
    runbook_url: runbookUrl(alert, links),
    dashboard: dashboardUrl(alert, links)
  }
})

const recordingEntry = (recording: Rules.Recording) => ({
  record: recording.record,
  expr: PromQL.render(recording.expression),
  ...optional("labels", recording.labels)
})

const key = (rule: Rules.Rule): string =>
  JSON.stringify([
    rule._tag === "Alert" ? rule.name : rule.record,
    Object.entries({ ...rule.labels, ...(rule._tag === "Alert" ? { severity: rule.severity } : {}) }).toSorted()
  ])

/** Two groups of one name, and two rules that nobody could tell apart, are mistakes that Prometheus would not see. */
const check = (groups: ReadonlyArray<Rules.Group>): void => {
  const names = new Set<string>()
  const rules = new Set<string>()
  for (const group of groups) {
    if (names.has(group.name)) refuse(group.name, "there is another group of this name")
    if (group.rules.length === 0) refuse(group.name, "the group has no rules")
    names.add(group.name)
    for (const rule of group.rules) {
      if (rules.has(key(rule))) refuse(group.name, `the rule ${key(rule)} is there twice`)
      rules.add(key(rule))
    }
  }
}

/**
 * The text of a rules file: `header` as a comment, then the groups in their order, expressions as they are rendered.
 * Raises `MixinError` for a group or rule that is there twice.
 */
export const text = (groups: ReadonlyArray<Rules.Group>, options: Links & { readonly header: string }): string => {
  check(groups)
  const file = {
    groups: groups.map((group) => ({
      name: group.name,
      ...optional("interval", group.interval === undefined ? undefined : length(group.name, group.interval)),
      rules: group.rules.map((rule) => rule._tag === "Alert" ? alertEntry(rule, options) : recordingEntry(rule))
    }))
  }
  // As YAML 1.1, which Go reads in part: `on` and the like are put between quotes.
  return `${options.header.replace(/^/gm, "# ")}\n${stringify(file, { version: "1.1", lineWidth: 0 })}`
}
