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
import * as Duration from "effect/Duration"
import type * as Catalogue from "../Catalogue.ts"
import { refuse } from "./MixinError.ts"
import * as Node from "./promql/Node.ts"
import * as Pattern from "./promql/Pattern.ts"
import * as Render from "./promql/Render.ts"
import * as Values from "./promql/Values.ts"

/** Labels that Prometheus adds to every series that it scrapes. */
export type TargetLabel = "job" | "instance"

const targetLabels: ReadonlyArray<TargetLabel> = ["job", "instance"]

/** An instant vector whose series have the labels `L`. */
export interface Expression<out L extends string = string> {
  readonly node: Node.Node
  readonly labels: ReadonlyArray<L>
}

/** One number without labels, which any vector may be computed with. */
export interface Scalar extends Expression<never> {
  readonly scalar: true
}

/** Series that only grow: to be read through `rate` or `increase`. `L` are their labels. */
export interface Increasing<out L extends string = string> {
  readonly selector: Node.Selector
  readonly labels: ReadonlyArray<L>
}

/** What a label is compared with, `V` being the values that may stand there. */
export interface Match<out V extends string = string> {
  readonly operator: Node.Matcher["operator"]
  readonly values: ReadonlyArray<V>
  /** The values are one regular expression. */
  readonly pattern: boolean
  /** The value is a variable that a dashboard fills in, so that nothing is known of it here. */
  readonly variable?: true | undefined
}

/** Exactly this value. */
export const is = <const V extends string>(value: V): Match<V> => ({ operator: "=", values: [value], pattern: false })

/** Anything but this value. */
export const not = <const V extends string>(value: V): Match<V> => ({ operator: "!=", values: [value], pattern: false })

/** One of these values. */
export const oneOf = <const V extends string>(...values: ReadonlyArray<V>): Match<V> => ({
  operator: "=~",
  values,
  pattern: false
})

/** None of these values. */
export const noneOf = <const V extends string>(...values: ReadonlyArray<V>): Match<V> => ({
  operator: "!~",
  values,
  pattern: false
})

/** Values that a regular expression matches as a whole. */
export const matches = (pattern: string): Match<never> => ({
  operator: "=~",
  values: [pattern as never],
  pattern: true
})

/** Values that a regular expression does not match as a whole. */
export const matchesNot = (pattern: string): Match<never> => ({
  operator: "!~",
  values: [pattern as never],
  pattern: true
})

/** The values that are chosen in a dashboard's variable. */
export const variable = (name: string): Match<never> => ({
  operator: "=~",
  values: [`$${name}` as never],
  pattern: true,
  variable: true
})

type ValueOf<Of extends Catalogue.Label> = Of extends Catalogue.OneOf<infer V> ? V : string

/** What may be asked of the labels of a metric. */
export type Where<L extends Catalogue.Labels> =
  & { readonly [Name in keyof L]?: ValueOf<L[Name]> | Match<ValueOf<L[Name]>> }
  & { readonly [Name in TargetLabel]?: string | Match<string> }

type NamesOf<L extends Catalogue.Labels> = (keyof L & string) | TargetLabel

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

const checkMatch = (definition: Catalogue.Definition, label: string, match: Match): void => {
  const allowed = Values.known(definition, label)
  if (allowed === undefined || match.variable === true) return
  const list = allowed.join(", ")
  for (const value of match.values) {
    if (match.pattern) {
      const expression = Pattern.compile(value)
      if (expression !== undefined && !allowed.some((one) => expression.test(one))) {
        refuse(definition.name, `${label}=~${JSON.stringify(value)} matches none of ${list}`)
      }
    } else if (!allowed.includes(value)) {
      refuse(definition.name, `${label} is never ${JSON.stringify(value)}, known are ${list}`)
    }
  }
}

const toMatcher = (label: string, match: Match): Node.Matcher => ({
  label,
  operator: match.operator,
  value: match.pattern || match.operator === "=" || match.operator === "!="
    ? match.values.join("")
    : match.values.map(escapeRegExp).join("|")
})

