/** Lints of expressions that ask whether there is what they ask for: metrics, labels, values, bounds of buckets. */
import * as Pattern from "../promql/Pattern.ts"
import * as Syntax from "../promql/Syntax.ts"
import * as Values from "../promql/Values.ts"
import { placeholder } from "../promql/Variables.ts"
import * as Query from "./Query.ts"
import * as ResultLabels from "./ResultLabels.ts"
import type { AllSeries } from "./Series.ts"

/** What is wrong with an expression. */
export type ExpressionCheck = (query: Query.Query, series: AllSeries) => ReadonlyArray<string>

const selectorsOf = (query: Query.Query): ReadonlyArray<Syntax.Selector> => {
  const syntax = Query.syntaxOf(query)
  return syntax === undefined
    ? []
    : Syntax.walk(syntax).flatMap(({ syntax }) =>
      syntax._tag === "Selector" && syntax.name !== placeholder ? [syntax] : []
    )
}

/** It is PromQL. */
export const parses: ExpressionCheck = ({ parsed, text }) => {
  if (text.trim() === "") return ["the expression is empty"]
  return parsed._tag === "Parsed" ? [] : [parsed.problem]
}

/** Every metric is one of the definitions or recording rules. */
export const metricKnown: ExpressionCheck = (query, series) =>
  selectorsOf(query).flatMap(({ name }) => {
    if (name === undefined) return ["series are selected without the name of a metric"]
    return series.has(name)
      ? []
      : [`${name} is no metric of the catalogue, no declared foreign one and no recording rule`]
  })

const matchedLabels = (binary: Syntax.Binary, series: AllSeries): ReadonlyArray<string> => {
  if (binary.matching === undefined) return []
  const { group, kind, labels } = binary.matching
  const [left, right] = [ResultLabels.of(binary.left, series), ResultLabels.of(binary.right, series)]
  if (left === undefined || right === undefined) return []
  const bad = labels.filter((name) =>
    kind === "on" ? !left.has(name) || !right.has(name) : !left.has(name) && !right.has(name)
  )
  const one = group?.side === "left" ? right : left
  const brought = group?.labels.filter((name) => !one.has(name)) ?? []
  return [
    ...bad.map((name) => `${binary.operator} ${kind} (${name}): a side has no label ${name}`),
    ...brought.map((name) => `group_${group?.side} (${name}): the other side has no label ${name}`)
  ]
}

/** Every label, in a selector, after `by` or between operators, is one that the series have. */
export const labelKnown: ExpressionCheck = (query, series) => {
  const syntax = Query.syntaxOf(query)
  if (syntax === undefined) return []
  return Syntax.walk(syntax).flatMap(({ syntax }) => {
    if (syntax._tag === "Selector") {
      const known = series.get(syntax.name ?? "")
      return known === undefined
        ? []
        : syntax.matchers.filter(({ label }) => !known.labels.has(label)).map(({ label }) =>
          `${syntax.name} has no label ${label}`
        )
    }
    if (syntax._tag === "Aggregation") {
      const labels = ResultLabels.of(syntax.argument, series)
      return labels === undefined
        ? []
        : syntax.labels.filter((name) => name !== placeholder && !labels.has(name)).map((name) =>
          `${syntax.operator} ${syntax.modifier} (${name}): there is no label ${name}`
        )
    }
    return syntax._tag === "Binary" ? matchedLabels(syntax, series) : []
  })
}

const valueProblem = (name: string, matcher: Syntax.Matcher, allowed: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { label, operator, value } = matcher
  const known = `known are ${allowed.join(", ")}`
  if (operator === "=" || operator === "!=") {
    const any = operator === "!=" && value === ""
    return any || allowed.includes(value) ? [] : [`${label} of ${name} is never ${JSON.stringify(value)}, ${known}`]
  }
  return Pattern.alternatives(value).flatMap((one) => {
    const pattern = Pattern.compile(one)
    if (pattern === undefined) return [`${label}${operator}${JSON.stringify(one)} is no regular expression`]
    return allowed.some((text) => pattern.test(text))
      ? []
      : [`${label} of ${name} never matches ${JSON.stringify(one)}, ${known}`]
  })
}

const valuesOfLabels = (ofBuckets: boolean): ExpressionCheck => (query, series) =>
  selectorsOf(query).flatMap(({ matchers, name = "" }) =>
    matchers.flatMap((matcher) => {
      const allowed = (matcher.label === "le") === ofBuckets ? series.get(name)?.valuesOf(matcher.label) : undefined
      return matcher.variable || allowed === undefined ? [] : valueProblem(name, matcher, allowed)
    })
  )

/** Every literal value of a label is one that the label can have. */
export const valueKnown: ExpressionCheck = valuesOfLabels(false)

const quantileOf = (syntax: Syntax.Syntax): string | undefined => {
  if (syntax._tag !== "Call" || syntax.function !== "histogram_quantile") return undefined
  return Syntax.walk(syntax).map(({ syntax }) => syntax._tag === "Selector" ? syntax.name : undefined).find((name) =>
    name !== undefined
  )
}

/** A threshold on a histogram is one of its bounds, and a bound is written as it is stored, as a float. */
export const bucketBound: ExpressionCheck = (query, series) => {
  const syntax = Query.syntaxOf(query)
  if (syntax === undefined) return []
  const thresholds = Syntax.walk(syntax).flatMap(({ syntax }) => {
    if (syntax._tag !== "Binary" || !Syntax.comparisons.includes(syntax.operator)) return []
    return [[syntax.left, syntax.right] as const, [syntax.right, syntax.left] as const].flatMap(([value, limit]) => {
      const buckets = series.get(quantileOf(value) ?? "")?.buckets
      if (buckets === undefined || limit._tag !== "Literal" || buckets.includes(limit.value)) return []
      const bounds = buckets.map(Values.bound).join(", ")
      return [`${limit.value} is compared with a quantile but is no bound of its buckets, ${bounds}`]
    })
  })
  return [...valuesOfLabels(true)(query, series), ...thresholds]
}
