/** What is read from a histogram. */
import type * as Catalogue from "../../Catalogue.ts"
import { refuse } from "../MixinError.ts"
import { type By, sum } from "./Aggregations.ts"
import { call, type Expression, literal } from "./Expression.ts"
import type * as Node from "./Node.ts"
import { divide, greaterThan } from "./Operators.ts"
import { type RangeInput, rate, toRange } from "./Ranges.ts"
import { type NamesOf, namesOf, observations, select, total, type Where } from "./Selectors.ts"

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
