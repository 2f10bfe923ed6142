/**
 * Reads as much of an SQL text as metrics and spans need: its operation, its first table, its shape without literals.
 *
 * This is no SQL parser: it looks at keywords. What it does not understand gets one of a few fixed names, so that
 * labels stay bounded whatever is sent.
 */
import * as SqlTokens from "./SqlTokens.ts"

export { maxTextLength } from "./SqlTokens.ts"

/** What a statement does; anything else is `other`. Of several statements in one text, the first is meant. */
export const operations = [
  "select",
  "insert",
  "update",
  "delete",
  "merge",
  "create",
  "alter",
  "drop",
  "truncate",
  "copy",
  "other"
] as const

/** One of `operations`. */
export type Operation = (typeof operations)[number]

/** The table of a statement that names only tables which are not known. */
export const otherTable = "other"

/** The table of a statement that names none. */
export const noTable = "none"

interface Candidate {
  readonly name: string
  readonly index: number
  readonly depth: number
}

interface Reading {
  readonly operation: Operation
  /** Where the main verb stands among the tokens. */
  readonly verb: number
  readonly candidates: ReadonlyArray<Candidate>
  /** Names that a `WITH` defines: they are no tables. */
  readonly defined: ReadonlySet<string>
}

const verbs = new Set<string>(operations.filter((operation) => operation !== "other"))
const beforeTable = new Set(["from", "join", "into", "update", "table", "using", "copy", "truncate"])
// These name a table only where a statement begins: `FOR UPDATE`, `DO UPDATE` and `GRANT TRUNCATE` name none.
const onlyAsVerb = new Set(["update", "copy", "truncate"])
// After these, a name and a parenthesis are the call of a function.
const beforeFunctions = new Set(["from", "join", "using"])
const skippedBeforeTable = new Set(["only", "if", "not", "exists", "lateral", "table"])
// `TABLE IF NOT EXISTS` has the most; without a bound, `TABLE TABLE TABLE …` would be read from each of its words.
const maxSkipped = 4
// Objects of a table, which comes after `ON`.
const objectsOfTables = new Set(["index", "trigger", "policy", "rule"])
// Functions whose arguments are parted by `FROM`.
const functionsWithFrom = new Set(["extract", "substring", "trim", "overlay"])

const wordOf = (token: SqlTokens.Token | undefined): string | undefined =>
  token?.kind === "word" ? token.text.toLowerCase() : undefined

const identifierOf = (token: SqlTokens.Token | undefined): string | undefined =>
  token?.kind === "quoted" ? token.text.slice(1, -1).replaceAll("\"\"", "\"") : wordOf(token)

const isSymbol = (token: SqlTokens.Token | undefined, text: string): boolean =>
  token?.kind === "symbol" && token.text === text

/** The identifier that stands at `index`, without its schema. */
const tableAt = (
  tokens: ReadonlyArray<SqlTokens.Token>,
  index: number,
  functionsToo: boolean
): string | undefined => {
  let at = index
  while (at < index + maxSkipped && skippedBeforeTable.has(wordOf(tokens[at]) ?? "")) at++
  let name = identifierOf(tokens[at])
  while (name !== undefined && isSymbol(tokens[at + 1], ".")) {
    at += 2
    name = identifierOf(tokens[at])
  }
  return !functionsToo && isSymbol(tokens[at + 1], "(") ? undefined : name
}

const begins = (previous: SqlTokens.Token | undefined): boolean =>
  previous === undefined || isSymbol(previous, "(") || isSymbol(previous, ")")

