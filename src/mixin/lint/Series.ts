/** The series that may be asked for: those of metric definitions, and what recording rules leave. */
import type * as Catalogue from "../../Catalogue.ts"
import * as Values from "../promql/Values.ts"

/** What is known of the series of one name. */
export interface Series {
  /** `recorded`: the result of a recording rule, read like a gauge. */
  readonly kind: "counter" | "gauge" | "recorded"
  readonly labels: ReadonlySet<string>
  /** The values that a label can have; undefined where nothing is known of them. */
  readonly valuesOf: (label: string) => ReadonlyArray<string> | undefined
  /** Of the buckets of a histogram: its upper bounds. */
  readonly buckets?: ReadonlyArray<number> | undefined
  /** Its samples carry the ids of traces. */
  readonly exemplars: boolean
  /** It counts what happens, so that it is 0 where nothing does. */
  readonly traffic: boolean
}

/** All series by name. */
export type AllSeries = ReadonlyMap<string, Series>

/** Labels that Prometheus adds to what it scrapes. */
export const targetLabels = ["job", "instance"]

interface Known {
  /** The names of the scraped jobs, where they are to be checked. */
  readonly jobs: ReadonlyArray<string> | undefined
  /** Whether histograms have exemplars. */
  readonly exemplars: boolean
}

const seriesOf = (
  definition: Catalogue.Definition,
  { exemplars, jobs }: Known
): ReadonlyArray<readonly [string, Series]> => {
  const valuesOf = (label: string) => label === "job" ? jobs : Values.known(definition, label)
  const own: Series = {
    kind: definition.kind === "gauge" ? "gauge" : "counter",
    labels: new Set([...Object.keys(definition.labels), ...targetLabels]),
    valuesOf,
    exemplars: false,
    traffic: false
  }
  if (definition.kind !== "histogram") return [[definition.name, own]]
  const bounds = [...definition.buckets.map(Values.bound), "+Inf"]
  const bucket: Series = {
    ...own,
    labels: new Set([...own.labels, "le"]),
    valuesOf: (label) => label === "le" ? bounds : valuesOf(label),
    buckets: definition.buckets,
    exemplars
  }
  return [[`${definition.name}_bucket`, bucket], [`${definition.name}_sum`, own], [`${definition.name}_count`, own]]
}

/** The series of definitions. */
export const make = (definitions: Iterable<Catalogue.Definition>, known: Known): AllSeries =>
  new Map([...definitions].flatMap((definition) => seriesOf(definition, known)))
