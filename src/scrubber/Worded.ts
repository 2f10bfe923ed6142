import {
  code,
  isAlphanumeric,
  isBase64,
  isDigit,
  isLetter,
  isLower,
  isQuote,
  isSpace,
  isUpper,
  mark,
  runEnd,
  runStart
} from "./Characters.ts"
import type { Detector } from "./Detector.ts"
import * as Vocabulary from "./KeyVocabulary.ts"

/** Shorter ones are as likely a word as a secret. */
const shortest = 20

/** What stands between the name of a secret and the secret: `the API key you provided is …`. */
const fillers = new Set(["is", "of", "provided", "given", "supplied", "the", "value", "was", "with", "you"])

/** At most as many of them. */
const mostFillers = 3

/** The words before `key` that make it a secret. */
const beforeKey = new Set(
  Vocabulary.sensitive.map((entry) => entry.split(" ")).filter(([, word, more]) => word === "key" && more === undefined)
    .map(([word]) => word)
)

/**
 * What providers say of a key: `Invalid API key 0123…`, `the token is 3f2a…`: a long run with a digit behind the name of a
 * secret, a few fillers aside.
 */
export const wordedDetector: Detector = {
  name: "worded-secrets",
  triggers: " \t\n",
  minDigits: 1,
  minRun: shortest,
  find: (text, found) => {
    for (let i = 0; i < text.length; i++) {
      if (!isRun(text.charCodeAt(i))) continue
      const start = i
      const run = runEnd(text, start, isRun)
      i = run
      if (run - start < shortest || !isNamed(text, start) || !isRandom(text, start, run)) continue
      const end = runEnd(text, run, (c) => c === code.equals)
      found(start, end, mark)
      i = end
    }
  }
}

/** Part of base64 or of what is percent-encoded. */
const isRun = (c: number): boolean => isBase64(c) || c === code.percent

const isNamed = (text: string, at: number): boolean => {
  let end = at
  for (let count = 0; count <= mostFillers; count++) {
    const word = wordBefore(text, end)
    if (word.text === "") return false
    if (!fillers.has(word.text)) {
      return word.text === "key" ? beforeKey.has(wordBefore(text, word.start).text) : namesSecret(word.text)
    }
    end = word.start
  }
  return false
}

const wordBefore = (text: string, at: number): { readonly text: string; readonly start: number } => {
  const end = runStart(text, at, isBetween, Math.max(0, at - 4))
  const start = runStart(text, end, isWord, Math.max(0, end - 32))
  return { text: end === at ? "" : text.slice(start, end).toLowerCase(), start }
}

const isBetween = (c: number): boolean =>
  isSpace(c) || isQuote(c) || c === code.colon || c === code.open || c === code.openBracket || c === code.backslash

const isWord = (c: number): boolean => isLetter(c) || c === code.dash || c === code.underscore

const namesSecret = (word: string): boolean => {
  const joined = word.replaceAll("-", "").replaceAll("_", "")
  return Vocabulary.endings.some((ending) => joined.endsWith(ending) || joined.endsWith(`${ending}s`))
}

/** Longer words are none. */
const longestWord = 14

/** Neither a number nor words with numbers behind them (`api-production-v2`), nor a path in small letters. */
const isRandom = (text: string, start: number, end: number): boolean => {
  let digits = false
  let lower = false
  let upper = false
  let slash = false
  let wordy = true
  let part = start
  for (let i = start; i <= end; i++) {
    const c = i < end ? text.charCodeAt(i) : code.dash
    digits ||= isDigit(c)
    lower ||= isLower(c)
    upper ||= isUpper(c)
    slash ||= c === code.slash
    if (isAlphanumeric(c)) continue
    const letters = runEnd(text, part, isLetter, i)
    if (i - part > longestWord || runEnd(text, letters, isDigit, i) < i) wordy = false
    part = i + 1
  }
  return digits && (lower || upper) && !wordy && (!slash || (lower && upper))
}
