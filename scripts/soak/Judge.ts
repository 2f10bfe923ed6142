// What a run has to hold: the books at every sample and beside what was received, the bounds at every sample, faults that
// were felt, sinks that recover, and no growth in the second half.
import { median, trend } from "../Trend.ts"
import type { Books, Sample } from "./Sample.ts"
import type { Period } from "./Schedule.ts"

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
  /** How a program ends that was asked to by SIGTERM. */
  readonly exitCode: number
}

export const limits: Limits = {
  queuedSpans: 2048,
  queuedBytes: 8 * mebibyte,
  queuedEvents: 100,
  faults: 0,
  heapAboveCalm: 32 * mebibyte,
  handles: 500,
  // The promise is 5 s; half a second is for the machine, which has to notice the end.
  shutdown: 5500,
  exitCode: 130
}

/** A figure that must not grow, and what growth over the second half is still noise. */
interface Watched {
  readonly name: string
  readonly unit: "MiB" | "ms" | ""
  readonly read: (sample: Sample) => number
  readonly tolerance: number
  /** What is tolerated besides while the program is younger than `warmUp`. */
  readonly young?: number
  /** A second half of fewer seconds is too short to tell growth from what one fault leaves. */
  readonly atLeast?: number
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
 * a queue and connections that come and go, and a machine that becomes busy lets all 32 of its clients wait, with two
 * sockets each; other programs on the machine delay the event loop by as much as they like.
 */
export const watched: ReadonlyArray<Watched> = [
  { name: "heap", unit: "MiB", read: ({ vitals }) => vitals.heap / mebibyte, tolerance: 4, young: 8 },
  { name: "resident set", unit: "MiB", read: ({ vitals }) => vitals.rss / mebibyte, tolerance: 64 },
  { name: "handles", unit: "", read: ({ vitals }) => vitals.handles, tolerance: 20, young: 60 },
  { name: "descriptors", unit: "", read: ({ vitals }) => vitals.descriptors, tolerance: 20, young: 60 },
  { name: "event-loop lag (median)", unit: "ms", read: ({ vitals }) => vitals.lag.p50, tolerance: 100 }
]

const watchedQueue: Watched = { name: "queued spans", unit: "", read: queuedSpans, tolerance: 1024, atLeast: 99 }

/** Growth counts as a trend only where later samples lie above earlier ones this consistently, from 0 to 1. */
export const minAgreement = 0.3

/** A fault, how often what it struck was asked meanwhile, and how often the fault was the answer. */
export interface Struck {
  readonly period: Period
  readonly asked: number
  readonly felt: number
}

/** What the back ends took, copies included. */
export interface Received {
  /** By the name of the sink. */
  readonly spans: Readonly<Record<string, number>>
  readonly events: number
}

/** What a run has shown. */
export interface Run {
  /** How many samples there should be. */
  readonly expectedSamples: number
  readonly samples: ReadonlyArray<Sample>
  /** Why pages that were answered are no pages of metrics. */
  readonly badPages: ReadonlyArray<string>
  readonly struck: ReadonlyArray<Struck>
  /** The books and what was received, once every back end hung and nothing more could be taken. */
  readonly settled: { readonly books: Books; readonly received: Received } | undefined
  /** Seconds: before it nothing was struck. */
  readonly calmUntil: number
  /** Seconds: after it nothing was struck. */
  readonly calmFrom: number
  /**
   * How the program ended: milliseconds since all but its observability had, since it was asked to, its exit code or
   * signal, and why that is wrong, if it is.
   */
  readonly shutdown: {
    readonly took: number
    readonly whole: number
    readonly code: number | string
    readonly problem: string | undefined
  }
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
export const imbalances = ({ events, spans }: Books): ReadonlyArray<string> => {
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

const accounting = ({ samples, settled }: Run): Verdict => {
  const wrong = [
    ...samples.flatMap((sample) => imbalances(sample).map((text) => `after ${sample.at} s: ${text}`)),
    ...settled === undefined ? [] : imbalances(settled.books).map((text) => `at the end: ${text}`)
  ]
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
  const { atLeast = 0, name, read, unit, young = 0 } = watched
  const half = samples.slice(Math.floor(samples.length / 2))
  const tolerance = watched.tolerance + ((half[0]?.at ?? 0) < warmUp ? young : 0)
  const { agreement, slope } = trend(half.map((sample) => ({ x: sample.at, y: read(sample) })))
  const seconds = (half.at(-1)?.at ?? 0) - (half[0]?.at ?? 0)
  const grown = slope * seconds
  return {
    criterion: `trend of ${name}`,
    holds: seconds < atLeast || !(grown > tolerance && agreement > minAgreement),
    text: `${grown >= 0 ? "+" : ""}${oneDigit(grown)} ${unit} in the last ${whole(seconds)} s `.replace("  ", " ") +
      `(tolerated ${tolerance}${unit === "" ? "" : ` ${unit}`}; agreement ${agreement.toFixed(2)}${
        seconds < atLeast ? `; judged from ${atLeast} s on` : ""
      })`
  }
}

const sampled = ({ expectedSamples, samples }: Run): Verdict => ({
  criterion: "samples",
  holds: samples.length > 0 && samples.length >= expectedSamples * 0.8,
  text: `${samples.length} taken, ${expectedSamples} planned (80 % are enough)`
})

const pages = ({ badPages }: Run): Verdict => ({
  criterion: "pages",
  holds: badPages.length === 0,
  text: badPages.length === 0
    ? "0 answers of /metrics without the books"
    : `${badPages.length} answers of /metrics without the books; the first: ${badPages[0]}`
})

const counters = ({ events, faults, requests, spans }: Books): ReadonlyArray<readonly [string, number]> => [
  ["started", spans.started],
  ["unsampled", spans.unsampled],
  ["ended", spans.ended],
  ...spans.sinks.flatMap(({ dropped, exported, name, notSelected, resent, timeout }) =>
    Object.entries({ exported, dropped, timeout, resent, "not selected": notSelected }).map(
      ([what, count]): readonly [string, number] => [`${name}: ${what}`, count]
    )
  ),
  ["events captured", events.captured],
  ["events sent", events.sent],
  ["events dropped", events.dropped],
  ["faults", faults],
  ["requests", requests]
]

const neverFalling = ({ samples, settled }: Run): Verdict => {
  const pages: ReadonlyArray<Books> = settled === undefined ? samples : [...samples, settled.books]
  const last = new Map<string, number>()
  const fallen: Array<string> = []
  for (const page of pages) {
    for (const [name, count] of counters(page)) {
      const before = last.get(name) ?? 0
      if (count < before) fallen.push(`${name} from ${before} to ${count}`)
      last.set(name, count)
    }
  }
  return {
    criterion: "counters",
    holds: fallen.length === 0,
    text: fallen.length === 0
      ? `none of ${last.size} ever fell`
      : `${fallen.length} times one fell; the first: ${fallen[0]}`
  }
}

/** What a receiver has, between what the program knows was taken and what may have been. */
const arrived = (
  what: string,
  received: number | undefined,
  taken: number,
  doubtful: number
): { readonly text: string; readonly holds: boolean } => ({
  text: received === undefined
    ? `${what}: 0 received by anybody`
    : `${what}: ${whole(received)} received, ${whole(taken)} accepted, ${whole(doubtful)} in doubt`,
  holds: received !== undefined && taken <= received && received <= taken + doubtful
})

const delivery = ({ settled }: Run): Verdict => {
  const criterion = "received"
  if (settled === undefined) {
    return { criterion, holds: false, text: "0 times compared: there were no books at the end" }
  }
  const { books, received } = settled
  const { sent, timeout } = books.events
  const compared = [
    ...books.spans.sinks.map(({ exported, name, resent, timeout }) =>
      arrived(name, received.spans[name], exported, timeout + resent)
    ),
    arrived("events", received.events, sent, timeout)
  ]
  return { criterion, holds: compared.every(({ holds }) => holds), text: compared.map(({ text }) => text).join("; ") }
}

const felt = ({ struck }: Run): Verdict => {
  const unfelt = struck.filter(({ asked, felt }) => felt < asked)
  const [first] = unfelt
  const answers = struck.reduce((sum, { felt }) => sum + felt, 0)
  const untouched = struck.filter(({ asked, felt }) => asked === 0 && felt === 0).length
  return {
    criterion: "faults felt",
    holds: answers > 0 && first === undefined,
    text: first === undefined
      ? `${whole(answers)} times in ${struck.length} faults; in ${untouched} of them nobody asked`
      : `${unfelt.length} of ${struck.length} were asked and not felt; the first: ${first.period.target} ` +
        `${first.period.fault} after ${first.period.from} s: ${first.felt} of ${first.asked}`
  }
}

/**
 * Seconds after the last fault. A sink whose circuit stayed closed may wait for the deadline of a request that hung
 * (30 s), a pause after that (5 s) and the next batch (5 s); the rest is for a busy machine.
 */
export const recoveryWithin = 60

/**
 * Seconds after the last fault for a sink whose circuit has been open: it is open for 10 s first and for twice as long
 * after each trial that fails, so for no longer than the faults have lasted and 10 s, and never for more than half a
 * minute and a tenth.
 */
export const recoveryOfCircuitWithin = ({ calmFrom, calmUntil }: Pick<Run, "calmFrom" | "calmUntil">): number => {
  const deadline = 30
  return recoveryWithin + 1.1 * Math.min(30, calmFrom - calmUntil + deadline + 10)
}

/** How a sink came through: seconds after the last fault when it had taken spans again with its circuit closed. */
export interface Recovery {
  readonly sink: string
  readonly state: "recovered" | "waiting" | "late"
  readonly after: number
  readonly accepted: number
}

/** Each sink after the last fault, as far as the samples go. */
export const recoveries = (run: Pick<Run, "samples" | "calmFrom" | "calmUntil">): ReadonlyArray<Recovery> => {
  const { calmFrom, samples } = run
  const sinkOf = (sample: Sample | undefined, sink: string) => sample?.spans.sinks.find(({ name }) => name === sink)
  const last = samples.at(-1)
  const calm = samples.filter(({ at }) => at > calmFrom)
  return (last?.spans.sinks ?? []).map(({ exported, name: sink }) => {
    const before = sinkOf(samples.findLast(({ at }) => at <= calmFrom), sink)?.exported ?? 0
    const accepted = exported - before
    let within = recoveryWithin
    for (const sample of calm) {
      const now = sinkOf(sample, sink)
      const after = sample.at - calmFrom
      if (now === undefined) continue
      if (now.circuit !== 0) within = recoveryOfCircuitWithin(run)
      if (after > within) return { sink, state: "late", after, accepted }
      if (now.circuit === 0 && now.exported > before) return { sink, state: "recovered", after, accepted }
    }
    return { sink, state: "waiting", after: (last?.at ?? 0) - calmFrom, accepted }
  })
}

/** Seconds until the end of the run in which a sink took nothing. */
const quiet = (samples: ReadonlyArray<Sample>, sink: string): number => {
  const exported = (sample: Sample | undefined) => sample?.spans.sinks.find(({ name }) => name === sink)?.exported ?? 0
  const last = samples.at(-1)
  const before = samples.findLast((sample) => exported(sample) < exported(last))
  return (last?.at ?? 0) - (before?.at ?? 0)
}

const recovery = (run: Run): Verdict => {
  const found = recoveries(run)
  const holds = ({ sink, state }: Recovery) => state === "recovered" && quiet(run.samples, sink) <= recoveryWithin
  return {
    criterion: "recovery",
    holds: found.length > 0 && found.every(holds),
    text:
      found.map((each) =>
        `${each.sink} took ${each.state === "recovered" ? "spans again " : "no spans again within "}` +
        `${oneDigit(each.after)} s after the last fault, ${whole(each.accepted)} of them until the end` +
        (each.state !== "recovered" || holds(each)
          ? ""
          : `, none in the last ${whole(quiet(run.samples, each.sink))} s`)
      ).join("; ") || "0 sinks"
  }
}

/** What a program is judged by that observes nothing: its memory, its handles, its event loop. */
export const judgeVitals = (run: Run, bounds: Limits = limits): ReadonlyArray<Verdict> => {
  const { samples } = run
  // The first half of the calm is the start: code is loaded, caches are filled.
  const calm = samples.filter(({ at }) => at > run.calmUntil / 2 && at <= run.calmUntil)
  const heap = median(calm.map(({ vitals }) => vitals.heap))
  return [
    sampled(run),
    bound("heap", samples, heap + bounds.heapAboveCalm, ({ vitals }) => vitals.heap, inMebibytes),
    bound("handles", samples, bounds.handles, ({ vitals }) => vitals.handles),
    bound("descriptors", samples, bounds.handles, ({ vitals }) => vitals.descriptors),
    ...watched.map((each) => growth(samples, each))
  ]
}

/** Every criterion, those that do not hold included. `bounds` are the documented ones unless given. */
export const judge = (run: Run, bounds: Limits = limits): ReadonlyArray<Verdict> => {
  const { samples, shutdown } = run
  return [
    pages(run),
    accounting(run),
    neverFalling(run),
    delivery(run),
    felt(run),
    bound("queued spans", samples, bounds.queuedSpans, ({ spans }) => most(spans.sinks.map(({ queued }) => queued))),
    bound("queued bytes", samples, bounds.queuedBytes, ({ spans }) => most(spans.sinks.map(({ bytes }) => bytes))),
    bound("queued events", samples, bounds.queuedEvents, ({ events }) => events.queued),
    bound("faults of the layer", samples, bounds.faults, ({ faults }) => faults),
    ...judgeVitals(run, bounds),
    growth(samples, watchedQueue),
    recovery(run),
    {
      criterion: "shutdown",
      holds: shutdown.problem === undefined && shutdown.code === bounds.exitCode && shutdown.took <= bounds.shutdown,
      text: shutdown.problem ??
        `exit code ${shutdown.code}, as told by SIGTERM ${bounds.exitCode}; ${
            whole(shutdown.took)
          } ms with every back end hung, bound ${whole(bounds.shutdown)} ms; with the program's ` +
          `own end ${whole(shutdown.whole)} ms`
    }
  ]
}
