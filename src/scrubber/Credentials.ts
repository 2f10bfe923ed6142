import {
  code,
  inAnyCase,
  isAlphanumeric,
  isBase64,
  isQuote,
  isToken,
  mark,
  runEnd,
  startsWithIgnoringCase
} from "./Characters.ts"
import type { Detector } from "./Detector.ts"
import { decodeBase64, decodeComponent } from "./Encoding.ts"

/** Longer labels are none. */
const longestLabel = 64

/**
 * Private keys in PEM armour, with or without their end. The words of the label can be apart by a blank, by `+` or by
 * `%20`, and lines by anything: what a URL makes of a key is still one.
 */
export const privateKeyDetector: Detector = {
  name: "private-keys",
  triggers: "-",
  pairs: ["-B"],
  find: (text, found) => {
    for (let at = text.indexOf("-----BEGIN"); at >= 0; at = text.indexOf("-----BEGIN", at)) {
      const label = text.slice(at + 10, at + 10 + longestLabel)
      const start = at
      at += 10
      const word = label.indexOf("PRIVATE")
      if (word < 0 || label.indexOf("KEY", word) < 0) continue
      const end = text.indexOf("-----END", at)
      const close = end < 0 ? -1 : text.indexOf("-----", end + 8)
      at = close < 0 ? text.length : close + 5
      found(start, at, mark)
    }
  }
}

/** Words of prose that follow “bearer” without being a token. */
const prose = new Set([
  "auth",
  "authentication",
  "authorization",
  "credential",
  "credentials",
  "error=",
  "format",
  "header",
  "headers",
  "must",
  "realm=",
  "required",
  "scheme",
  "scope=",
  "security",
  "shares",
  "token",
  "tokens",
  "with"
])

/** Schemes by the last letter of their names. */
const schemes: ReadonlyMap<number, string> = new Map(
  ["bearer", "basic", "digest"].map((scheme) => [scheme.charCodeAt(scheme.length - 1), scheme])
)

/** `Bearer …`, `Basic …` and `Digest …` in any case; in URLs the blank is written `%20` or `+`. */
export const authorizationDetector: Detector = {
  name: "authorization",
  triggers: " \t%+",
  // Of each scheme two of its letters.
  pairs: ["be", "ba", "ig"].flatMap(inAnyCase),
  find: (text, found) => {
    for (let i = 5; i < text.length; i++) {
      const c = text.charCodeAt(i)
      const inUrl = c === code.plus || c === code.percent
      if (!inUrl && c !== code.space && c !== code.tab) continue
      const scheme = schemes.get(text.charCodeAt(i - 1) | 32)
      if (scheme === undefined) continue
      const wordStart = i - scheme.length
      if (!startsWithIgnoringCase(text, scheme, wordStart)) continue
      if (wordStart > 0 && isAlphanumeric(text.charCodeAt(wordStart - 1))) continue
      if (c === code.percent && !text.startsWith("20", i + 1)) continue
      let start = inUrl ? i + (c === code.plus ? 1 : 3) : runEnd(text, i, (d) => d === code.space || d === code.tab)
      if (scheme === "digest") {
        const end = digestEnd(text, start)
        if (end > start) found(start, end, mark)
        i = Math.max(i, end - 1)
        continue
      }
      if (isQuote(text.charCodeAt(start))) start++
      const isPart = scheme === "bearer" ? isToken : isPaddedBase64
      const end = runEnd(text, start, inUrl ? (d) => isPart(d) || d === code.percent : isPart)
      const value = decodeComponent(text.slice(start, end))
      const secret = scheme === "bearer"
        ? value.length >= 4 && !prose.has(value.toLowerCase().replaceAll(".", ""))
        : isUserAndPassword(value)
      if (secret) found(start, end, mark)
      i = Math.max(i, end - 1)
    }
  }
}

/** Where the parameters of a digest (`username="…", response="…"`) end, or `start` where there are none. */
const digestEnd = (text: string, start: number): number => {
  let end = start
  for (let at = start;;) {
    const name = runEnd(text, at, isAlphanumeric)
    if (name === at || text.charCodeAt(name) !== code.equals) return end
    const escaped = text.charCodeAt(name + 1) === code.backslash ? 1 : 0
    const open = name + 1 + escaped
    if (text.charCodeAt(open) === code.quote) {
      const close = runEnd(text, open + 1, (c) => c !== code.quote && c !== code.newline)
      end = text.charCodeAt(close) === code.quote ? close + 1 : close
    } else end = runEnd(text, open, isToken)
    at = runEnd(text, end, (c) => c === code.comma || c === code.space)
    if (at === end) return end
  }
}

/** Base64 of `user:password`, told from a word of prose by its padding or by what it decodes to. */
const isUserAndPassword = (value: string): boolean => {
  if (value.length < 4) return false
  if (value.endsWith("=")) return true
  const text = decodeBase64(value)
  return text !== undefined && text.indexOf(":") >= 0
}

const isPaddedBase64 = (c: number): boolean => isBase64(c) || c === code.equals

const isBase64Url = (c: number): boolean => isAlphanumeric(c) || c === code.dash || c === code.underscore

/** `{"alg":"none"}` takes more. */
const shortestHeader = 16

/**
 * JSON web tokens, the first part of which begins `{"`: three base64url parts, or five of an encrypted one. One without
 * a signature has but two.
 */
export const jwtDetector: Detector = {
  name: "json-web-tokens",
  triggers: ".",
  pairs: ["yJ"],
  minRun: shortestHeader,
  find: (text, found) => {
    for (let at = text.indexOf("eyJ"); at >= 0; at = text.indexOf("eyJ", at)) {
      const start = at
      const header = runEnd(text, start, isBase64Url)
      at = header
      if (text.charCodeAt(header) !== code.dot || header - start < shortestHeader) continue
      // An encrypted one may have no key of its own: its second part is then empty.
      const payload = runEnd(text, header + 1, isBase64Url)
      let end = payload
      for (let parts = 2; parts < 5 && text.charCodeAt(end) === code.dot; parts++) {
        const next = runEnd(text, end + 1, isBase64Url)
        if (next === end + 1) break
        end = next
      }
      if (end - header < 6 || (payload === header + 1 && end - header < 24)) continue
      found(start, end, mark)
      at = end
    }
  }
}