const select = (
  definition: Catalogue.Definition,
  name: string,
  where: Readonly<Record<string, string | Match | undefined>>
): Node.Selector => {
  const matchers = Object.entries(where).flatMap(([label, value]) => {
    if (value === undefined) return []
    if (!Object.hasOwn(definition.labels, label) && !targetLabels.some((target) => target === label)) {
      refuse(definition.name, `it has no label ${label}`)
    }
    const match = typeof value === "string" ? is(value) : value
    if (match.values.length === 0) refuse(definition.name, `${label} is compared with no value at all`)
    for (const one of match.values) {
      if (match.pattern && Pattern.compile(one) === undefined) {
        refuse(definition.name, `${label}=~${JSON.stringify(one)} is no regular expression that Prometheus knows`)
      }
      if (!one.isWellFormed()) refuse(definition.name, `${label} is compared with a text that is no Unicode`)
    }
    checkMatch(definition, label, match)
    return [toMatcher(label, match)]
  })
  return { _tag: "Selector", name, matchers }
}

const namesOf = <L extends Catalogue.Labels>(definition: { readonly labels: L }): ReadonlyArray<NamesOf<L>> => [
  ...Object.keys(definition.labels) as ReadonlyArray<keyof L & string>,
  ...targetLabels
]

/** The series of a counter. */
export const counter = <L extends Catalogue.Labels>(
  definition: Catalogue.Counter<L>,
  where: Where<L> = {}
): Increasing<NamesOf<L>> => ({
  selector: select(definition, definition.name, where),
  labels: namesOf(definition)
})

/** The values of a gauge. */
export const gauge = <L extends Catalogue.Labels>(
  definition: Catalogue.Gauge<L>,
  where: Where<L> = {}
): Expression<NamesOf<L>> => ({
  node: select(definition, definition.name, where),
  labels: namesOf(definition)
})

/** How many observations a histogram has had. */
export const observations = <L extends Catalogue.Labels>(
  definition: Catalogue.Histogram<L>,
  where: Where<L> = {}
): Increasing<NamesOf<L>> => ({
  selector: select(definition, `${definition.name}_count`, where),
  labels: namesOf(definition)
})

/** The sum of all observations of a histogram, in its unit. */
export const total = <L extends Catalogue.Labels>(
  definition: Catalogue.Histogram<L>,
  where: Where<L> = {}
): Increasing<NamesOf<L>> => ({
  selector: select(definition, `${definition.name}_sum`, where),
  labels: namesOf(definition)
})

/** The observations of a histogram up to one of its bounds, which it must have. */
export const within = <L extends Catalogue.Labels>(
  definition: Catalogue.Histogram<L>,
  limit: number,
  where: Where<L> = {}
): Increasing<NamesOf<L>> => {
  if (!definition.buckets.includes(limit)) {
    refuse(definition.name, `${limit} is no bound of its buckets ${definition.buckets.join(", ")}`)
  }
  const selector = select(definition, `${definition.name}_bucket`, where)
  return {
    selector: {
      ...selector,
      matchers: [...selector.matchers, { label: "le", operator: "=", value: Values.bound(limit) }]
    },
    labels: namesOf(definition)
  }
}

/** The range that Grafana chooses so that a rate has enough samples at any zoom. */
export const rateInterval = "$__rate_interval"

/** A length of time, or a range that Grafana fills in. */
export type RangeInput = Duration.Input | "$__rate_interval" | "$__range"

/** Prometheus counts nanoseconds in 64 bits; nothing here needs as much. */
const longest = 100 * 365 * 86_400_000

/** A length of time in milliseconds; zero, negative and endless ones (above 100 years) are refused. */
export const milliseconds = (where: string, input: Duration.Input): number => {
  const length = Duration.toMillis(Duration.fromInputUnsafe(input))
  if (!Number.isSafeInteger(length) || length <= 0 || length > longest) {
    refuse(where, `a length of time was ${String(input)}, allowed are whole milliseconds from 1 to 100 years`)
  }
  return length
}

const toRange = (input: RangeInput): Node.Range =>
  input === "$__rate_interval" || input === "$__range" ? input : milliseconds("range", input)

const call = <L extends string>(
  name: string,
  parameters: ReadonlyArray<Node.Node>,
  labels: ReadonlyArray<L>
): Expression<L> => ({ node: { _tag: "Call", function: name, arguments: parameters }, labels })

