import {
  code,
  isCloser,
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
import { identify } from "./Identifiers.ts"
import type { KeyVerdict } from "./Keys.ts"
import {
  isColumn,
  isColumnName,
  isCount,
  isHarmless,
  isPlaceholder,
  isState,
  standsForValue,
  templateEnd
} from "./Placeholders.ts"

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
      if (verdict.class === "plain" || isHarmlessKey(text, key.start, name, judge)) continue
      const end = replaceValue(text, { ...key, at: i, value: i + width, verdict }, judge, found)
      if (end > i) {
        // The value may turn out to be the next key (`password= user_id: 42`), so it can be read back over.
        from = i + width
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
  if (text.charCodeAt(at - 1) === code.equals) return -1
  if (next === code.greater) return -2
  if (next !== code.equals) return 1
  // Two of them compare, or fill up what was encoded in base64.
  const end = runEnd(text, at, (c) => c === code.equals)
  const after = text.charCodeAt(end)
  if (isSpace(after) || isCloser(after) || isSpace(text.charCodeAt(at - 1)) || end === text.length) return at - end
  const quote = runEnd(text, end, (c) => c === code.backslash)
  return isQuote(text.charCodeAt(quote)) && !continues(text.charCodeAt(quote + 1)) ? at - end : 1
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
  if ((first === code.openBracket || first === code.openBrace) && (pair.quoted || !spaced || !pair.verdict.weak)) {
    const close = groupEnd(text, start)
    const end = continues(text.charCodeAt(close)) ? valueEnd(text, close) : close
    found(start, end, mark)
    return end
  }
  const word = trimEnd(text, start, valueEnd(text, start))
  const said = text.slice(start, word)
  if ((colon && isState(said)) || isCount(said, pair.verdict)) return word
  const end = pair.verdict.line !== undefined
    ? lineEnd(text, start, pair.verdict.line, colon)
    : word
  if (end <= start || (end === start + 1 && isCloser(first))) return -1
  const value = text.slice(start, end)
  if (isHarmless(value) || isPlaceholder(value, spaced && !colon)) return end
  if (spaced && !colon && isColumn(value)) return end
  if (colon && spaced && !pair.quoted && pair.verdict.weak && inProse(text, pair.start) && !looksSecret(value)) {
    return -1
  }
  put(text, start, end, pair.verdict, spaced && !colon, judge, found)
  return end
}

/** An apostrophe that another one follows soon. */
const goesOnBehind = (text: string, at: number, quote: number): boolean => {
  if (quote !== code.apostrophe) return false
  const limit = Math.min(text.length, at + longestKey)
  return runEnd(text, at + 1, (c) => c !== quote && c !== code.newline, limit) < limit
}

/** A value goes on here, rather than that an empty one has ended. */
const goesOn = (text: string, at: number): boolean => {
  const c = text.charCodeAt(at)
  return at < text.length && !isSpace(c) && !isCloser(c) && !isQuote(c) && c !== code.ampersand && c !== code.less &&
    c !== code.backslash && c !== code.pipe
}

const replaceQuoted = (
  text: string,
  pair: Pair,
  open: number,
  quote: number,
  slashes: number,
  judge: Judge,
  found: Found
): number => {
  // In SQL and CSV the quotes of a text inside a text are doubled.
  const doubled = slashes === 0 && text.charCodeAt(open) === quote && goesOn(text, open + 1)
  const start = doubled ? open + 1 : open
  // A quote closes where as many backslashes stand before it as before the opening one, escaped ones aside.
  let end = text.length
  let after = end
  let run = 0
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i)
    const closes = c === quote && run % (2 * slashes + 2) === slashes &&
      // `it\\'s`, `it's`: inside a word, where the backslash itself was escaped, or another quote closes.
      !(followedByWord(text, i) && (run > slashes || goesOnBehind(text, i, quote))) &&
      (!doubled || (run === 0 && text.charCodeAt(i + 1) === quote && !followedByWord(text, i + 1)))
    if (closes) {
      end = i - slashes
      after = doubled ? i + 2 : i + 1
      break
    }
    run = c === code.backslash ? run + 1 : 0
  }
  if (end <= start) return after
  // `"u"."user_id" = "p"."user_id"` compares columns.
  if (quote === code.quote && text.charCodeAt(after) === code.dot && text.charCodeAt(after + 1) === code.quote) {
    if (pair.apart && start > pair.value + 1 && isColumnName(text.slice(start, end))) return after
  }
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
  const encoded = line === "authorization" && isEncodedList(text, start)
  if (line === "authorization" && !encoded) {
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
  // Values of parameters are quoted after their `=`; any other quote closes the string that holds the header.
  let inside = 0
  let i = start
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === code.newline || c === code.carriageReturn || (encoded && (isSpace(c) || c === code.ampersand))) break
    if (c === code.backslash) {
      const next = text.charCodeAt(i + 1)
      if (next === 110 || next === 114) break
    }
    if (!isQuote(c) || (inside === 0 && followedByWord(text, i) && !followsEquals(text, i))) continue
    if (inside === c) inside = 0
    else if (inside === 0) {
      if (!followsEquals(text, i)) break
      inside = c
    }
  }
  return i
}

const followsEquals = (text: string, at: number): boolean =>
  text.charCodeAt(text.charCodeAt(at - 1) === code.backslash ? at - 2 : at - 1) === code.equals

const isScheme = (c: number): boolean => isLetter(c) || isDigit(c) || c === code.dash
/** Schemes whose credentials are a list of parameters. */
const whole = new Set(["digest", "aws4-hmac-sha256", "oauth", "hawk", "signature", "scram-sha-256"])

/** `Digest%20username=…`, `+Digest+username=…`: a list of parameters in a URL, which has no blanks. */
const isEncodedList = (text: string, start: number): boolean => {
  const first = text.startsWith("%20", start) ? start + 3 : text.charCodeAt(start) === code.plus ? start + 1 : start
  const end = runEnd(text, first, isScheme, first + longestKey)
  const after = text.charCodeAt(end)
  return (after === code.percent || after === code.plus) && whole.has(text.slice(first, end).toLowerCase())
}

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

/** A word stands directly before the key: `Unexpected token: …`, `cache key: …`. */
const inProse = (text: string, start: number): boolean =>
  start > 1 && text.charCodeAt(start - 1) === code.space && isLetter(text.charCodeAt(start - 2))

/** `cache key`, `partition key`: the word before says which harmless key is meant. */
const isHarmlessKey = (text: string, start: number, name: string, judge: Judge): boolean => {
  if (name.toLowerCase() !== "key" || !inProse(text, start)) return false
  const before = text.slice(runStart(text, start - 1, isLetter, Math.max(0, start - longestKey)), start - 1)
  return judge(`${before} key`).class === "plain"
}

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
  pairs: ["--"],
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
      // `--user bob:…`: the name comes with its password.
      if (verdict.class === "identifier" && text.slice(start + 1, valueStop).includes(":")) {
        found(start + 1, valueStop, mark)
      } else put(text, start + 1, valueStop, verdict, false, judge, found)
      at = valueStop
    }
  }
})
