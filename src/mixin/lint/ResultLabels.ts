/** The labels that the result of an expression has, as far as the series are known. */
import * as Kinds from "../promql/Kinds.ts"
import * as Syntax from "../promql/Syntax.ts"
import type { AllSeries } from "./Series.ts"

/** Labels; undefined where a series is not known. */
export type Labels = ReadonlySet<string> | undefined

const none: ReadonlySet<string> = new Set()

const without = (labels: Labels, names: ReadonlyArray<string>): Labels =>
  labels === undefined ? undefined : new Set([...labels].filter((name) => !names.includes(name)))

const textAt = (call: Syntax.Call, index: number): ReadonlyArray<string> => {
  const argument = call.arguments[index]
  return argument?._tag === "Text" ? [argument.value] : []
}

const isNumber = (syntax: Syntax.Syntax): boolean => Kinds.kindOf(syntax) === "scalar"

const ofCall = (call: Syntax.Call, series: AllSeries): Labels => {
  const of = (index: number): Labels => {
    const argument = call.arguments[index]
    return argument === undefined ? none : labelsOf(argument, series)
  }
  switch (call.function) {
    case "time":
    case "vector":
    case "scalar":
    case "pi":
      return none
    case "absent":
    case "absent_over_time": {
      const [selector] = call.arguments
      if (selector?._tag !== "Selector") return none
      return new Set(selector.matchers.filter(({ operator }) => operator === "=").map(({ label }) => label))
    }
    case "histogram_quantile":
    case "histogram_fraction":
      return without(of(call.arguments.length - 1), ["le"])
    case "label_replace":
    case "label_join": {
      const labels = of(0)
      return labels === undefined ? undefined : new Set([...labels, ...textAt(call, 1)])
    }
    default: {
      const first = call.arguments.findIndex((argument) => argument._tag !== "Literal" && argument._tag !== "Text")
      return first < 0 ? none : of(first)
    }
  }
}

const selecting = new Set(["topk", "bottomk", "limitk", "limit_ratio"])

const ofAggregation = (node: Syntax.Aggregation, series: AllSeries): Labels => {
  const argument = labelsOf(node.argument, series)
  if (selecting.has(node.operator)) return argument
  const added = node.operator === "count_values" && node.parameter?._tag === "Text" ? [node.parameter.value] : []
  if (node.modifier === "without") {
    const kept = without(argument, node.labels)
    return kept === undefined ? undefined : new Set([...kept, ...added])
  }
  return new Set([...node.labels, ...added])
}

const ofBinary = ({ left, matching, operator, right }: Syntax.Binary, series: AllSeries): Labels => {
  const [ofLeft, ofRight] = [labelsOf(left, series), labelsOf(right, series)]
  if (operator === "or") return ofLeft === undefined || ofRight === undefined ? undefined : ofLeft.union(ofRight)
  if (Syntax.setOperators.includes(operator)) return ofLeft
  if (isNumber(left)) return ofRight
  if (isNumber(right) || matching === undefined) return ofLeft
  if (matching.group !== undefined) {
    const many = matching.group.side === "left" ? ofLeft : ofRight
    return many === undefined ? undefined : new Set([...many, ...matching.group.labels])
  }
  return matching.kind === "on" ? new Set(matching.labels) : without(ofLeft, matching.labels)
}

const labelsOf = (syntax: Syntax.Syntax, series: AllSeries): Labels => {
  switch (syntax._tag) {
    case "Selector":
      return syntax.name === undefined ? undefined : series.get(syntax.name)?.labels
    case "Literal":
    case "Text":
      return none
    case "Call":
      return ofCall(syntax, series)
    case "Subquery":
    case "Unary":
      return labelsOf(syntax.argument, series)
    case "Aggregation":
      return ofAggregation(syntax, series)
    case "Binary":
      return ofBinary(syntax, series)
  }
}

/** The labels that the result of an expression may have: of `a or b`, those of either. */
export { labelsOf as of }
