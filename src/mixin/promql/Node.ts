/** PromQL as data. */

/** A comparison of one label with a text or a regular expression. */
export interface Matcher {
  readonly label: string
  readonly operator: "=" | "!=" | "=~" | "!~"
  readonly value: string
}

/** A range: a length in milliseconds, or the variable that a dashboard fills in. */
export type Range = number | "$__rate_interval" | "$__range"

/** The series of one name; with a range, a range vector. */
export interface Selector {
  readonly _tag: "Selector"
  readonly name: string
  readonly matchers: ReadonlyArray<Matcher>
  readonly range?: Range | undefined
  /** Milliseconds into the past. */
  readonly offset?: number | undefined
}

/** A number. */
export interface Literal {
  readonly _tag: "Literal"
  readonly value: number
}

/** A function applied to its arguments. */
export interface Call {
  readonly _tag: "Call"
  readonly function: string
  readonly arguments: ReadonlyArray<Node>
}

/** A range over the values that an expression had: `expression[range:]`. */
export interface Subquery {
  readonly _tag: "Subquery"
  readonly argument: Node
  readonly range: Range
}

/** An aggregation; `by` undefined means over everything. */
export interface Aggregation {
  readonly _tag: "Aggregation"
  readonly operator: "sum" | "max" | "min" | "avg" | "count" | "topk"
  readonly by: ReadonlyArray<string>
  readonly parameter?: number | undefined
  readonly argument: Node
}

/** How two vectors are matched; without it, on all their labels. */
export interface Matching {
  readonly on: ReadonlyArray<string>
  /** Many series of the left side may match one of the right. */
  readonly manyToOne?: boolean | undefined
}

/** An operator between two expressions. */
export interface Binary {
  readonly _tag: "Binary"
  readonly operator: "+" | "-" | "*" | "/" | ">" | ">=" | "<" | "<=" | "==" | "!=" | "and" | "or" | "unless"
  readonly left: Node
  readonly right: Node
  readonly matching?: Matching | undefined
}

/** A PromQL expression. */
export type Node = Selector | Literal | Call | Subquery | Aggregation | Binary

/** Every selector of an expression, from left to right. */
export const selectors = (node: Node): ReadonlyArray<Selector> => {
  switch (node._tag) {
    case "Selector":
      return [node]
    case "Literal":
      return []
    case "Call":
      return node.arguments.flatMap(selectors)
    case "Subquery":
    case "Aggregation":
      return selectors(node.argument)
    case "Binary":
      return [...selectors(node.left), ...selectors(node.right)]
  }
}

/** The expression with each selector replaced. */
export const mapSelectors = (node: Node, replace: (selector: Selector) => Selector): Node => {
  const map = (inner: Node): Node => mapSelectors(inner, replace)
  switch (node._tag) {
    case "Selector":
      return replace(node)
    case "Literal":
      return node
    case "Call":
      return { ...node, arguments: node.arguments.map(map) }
    case "Subquery":
    case "Aggregation":
      return { ...node, argument: map(node.argument) }
    case "Binary":
      return { ...node, left: map(node.left), right: map(node.right) }
  }
}
