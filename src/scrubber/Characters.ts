/**
 * Character classes of the scanners: one table look-up each, so that a scan is a fixed number of steps per character.
 */

/** What stands in the place of a secret. */
export const mark = "[redacted]"

/** How the mark at the end of a shortened text begins. */
export const truncated = "…[truncated"

export const code = {
  tab: 9,
  newline: 10,
  carriageReturn: 13,
  space: 32,
  bang: 33,
  quote: 34,
  hash: 35,
  dollar: 36,
  percent: 37,
  ampersand: 38,
  apostrophe: 39,
  open: 40,
  close: 41,
  asterisk: 42,
  plus: 43,
  comma: 44,
  dash: 45,
  dot: 46,
  slash: 47,
  zero: 48,
  nine: 57,
  colon: 58,
  semicolon: 59,
  less: 60,
  equals: 61,
  greater: 62,
  question: 63,
  at: 64,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  underscore: 95,
  backtick: 96,
  openBrace: 123,
  pipe: 124,
  closeBrace: 125,
  tilde: 126
} as const

const digit = 1
const letter = 2
const space = 4
const key = 8
const token = 16
const local = 32
const closer = 64
const quote = 128

const table = new Uint8Array(128)
const mark_ = (characters: string, bit: number) => {
  for (let i = 0; i < characters.length; i++) {
    const at = characters.charCodeAt(i)
    table[at] = (table[at] ?? 0) | bit
  }
}
const digits = "0123456789"
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
mark_(digits, digit)
mark_(letters, letter)
mark_(" \t\n\r\v\f", space)
mark_(`${digits}${letters}_-.%$`, key)
mark_(`${digits}${letters}._~+/=-`, token)
mark_(`${digits}${letters}._%+-!#*^~'`, local)
mark_(")]}.,!?:;", closer)
mark_("\"'`", quote)

/**
 * A table with 1 for each of the signs. Tables are filled in functions: V8 compiles anew what loops, and a loop that no
 * function holds makes it compile all that the file runs when it is loaded, half a millisecond of it.
 */
export const tableOf = (signs: string): Uint8Array => {
  const marked = new Uint8Array(128)
  for (let i = 0; i < signs.length; i++) marked[signs.charCodeAt(i)] = 1
  return marked
}

const base64 = tableOf(`${digits}${letters}+/-_`)

const has = (c: number, bits: number): boolean => c < 128 && ((table[c] ?? 0) & bits) !== 0

export const isDigit = (c: number): boolean => c >= code.zero && c <= code.nine
export const isLetter = (c: number): boolean => has(c, letter)
export const isAlphanumeric = (c: number): boolean => has(c, letter | digit)
export const isUpper = (c: number): boolean => c >= 65 && c <= 90
export const isLower = (c: number): boolean => c >= 97 && c <= 122
/** Part of a key, a parameter name, an attribute name. */
export const isKey = (c: number): boolean => has(c, key)
/** Part of a bearer token (RFC 6750 `b64token`). */
export const isToken = (c: number): boolean => has(c, token)
/** Part of base64, of either alphabet. */
export const isBase64 = (c: number): boolean => c < 128 && base64[c] === 1
/** Part of the local part of an e-mail address; letters beyond ASCII count, general punctuation does not. */
export const isLocal = (c: number): boolean => c < 128 ? has(c, local) : isForeignLetter(c)
/** Part of a host name. */
export const isHost = (c: number): boolean => c < 128 ? has(c, letter | digit) || c === code.dash : isForeignLetter(c)
/** Punctuation that ends a sentence or a bracket rather than belonging to the value before it. */
export const isCloser = (c: number): boolean => has(c, closer)
export const isQuote = (c: number): boolean => has(c, quote)

const isForeignLetter = (c: number): boolean => c >= 0xc0 && !isSpace(c) && !(c >= 0x2000 && c <= 0x206f)

export const isSpace = (c: number): boolean =>
  c < 128 ?
    has(c, space) :
    c === 0xa0 || c === 0x1680 || (c >= 0x2000 && c <= 0x200a) || c === 0x2028 || c === 0x2029 ||
    c === 0x202f || c === 0x205f || c === 0x3000 || c === 0xfeff

export const isHex = (c: number): boolean => isDigit(c) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70)

export const hexValue = (c: number): number => isDigit(c) ? c - 48 : (c | 32) - 87

/** Where the run of characters that satisfy `test` ends, from `start` on. */
export const runEnd = (text: string, start: number, test: (c: number) => boolean, limit = text.length): number => {
  let i = start
  while (i < limit && test(text.charCodeAt(i))) i++
  return i
}

/** Where the run of characters that satisfy `test` and ends before `end` begins, not before `floor`. */
export const runStart = (text: string, end: number, test: (c: number) => boolean, floor: number): number => {
  let i = end
  while (i > floor && test(text.charCodeAt(i - 1))) i--
  return i
}

/** Whether `word` (lower case) stands at `start`, in any case. */
export const startsWithIgnoringCase = (text: string, word: string, start: number): boolean => {
  if (start < 0 || start + word.length > text.length) return false
  for (let i = 0; i < word.length; i++) {
    const c = text.charCodeAt(start + i)
    if ((isUpper(c) ? c | 32 : c) !== word.charCodeAt(i)) return false
  }
  return true
}

/** Two letters in small letters and capitals. */
export const inAnyCase = (pair: string): ReadonlyArray<string> => {
  const [first = "", second = ""] = pair
  return [pair, pair.toUpperCase(), first.toUpperCase() + second, first + second.toUpperCase()]
}

/** The end of a value without the punctuation that closes its sentence or bracket. */
export const trimEnd = (text: string, start: number, end: number): number => {
  let i = end
  while (i > start + 1 && isCloser(text.charCodeAt(i - 1))) i--
  return i
}
