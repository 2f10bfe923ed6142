/**
 * Reads as much of an SQL text as metrics and spans need: its operation, its first table, its shape without literals.
 *
 * This is no SQL parser. It splits the text into tokens as PostgreSQL's lexer does (strings with both kinds of escapes,
 * dollar quotes, nested comments, quoted identifiers) and looks at keywords; what it does not understand gets one of a
 * few fixed names, so that labels stay bounded whatever is sent.
 */

/** What a statement does; anything else is `OTHER`. */
export const operations = [
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE",
  "MERGE",
  "CREATE",
  "ALTER",
  "DROP",
  "TRUNCATE",
  "COPY",
  "OTHER"
] as const

/** One of `operations`. */
export type Operation = (typeof operations)[number]

/** The table of a statement that names only tables which are not known. */
export const otherTable = "other"

/** The table of a statement that names none. */
export const noTable = "none"

interface Token {
  readonly kind: "word" | "quoted" | "literal" | "parameter" | "symbol"
  readonly text: string
}

const isWordStart = (char: string): boolean => /[A-Za-z_\u0080-\uffff]/.test(char)
const isWordPart = (char: string): boolean => /[A-Za-z0-9_$\u0080-\uffff]/.test(char)
const isDigit = (char: string): boolean => char >= "0" && char <= "9"

/** The position after a quoted run that begins at `start`; a doubled quote stays inside, so does an escaped one. */
const skipQuoted = (text: string, start: number, quote: string, backslashes: boolean): number => {
  let at = start + 1
  while (at < text.length) {
    if (backslashes && text[at] === "\\") at += 2
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1
      at += 2
    } else at++
  }
  return text.length
}

const skipBlockComment = (text: string, start: number): number => {
  let depth = 1
  let at = start + 2
  while (at < text.length && depth > 0) {
    if (text[at] === "/" && text[at + 1] === "*") {
      depth++
      at += 2
    } else if (text[at] === "*" && text[at + 1] === "/") {
      depth--
      at += 2
    } else at++
  }
  return Math.min(at, text.length)
}

const skipWhile = (text: string, start: number, belongs: (char: string) => boolean): number => {
  let at = start
  while (at < text.length && belongs(text[at]!)) at++
  return at
}

/** Splits a text into tokens, in one pass. Comments are left out: they may hold values. */
const tokenize = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let at = 0
  const take = (kind: Token["kind"], end: number): void => {
    tokens.push({ kind, text: text.slice(at, end) })
    at = end
  }
  while (at < text.length) {
    const char = text[at]!
    const next = text[at + 1]
    if (/\s/.test(char)) at++
    else if (char === "-" && next === "-") at = skipWhile(text, at, (one) => one !== "\n")
    else if (char === "/" && next === "*") at = skipBlockComment(text, at)
    else if (char === "'") take("literal", skipQuoted(text, at, "'", false))
    else if ((char === "E" || char === "e") && next === "'") take("literal", skipQuoted(text, at + 1, "'", true))
    else if (/[BbXxNn]/.test(char) && next === "'") take("literal", skipQuoted(text, at + 1, "'", false))
    else if (char === "\"") take("quoted", skipQuoted(text, at, "\"", false))
    else if (char === "$" && next !== undefined && isDigit(next)) take("parameter", skipWhile(text, at + 1, isDigit))
    else if (char === "$") {
      const tagEnd = text.indexOf("$", at + 1)
      const tag = tagEnd === -1 ? undefined : text.slice(at, tagEnd + 1)
      if (tag === undefined || !/^\$[A-Za-z_0-9]*\$$/.test(tag)) take("symbol", at + 1)
      else {
        const close = text.indexOf(tag, tagEnd + 1)
        take("literal", close === -1 ? text.length : close + tag.length)
      }
    } else if (isDigit(char) || (char === "." && next !== undefined && isDigit(next))) {
      take("literal", skipWhile(text, at + 1, (one) => /[0-9A-Za-z._]/.test(one)))
    } else if (isWordStart(char)) take("word", skipWhile(text, at + 1, isWordPart))
    else take("symbol", at + 1)
  }
  return tokens
}

/** How much of a statement's shape is kept, in characters; a longer one says so at its end. */
export const maxTextLength = 2_000

