/** The state of one metric at one moment. */
import type * as Catalogue from "../Catalogue.ts"
import type * as Exemplars from "./Exemplars.ts"
import type * as Family from "./Family.ts"
import type * as Metrics from "./Metrics.ts"
import * as Numbers from "./Numbers.ts"
import * as Rows from "./Rows.ts"

/** The label sets of a metric with their numbers; a row whose first one is no number does not show. */
export type Snapshot =
  | {
    readonly _tag: "Scalars"
    readonly definition: Catalogue.Counter | Catalogue.Gauge
    readonly family: Family.Family
    readonly rows: number
    /** One value a row. */
    readonly values: Float64Array
  }
  | {
    readonly _tag: "Histograms"
    readonly definition: Catalogue.Histogram
    readonly family: Family.Family
    readonly rows: number
    /** A sum and the observations of each bucket a row, not cumulated. */
    readonly values: Float64Array
    /** One slot a bucket. */
    readonly exemplars: Exemplars.Exemplars | undefined
  }

/** The numbers of a row, from the first one on. */
const width = (snapshot: Snapshot): number => snapshot._tag === "Scalars" ? 1 : snapshot.definition.buckets.length + 2

/** Whether any row shows. */
export const isEmpty = (snapshot: Snapshot): boolean => {
  const step = width(snapshot)
  for (let first = 0; first < snapshot.values.length; first += step) {
    if (Rows.isPresent(snapshot.values[first]!)) return false
  }
  return true
}

const histogram = (
  { definition: { buckets, name }, values }: Extract<Snapshot, { readonly _tag: "Histograms" }>,
  first: number,
  labels: Readonly<Record<string, string>>
): ReadonlyArray<Metrics.Sample> => {
  let count = 0
  const samples: Array<Metrics.Sample> = []
  for (let bucket = 0; bucket <= buckets.length; bucket++) {
    count += values[first + 1 + bucket]!
    samples.push({ name: `${name}_bucket`, labels: { ...labels, le: Numbers.bound(buckets[bucket]) }, value: count })
  }
  samples.push({ name: `${name}_sum`, labels, value: values[first]! }, { name: `${name}_count`, labels, value: count })
  return samples
}

/** The values as single samples, histograms as `_bucket`, `_sum` and `_count`. */
export const samples = (snapshot: Snapshot): ReadonlyArray<Metrics.Sample> => {
  const { definition: { name }, family, rows, values } = snapshot
  const step = width(snapshot)
  const out: Array<Metrics.Sample> = []
  for (let row = 0; row < rows; row++) {
    const value = values[row * step]!
    if (!Rows.isPresent(value)) continue
    const labels = family.labels(row)
    if (snapshot._tag === "Scalars") out.push({ name, labels, value })
    else out.push(...histogram(snapshot, row * step, labels))
  }
  return out
}
