import { copy } from "./Memory.ts"

/**
 * Texts in which nothing was found, so that what a program says again and again (names of operations, routes, statements)
 * is searched a few times and not each time.
 *
 * Nothing in which anything was found gets here, and hardly anything that was said but once: ids of requests come and go
 * without being kept. What is kept is bounded in texts and in characters, and forgotten when it is said no more.
 */
export interface CleanTexts {
  /**
   * The text as it is kept here, if it is known to hold nothing. Who holds on to what he was given should take that one:
   * the text of a statement is made anew for each run, and a queue would hold as many copies as spans.
   */
  readonly kept: (text: string) => string | undefined
  /** Tells that nothing was found in a text: it is known from the second time on. */
  readonly add: (text: string) => void
}

/** How much one of the two generations holds. */
export interface Bounds {
  readonly texts: number
  readonly characters: number
  /** Longer texts are not kept. */
  readonly longest: number
}

/** Enough for the texts of a large program: 0.5 MB in two generations, were each of them full. */
export const bounds: Bounds = { texts: 2048, characters: 131_072, longest: 384 }

/** How many texts of one sight are told apart; a power of two. */
const sights = 4096

/**
 * Two generations, as `Memory` has them. A text enters with its second sight, so that a flood of texts that differ pushes
 * nothing out: of each only a number is kept, until the number of another one takes its place.
 */
export const make = ({ characters, longest, texts }: Bounds = bounds): CleanTexts => {
  let young = new Map<string, string>()
  let old = new Map<string, string>()
  let room = characters
  const seen = new Int32Array(sights)
  const keep = (text: string): void => {
    if (young.size >= texts || text.length > room) {
      old = young
      young = new Map()
      room = characters
    }
    room -= text.length
    young.set(text, text)
  }
  return {
    kept: (text) => {
      if (text.length > longest) return undefined
      const known = young.get(text)
      if (known !== undefined) return known
      const former = old.get(text)
      if (former !== undefined) keep(former)
      return former
    },
    add: (text) => {
      if (text.length > longest) return
      const number = numberOf(text)
      const at = number & (sights - 1)
      if (seen[at] === number) keep(copy(text))
      else seen[at] = number
    }
  }
}

/** FNV-1a over the length and 32 to 63 characters from all over the text, or all of a shorter one. */
const numberOf = (text: string): number => {
  const step = Math.max(1, text.length >> 5)
  let hash = Math.imul(0x811c9dc5 ^ text.length, 0x01000193)
  for (let i = 0; i < text.length; i += step) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}
