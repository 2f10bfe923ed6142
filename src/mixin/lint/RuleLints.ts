/** Lints of rules: what an alert tells, whom, when, and how one can know that it works. */
import * as Json from "../Json.ts"
import * as Syntax from "../promql/Syntax.ts"
import type { AlertTest, Context, Lint } from "./Context.ts"
import { withRecorded } from "./Context.ts"
import type { Problem } from "./Finding.ts"
import * as Links from "./Links.ts"
import * as Query from "./Query.ts"
import * as ResultLabels from "./ResultLabels.ts"
import type { Rule, RulesText } from "./RulesText.ts"
import type { AllSeries } from "./Series.ts"

const shape: Lint = {
  name: "rules-shape",
  says: "A file holds groups, each with a name of its own, of rules that are either an alert or a recording rule.",
  rules: ({ groups, problem, rules }) => [
    ...(problem === undefined ? [] : [{ where: "file", problem }]),
    ...groups.flatMap((name, index) => name === "" ? [{ where: `group ${index + 1}`, problem: "it has no name" }] : []),
    ...Json.repeated(groups).map((name) => ({ where: `group ${name}`, problem: "another group has its name" })),
    ...rules.flatMap(({ alert, record, where }) =>
      (alert === "") === (record === "") ? [{ where, problem: "it is not one of alert and record" }] : []
    )
  ]
}

const keyOf = ({ alert, labels, record }: Rule): string =>
  JSON.stringify([alert, record, Object.entries(labels).toSorted(([a], [b]) => a < b ? -1 : 1)])

const unique: Lint = {
  name: "rule-unique",
  says: "No two rules have the same name and labels.",
  rules: ({ rules }) => {
    const repeated = Json.repeated(rules.map(keyOf))
    return rules.filter((rule, index) =>
      repeated.includes(keyOf(rule)) && rules.findIndex((one) => keyOf(one) === keyOf(rule)) < index
    )
      .map(({ where }) => ({ where, problem: "another rule has its name and labels" }))
  }
}

const recordName: Lint = {
  name: "recording-name",
  says: "A recording rule is named level:metric:operations.",
  rules: ({ rules }) =>
    rules.flatMap(({ record, where }) =>
      record === "" || /^[a-z_][a-z0-9_]*(?::[a-zA-Z_][a-zA-Z0-9_]*){1,2}$/.test(record)
        ? []
        : [{ where, problem: "its name is not level:metric:operations" }]
    )
}

interface Alert extends Rule {
  readonly series: AllSeries
  readonly syntax: Syntax.Syntax | undefined
}

const alertsOf = (file: RulesText, context: Context): ReadonlyArray<Alert> => {
  const series = withRecorded(context.series, file)
  return file.rules.filter(({ alert }) => alert !== "").map((rule) => ({
    ...rule,
    series,
    syntax: Query.syntaxOf(rule.query)
  }))
}

const eachAlert =
  (problemsOf: (alert: Alert, context: Context) => ReadonlyArray<string>): Lint["rules"] => (file, context) =>
    alertsOf(file, context).flatMap((alert) =>
      problemsOf(alert, context).map((problem): Problem => ({ where: alert.where, problem }))
    )

/** Of alerts that are to fire on a condition, not always. */
const eachCondition = (problemsOf: (alert: Alert, context: Context) => ReadonlyArray<string>): Lint["rules"] =>
  eachAlert((alert, context) => context.watchdogs.includes(alert.alert) ? [] : problemsOf(alert, context))

const name: Lint = {
  name: "alert-name",
  says: "An alert's name is in CamelCase.",
  rules: eachAlert(({ alert }) => /^[A-Z][A-Za-z0-9]*$/.test(alert) ? [] : ["its name is not in CamelCase"])
}

const severities = ["critical", "warning", "info"]

const severity: Lint = {
  name: "alert-severity",
  says: `An alert's severity is one of ${severities.join(", ")}.`,
  rules: eachAlert(({ labels }) =>
    severities.includes(Json.text(labels.severity))
      ? []
      : [`severity is ${JSON.stringify(labels.severity ?? "")}, allowed are ${severities.join(", ")}`]
  )
}

const summary: Lint = {
  name: "alert-summary",
  says: "An alert has a summary without templates, so that notifications of one kind group under one title.",
  rules: eachAlert(({ annotations }) => {
    const text = Json.text(annotations.summary)
    if (text.trim() === "") return ["it has no summary"]
    return text.includes("{{") ? ["its summary has a template, which belongs in the description"] : []
  })
}

const isAbsent = (syntax: Syntax.Syntax): boolean =>
  syntax._tag === "Call" && (syntax.function === "absent" || syntax.function === "absent_over_time")

const onlyAbsent = (syntax: Syntax.Syntax | undefined): boolean => {
  if (syntax === undefined) return false
  if (syntax._tag !== "Binary" || !Syntax.setOperators.includes(syntax.operator)) return isAbsent(syntax)
  return onlyAbsent(syntax.left) && (syntax.operator !== "or" || onlyAbsent(syntax.right))
}

