import { code, isAlphanumeric, isDigit, isLetter, isSpace, mark, runEnd, runStart } from "./Characters.ts"
import type { Detector } from "./Detector.ts"

/** Country codes of one and of two digits (ITU-T E.164); every other one has three. */
const shortCodes = new Set(
  ("1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 " +
    "90 91 92 93 94 95 98").split(" ")
)
/** First two digits of country codes of three digits. */
const longCodes = new Set("21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 85 87 88 96 97 99".split(" "))

/** E.164 allows 15 digits. */
const mostDigits = 15

/** Each of these signs with each digit behind it. */
const beforeDigits = (signs: string): ReadonlyArray<string> =>
  signs.split("").flatMap((sign) => Array.from({ length: 10 }, (_, value) => `${sign}${value}`))

/** `+49 30 901820`, `+14155552671`, `+1 (415) 555-2671`: a country code and as many digits as it can have. */
export const internationalPhoneDetector: Detector = {
  name: "international-phone-numbers",
  triggers: "+",
  pairs: beforeDigits("+"),
  minDigits: 9,
  find: (text, found) => {
    for (let at = text.indexOf("+"); at >= 0; at = text.indexOf("+", at)) {
      const start = at++
      if (!isDigit(text.charCodeAt(at)) || !mayBegin(text, start)) continue
      const end = readNumber(text, at, isInternational)
      if (end < 0) continue
      found(start, end, mark)
      at = end
    }
  }
}

/** A `+` behind an escaped quote is seen here only: where that is decoded, it stands for a blank. */
const mayBegin = (text: string, start: number): boolean =>
  start === 0 || opens(text.charCodeAt(start - 1)) || text.startsWith("%22", start - 3) ||
  text.startsWith("%27", start - 3)

const isInternational = (digits: string, groups: number): boolean => {
  if (digits.startsWith("1")) return isNorthAmerican(digits.slice(1))
  if (digits.length < (groups > 1 ? 9 : 10) || digits.length > mostDigits) return false
  const two = digits.slice(0, 2)
  return shortCodes.has(digits.slice(0, 1)) || shortCodes.has(two) || longCodes.has(two)
}

/** Area and exchange begin with 2 to 9. */
const isNorthAmerican = (digits: string): boolean =>
  digits.length === 10 && digits.charCodeAt(0) > 49 && digits.charCodeAt(3) > 49

/** `(415) 555-2671`, `415-555-2671`: North American numbers, which nothing but their form tells. */
export const nationalPhoneDetector: Detector = {
  name: "national-phone-numbers",
  triggers: "-",
  pairs: beforeDigits("-"),
  minDigits: 10,
  find: (text, found) => {
    let done = 0
    for (let dash = text.indexOf("-"); dash >= 0; dash = text.indexOf("-", dash + 1)) {
      const end = dash + 5
      if (dash < done + 7 || runEnd(text, dash + 1, isDigit, end) !== end || !ends(text, end)) continue
      const exchange = dash - 3
      if (runStart(text, dash, isDigit, exchange) !== exchange) continue
      const start = areaStart(text, exchange, done)
      if (start < 0) continue
      found(start, end, mark)
      done = end
      dash = end - 1
    }
  }
}

/** Where the area's digits before an exchange begin, with their bracket and the `1` before them, or -1. */
const areaStart = (text: string, exchange: number, floor: number): number => {
  const spaced = isSpace(text.charCodeAt(exchange - 1)) ? exchange - 1 : exchange
  const bracket = text.charCodeAt(spaced - 1) === code.close
  if (!bracket && (spaced < exchange || text.charCodeAt(spaced - 1) !== code.dash)) return -1
  const area = spaced - 4
  if (area < floor || runStart(text, spaced - 1, isDigit, area) !== area) return -1
  const digits = `${text.slice(area, area + 3)}${text.slice(exchange, exchange + 3)}${
    text.slice(exchange + 4, exchange + 8)
  }`
  const start = bracket ? area - 1 : area
  if (!isNorthAmerican(digits) || (bracket && text.charCodeAt(start) !== code.open)) return -1
  const trunk = start - 2
  if (trunk >= floor && text.charCodeAt(trunk) === 49 && isTrunkSign(text.charCodeAt(start - 1))) {
    return standsFree(text, trunk, floor) ? trunk : -1
  }
  return standsFree(text, start, floor) ? start : -1
}

const isTrunkSign = (c: number): boolean => c === code.dash || isSpace(c)

const standsFree = (text: string, start: number, floor: number): boolean =>
  start === 0 || (start > floor && opens(text.charCodeAt(start - 1)))

