/**
 * Paths and queries of values that are known to be URLs. In running text a path may as well be a source file, a route
 * template or half a sentence; here it is what a client sent, so each of its segments is taken at its word.
 */
import { code, isAlphanumeric, isDigit, isKey, isLower, isSpace, mark, runEnd } from "./Characters.ts"
import * as CleanTexts from "./CleanTexts.ts"
import { unreadable } from "./Detector.ts"
import { decodeComponent, encodeComponent } from "./Encoding.ts"
import * as Identifiers from "./Identifiers.ts"
import type { KeyVerdict } from "./Keys.ts"
import { remembering } from "./Memory.ts"
import * as Paths from "./Paths.ts"
import { isHarmless } from "./Placeholders.ts"
import { singularOwner } from "./Reading.ts"
import * as Text from "./Text.ts"

/** A raw path or a full URL, and the template of the route that it matched where that is known. */
export type ScrubUrl = (value: string, route?: string) => string

type Judge = (key: string) => KeyVerdict

/** The attributes of spans and the annotations of log lines that show the URL of the request that they tell of. */
const requestKeys = ["url.path", "url.full", "http.url", "http.target"] as const

/** The record with the URLs of its request scrubbed by the names that `route` gives to their segments. */
export const alongRoute = <Content>(
  record: Readonly<Record<string, Content>>,
  route: unknown,
  url: ScrubUrl
): Readonly<Record<string, Content | string>> => {
  if (typeof route !== "string") return record
  let out: Record<string, Content | string> | undefined
  for (const key of requestKeys) {
    const value = record[key]
    if (typeof value !== "string") continue
    const shown = url(value, route)
    if (shown !== value) (out ??= { ...record })[key] = shown
  }
  return out ?? record
}

/** The same of keys and values in turn. */
export const listedAlongRoute = (
  keyValues: ReadonlyArray<unknown>,
  route: unknown,
  url: ScrubUrl
): ReadonlyArray<unknown> => {
  if (typeof route !== "string") return keyValues
  let out: Array<unknown> | undefined
  for (let i = 0; i < keyValues.length; i += 2) {
    const value = keyValues[i + 1]
    if (typeof value !== "string" || !isRequestKey(keyValues[i])) continue
    const shown = url(value, route)
    if (shown !== value) (out ??= keyValues.slice())[i + 1] = shown
  }
  return out ?? keyValues
}

const isRequestKey = (key: unknown): boolean => requestKeys.some((known) => known === key)

/** Scrubs URLs by their parts: path by route and by patterns, query by its parameters' names, all of it as text. */
export const make = (
  patterns: ReadonlyArray<string>,
  text: Text.ScrubText,
  judge: Judge
): ScrubUrl => {
  const idsOf = Paths.pathSegments(patterns)
  const partsOf = remembering((route) => parse(route, judge), 512, 512)

  const parameter = (part: string): string => {
    const equals = part.indexOf("=")
    if (equals < 0) return part
    const content = part.slice(equals + 1)
    const verdict = judge(decodeComponent(part.slice(0, equals)))
    if (verdict.class === "plain") return part
    const decoded = decodeComponent(content)
    if (isHarmless(decoded) || Identifiers.isTemplate(decoded)) return part
    const shown = verdict.class === "sensitive" ? mark : encodeComponent(Identifiers.identify(decoded))
    return decoded === shown ? part : `${part.slice(0, equals)}=${shown}`
  }
  const query = (part: string): string => part.includes("=") ? part.split("&").map(parameter).join("&") : part

  const path = (value: string, route: string | undefined): string => {
    if (!value.includes("/") || runEnd(value, 0, (c) => !isSpace(c)) < value.length) return value
    const segments = value.split("/")
    const start = originEnd(segments)
    const named: Array<number> = []
    for (let i = start; i < segments.length; i++) if (segments[i] !== "") named.push(i)
    const decoded = named.map((i) => decodeComponent(segments[i] ?? ""))
    const shown = new Map<number, string>()
    idsOf(decoded, (i) => shown.set(i, identify(decoded[i] ?? "")))
    if (route !== undefined) align(decoded, partsOf(route), judge, (i, content) => shown.set(i, content))
    if (shown.size === 0) return value
    for (const [i, content] of shown) if (content !== decoded[i]) segments[named[i] ?? 0] = content
    return segments.join("/")
  }

  const once = (value: string, route: string | undefined): string => {
    const hash = value.indexOf("#")
    const end = hash < 0 ? value.length : hash
    const question = value.indexOf("?")
    const start = question >= 0 && question < end ? question + 1 : isQuery(value) ? 0 : end
    const fragment = hash < 0 ? "" : `#${query(value.slice(hash + 1))}`
    const pathEnd = start > 0 && start <= end && question === start - 1 ? start - 1 : start
    return text(
      path(value.slice(0, pathEnd), route) + value.slice(pathEnd, start) + query(value.slice(start, end)) + fragment,
      0
    )
  }
  const clean = CleanTexts.make()
  const cleanAlong = CleanTexts.make()
  return (value, route) => {
    const known = route === undefined ? clean : cleanAlong
    const asked = route === undefined ? value : `${route.length} ${route}${value}`
    if (known.kept(asked) !== undefined) return value
    const shown = Text.settle(value, (current) => once(current, route))
    if (shown === value) known.add(asked)
    return shown
  }
}

