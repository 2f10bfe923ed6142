import { code, isBase64, isDigit } from "./Characters.ts"

/**
 * Finds secrets of one shape in free text. A detector reports what to replace from left to right without overlap, and
 * reads each character a bounded number of times, so that its work is linear in the text.
 */
export interface Detector {
  /** Named in faults. */
  readonly name: string
  /** The detector runs only on texts with at least one of these ASCII characters; `""` means on every text. */
  readonly triggers: string
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

/** Bits of the table of characters: what is a digit, what goes on with a run, and one for each trigger. */
const digit = 1 << 29
const inRun = 1 << 30
const triggerBits = 29

/**
 * Joins detectors into one pass. A first look at the text collects which trigger characters occur, how many digits, and
 * how long the longest run is, so that a harmless short text costs one table look-up per character and nothing more.
 */
export const compile = (detectors: ReadonlyArray<Detector>, onFault: (fault: unknown) => void): Pass => {
  const bits = new Int32Array(128)
  let next = 0
  // A text with no trigger and a shorter run concerns no detector.
  let leastRun = Number.MAX_SAFE_INTEGER
  const compiled = detectors.map((detector) => {
    let mask = 0
    for (let i = 0; i < detector.triggers.length; i++) {
      const at = detector.triggers.charCodeAt(i)
      // Past the last bit they are shared: a detector may then run in vain, never be left out.
      if (bits[at] === 0) bits[at] = 1 << (next++ % triggerBits)
      mask |= bits[at] ?? 0
    }
    const { minDigits = 0, minRun = 0 } = detector
    if (mask === 0) leastRun = Math.min(leastRun, minRun)
    return { detector, mask, minDigits, minRun }
  })
  for (let c = 0; c < 128; c++) bits[c] = (bits[c] ?? 0) | (isDigit(c) ? digit : 0) | (isBase64(c) ? inRun : 0)
  return (text, nested) => {
    let seen = 0
    let digits = 0
    let run = 0
    let longest = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      const found = c < 128 ? bits[c] ?? 0 : 0
      seen |= found
      if ((found & digit) !== 0) digits++
      if ((found & inRun) === 0) run = 0
      else if (++run > longest) longest = run
    }
    seen &= digit - 1
    if (seen === 0 && longest < leastRun) return text
    let current = text
    for (const { detector, mask, minDigits, minRun } of compiled) {
      if ((mask !== 0 && (seen & mask) === 0) || digits < minDigits || longest < minRun) continue
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
