import {
  code,
  isDigit,
  isKey,
  isLetter,
  isQuote,
  isSpace,
  isUpper,
  mark,
  runEnd,
  runStart,
  trimEnd,
  truncated
} from "./Characters.ts"
import { type Detector, followedByWord, isEscape } from "./Detector.ts"
import { decodeAscii } from "./Encoding.ts"
import { identify, isTemplate } from "./Identifiers.ts"
import type { KeyVerdict } from "./Keys.ts"

/** A key in running text is read back over at most as many characters. */
const longestKey = 64

/**
 * Named values in running text, judged by their names: `password=…`, `apiKey: …`, `"token":"…"` at any level of JSON
 * escaping, query strings, connection strings, header lines. Placeholders (`$1`, `?`, `{name}`) and SQL columns stay.
 */
export const pairDetector = (judge: Judge): Detector => ({
  name: "named-values",
  triggers: "=:",
  find: (text, found) => {
    let from = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c !== code.equals && c !== code.colon) continue
      const width = delimiter(text, i)
      if (width < 0) {
        i -= width + 1
        continue
      }
      const key = keyBefore(text, i, from)
      if (key === undefined) continue
      const name = text.slice(key.start, key.end)
      if (c === code.colon && isLocation(text, key.start, name, i)) continue
      const verdict = judge(name.includes("%") ? decodeAscii(name) : name)
      if (verdict.class === "plain") continue
      const end = replaceValue(text, { ...key, at: i, value: i + width, verdict }, judge, found)
      if (end > i) {
        from = end
        i = end - 1
      }
    }
  }
})

/** How long the delimiter at `at` is, or the negative length of an operator that only looks like one. */
const delimiter = (text: string, at: number): number => {
  const next = text.charCodeAt(at + 1)
  if (text.charCodeAt(at) === code.colon) {
    if (next === code.equals) return 2
    if (next === code.colon) return -2
    return next === code.slash && text.charCodeAt(at + 2) === code.slash ? -3 : 1
  }
  if (next === code.greater) return -2
  if (next !== code.equals) return 1
  const end = runEnd(text, at, (c) => c === code.equals)
  return isSpace(text.charCodeAt(end)) || isSpace(text.charCodeAt(at - 1)) || end === text.length ? at - end : 1
}

interface Key {
  readonly start: number
  readonly end: number
  readonly quoted: boolean
  /** White space stands between key and delimiter. */
  readonly apart: boolean
}

const keyBefore = (text: string, at: number, from: number): Key | undefined => {
  let end = at
  while (end > from && at - end < 2 && (text.charCodeAt(end - 1) === code.space)) end--
  const apart = end < at
  let quoted = false
  const closers = end
  while (end > from && closers - end < 8) {
    const c = text.charCodeAt(end - 1)
    if (isQuote(c)) quoted = true
    else if (c !== code.closeBracket && c !== code.backslash) break
    end--
  }
  let start = runStart(text, end, isKey, Math.max(from, end - longestKey))
  // In an escaped line break (`\npassword: …`) the letter after the backslash is no part of the key.
  if (
    start > 0 && end - start > 1 && text.charCodeAt(start - 1) === code.backslash && isEscape(text.charCodeAt(start))
  ) {
    start++
  }
  return end > start ? { start, end, quoted, apart } : undefined
}

/** `/src/token.ts:12:5`, `token.ts:12`: a place in a file, not a name and its value. */
const isLocation = (text: string, start: number, name: string, at: number): boolean => {
  const before = start > 0 ? text.charCodeAt(start - 1) : 0
  if (before === code.slash || (before === code.backslash && name.includes("."))) return true
  return name.includes(".") && isDigit(text.charCodeAt(at + 1))
}

interface Pair extends Key {
  readonly at: number
  /** Where the delimiter ends. */
  readonly value: number
  readonly verdict: KeyVerdict
}

type Judge = (key: string) => KeyVerdict
type Found = (start: number, end: number, replacement: string) => void

