import {
  code,
  isAlphanumeric,
  isDigit,
  isKey,
  isLetter,
  isQuote,
  isSpace,
  mark,
  runEnd,
  runStart,
  trimEnd
} from "./Characters.ts"
import { type Detector, tokenEnd } from "./Detector.ts"
import { identify, isUuid } from "./Identifiers.ts"
import type { KeyVerdict } from "./Keys.ts"
import { isHarmless, templateEnd } from "./Placeholders.ts"
import { singularOwner } from "./Reading.ts"

type Judge = (key: string) => KeyVerdict

/** Words between a noun and its id: `portfolio with the id …`. */
const fillers = new Set(["and", "for", "id", "ids", "is", "no", "number", "of", "the", "uuid", "was", "whose", "with"])

/** At most as many words are read back from an id. */
const reach = 5

/** `portfolio 3f2a…`, `portfolioId 3f2a…`, `user with id 3f2a…`: a UUID behind the name of whom it identifies. */
export const proseDetector = (judge: Judge): Detector => {
  const names = (word: string): boolean =>
    judge(word).class === "identifier" || judge(`${singularOwner(word)} id`).class === "identifier"
  const isNamed = (text: string, at: number): boolean => {
    let end = at
    for (let count = 0; count < reach; count++) {
      end = runStart(text, end, isBetween, Math.max(0, end - 8))
      const start = runStart(text, end, isWord, Math.max(0, end - 64))
      const word = text.slice(start, end)
      if (word === "") return false
      if (!fillers.has(word.toLowerCase())) return names(word)
      end = start
    }
    return false
  }
  return {
    name: "ids-in-prose",
    triggers: "-",
    minDigits: 1,
    minRun: 36,
    find: (text, found) => {
      let last = -1
      for (let dash = text.indexOf("-"); dash >= 0; dash = text.indexOf("-", dash + 1)) {
        const start = dash - 8
        const end = start + 36
        if (start < 1 || text.charCodeAt(dash + 5) !== code.dash || !isUuid(text.slice(start, end))) continue
        if (isAlphanumeric(text.charCodeAt(start - 1)) || isAlphanumeric(text.charCodeAt(end))) continue
        dash = end
        // In a list the first one's name is that of all.
        const listed = last >= 0 && start - last < 8 && isListing(text.slice(last, start))
        if (!listed && !isNamed(text, start)) continue
        last = end
        found(start, end, identify(text.slice(start, end)))
      }
    }
  }
}

const isBetween = (c: number): boolean =>
  isSpace(c) || isQuote(c) || c === code.open || c === code.openBracket || c === code.hash || c === code.colon ||
  c === code.equals

const isWord = (c: number): boolean => isAlphanumeric(c) || c === code.underscore || c === code.dash

const isListing = (between: string): boolean => {
  for (let i = 0; i < between.length; i++) {
    const c = between.charCodeAt(i)
    if (c !== code.comma && !isBetween(c) && !isLetter(c)) return false
  }
  const words = between.trim()
  return words === "," || words === "and" || words === ", and" || words === "or"
}

/** `<password>…</password>`, with or without attributes. */
export const elementDetector = (judge: Judge): Detector => ({
  name: "elements",
  triggers: "<",
  find: (text, found) => {
    let close = -1
    for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
      const nameEnd = runEnd(text, at + 1, (c) => isKey(c) || c === code.colon, at + 65)
      const name = text.slice(at + 1, nameEnd)
      at = Math.max(at + 1, nameEnd)
      if (name === "") continue
      const start = runEnd(text, nameEnd, (c) => c !== code.greater && c !== code.less) + 1
      at = start - 1
      if (text.charCodeAt(start - 1) !== code.greater || text.charCodeAt(start - 2) === code.slash) continue
      const verdict = judge(name)
      // `<key>` is a name in a property list.
      if (verdict.class === "plain" || (verdict.words.length === 1 && verdict.words[0] === "key")) continue
      if (close < start) close = text.indexOf("</", start)
      if (close < 0) return
      // Elements inside are judged by their own names.
      const inside = text.indexOf("<", start)
      if (!text.startsWith(name, close + 2) || (inside < close && text.charCodeAt(inside + 1) !== code.bang)) continue
      const value = text.slice(start, close)
      at = close
      if (isHarmless(value.trim()) || (value.charCodeAt(0) !== code.less && templateEnd(value, 0) === value.length)) {
        continue
      }
      const shown = verdict.class === "identifier" ? identify(value) : mark
      if (shown !== value) found(start, close, shown)
    }
  }
})

/** `curl -u user:password`, with or without the space: as far as curl takes it. */
export const curlDetector: Detector = {
  name: "curl-credentials",
  triggers: "-",
  pairs: ["-u"],
  find: (text, found) => {
    const curl = text.indexOf("curl")
    if (curl < 0) return
    for (let at = text.indexOf("-u", curl); at >= 0; at = text.indexOf("-u", at)) {
      const before = text.charCodeAt(at - 1)
      let start = at + 2
      at = start
      if (!isSpace(before) && !isQuote(before)) continue
      start = runEnd(text, start, (c) => isSpace(c) || isQuote(c) || c === code.comma || c === code.equals)
      const end = tokenEnd(text, start, isSpace)
      const colon = runEnd(text, start, (c) => c !== code.colon, end)
      if (colon >= end || colon + 1 >= end || text.startsWith("//", colon + 1)) continue
      if (runEnd(text, colon + 1, isDigit, end) === end && runEnd(text, start, isDigit, colon) === colon) continue
      found(start, end, mark)
      at = end
    }
  }
}

/** Shorter words behind “password” are not taken for one. */
const shortestPassword = 8

/**
 * `login svc password hunter2-x`, `the password is hunter2-x`, as in a netrc file and in prose: a word with a digit, which
 * prose hardly has there.
 */
export const passwordDetector: Detector = {
  name: "passwords-in-prose",
  triggers: " \t",
  pairs: ["sw"],
  minDigits: 1,
  minRun: shortestPassword,
  find: (text, found) => {
    for (let at = text.indexOf("assword"); at >= 0; at = text.indexOf("assword", at)) {
      at += 7
      const next = runEnd(text, at, isSpace, at + 4)
      if (next === at) continue
      const verb = text.startsWith("is ", next) ? next + 3 : text.startsWith("was ", next) ? next + 4 : next
      const start = runEnd(text, verb, isQuote, verb + 1)
      if (text.startsWith(mark, start)) continue
      const end = trimEnd(text, start, tokenEnd(text, start, isSpace))
      const digit = runEnd(text, start, (c) => !isDigit(c), end)
      if (end - start < shortestPassword || digit === end || isVersionOrPlace(text, start, end)) continue
      found(start, end, mark)
      at = end
    }
  }
}

/** Numbers, dates, paths and names with a sign of a call or a pair are spoken of, not given. */
const isVersionOrPlace = (text: string, start: number, end: number): boolean =>
  !isLetter(text.charCodeAt(start)) && runEnd(text, start, (c) => !isLetter(c), end) === end ||
  runEnd(text, start, (c) => c !== code.slash && c !== code.open && c !== code.equals && c !== code.dollar, end) < end
