/** Lints of expressions that ask whether counters, histograms and ratios are read as they must be. */
import * as Syntax from "../promql/Syntax.ts"
import * as Query from "./Query.ts"
import type { AllSeries } from "./Series.ts"
import type { ExpressionCheck } from "./SeriesLints.ts"

const rates = new Set(["rate", "irate", "increase"])

/** Functions that see how a counter grows, or only whether it is there. */
const readsCounters = new Set([...rates, "resets", "absent", "absent_over_time", "present_over_time", "timestamp"])

/** Aggregations that only see whether series are there. */
const seesPresence = new Set(["count", "group"])

const isRate = (syntax: Syntax.Syntax): syntax is Syntax.Call => syntax._tag === "Call" && rates.has(syntax.function)

const readsWell = (counter: Syntax.Syntax, around: Syntax.Syntax | undefined): boolean => {
  switch (around?._tag) {
    case "Call":
      return readsCounters.has(around.function)
    case "Aggregation":
      return seesPresence.has(around.operator)
    case "Binary":
      return (around.operator === "unless" || around.operator === "and") && around.right === counter
    default:
      return false
  }
}

/**
 * Counters are read by what sees their growth (`rate`, `irate`, `increase`, `resets`) or their presence (`absent`,
 * `absent_over_time`, `present_over_time`, `timestamp`, `count`, `group`, the right side of `and` and `unless`), since
 * their value says only how long the process has run.
 */
export const counterUnderRate: ExpressionCheck = (query, series) => {
  const syntax = Query.syntaxOf(query)
  if (syntax === undefined) return []
  return Syntax.walk(syntax).flatMap(({ around, syntax }) =>
    syntax._tag === "Selector" && series.get(syntax.name ?? "")?.kind === "counter" && !readsWell(syntax, around[0])
      ? [`${syntax.name} is a counter: ask for its rate or increase`]
      : []
  )
}

/** `rate`, `irate` and `increase` are of counters: a gauge's fall, and an aggregate's, is taken for a restart. */
export const rateOfCounter: ExpressionCheck = (query, series) => {
  const syntax = Query.syntaxOf(query)
  if (syntax === undefined) return []
  return Syntax.walk(syntax).flatMap(({ syntax }) => {
    if (!isRate(syntax)) return []
    const [argument] = syntax.arguments
    if (argument?._tag !== "Selector") return [`${syntax.function} of an expression, which is no counter`]
    const known = series.get(argument.name ?? "")
    if (known === undefined || known.kind === "counter") return []
    const kind = known.kind === "gauge" ? "a gauge" : "the result of a recording rule"
    return [`${syntax.function} of ${argument.name}, which is ${kind}`]
  })
}

/** Whether buckets stay apart; that they are buckets is seen by the lint of labels, since nothing else has `le`. */
const keepsBuckets = (argument: Syntax.Syntax): boolean => {
  if (argument._tag !== "Aggregation" || argument.operator !== "sum") return false
  const named = argument.labels.includes("le")
  if (argument.modifier === "without" ? named : !named) return false
  const [rated] = isRate(argument.argument) ? argument.argument.arguments : [argument.argument]
  return rated?._tag === "Selector"
}

/** `histogram_quantile` is over `sum by (le, …)` of a rate of buckets: else there is one quantile for each process. */
export const histogramQuantile: ExpressionCheck = (query) => {
  const syntax = Query.syntaxOf(query)
  if (syntax === undefined) return []
  return Syntax.walk(syntax).flatMap(({ syntax }) => {
    if (syntax._tag !== "Call" || syntax.function !== "histogram_quantile") return []
    const [quantile, argument] = syntax.arguments
    if (quantile?._tag === "Literal" && !(quantile.value > 0 && quantile.value < 1)) {
      return [`the quantile ${quantile.value} is not between 0 and 1`]
    }
    return argument !== undefined && keepsBuckets(argument)
      ? []
      : ["histogram_quantile is not over sum by (le, …) of a rate of buckets"]
  })
}

const isNumber = (syntax: Syntax.Syntax): syntax is Syntax.Literal => syntax._tag === "Literal"

const hasTraffic = (syntax: Syntax.Syntax, series: AllSeries): boolean =>
  Syntax.some(syntax, (one) => isRate(one) || (one._tag === "Selector" && series.get(one.name ?? "")?.traffic === true))

