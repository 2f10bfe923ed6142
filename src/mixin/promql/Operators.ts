/** Operators between expressions, and what is made of them. */
import { refuse } from "../MixinError.ts"
import { call, type Expression, type Increasing, literal, render, type Scalar, scalar } from "./Expression.ts"
import type * as Node from "./Node.ts"

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

/**
 * 1 where there are no such series at all.
 *
 * The result has those labels that the series are asked to have one value of. `labels` says which of them are meant to
 * be there, for whoever is told to know whose series are missing; a label that would not be there is refused.
 *
 * @example
 * import { PromQL } from "@dawsos/observability/mixin"
 * import { metrics } from "@dawsos/observability/dawsos"
 *
 * const age = PromQL.gauge(metrics.pricingPackFreshness, { job: "dawsos" })
 *
 * export const unknown = PromQL.absent(age, { labels: ["job"] })
 */
export const absent = <const L extends string = never>(
  value: Expression | Increasing,
  options: { readonly labels?: ReadonlyArray<L> | undefined } = {}
): Expression<L> => {
  const { labels = [] } = options
  const node = "node" in value ? value.node : value.selector
  const result = call("absent", [node], labels)
  const matchers = node._tag === "Selector" ? node.matchers : []
  for (const name of labels) {
    const [only, ...others] = matchers.filter(({ label }) => label === name)
    if (only?.operator !== "=" || only.value === "" || others.length > 0) {
      refuse("PromQL", `${render(result)} has no label ${name}, it is not asked to have one value`)
    }
  }
  return result
}

/** The seconds since the epoch. */
export const time: Scalar = scalar({ _tag: "Call", function: "time", arguments: [] })

/** One series without labels that always has this value. */
export const always = (value: number): Expression<never> => call("vector", [literal(value)], [])

/** One minus an expression between 0 and 1. */
export const complement = <L extends string>(value: Expression<L>): Expression<L> => subtract(1, value)
