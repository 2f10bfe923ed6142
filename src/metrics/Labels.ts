/** Bounds and cleans the values of labels. */
import * as Catalogue from "../Catalogue.ts"
import { copy } from "../scrubber/Memory.ts"

/**
 * The longest value of a bounded label, in UTF-16 code units. Route templates, capabilities and table names are far
 * shorter; what is longer is no label and falls into `__overflow__`.
 */
export const maxLabelLength = 256

/** Takes raw values of one label of one metric, and answers with what is exposed; `undefined` when it is refused. */
export interface LabelTable {
  readonly accept: (raw: string) => string | undefined
}

const oneOf = (label: Catalogue.OneOf<string>): LabelTable => {
  const values = new Set(label.values)
  return { accept: (raw) => values.has(raw) ? raw : undefined }
}

const bounded = (label: Catalogue.Bounded, scrub: (text: string) => string): LabelTable => {
  const distinct = new Map<string, string>()
  const seen = new Map<string, string>()
  // Raw values that the scrubber makes equal (two e-mail addresses, say) are remembered too, up to a bound of their own.
  const maxSeen = 2 * label.max
  return {
    accept: (raw) => {
      const known = seen.get(raw)
      if (known !== undefined) return known
      if (raw.length > maxLabelLength) return Catalogue.overflowValue
      const value = scrub(raw).toWellFormed()
      if (value === Catalogue.overflowValue || value.length > maxLabelLength) return Catalogue.overflowValue
      let kept = distinct.get(value)
      if (kept === undefined) {
        if (distinct.size >= label.max) return Catalogue.overflowValue
        kept = copy(value)
        distinct.set(kept, kept)
      }
      if (seen.size < maxSeen) seen.set(raw === kept ? kept : copy(raw), kept)
      return kept
    }
  }
}

/** The table of one label. `scrub` sees each new value once, as a value of this label. */
export const make = (label: Catalogue.Label, scrub: (text: string) => string): LabelTable =>
  label._tag === "OneOf" ? oneOf(label) : bounded(label, scrub)
