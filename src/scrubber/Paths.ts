import {
  code,
  inAnyCase,
  isAlphanumeric,
  isDigit,
  isSpace,
  runEnd,
  startsWithIgnoringCase,
  tableOf,
  trimEnd
} from "./Characters.ts"
import { type Detector, followedByWord } from "./Detector.ts"
import { decodeComponent } from "./Encoding.ts"
import { identify, isTemplate, isUuid, longestTemplate } from "./Identifiers.ts"

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
  "/api/**/portfolio/:id",
  "/api/**/user/:id",
  "/v*/portfolio/:id",
  "/v*/user/:id",
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
  "login",
  "logout",
  "me",
  "new",
  "preferences",
  "profile",
  "register",
  "search",
  "self",
  "settings",
  "summary"
])

/** Whether a segment where an id could stand is a route of its own. */
export const isRoute = (segment: string): boolean => routes.has(segment)

/** A path whose last segment is a source file comes from a stack trace or a module name, not from a request. */
const sources = new Set(["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "py", "go", "rs", "java", "map"])

const isSource = (segment: string, rooted: () => boolean): boolean => {
  const dot = segment.lastIndexOf(".")
  if (dot < 0) return false
  const end = runEnd(segment, dot + 1, isAlphanumeric)
  const next = segment.charCodeAt(end)
  if (end < segment.length && next !== code.colon && next !== code.close) return false
  // A client may well ask for `/api/metrics/x.js`: at the root of a path only a line's number tells a file.
  return sources.has(segment.slice(dot + 1, end)) && (isDigit(segment.charCodeAt(end + 1)) || !rooted())
}

/** Ends a segment or a path in running text; everything else can be part of a segment. */
const breakSigns = "/?#&=<>\\\"'` \t\n\r\v\f"
const breaks = tableOf(breakSigns)

/** What the first segments of the patterns are compared with. */
const beginnings = (rules: ReadonlyArray<ReadonlyArray<Step>>) => {
  const words = new Set<string>()
  const prefixes = new Set<string>()
  for (const [first] of rules) {
    if (first?.kind === "word") words.add(first.word)
    if (first?.kind === "prefix") prefixes.add(first.word)
  }
  return { words: [...words], prefixes: [...prefixes] }
}

/** What of a pattern's beginning a text has for certain, unless it is encoded; for `\0` and `\x7f` see `Detector`. */
const pairsOf = (beginning: string): ReadonlyArray<string> =>
  beginning.length > 1
    ? inAnyCase(beginning.slice(0, 2))
    : `${breakSigns}\0\x7f`.split("").flatMap((sign) => inAnyCase(`${sign}${beginning}`))

/** The segments of a real path, decoded, in which ids stand; `hit` is told their positions. */
export const pathSegments = (patterns: ReadonlyArray<string>) => {
  const rules = patterns.map(parse)
  return (segments: ReadonlyArray<string>, hit: (index: number) => void): void => {
    const states = new Int32Array(rules.length)
    segments.forEach((segment, index) => {
      if ((advance(rules, states, segment) & isHit) !== 0 && !routes.has(segment) && hasName(segment)) hit(index)
    })
  }
}

/**
 * Replaces ids in paths. All patterns advance together, one segment at a time, each as a set of states in one integer;
 * while none of them has begun, a segment is only compared with their first words.
 */
export const pathDetector = (patterns: ReadonlyArray<string>): Detector => {
  const rules = patterns.map(parse)
  const { prefixes, words } = beginnings(rules)
  const roots = beginnings(rules.filter((rule) => rule.some((step) => step.kind === "id")))
  // With which letters the patterns begin, small and capital.
  const firsts = new Uint8Array(128)
  for (const [first = ""] of [...words, ...prefixes].map(inAnyCase).flat()) {
    firsts[first.charCodeAt(0) < 128 ? first.charCodeAt(0) : 0] = 1
  }
  const begins = (text: string, start: number, end: number): boolean => {
    const first = text.charCodeAt(start)
    if (firsts[first < 128 ? first : 0] === 0) return false
    for (const word of words) {
      if (word.length === end - start && startsWithIgnoringCase(text, word, start)) return true
    }
    for (const word of prefixes) if (startsWithIgnoringCase(text, word, start)) return true
    return false
  }
  /** The path begins where a pattern begins, behind its host if it has one. */
  const isRooted = (text: string, start: number, end: number): boolean => {
    const scheme = text.slice(start, end).indexOf("://")
    let at = scheme < 0 ? start : start + scheme + 3
    if (scheme >= 0) at = runEnd(text, at, (c) => c !== code.slash, end)
    if (text.charCodeAt(at) !== code.slash) return false
    const first = text.slice(at + 1, runEnd(text, at + 1, (c) => c !== code.slash, end)).toLowerCase()
    return roots.words.includes(first) ||
      roots.prefixes.some((word) =>
        first.length > word.length && first.startsWith(word) && runEnd(first, word.length, isDigit) === first.length
      )
  }
  // Shared by all calls, each of which leaves it clear: a call is never inside another.
  const states = new Int32Array(rules.length)
  return {
    name: "path-identifiers",
    triggers: "/",
    pairs: ["%", ...[...words, ...prefixes].flatMap(pairsOf)],
    find: (text, found) => {
      let percent = text.indexOf("%")
      const encoded = (start: number, end: number): boolean => {
        if (percent >= 0 && percent < start) percent = text.indexOf("%", start)
        return percent >= 0 && percent < end
      }
      let pending: Array<Pending> | undefined
      let active = false
      let expects = false
      let inPath = false
      let inQuery = false
      let pathStart = 0
      let start = 0
      for (let i = 0; i <= text.length; i++) {
        const c = i < text.length ? text.charCodeAt(i) : code.space
        if (c < 128 ? breaks[c] === 0 : !isSpace(c)) continue
        const ends = c !== code.slash
        if (ends && c === code.apostrophe && followedByWord(text, i)) continue
        if (ends && expects && i > start && joins(text, i, inQuery) && !isTemplateAt(text, start, i)) continue
        if (i > start && (inPath || !ends) && (active || begins(text, start, i) || encoded(start, i))) {
          const end = ends ? trimSegment(text, start, i) : i
          const segment = decodeComponent(text.slice(start, end))
          const outcome = advance(rules, states, segment)
          active = (outcome & stillActive) !== 0
          expects = (outcome & expectsId) !== 0
          if ((outcome & isHit) !== 0 && isIdentifier(segment)) (pending ??= []).push({ start, end, id: segment })
        }
        if (ends) {
          if (pending !== undefined) {
            const first = pathStart
            settle(pending, isSource(text.slice(start, i), () => isRooted(text, first, i)), found)
            pending = undefined
          }
          if (active) states.fill(0)
          active = expects = inPath = false
          inQuery = c === code.question || c === code.equals || c === code.ampersand || (c === code.hash && inQuery)
          pathStart = i + 1
        } else inPath = true
        start = i + 1
      }
    }
  }
}

/** Looked at for each sign of a segment, so never the whole of a long one. */
const isTemplateAt = (text: string, start: number, end: number): boolean =>
  end - start <= longestTemplate && isTemplate(text.slice(start, end))

/** A sign that can be part of an id although it would end any other segment: `/api/metrics/a=b`, `/api/metrics/a"b`. */
const joins = (text: string, at: number, inQuery: boolean): boolean => {
  const c = text.charCodeAt(at)
  if (c === code.quote) return followedByWord(text, at)
  return !inQuery && (c === code.equals || c === code.ampersand) && followedByWord(text, at)
}

interface Pending {
  readonly start: number
  readonly end: number
  readonly id: string
}

const settle = (
  pending: ReadonlyArray<Pending>,
  source: boolean,
  found: (start: number, end: number, replacement: string) => void
): void => {
  for (const { end, id, start } of pending) {
    if (source && !isUuid(id)) continue
    const replacement = identify(id)
    if (replacement !== id) found(start, end, replacement)
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
  return !isTemplate(segment) && !routes.has(segment) && hasName(segment)
}

/** Something that could name anybody: a letter or a digit. */
const hasName = (segment: string): boolean => {
  for (let i = 0; i < segment.length; i++) {
    const c = segment.charCodeAt(i)
    if (isAlphanumeric(c) || c >= 128) return true
  }
  return false
}

const isHit = 1
const stillActive = 2
const expectsId = 4

/** One segment further in every pattern: whether one of them has an id here, and whether one of them goes on. */
const advance = (rules: ReadonlyArray<ReadonlyArray<Step>>, states: Int32Array, segment: string): number => {
  let outcome = 0
  for (let r = 0; r < rules.length; r++) {
    const rule = rules[r]
    if (rule === undefined) continue
    let after = 0
    for (let open = (states[r] ?? 0) | 1; open !== 0; open &= open - 1) {
      let at = 31 - Math.clz32(open & -open)
      if (rule[at]?.kind === "deep") {
        after |= 1 << at
        at++
      }
      const step = rule[at]
      if (step === undefined || !matches(step, segment)) continue
      if (step.kind === "id" || step.kind === "uuid") outcome |= isHit
      if (at + 1 < rule.length) after |= 1 << (at + 1)
      if (rule[at + 1]?.kind === "id") outcome |= expectsId
    }
    states[r] = after
    if (after !== 0) outcome |= stillActive
  }
  return outcome
}

const matches = (step: Step, segment: string): boolean => {
  switch (step.kind) {
    case "word":
      return segment.length === step.word.length && startsWithIgnoringCase(segment, step.word, 0)
    case "prefix":
      return startsWithIgnoringCase(segment, step.word, 0)
    case "uuid":
      return isUuid(segment)
    case "any":
    case "deep":
    case "id":
      return true
  }
}
