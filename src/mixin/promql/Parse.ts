/** Reads PromQL with the grammar of Prometheus's own editor. */
import { parser } from "@prometheus-io/lezer-promql"
import { MixinError, refuse } from "../MixinError.ts"
import * as Kinds from "./Kinds.ts"
import * as Precedence from "./Precedence.ts"
import type * as Syntax from "./Syntax.ts"
import type { Replaced } from "./Variables.ts"

/** An expression that was read, or what is wrong with it. */
export type Parsed =
  | { readonly _tag: "Parsed"; readonly syntax: Syntax.Syntax }
  | { readonly _tag: "Unreadable"; readonly problem: string }

type Tree = ReturnType<typeof parser.parse>["topNode"]

interface Source {
  readonly text: string
  readonly replaced: ReadonlyArray<Replaced>
}

const childrenOf = (tree: Tree): ReadonlyArray<Tree> => {
  const found: Array<Tree> = []
  for (let child = tree.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "LineComment") found.push(child)
  }
  return found
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v"
}

/** What a quoted text stands for, by the rules of Go that PromQL follows; undefined where it breaks them. */
export const unquote = (quoted: string): string | undefined => {
  const quote = quoted[0]
  if (quoted.length < 2 || quote === undefined || !quoted.endsWith(quote)) return undefined
  const inner = quoted.slice(1, -1)
  if (quote === "`") return inner
  let broken = false
  const text = inner.replace(
    /\\(?:([abfnrtv])|([\\"'])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[^]?)/g,
    (_, simple?: string, itself?: string, octal?: string, ...hex: ReadonlyArray<string | undefined>) => {
      if (simple !== undefined) return simpleEscapes[simple] ?? ""
      if (itself !== undefined && (itself === "\\" || itself === quote)) return itself
      const digits = hex.slice(0, 3).find((one) => one !== undefined)
      const code = octal === undefined ? Number.parseInt(digits ?? "", 16) : Number.parseInt(octal, 8)
      if (Number.isNaN(code) || code > 0x10ffff) broken = true
      return broken ? "" : String.fromCodePoint(code)
    }
  )
  return broken ? undefined : text
}

const lengths: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000
}

/** A length of time as Prometheus writes it, in milliseconds; undefined where it is none. A bare number is seconds. */
export const duration = (text: string): number | undefined => {
  if (/^[0-9.]+$/.test(text)) return Number(text) * 1000
  if (text.startsWith("-")) {
    const length = duration(text.slice(1))
    return length === undefined ? undefined : -length
  }
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (lengths[unit ?? ""] ?? Number.NaN), 0)
}

const toNumber = (text: string): number => {
  const signed = /^([+-]?)(.*)$/.exec(text.toLowerCase().replaceAll("_", ""))
  const size = signed?.[2] ?? ""
  const value = size === "inf" ? Infinity : size.startsWith("0x") ? Number(size) : Number(size)
  const milliseconds = Number.isNaN(value) ? duration(size) : undefined
  const absolute = milliseconds === undefined ? value : milliseconds / 1000
  return signed?.[1] === "-" ? -absolute : absolute
}

const reader = ({ replaced, text }: Source) => {
  const at = (tree: Tree): string => text.slice(tree.from, tree.to)
  const within = (tree: Tree): Replaced | undefined =>
    replaced.find(({ from, to }) => from >= tree.from && to <= tree.to)

  const need = (part: Tree | undefined, whole: Tree): Tree =>
    part ?? refuse("PromQL", `${JSON.stringify(at(whole))} lacks a part`)

  const range = (tree: Tree): Syntax.Range => ({
    milliseconds: duration(at(tree)),
    variable: within(tree)?.name
  })

  const grouping = (tree: Tree | null): ReadonlyArray<string> =>
    tree === null ?
      [] :
      childrenOf(tree).map((label) => label.name === "QuotedLabelName" ? unquote(at(label)) ?? "" : at(label))

  const matcher = (tree: Tree): Syntax.Matcher => {
    const [label, operator, value] = childrenOf(tree)
    const name = at(need(label, tree))
    return {
      label: tree.name === "QuotedLabelMatcher" ? unquote(name) ?? "" : name,
      operator: at(need(operator, tree)) as Syntax.Matcher["operator"],
      value: unquote(at(need(value, tree))) ?? "",
      variable: within(need(value, tree)) !== undefined
    }
  }

  const selector = (tree: Tree): Syntax.Selector => {
    const parts = childrenOf(tree.getChild("LabelMatchers") ?? tree)
    const identifier = tree.getChild("Identifier") ?? parts.find(({ name }) => name === "QuotedLabelName")
    const matchers = parts.filter(({ name }) => name.endsWith("LabelMatcher")).map(matcher)
    const asked = matchers.find(({ label, operator }) => label === "__name__" && operator === "=")
    const name = identifier === undefined || identifier === null ? asked?.value : at(identifier)
    return {
      _tag: "Selector",
      name: name?.startsWith("\"") === true ? unquote(name) : name,
      matchers: matchers.filter((one) => one !== asked)
    }
  }

  const matching = (tree: Tree | null): Syntax.Matching | undefined => {
    if (tree === null) return undefined
    const [labels, grouped] = tree.getChildren("GroupingLabels")
    const side = tree.getChild("GroupLeft") === null
      ? tree.getChild("GroupRight") === null ? undefined : "right"
      : "left"
    return {
      kind: tree.getChild("On") === null ? "ignoring" : "on",
      labels: grouping(labels ?? null),
      group: side === undefined ? undefined : { side, labels: grouping(grouped ?? null) }
    }
  }

  const modifiers = new Set(["BoolModifier", "MatchingModifierClause", "FillModifier"])

  const aggregation = (tree: Tree): Syntax.Aggregation => {
    const modifier = tree.getChild("AggregateModifier")
    const [argument, ...others] = childrenOf(tree.getChild("FunctionCallBody") ?? tree).map(read).toReversed()
    if (argument === undefined || others.length > 1) {
      return refuse("PromQL", `${JSON.stringify(at(tree))} aggregates one expression, or one by a parameter`)
    }
    return {
      _tag: "Aggregation",
      operator: at(need(childrenOf(tree)[0], tree)).toLowerCase(),
      modifier: modifier === null ? undefined : modifier.getChild("By") === null ? "without" : "by",
      labels: grouping(modifier?.getChild("GroupingLabels") ?? null),
      parameter: others[0],
      argument
    }
  }

  /** What stands behind an operand. */
  const behind = (tree: Tree, argument: Syntax.Syntax): Syntax.Syntax => {
    const [, second, third] = childrenOf(tree)
    switch (tree.name) {
      case "MatrixSelector":
        if (argument._tag === "Selector") return { ...argument, range: range(need(second, tree)) }
        return refuse("PromQL", `${JSON.stringify(at(tree))} is a range of no selector`)
      case "SubqueryExpr":
        return { _tag: "Subquery", argument, range: range(need(second, tree)) }
      case "OffsetExpr":
        return argument._tag === "Selector" ? { ...argument, offset: range(need(third, tree)) } : argument
      default:
        // `@` and the like.
        return argument
    }
  }

  /**
   * Operands, signs and operators as they are written. The grammar of the editor takes `a + b offset 5m * c` for the
   * offset of a sum, times `c`; Prometheus does not, so the parts are taken apart and put together anew.
   */
  const partsOf = (tree: Tree): ReadonlyArray<Precedence.Part> => {
    const [first, second] = childrenOf(tree)
    switch (tree.name) {
      case "BinaryExpr": {
        const [left, operator, right] = childrenOf(tree).filter(({ name }) => !modifiers.has(name))
        return [
          ...partsOf(need(left, tree)),
          {
            _tag: "Operator",
            operator: at(need(operator, tree)).toLowerCase(),
            bool: tree.getChild("BoolModifier") !== null,
            matching: matching(tree.getChild("MatchingModifierClause"))
          },
          ...partsOf(need(right, tree))
        ]
      }
      case "UnaryExpr":
        return [{ _tag: "Sign", operator: at(need(first, tree)) }, ...partsOf(need(second, tree))]
      case "MatrixSelector":
      case "SubqueryExpr":
      case "OffsetExpr":
      case "StepInvariantExpr":
      case "AnchoredExpr":
      case "SmoothedExpr": {
        const parts = partsOf(need(first, tree))
        return parts.map((part, index) =>
          part._tag === "Operand" && index === parts.length - 1
            ? { ...part, syntax: behind(tree, part.syntax) }
            : part
        )
      }
      default:
        return [{ _tag: "Operand", syntax: operand(tree) }]
    }
  }

  const operand = (tree: Tree): Syntax.Syntax => {
    const [first, second] = childrenOf(tree)
    switch (tree.name) {
      case "VectorSelector":
        return selector(tree)
      case "NumberDurationLiteral":
        return { _tag: "Literal", value: toNumber(at(tree)) }
      case "StringLiteral":
        return { _tag: "Text", value: unquote(at(tree)) ?? "" }
      case "FunctionCall":
        return {
          _tag: "Call",
          function: at(need(first, tree)),
          arguments: childrenOf(need(second, tree)).map(read)
        }
      case "AggregateExpr":
        return aggregation(tree)
      default:
        // Brackets.
        return read(need(first, tree))
    }
  }

  const read = (tree: Tree): Syntax.Syntax =>
    Precedence.join(partsOf(tree)) ?? refuse("PromQL", `${JSON.stringify(at(tree))} lacks a part`)

  return read
}

/** Where a text stops being PromQL. */
const faultOf = (tree: Tree, { text }: Source): string | undefined => {
  let fault: string | undefined
  tree.cursor().iterate(({ from, name, to, type }) => {
    if (fault !== undefined) return false
    const part = text.slice(from, to)
    if (type.isError) fault = `not PromQL at ${JSON.stringify(text.slice(from, from + 30))}, character ${from + 1}`
    else if (name === "StringLiteral" && unquote(part) === undefined) fault = `not a text: ${part}`
    return fault === undefined
  })
  return fault
}

/** Reads an expression whose variables have been replaced. */
export const parse = (text: string, replaced: ReadonlyArray<Replaced> = []): Parsed => {
  const source = { text, replaced }
  const tree = parser.parse(text).topNode
  const fault = faultOf(tree, source)
  if (fault !== undefined) return { _tag: "Unreadable", problem: fault }
  const [expression] = childrenOf(tree)
  if (expression === undefined) return { _tag: "Unreadable", problem: "there is no expression" }
  try {
    const syntax = reader(source)(expression)
    const problem = Kinds.problemOf(syntax)
    return problem === undefined ? { _tag: "Parsed", syntax } : { _tag: "Unreadable", problem }
  } catch (error) {
    if (error instanceof MixinError) return { _tag: "Unreadable", problem: error.message }
    throw error
  }
}
