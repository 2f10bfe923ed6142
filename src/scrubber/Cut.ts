/**
 * Cutting texts that are scrubbed later. A cut through a secret hides its shape: what is left of it would pass.
 */
import { isSpace } from "./Characters.ts"

/** Kept beyond a limit, so that what begins before it is seen whole: most tokens are shorter. */
const margin = 1024

/** How far back a cut looks for the end of a word. */
const wordReach = 512

/** What of a text may wait for its scrubbing: everything up to `limit`, and whole what begins there. */
export const before = (text: string, limit: number): string => {
  const end = limit + margin
  if (text.length <= end) return text
  for (let at = end; at > end - wordReach; at--) if (isSpace(text.charCodeAt(at))) return text.slice(0, at)
  return text.slice(0, end - wordReach)
}

/** A scrubbed text at its final length. */
export const after = (text: string, limit: number): string =>
  text.length > limit ? `${text.slice(0, limit).toWellFormed()}…` : text
