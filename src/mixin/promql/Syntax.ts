/**
 * PromQL as it was read: all of the language, where `Node.ts` has what the builder writes. Brackets and `@` are gone,
 * they say nothing of what is asked.
 */

/** A comparison of one label. `variable`: a dashboard's variable stands in the value. */
export interface Matcher {
  readonly label: string
  readonly operator: "=" | "!=" | "=~" | "!~"
  readonly value: string
  readonly variable: boolean
}

/** A length of time; `milliseconds` is undefined where it is computed. */
export interface Range {
  readonly milliseconds: number | undefined
  /** The dashboard's variable that stands there, without `$`. */
  readonly variable: string | undefined
}

/** Series; `name` is undefined where they are asked for by labels only. */
export interface Selector {
  readonly _tag: "Selector"
  readonly name: string | undefined
  readonly matchers: ReadonlyArray<Matcher>
  readonly range?: Range | undefined
  readonly offset?: Range | undefined
}

/** A number. */
export interface Literal {
  readonly _tag: "Literal"
  readonly value: number
}

/** A text between quotes. */
export interface Text {
  readonly _tag: "Text"
  readonly value: string
}

/** A function applied to its arguments. */
export interface Call {
  readonly _tag: "Call"
  readonly function: string
  readonly arguments: ReadonlyArray<Syntax>
}

/** A range over the values that an expression had. */
export interface Subquery {
  readonly _tag: "Subquery"
  readonly argument: Syntax
  readonly range: Range
}

/** An aggregation over series. */
export interface Aggregation {
  readonly _tag: "Aggregation"
  readonly operator: string
  readonly modifier: "by" | "without" | undefined
  readonly labels: ReadonlyArray<string>
  readonly parameter: Syntax | undefined
  readonly argument: Syntax
}

/** How two vectors are matched. */
export interface Matching {
  readonly kind: "on" | "ignoring"
  readonly labels: ReadonlyArray<string>
  readonly group: { readonly side: "left" | "right"; readonly labels: ReadonlyArray<string> } | undefined
}

/** An operator between two expressions. */
export interface Binary {
  readonly _tag: "Binary"
  readonly operator: string
  /** The comparison answers 0 or 1 instead of filtering. */
  readonly bool: boolean
  readonly left: Syntax
  readonly right: Syntax
  readonly matching: Matching | undefined
}

/** A sign before an expression. */
export interface Unary {
  readonly _tag: "Unary"
  readonly operator: string
  readonly argument: Syntax
}

/** An expression. */
export type Syntax = Selector | Literal | Text | Call | Subquery | Aggregation | Binary | Unary

/** The expressions of which one is made. */
export const children = (syntax: Syntax): ReadonlyArray<Syntax> => {
  switch (syntax._tag) {
    case "Selector":
    case "Literal":
    case "Text":
      return []
    case "Call":
      return syntax.arguments
    case "Subquery":
    case "Unary":
      return [syntax.argument]
    case "Aggregation":
      return syntax.parameter === undefined ? [syntax.argument] : [syntax.parameter, syntax.argument]
    case "Binary":
      return [syntax.left, syntax.right]
  }
}

/** Every expression in one, itself first, each with those around it, the nearest first. */
export const walk = (
  syntax: Syntax,
  around: ReadonlyArray<Syntax> = []
): ReadonlyArray<{ readonly syntax: Syntax; readonly around: ReadonlyArray<Syntax> }> => [
  { syntax, around },
  ...children(syntax).flatMap((child) => walk(child, [syntax, ...around]))
]

/** Whether an expression, or one in it, is such. */
export const some = (syntax: Syntax, such: (syntax: Syntax) => boolean): boolean =>
  such(syntax) || children(syntax).some((child) => some(child, such))

/** Operators that compare. */
export const comparisons: ReadonlyArray<string> = ["==", "!=", ">", ">=", "<", "<="]

/** Operators on sets of series. */
export const setOperators: ReadonlyArray<string> = ["and", "or", "unless"]
