// A scrubber that lets everything pass, in the place of the real one: what the search finds then, it can find.
import type { Scrubber } from "@dawsos/observability"
import * as Context from "effect/Context"

export const make = (): Scrubber.Scrubber => ({
  text: (value) => value,
  value: (value) => value,
  field: (_key, value) => value,
  attributes: (record) =>
    Object.fromEntries(
      Symbol.iterator in record ? record as Iterable<readonly [string, unknown]> : Object.entries(record)
    ),
  url: (value) => value,
  pseudonym: (id) => id
})

export const CurrentScrubber: Context.Reference<Scrubber.Scrubber> = Context.Reference<Scrubber.Scrubber>(
  "@dawsos/observability/Scrubber",
  { defaultValue: make }
)
