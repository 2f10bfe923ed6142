import { createHash } from "node:crypto"
import {
  code,
  isAlphanumeric,
  isDigit,
  isHex,
  isLetter,
  isQuote,
  isSpace,
  mark,
  runEnd,
  startsWithIgnoringCase,
  trimEnd
} from "./Characters.ts"
import { type Detector, followedByWord } from "./Detector.ts"

/** The first 8 hex digits of the SHA-256 of an id. */
export const pseudonym = (id: string): string => {
  const known = young.get(id) ?? old.get(id)
  if (known !== undefined) return known
  const result = createHash("sha256").update(id).digest("hex").slice(0, 8)
  if (young.size >= generation) {
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
  if (end - start > 64 || end <= start) return false
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

/**
 * Where ids stand in paths. A pattern is a path of words; `*` is any one segment, `**` any number of them, `v*` a
 * segment with that beginning, `:id` an id, `:uuid` an id of that shape. A pattern may begin at any segment, so that
 * a prefix of the path does not matter.
 */
export const paths: ReadonlyArray<string> = [
  "/api/**/portfolios/:id",
  "/api/**/users/:id",
  "/api/metrics/:id",
  "/api/*/metrics/:id",
  "/v*/portfolios/:id",
  "/v*/users/:id",
  "/portfolios/:uuid",
  "/portfolio/:uuid",
  "/users/:uuid",
  "/user/:uuid"
]

type Step =
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "prefix"; readonly word: string }
  | { readonly kind: "any" | "deep" | "id" | "uuid" }

/** Says why a path pattern can't be used, or nothing. */
export const refusePath = (pattern: string): string | undefined => {
  const steps = parse(pattern)
  if (steps.length > 30) return "at most 30 segments"
  if (!steps.some((step) => step.kind === "id" || step.kind === "uuid")) return "a segment :id or :uuid"
  if (steps[0]?.kind !== "word" && steps[0]?.kind !== "prefix") return "a word as its first segment"
  return steps[steps.length - 1]?.kind === "deep" ? "a last segment other than **" : undefined
}

const parse = (pattern: string): ReadonlyArray<Step> =>
  pattern.split("/").filter((segment) => segment !== "").map((segment): Step => {
    if (segment === "*") return { kind: "any" }
    if (segment === "**") return { kind: "deep" }
    if (segment === ":id") return { kind: "id" }
    if (segment === ":uuid") return { kind: "uuid" }
    const word = segment.toLowerCase()
    return word.endsWith("*") ? { kind: "prefix", word: word.slice(0, -1) } : { kind: "word", word }
  })

/** Segments where an id could stand that are routes of their own. */
const routes = new Set([
  "all",
  "batch",
  "bulk",
  "count",
  "current",
  "export",
  "health",
  "import",
  "list",
  "me",
  "new",
  "search",
  "self",
  "summary"
])

/** A path whose last segment is a source file comes from a stack trace or a module name, not from a request. */
const sources = new Set(["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "py", "go", "rs", "java", "map"])

const isSource = (segment: string): boolean => {
  const dot = segment.lastIndexOf(".")
  if (dot < 0) return false
  let end = dot + 1
  while (end < segment.length && isAlphanumeric(segment.charCodeAt(end))) end++
  if (end < segment.length && segment.charCodeAt(end) !== code.colon && segment.charCodeAt(end) !== code.close) {
    return false
  }
  return sources.has(segment.slice(dot + 1, end))
}

/** Ends a path in running text; everything else can be part of a segment. */
const endsPath = (c: number): boolean =>
  isSpace(c) || isQuote(c) || c === code.question || c === code.hash || c === code.ampersand || c === code.equals ||
  c === code.less || c === code.greater || c === code.backslash

/**
 * Replaces ids in paths. All patterns advance together, one segment at a time, each as a set of states in one integer.
 */
export const pathDetector = (patterns: ReadonlyArray<string>): Detector => {
  const rules = patterns.map(parse)
  const states = new Int32Array(rules.length)
  return {
    name: "path-identifiers",
    triggers: "/",
    find: (text, found) => {
      let pending: Array<
        { readonly start: number; readonly end: number; readonly id: string; readonly sure: boolean }
      > = []
      let start = 0
      let inPath = false
      states.fill(0)
      for (let i = 0; i <= text.length; i++) {
        const c = i < text.length ? text.charCodeAt(i) : code.space
        const ends = endsPath(c) && !(c === code.apostrophe && followedByWord(text, i))
        if (!ends && c !== code.slash) continue
        if (i > start && (inPath || c === code.slash)) {
          const end = ends ? trimSegment(text, start, i) : i
          const segment = text.slice(start, end)
          const hit = advance(rules, states, segment)
          if (hit && isIdentifier(segment)) {
            pending.push({ start, end, id: segment, sure: isUuid(segment) })
          }
          if (ends && pending.length > 0) {
            const source = isSource(text.slice(start, i))
            for (const one of pending) {
              const replacement = !source || one.sure ? identify(one.id) : one.id
              if (replacement !== one.id) found(one.start, one.end, replacement)
            }
            pending = []
          }
        } else if (ends && pending.length > 0) {
          for (const one of pending) {
            const replacement = identify(one.id)
            if (replacement !== one.id) found(one.start, one.end, replacement)
          }
          pending = []
        }
        if (ends) {
          if (inPath) states.fill(0)
          inPath = false
        } else inPath = true
        start = i + 1
      }
    }
  }
}

/** A last segment without the punctuation after it; a template ends with its bracket. */
const trimSegment = (text: string, start: number, end: number): number => {
  const first = text.charCodeAt(start)
  if (first !== code.openBrace && first !== code.openBracket) return trimEnd(text, start, end)
  const close = runEnd(text, start, (c) => c !== code.closeBrace && c !== code.closeBracket, end)
  return runEnd(text, close, (c) => c === code.closeBrace || c === code.closeBracket, Math.min(end, close + 2))
}

const isIdentifier = (segment: string): boolean => {
  if (isTemplate(segment) || routes.has(segment)) return false
  for (let i = 0; i < segment.length; i++) {
    const c = segment.charCodeAt(i)
    if (isAlphanumeric(c) || c >= 128) return true
  }
  return false
}

/** One segment further in every pattern; true where one of them has an id here. */
const advance = (rules: ReadonlyArray<ReadonlyArray<Step>>, states: Int32Array, segment: string): boolean => {
  let hit = false
  let lower: string | undefined
  for (let r = 0; r < rules.length; r++) {
    const rule = rules[r]
    if (rule === undefined) continue
    const before = states[r] ?? 0
    let after = 0
    for (let k = 0; k < rule.length; k++) {
      if (k > 0 && (before & (1 << k)) === 0) continue
      let at = k
      if (rule[at]?.kind === "deep") {
        after |= 1 << at
        at++
      }
      const step = rule[at]
      if (step === undefined) continue
      let matches = false
      switch (step.kind) {
        case "any":
        case "deep":
          matches = true
          break
        case "id":
          matches = hit = true
          break
        case "uuid":
          matches = isUuid(segment)
          hit ||= matches
          break
        case "word":
          matches = segment.length === step.word.length && (lower ??= segment.toLowerCase()) === step.word
          break
        case "prefix":
          matches = startsWithIgnoringCase(segment, step.word, 0)
      }
      if (matches && at + 1 < rule.length) after |= 1 << (at + 1)
    }
    states[r] = after
  }
  return hit
}