/** Replaces the value of a pair and answers where it ends, or -1 where there is nothing to replace. */
const replaceValue = (text: string, pair: Pair, judge: Judge, found: Found): number => {
  const start = runEnd(text, pair.value, (c) => c === code.space || c === code.tab)
  if (start >= text.length) return -1
  const slashes = runEnd(text, start, (c) => c === code.backslash) - start
  const quote = text.charCodeAt(start + slashes)
  if (isQuote(quote)) return replaceQuoted(text, pair, start + slashes + 1, quote, slashes, judge, found)
  if (text.startsWith(truncated, start)) return -1
  if (text.startsWith(mark, start) && !continues(text.charCodeAt(start + mark.length))) return start + mark.length
  const spaced = start > pair.value
  const colon = text.charCodeAt(pair.at) === code.colon
  // Prose (`user: …`, `uid: …`) speaks of people without naming their ids.
  if (pair.verdict.class === "identifier" && pair.verdict.words.length === 1 && colon && !pair.quoted) return -1
  const template = templateEnd(text, start)
  if (template > start && standsForValue(text.slice(start, template), pair.verdict, judge)) return template
  const first = text.charCodeAt(start)
  const group = first === code.openBracket || first === code.openBrace
  const end = pair.verdict.line !== undefined
    ? lineEnd(text, start, pair.verdict.line, colon)
    : trimEnd(text, start, valueEnd(text, start))
  if (end <= start) return -1
  const value = text.slice(start, end)
  if (isHarmless(value) || isPlaceholder(value, spaced && !colon)) return end
  if (spaced && !colon && isColumn(value)) return end
  if (colon && spaced && !pair.quoted && pair.verdict.weak && inProse(text, pair.start) && !looksSecret(value)) {
    return -1
  }
  if (group && (pair.quoted || !spaced || !pair.verdict.weak)) {
    const close = groupEnd(text, start)
    found(start, close, mark)
    return close
  }
  put(text, start, end, pair.verdict, spaced && !colon, judge, found)
  return end
}

const replaceQuoted = (
  text: string,
  pair: Pair,
  start: number,
  quote: number,
  slashes: number,
  judge: Judge,
  found: Found
): number => {
  // A quote closes where as many backslashes stand before it as before the opening one, escaped ones aside.
  let end = text.length
  let after = end
  let run = 0
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === quote && run % (2 * slashes + 2) === slashes) {
      end = i - slashes
      after = i + 1
      break
    }
    run = c === code.backslash ? run + 1 : 0
  }
  if (end <= start) return after
  // `"u"."user_id" = "p"."user_id"` compares columns.
  if (text.charCodeAt(after) === code.dot && quote !== code.apostrophe) return after
  put(text, start, end, pair.verdict, false, judge, found)
  return after
}

const put = (
  text: string,
  start: number,
  end: number,
  verdict: KeyVerdict,
  sql: boolean,
  judge: Judge,
  found: Found
): void => {
  const value = text.slice(start, end)
  if (isHarmless(value) || isPlaceholder(value, sql) || standsForValue(value, verdict, judge)) return
  const replacement = verdict.class === "identifier" ? identify(value) : mark
  if (replacement !== value) found(start, end, replacement)
}

/**
 * Where an unquoted value ends: at white space or a closing quote, and at `&`, `,`, `;` only where another pair or the
 * end of the clause follows, because passwords contain them.
 */
const valueEnd = (text: string, start: number): number => {
  let i = start
  while (i < text.length) {
    const c = text.charCodeAt(i)
    if (isSpace(c) || (c === code.greater && i > start && text.charCodeAt(start) !== code.less)) return i
    if (isQuote(c) && !followedByWord(text, i)) return i
    if (c === code.backslash && isEscape(text.charCodeAt(i + 1))) return i
    if (c !== code.ampersand && c !== code.comma && c !== code.semicolon) {
      i++
      continue
    }
    const name = runEnd(text, i + 1, (d) => d === code.space)
    const nameEnd = runEnd(text, name, (d) => isKey(d) || d === code.openBracket || d === code.closeBracket)
    if (name > i + 1 || nameEnd >= text.length) return i
    const next = text.charCodeAt(nameEnd)
    if (isSpace(next) || next === code.equals || next === code.colon || isQuote(next)) return i
    i = Math.max(nameEnd, i + 1)
  }
  return i
}

