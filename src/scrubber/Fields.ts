/** What the name of a value says about reading it, found out once for each name. */
import { isHex, runEnd } from "./Characters.ts"
import type { KeyVerdict } from "./Keys.ts"
import { remembering } from "./Memory.ts"
import { isPlainName, singularOwner } from "./Reading.ts"

/** A name as it is shown, and how the value under it is read. */
export interface Field {
  /** Names may hold secrets. */
  readonly shown: string
  readonly verdict: KeyVerdict
  /** What a harmless name's text is: `query` is that of a URL without its question mark, `trace` an id of OpenTelemetry's. */
  readonly reads: "text" | "url" | "query" | "trace"
  /** `rawHeaders` of Node's requests: names and values in turn. */
  readonly headers: boolean
  /** `id` by itself: whose it is says the name of the object that it stands in. */
  readonly owned: boolean
}

/** Reads names by `judge`, and what is shown of them by `text`. */
export const make = (judge: (key: string) => KeyVerdict, text: (key: string) => string) => {
  const read = (key: string): Field => {
    const shown = isPlainName(key) ? key : text(key)
    // The key as it will be shown decides, so that a second walk decides the same; then the key as it was.
    const judged = judge(shown)
    const verdict = shown === key || judged.class !== "plain" ? judged : judge(key)
    const { words } = verdict
    return {
      shown,
      verdict,
      reads: readsOf(words),
      headers: words.length === 2 && words[0] === "raw" && words[1] === "headers",
      owned: verdict.class === "plain" && words.length === 1 && isId(words[0])
    }
  }
  const of = remembering(read, mostNames, longestName)
  return {
    of,
    /** `{ user: { id } }` is the user's id. */
    within: (key: string, owner: string | undefined): Field => {
      const field = of(key)
      return field.owned && owner !== undefined ? of(`${singularOwner(owner)} id`) : field
    }
  }
}

/** Names are few, and short. */
const mostNames = 2048
const longestName = 128

const isId = (word: string | undefined): boolean => word === "id" || word === "ids" || word === "uuid"

const readsOf = (words: ReadonlyArray<string>): Field["reads"] => {
  const [first] = words
  const before = words[words.length - 2]
  const last = words[words.length - 1]
  if (words.length === 2 && first === "url" && last === "query") return "query"
  if ((first === "url" && last !== "template") || last === "url" || last === "uri") return "url"
  if (last === "href" || last === "target") return "url"
  return last === "id" && (before === "trace" || before === "span") ? "trace" : "text"
}

/** Trace and span ids are random: no detector has business there. */
export const isTraceId = (value: string): boolean =>
  (value.length === 16 || value.length === 32) && runEnd(value, 0, isHex) === value.length
