/** Runbook pages: for each alert a page that a tired person can follow. */
import type * as Duration from "effect/Duration"
import type { File } from "./File.ts"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"
import { duration } from "./promql/Render.ts"
import type * as Rules from "./Rules.ts"
import { dashboardUrl, type Links } from "./RulesFile.ts"

/** The alerts of some groups by name: an alert has several rules where it has several conditions. */
export const alertsOf = (
  groups: ReadonlyArray<Rules.Group>
): ReadonlyMap<string, readonly [Rules.Alert, ...Array<Rules.Alert>]> => {
  const byName = new Map<string, [Rules.Alert, ...Array<Rules.Alert>]>()
  for (const rule of groups.flatMap(({ rules }) => rules)) {
    if (rule._tag !== "Alert") continue
    const others = byName.get(rule.name)
    if (others === undefined) byName.set(rule.name, [rule])
    else {
      const [first] = others
      if (JSON.stringify(first.runbook) !== JSON.stringify(rule.runbook)) {
        refuse(rule.name, "its rules have different runbooks, an alert has one")
      }
      others.push(rule)
    }
  }
  return byName
}

/** How long a condition must hold, as people read it. */
export const holding = (alert: Rules.Alert): string => {
  const length = (input: Duration.Input): string => duration(PromQL.milliseconds(alert.name, input))
  return [
    ...(alert.for === undefined ? [] : [`for ${length(alert.for)}`]),
    ...(alert.keepFiringFor === undefined ? [] : [`stays ${length(alert.keepFiringFor)}`])
  ].join(", ")
}

const condition = (alert: Rules.Alert): string => {
  const held = holding(alert)
  return `\`${alert.severity}\`${held === "" ? ", at once" : `, ${held}`}:\n\n\`\`\`promql\n${
    PromQL.render(alert.expression)
  }\n\`\`\``
}

const numbered = (steps: ReadonlyArray<string>): string =>
  steps.map((step, index) => `${index + 1}. ${step}`).join("\n")

const listed = (items: ReadonlyArray<string>): string => items.map((item) => `- ${item}`).join("\n")

/** Names of other alerts become links to their pages, where they do not stand in code. */
const linked = (text: string, others: ReadonlyArray<string>): string =>
  others.length === 0
    ? text
    : text.split(/(`[^`]*`)/).map((part, index) =>
      index % 2 === 1 ? part : part.replace(new RegExp(`\\b(${others.join("|")})\\b`, "g"), "[$1]($1.md)")
    ).join("")

/** The page of an alert, of which all rules are given; `others` are alerts that have pages beside it. */
export const page = (
  alerts: readonly [Rules.Alert, ...Array<Rules.Alert>],
  options: Links & { readonly header: string; readonly others?: ReadonlyArray<string> | undefined }
): string => {
  const [alert] = alerts
  const { actions, firstLook, meaning, usualCauses } = alert.runbook
  const others = (options.others ?? []).filter((name) => name !== alert.name)
  const link = (text: string): string => linked(text, others)
  const dashboards = [...new Set(alerts.map((one) => dashboardUrl(one, options)))]
  return `${
    [
      `<!-- ${options.header} -->`,
      `# ${alert.name}`,
      `${alert.summary}.`,
      `Dashboard: ${dashboards.map((url) => `<${url}>`).join(", ")}`,
      "## What it means",
      link(meaning),
      "## Look here first",
      link(numbered(firstLook)),
      "## Usual causes",
      link(listed(usualCauses)),
      "## What to do",
      link(listed(actions)),
      alerts.length === 1 ? "## Condition" : "## Conditions, each of which is enough",
      ...alerts.map(condition)
    ].join("\n\n")
  }\n`
}

/** The pages of all alerts: `runbooks/{alert}.md` below `observability/`. */
export const files = (
  groups: ReadonlyArray<Rules.Group>,
  options: Links & { readonly header: string }
): ReadonlyArray<File> => {
  const byName = alertsOf(groups)
  return [...byName].map(([name, alerts]) => ({
    path: `runbooks/${name}.md`,
    content: page(alerts, { ...options, others: [...byName.keys()] })
  }))
}
