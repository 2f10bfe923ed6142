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
import { overflowValue } from "../Catalogue.ts"
import { refuse } from "./MixinError.ts"
import * as Node from "./promql/Node.ts"
import * as Render from "./promql/Render.ts"

/** Labels that Prometheus adds to every series that it scrapes. */
export type TargetLabel = "job" | "instance"

const targetLabels: ReadonlyArray<TargetLabel> = ["job", "instance"]

/** An instant vector whose series have the labels `L`. */
export interface Expression<out L extends string = string> {
  readonly node: Node.Node
  readonly labels: ReadonlyArray<L>
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

type ValueOf<Of extends Catalogue.Label> = Of extends Catalogue.OneOf<infer V> ? V : string

/** What may be asked of the labels of a metric. */
export type Where<L extends Catalogue.Labels> =
  & { readonly [Name in keyof L]?: ValueOf<L[Name]> | Match<ValueOf<L[Name]>> }
  & { readonly [Name in TargetLabel]?: string | Match<string> }

type NamesOf<L extends Catalogue.Labels> = (keyof L & string) | TargetLabel

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

/** The values that a label can have as far as the definition tells; undefined where it tells nothing. */
const valuesOf = (definition: Catalogue.Definition, label: string): ReadonlyArray<string> | undefined => {
  const kind = definition.labels[label]
  if (kind === undefined) return undefined
  if (kind._tag === "OneOf") return kind.values
  const known = new Set(definition.known.flatMap((values) => values[label] ?? []))
  return known.size === 0 ? undefined : [...known, overflowValue]
}

const checkMatch = (definition: Catalogue.Definition, label: string, match: Match): void => {
  const allowed = valuesOf(definition, label)
  if (allowed === undefined) return
  const list = allowed.join(", ")
  for (const value of match.values) {
    if (match.pattern) {
      const expression = new RegExp(`^(?:${value})$`)
      if (!allowed.some((one) => expression.test(one))) {
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

/** A bucket's bound as Prometheus 3 stores it, whatever the scraped format: a float. */
const bound = (value: number): string => Number.isInteger(value) ? `${value}.0` : String(value)

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
    selector: { ...selector, matchers: [...selector.matchers, { label: "le", operator: "=", value: bound(limit) }] },
    labels: namesOf(definition)
  }
}

/** The range that Grafana chooses so that a rate has enough samples at any zoom. */
export const rateInterval = "$__rate_interval"

/** A length of time, or a range that Grafana fills in. */
export type RangeInput = Duration.Input | "$__rate_interval" | "$__range"

/** A length of time in milliseconds; zero, negative and endless ones are refused. */
export const milliseconds = (where: string, input: Duration.Input): number => {
  const length = Duration.toMillis(Duration.fromInputUnsafe(input))
  if (!Number.isSafeInteger(length) || length <= 0) {
    refuse(where, `a length of time was ${String(input)}, allowed are whole milliseconds above zero`)
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

const rangeOfGauge = (value: Expression, range: RangeInput): Node.Node =>
  value.node._tag === "Selector"
    ? { ...value.node, range: toRange(range) }
    : { _tag: "Subquery", argument: value.node, range: toRange(range) }

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
  node: Node.mapSelectors(value.node, (selector) => ({ ...selector, offset: milliseconds("offset", offset) })),
  labels: value.labels
})

/** What an aggregation keeps; nothing means one value over all. */
export interface By<Names extends string> {
  readonly by?: ReadonlyArray<Names> | undefined
}

const aggregate = (operator: Node.Aggregation["operator"]) =>
<L extends string, const Names extends L = never>(
  value: Expression<L>,
  options: By<Names> = {}
): Expression<Names> => {
  const by = options.by ?? []
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
export const top = <L extends string>(k: number, value: Expression<L>): Expression<L> => ({
  node: { _tag: "Aggregation", operator: "topk", by: [], parameter: k, argument: value.node },
  labels: value.labels
})

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

/** `time()` and the like: one number without labels, which any vector may be computed with. */
const isScalar = ({ node }: Expression): boolean => node._tag === "Call" && node.function === "time"

const operate =
  (operator: Node.Binary["operator"]) =>
  <L extends string>(left: Expression<L>, right: Operand, options: MatchingOptions = {}): Expression<L> => {
    if (typeof right === "number") {
      return { node: { _tag: "Binary", operator, left: left.node, right: literal(right) }, labels: left.labels }
    }
    if (options.on === undefined) {
      const differs = left.labels.length !== right.labels.length ||
        left.labels.some((name) => !right.labels.includes(name))
      if (differs && !isScalar(right)) {
        refuse("PromQL", `${render(left)} ${operator} ${render(right)}: their labels differ, say which to match on`)
      }
      return { node: { _tag: "Binary", operator, left: left.node, right: right.node }, labels: left.labels }
    }
    for (const name of options.on) {
      if (![left, right].every(({ labels }) => labels.some((label) => label === name))) {
        refuse("PromQL", `matched on ${name}, which one of ${render(left)} and ${render(right)} has not`)
      }
    }
    return {
      node: {
        _tag: "Binary",
        operator,
        left: left.node,
        right: right.node,
        matching: { on: options.on, manyToOne: options.manyToOne }
      },
      labels: left.labels
    }
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
): Expression<L> => divide(or(part, multiply(whole, 0)), greaterThan(whole, options.above ?? 0))

/** 1 where there are no such series at all. */
export const absent = (value: Expression): Expression<never> => call("absent", [value.node], [])

/** The seconds since the epoch. */
export const time: Expression<never> = call("time", [], [])

/** One minus an expression between 0 and 1. */
export const complement = <L extends string>(value: Expression<L>): Expression<L> => ({
  node: { _tag: "Binary", operator: "-", left: literal(1), right: value.node },
  labels: value.labels
})

/** The result of a recording rule by its name, with the labels that the rule keeps. */
export const recorded = <const L extends string>(
  record: string,
  labels: ReadonlyArray<L>,
  where?: Readonly<Partial<Record<NoInfer<L> | TargetLabel, string>>>
): Expression<L> => ({
  node: {
    _tag: "Selector",
    name: record,
    matchers: Object.entries(where ?? {}).flatMap(([label, value]) =>
      typeof value === "string" ? [{ label, operator: "=", value }] : []
    )
  },
  labels
})

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
