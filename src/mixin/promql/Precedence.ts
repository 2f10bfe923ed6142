/** How tightly operators bind, as Prometheus documents it. */
import type * as Syntax from "./Syntax.ts"

const levels: ReadonlyArray<ReadonlyArray<string>> = [
  ["or"],
  ["and", "unless"],
  ["==", "!=", "<", "<=", ">", ">=", "</", ">/"],
  ["+", "-"],
  ["*", "/", "%", "atan2"],
  ["^"]
]

const levelOf = (operator: string): number => levels.findIndex((level) => level.includes(operator))

/** The level of `^`, which binds tighter than a sign and from right to left. */
const power = levels.length - 1

/** A part of an expression in the order in which it is written. */
export type Part =
  | { readonly _tag: "Operand"; readonly syntax: Syntax.Syntax }
  | { readonly _tag: "Sign"; readonly operator: string }
  | ({ readonly _tag: "Operator" } & Pick<Syntax.Binary, "operator" | "bool" | "matching">)

const signed = (operator: string, argument: Syntax.Syntax): Syntax.Syntax => {
  if (argument._tag !== "Literal") return { _tag: "Unary", operator, argument }
  return operator === "-" ? { ...argument, value: -argument.value } : argument
}

/** The expression that parts make, an operand after each operator; undefined where they make none. */
export const join = (parts: ReadonlyArray<Part>): Syntax.Syntax | undefined => {
  let next = 0

  const prefixed = (): Syntax.Syntax | undefined => {
    const part = parts[next++]
    if (part?._tag === "Operand") return part.syntax
    const argument = part?._tag === "Sign" ? expression(power) : undefined
    return part?._tag === "Sign" && argument !== undefined ? signed(part.operator, argument) : undefined
  }

  const expression = (least: number): Syntax.Syntax | undefined => {
    let left = prefixed()
    for (;;) {
      const part = parts[next]
      if (left === undefined || part?._tag !== "Operator") return left
      const { bool, matching, operator } = part
      const level = levelOf(operator)
      if (level < least) return left
      next++
      const right = expression(level === power ? level : level + 1)
      left = right === undefined ? undefined : { _tag: "Binary", operator, bool, left, right, matching }
    }
  }

  const whole = expression(0)
  return next === parts.length ? whole : undefined
}
