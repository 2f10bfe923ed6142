/**
 * PromQL, built from metric definitions.
 *
 * An expression knows the labels that its result has. A metric, a label or a value of a `Label.oneOf` that the catalogue
 * does not have is a type error; a literal value that no known label set of the metric has, and what else can only be
 * seen in the values, raises `MixinError` while the expression is made.
 *
 * @example
 * import { PromQL } from "@dawsos/observability/mixin"
 * import { metrics } from "@dawsos/observability/dawsos"
 *
 * const all = PromQL.sum(PromQL.rate(PromQL.counter(metrics.apiRequestsTotal), "5 minutes"), { by: ["job"] })
 * const failed = PromQL.sum(
 *   PromQL.rate(PromQL.counter(metrics.apiRequestsTotal, { status_code: PromQL.matches("5..") }), "5 minutes"),
 *   { by: ["job"] }
 * )
 *
 * export const text = PromQL.render(PromQL.greaterThan(PromQL.ratio(failed, all), 0.05))
 */
export { avg, type By, count, max, min, sum, top } from "./promql/Aggregations.ts"
export { type Expression, type Increasing, render, type Scalar } from "./promql/Expression.ts"
export { mean, quantile } from "./promql/Histograms.ts"
export {
  absent,
  add,
  always,
  and,
  atLeast,
  atMost,
  complement,
  differs,
  divide,
  equals,
  greaterThan,
  lessThan,
  multiply,
  type Operand,
  or,
  orZero,
  ratio,
  subtract,
  time,
  unless
} from "./promql/Operators.ts"
export {
  ago,
  changes,
  increase,
  milliseconds,
  overTime,
  presence,
  type RangeInput,
  rate,
  rateInterval
} from "./promql/Ranges.ts"
export {
  counter,
  gauge,
  is,
  type Match,
  matches,
  matchesNot,
  noneOf,
  not,
  observations,
  oneOf,
  recorded,
  type TargetLabel,
  total,
  variable,
  type Where,
  within
} from "./promql/Selectors.ts"