/** `a=1&b=/x`: a query by itself, without its question mark. */
const isQuery = (value: string): boolean => {
  const end = runEnd(value, 0, (c) => c !== code.slash && c !== code.equals && c !== code.ampersand)
  return end === value.length || value.charCodeAt(end) !== code.slash
}

/** The first segment of the path: `https:`, an empty one and the host come before it in a full URL. */
const originEnd = (segments: ReadonlyArray<string>): number => {
  const scheme = segments[0] ?? ""
  return scheme.length > 1 && scheme.endsWith(":") && segments[1] === "" ? 3 : 0
}

/** A segment of a real path can look like a template or like most of our marks without being one. */
const identify = (id: string): string =>
  id === mark || id === unreadable ? id : Identifiers.isTemplate(id) || Identifiers.isMark(id)
    ? Identifiers.pseudonym(id)
    : Identifiers.identify(id)

/** What a route says about a segment; `rest` is a wildcard. */
type Part =
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "rest" }
  | { readonly kind: KeyVerdict["class"] }

/** The parts of a route template in any common style: `:id`, `{id}`, `<id>`, `[id]`, `*`. */
const parse = (route: string, judge: Judge): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let owner = ""
  for (const segment of route.split("/")) {
    if (segment === "") continue
    if (parts.length >= maxParts) return [...parts, { kind: "rest" }]
    const part = partOf(segment, owner, judge)
    if (part.kind === "word") owner = part.word
    parts.push(part)
  }
  return parts
}

/** More parts than a route has; the rest of a longer one counts as a wildcard. */
const maxParts = 64

const partOf = (segment: string, owner: string, judge: Judge): Part => {
  let kind: "identifier" | "plain" | undefined
  for (let i = 0; i < segment.length; i++) {
    const c = segment.charCodeAt(i)
    if (c === code.asterisk) return { kind: "rest" }
    if (c !== code.colon && c !== code.openBrace && c !== code.less && c !== code.openBracket) continue
    const start = runEnd(segment, i + 1, (d) => d === c || d === code.dot || d === code.colon)
    const end = runEnd(segment, start, (d) => isKey(d) && d !== code.dot)
    if (end === start) continue
    const verdict = parameterClass(segment.slice(start, end), owner, judge)
    if (verdict === "sensitive") return { kind: verdict }
    if (kind !== "identifier") kind = verdict
    i = end - 1
  }
  return kind === undefined ? { kind: "word", word: segment.toLowerCase() } : { kind }
}

/** `:portfolio` is a portfolio's id as `:portfolio_id` is, and so is the `:id` behind `portfolios`. */
const parameterClass = (name: string, owner: string, judge: Judge): KeyVerdict["class"] => {
  const verdict = judge(name)
  if (verdict.class !== "plain" || verdict.words.length !== 1) return verdict.class
  const word = verdict.words[0] ?? ""
  return judge(word === "id" || word === "ids" || word === "uuid" ? ownerKey(owner) : ownerKey(word)).class
}

const ownerKey = (owner: string): string => `${singularOwner(owner)} id`

/** Tells what to show in the place of each segment that a parameter or a wildcard matched. */
const align = (
  segments: ReadonlyArray<string>,
  parts: ReadonlyArray<Part>,
  judge: Judge,
  put: (index: number, content: string) => void
): void => {
  const offset = offsetOf(segments, parts)
  // A route that the path does not show says nothing about which segment is which.
  const from = offset ?? 0
  for (let i = from; i < segments.length; i++) {
    const segment = segments[i] ?? ""
    const part = offset === undefined ? rest : parts[i - from] ?? rest
    if (part.kind === "rest") {
      for (let j = i; j < segments.length; j++) {
        const one = segments[j] ?? ""
        const owned = j > 0 && judge(ownerKey((segments[j - 1] ?? "").toLowerCase())).class === "identifier"
        if ((owned && !Paths.isRoute(one)) || !isWord(one)) put(j, identify(one))
      }
      return
    }
    if (part.kind === "identifier") put(i, identify(segment))
    else if (part.kind === "sensitive") put(i, mark)
  }
}

const rest: Part = { kind: "rest" }

/** Where in the path the route begins: a router may be mounted under a prefix that its routes do not know. */
const offsetOf = (segments: ReadonlyArray<string>, parts: ReadonlyArray<Part>): number | undefined => {
  const surplus = segments.length - parts.length
  const open = parts.some((part) => part.kind === "rest")
  if (!open && surplus > 0 && fits(segments, parts, surplus)) return surplus
  for (let offset = 0; offset === 0 || offset <= surplus; offset++) if (fits(segments, parts, offset)) return offset
  return undefined
}

const fits = (segments: ReadonlyArray<string>, parts: ReadonlyArray<Part>, offset: number): boolean => {
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]
    if (part === undefined || part.kind === "rest") return true
    if (part.kind === "word" && (segments[offset + i] ?? "").toLowerCase() !== part.word) return false
  }
  return true
}

/** A word of a path (`styles.css`, `img`, `v1`) rather than an id: small letters, no digit but a version's. */
const isWord = (segment: string): boolean => {
  if (segment.length > 32) return false
  if (segment.charCodeAt(0) === 118 && segment.length > 1 && segment.length < 4) {
    return runEnd(segment, 1, isDigit) === segment.length
  }
  return runEnd(segment, 0, isWordSign) === segment.length
}

const isWordSign = (c: number): boolean =>
  isLower(c) || (!isAlphanumeric(c) && c < 128 && (c === code.dot || c === code.dash || c === code.underscore))
