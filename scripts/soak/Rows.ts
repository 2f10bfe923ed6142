// The samples as rows of a table: each is a stretch of time, its figures are the worst or the middle of it.
import type { Table } from "../Table.ts"
import { median } from "../Trend.ts"
import { queuedBytes, queuedSpans, type Struck } from "./Judge.ts"
import type { Sample } from "./Sample.ts"

const mebibyte = 1024 * 1024

const columns: ReadonlyArray<
  { readonly heading: string; readonly cell: (stretch: ReadonlyArray<Sample>, before: Sample | undefined) => string }
> = [
  {
    heading: "seconds",
    cell: (stretch) => `${Math.round(stretch[0]?.at ?? 0)}–${Math.round(stretch.at(-1)?.at ?? 0)}`
  },
  { heading: "heap MiB", cell: (stretch) => (middle(stretch, ({ vitals }) => vitals.heap) / mebibyte).toFixed(1) },
  { heading: "rss MiB", cell: (stretch) => (middle(stretch, ({ vitals }) => vitals.rss) / mebibyte).toFixed(0) },
  { heading: "handles", cell: (stretch) => middle(stretch, ({ vitals }) => vitals.handles).toFixed(0) },
  { heading: "descriptors", cell: (stretch) => middle(stretch, ({ vitals }) => vitals.descriptors).toFixed(0) },
  { heading: "queued spans, most", cell: (stretch) => worst(stretch, queuedSpans).toFixed(0) },
  { heading: "queued KiB, most", cell: (stretch) => (worst(stretch, queuedBytes) / 1024).toFixed(0) },
  { heading: "lag p50 ms", cell: (stretch) => middle(stretch, ({ vitals }) => vitals.lag.p50).toFixed(1) },
  { heading: "lag p99 ms", cell: (stretch) => middle(stretch, ({ vitals }) => vitals.lag.p99).toFixed(1) },
  { heading: "lag max ms", cell: (stretch) => worst(stretch, ({ vitals }) => vitals.lag.max).toFixed(0) },
  { heading: "requests", cell: increase(({ requests }) => requests) },
  { heading: "spans ended", cell: increase(({ spans }) => spans.ended) },
  { heading: "exported", cell: increase(({ spans }) => sum(spans.sinks.map(({ exported }) => exported))) },
  { heading: "dropped", cell: increase(({ spans }) => sum(spans.sinks.map(({ dropped }) => dropped))) },
  { heading: "events", cell: increase(({ events }) => events.captured) },
  { heading: "events dropped", cell: increase(({ events }) => events.dropped) }
]

const sum = (values: ReadonlyArray<number>): number => values.reduce((one, other) => one + other, 0)

function middle(stretch: ReadonlyArray<Sample>, read: (sample: Sample) => number): number {
  return median(stretch.map(read))
}

function worst(stretch: ReadonlyArray<Sample>, read: (sample: Sample) => number): number {
  return stretch.reduce((most, sample) => Math.max(most, read(sample)), 0)
}

function increase(read: (sample: Sample) => number) {
  return (stretch: ReadonlyArray<Sample>, before: Sample | undefined): string => {
    const last = stretch.at(-1)
    return String((last === undefined ? 0 : read(last)) - (before === undefined ? 0 : read(before)))
  }
}

/** Stretches of equal length, at most so many. */
const stretches = (samples: ReadonlyArray<Sample>, count: number): ReadonlyArray<ReadonlyArray<Sample>> => {
  const size = Math.max(1, Math.ceil(samples.length / count))
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, n) => samples.slice(n * size, (n + 1) * size))
}

/** Rows of cells, the first being the headings. */
export const rows = (samples: ReadonlyArray<Sample>, count = 12): Table => {
  const parts = stretches(samples, count)
  return [
    columns.map(({ heading }) => heading),
    ...parts.map((stretch, index) => columns.map(({ cell }) => cell(stretch, parts[index - 1]?.at(-1))))
  ]
}

/** How often and how long each fault was suffered, and how often it was the answer to a request. */
export const faults = (struck: ReadonlyArray<Struck>): Table => [
  ["target", "fault", "times", "seconds", "felt"],
  ...[...Map.groupBy(struck, ({ period: { fault, target } }) => `${target} ${fault}`)].map(([key, of]) => [
    ...key.split(" "),
    String(of.length),
    sum(of.map(({ period: { from, to } }) => to - from)).toFixed(0),
    String(sum(of.map(({ felt }) => felt)))
  ])
]

/** What the program did on the average of the run. */
export const rate = (samples: ReadonlyArray<Sample>): string => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.at <= first.at) return "no rate: fewer than two samples"
  const perSecond = (read: (sample: Sample) => number) => ((read(last) - read(first)) / (last.at - first.at)).toFixed(1)
  return `${perSecond(({ requests }) => requests)} requests and ${perSecond(({ spans }) => spans.ended)} spans a second`
}
