import { code, isAlphanumeric, isDigit, isLetter, isSpace, mark } from "./Characters.ts"
import type { Detector } from "./Detector.ts"

/** How long account numbers are, by country: the IBAN registry of SWIFT, release 99. */
const lengths: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HN: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30
}

/**
 * International bank account numbers (ISO 13616), run together or in groups of four: the country's length and the check
 * digits must be right, so that an ISIN or an order number is none.
 */
export const accountDetector: Detector = {
  name: "bank-accounts",
  triggers: "0123456789",
  minDigits: 7,
  find: (text, found) => {
    // How much of two letters and two digits at the beginning of a word has been read.
    let read = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (read < 2 && isLetter(c)) read = read >= 0 ? read + 1 : read
      else if (read >= 2 && isDigit(c)) read++
      else read = isAlphanumeric(c) ? inside : 0
      if (read < 4) continue
      read = inside
      const start = i - 3
      const length = lengths[text.slice(start, start + 2).toUpperCase()]
      const end = length === undefined ? -1 : accountEnd(text, start, length)
      if (end < 0) continue
      found(start, end, mark)
      i = end - 1
    }
  }
}

/** Inside a word that does not begin as an account number does. */
const inside = -1

/** Where the account number that begins at `start` ends, or -1 where it is none. */
const accountEnd = (text: string, start: number, length: number): number => {
  // Groups of four are all apart by the same sign, or none is.
  const separator = text.charCodeAt(start + 4)
  const grouped = separator === code.dash || isSpace(separator)
  let head = 0
  let rest = 0
  let at = start
  for (let count = 0; count < length; count++) {
    if (grouped && count > 0 && count % 4 === 0 && text.charCodeAt(at++) !== separator) return -1
    const c = text.charCodeAt(at++)
    if (!isAlphanumeric(c)) return -1
    const value = isDigit(c) ? c - code.zero : (c | 32) - 87
    const base = value > 9 ? 100 : 10
    // The check is of the number with its first four characters moved to its end.
    if (count < 4) head = head * base + value
    else rest = (rest * base + value) % 97
  }
  if (isAlphanumeric(text.charCodeAt(at))) return -1
  return (rest * 1_000_000 + head) % 97 === 1 ? at : -1
}
