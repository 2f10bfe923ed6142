import { code, isBase64, isDigit } from "./Characters.ts"

/**
 * Finds secrets of one shape in free text. A detector reports what to replace from left to right without overlap, and
 * reads each character a bounded number of times, so that its work is linear in the text. It finds the same in the same
 * text each time: a text in which nothing was found twice is not shown to it again for a while.
 */
export interface Detector {
  /** Named in faults. */
  readonly name: string
  /** The detector runs only on texts with at least one of these ASCII characters; `""` means on every text. */
  readonly triggers: string
  /**
   * The detector runs only on texts with at least one of these as well, each two ASCII characters side by side: the rarest
   * two of what it looks for. A character by itself counts as any pair that it ends; `\0` is any character beyond ASCII,
   * and `\x7f` the beginning of the text.
   */
  readonly pairs?: ReadonlyArray<string>
  /** The detector runs only on texts with at least as many digits. */
  readonly minDigits?: number
  /** The detector runs only on texts with at least as many letters, digits, `+`, `/`, `-` and `_` in a row. */
  readonly minRun?: number
  /**
   * Calls `found` for each stretch `[start, end)` to replace. `nested` scrubs text that the detector decoded (percent
   * encoding, base64) and returns it unchanged when it holds nothing, or when the nesting is too deep.
   */
  readonly find: (
    text: string,
    found: (start: number, end: number, replacement: string) => void,
    nested: (text: string) => string
  ) => void
}

/** One pass of all detectors over a text. */
export type Pass = (text: string, nested: (text: string) => string) => string

/** Bits of the table of pairs: what is a digit, what goes on with a run, and one for each thing that a detector needs. */
const digit = 1 << 30
const inRun = 1 << 31
const needBits = 30

/** Characters beyond ASCII count as this one, and the beginning of the text as that one. */
const other = 0
const beginning = 127

/** What the detectors need to run: a row for each character, in which the one after it finds the bits of the two. */
class Needs {
  private readonly bits = new Map<string, number>()
  /** Of a character, whatever stands before it. */
  private readonly any = new Int32Array(128)
  private readonly pairs: Array<readonly [at: number, bit: number]> = []

  constructor() {
    for (let c = 1; c < 128; c++) this.any[c] = (isDigit(c) ? digit : 0) | (isBase64(c) ? inRun : 0)
  }

  /** The bit of texts with one of these characters or pairs; 0 where it is any text. */
  bitOf(parts: ReadonlyArray<string>): number {
    if (parts.length === 0) return 0
    const name = parts.join("\n")
    // Past the last bit they are shared: a detector may then run in vain, never be left out.
    const bit = this.bits.get(name) ?? 1 << Math.min(this.bits.size, needBits - 1)
    this.bits.set(name, bit)
    for (const part of parts) {
      if (part.length > 1) this.pairs.push([place(part.charCodeAt(0)) * 128 + place(part.charCodeAt(1)), bit])
      else {
        const at = place(part.charCodeAt(0))
        this.any[at] = (this.any[at] ?? 0) | bit
      }
    }
    return bit
  }

  /** Rows are copied: a program that starts waits for them, and they are 16,384 numbers. */
  table(): Int32Array {
    const table = new Int32Array(128 * 128)
    for (let row = 0; row < 128; row++) table.set(this.any, row * 128)
    for (const [at, bit] of this.pairs) table[at] = (table[at] ?? 0) | bit
    return table
  }
}

const place = (c: number): number => c < 128 ? c : other

/**
 * Joins detectors into one pass. A first look at the text collects which characters and which pairs of them occur, how
 * many digits, and how long the longest run is, so that a harmless text costs one table look-up per character and little
 * more.
 */
export const compile = (detectors: ReadonlyArray<Detector>, onFault: (fault: unknown) => void): Pass => {
  const needs = new Needs()
  // A text with nothing that is needed and a shorter run concerns no detector.
  let leastRun = Number.MAX_SAFE_INTEGER
  const compiled = detectors.map((detector) => {
    const { minDigits = 0, minRun = 0, pairs = [], triggers } = detector
    // Pairs that have one of the characters each say it all.
    const told = pairs.length > 0 && pairs.every((pair) => pair.split("").some((sign) => triggers.includes(sign)))
    const mask = (told ? 0 : needs.bitOf(triggers.split(""))) | needs.bitOf(pairs)
    if (mask === 0) leastRun = Math.min(leastRun, minRun)
    return { detector, mask, minDigits, minRun }
  })
  const table = needs.table()
  return (text, nested) => {
    let seen = 0
    let digits = 0
    let run = 0
    let longest = 0
    let row = beginning * 128
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      const at = c < 128 ? c : other
      const found = table[row + at] ?? 0
      row = at * 128
      seen |= found
      if ((found & digit) !== 0) digits++
      if ((found & inRun) === 0) run = 0
      else if (++run > longest) longest = run
    }
    seen &= digit - 1
    if (seen === 0 && longest < leastRun) return text
    let current = text
    for (const { detector, mask, minDigits, minRun } of compiled) {
      if ((seen & mask) !== mask || digits < minDigits || longest < minRun) continue
      try {
        current = apply(detector, current, nested)
      } catch (fault) {
        // What a broken detector would have found is unknown: the text stays here, the fault is told.
        onFault(fault)
        return unreadable
      }
    }
    return current
  }
}

/** What stands in the place of text or of a value that could not be read or scrubbed. */
export const unreadable = "[unreadable]"

const apply = (detector: Detector, text: string, nested: (text: string) => string): string => {
  let out = ""
  let done = 0
  detector.find(text, (start, end, replacement) => {
    if (start < done || end < start) return
    out += text.slice(done, start) + replacement
    done = end
  }, nested)
  return done === 0 && out === "" ? text : out + text.slice(done)
}

/** Where the whitespace-free stretch around `start` ends: at white space, a closing quote, or an angle bracket. */
export const tokenEnd = (text: string, start: number, isSpace: (c: number) => boolean): number => {
  let i = start
  while (i < text.length) {
    const c = text.charCodeAt(i)
    if (isSpace(c) || c === code.less || c === code.greater || c === code.backtick) break
    if ((c === code.quote || c === code.apostrophe) && !followedByWord(text, i)) break
    if (c === code.backslash && isEscape(text.charCodeAt(i + 1))) break
    i++
  }
  return i
}

/** The second character of an escaped line break, tab or quote. */
export const isEscape = (c: number): boolean =>
  c === 110 || c === 114 || c === 116 || c === code.quote || c === code.apostrophe

/** A quote inside a word (`don't`) belongs to it; one before punctuation or the end closes. */
export const followedByWord = (text: string, at: number): boolean => {
  const c = text.charCodeAt(at + 1)
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)
}
