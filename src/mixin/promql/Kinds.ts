/** What the grammar lets pass and Prometheus refuses: a number where series are needed, series where a range is. */
import * as Syntax from "./Syntax.ts"

/** What an expression evaluates to. */
export type Kind = "scalar" | "vector" | "range" | "text"

const overRanges =
  /^(?:\w+_over_time|rate|irate|increase|delta|idelta|deriv|changes|resets|predict_linear|double_exponential_smoothing)$/

const answersNumber = new Set(["time", "scalar", "pi", "start", "end", "range", "step"])

/** What an expression evaluates to, by its outermost part. */
export const kindOf = (syntax: Syntax.Syntax): Kind => {
  switch (syntax._tag) {
    case "Selector":
      return syntax.range === undefined ? "vector" : "range"
    case "Literal":
      return "scalar"
    case "Text":
      return "text"
    case "Call":
      return answersNumber.has(syntax.function) ? "scalar" : "vector"
    case "Subquery":
      return "range"
    case "Aggregation":
      return "vector"
    case "Binary":
      return kindOf(syntax.left) === "scalar" && kindOf(syntax.right) === "scalar" ? "scalar" : "vector"
    case "Unary":
      return kindOf(syntax.argument)
  }
}

const binary = ({ bool, left, matching, operator, right }: Syntax.Binary): string | undefined => {
  const kinds = [kindOf(left), kindOf(right)]
  if (kinds.some((kind) => kind === "range" || kind === "text")) return `${operator} of a range or a text`
  const scalars = kinds.filter((kind) => kind === "scalar").length
  const compares = Syntax.comparisons.includes(operator)
  if (Syntax.setOperators.includes(operator)) {
    if (scalars > 0) return `${operator} has a number beside it, it needs series on both sides`
    if (matching?.group !== undefined) return `${operator} can't group, it matches many to many`
  }
  if (compares && scalars === 2 && !bool) return `${operator} between two numbers needs bool`
  if (bool && !compares) return `bool after ${operator}, which compares nothing`
  if (scalars > 0 && matching !== undefined) return `${operator} matches labels with a number`
  return undefined
}

const own = (syntax: Syntax.Syntax): string | undefined => {
  switch (syntax._tag) {
    case "Call": {
      const needsRange = overRanges.test(syntax.function)
      const kinds = syntax.arguments.map(kindOf)
      if (needsRange && !kinds.includes("range")) return `${syntax.function} needs a range, as in x[5m]`
      if (!needsRange && kinds.includes("range")) return `${syntax.function} takes no range`
      return undefined
    }
    case "Aggregation":
      return kindOf(syntax.argument) === "vector" ? undefined : `${syntax.operator} needs series to aggregate`
    case "Subquery":
      return kindOf(syntax.argument) === "vector" ? undefined : "a subquery needs series"
    case "Binary":
      return binary(syntax)
    case "Unary":
      return ["scalar", "vector"].includes(kindOf(syntax.argument)) ? undefined : "a sign before a range or a text"
    default:
      return undefined
  }
}

/** The first thing in an expression that Prometheus would refuse; undefined where there is none. */
export const problemOf = (syntax: Syntax.Syntax): string | undefined =>
  Syntax.children(syntax).map(problemOf).find((problem) => problem !== undefined) ?? own(syntax)
