// One program after the other under the same load, in another order each round.
import { setTimeout as sleep } from "node:timers/promises"
import { shuffled } from "../../scripts/Random.ts"
import type * as Interleaved from "../harness/Interleaved.ts"
import type * as Load from "./Load.ts"
import * as Programs from "./Programs.ts"

/** One program under one load. */
export interface Round extends Load.Outcome {
  /** Processor time a request, in milliseconds. */
  readonly cpu: number
  /** Spans a request. */
  readonly spans: number
}

export type Series = Readonly<Record<Programs.Mode, ReadonlyArray<Round>>>

/** Puts a load on a program. */
export type Loading = (port: number) => Promise<Load.Outcome>

/** How often Prometheus asks, in seconds. */
export const scrapeSeconds = 5

const scrape = async ({ metricsUrl }: Programs.Running): Promise<string> => {
  if (metricsUrl === undefined) return ""
  const answer = await fetch(metricsUrl, { headers: { accept: "application/openmetrics-text;version=1.0.0" } })
  return answer.text()
}

/** Scrapes the metrics while a load lasts: in the middle of every interval, or of the load where that is shorter. */
export const scraped = async <A>(program: Programs.Running, seconds: number, load: () => Promise<A>): Promise<A> => {
  const problems: Array<unknown> = []
  const timers: Array<NodeJS.Timeout> = []
  const ask = () => void scrape(program).catch((error: unknown) => problems.push(error))
  timers.push(setTimeout(() => {
    ask()
    timers.push(setInterval(ask, scrapeSeconds * 1000))
  }, Math.min(scrapeSeconds, seconds) * 500))
  try {
    const outcome = await load()
    if (problems.length > 0) throw problems[0]
    return outcome
  } finally {
    timers.forEach(clearInterval)
  }
}

const measure = async (program: Programs.Running, seconds: number, load: Loading): Promise<Round> => {
  // Not after a forced collection: it shrinks the young generation, which then takes many collections to grow again.
  const [before, counts] = [await program.vitals(false), await program.counts()]
  const outcome = await scraped(program, seconds, () => load(program.port))
  // What has ended is exported, and belongs to the cost of the load.
  await sleep(Programs.settleMillis)
  const after = await program.vitals(false)
  const { spans } = await program.counts()
  return {
    ...outcome,
    cpu: (after.cpu - before.cpu) / outcome.requests,
    spans: (spans - counts.spans) / outcome.requests
  }
}

/** What is to be measured. */
export interface Plan {
  readonly programs: ReadonlyArray<Programs.Running>
  readonly rounds: number
  /** Of each load. */
  readonly seconds: number
  readonly random: () => number
}

/** Measures all programs in each round; `around` may look at a program before and after. */
export const measureAll = async (
  { programs, random, rounds, seconds }: Plan,
  load: Loading,
  around: (program: Programs.Running, run: () => Promise<Round>) => Promise<Round> = (_, run) => run()
): Promise<Series> => {
  const found: Record<Programs.Mode, Array<Round>> = { off: [], "off, again": [], ours: [], "by hand": [] }
  for (let round = 0; round < rounds; round++) {
    for (const program of shuffled(programs, random)) {
      found[program.mode].push(await around(program, () => measure(program, seconds, load)))
    }
  }
  return found
}

/** What a program holds once it is left alone, in bytes. */
export interface Held {
  readonly heap: number
  /** Before the collection that the heap is measured after. */
  readonly rss: number
}

/** Looks at what each program holds. */
export const held = async (programs: Plan["programs"]): Promise<Readonly<Record<Programs.Mode, Held>>> => {
  const nothing = { heap: Number.NaN, rss: Number.NaN }
  const found: Record<Programs.Mode, Held> = { off: nothing, "off, again": nothing, ours: nothing, "by hand": nothing }
  for (const program of programs) {
    const { rss } = await program.vitals(false)
    const { heap } = await program.vitals(true)
    found[program.mode] = { heap, rss }
  }
  return found
}

/** The requests that a program has counted itself. */
export const countedRequests = async (program: Programs.Running): Promise<number> => {
  const lines = (await scrape(program)).split("\n").filter((line) => line.startsWith("dawsos_api_requests_total{"))
  return lines.reduce((sum, line) => sum + Number(/\} (\S+)/.exec(line)?.[1] ?? Number.NaN), 0)
}

/** One value of each round, in the form that other questions measure in. */
export const values = (of: Series, mode: Programs.Mode, read: (round: Round) => number): Interleaved.Measured => ({
  name: mode,
  samples: of[mode].map(read),
  count: 1,
  void: undefined
})

/** Processor time beyond that of the programs that are off, in microseconds a request or a span, by round. */
export const added = (of: Series, mode: Programs.Mode, each: "request" | "span"): ReadonlyArray<number> =>
  of[mode].map(({ cpu, spans }, round) => {
    const [one, again] = [of.off[round]?.cpu ?? Number.NaN, of["off, again"][round]?.cpu ?? Number.NaN]
    return (cpu - (one + again) / 2) * 1000 / (each === "span" ? spans : 1)
  })
