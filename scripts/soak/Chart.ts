// The samples as an SVG: one panel a figure over the same time, what was struck above them. Follows the reader's
// light or dark theme.
import { classes, escape, file, round, width } from "../Svg.ts"
import { median, quantile } from "../Trend.ts"
import { queuedBytes, queuedSpans } from "./Judge.ts"
import type { Sample } from "./Sample.ts"
import { type Period, targets } from "./Schedule.ts"

interface Line {
  readonly label: string
  readonly read: (sample: Sample, before: Sample | undefined) => number
}

interface Panel {
  readonly title: string
  readonly lines: ReadonlyArray<Line>
}

const mebibyte = 1024 * 1024

const perSecond = (read: (sample: Sample) => number) => (sample: Sample, before: Sample | undefined): number =>
  before === undefined || sample.at <= before.at ? 0 : (read(sample) - read(before)) / (sample.at - before.at)

const sum = (values: ReadonlyArray<number>): number => values.reduce((one, other) => one + other, 0)

const panels: ReadonlyArray<Panel> = [
  {
    title: "heap after a collection, MiB",
    lines: [{ label: "heap", read: ({ vitals }) => vitals.heap / mebibyte }]
  },
  {
    title: "resident set, MiB",
    lines: [{ label: "resident set", read: ({ vitals }) => vitals.rss / mebibyte }]
  },
  {
    title: "open handles and file descriptors",
    lines: [
      { label: "handles", read: ({ vitals }) => vitals.handles },
      { label: "descriptors", read: ({ vitals }) => vitals.descriptors }
    ]
  },
  {
    title: "waiting in the queues",
    lines: [
      { label: "spans", read: queuedSpans },
      { label: "KiB", read: (sample) => queuedBytes(sample) / 1024 },
      { label: "events", read: ({ events }) => events.queued }
    ]
  },
  {
    title: "spans a second",
    lines: [
      { label: "ended", read: perSecond(({ spans }) => spans.ended) },
      { label: "exported", read: perSecond(({ spans }) => sum(spans.sinks.map(({ exported }) => exported))) },
      { label: "dropped", read: perSecond(({ spans }) => sum(spans.sinks.map(({ dropped }) => dropped))) }
    ]
  },
  {
    title: "event-loop lag, ms",
    lines: [
      { label: "median", read: ({ vitals }) => vitals.lag.p50 },
      { label: "p99", read: ({ vitals }) => vitals.lag.p99 }
    ]
  }
]

const left = 62
const right = 28
const laneHeight = 16
const panelHeight = 92
const panelGap = 38
const plotWidth = width - left - right

/** The smallest round number that is no smaller, whose half is round too. */
const niceAbove = (value: number): number => {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 1.6, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10)
}

const label = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 1 })

/** Neighbours become their medians where there are more samples than the plot has room for. */
const bucketed = (points: ReadonlyArray<readonly [number, number]>): ReadonlyArray<readonly [number, number]> => {
  const size = Math.max(1, Math.ceil(points.length / (plotWidth / 2)))
  return Array.from({ length: Math.ceil(points.length / size) }, (_, n) => {
    const block = points.slice(n * size, (n + 1) * size)
    return [median(block.map(([x]) => x)), median(block.map(([, y]) => y))] as const
  })
}

const timeTicks = (seconds: number): ReadonlyArray<number> => {
  const step = [5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400].find((each) => seconds / each <= 10) ?? 86_400
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, n) => n * step)
}

const time = (seconds: number): string =>
  seconds === 0 ? "0" : seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`

/** The chart as a file. */
export const svg = (samples: ReadonlyArray<Sample>, periods: ReadonlyArray<Period>): string => {
  const end = Math.max(1, samples.at(-1)?.at ?? 1)
  const x = (seconds: number): number => round(left + Math.min(1, seconds / end) * plotWidth)
  const lanes = Object.keys(targets)
  const lanesTop = 44
  const panelsTop = lanesTop + lanes.length * laneHeight + 34
  const height = panelsTop + panels.length * (panelHeight + panelGap) + 8
  const bottom = height - panelGap + 18
  const out: Array<string> = [
    `<text x="${left}" y="22" class="title">The reference program under load, with faults coming and going</text>`
  ]
  for (const { fault, from, target, to } of periods) {
    const top = lanesTop + lanes.indexOf(target) * laneHeight
    const wide = Math.max(1, round(x(to) - x(from)))
    out.push(
      `<rect class="fault" x="${x(from)}" y="${top + 3}" width="${wide}" height="${laneHeight - 6}" rx="2">` +
        `<title>${escape(`${target}: ${fault}, ${from} to ${to} s`)}</title></rect>`
    )
    if (target === "collector") {
      const tall = panels.length * (panelHeight + panelGap) - panelGap
      out.push(`<rect class="shade" x="${x(from)}" y="${panelsTop}" width="${wide}" height="${tall}"/>`)
    }
  }
  for (const [index, lane] of lanes.entries()) {
    const middle = lanesTop + index * laneHeight + laneHeight / 2 + 4
    out.push(`<text x="${left - 8}" y="${middle}" text-anchor="end">${escape(lane)}</text>`)
  }
  for (const [index, { lines, title }] of panels.entries()) {
    const top = panelsTop + index * (panelHeight + panelGap)
    const series = lines.map(({ read }) =>
      bucketed(samples.map((sample, n) => [sample.at, read(sample, samples[n - 1])] as const))
    )
    // One stall must not flatten all the rest: the axis ends above all but the highest 0.5 %.
    const values = series.flatMap((points) => points.map(([, y]) => y))
    const limit = niceAbove(quantile(values, 0.995) * 1.02)
    const y = (value: number): number => round(top + panelHeight * (1 - Math.min(1, Math.max(0, value / limit))))
    out.push(`<text x="${left}" y="${top - 9}" class="title">${escape(title)}</text>`)
    for (const share of [0, 0.5, 1]) {
      out.push(
        `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(share * limit)}" y2="${y(share * limit)}"/>`,
        `<text x="${left - 8}" y="${y(share * limit) + 4}" text-anchor="end">${label(share * limit)}</text>`
      )
    }
    let legend = width - right
    for (const [n, { label }] of [...lines.entries()].reverse()) {
      out.push(`<text class="${classes[n]}" x="${legend}" y="${top - 9}" text-anchor="end">${escape(label)}</text>`)
      legend -= label.length * 6.6 + 18
    }
    for (const [n, points] of series.entries()) {
      const path = points.map(([seconds, value]) => `${x(seconds)},${y(value)}`).join(" ")
      out.push(`<polyline class="line ${classes[n]}" points="${path}"/>`)
    }
  }
  for (const tick of timeTicks(end)) {
    out.push(`<text x="${x(tick)}" y="${bottom}" text-anchor="middle">${time(tick)}</text>`)
  }
  return file("The long run: memory, handles, queues, spans and event-loop lag over time", height, out)
}
