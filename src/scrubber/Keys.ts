import { isAlphanumeric, isDigit, isLetter, isLower, isUpper } from "./Characters.ts"
import * as Vocabulary from "./KeyVocabulary.ts"
import { remembering } from "./Memory.ts"

/** What a key says about its value: a secret, the id of a person or portfolio, or nothing. */
export type KeyClass = "sensitive" | "identifier" | "plain"

/** A key's class and what the scanners ask of its words. */
export interface KeyVerdict {
  readonly class: KeyClass
  readonly words: ReadonlyArray<string>
  /** One ordinary word, such as `token` or `email`, that prose uses too. */
  readonly weak: boolean
  /** The value is a whole header line: a cookie, an authorization. */
  readonly line: "cookie" | "authorization" | undefined
}

export interface KeyOptions {
  readonly sensitiveKeys: ReadonlyArray<string>
  readonly identifierKeys: ReadonlyArray<string>
  readonly allowedKeys: ReadonlyArray<string>
}

/** Longer keys are judged by their end. */
const longest = 128

/**
 * The words of a key in lower case, whatever its style: `X-API-Key`, `apiKey`, `api_key`, `APIKey` and `api.key` give
 * `api`, `key`.
 */
export const words = (name: string): ReadonlyArray<string> => {
  const out: Array<string> = []
  let start = -1
  const end = name.length
  for (let i = 0; i < end; i++) {
    const c = name.charCodeAt(i)
    if (!isAlphanumeric(c)) {
      if (start >= 0) out.push(name.slice(start, i).toLowerCase())
      start = -1
      continue
    }
    if (start < 0) {
      start = i
      continue
    }
    if (isUpper(c) && startsWord(name, i)) {
      out.push(name.slice(start, i).toLowerCase())
      start = i
    }
  }
  if (start >= 0) out.push(name.slice(start).toLowerCase())
  return out
}

/** A capital begins a word after a small letter or digit, or before a small letter (`APIKey`), but not in `userIDs`. */
const startsWord = (name: string, at: number): boolean => {
  const before = name.charCodeAt(at - 1)
  if (!isUpper(before)) return true
  const after = name.charCodeAt(at + 1)
  if (!isLower(after)) return false
  return !(after === 115 && !isAlphanumeric(name.charCodeAt(at + 2)))
}

const singular = (word: string): string => {
  if (word === "ids") return "id"
  let end = word.length
  while (end > 3 && isDigit(word.charCodeAt(end - 1))) end--
  const last = word.charCodeAt(end - 1)
  if (end > 3 && last === 115 && word.charCodeAt(end - 2) !== 115) end--
  return end === word.length ? word : word.slice(0, end)
}

const joinWords = (list: ReadonlyArray<string>): string => list.map(singular).join(" ")

const phrase = (entry: string): string => joinWords(words(entry))

// The vocabulary is written as words already, and a program that starts waits for it to be read.
const listed = (entry: string): string => joinWords(entry.split(" "))

const weakWords = new Set([
  "key",
  "token",
  "email",
  "mail",
  "auth",
  "pin",
  "pass",
  "signature",
  "credential",
  "cookie",
  "phone",
  "dsn",
  "salt",
  "bearer"
])