const literal = (value: number): Node.Literal => {
  if (!Number.isFinite(value)) refuse("PromQL", `a number was ${value}, allowed are finite ones`)
  return { _tag: "Literal", value }
}

/** How much a counter grows each second, averaged over a range. A counter that starts anew is not taken for a fall. */
export const rate = <L extends string>(series: Increasing<L>, range: RangeInput): Expression<L> =>
  call("rate", [{ ...series.selector, range: toRange(range) }], series.labels)

/** How much a counter has grown over a range. */
export const increase = <L extends string>(series: Increasing<L>, range: RangeInput): Expression<L> =>
  call("increase", [{ ...series.selector, range: toRange(range) }], series.labels)

/** The present value of a counter, to see whether it is there or when it began; for amounts use `increase`. */
export const presence = <L extends string>(series: Increasing<L>): Expression<L> => ({
  node: series.selector,
  labels: series.labels
})

const rangeOfGauge = (value: Expression, range: RangeInput): Node.Node => {
  vector("a range", value)
  return value.node._tag === "Selector"
    ? { ...value.node, range: toRange(range) }
    : { _tag: "Subquery", argument: value.node, range: toRange(range) }
}

/** A gauge's (or any expression's) greatest, least, mean or last value over a range. */
export const overTime = <L extends string>(
  operator: "max" | "min" | "avg" | "last",
  value: Expression<L>,
  range: RangeInput
): Expression<L> => call(`${operator}_over_time`, [rangeOfGauge(value, range)], value.labels)

/** How often a gauge has changed its value over a range. */
export const changes = <L extends string>(value: Expression<L>, range: RangeInput): Expression<L> =>
  call("changes", [rangeOfGauge(value, range)], value.labels)

/** The same expression as it was some time ago. */
export const ago = <L extends string>(value: Expression<L>, offset: Duration.Input): Expression<L> => ({
  node: Node.mapSelectors(value.node, (selector) => ({
    ...selector,
    offset: (selector.offset ?? 0) + milliseconds("offset", offset)
  })),
  labels: value.labels
})

/** What an aggregation keeps; nothing means one value over all. */
export interface By<Names extends string> {
  readonly by?: ReadonlyArray<Names> | undefined
}

const vector = (operation: string, value: Expression): void => {
  if ("scalar" in value) refuse("PromQL", `${operation} of ${render(value)}, which is one number and no vector`)
}

const aggregate = (operator: Node.Aggregation["operator"]) =>
<L extends string, const Names extends L = never>(
  value: Expression<L>,
  options: By<Names> = {}
): Expression<Names> => {
  const by = options.by ?? []
  vector(operator, value)
  const missing = by.find((name) => !value.labels.includes(name))
  if (missing !== undefined) refuse("PromQL", `${operator} by ${missing}, which ${render(value)} has not`)
  return { node: { _tag: "Aggregation", operator, by, argument: value.node }, labels: by }
}

/** The sum over series, apart for each set of values of the labels `by`. */
export const sum = aggregate("sum")

/** The greatest value over series. */
export const max = aggregate("max")

/** The least value over series. */
export const min = aggregate("min")

/** The mean over series. */
export const avg = aggregate("avg")

/** How many series there are. */
export const count = aggregate("count")

/** The `k` series with the greatest values. */
export const top = <L extends string>(k: number, value: Expression<L>): Expression<L> => {
  if (!Number.isSafeInteger(k) || k < 1) refuse("PromQL", `top ${k}, allowed are whole numbers from 1`)
  vector("top", value)
  return {
    node: { _tag: "Aggregation", operator: "topk", by: [], parameter: k, argument: value.node },
    labels: value.labels
  }
}

/**
 * An estimated quantile (0 to 1) of a histogram's observations over a range, in the histogram's unit. `by` may not be
 * `le`, which is always kept.
 */
