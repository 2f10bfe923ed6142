/**
 * Splits an SQL text into tokens as PostgreSQL's lexer does: strings with both kinds of escapes, dollar quotes, nested
 * comments, quoted identifiers. Comments are left out: they may hold values.
 */

/** A piece of an SQL text. */
export interface Token {
  readonly kind: "word" | "quoted" | "literal" | "parameter" | "symbol"
  readonly text: string
}

const wordStart = /[A-Za-z_\u0080-\uffff]/
const wordPart = /[A-Za-z0-9_$\u0080-\uffff]/
const numberPart = /[0-9A-Za-z._]/
const space = /\s/
const dollarTag = /^\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$$/

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= "0" && char <= "9"

/** The position after a quoted run that begins at `start`; a doubled quote stays inside, so does an escaped one. */
const afterQuoted = (text: string, start: number, quote: string, backslashes: boolean): number => {
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

const afterBlockComment = (text: string, start: number): number => {
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

const afterWhile = (text: string, start: number, belongs: (char: string) => boolean): number => {
  let at = start
  while (at < text.length && belongs(text[at]!)) at++
  return at
}

/** The position after a dollar-quoted string that begins at `start`; `start` where none does. */
const afterDollarQuoted = (text: string, start: number): number => {
  const tagEnd = text.indexOf("$", start + 1)
  if (tagEnd === -1) return start
  const tag = text.slice(start, tagEnd + 1)
  if (!dollarTag.test(tag)) return start
  const close = text.indexOf(tag, tagEnd + 1)
  return close === -1 ? text.length : close + tag.length
}

/** Splits a text into tokens, in one pass. */
export const tokenize = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let at = 0
  const take = (kind: Token["kind"], end: number): void => {
    tokens.push({ kind, text: text.slice(at, end) })
    at = end
  }
  while (at < text.length) {
    const char = text[at]!
    const next = text[at + 1]
    if (space.test(char)) at++
    else if (char === "-" && next === "-") at = afterWhile(text, at, (one) => one !== "\n" && one !== "\r")
    else if (char === "/" && next === "*") at = afterBlockComment(text, at)
    else if (char === "'") take("literal", afterQuoted(text, at, "'", false))
    else if ((char === "E" || char === "e") && next === "'") take("literal", afterQuoted(text, at + 1, "'", true))
    else if ("BbXxNn".includes(char) && next === "'") take("literal", afterQuoted(text, at + 1, "'", false))
    else if (char === "\"") take("quoted", afterQuoted(text, at, "\"", false))
    else if (char === "$" && isDigit(next)) take("parameter", afterWhile(text, at + 1, isDigit))
    else if (char === "$") {
      const end = afterDollarQuoted(text, at)
      if (end === at) take("symbol", at + 1)
      else take("literal", end)
    } else if (isDigit(char) || (char === "." && isDigit(next))) {
      take("literal", afterWhile(text, at + 1, (one) => numberPart.test(one)))
    } else if (wordStart.test(char)) take("word", afterWhile(text, at + 1, (one) => wordPart.test(one)))
    else take("symbol", at + 1)
  }
  return tokens
}

/** How much of a statement's shape is kept, in characters; a longer one says so at its end. */
export const maxTextLength = 2_000

/** The text of tokens with `?` for each literal, at most `maxTextLength` characters. */
export const shapeOf = (tokens: ReadonlyArray<Token>): string => {
  let shape = ""
  let previous = ""
  for (const token of tokens) {
    const text = token.kind === "literal" ? "?" : token.text
    const tight = previous === "" || previous === "(" || previous === "." || previous === ":" ||
      text === "," || text === ")" || text === "." || text === ";" || text === "(" || text === ":"
    shape += tight ? text : ` ${text}`
    if (shape.length > maxTextLength) return `${shape.slice(0, maxTextLength).toWellFormed()}…`
    previous = text
  }
  return shape
}
