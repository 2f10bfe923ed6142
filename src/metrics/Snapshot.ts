/** The state of one metric at one moment. */
import type * as Catalogue from "../Catalogue.ts"
import type * as Cells from "./Cells.ts"
import type * as Metrics from "./Metrics.ts"
import * as Numbers from "./Numbers.ts"

/** One exposed value of a counter or gauge. */
export interface ScalarSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One exposed label set of a histogram. */
export interface HistogramSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly cell: Cells.Histogram
}

/** The label sets of a metric with their values. */
export type Snapshot =
  | {
    readonly _tag: "Scalars"
    readonly definition: Catalogue.Counter | Catalogue.Gauge
    readonly series: ReadonlyArray<ScalarSeries>
  }
  | {
    readonly _tag: "Histograms"
    readonly definition: Catalogue.Histogram
    readonly series: ReadonlyArray<HistogramSeries>
  }

/** One bucket with the observations up to its bound. */
export interface Bucket {
  /** The bound as the label `le`. */
  readonly le: string
  readonly count: number
  readonly exemplar: Cells.BucketExemplar | undefined
}

/** The buckets of a histogram, cumulated; the last one, `+Inf`, holds all observations. */
export const buckets = (cell: Cells.Histogram): ReadonlyArray<Bucket> => {
  let count = 0
  return Array.from(cell.counts, (inBucket, index) => {
    count += inBucket
    return { le: Numbers.bound(cell.bounds[index]), count, exemplar: cell.exemplars[index] }
  })
}

/** The values as single samples, histograms as `_bucket`, `_sum` and `_count`. */
export const samples = (snapshot: Snapshot): ReadonlyArray<Metrics.Sample> => {
  const { name } = snapshot.definition
  if (snapshot._tag === "Scalars") return snapshot.series.map(({ labels, value }) => ({ name, labels, value }))
  return snapshot.series.flatMap(({ cell, labels }) => {
    const all = buckets(cell)
    return [
      ...all.map(({ count, le }) => ({ name: `${name}_bucket`, labels: { ...labels, le }, value: count })),
      { name: `${name}_sum`, labels, value: cell.sum },
      { name: `${name}_count`, labels, value: all.at(-1)?.count ?? 0 }
    ]
  })
}
