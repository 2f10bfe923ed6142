/** What stands where a secret could without being one: placeholders, templates, columns, masks of other tools. */
import { code, isDigit, isLetter, isQuote, isSpace, mark, runEnd } from "./Characters.ts"
import { isTemplate } from "./Identifiers.ts"
import type { KeyVerdict } from "./Keys.ts"

/** Values under a sensitive name that say only whether there is one, or that another tool has masked. */
export const isHarmless = (value: string): boolean => {
  switch (value.length) {
    case 0:
      return true
    case 4:
      if (value === "null" || value === "true" || value === "NULL") return true
      break
    case 5:
      if (value === "false") return true
      break
    case 9:
      if (value === "undefined") return true
  }
  if (value === mark || value === "<redacted>") return true
  return runEnd(value, 0, (c) => c === code.asterisk) === value.length
}

/** `$1`, `?`, `%s`, and in SQL also `:name`, `@name`, `any($1`: what stands for a value without being one. */
export const isPlaceholder = (value: string, sql: boolean): boolean => {
  const c = value.charCodeAt(0)
  if (c === code.dollar) {
    const end = runEnd(value, 1, isDigit)
    return end > 1 && (end === value.length || endsPlaceholder(value.charCodeAt(end)))
  }
  if (c === code.question) return value.length === 1
  if (c === code.percent) return value.length === 2 && isLetter(value.charCodeAt(1))
  if (!sql) return false
  if (c === code.colon || c === code.at) return value.length > 1 && runEnd(value, 1, isName) === value.length
  return isCallOfPlaceholder(value)
}

/** Where a template that opens at `start` closes (`{name}`, `{{name}}`, `${name}`, `<name>`), or `start`. */
export const templateEnd = (text: string, start: number): number => {
  const open = text.charCodeAt(start) === code.dollar ? start + 1 : start
  const c = text.charCodeAt(open)
  if (c !== code.openBrace && (c !== code.less || open > start)) return start
  const closes = c === code.less ? code.greater : code.closeBrace
  const end = runEnd(text, open, (d) => d !== closes && !isSpace(d), Math.min(text.length, open + 68))
  if (text.charCodeAt(end) !== closes) return start
  return runEnd(text, end, (d) => d === closes, end + 2)
}

/** A template stands for the value where it is marked as one (`{{x}}`, `${x}`) or names a secret (`{apikey}`). */
export const standsForValue = (value: string, verdict: KeyVerdict, judge: (key: string) => KeyVerdict): boolean => {
  if (!isTemplate(value) || value.charCodeAt(0) === code.openBracket) return false
  if (value.charCodeAt(0) === code.colon || value.charCodeAt(0) === code.asterisk) return false
  if (verdict.class === "identifier" || value.charCodeAt(0) === code.dollar) return true
  if (value.charCodeAt(1) === code.openBrace) return true
  const name = value.slice(1, -1)
  return name === "redacted" || judge(name).class !== "plain"
}

/** `$1::uuid`, `$1,$2`. */
const endsPlaceholder = (c: number): boolean => c === code.colon || c === code.comma || c === code.close

const isName = (c: number): boolean => isLetter(c) || isDigit(c) || c === code.underscore

/** `any($1`, `crypt($2`. */
const isCallOfPlaceholder = (value: string): boolean => {
  const open = runEnd(value, 0, isName)
  return open > 0 && value.charCodeAt(open) === code.open && value.charCodeAt(open + 1) === code.dollar &&
    isDigit(value.charCodeAt(open + 2))
}

/** `excluded.password`, `u.id`: a column of a table. */
export const isColumn = (value: string): boolean => {
  const dot = runEnd(value, 0, isName)
  if (dot === 0 || isDigit(value.charCodeAt(0)) || value.charCodeAt(dot) !== code.dot) return false
  const column = value.charCodeAt(dot + 1) === code.quote ? dot + 2 : dot + 1
  const end = runEnd(value, column, isName)
  return end > column && !isDigit(value.charCodeAt(column)) &&
    (end === value.length || (end === value.length - 1 && isQuote(value.charCodeAt(end))))
}

export const isColumnName = (value: string): boolean => runEnd(value, 0, isName) === value.length

/** Said of a secret rather than being one: `password: required`, `auth: ok`. */
const states = new Set([
  "disabled",
  "empty",
  "enabled",
  "expired",
  "failed",
  "false",
  "invalid",
  "missing",
  "n/a",
  "next",
  "nil",
  "no",
  "none",
  "null",
  "ok",
  "optional",
  "required",
  "true",
  "undefined",
  "unset",
  "valid",
  "yes"
])

/** Whether a word behind a name and a colon tells how it is with a secret. */
export const isState = (value: string): boolean => value.length <= 9 && states.has(value.toLowerCase())

/** Longer numbers are one-time codes as likely. */
const longestCount = 4

/** A number of tokens, or of tests that pass, rather than a token or a password. */
export const isCount = (value: string, { words }: KeyVerdict): boolean => {
  const last = words[words.length - 1]
  if (last !== "tokens" && (words.length > 1 || (last !== "token" && last !== "pass"))) return false
  const whole = runEnd(value, 0, isDigit)
  const end = value.charCodeAt(whole) === code.dot ? runEnd(value, whole + 1, isDigit) : whole
  return whole > 0 && end === value.length && whole <= (last === "tokens" ? 2 * longestCount : longestCount)
}
