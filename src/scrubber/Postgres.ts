import { code, mark, runEnd } from "./Characters.ts"
import type { Detector } from "./Detector.ts"

/**
 * Values in Postgres error texts: `Key (email)=(…) already exists.`, `Failing row contains (…).`,
 * `invalid input syntax for type uuid: "…"`.
 */
export const postgresDetector: Detector = {
  name: "postgres-details",
  triggers: "",
  // Of each phrase below.
  pairs: [")=", "Fa", "nv"],
  find: (text, found) => {
    // Each phrase is found by its own rare beginning; the earliest of the three comes first.
    const searches = phrases.map((phrase) => ({ phrase, at: text.indexOf(phrase.text) }))
    let from = 0
    for (;;) {
      let next: (typeof searches)[number] | undefined
      for (const search of searches) {
        if (search.at >= 0 && search.at < from) search.at = text.indexOf(search.phrase.text, from)
        if (search.at >= 0 && (next === undefined || search.at < next.at)) next = search
      }
      if (next === undefined) return
      const start = next.at + next.phrase.text.length
      const open = next.phrase.opens === undefined ? start : openQuote(text, start, next.phrase.opens)
      if (open < 0) {
        from = start
        continue
      }
      const end = next.phrase.opens === undefined ? closing(text, open) : quoteEnd(text, open)
      if (end > open && text.slice(open, end) !== mark) found(open, end, mark)
      from = Math.max(end, start)
    }
  }
}

const phrases: ReadonlyArray<{ readonly text: string; readonly opens?: number }> = [
  { text: ")=(" },
  { text: "Failing row contains (" },
  { text: "invalid input syntax for type ", opens: code.quote },
  { text: "invalid input value for enum ", opens: code.quote }
]

/** The beginning of the quoted value behind `…: "`, or -1 within the next 64 characters. */
const openQuote = (text: string, start: number, quote: number): number => {
  const limit = Math.min(text.length, start + 64)
  for (let i = start; i < limit; i++) {
    if (text.charCodeAt(i) === code.colon) {
      const at = runEnd(text, i + 1, (c) => c === code.space || c === code.backslash, limit)
      return text.charCodeAt(at) === quote ? at + 1 : -1
    }
  }
  return -1
}

/**
 * Quotes inside the value are not escaped: the last one of the line closes it, or the last one before a quote that is
 * escaped otherwise than the opening one.
 */
const quoteEnd = (text: string, start: number): number => {
  const escaped = text.charCodeAt(start - 2) === code.backslash
  let last = -1
  let i = start
  for (; i < text.length && text.charCodeAt(i) !== code.newline; i++) {
    if (text.charCodeAt(i) !== code.quote) continue
    if ((text.charCodeAt(i - 1) === code.backslash) !== escaped) break
    last = escaped ? i - 1 : i
  }
  return last < start ? i : last
}

/** Values are not escaped: the bracket that closes is the first one that the message goes on after. */
const closing = (text: string, start: number): number => {
  let last = -1
  let i = start
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === code.newline) break
    if (c !== code.close) continue
    last = i
    const next = text.charCodeAt(i + 1)
    if (Number.isNaN(next) || next === code.dot || next === code.quote || next === code.apostrophe) return i
    if (next === code.backslash || next === code.newline) return i
    if (next === code.space && goesOn.some((word) => text.startsWith(word, i + 2))) return i
  }
  // A shortened message has no closing bracket: the rest of its line is the value.
  return last < 0 ? i : last
}

const goesOn = ["already exists", "is not present", "is still referenced", "is duplicated", "conflicts with"]
