/** One page on all alerts: which there are, when they fire, and what they mean. */
import * as PromQL from "./PromQL.ts"
import { duration } from "./promql/Render.ts"
import type * as Rules from "./Rules.ts"
import { alertsOf, holding } from "./Runbooks.ts"
import type { ServiceLevel } from "./ServiceLevel.ts"

const cell = (text: string): string => text.replaceAll("|", "\\|")

const row = (name: string, alert: Rules.Alert, runbooks: string): string =>
  `| [${name}](${runbooks}${name}.md) | ${alert.severity} | ${cell(alert.summary)} | ${holding(alert) || "at once"} |`

const table = (group: Rules.Group, runbooks: string): string => {
  const alerts = group.rules.filter((rule) => rule._tag === "Alert")
  return [
    `### ${group.name}`,
    "",
    ...(group.interval === undefined
      ? []
      : [`Evaluated every ${duration(PromQL.milliseconds(group.name, group.interval))}.`, ""]),
    "| Alert | Severity | Says | Holds |",
    "| --- | --- | --- | --- |",
    ...alerts.map((alert) => row(alert.name, alert, runbooks))
  ].join("\n")
}

const levels = (all: ReadonlyArray<ServiceLevel>): ReadonlyArray<string> =>
  all.length === 0 ? [] : [
    "## Service levels",
    [
      "| Service level | Objective | Over |",
      "| --- | --- | --- |",
      ...all.map(({ target, title, window }) =>
        `| ${cell(title)} | ${Number((target * 100).toPrecision(12))} % good | ${window} |`
      )
    ].join("\n")
  ]

const section = (name: string, alerts: ReadonlyArray<Rules.Alert>): string => {
  const [first] = alerts
  return [
    `### ${name}`,
    first?.runbook.meaning ?? "",
    ...alerts.map((alert) => `\`\`\`promql\n${PromQL.render(alert.expression)}\n\`\`\``)
  ].join("\n\n")
}

/** The text of a page on these groups; `runbooks` is the way from the page to their runbook pages. */
export const text = (
  groups: ReadonlyArray<Rules.Group>,
  options: {
    readonly title: string
    /** Paragraphs between the title and the tables. */
    readonly introduction: ReadonlyArray<string>
    readonly runbooks: string
    readonly serviceLevels?: ReadonlyArray<ServiceLevel> | undefined
  }
): string => {
  const withAlerts = groups.filter(({ rules }) => rules.some(({ _tag }) => _tag === "Alert"))
  return `${
    [
      `# ${options.title}`,
      ...options.introduction,
      ...levels(options.serviceLevels ?? []),
      "## All alerts",
      ...withAlerts.map((group) => table(group, options.runbooks)),
      "## Conditions",
      ...[...alertsOf(groups)].map(([name, alerts]) => section(name, alerts))
    ].join("\n\n")
  }\n`
}
