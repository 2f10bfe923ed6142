// What a run has to hold: the books at every sample, the bounds at every sample, and no growth in the second half.
import type { Sample } from "./Sample.ts"
import { median, trend } from "./Trend.ts"

const mebibyte = 1024 * 1024

/** The bounds of a run. */
export interface Limits {
  /** Spans that wait for one sink: the default of OTEL_BSP_MAX_QUEUE_SIZE. */
  readonly queuedSpans: number
  /** Encoded bytes that wait for one sink. */
  readonly queuedBytes: number
  /** Error events that wait. */
  readonly queuedEvents: number
  /** Faults of the layer's own that its guard kept out of the program. */
  readonly faults: number
  /** How far the heap may rise above its median in the calm at the beginning, in bytes. */
  readonly heapAboveCalm: number
  /** Open sockets and servers of the program and of its clients, which are part of the process; timers too. */
  readonly handles: number
  /** From the end of all but its observability to the end of the process, in milliseconds. */
  readonly shutdown: number
}

export const limits: Limits = {
  queuedSpans: 2048,
  queuedBytes: 8 * mebibyte,
  queuedEvents: 100,
  faults: 0,
  heapAboveCalm: 32 * mebibyte,
  handles: 500,
  // The promise is 5 s; the machine may be busy.
  shutdown: 6500
}

/** A figure that must not grow, and what growth over the second half is still noise. */
interface Watched {
  readonly name: string
  readonly unit: "MiB" | "ms" | ""
  readonly read: (sample: Sample) => number
  readonly tolerance: number
  /** What is tolerated besides while the program is younger than `warmUp`. */
  readonly young?: number
}

/** Seconds in which functions are compiled and caches are filled: the heap of a sound program grows by itself. */
export const warmUp = 180

/** Spans that wait, over all sinks. */
export const queuedSpans = ({ spans }: Sample): number => spans.sinks.reduce((sum, { queued }) => sum + queued, 0)

/** Bytes that wait or are on their way, over all sinks. */
export const queuedBytes = ({ spans }: Sample): number => spans.sinks.reduce((sum, { bytes }) => sum + bytes, 0)

/**
 * The tolerances: a collection leaves a megabyte or two that the next one finds; the resident set follows the
 * database, which is WebAssembly inside the program and grows with its tables; faults that end in the second half leave
 * a queue and connections that come and go; other programs on the machine delay the event loop by as much as they like.
 */
export const watched: ReadonlyArray<Watched> = [
  { name: "heap", unit: "MiB", read: ({ vitals }) => vitals.heap / mebibyte, tolerance: 4, young: 8 },
  { name: "resident set", unit: "MiB", read: ({ vitals }) => vitals.rss / mebibyte, tolerance: 64 },
  { name: "handles", unit: "", read: ({ vitals }) => vitals.handles, tolerance: 20 },
  { name: "descriptors", unit: "", read: ({ vitals }) => vitals.descriptors, tolerance: 20 },
  { name: "queued spans", unit: "", read: queuedSpans, tolerance: 1024 },
  { name: "event-loop lag (median)", unit: "ms", read: ({ vitals }) => vitals.lag.p50, tolerance: 100 }
]

/** Growth counts as a trend only where later samples lie above earlier ones this consistently, from 0 to 1. */
export const minAgreement = 0.3

/** What a run has shown. */
export interface Run {
  /** How many samples there should be. */
  readonly expectedSamples: number
  readonly samples: ReadonlyArray<Sample>
  /** Seconds: before it nothing was struck. */
  readonly calmUntil: number
  /** Seconds: after it nothing was struck. */
  readonly calmFrom: number
  /**
   * How the program ended: milliseconds since all but its observability had, since it was asked to, and why that is
   * wrong, if it is.
   */
  readonly shutdown: { readonly took: number; readonly whole: number; readonly problem: string | undefined }
}

export interface Verdict {
  readonly criterion: string
  readonly holds: boolean
  /** What was found, with numbers. */
  readonly text: string
}

const whole = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 0 })
const oneDigit = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 1 })

/** What does not balance in a sample; the equations are written anew here, since those of the package are on trial. */
export const imbalances = ({ events, spans }: Sample): ReadonlyArray<string> => {
  const equal = (one: number, other: number, text: string) => one === other ? [] : [text]
  const { captured, dropped, queued, sent } = events
  const { ended, open, started, unsampled } = spans
  return [
    ...equal(
      started,
      open + unsampled + ended,
      `started ${started} ≠ open ${open} + unsampled ${unsampled} + ended ${ended}`
    ),
    ...spans.sinks.flatMap(({ dropped, exported, inFlight, name, notSelected, queued }) =>
      equal(
        ended,
        notSelected + exported + dropped + queued + inFlight,
        `${name}: ended ${ended} ≠ not selected ${notSelected} + exported ${exported} + dropped ${dropped} + ` +
          `queued ${queued} + in flight ${inFlight}`
      )
    ),
    ...equal(
      captured,
      sent + dropped + queued,
      `events: captured ${captured} ≠ sent ${sent} + dropped ${dropped} + queued ${queued}`
    )
  ]
}

