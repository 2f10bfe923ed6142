/** Cleans and bounds the texts of metrics that are not of the catalogue: names, help texts, label values. */
import { createHash } from "node:crypto"
import * as Catalogue from "../Catalogue.ts"
import type * as Guard from "../Guard.ts"
import type { Scrubber } from "../Scrubber.ts"

/** What scrubbing metrics takes; the layer's `Scrubber` is one. */
export type LabelScrubber = Pick<Scrubber, "text" | "field">

/** A scrubber whose faults are counted, and hide the text. */
export interface GuardedScrubber {
  readonly text: (text: string) => string
  readonly field: (name: string, value: string) => string
}

/** The scrubber under a guard. */
export const guarded = (scrubber: LabelScrubber, guard: Guard.Guard): GuardedScrubber => {
  const hidden = () => Catalogue.overflowValue
  return {
    text: (text) => guard.run("scrubber", () => scrubber.text(text), hidden),
    field: (name, value) => guard.run("scrubber", () => String(scrubber.field(name, value)), hidden)
  }
}

/** The longest text that is shown, in UTF-16 code units; what is cut ends in `…` and a digest. */
export const maxShown = 256

/** The longest text that is read at all. */
export const maxRead = 4096

/** UTF-16 code units of texts that are remembered with what was made of them: the same come at every scrape. */
const maxRemembered = 4 * 1024 * 1024

/** What remembering a text takes beside the text. */
const perText = 64

/** Cleans a text, the value of `label` where that is given; `undefined` when it is too long to be looked at. */
export type Clean = (text: string, label?: string) => string | undefined

// Two long texts that begin alike stay two label values. Of the scrubbed text, so that the digest tells of no secret.
const cut = (text: string): string =>
  `${text.slice(0, maxShown - 9)}…${createHash("sha256").update(text).digest("hex").slice(0, 8)}`

/** Makes the function that cleans, and remembers what it made. */
export const make = (scrub: GuardedScrubber): Clean => {
  const remembered = new Map<string | undefined, Map<string, string>>()
  let left = maxRemembered
  return (text, label) => {
    if (text.length > maxRead) return undefined
    const known = remembered.get(label)?.get(text)
    if (known !== undefined) return known
    const scrubbed = label === undefined ? scrub.text(text) : scrub.field(label, text)
    const value = (scrubbed.length > maxShown ? cut(scrubbed) : scrubbed).toWellFormed()
    const length = text.length + value.length + (label?.length ?? 0) + perText
    if (length <= left) {
      const texts = remembered.get(label) ?? new Map<string, string>()
      remembered.set(label, texts.set(text, value))
      left -= length
    }
    return value
  }
}