/** Where a header's value ends: a cookie with its line, an authorization after its scheme and its credentials. */
const lineEnd = (text: string, start: number, line: "cookie" | "authorization", colon: boolean): number => {
  if (line === "cookie" && !colon) {
    // A parameter of that name (`?cookie=…&`) ends like others; a list of cookies goes on after its semicolon.
    const first = valueEnd(text, start)
    if (text.charCodeAt(first) !== code.semicolon) return trimEnd(text, start, first)
  }
  if (line === "authorization") {
    const first = valueEnd(text, start)
    const scheme = text.slice(start, first)
    if (!whole.has(scheme.toLowerCase())) {
      if (text.charCodeAt(first) !== code.space || runEnd(scheme, 0, isScheme) < scheme.length) {
        return trimEnd(text, start, first)
      }
      const second = runEnd(text, first, (c) => c === code.space)
      return trimEnd(text, start, Math.max(first, valueEnd(text, second)))
    }
  }
  let i = start
  while (i < text.length) {
    const c = text.charCodeAt(i)
    if (c === code.newline || c === code.carriageReturn) break
    if (c === code.backslash && isEscape(text.charCodeAt(i + 1))) break
    if (isQuote(c) && closesString(text.charCodeAt(i + 1))) break
    i++
  }
  return i
}

const isScheme = (c: number): boolean => isLetter(c) || isDigit(c) || c === code.dash
/** Schemes whose credentials are a list of parameters. */
const whole = new Set(["digest", "aws4-hmac-sha256", "oauth", "hawk", "signature", "scram-sha-256"])

const closesString = (c: number): boolean =>
  Number.isNaN(c) || isSpace(c) || c === code.comma || c === code.closeBrace || c === code.closeBracket ||
  c === code.close

/** Where the bracket that opens at `start` closes, or the end of the text. */
const groupEnd = (text: string, start: number): number => {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === code.openBracket || c === code.openBrace) depth++
    else if ((c === code.closeBracket || c === code.closeBrace) && --depth === 0) return i + 1
  }
  return text.length
}

/** Values under a sensitive name that say only whether there is one, or that another tool has masked. */
export const isHarmless = (value: string): boolean => {
  switch (value.length) {
    case 0:
      return true
    case 4:
      if (value === "null" || value === "true" || value === "NULL") return true
      break
    case 5:
      if (value === "false") return true
      break
    case 9:
      if (value === "undefined") return true
  }
  if (value === mark || value === "<redacted>") return true
  return runEnd(value, 0, (c) => c === code.asterisk) === value.length
}

/** `$1`, `?`, `%s`, and in SQL also `:name`, `@name`, `any($1`: what stands for a value without being one. */
export const isPlaceholder = (value: string, sql: boolean): boolean => {
  const c = value.charCodeAt(0)
  if (c === code.dollar) {
    const end = runEnd(value, 1, isDigit)
    return end > 1 && (end === value.length || endsPlaceholder(value.charCodeAt(end)))
  }
  if (c === code.question) return value.length === 1
  if (c === code.percent) return value.length === 2 && isLetter(value.charCodeAt(1))
  if (!sql) return false
  if (c === code.colon || c === code.at) return value.length > 1 && runEnd(value, 1, isName) === value.length
  return isCallOfPlaceholder(value)
}

/** Where a template that opens at `start` closes (`{name}`, `{{name}}`, `${name}`, `<name>`), or `start`. */
const templateEnd = (text: string, start: number): number => {
  const open = text.charCodeAt(start) === code.dollar ? start + 1 : start
  const c = text.charCodeAt(open)
  if (c !== code.openBrace && (c !== code.less || open > start)) return start
  const closes = c === code.less ? code.greater : code.closeBrace
  const end = runEnd(text, open, (d) => d !== closes && !isSpace(d), Math.min(text.length, open + 68))
  if (text.charCodeAt(end) !== closes) return start
  return runEnd(text, end, (d) => d === closes, end + 2)
}

