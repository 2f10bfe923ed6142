/**
 * Lints for dashboards and rules, generated or written by hand: they look at the text of the files only.
 *
 * @example
 * import { Foreign, Lint } from "@dawsos/observability/mixin"
 * import { catalogue } from "@dawsos/observability/dawsos"
 * import { readFileSync } from "node:fs"
 *
 * const rules = readFileSync("alerts.yml", "utf8")
 * const dashboard = readFileSync("overview.json", "utf8")
 * const context = Lint.context({ catalogue, foreign: Object.values(Foreign), rules: [rules], dashboards: [dashboard] })
 * const chosen = Lint.lints.filter(({ name }) => name !== "panel-unit")
 *
 * for (const { problem, rule, where } of [...Lint.dashboard(dashboard, context, chosen), ...Lint.rules(rules, context)]) {
 *   console.error(`${where}: ${problem} (${rule})`)
 * }
 */
import * as Context from "./lint/Context.ts"
import * as DashboardLints from "./lint/DashboardLints.ts"
import * as DashboardText from "./lint/DashboardText.ts"
import type { Finding, Problem } from "./lint/Finding.ts"
import * as NameLints from "./lint/NameLints.ts"
import * as PanelLints from "./lint/PanelLints.ts"
import * as QueryLints from "./lint/QueryLints.ts"
import * as RuleLints from "./lint/RuleLints.ts"
import * as RulesText from "./lint/RulesText.ts"

export type { AlertTest, Context, Lint, Options } from "./lint/Context.ts"
export type { Finding, Problem } from "./lint/Finding.ts"

/** Every lint. A lint that speaks of both dashboards and rules is here once. */
export const lints: ReadonlyArray<Context.Lint> = [
  ...DashboardLints.lints,
  ...PanelLints.lints,
  ...QueryLints.lints,
  ...NameLints.lints,
  ...RuleLints.lints
]

/** Prepares what dashboards and rules are held against; what is left out of it is not checked. */
export const context: (options: Context.Options) => Context.Context = Context.make

const named = (rule: string, problems: ReadonlyArray<Problem> | undefined): ReadonlyArray<Finding> =>
  problems?.map((problem) => ({ rule, ...problem })) ?? []

/** What the lints say to the JSON of a dashboard. Text that is no JSON is the one finding `json`. */
export const dashboard = (
  text: string,
  context: Context.Context,
  chosen: ReadonlyArray<Context.Lint> = lints
): ReadonlyArray<Finding> => {
  const parsed = Context.parseJson(text)
  if ("problem" in parsed) return [{ rule: "json", where: "file", problem: parsed.problem }]
  const own = DashboardText.of(parsed.value)
  return chosen.flatMap((lint) => named(lint.name, lint.dashboard?.(own, context)))
}

/** What the lints say to a file of Prometheus rules (YAML). */
export const rules = (
  text: string,
  context: Context.Context,
  chosen: ReadonlyArray<Context.Lint> = lints
): ReadonlyArray<Finding> => {
  const own = RulesText.of(text)
  return chosen.flatMap((lint) => named(lint.name, lint.rules?.(own, context)))
}
