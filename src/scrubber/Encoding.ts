import { code, hexValue, isAlphanumeric, isHex, runEnd, tableOf } from "./Characters.ts"
import type { Detector } from "./Detector.ts"

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const sextets = Int8Array.from(
  { length: 128 },
  (_, c) => c === code.dash ? 62 : c === code.underscore ? 63 : alphabet.indexOf(String.fromCharCode(c))
)

/** What base64 (either alphabet, padded or not) decodes to, where all of it is printable ASCII; else nothing. */
export const decodeBase64 = (value: string): string | undefined => {
  let out = ""
  let buffer = 0
  let bits = 0
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c === code.equals && i >= value.length - 2) break
    const sextet = c < 128 ? sextets[c] ?? -1 : -1
    if (sextet < 0) return undefined
    buffer = ((buffer << 6) | sextet) & 0x3fff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    const byte = (buffer >> bits) & 0xff
    if (byte > 126 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return undefined
    out += String.fromCharCode(byte)
  }
  return out
}

/** Decodes `%XX` of ASCII characters; everything else stays as it is. */
export const decodeAscii = (text: string): string => {
  let out = ""
  let done = 0
  for (let i = text.indexOf("%"); i >= 0; i = text.indexOf("%", i + 1)) {
    if (i < done || !isHex(text.charCodeAt(i + 1)) || !isHex(text.charCodeAt(i + 2))) continue
    const value = hexValue(text.charCodeAt(i + 1)) * 16 + hexValue(text.charCodeAt(i + 2))
    if (value < 0x20 || value > 0x7e) continue
    out += text.slice(done, i) + String.fromCharCode(value)
    done = i + 3
  }
  return done === 0 ? text : out + text.slice(done)
}

/** Decodes a component of a URL; where not all of it is UTF-8, its ASCII part, in which secrets stand. */
export const decodeComponent = (text: string): string => {
  if (!text.includes("%")) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return decodeAscii(text)
  }
}

/** The counterpart of `decodeComponent`; a lone surrogate, which has no UTF-8 form, becomes U+FFFD. */
export const encodeComponent = (text: string): string => encodeURIComponent(text.toWellFormed())

/** What stays as it is in an encoded component, and `%` itself; delimiters of URLs are not among them. */
const component = tableOf("-_.~%+'()!*$,:;@")
const isComponent = (c: number): boolean => isAlphanumeric(c) || (c < 128 && component[c] === 1)

/** What else stands in a URL: clients encode only some of it (`detail=Digest%20username=%22…%22,%20response=…`). */
const isUrl = (c: number): boolean => isComponent(c) || c === code.equals || c === code.slash

/**
 * `%XX` runs, decoded and scrubbed: `john%40example.com`, `%2Fapi%2Fmetrics%2F…`, `apikey%3D…`; in forms a `+` stands for
 * a blank (`4111+1111+…`).
 */
export const percentDetector: Detector = {
  name: "percent-encoding",
  triggers: "%+",
  find: (text, found, nested) => {
    for (let i = 0; i < text.length; i++) {
      if (!isUrl(text.charCodeAt(i))) continue
      const start = i
      i = runEnd(text, start, isUrl)
      scrubRun(text.slice(start, i), (from, to, shown) => found(start + from, start + to, shown), nested)
    }
  }
}

const scrubRun = (run: string, found: Parameters<Detector["find"]>[1], nested: (text: string) => string): void => {
  // A quoted value goes on over the `=` and `/` in it.
  if (quotes.some((quote) => run.includes(quote))) {
    const shown = scrubEncoded(run, nested, (text) => encodeURI(text.toWellFormed()))
    if (shown !== run) return found(0, run.length, shown)
  }
  for (let start = 0; start < run.length;) {
    const end = runEnd(run, start, isComponent)
    const part = run.slice(start, end)
    const shown = scrubEncoded(part, nested, encodeComponent)
    if (shown !== part) found(start, end, shown)
    start = end + 1
  }
}

const quotes = ["=%22", "=%27", "='"]

/** Decodes, scrubs and encodes again; what holds nothing stays as it was written. */
const scrubEncoded = (
  encoded: string,
  nested: (text: string) => string,
  encode: (text: string) => string
): string => {
  // A form has no `%20`, and in an address with a tag the sign is no blank.
  const form = encoded.includes("+") && !encoded.includes("%20") && !encoded.includes("%40")
  const decoded = decodeComponent(form ? encoded.replaceAll("+", " ") : encoded)
  if (decoded === encoded) return encoded
  const scrubbed = nested(decoded)
  if (scrubbed === decoded) return encoded
  return form ? encode(scrubbed).replaceAll("%20", "+") : encode(scrubbed)
}
