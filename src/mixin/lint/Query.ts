/** An expression somewhere in a dashboard or a rules file. */
import * as Parse from "../promql/Parse.ts"
import type * as Syntax from "../promql/Syntax.ts"
import * as Variables from "../promql/Variables.ts"

/** An expression, where it stands, and how it reads. */
export interface Query {
  readonly where: string
  readonly text: string
  /** Names of a dashboard's variables in it. */
  readonly variables: ReadonlyArray<string>
  readonly parsed: Parse.Parsed
}

/** An expression of a dashboard: Grafana's variables are replaced. */
export const ofDashboard = (where: string, text: string): Query => {
  const { replaced, text: plain } = Variables.replace(text)
  return { where, text, variables: Variables.names(text), parsed: Parse.parse(plain, replaced) }
}

/** An expression of a rules file. */
export const ofRules = (where: string, text: string): Query => ({
  where,
  text,
  variables: [],
  parsed: Parse.parse(text)
})

/** The expression as it reads; undefined where it is not PromQL, which `promql-parses` tells. */
export const syntaxOf = ({ parsed }: Query): Syntax.Syntax | undefined =>
  parsed._tag === "Parsed" ? parsed.syntax : undefined
