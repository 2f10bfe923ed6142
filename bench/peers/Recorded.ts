// What a candidate's metrics hold in the end, read from what it exposes and compared with what was recorded in it.
// The counters of the bench are named `bench_…_total`, its histograms `bench_…_seconds`.

/** What counters and histograms hold, each of them together. */
export interface Recorded {
  /** The sum of all counters. */
  readonly counted: number
  /** The observations of all histograms. */
  readonly observed: number
  /** Label sets of histograms. */
  readonly series: number
}

const name = /^(bench_\w+?)_(total|seconds_count)(?:\{|\s)/
// What this package tells of itself.
const own = "bench_observability_"

/** What a text for Prometheus tells. */
export const ofText = (text: string): Recorded => {
  let [counted, observed, series] = [0, 0, 0]
  for (const line of text.split("\n")) {
    const found = name.exec(line)
    if (found === null || line.startsWith(own)) continue
    const value = Number(line.slice(line.lastIndexOf(" ") + 1))
    if (found[2] === "total") counted += value
    else {
      observed += value
      series++
    }
  }
  return { counted, observed, series }
}

/** A check that each operation was counted and observed once; the label sets where there were to be so many. */
export const kept =
  (read: () => Recorded | Promise<Recorded>, sets = 1) => async (operations: number): Promise<string | undefined> => {
    const { counted, observed, series } = await read()
    return counted === operations && observed === operations && series === sets
      ? undefined
      : `of ${operations} operations ${counted} were counted and ${observed} observed, in ${series} of ${sets} label sets`
  }