export const quantile = <L extends Catalogue.Labels, const Names extends NamesOf<L> = never>(
  q: number,
  definition: Catalogue.Histogram<L>,
  options: By<Names> & { readonly range: RangeInput; readonly where?: Where<L> | undefined }
): Expression<Names> => {
  if (!(q > 0 && q < 1)) refuse(definition.name, `a quantile was ${q}, allowed are numbers between 0 and 1`)
  const by = options.by ?? []
  const missing = by.find((name) => !namesOf(definition).includes(name))
  if (missing !== undefined) refuse(definition.name, `a quantile by ${missing}, which it has not`)
  const selector = select(definition, `${definition.name}_bucket`, options.where ?? {})
  const buckets: Node.Node = {
    _tag: "Aggregation",
    operator: "sum",
    by: ["le", ...by],
    argument: { _tag: "Call", function: "rate", arguments: [{ ...selector, range: toRange(options.range) }] }
  }
  return call("histogram_quantile", [literal(q), buckets], by)
}

/** The mean of a histogram's observations over a range; nothing where there were none. */
export const mean = <L extends Catalogue.Labels, const Names extends NamesOf<L> = never>(
  definition: Catalogue.Histogram<L>,
  options: By<Names> & { readonly range: RangeInput; readonly where?: Where<L> | undefined }
): Expression<Names> =>
  divide(
    sum(rate(total(definition, options.where), options.range), { by: options.by }),
    greaterThan(sum(rate(observations(definition, options.where), options.range), { by: options.by }), 0)
  )

/** The other side of an operator: an expression or a number. */
export type Operand<L extends string = string> = Expression<L> | number

interface MatchingOptions {
  /** The labels on which series of both sides are matched; all of them where it is left out. */
  readonly on?: ReadonlyArray<string> | undefined
  /** Many series of the left side may match one of the right; the left side's labels stay. */
  readonly manyToOne?: boolean | undefined
}

const setOperators: ReadonlyArray<Node.Binary["operator"]> = ["and", "or", "unless"]
const comparisons: ReadonlyArray<Node.Binary["operator"]> = ["==", "!=", "<", "<=", ">", ">="]

const scalar = (node: Node.Node): Scalar => ({ node, labels: [], scalar: true })

const isScalar = (value: Operand): boolean => typeof value === "number" || "scalar" in value

const toOperand = (value: Operand): Expression =>
  typeof value === "number" ? { node: literal(value), labels: [] } : value

/** The labels that the result of an operator has, once both sides are seen to match. */
const matched = (
  operator: Node.Binary["operator"],
  left: Expression,
  right: Expression,
  { manyToOne, on }: MatchingOptions
): ReadonlyArray<string> => {
  const text = () => `${render(left)} ${operator} ${render(right)}`
  const isSet = setOperators.includes(operator)
  if (isSet && manyToOne === true) refuse("PromQL", `${text()}: a set operator matches many to many, it groups nothing`)
  if (on === undefined) {
    if (manyToOne === true) refuse("PromQL", `${text()}: many to one, but on which labels?`)
    const differs = left.labels.length !== right.labels.length ||
      left.labels.some((name) => !right.labels.includes(name))
    if (differs) refuse("PromQL", `${text()}: their labels differ, say which to match on`)
    return left.labels
  }
  for (const name of on) {
    if (![left, right].every(({ labels }) => labels.includes(name))) {
      refuse("PromQL", `matched on ${name}, which one of ${render(left)} and ${render(right)} has not`)
    }
  }
  if (operator === "or") return left.labels.filter((name) => right.labels.includes(name))
  if (isSet || manyToOne === true) return left.labels
  // One to one: Prometheus keeps what was matched on, so nothing else may tell series of the left side apart.
  const lost = left.labels.filter((name) => !on.includes(name))
  if (lost.length > 0) {
    refuse("PromQL", `${text()}: ${lost.join(", ")} of the left side would be lost, is it many to one?`)
  }
  return on
}

