/** Bytes that somebody wrote as numbers: nobody reads them, but whoever wants to decodes what they say. */
import { code, isDigit, isHex, isQuote, isSpace, runEnd, runStart } from "./Characters.ts"
import type { Detector } from "./Detector.ts"
import { isArray } from "./Reading.ts"

/** What stands in the place of bytes. */
export const binary = (count: number): string => `[binary ${count} bytes]`

/** Fewer numbers under 0, 1, 2, … are a list as likely as bytes, and too few for a secret. */
const fewest = 8

/** At most as many numbers are looked at: more than a walk shows of a list. */
const looked = 512

/**
 * How many bytes an object stands for that JSON made of a `Buffer` (`{ type: "Buffer", data: […] }`) or of a typed array
 * (`{ 0: 110, 1: 112, … }`); undefined where it is none of both.
 */
export const countBytes = (value: object, keys: ReadonlyArray<string>): number | undefined => {
  const record = value as Readonly<Record<string, unknown>>
  if (keys.length === 2 && record["type"] === "Buffer") {
    const data = record["data"]
    return isArray(data) && data.every(isByte) ? data.length : undefined
  }
  if (keys.length < fewest || keys[0] !== "0") return undefined
  for (let i = 0; i < keys.length && i < looked; i++) if (keys[i] !== String(i) || !isByte(record[i])) return undefined
  return keys.length
}

const isByte = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255

/**
 * Bytes in text that is no JSON as a whole, at any level of escaping, and as Node's inspection writes them:
 * `{"type":"Buffer","data":[110,112`, `{"0":110,"1":112`, `Uint8Array(2) [ 110, 112 ]`, `<Buffer 6e 70>`.
 */
export const byteDetector: Detector = {
  name: "bytes",
  triggers: "[{<",
  minDigits: 1,
  find: (text, found) => {
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === code.less && text.startsWith(inspected, i)) {
        const start = i + inspected.length
        const end = runEnd(text, start, (d) => isHex(d) || d === code.space)
        const digits = runEnd(text, end, (d) => d !== code.greater && d !== code.newline)
        if (end - start < 2) continue
        found(start - 1, digits, ` ${binary(Math.floor((end - start + 1) / 3))}`)
        i = digits
        continue
      }
      if (c !== code.openBracket && c !== code.openBrace) continue
      const list = c === code.openBracket
      if (list && !opensBytes(text, i)) continue
      const { count, end } = numbers(text, i + 1, !list)
      if (count < (list ? 1 : fewest)) continue
      found(i, end, binary(count))
      i = end - 1
    }
  }
}

const inspected = "<Buffer "

/** `"type":"Buffer","data":` or `Uint8Array(36) ` stands before the bracket. */
const opensBytes = (text: string, at: number): boolean => {
  const end = glueStart(text, at)
  if (text.startsWith("data", end - 4)) return text.startsWith("Buffer", glueStart(text, end - 4) - 6)
  if (text.charCodeAt(end - 1) !== code.close) return false
  const open = runStart(text, end - 1, isDigit, Math.max(0, end - 12)) - 1
  return text.charCodeAt(open) === code.open &&
    (text.startsWith("8Array", open - 6) || text.startsWith("8ClampedArray", open - 13))
}

/** How many bytes follow, each behind its index where they are `keyed`, and where they end, with what closes them. */
const numbers = (text: string, start: number, keyed: boolean): { readonly count: number; readonly end: number } => {
  let count = 0
  let end = start
  for (let at = start;;) {
    at = glueEnd(text, at)
    if (keyed) {
      const index = runEnd(text, at, isDigit, at + 10)
      if (index === at || Number(text.slice(at, index)) !== count) break
      at = glueEnd(text, index)
      if (at === index) break
    }
    const digits = runEnd(text, at, isDigit, at + 4)
    if (digits === at || Number(text.slice(at, digits)) > 255) break
    count++
    end = at = digits
  }
  const close = text.charCodeAt(glueEnd(text, end))
  return { count, end: close === code.closeBracket || close === code.closeBrace ? glueEnd(text, end) + 1 : end }
}

/** What stands between the numbers: blanks, commas, colons, quotes, line breaks that are escaped. */
const glueEnd = (text: string, start: number): number => {
  let at = start
  for (;;) {
    const next = runEnd(text, at, isGlue)
    const escaped = text.charCodeAt(next - 1) === code.backslash && (text.charCodeAt(next) === 110) ? next + 1 : next
    if (escaped === at) return at
    at = escaped
  }
}

/** The same backwards, over as much as an indentation takes. */
const glueStart = (text: string, end: number): number => {
  const floor = Math.max(0, end - widestGlue)
  const start = runStart(text, end, isGlue, floor)
  return text.charCodeAt(start - 1) === 110 && text.charCodeAt(start - 2) === code.backslash
    ? runStart(text, start - 1, isGlue, floor)
    : start
}

const widestGlue = 64

const isGlue = (c: number): boolean =>
  isSpace(c) || isQuote(c) || c === code.comma || c === code.colon || c === code.backslash
