import { code, isAlphanumeric, isDigit, isQuote, isToken, mark, runEnd, startsWithIgnoringCase } from "./Characters.ts"
import type { Detector } from "./Detector.ts"
import { decodeBase64 } from "./Encoding.ts"

/** Private keys in PEM armour, with or without their end. */
export const privateKeyDetector: Detector = {
  name: "private-keys",
  triggers: "-",
  find: (text, found) => {
    for (let at = text.indexOf("-----BEGIN "); at >= 0; at = text.indexOf("-----BEGIN ", at)) {
      const label = text.slice(at + 11, at + 59)
      const start = at
      at += 11
      if (!label.includes("PRIVATE KEY")) continue
      const end = text.indexOf("-----END ", at)
      const close = end < 0 ? -1 : text.indexOf("-----", end + 9)
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

/** `Bearer …` and `Basic …` in any case. */
export const authorizationDetector: Detector = {
  name: "authorization",
  triggers: " \t",
  find: (text, found) => {
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if ((c !== code.space && c !== code.tab) || i < 5) continue
      const last = text.charCodeAt(i - 1) | 32
      if (last !== 114 && last !== 99) continue
      const scheme = last === 114 ? "bearer" : "basic"
      const wordStart = i - scheme.length
      if (!startsWithIgnoringCase(text, scheme, wordStart)) continue
      if (wordStart > 0 && isAlphanumeric(text.charCodeAt(wordStart - 1))) continue
      let start = runEnd(text, i, (d) => d === code.space || d === code.tab)
      if (isQuote(text.charCodeAt(start))) start++
      const end = runEnd(text, start, isToken)
      const value = text.slice(start, end)
      const secret = scheme === "bearer"
        ? value.length >= 4 && !prose.has(value.toLowerCase().replaceAll(".", ""))
        : isUserAndPassword(value)
      if (secret) found(start, end, mark)
      i = Math.max(i, end - 1)
    }
  }
}

/** Base64 of `user:password`, told from a word of prose by its padding or by what it decodes to. */
const isUserAndPassword = (value: string): boolean => {
  if (value.length < 4) return false
  if (value.endsWith("=")) return true
  const text = decodeBase64(value)
  return text !== undefined && text.indexOf(":") >= 0
}

const isBase64Url = (c: number): boolean => isAlphanumeric(c) || c === code.dash || c === code.underscore

/** JSON Web Tokens: three base64url parts, the first of which begins `{"`. */
export const jwtDetector: Detector = {
  name: "json-web-tokens",
  triggers: ".",
  find: (text, found) => {
    for (let at = text.indexOf("eyJ"); at >= 0; at = text.indexOf("eyJ", at)) {
      const start = at
      const header = runEnd(text, start, isBase64Url)
      at = header
      if (text.charCodeAt(header) !== code.dot || header - start < 8) continue
      const payload = runEnd(text, header + 1, isBase64Url)
      if (payload - header < 6) continue
      const end = text.charCodeAt(payload) === code.dot ? runEnd(text, payload + 1, isBase64Url) : payload
      found(start, end, mark)
      at = end
    }
  }
}

/** Beginnings of keys as their issuers document them, with the least number of characters that follow. */
const prefixes: ReadonlyArray<readonly [string, number]> = [
  ["sk_live_", 16],
  ["sk_test_", 16],
  ["rk_live_", 16],
  ["rk_test_", 16],
  ["whsec_", 16],
  ["sk-ant-", 20],
  ["sk-proj-", 20],
  ["sk-", 32],
  ["ghp_", 30],
  ["gho_", 30],
  ["ghu_", 30],
  ["ghs_", 30],
  ["ghr_", 30],
  ["github_pat_", 20],
  ["glpat-", 16],
  ["xoxb-", 10],
  ["xoxp-", 10],
  ["xoxa-", 10],
  ["xoxs-", 10],
  ["xapp-", 10],
  ["AKIA", 16],
  ["ASIA", 16],
  ["AIza", 30],
  ["ya29.", 20],
  ["npm_", 36],
  ["pypi-", 30],
  ["hf_", 30],
  ["SG.", 30],
  ["dop_v1_", 30],
  ["shpat_", 20],
  ["sntrys_", 20],
  ["sntryu_", 20]
]
const byFirst: ReadonlyArray<ReadonlyArray<readonly [string, number]> | undefined> = Array.from(
  { length: 128 },
  (_, c) => {
    const entries = prefixes.filter(([prefix]) => prefix.charCodeAt(0) === c)
    return entries.length === 0 ? undefined : entries
  }
)

/** Keys of providers that can be told by their beginning. */
export const providerKeyDetector: Detector = {
  name: "provider-keys",
  triggers: "_-A.",
  minDigits: 1,
  find: (text, found) => {
    let end = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      const candidates = c < 128 ? byFirst[c] : undefined
      if (candidates === undefined || (i > 0 && isAlphanumeric(text.charCodeAt(i - 1)))) continue
      for (const [prefix, least] of candidates) {
        if (!text.startsWith(prefix, i)) continue
        // Several prefixes can stand in one run: its end is looked for once.
        if (end < i + prefix.length) end = runEnd(text, i + prefix.length, isProviderKey)
        if (end - i < prefix.length + least || !hasDigit(text, i + prefix.length, i + prefix.length + least)) continue
        found(i, end, mark)
        i = end - 1
        break
      }
    }
  }
}

const isProviderKey = (c: number): boolean =>
  isAlphanumeric(c) || c === code.dash || c === code.underscore || c === code.dot

const hasDigit = (text: string, start: number, end: number): boolean =>
  runEnd(text, start, (c) => !isDigit(c), end) < end