/** A template stands for the value where it is marked as one (`{{x}}`, `${x}`) or names a secret (`{apikey}`). */
const standsForValue = (value: string, verdict: KeyVerdict, judge: Judge): boolean => {
  if (!isTemplate(value) || value.charCodeAt(0) === code.openBracket) return false
  if (value.charCodeAt(0) === code.colon || value.charCodeAt(0) === code.asterisk) return false
  if (verdict.class === "identifier" || value.charCodeAt(0) === code.dollar) return true
  if (value.charCodeAt(1) === code.openBrace) return true
  const name = value.slice(1, -1)
  return name === "redacted" || judge(name).class !== "plain"
}

/** `$1::uuid`, `$1,$2`. */
const endsPlaceholder = (c: number): boolean => c === code.colon || c === code.comma || c === code.close

const isName = (c: number): boolean => isLetter(c) || isDigit(c) || c === code.underscore

/** `any($1`, `crypt($2`. */
const isCallOfPlaceholder = (value: string): boolean => {
  const open = runEnd(value, 0, isName)
  return open > 0 && value.charCodeAt(open) === code.open && value.charCodeAt(open + 1) === code.dollar &&
    isDigit(value.charCodeAt(open + 2))
}

/** `excluded.password`, `u.id`: a column of a table. */
const isColumn = (value: string): boolean => {
  const dot = runEnd(value, 0, isName)
  if (dot === 0 || isDigit(value.charCodeAt(0)) || value.charCodeAt(dot) !== code.dot) return false
  const column = value.charCodeAt(dot + 1) === code.quote ? dot + 2 : dot + 1
  const end = runEnd(value, column, isName)
  return end > column && !isDigit(value.charCodeAt(column)) &&
    (end === value.length || (end === value.length - 1 && isQuote(value.charCodeAt(end))))
}

/** A word stands directly before the key: `Unexpected token: …`, `cache key: …`. */
const inProse = (text: string, start: number): boolean =>
  start > 1 && text.charCodeAt(start - 1) === code.space && isLetter(text.charCodeAt(start - 2))

/** Unlike a word of prose: it has a digit, a sign inside, mixed case, or great length. */
const looksSecret = (value: string): boolean => {
  if (value.length >= 20) return true
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (isDigit(c) || (i > 0 && isUpper(c) && !isUpper(value.charCodeAt(i - 1)))) return true
    if (i > 0 && i < value.length - 1 && !isLetter(c) && c !== code.dash && c !== code.apostrophe) return true
  }
  return false
}

const continues = (c: number): boolean => isLetter(c) || isDigit(c)

/** `--password hunter2`, `--api-key=…` is found by its delimiter, the spaced form here. */
export const flagDetector = (judge: Judge): Detector => ({
  name: "command-line-flags",
  triggers: "-",
  find: (text, found) => {
    for (let at = text.indexOf("--"); at >= 0; at = text.indexOf("--", at)) {
      const end = runEnd(text, at, isKey)
      const next = text.charCodeAt(end + 1)
      const before = at === 0 || isSpace(text.charCodeAt(at - 1)) || isQuote(text.charCodeAt(at - 1))
      const start = end
      at = Math.max(end, at + 2)
      if (!before || text.charCodeAt(start) !== code.space || isSpace(next) || next === code.dash || end - start > 64) {
        continue
      }
      const flagStart = runStart(text, start, isKey, Math.max(0, start - longestKey))
      const verdict = judge(text.slice(flagStart, start))
      if (verdict.class === "plain") continue
      if (text.startsWith(mark, start + 1)) continue
      const valueStop = trimEnd(text, start + 1, valueEnd(text, start + 1))
      if (valueStop <= start + 1) continue
      put(text, start + 1, valueStop, verdict, false, judge, found)
      at = valueStop
    }
  }
})
