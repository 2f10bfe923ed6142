/** A file of Prometheus rules as lints see it: whatever is missing or of another type is empty. */
import * as Yaml from "yaml"
import * as Json from "../Json.ts"
import * as Query from "./Query.ts"

/** An alert or a recording rule. */
export interface Rule {
  readonly where: string
  readonly group: string
  readonly fields: Json.Fields
  /** The name of an alert; the empty text where it is none. */
  readonly alert: string
  /** The name of a recording rule; the empty text where it is none. */
  readonly record: string
  readonly query: Query.Query
  readonly labels: Json.Fields
  readonly annotations: Json.Fields
}

/** A file of rules. */
export interface RulesText {
  /** What keeps it from being read. */
  readonly problem: string | undefined
  readonly groups: ReadonlyArray<string>
  readonly rules: ReadonlyArray<Rule>
}

const ruleOf = (group: string) => (value: unknown): Rule => {
  const rule = Json.fields(value)
  const alert = Json.text(rule.alert)
  const record = Json.text(rule.record)
  const where = alert === "" ? `recording rule ${record || "?"}` : `alert ${alert}`
  const expression = typeof rule.expr === "number" ? String(rule.expr) : Json.text(rule.expr)
  return {
    where,
    group,
    fields: rule,
    alert,
    record,
    query: Query.ofRules(where, expression),
    labels: Json.fields(rule.labels),
    annotations: Json.fields(rule.annotations)
  }
}

/** Reads a file of rules. */
export const of = (text: string): RulesText => {
  const document = Yaml.parseDocument(text)
  const [error] = document.errors
  const groups = error === undefined ? Json.fields(document.toJS()).groups : undefined
  const problem = error?.message ?? (Array.isArray(groups) ? undefined : "there is no list of groups")
  const all = Json.list(groups).map(Json.fields)
  return {
    problem,
    groups: all.map(({ name }) => Json.text(name)),
    rules: all.flatMap(({ name, rules }) => Json.list(rules).map(ruleOf(Json.text(name))))
  }
}
