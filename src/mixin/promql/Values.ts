/** What the values of labels can be, as far as a definition tells. */
import type * as Catalogue from "../../Catalogue.ts"
import { overflowValue } from "../../Catalogue.ts"

/** The values that a label can have; undefined where the definition tells nothing. */
export const known = (definition: Catalogue.Definition, label: string): ReadonlyArray<string> | undefined => {
  const kind = definition.labels[label]
  if (kind === undefined) return undefined
  if (kind._tag === "OneOf") return kind.values
  const values = new Set(definition.known.flatMap((values) => values[label] ?? []))
  return values.size === 0 ? undefined : [...values, overflowValue]
}

/** A bucket's bound as Prometheus 3 stores it, whatever the scraped format: a float. */
export const bound = (value: number): string => Number.isInteger(value) ? `${value}.0` : String(value)
