/** What is built: expressions that know the labels of their result. */
import { refuse } from "../MixinError.ts"
import * as Node from "./Node.ts"
import * as Render from "./Render.ts"

/** An instant vector whose series have the labels `L`. */
export interface Expression<out L extends string = string> {
  readonly node: Node.Node
  readonly labels: ReadonlyArray<L>
}

/** One number without labels, which any vector may be computed with. */
export interface Scalar extends Expression<never> {
  readonly scalar: true
}

/** Series that only grow: to be read through `rate` or `increase`. `L` are their labels. */
export interface Increasing<out L extends string = string> {
  readonly selector: Node.Selector
  readonly labels: ReadonlyArray<L>
}

/** A function applied to its arguments. */
export const call = <L extends string>(
  name: string,
  parameters: ReadonlyArray<Node.Node>,
  labels: ReadonlyArray<L>
): Expression<L> => ({ node: { _tag: "Call", function: name, arguments: parameters }, labels })

/** A number; infinite ones and what is none are refused. */
export const literal = (value: number): Node.Literal => {
  if (!Number.isFinite(value)) refuse("PromQL", `a number was ${value}, allowed are finite ones`)
  return { _tag: "Literal", value }
}

/** One number without labels. */
export const scalar = (node: Node.Node): Scalar => ({ node, labels: [], scalar: true })

/**
 * The text of an expression. `where` is added to every selector: dashboards add the job that their variable names.
 */
export const render = (
  expression: Expression,
  options: { readonly where?: ReadonlyArray<Node.Matcher> | undefined } = {}
): string => {
  const { where = [] } = options
  return Render.text(
    where.length === 0 ? expression.node : Node.mapSelectors(expression.node, (selector) => ({
      ...selector,
      matchers: [...selector.matchers, ...where]
    }))
  )
}

/** Refuses one number where series are needed. */
export const vector = (operation: string, value: Expression): void => {
  if ("scalar" in value) refuse("PromQL", `${operation} of ${render(value)}, which is one number and no vector`)
}
