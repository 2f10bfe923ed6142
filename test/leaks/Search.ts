/**
 * Looks for many texts in many bytes, whatever the case of their letters.
 */

/** A text that was found, and what stood around it. */
export interface Hit {
  readonly needle: string
  readonly at: number
  /** The bytes around it, as Latin 1, control characters as dots. */
  readonly around: string
}

const prefixLength = 4

// One table for ASCII: a proxy, a header or a host name may have changed the case of letters.
const folded = Uint8Array.from({ length: 256 }, (_, byte) => byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)

const fold = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(bytes.length)
  for (let index = 0; index < bytes.length; index++) out[index] = folded[bytes[index]!]!
  return out
}

const key = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0

const slot = (prefix: number): number => (Math.imul(prefix, 0x9e3779b1) >>> 12) & 0xfffff

/** A set of texts, each of four bytes at least, to look for. */
export class Needles {
  private readonly byPrefix = new Map<number, Array<{ readonly needle: string; readonly bytes: Uint8Array }>>()
  private readonly filter = new Uint8Array(1 << 20)

  constructor(needles: Iterable<string>) {
    for (const needle of new Set(needles)) {
      const bytes = fold(Buffer.from(needle, "utf8"))
      if (bytes.length < prefixLength) throw new Error(`too short to look for: ${JSON.stringify(needle)}`)
      const prefix = key(bytes, 0)
      this.filter[slot(prefix)] = 1
      const same = this.byPrefix.get(prefix)
      if (same === undefined) this.byPrefix.set(prefix, [{ needle, bytes }])
      else same.push({ needle, bytes })
    }
  }

  /** Every place where one of the texts stands, several at one place included. */
  find(haystack: Uint8Array): ReadonlyArray<Hit> {
    const bytes = fold(haystack)
    const hits: Array<Hit> = []
    for (let at = 0; at + prefixLength <= bytes.length; at++) {
      const prefix = key(bytes, at)
      if (this.filter[slot(prefix)] === 0) continue
      for (const candidate of this.byPrefix.get(prefix) ?? []) {
        if (!stands(candidate.bytes, bytes, at)) continue
        hits.push({ needle: candidate.needle, at, around: shown(haystack, at, candidate.bytes.length) })
      }
    }
    return hits
  }
}

const stands = (needle: Uint8Array, bytes: Uint8Array, at: number): boolean => {
  if (at + needle.length > bytes.length) return false
  for (let index = prefixLength; index < needle.length; index++) {
    if (bytes[at + index] !== needle[index]) return false
  }
  return true
}

const shown = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.subarray(Math.max(0, at - 120), at + length + 60)).toString("latin1")
    // oxlint-disable-next-line no-control-regex
    .replace(/[\x00-\x1f\x7f-\xff]/g, ".")
