import { createHash } from "node:crypto"
import { code, isDigit, isHex, isLetter, mark, runEnd } from "./Characters.ts"

/** The first 8 hex digits of the SHA-256 of an id. */
export const pseudonym = (id: string): string => {
  const known = young.get(id) ?? old.get(id)
  if (known !== undefined) return known
  const result = createHash("sha256").update(id).digest("hex").slice(0, 8)
  if (youngIssued.size >= generation) {
    old = young
    oldIssued = youngIssued
    young = new Map()
    youngIssued = new Set()
  }
  if (id.length <= 128) young.set(id, result)
  youngIssued.add(result)
  return result
}

/**
 * Pseudonyms given out lately, so that a text scrubbed twice is not hashed twice. A pseudonym can't be told from an id
 * of 8 hex digits by its shape, and an id must not pass because it looks like one. Two generations bound the memory.
 */
const generation = 8192
let young = new Map<string, string>()
let old = new Map<string, string>()
let youngIssued = new Set<string>()
let oldIssued = new Set<string>()

/** The pseudonym of an id, or the text itself where it already is one, names nobody, or is a placeholder. */
export const identify = (id: string): string => {
  if (id === "" || id === mark || nobody.has(id) || isMark(id) || isTemplate(id)) return id
  if (id.length === 8 && (youngIssued.has(id) || oldIssued.has(id))) return id
  return pseudonym(id)
}

const nobody = new Set(["anonymous", "unknown", "none", "null", "undefined", "true", "false", "-"])

/** The longest name of a parameter. */
const longestName = 64

/** Nothing that is longer is a template: `${`, a name, `}`. */
export const longestTemplate = longestName + 3

/** A route template's parameter (`:id`, `{id}`, `<id>`, `${id}`, `*`) or a mark of ours. */
export const isTemplate = (segment: string): boolean => {
  const c = segment.charCodeAt(0)
  if (c === code.colon || c === code.asterisk) return segment.length === 1 || isName(segment, 1, segment.length)
  if (c === code.dollar) {
    return segment.charCodeAt(1) === code.openBrace && isName(segment, 2, segment.length - 1) &&
      segment.charCodeAt(segment.length - 1) === code.closeBrace
  }
  const last = segment.charCodeAt(segment.length - 1)
  if (c === code.openBrace) return last === code.closeBrace && isName(segment, 1, segment.length - 1)
  if (c === code.less) return last === code.greater && isName(segment, 1, segment.length - 1)
  return c === code.openBracket && last === code.closeBracket && isName(segment, 1, segment.length - 1)
}

/** Names of parameters are words: letters, digits, `_`, `-`, `.`, doubled braces and optional marks, at most 64. */
const isName = (text: string, start: number, end: number): boolean => {
  if (end - start > longestName || end <= start) return false
  let digits = 0
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i)
    if (isDigit(c)) digits++
    else if (
      !isLetter(c) && c !== code.underscore && c !== code.dash && c !== code.dot && c !== code.openBrace &&
      c !== code.closeBrace && c !== code.question && c !== code.asterisk && c !== code.plus
    ) return false
  }
  return digits <= 4
}

/** What the scrubber itself writes where something can't be shown. */
export const isMark = (text: string): boolean =>
  text.charCodeAt(0) === code.openBracket && text.charCodeAt(text.length - 1) === code.closeBracket &&
  text.length <= 40 && marks.has(text.slice(1, runEnd(text, 1, isLetter)))

const marks = new Set(["redacted", "truncated", "circular", "unreadable", "function", "binary", "symbol", "promise"])

/** Eight-four-four-four-twelve hex digits, with or without the dashes. */
export const isUuid = (text: string): boolean => {
  if (text.length !== 36 && text.length !== 32) return false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    const dash = text.length === 36 && (i === 8 || i === 13 || i === 18 || i === 23)
    if (dash ? c !== code.dash : !isHex(c)) return false
  }
  return true
}
