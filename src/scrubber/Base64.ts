import { code, isBase64, mark, runEnd } from "./Characters.ts"
import type { Detector } from "./Detector.ts"

/** Fewer characters hold no secret that has a shape: the shortest are e-mail addresses. */
const shortestRun = 12

/** As many characters in a row must fit printable text before anything is decoded: by chance they rarely do. */
const enough = 10

/** Decoded text that is shorter than the characters above make it. */
const shortestPiece = 7

/**
 * For each character, in which of the four places of a group it can stand when printable ASCII was encoded, a bit each.
 * A byte from 0x20 to 0x7e leaves its upper bits in two of the places: about one character in 14 fits by chance.
 */
const places = Uint8Array.from({ length: 128 }, (_, c) => {
  const sextet = isBase64(c) ? Buffer.from(`AAA${String.fromCharCode(c)}`, "base64").readUInt8(2) : -1
  if (sextet < 0) return 0
  const first = sextet >> 3 >= 1 && sextet >> 3 <= 3
  const second = (sextet & 15) >= 2 && (sextet & 15) <= 7
  const third = (sextet & 3) <= 1
  return (first ? 1 : 0) | (second ? 2 : 0) | (third ? 4 : 0) | 8
})

interface Range {
  readonly start: number
  readonly end: number
}

/**
 * Secrets that were encoded in base64, in either alphabet, with or without padding, at any place of a longer text and of
 * a longer run of such characters, also in lines of equal length: decoded, searched, and taken out where something is
 * found. Only what can be printable text is decoded, so that hashes, names and paths cost a look at each character.
 */
export const base64Detector: Detector = {
  name: "base64",
  triggers: "",
  minRun: shortestRun,
  find: (text, found, nested) => {
    for (let i = 0; i < text.length; i++) {
      const start = i
      while (i < text.length && isBase64(text.charCodeAt(i))) i++
      if (i - start < shortestRun) continue
      const wrapped = wrappedEnd(text, start, i)
      const end = wrapped > i ? wrapped : i
      const ranges = wrapped > i
        ? searchAll(withoutBreaks(text.slice(start, end)), nested).length > 0 ? [{ start: 0, end: end - start }] : []
        : mayFit(text, start, end)
        ? searchAll(text.slice(start, end), nested)
        : none
      for (const range of ranges) {
        found(start + range.start, start + range.end === end ? paddingEnd(text, end) : start + range.end, mark)
      }
      i = end
    }
  }
}

const none: ReadonlyArray<Range> = []

/** In as many characters that fit in a row there is one of these blocks as a whole. */
const block = 5

/** Whether `shifts` can find anything in a run: of most runs no block fits, with whatever shift. */
const mayFit = (text: string, start: number, end: number): boolean => {
  for (let at = start; at + block <= end; at += block) {
    let fitting = 15
    for (let i = at; i < at + block && fitting !== 0; i++) {
      // The four places, turned by where the character stands: a bit for each shift.
      const turned = (places[text.charCodeAt(i)] ?? 0) * 17 >> (i - start & 3)
      fitting &= turned
    }
    if (fitting !== 0) return true
  }
  return false
}

/** Where a run in lines of equal length ends (MIME has 76 characters a line, PEM 64), or the end of its first line. */
const wrappedEnd = (text: string, start: number, firstEnd: number): number => {
  const width = firstEnd - start
  if (width < 60 || width % 4 !== 0) return firstEnd
  for (let end = firstEnd;;) {
    const line = lineBreakEnd(text, end)
    if (line === end) return end
    const next = runEnd(text, line, isBase64, line + width)
    if (next === line || isBase64(text.charCodeAt(next))) return end
    end = next
    if (next - line < width) return end
  }
}

const lineBreakEnd = (text: string, at: number): number => {
  const start = text.charCodeAt(at) === code.carriageReturn ? at + 1 : at
  return text.charCodeAt(start) === code.newline ? start + 1 : at
}

const withoutBreaks = (text: string): string => text.replaceAll("\r", "").replaceAll("\n", "")

const paddingEnd = (text: string, end: number): number => runEnd(text, end, (c) => c === code.equals, end + 2)

/** The stretches of a run that hold a secret, from left to right, without overlap. */
const searchAll = (run: string, nested: (text: string) => string): ReadonlyArray<Range> => {
  const candidates = shifts(run)
  if (candidates === 0) return []
  const ranges: Array<Range> = []
  for (let shift = 0; shift < 4; shift++) if ((candidates & (1 << shift)) !== 0) search(run, shift, nested, ranges)
  ranges.sort((a, b) => a.start - b.start)
  const merged: Array<Range> = []
  for (const range of ranges) {
    const last = merged[merged.length - 1]
    if (last === undefined || range.start > last.end) merged.push(range)
    else if (range.end > last.end) merged[merged.length - 1] = { start: last.start, end: range.end }
  }
  return merged
}

/**
 * With which shifts (0 to 3 characters, a bit each) a part of the run can be printable text: what is encoded may begin
 * behind other characters (`/files/QUJD…`). A `/`, `+`, `-` or `_` that is decoded with it never gives a letter or a digit.
 */
const shifts = (run: string): number => {
  let zero = 0
  let one = 0
  let two = 0
  let three = 0
  let out = 0
  for (let i = 0; i < run.length; i++) {
    const fits = places[run.charCodeAt(i)] ?? 0
    const place = i & 3
    if ((fits & (1 << place)) === 0) zero = 0
    else if (++zero >= enough) out |= 1
    if ((fits & (1 << ((place + 3) & 3))) === 0) one = 0
    else if (++one >= enough) out |= 2
    if ((fits & (1 << ((place + 2) & 3))) === 0) two = 0
    else if (++two >= enough) out |= 4
    if ((fits & (1 << ((place + 1) & 3))) === 0) three = 0
    else if (++three >= enough) out |= 8
  }
  return out
}

/** Decodes a run from a character on, and adds the stretches whose text holds a secret. */
const search = (run: string, shift: number, nested: (text: string) => string, ranges: Array<Range>): void => {
  const bytes = Buffer.from(shift === 0 ? run : run.slice(shift), "base64")
  let start = 0
  let at = 0
  const settle = (): void => {
    if (at - start < shortestPiece) return
    const piece = bytes.toString("utf8", start, at)
    if (nested(piece) === piece) return
    ranges.push({
      start: shift + Math.floor(start / 3) * 4,
      end: Math.min(run.length, shift + Math.ceil(at / 3) * 4)
    })
  }
  while (at < bytes.length) {
    const width = printable(bytes, at)
    if (width === 0) {
      settle()
      start = at + 1
    }
    at += Math.max(1, width)
  }
  settle()
}

/** How many bytes the printable character at a place has; 0 where there is none. */
const printable = (bytes: Buffer, at: number): number => {
  const byte = bytes[at] ?? 0
  if (byte < 0x80) {
    return (byte >= 0x20 && byte < 0x7f) || byte === code.tab || byte === code.newline || byte === code.carriageReturn
      ? 1
      : 0
  }
  const width = byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0
  if (width === 0 || byte >= 0xf5) return 0
  for (let i = 1; i < width; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return width
}