const description: Lint = {
  name: "alert-description",
  says:
    "An alert has a description that says how much of what, by {{ $value }} or {{ $labels.… }}; of what is absent there is nothing to say.",
  rules: eachCondition(({ annotations, syntax }) => {
    const text = Json.text(annotations.description)
    if (text.trim() === "") return ["it has no description"]
    return /\{\{[^}]*\$(?:value|labels)\b/.test(text) || onlyAbsent(syntax) ? [] : ["its description is not templated"]
  })
}

const templateLabels: Lint = {
  name: "template-labels",
  says: "A template names labels that the alert's result has; those that the rule adds are not among them.",
  rules: eachAlert(({ annotations, labels, series, syntax }) => {
    const known = syntax === undefined ? undefined : ResultLabels.of(syntax, series)
    if (known === undefined) return []
    return [...Object.values(annotations), ...Object.values(labels)].flatMap((text) =>
      [...Json.text(text).matchAll(/\{\{[^}]*?\$labels\.(\w+)/g)].flatMap((found) =>
        known.has(found[1] ?? "") ? [] : [`a template names the label ${found[1]}, which the result has not`]
      )
    )
  })
}

const isUrl = (text: string): boolean => URL.canParse(text) && /^https?:/.test(text)

const runbook: Lint = {
  name: "alert-runbook",
  says: "An alert has a runbook_url, and the page is there.",
  rules: eachAlert(({ annotations }, { runbooks }) => {
    const url = Json.text(annotations.runbook_url)
    if (!isUrl(url)) return ["it has no runbook_url"]
    return runbooks === undefined || runbooks.includes(url) ? [] : [`there is no runbook ${url}`]
  })
}

const dashboard: Lint = {
  name: "alert-dashboard",
  says: "An alert has a link to a dashboard, and the dashboard is there.",
  rules: eachAlert(({ annotations }, { linked }) => {
    const url = Json.text(annotations.dashboard)
    const uid = isUrl(url) ? Links.uidIn(url) : undefined
    if (uid === undefined) return ["it has no link to a dashboard (annotation dashboard)"]
    return linked === undefined || linked.has(uid) ? [] : [`there is no dashboard ${uid}`]
  })
}

/** Whether an expression has series only where a condition holds. */
const isCondition = (syntax: Syntax.Syntax): boolean => {
  if (isAbsent(syntax)) return true
  if (syntax._tag === "Aggregation") return isCondition(syntax.argument)
  if (syntax._tag !== "Binary" || syntax.bool) return false
  switch (syntax.operator) {
    case "and":
      return isCondition(syntax.left) || isCondition(syntax.right)
    case "or":
      return isCondition(syntax.left) && isCondition(syntax.right)
    case "unless":
      return isCondition(syntax.left)
    default:
      return Syntax.comparisons.includes(syntax.operator)
  }
}

const comparison: Lint = {
  name: "alert-comparison",
  says: "An alert compares, or asks for what is absent: a bare value fires whenever there is one.",
  rules: eachCondition(({ syntax }) =>
    syntax === undefined || isCondition(syntax) ? [] : ["its expression compares nothing"]
  )
}

const hold: Lint = {
  name: "alert-for",
  says: "An alert waits (for) or stays (keep_firing_for), so that one sample pages nobody.",
  rules: eachCondition(({ fields }) => {
    const lengths = [fields.for, fields.keep_firing_for].map(Json.text)
    return lengths.some((length) => length !== "" && length !== "0s") ? [] : ["it has neither for nor keep_firing_for"]
  })
}

const lacksJob = (syntax: Syntax.Syntax, series: AllSeries): boolean => {
  if (syntax._tag === "Binary" && syntax.operator === "or") {
    return lacksJob(syntax.left, series) || lacksJob(syntax.right, series)
  }
  return !onlyAbsent(syntax) && ResultLabels.of(syntax, series)?.has("job") === false
}

const byJob: Lint = {
  name: "alert-by-job",
  says: "An alert is aggregated by job, so that it says whose it is; what is absent has no job.",
  rules: eachCondition(({ series, syntax }) =>
    syntax !== undefined && lacksJob(syntax, series) ? ["its result has no label job"] : []
  )
}

const wanted: ReadonlyArray<AlertTest["shows"]> = ["firing", "quiet", "no-data"]

const tests: Lint = {
  name: "alert-tests",
  says: "Every alert has unit tests in which it fires, stays quiet, and sees no data; and every test has its alert.",
  rules: (file, context) => {
    if (context.tests === undefined || file.problem !== undefined) return []
    const { tests, watchdogs } = context
    const alerts = new Set(file.rules.map(({ alert }) => alert).filter((one) => one !== ""))
    const missing = [...alerts].filter((alert) => !watchdogs.includes(alert)).flatMap((alert) =>
      wanted.filter((shows) => !tests.some((test) => test.alert === alert && test.shows === shows)).map((shows) => ({
        where: `alert ${alert}`,
        problem: `it has no unit test that shows it ${shows === "no-data" ? "without data" : shows}`
      }))
    )
    const strangers = new Set(tests.map(({ alert }) => alert).filter((alert) => !alerts.has(alert)))
    return [
      ...missing,
      ...[...strangers].map((alert) => ({ where: `test of ${alert}`, problem: "there is no such alert" }))
    ]
  }
}

/** Lints of rules. */
export const lints: ReadonlyArray<Lint> = [
  shape,
  unique,
  recordName,
  name,
  severity,
  summary,
  description,
  templateLabels,
  runbook,
  dashboard,
  comparison,
  hold,
  byJob,
  tests
]