const shapeOf = (tokens: ReadonlyArray<Token>): string => {
  let shape = ""
  let previous = ""
  for (const token of tokens) {
    const text = token.kind === "literal" ? "?" : token.text
    const tight = previous === "" || previous === "(" || previous === "." || text === "," || text === ")" ||
      text === "." || text === ";" || text === "(" || (previous === ":" && text === ":")
    shape += tight || (text === ":" && previous !== "") ? text : ` ${text}`
    if (shape.length > maxTextLength) return `${shape.slice(0, maxTextLength)}…`
    previous = text
  }
  return shape
}

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

const tableKeywords = new Set(["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING", "COPY", "TRUNCATE"])
const skippedAfterKeyword = new Set(["ONLY", "IF", "NOT", "EXISTS", "LATERAL", "TABLE"])
const mainVerbs = new Set<string>(operations)

const identifier = (token: Token | undefined): string | undefined =>
  token?.kind === "word"
    ? token.text.toLowerCase()
    : token?.kind === "quoted"
    ? token.text.slice(1, -1).replaceAll("\"\"", "\"")
    : undefined

/** The identifier that stands at `index`, without its schema. */
const tableAt = (tokens: ReadonlyArray<Token>, index: number): string | undefined => {
  let at = index
  let skipped = tokens[at]
  while (skipped?.kind === "word" && skippedAfterKeyword.has(skipped.text.toUpperCase())) skipped = tokens[++at]
  let name = identifier(tokens[at])
  while (name !== undefined && tokens[at + 1]?.text === ".") {
    at += 2
    name = identifier(tokens[at])
  }
  return name
}

const read = (tokens: ReadonlyArray<Token>): Reading => {
  const candidates: Array<Candidate> = []
  const defined = new Set<string>()
  const first = tokens[0]?.kind === "word" ? tokens[0].text.toUpperCase() : ""
  let operation: Operation | undefined
  let verb = 0
  let depth = 0
  let indexing = false
  tokens.forEach((token, index) => {
    if (token.text === "(" && token.kind === "symbol") depth++
    if (token.text === ")" && token.kind === "symbol") depth--
    if (token.kind !== "word") return
    const word = token.text.toUpperCase()
    if (operation === undefined && depth === 0 && mainVerbs.has(word)) {
      operation = word as Operation
      verb = index
    }
    if (word === "INDEX" && operation === "CREATE") indexing = true
    if (first === "WITH" && word === "AS" && depth === 0 && operation === undefined) {
      // `name AS (…)` or `name (columns) AS (…)`
      const before = tokens[index - 1]
      let name = index - 1
      if (before?.text === ")") { while (name > 0 && tokens[name]?.text !== "(") name-- }
      const defining = identifier(tokens[before?.text === ")" ? name - 1 : name])
      if (defining !== undefined) defined.add(defining)
    }
    if (tableKeywords.has(word) || (indexing && word === "ON")) {
      const name = tableAt(tokens, index + 1)
      if (name !== undefined) candidates.push({ name, index, depth })
    }
  })
  return { operation: operation ?? "OTHER", verb, candidates, defined }
}

const tableOf = (reading: Reading, known: ReadonlySet<string>): string => {
  const usable = reading.candidates.filter((candidate) => !reading.defined.has(candidate.name))
  const isKnown = (candidate: Candidate) => known.has(candidate.name)
  const main = usable.filter((candidate) => candidate.index >= reading.verb)
  // What a statement writes to comes before what it reads from, wherever both stand.
  const found = main.find((candidate) => candidate.depth === 0 && isKnown(candidate)) ?? main.find(isKnown) ??
    usable.find(isKnown)
  if (found !== undefined) return found.name
  return usable.length > 0 ? otherTable : noTable
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
  const tokens = tokenize(text.length > maxReadLength ? text.slice(0, maxReadLength) : text)
  const reading = read(tokens)
  return { operation: reading.operation, table: tableOf(reading, knownTables), shape: shapeOf(tokens) }
}

/** How many statements a classifier remembers; programs have few distinct texts, since values are parameters. */
const maxRemembered = 500

/** A classifier that remembers what it has seen. */
export const classifier = (knownTables: Iterable<string>): (text: string) => Classified => {
  const known = new Set(knownTables)
  const remembered = new Map<string, Classified>()
  return (text) => {
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
