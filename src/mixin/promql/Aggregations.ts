/** Aggregations over series. */
import { refuse } from "../MixinError.ts"
import { type Expression, render, vector } from "./Expression.ts"
import type * as Node from "./Node.ts"

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