/** What speaks of a phone number before it. */
const names = new Set([
  "call",
  "called",
  "cell",
  "dial",
  "dialled",
  "fax",
  "handy",
  "mobil",
  "mobile",
  "msisdn",
  "phone",
  "ring",
  "rufnummer",
  "sms",
  "tel",
  "telefon",
  "telephone",
  "tél",
  "whatsapp"
])

/** Between that word and the number: `phone number is 020 7946 0958`. */
const fillers = new Set(["at", "is", "me", "no", "nr", "number", "on", "to", "us", "was"])

/** What stands between such a word and the number; `\0` is white space beyond ASCII. */
const betweens = " \t\n\r\v\f\0.:(+=\"'#"

/** `Tel. 030 901820`, `phone number is 020 7946 0958`: any number of that length behind a word that says what it is. */
export const wordedPhoneDetector: Detector = {
  name: "named-phone-numbers",
  triggers: "0123456789",
  pairs: beforeDigits(betweens),
  minDigits: 7,
  find: (text, found) => {
    let before: number = code.space
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      const start = isDigit(c) && isBetween(before) ? i : -1
      before = c
      if (start < 0 || !isNamed(text, start)) continue
      const end = readNumber(text, start, isNumber)
      if (end < 0) continue
      found(opening(text, start), end, mark)
      i = end - 1
    }
  }
}

/** The bracket or the `+` before a number belongs to it. */
const opening = (text: string, start: number): number => {
  const before = text.charCodeAt(start - 1)
  return before === code.open || before === code.plus ? start - 1 : start
}

/** At most two fillers are read back over. */
const isNamed = (text: string, start: number): boolean => {
  let end = start
  for (let count = 0; count < 3; count++) {
    const gap = end
    end = runStart(text, end, isBetween, Math.max(0, end - 4))
    if (gap === end) return false
    const wordStart = runStart(text, end, isWord, Math.max(0, end - 12))
    const word = text.slice(wordStart, end).toLowerCase()
    if (names.has(word)) return true
    if (!fillers.has(word)) return false
    end = wordStart
  }
  return false
}

const isWord = (c: number): boolean => isLetter(c) || c >= 0xc0

const isBetween = (c: number): boolean =>
  isSpace(c) || c === code.dot || c === code.colon || c === code.open || c === code.plus || c === code.equals ||
  c === code.quote || c === code.apostrophe || c === code.hash

const isNumber = (digits: string): boolean => digits.length >= 7 && digits.length <= mostDigits

/**
 * Where the longest number from `start` on that `accepts` takes ends, or -1: digits with single separators between their groups. What
 * follows it may be another number (`… 555-2671 200`), so that shorter ones are tried as well.
 */
const readNumber = (
  text: string,
  start: number,
  accepts: (digits: string, groups: number) => boolean
): number => {
  let longest = -1
  let digits = ""
  let dots = 0
  for (let at = start, groups = 1; digits.length < mostDigits; groups++) {
    const end = runEnd(text, at, isDigit, at + mostDigits + 1)
    if (end === at || isAlphanumeric(text.charCodeAt(end))) break
    digits += text.slice(at, end)
    at = separatorEnd(text, end)
    const fraction = dots === 1 && groups === 2
    if (!fraction && accepts(digits, groups)) longest = end
    if (at === end) break
    if (text.charCodeAt(end) === code.dot) dots++
  }
  return longest
}

/** A separator: ` `, `-`, `.`, `/`, and brackets around digits. */
const separatorEnd = (text: string, at: number): number => {
  let end = at
  const c = text.charCodeAt(end)
  if (c === code.close) end++
  const d = text.charCodeAt(end)
  if (isSpace(d) || d === code.dash || d === code.dot || d === code.slash) end++
  if (text.charCodeAt(end) === code.open) end++
  return isDigit(text.charCodeAt(end)) ? end : at
}

/** What can stand directly before a phone number. */
const opens = (c: number): boolean =>
  isSpace(c) || c === code.quote || c === code.apostrophe || c === code.open || c === code.openBracket ||
  c === code.colon || c === code.equals || c === code.comma || c === code.semicolon || c === code.less ||
  c === code.greater || c === code.slash || c === code.backtick || c === code.ampersand || c === code.question

/** No digit, letter or further group of digits stands directly behind. */
const ends = (text: string, end: number): boolean => {
  const after = text.charCodeAt(end)
  if (isAlphanumeric(after) || after === code.underscore) return false
  return !((after === code.dash || after === code.dot || after === code.slash) && isDigit(text.charCodeAt(end + 1)))
}
