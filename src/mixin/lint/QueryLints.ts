/** Lints of every expression, on dashboards and in rules, and of how a panel asks. */
import * as Json from "../Json.ts"
import * as Syntax from "../promql/Syntax.ts"
import type { Context, Lint } from "./Context.ts"
import { withRecorded } from "./Context.ts"
import type { Target } from "./DashboardText.ts"
import type { Problem } from "./Finding.ts"
import * as Query from "./Query.ts"
import * as Rates from "./RateLints.ts"
import * as ResultLabels from "./ResultLabels.ts"
import type { AllSeries } from "./Series.ts"
import * as Lints from "./SeriesLints.ts"

const problemsOf = (check: Lints.ExpressionCheck, queries: ReadonlyArray<Query.Query>, series: AllSeries) =>
  queries.flatMap((query) => check(query, series).map((problem): Problem => ({ where: query.where, problem })))

const expression = (name: string, says: string, check: Lints.ExpressionCheck): Lint => ({
  name,
  says,
  dashboard: ({ queries }, { series }) => problemsOf(check, queries, series),
  rules: (file, { series }) => problemsOf(check, file.rules.map(({ query }) => query), withRecorded(series, file))
})

const leakedInstance: Lints.ExpressionCheck = (query, series) => {
  const syntax = Query.syntaxOf(query)
  if (syntax === undefined || Rates.namesInstance(syntax)) return []
  return ResultLabels.of(syntax, series)?.has("instance") === true
    ? ["the result has the label instance, which the expression does not ask for"]
    : []
}

/** Lints of every expression. */
const ofExpressions: ReadonlyArray<Lint> = [
  expression("promql-parses", "Every expression is PromQL that Prometheus takes.", Lints.parses),
  expression(
    "metric-known",
    "Every metric is in the catalogue, among the declared foreign ones, or left by a recording rule.",
    Lints.metricKnown
  ),
  expression("label-known", "Every label is one that the series have.", Lints.labelKnown),
  expression("value-known", "Every literal value of a label is one that the label can have.", Lints.valueKnown),
  expression(
    "bucket-bound",
    "A threshold on a histogram is a bound of its buckets, and le is written as it is stored, as a float.",
    Lints.bucketBound
  ),
  expression(
    "counter-under-rate",
    "A counter is read by its rate or increase, or for its presence only.",
    Rates.counterUnderRate
  ),
  expression("rate-of-counter", "A rate or an increase is of a counter, never of a gauge.", Rates.rateOfCounter),
  expression(
    "histogram-quantile",
    "A quantile is over sum by (le, …) of a rate of buckets.",
    Rates.histogramQuantile
  ),
  expression("ratio-guarded", "A ratio has no value where there is no traffic.", Rates.ratioGuarded),
  expression("no-instance", "The label instance is in a result only where it is asked for.", leakedInstance)
]

const eachTarget = (
  problemsOf: (target: Target, context: Context) => ReadonlyArray<string>
): Lint["dashboard"] =>
({ panels }, context) =>
  panels.flatMap(({ targets }) =>
    targets.flatMap((target) => problemsOf(target, context).map((problem) => ({ where: target.where, problem })))
  )

const rateInterval: Lint = {
  name: "rate-interval",
  says: "A rate on a dashboard is over $__rate_interval; over $__range where one value for the whole range is asked.",
  dashboard: eachTarget(({ instant, query }) => query === undefined ? [] : Rates.rateInterval(query, instant))
}

const isPrometheus = ({ fields }: Target): boolean => {
  const { type } = Json.fields(fields.datasource)
  return type === undefined || type === "prometheus"
}

const targetExpression: Lint = {
  name: "query-expression",
  says: "Every query of Prometheus has an expression.",
  dashboard: eachTarget((target) =>
    target.query === undefined && isPrometheus(target) && target.fields.panelId === undefined
      ? ["the query has no expression"]
      : []
  )
}

const seriesOf = ({ query }: Target, series: AllSeries) => {
  const syntax = query === undefined ? undefined : Query.syntaxOf(query)
  return syntax === undefined ? [] : Syntax.walk(syntax).flatMap(({ syntax }) => {
    const known = syntax._tag === "Selector" ? series.get(syntax.name ?? "") : undefined
    return known ?? []
  })
}

const exemplars: Lint = {
  name: "exemplars",
  says: "Panels of latencies over time show exemplars; nothing without exemplars is asked for them.",
  dashboard: ({ panels }, { series }) =>
    panels.flatMap(({ targets, type, where }) => {
      const wrong = targets.filter((target) =>
        target.exemplar && !seriesOf(target, series).some(({ buckets }) => buckets !== undefined)
      )
      const overTime = type === "timeseries" || type === "heatmap"
      const latencies = targets.filter((target) =>
        overTime && !target.instant && seriesOf(target, series).some(({ exemplars }) => exemplars)
      )
      const lacks = latencies.length > 0 && !latencies.some(({ exemplar }) => exemplar)
      return [
        ...wrong.map(({ where }) => ({ where, problem: "exemplars are asked of what has none: only buckets have" })),
        ...(lacks ? [{ where, problem: "it shows latencies without exemplars" }] : [])
      ]
    })
}

/** What a variable asks: `label_values(metric, label)` or an expression within `query_result(…)`. */
const variableQuery: Lint = {
  name: "variable-query",
  says: "A variable's values come from a metric that there is, and from a label that it has.",
  dashboard: ({ variables }, { series }) =>
    variables.filter(({ type }) => type === "query").flatMap(({ fields, where }) => {
      const text = Json.text(fields.query) || Json.text(Json.fields(fields.query).query)
      const [, expression, label] = /^label_values\(\s*(?:([^]*?)\s*,\s*)?(\w+)\s*\)$/.exec(text) ?? []
      const asked = expression ?? /^query_result\(([^]*)\)$/.exec(text)?.[1]
      if (asked === undefined) return label === undefined ? [{ where, problem: `it asks ${JSON.stringify(text)}` }] : []
      const query = Query.ofDashboard(where, asked)
      const labels = query.parsed._tag === "Parsed" ? ResultLabels.of(query.parsed.syntax, series) : undefined
      const checks = [Lints.parses, Lints.metricKnown, Lints.labelKnown, Lints.valueKnown]
      return [
        ...checks.flatMap((check) => check(query, series)),
        ...(label === undefined || labels === undefined || labels.has(label) ? [] : [`there is no label ${label}`])
      ].map((problem) => ({ where, problem }))
    })
}

/** Lints of expressions and of how panels ask. */
export const lints: ReadonlyArray<Lint> = [
  ...ofExpressions,
  targetExpression,
  rateInterval,
  exemplars,
  variableQuery
]