const accounting = ({ samples }: Run): Verdict => {
  const wrong = samples.flatMap((sample) => imbalances(sample).map((text) => `after ${sample.at} s: ${text}`))
  const last = samples.at(-1)
  return {
    criterion: "accounting",
    holds: wrong.length === 0,
    text: wrong.length === 0
      ? `balanced at each of ${samples.length} samples; ${whole(last?.spans.ended ?? 0)} spans and ` +
        `${whole(last?.events.captured ?? 0)} error events at the last`
      : `${wrong.length} imbalances; the first ${wrong[0]}`
  }
}

const bound = (
  criterion: string,
  samples: ReadonlyArray<Sample>,
  limit: number,
  read: (sample: Sample) => number,
  format: (value: number) => string = whole
): Verdict => {
  const worst = samples.reduce((most, sample) => Math.max(most, read(sample)), 0)
  return { criterion, holds: worst <= limit, text: `at most ${format(worst)}, bound ${format(limit)}` }
}

const most = (values: ReadonlyArray<number>): number => values.reduce((one, other) => Math.max(one, other), 0)

const inMebibytes = (bytes: number): string => `${oneDigit(bytes / mebibyte)} MiB`

const growth = (samples: ReadonlyArray<Sample>, watched: Watched): Verdict => {
  const { name, read, unit, young = 0 } = watched
  const half = samples.slice(Math.floor(samples.length / 2))
  const tolerance = watched.tolerance + ((half[0]?.at ?? 0) < warmUp ? young : 0)
  const { agreement, slope } = trend(half.map((sample) => ({ x: sample.at, y: read(sample) })))
  const seconds = (half.at(-1)?.at ?? 0) - (half[0]?.at ?? 0)
  const grown = slope * seconds
  return {
    criterion: `trend of ${name}`,
    holds: !(grown > tolerance && agreement > minAgreement),
    text: `${grown >= 0 ? "+" : ""}${oneDigit(grown)} ${unit} in the last ${whole(seconds)} s `.replace("  ", " ") +
      `(tolerated ${tolerance}${unit === "" ? "" : ` ${unit}`}; agreement ${agreement.toFixed(2)})`
  }
}

const sampled = ({ expectedSamples, samples }: Run): Verdict => ({
  criterion: "samples",
  holds: samples.length > 0 && samples.length >= expectedSamples * 0.8,
  text: `${samples.length} taken, ${expectedSamples} planned (80 % are enough)`
})

/**
 * How long nothing must have been struck before a sink has to take spans again: a circuit may be open for two minutes
 * and a tenth, and a trial takes an interval.
 */
export const recoveryWithin = 150

const delivered = ({ calmFrom, samples }: Run): Verdict => {
  const exported = (sample: Sample | undefined) =>
    Object.fromEntries((sample?.spans.sinks ?? []).map((sink) => [sink.name, sink.exported]))
  const before = exported(samples.findLast(({ at }) => at <= calmFrom))
  const last = samples.at(-1)
  const since = Object.entries(exported(last)).map(([name, count]) => ({ name, count: count - (before[name] ?? 0) }))
  const counts = since.map(({ count, name }) => `${name} ${whole(count)}`).join(", ") || "no sink"
  const calm = (last?.at ?? 0) - calmFrom
  const judged = calm >= recoveryWithin
  return {
    criterion: "recovery",
    holds: since.length > 0 && (!judged || since.every(({ count }) => count > 0)),
    text: `spans accepted in the ${whole(calm)} s after the last fault: ${counts}` +
      (judged ? "" : ` (judged after ${recoveryWithin} s: a circuit may still be open)`)
  }
}

/** Every criterion, those that do not hold included. `bounds` are the documented ones unless given. */
export const judge = (run: Run, bounds: Limits = limits): ReadonlyArray<Verdict> => {
  const { samples, shutdown } = run
  // The first half of the calm is the start: code is loaded, caches are filled.
  const calm = samples.filter(({ at }) => at > run.calmUntil / 2 && at <= run.calmUntil)
  const heap = median(calm.map(({ vitals }) => vitals.heap))
  return [
    sampled(run),
    accounting(run),
    bound("queued spans", samples, bounds.queuedSpans, ({ spans }) => most(spans.sinks.map(({ queued }) => queued))),
    bound("queued bytes", samples, bounds.queuedBytes, ({ spans }) => most(spans.sinks.map(({ bytes }) => bytes))),
    bound("queued events", samples, bounds.queuedEvents, ({ events }) => events.queued),
    bound("faults of the layer", samples, bounds.faults, ({ faults }) => faults),
    bound("heap", samples, heap + bounds.heapAboveCalm, ({ vitals }) => vitals.heap, inMebibytes),
    bound("handles", samples, bounds.handles, ({ vitals }) => vitals.handles),
    bound("descriptors", samples, bounds.handles, ({ vitals }) => vitals.descriptors),
    ...watched.map((each) => growth(samples, each)),
    delivered(run),
    {
      criterion: "shutdown",
      holds: shutdown.problem === undefined && shutdown.took <= bounds.shutdown,
      text: shutdown.problem ??
        `${whole(shutdown.took)} ms with every back end hung, bound ${whole(bounds.shutdown)} ms; with the program's ` +
          `own end ${whole(shutdown.whole)} ms`
    }
  ]
}