/** Judges keys by the vocabulary and the user's additions; verdicts are remembered, at most `remembered` of them. */
export const make = (options: KeyOptions): (key: string) => KeyVerdict => {
  const anywhere = new Set([...Vocabulary.sensitive.map(listed), ...options.sensitiveKeys.map(phrase)])
  const atEnd = new Set(Vocabulary.sensitiveAtEnd.map(listed))
  const alone = new Set(Vocabulary.sensitiveAlone.map(listed))
  const identifiers = new Set([...Vocabulary.identifiers.map(listed), ...options.identifierKeys.map(phrase)])
  const identifiersAlone = new Set(Vocabulary.identifiersAlone.map(listed))
  const allowed = new Set([...Vocabulary.allowed.map(listed), ...options.allowedKeys.map(phrase)])
  const own = new Set([...options.sensitiveKeys, ...options.identifierKeys].map(phrase))
  const joined = (phrases: Iterable<string>) => [...phrases].map((entry) => entry.replaceAll(" ", ""))
  const anywhereJoined = new Set(joined(anywhere))
  const identifiersJoined = new Set(joined(identifiers))
  let longestPhrase = 1
  for (const entry of [...anywhere, ...atEnd, ...identifiers]) {
    longestPhrase = Math.max(longestPhrase, entry.split(" ").length)
  }

  const judge = (list: ReadonlyArray<string>): KeyClass => {
    const count = list.length
    if (count === 0) return "plain"
    const base = list.map(singular)
    const whole = base.join(" ")
    if (allowed.has(whole)) return "plain"
    const last = base[count - 1] ?? ""
    const described = !own.has(whole) && count > 1 &&
      (Vocabulary.describing.has(list[count - 1] ?? "") || Vocabulary.asking.has(list[0] ?? ""))
    if (identifiersAlone.has(whole) || identifiersJoined.has(last)) return "identifier"
    for (let size = 2; size <= longestPhrase && size <= count; size++) {
      if (identifiers.has(base.slice(count - size).join(" "))) return "identifier"
    }
    if (described) return "plain"
    if (alone.has(whole)) return "sensitive"
    if (last === "key" && (count === 1 || !Vocabulary.harmlessBeforeKey.has(list[count - 2] ?? ""))) return "sensitive"
    for (let from = 0; from < count; from++) {
      const word = base[from] ?? ""
      if (word === "token" && (base[from + 1] === "per" || Vocabulary.counting.has(list[from - 1] ?? ""))) continue
      if (anywhereJoined.has(word) || endsSensitive(word)) return "sensitive"
      for (let size = 1; size <= longestPhrase && from + size <= count; size++) {
        const candidate = size === 1 ? word : base.slice(from, from + size).join(" ")
        if (anywhere.has(candidate) || (from + size === count && atEnd.has(candidate))) return "sensitive"
      }
    }
    return "plain"
  }

  let fewestLetters = longest
  for (const entries of [anywhere, atEnd, alone, identifiers, identifiersAlone, own, Vocabulary.endings, ["key"]]) {
    for (const entry of entries) fewestLetters = Math.min(fewestLetters, mostLetters(entry))
  }

  const verdict = (key: string): KeyVerdict => {
    const end = key.length > longest ? key.slice(-longest) : key
    let list = words(end)
    let result = judge(list)
    if (result === "plain" && hasUpper(end)) {
      // Capitals in odd places (`passWord`, `aUTHORIZATION`) do not begin words.
      const lower = words(end.toLowerCase())
      const known = (word: string) => anywhereJoined.has(singular(word)) || identifiersJoined.has(singular(word))
      if (lower.length < list.length && lower.some(known)) {
        list = lower
        result = judge(lower)
      }
    }
    const last = singular(list[list.length - 1] ?? "")
    return {
      class: result,
      words: list,
      weak: list.length === 1 && weakWords.has(last),
      line: result !== "sensitive"
        ? undefined
        : last === "cookie" || list.includes("cookie")
        ? "cookie"
        : last === "authorization" || last === "auth"
        ? "authorization"
        : undefined
    }
  }

  const known = remembering(verdict, remembered, longest)
  return (key) => hasDigit(key) && mostLetters(key) < fewestLetters ? time : known(key)
}

/** `2025-11-23T10`, `05`: what stands before a colon in a time names nothing. There are too many to remember them. */
const time: KeyVerdict = { class: "plain", words: [], weak: false, line: undefined }

const hasDigit = (key: string): boolean => {
  for (let i = 0; i < key.length; i++) if (isDigit(key.charCodeAt(i))) return true
  return false
}

/** How many letters of ASCII it has in a row at most. */
const mostLetters = (key: string): number => {
  let most = 0
  let run = 0
  for (let i = 0; i < key.length; i++) {
    if (!isLetter(key.charCodeAt(i))) run = 0
    else if (++run > most) most = run
  }
  return most
}

/** Enough for every attribute and annotation name of a program. */
const remembered = 2048

const hasUpper = (key: string): boolean => {
  for (let i = 0; i < key.length; i++) if (isUpper(key.charCodeAt(i))) return true
  return false
}

const endsSensitive = (word: string): boolean => {
  for (const ending of Vocabulary.endings) {
    if (word.length > ending.length && word.endsWith(ending)) return true
  }
  return (word.startsWith("password") && word !== "passwordless") || word.startsWith("passwd")
}
