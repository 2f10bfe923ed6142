/** Series of metric definitions and recording rules, and what may be asked of their labels. */
import type * as Catalogue from "../../Catalogue.ts"
import { refuse } from "../MixinError.ts"
import type { Expression, Increasing } from "./Expression.ts"
import type * as Node from "./Node.ts"
import * as Pattern from "./Pattern.ts"
import * as Values from "./Values.ts"

/** Labels that Prometheus adds to every series that it scrapes. */
export type TargetLabel = "job" | "instance"

const targetLabels: ReadonlyArray<TargetLabel> = ["job", "instance"]

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

/** The labels of the series of a metric. */
export type NamesOf<L extends Catalogue.Labels> = (keyof L & string) | TargetLabel

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

/** The series of a definition, every label and value looked up. */
export const select = (
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

/** The labels of the series of a definition. */
export const namesOf = <L extends Catalogue.Labels>(definition: { readonly labels: L }): ReadonlyArray<NamesOf<L>> => [
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
