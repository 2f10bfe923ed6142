import type { Aggregation, Binary, Matcher, Node, Range, Selector } from "./Node.ts"

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1]
] as const

/** A length in milliseconds as Prometheus writes it: `90000` is `1m30s`. */
export const duration = (milliseconds: number): string => {
  let rest = milliseconds
  let text = ""
  for (const [unit, length] of units) {
    const whole = Math.floor(rest / length)
    if (whole > 0) text += `${whole}${unit}`
    rest -= whole * length
  }
  return text === "" ? "0s" : text
}

const range = (value: Range): string => typeof value === "number" ? duration(value) : value

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "\"": "\\\"" }

/** A text between double quotes, escaped as PromQL and Go read it. */
export const quote = (text: string): string => {
  const escape = (character: string): string =>
    escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  return `"${text.replace(/[\\"\p{Cc}\u2028\u2029]/gu, escape)}"`
}

const matcher = ({ label, operator, value }: Matcher): string => `${label}${operator}${quote(value)}`

const selector = (node: Selector): string => {
  const matchers = node.matchers.length === 0 ? "" : `{${node.matchers.map(matcher).join(", ")}}`
  const over = node.range === undefined ? "" : `[${range(node.range)}]`
  const offset = node.offset === undefined ? "" : ` offset ${duration(node.offset)}`
  return `${node.name}${matchers}${over}${offset}`
}

/** How tightly each operator binds, as Prometheus documents it. */
const precedence: Readonly<Record<Binary["operator"], number>> = {
  or: 1,
  and: 2,
  unless: 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5
}

const width = 100
const indent = (text: string): string => text.replace(/^/gm, "  ")

const list = (name: string, inner: ReadonlyArray<string>): string => {
  const flat = `${name}(${inner.join(", ")})`
  return flat.length <= width && !flat.includes("\n") ? flat : `${name}(\n${inner.map(indent).join(",\n")}\n)`
}

const aggregation = (node: Aggregation): string => {
  const by = node.by.length === 0 ? "" : ` by (${node.by.join(", ")}) `
  const parameter = node.parameter === undefined ? [] : [String(node.parameter)]
  return list(`${node.operator}${by}`, [...parameter, text(node.argument)])
}

const operand = (node: Node, parent: Binary, right: boolean): string => {
  if (node._tag !== "Binary") return text(node)
  const own = precedence[node.operator]
  const outer = precedence[parent.operator]
  // Comparisons are written between brackets wherever they are operands: easier to read, and safe from `bool`.
  const bare = own > outer || (own === outer && !right && own !== 3)
  if (bare) return text(node)
  const inner = text(node)
  return inner.includes("\n") ? `(\n${indent(inner)}\n)` : `(${inner})`
}

const binary = (node: Binary): string => {
  const matching = node.matching === undefined
    ? ""
    : ` on (${node.matching.on.join(", ")})${node.matching.manyToOne === true ? " group_left ()" : ""}`
  const left = operand(node.left, node, false)
  const right = operand(node.right, node, true)
  const flat = `${left} ${node.operator}${matching} ${right}`
  if (flat.length <= width && !flat.includes("\n")) return flat
  return right.includes("\n")
    ? `${left}\n${node.operator}${matching}\n${right}`
    : `${left}\n${node.operator}${matching} ${right}`
}

/** The text of an expression: on one line where it is short, else broken at its operators. */
export const text = (node: Node): string => {
  switch (node._tag) {
    case "Selector":
      return selector(node)
    case "Literal":
      return String(node.value)
    case "Call":
      return list(node.function, node.arguments.map(text))
    case "Subquery":
      return `${node.argument._tag === "Binary" ? `(${text(node.argument)})` : text(node.argument)}[${
        range(node.range)
      }:]`
    case "Aggregation":
      return aggregation(node)
    case "Binary":
      return binary(node)
  }
}
