/** Traces, expectations and their differences as text. */
import * as Pattern from "./Pattern.ts"
import type { Compared } from "./SpanComparison.ts"
import type { SpanExpectation, Spans } from "./SpanExpectation.ts"
import type { TestTree } from "./TestSpan.ts"

/** A line of a tree before it is drawn. */
interface Drawn {
  readonly mark: " " | "✗" | "-" | "+"
  readonly text: string
  /** Lines that belong to this one and are no spans. */
  readonly notes: ReadonlyArray<string>
  readonly children: ReadonlyArray<Drawn>
}

/** What is shown of forests that are only context. */
const maxLines = 60

const bare = (text: string, children: ReadonlyArray<Drawn> = []): Drawn => ({ mark: " ", text, notes: [], children })

const ofTree = (mark: Drawn["mark"]) => ({ children, span }: TestTree): Drawn => ({
  mark,
  text: `${span.name} [${span.status}]`,
  notes: [],
  children: children.map(ofTree(mark))
})

const ofExpectation = (mark: Drawn["mark"]) => ({ children, name, pattern }: SpanExpectation): Drawn => {
  const shown = Object.entries(pattern).map(([key, value]) => `${key}: ${Pattern.showPattern(value)}`)
  const notes = children?._tag === "Containing" ? ["(others may be beside these)"] : []
  return {
    mark,
    text: `${typeof name === "string" ? name : String(name)}${shown.length === 0 ? "" : ` { ${shown.join(", ")} }`}` +
      (children?.spans.length === 0 ? " (no children)" : ""),
    notes,
    children: (children?.spans ?? []).map(ofExpectation(mark))
  }
}

const ofCompared = (compared: Compared): Drawn => {
  switch (compared._tag) {
    case "Pair":
      return {
        mark: compared.differences.length === 0 ? " " : "✗",
        text: `${compared.span.name} [${compared.span.status}]`,
        notes: compared.differences.map(Pattern.describe),
        children: compared.children.map(ofCompared)
      }
    case "Missing": {
      const drawn = ofExpectation("-")(compared.expectation)
      return { ...drawn, text: `${drawn.text}   missing` }
    }
    case "Unexpected": {
      const drawn = ofTree("+")(compared.tree)
      return { ...drawn, text: `${drawn.text}   not expected` }
    }
    case "Extra":
      return ofTree(" ")(compared.tree)
  }
}

const draw = (roots: ReadonlyArray<Drawn>): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const visit = (drawn: Drawn, lead: string, rest: string): void => {
    lines.push(`${drawn.mark} ${lead}${drawn.text}`)
    const stem = drawn.children.length === 0 ? "  " : "│ "
    for (const note of drawn.notes) lines.push(`${drawn.mark} ${rest}${stem}  ${note}`)
    drawn.children.forEach((child, index) => {
      const last = index === drawn.children.length - 1
      visit(child, `${rest}${last ? "└─ " : "├─ "}`, `${rest}${last ? "   " : "│  "}`)
    })
  }
  for (const root of roots) visit(root, "", "")
  const first = lines.findIndex((line) => !line.startsWith(" "))
  return lines.map((line, index) => `  ${line}${index === first ? "   ← first difference" : ""}`.trimEnd())
}

const cut = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length <= maxLines ? lines : [...lines.slice(0, maxLines), `    … and ${lines.length - maxLines} more lines`]

/** The traces themselves. */
export const forest = (trees: ReadonlyArray<TestTree>): ReadonlyArray<string> =>
  trees.length === 0 ? ["    (no spans)"] : cut(draw(trees.map(ofTree(" "))))

/** What was asked for. */
export const expected = ({ _tag, spans }: Spans): ReadonlyArray<string> =>
  draw([...spans.map(ofExpectation(" ")), ...(_tag === "Containing" ? [bare("(others may be beside these)")] : [])])

/** Expectation and traces in one tree: `✗` differs, `-` is missing, `+` was not expected. */
export const compared = (all: ReadonlyArray<Compared>): ReadonlyArray<string> => draw(all.map(ofCompared))