/** Such an expression has no series, rather than 0, where nothing happens. */
const isAboveZero = (syntax: Syntax.Syntax): boolean => {
  if (syntax._tag === "Call" && (syntax.function === "clamp_min" || syntax.function === "scalar")) {
    const [value, least] = syntax.arguments
    if (syntax.function === "scalar") return value !== undefined && isAboveZero(value)
    return least !== undefined && isNumber(least) && least.value > 0
  }
  if (syntax._tag !== "Binary" || syntax.bool) return false
  const { left, operator, right } = syntax
  if (operator === "*" || operator === "/") return isAboveZero(isNumber(left) ? right : left)
  if (operator === "and") return isAboveZero(left) || isAboveZero(right)
  if (!isNumber(right)) return false
  return (operator === ">" && right.value >= 0) || (operator === ">=" && right.value > 0) ||
    (operator === "!=" && right.value === 0)
}

/** `ratio and traffic > limit` asks nothing where there is no traffic. */
const isAsked = (ratio: Syntax.Syntax, around: ReadonlyArray<Syntax.Syntax>, series: AllSeries): boolean =>
  around.some((outer) => {
    if (outer._tag !== "Binary" || outer.operator !== "and") return false
    const other = Syntax.some(outer.left, (one) => one === ratio) ? outer.right : outer.left
    return isAboveZero(other) && hasTraffic(other, series)
  })

/** The metrics that make up a value: the sides of a sum, not what filters or divides it. */
const metricsOf = (syntax: Syntax.Syntax): ReadonlyArray<string | undefined> => {
  if (syntax._tag === "Selector") return [syntax.name]
  if (syntax._tag !== "Binary") return Syntax.children(syntax).flatMap(metricsOf)
  const { left, operator, right } = syntax
  return operator === "+" || operator === "or" ? [...metricsOf(left), ...metricsOf(right)] : metricsOf(left)
}

/**
 * `part / whole > limit` is nothing where the whole is 0: the part is 0 too, and no number is above a limit. Where other
 * things are divided by the traffic, they may be there without it.
 */
const isCompared = (ratio: Syntax.Binary, around: ReadonlyArray<Syntax.Syntax>): boolean => {
  const [outer] = around
  if (outer?._tag !== "Binary" || outer.bool) return false
  return Syntax.comparisons.includes(outer.operator) && outer.operator !== "!=" &&
    new Set(metricsOf(ratio.left)).isSubsetOf(new Set(metricsOf(ratio.right)))
}

/**
 * What is divided by traffic has no value where there is none: the whole is compared (`/ (… > 0)`), or the ratio stands
 * beside `and` with such a comparison, or it is the share of a whole and is compared itself.
 */
export const ratioGuarded: ExpressionCheck = (query, series) => {
  const syntax = Query.syntaxOf(query)
  if (syntax === undefined) return []
  return Syntax.walk(syntax).flatMap(({ around, syntax }) => {
    if (syntax._tag !== "Binary" || syntax.operator !== "/" || !hasTraffic(syntax.right, series)) return []
    return isAboveZero(syntax.right) || isAsked(syntax, around, series) || isCompared(syntax, around)
      ? []
      : ["a ratio is not guarded against no traffic: divide by (… > 0)"]
  })
}

/**
 * On a dashboard a rate is over `$__rate_interval`, which follows the zoom and is never too short for two samples; over
 * `$__range` where one value for the whole range is asked (`instant`).
 */
export const rateInterval = (query: Query.Query, instant: boolean): ReadonlyArray<string> => {
  const syntax = Query.syntaxOf(query)
  if (syntax === undefined) return []
  return Syntax.walk(syntax).flatMap(({ syntax }) => {
    if (!isRate(syntax)) return []
    const [argument] = syntax.arguments
    if (argument?._tag !== "Selector") return []
    const variable = argument.range?.variable
    if (variable === "__rate_interval" || (instant && variable === "__range")) return []
    const allowed = instant ? "$__rate_interval or $__range" : "$__rate_interval"
    return [`${syntax.function} is over ${variable === undefined ? "a fixed range" : `$${variable}`}, not ${allowed}`]
  })
}

/** `instance` is in the result only where the expression names it: a leaked one splits every series at each restart. */
export const namesInstance = (syntax: Syntax.Syntax): boolean =>
  Syntax.some(syntax, (one) => one._tag === "Aggregation" && one.modifier === "by" && one.labels.includes("instance"))
