import { code, isSpace, mark, truncated } from "./Characters.ts"
import type * as CleanTexts from "./CleanTexts.ts"
import type { Pass } from "./Detector.ts"

/**
 * Free text at a level: 0 is what the program wrote, deeper ones were decoded from it. `owner` is the key that it stands
 * under, which matters where it is JSON.
 */
export type ScrubText = (text: string, level: number, owner?: string) => string

/** Decoded text is searched in turn, this many times over: JSON in a string in JSON, an encoded URL in a query. */
const deepest = 8

/** Of each text at most as many times its length is decoded, over all levels, and so much of a short one. */
const mostDecoded = 8
const leastDecoded = 4096

/** A replacement can bring a new pair together; the passes end when nothing more is found, at most after as many. */
const rounds = 4

/** Read beyond the limit, so that a secret across it is seen whole. */
const margin = 4096

/** Kept free for the mark and for the marks of a last round. */
const reserve = 64

/**
 * Joins the passes into the scrubbing of one text: bounded in length, JSON by its keys, everything else by detectors. What
 * `clean` knows is not searched again.
 */
export const make = (
  pass: Pass,
  json: (text: string, level: number, owner?: string) => string | undefined,
  limit: number,
  clean: CleanTexts.CleanTexts
): ScrubText => {
  let decoded = 0
  let allowed = 0
  const nested = Array.from({ length: deepest + 1 }, (_, level) => (text: string): string => {
    decoded += text.length
    return level >= deepest || decoded > allowed ? text : pass(text, nested[level + 1] ?? identity)
  })
  const passes = Array.from({ length: deepest + 1 }, (_, level) => (text: string): string => {
    decoded = 0
    allowed = leastDecoded + mostDecoded * text.length
    const scrubbed = pass(text, nested[level + 1] ?? identity)
    // A text that unfolds into so much was made to keep us busy: nothing of it is shown.
    return decoded > allowed ? mark : scrubbed
  })
  const settled = (text: string, level: number): string => settle(text, passes[level] ?? identity)
  const search = (text: string, level: number, owner?: string): string => {
    if (text.length <= limit) {
      if (level < deepest && looksLikeJson(text)) {
        const scrubbed = json(text, level, owner)
        if (scrubbed !== undefined && scrubbed.length <= limit) return scrubbed
      }
      const scrubbed = settled(text, level)
      return scrubbed.length <= limit ? scrubbed : settled(shorten(scrubbed, scrubbed.length, limit), level)
    }
    const window = text.length <= limit + margin ? text : text.slice(0, lastBreak(text, limit + margin))
    const left = text.length - window.length
    return settled(shorten(settled(window, level), window.length + left, limit), level)
  }
  return (text, level, owner) => {
    // Deeper down less is decoded: what was clean above is clean there.
    const kept = clean.kept(text)
    if (kept !== undefined) return kept
    const scrubbed = search(text, level, owner)
    // JSON is judged by its owner too, so that one verdict is none for all.
    if (level === 0 && scrubbed === text && !looksLikeJson(text)) clean.add(text)
    return scrubbed
  }
}

/** Repeats a pass until it finds nothing more. */
export const settle = (text: string, pass: (text: string) => string): string => {
  let current = text
  for (let round = 0; round < rounds; round++) {
    const next = pass(current)
    if (next === current) return current
    current = next
  }
  return current
}

const identity = (text: string): string => text

/** The end of the last whole word before `end`: a word cut in two might hide a secret's shape. */
const lastBreak = (text: string, end: number): number => {
  for (let i = end; i > end - 512; i--) if (isSpace(text.charCodeAt(i))) return i
  return end - 512
}

const shorten = (text: string, length: number, limit: number): string => {
  let end = Math.min(text.length, limit - reserve)
  const bracket = text.lastIndexOf("[", end - 1)
  if (bracket > end - mark.length && text.startsWith(mark, bracket)) end = bracket + mark.length
  const last = text.charCodeAt(end - 1)
  if (last >= 0xd800 && last <= 0xdbff) end--
  return `${text.slice(0, end)}${truncated} ${Math.max(1, length - end)}]`
}

/** Begins and ends as an object or an array does, with something inside that could be one. */
const looksLikeJson = (text: string): boolean => {
  const first = text.charCodeAt(0)
  const start = first === code.openBrace || first === code.openBracket ? 0 : firstVisible(text)
  const open = text.charCodeAt(start)
  if (open !== code.openBrace && open !== code.openBracket) return false
  let end = text.length - 1
  while (end > start && isSpace(text.charCodeAt(end))) end--
  if (text.charCodeAt(end) !== (open === code.openBrace ? code.closeBrace : code.closeBracket)) return false
  let inside = start + 1
  while (inside < end && isSpace(text.charCodeAt(inside))) inside++
  const next = text.charCodeAt(inside)
  return open === code.openBrace ?
    next === code.quote || next === code.closeBrace :
    next === code.quote || next === code.openBrace || next === code.openBracket || next === code.dash ||
    next === code.closeBracket || (next >= code.zero && next <= code.nine) || next === 110 || next === 116 ||
    next === 102
}

const firstVisible = (text: string): number => {
  let i = 0
  while (i < text.length && isSpace(text.charCodeAt(i))) i++
  return i
}