/** Reads the first statement. */
const read = (tokens: ReadonlyArray<SqlTokens.Token>): Reading => {
  const candidates: Array<Candidate> = []
  const defined = new Set<string>()
  const open: Array<{ readonly index: number; readonly from: boolean }> = []
  const start = tokens.findIndex((token) => !isSymbol(token, "(") && !isSymbol(token, ";"))
  const first = wordOf(tokens[start])
  const common = first === "with"
  let operation: Operation = first !== undefined && verbs.has(first) ? first as Operation : "other"
  let verb = common ? -1 : start
  let closed = -1
  let object: string | undefined
  for (let index = Math.max(0, start); index < tokens.length; index++) {
    const token = tokens[index]!
    const previous = tokens[index - 1]
    if (token.kind === "symbol") {
      if (token.text === ";" && open.length === 0) break
      if (token.text === "(") open.push({ index, from: functionsWithFrom.has(wordOf(previous) ?? "") })
      else if (token.text === ")") closed = open.pop()?.index ?? -1
      continue
    }
    const word = wordOf(token)
    if (word === undefined) continue
    if (common && verb === -1 && open.length === 0) {
      if (verbs.has(word)) {
        operation = word as Operation
        verb = index
      } else if (word === "as") {
        // `name AS (…)` or `name (columns) AS (…)`
        const name = identifierOf(isSymbol(previous, ")") ? tokens[closed - 1] : previous)
        if (name !== undefined) defined.add(name)
      }
    }
    object ??= objectsOfTables.has(word) ? word : undefined
    const names = word === "on"
      ? operation !== "select" && object !== undefined && open.length === 0
      : beforeTable.has(word) && !(onlyAsVerb.has(word) && !begins(previous) && index !== start) &&
        !(word === "from" && (wordOf(previous) === "distinct" || open.at(-1)?.from === true))
    if (!names) continue
    const name = tableAt(tokens, index + 1, !beforeFunctions.has(word))
    if (name !== undefined) candidates.push({ name, index, depth: open.length })
  }
  return { operation, verb: Math.max(0, verb), candidates, defined }
}

const tableOf = ({ candidates, defined, operation, verb }: Reading, known: ReadonlySet<string>): string => {
  const tables = candidates.filter(({ name }) => !defined.has(name))
  const isKnown = ({ name }: Candidate) => known.has(name)
  const main = tables.filter(({ index }) => index >= verb)
  if (operation !== "select" && operation !== "other") {
    // What is written to, and nothing that is read beside it.
    const target = main[0]
    return target === undefined ? noTable : isKnown(target) ? target.name : otherTable
  }
  const outermost = Math.min(...main.map(({ depth }) => depth))
  const found = main.find((candidate) => candidate.depth === outermost && isKnown(candidate)) ?? main.find(isKnown) ??
    tables.find(isKnown)
  return found?.name ?? (tables.length > 0 ? otherTable : noTable)
}

/** What is known of a statement by its text. */
export interface Classified {
  readonly operation: Operation
  /** A known table, `other`, or `none`. */
  readonly table: string
  /** The text without literals and comments, at most `maxTextLength` characters. */
  readonly shape: string
}

/** How much of a text is read, in characters; nobody writes longer statements by hand. */
export const maxReadLength = 20_000

/** Classifies a statement. Linear in its length, of which `maxReadLength` characters are read. */
export const classify = (text: string, knownTables: ReadonlySet<string>): Classified => {
  const tokens = SqlTokens.tokenize(text.length > maxReadLength ? text.slice(0, maxReadLength) : text)
  const reading = read(tokens)
  return {
    operation: reading.operation,
    table: tableOf(reading, knownTables),
    shape: SqlTokens.shapeOf(tokens)
  }
}

/** How many statements a classifier remembers; programs have few distinct texts, since values are parameters. */
export const maxRemembered = 500

/** The longest text that is remembered, in characters; longer ones are bulk inserts that seldom repeat. */
export const maxRememberedLength = 4_000

/** A classifier that remembers what it has seen. */
export const classifier = (knownTables: Iterable<string>): (text: string) => Classified => {
  const known = new Set(knownTables)
  const remembered = new Map<string, Classified>()
  return (text) => {
    if (text.length > maxRememberedLength) return classify(text, known)
    let classified = remembered.get(text)
    if (classified === undefined) {
      classified = classify(text, known)
      // Texts with inline values would never repeat: start again rather than grow.
      if (remembered.size >= maxRemembered) remembered.clear()
      remembered.set(text, classified)
    }
    return classified
  }
}
