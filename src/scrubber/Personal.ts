import {
  code,
  isAlphanumeric,
  isDigit,
  isHost,
  isLetter,
  isLocal,
  isSpace,
  mark,
  runEnd,
  runStart
} from "./Characters.ts"
import type { Detector } from "./Detector.ts"

/** RFC 5321 allows 64 characters before the `@`. */
const longestLocal = 64

/** E-mail addresses; package versions (`react@18.2.0`), scopes (`@effect/sql`) and decorators are not. */
export const emailDetector: Detector = {
  name: "email-addresses",
  triggers: "@",
  find: (text, found) => {
    let from = 0
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at)) {
      const host = at + 1
      let start = runStart(text, at, isLocal, Math.max(from, at - longestLocal))
      if (start === at && at > from && text.charCodeAt(at - 1) === code.quote) start = quotedStart(text, at - 1, from)
      // A leading apostrophe quotes the address.
      while (start < at && text.charCodeAt(start) === code.apostrophe) start++
      at = host
      if (start === host - 1) continue
      const end = hostEnd(text, host)
      if (end < 0) continue
      found(start, end, mark)
      from = at = end
    }
  }
}

/** `"john doe"@example.com`: where the quoted local part begins, or its end where it is none. */
const quotedStart = (text: string, quote: number, from: number): number => {
  const floor = Math.max(from, quote - longestLocal)
  const start = runStart(text, quote, (c) => c !== code.quote && c !== code.newline, floor)
  return start > floor && text.charCodeAt(start - 1) === code.quote ? start - 1 : quote + 1
}

/** Where the host that begins at `start` ends, where it has a dot and a last label of letters; else -1. */
const hostEnd = (text: string, start: number): number => {
  let labelStart = start
  let end = -1
  let labels = 0
  let numeric = 0
  for (;;) {
    const labelEnd = runEnd(text, labelStart, isHost)
    if (labelEnd === labelStart) break
    labels++
    if (runEnd(text, labelStart, isDigit, labelEnd) === labelEnd && labels <= 2) numeric++
    if (labels > 1 && isTopLevel(text, labelStart, labelEnd)) end = labelEnd
    if (text.charCodeAt(labelEnd) !== code.dot) break
    labelStart = labelEnd + 1
  }
  // Two numbers in front are a version.
  return numeric === 2 ? -1 : end
}

const isTopLevel = (text: string, start: number, end: number): boolean => {
  if (end - start < 2) return false
  if (text.startsWith("xn--", start)) return true
  return runEnd(text, start, (c) => isLetter(c) || c >= 128, end) === end
}

/** Payment card numbers: an issuer's prefix and length, plausible groups, and the Luhn check. */
export const cardDetector: Detector = {
  name: "card-numbers",
  triggers: "23456",
  minDigits: 13,
  find: (text, found) => {
    let i = 0
    while (i < text.length) {
      if (!isDigit(text.charCodeAt(i))) {
        i++
        continue
      }
      const first = runEnd(text, i, isDigit)
      const end = first - i >= 13 ? first : first - i === 4 ? groupsEnd(text, i) : -1
      if (end < 0 || !standsAlone(text, i, end) || !isCard(digitsOf(text, i, end))) {
        i = first
        continue
      }
      found(i, end, mark)
      i = end
    }
  }
}

/** `4111 1111 1111 1111`, `3782-822463-10005`, `4111.1111.1111.1111`: where groups of a card number end, or -1. */
const groupsEnd = (text: string, start: number): number => {
  const separator = text.charCodeAt(start + 4)
  // JSON writes a tab as two characters.
  const width = separator === code.backslash && text.charCodeAt(start + 5) === 116 ? 2 : isSeparator(separator) ? 1 : 0
  if (width === 0) return -1
  const second = runEnd(text, start + 4 + width, isDigit) - start - 4 - width
  const sizes = second === 4 ? fours : second === 6 ? amex : undefined
  if (sizes === undefined) return -1
  let at = start + 4
  for (const size of sizes) {
    const group = at + width
    if (text.charCodeAt(at) !== separator || (width === 2 && text.charCodeAt(at + 1) !== 116)) return -1
    const end = runEnd(text, group, isDigit)
    const last = group + size === end
    if (!last && !(size === 4 && sizes === amex && end - group === 5)) return -1
    at = end
  }
  return at
}
/** White space of one line, a dash or a dot. */
const isSeparator = (c: number): boolean =>
  c === code.dash || c === code.dot || (isSpace(c) && c !== code.newline && c !== code.carriageReturn)

const fours = [4, 4, 4]
const amex = [6, 4]

/** No part of a longer number, an identifier, a decimal fraction, or a UUID; `find.4111…` and `4111….find` are apart. */
const standsAlone = (text: string, start: number, end: number): boolean => {
  if (start > 0) {
    const before = text.charCodeAt(start - 1)
    if (isAlphanumeric(before) || before === code.underscore) return false
    if (before === code.dot && !isLetter(text.charCodeAt(start - 2))) return false
    if (before === code.dash && start > 1 && isAlphanumeric(text.charCodeAt(start - 2))) return false
  }
  const after = text.charCodeAt(end)
  if (isAlphanumeric(after) || after === code.underscore) return false
  return !((after === code.dot || after === code.dash) && isDigit(text.charCodeAt(end + 1)))
}

const digitsOf = (text: string, start: number, end: number): string => {
  let out = ""
  for (let i = start; i < end; i++) {
    if (isDigit(text.charCodeAt(i))) out += text.charAt(i)
  }
  return out
}

/** Whether digits alone make a card number. Prefixes and lengths: ISO/IEC 7812 ranges of the large issuers. */
export const isCard = (digits: string): boolean => {
  const length = digits.length
  if (length < 13 || length > 19) return false
  const two = Number(digits.slice(0, 2))
  const four = Number(digits.slice(0, 4))
  const known = (two >= 40 && two <= 49 && (length === 13 || length === 16 || length === 19)) ||
    (length === 16 && ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))) ||
    (length === 15 && (two === 34 || two === 37)) ||
    (length >= 16 && (four === 6011 || two === 65 || (four >= 6440 && four <= 6499))) ||
    (length === 14 && ((four >= 3000 && four <= 3059) || two === 36 || two === 38)) ||
    (length === 16 && four >= 3528 && four <= 3589) ||
    (length >= 16 && two === 62)
  return known && luhn(digits)
}

const luhn = (digits: string): boolean => {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const doubled = i % 2 === 0 ? digit : digit * 2
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
