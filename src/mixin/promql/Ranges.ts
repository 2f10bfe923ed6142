/** Ranges of time, and what is read over them. */
import * as Duration from "effect/Duration"
import { refuse } from "../MixinError.ts"
import { call, type Expression, type Increasing, vector } from "./Expression.ts"
import * as Node from "./Node.ts"

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

/** A range as it is written. */
export const toRange = (input: RangeInput): Node.Range =>
  input === "$__rate_interval" || input === "$__range" ? input : milliseconds("range", input)

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