const operate = (operator: Node.Binary["operator"]) => {
  function apply(left: Scalar, right: Scalar | number): Scalar
  function apply(left: number, right: Scalar): Scalar
  function apply<L extends string>(left: Scalar | number, right: Expression<L>): Expression<L>
  function apply<L extends string>(left: Expression<L>, right: Operand, options?: MatchingOptions): Expression<L>
  function apply(leftInput: Operand, rightInput: Operand, options: MatchingOptions = {}): Expression {
    const left = toOperand(leftInput)
    const right = toOperand(rightInput)
    const scalars = [leftInput, rightInput].filter(isScalar).length
    const refused = (problem: string) => refuse("PromQL", `${render(left)} ${operator} ${render(right)}: ${problem}`)
    if (scalars > 0 && setOperators.includes(operator)) refused("a set operator has vectors on both sides")
    if (scalars === 2 && comparisons.includes(operator)) refused("two numbers are not compared in PromQL")
    if (scalars > 0 && (options.on !== undefined || options.manyToOne === true)) {
      refused("a number has no labels to match on")
    }
    const node: Node.Binary = {
      _tag: "Binary",
      operator,
      left: left.node,
      right: right.node,
      ...(options.on === undefined ? {} : { matching: { on: options.on, manyToOne: options.manyToOne } })
    }
    if (scalars === 2) return scalar(node)
    return { node, labels: scalars === 0 ? matched(operator, left, right, options) : [...left.labels, ...right.labels] }
  }
  return apply
}

/** The sum of two expressions. */
export const add = operate("+")

/** One expression less another. */
export const subtract = operate("-")

/** The product of two expressions. */
export const multiply = operate("*")

/** The quotient of two expressions; see `ratio` for shares. */
export const divide = operate("/")

/** The series that are above a limit. */
export const greaterThan = operate(">")

/** The series that are at or above a limit. */
export const atLeast = operate(">=")

/** The series that are below a limit. */
export const lessThan = operate("<")

/** The series that are at or below a limit. */
export const atMost = operate("<=")

/** The series that are equal. */
export const equals = operate("==")

/** The series that are not equal. */
export const differs = operate("!=")

/** The series of the left side that match one of the right. */
export const and = operate("and")

/** The series of the left side, and those of the right that match none of them. */
export const or = operate("or")

/** The series of the left side that match none of the right. */
export const unless = operate("unless")

/**
 * A share between 0 and 1: nothing where the whole is nothing (or not `above` it), and 0 where the part has no series.
 */
export const ratio = <L extends string>(
  part: Expression<L>,
  whole: Expression<L>,
  options: { readonly above?: number | undefined } = {}
): Expression<L> => {
  const { above = 0 } = options
  if (!(above >= 0)) refuse("PromQL", `a ratio where the whole is above ${above}, allowed are numbers from 0`)
  return divide(or(part, multiply(whole, 0)), greaterThan(whole, above))
}

/** The value of an expression without labels, and 0 where it has none. */
export const orZero = (value: Expression<never>): Expression<never> => or(value, call("vector", [literal(0)], []))

/** 1 where there are no such series at all. */
export const absent = (value: Expression | Increasing): Expression<never> =>
  call("absent", ["node" in value ? value.node : value.selector], [])

/** The seconds since the epoch. */
export const time: Scalar = scalar({ _tag: "Call", function: "time", arguments: [] })

/** One series without labels that always has this value. */
export const always = (value: number): Expression<never> => call("vector", [literal(value)], [])

/** One minus an expression between 0 and 1. */
export const complement = <L extends string>(value: Expression<L>): Expression<L> => subtract(1, value)

/** The result of a recording rule by its name, with the labels that the rule keeps. */
export const recorded = <const L extends string>(
  record: string,
  labels: ReadonlyArray<L>,
  where?: Readonly<Partial<Record<NoInfer<L> | TargetLabel, string>>>
): Expression<L> => {
  const asked = Object.entries(where ?? {}).flatMap(([label, value]) =>
    typeof value === "string" ? [{ label, value }] : []
  )
  for (const { label } of asked) {
    if (![...labels, ...targetLabels].some((name) => name === label)) refuse(record, `it has no label ${label}`)
  }
  return {
    node: { _tag: "Selector", name: record, matchers: asked.map((one) => ({ ...one, operator: "=" })) },
    labels
  }
}

/**
 * The text of an expression. `where` is added to every selector: dashboards add the job that their variable names.
 */
export const render = (
  expression: Expression,
  options: { readonly where?: ReadonlyArray<Node.Matcher> | undefined } = {}
): string => {
  const { where = [] } = options
  return Render.text(
    where.length === 0 ? expression.node : Node.mapSelectors(expression.node, (selector) => ({
      ...selector,
      matchers: [...selector.matchers, ...where]
    }))
  )
}
