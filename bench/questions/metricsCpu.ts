// The processor time that metrics add to operations that are timed anyway, at 1,000 requests a second, scraped every
// five seconds: what a request takes more, what the process takes more between requests, and what a scrape takes.
import * as Http from "node:http"
import * as Program from "../../scripts/program/Program.ts"
import { seeded, shuffled } from "../../scripts/Random.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Noise from "../harness/Noise.ts"
import type * as Question from "../harness/Question.ts"
import type { Ask, Used } from "../metricsCpu/Ask.ts"
import * as Requests from "../metricsCpu/Requests.ts"

const requestsPerSecond = 1_000
const scrapeSeconds = 5

// Several times the same programs: what the compiler makes of one stays with it for its life.
const generations = 3
const rounds = 8
const warmUpRounds = 3
const requests = 2_000
const awakeMillis = 500
// This package's server leaves four times what a scrape took to the program before the next, half a second at most.
const rest = 700
const patience = 60_000

const wanted = [
  ["off", "without metrics"],
  ["off", "without metrics, again"],
  ["ours", "ours"],
  ["prom-client", "prom-client by hand"]
] as const

/** Microseconds, a value a round. */
interface Seen {
  readonly request: Array<number>
  /** A second without a request, though the process is woken as often. */
  readonly between: Array<number>
  readonly scrape: Array<number>
}

interface Subject {
  readonly name: string
  readonly seen: Seen
  lines: number
  void: string | undefined
}

interface Running {
  readonly subject: Subject
  readonly program: Program.Started
  readonly port: number
  served: number
  scrapedAt: number
}

let asks = 0

const used = async ({ program }: Running, what: Omit<Ask, "ask">): Promise<Used> => {
  const ask = asks++
  program.tell({ ...what, ask } satisfies Ask)
  return JSON.parse(await program.line(`used ${ask} `, patience)) as Used
}

const serve = async (running: Running): Promise<number> => {
  const { micros, spans } = await used(running, { requests })
  running.served += requests
  const expected = requests * Requests.operations
  if (spans !== expected) running.subject.void ??= `${spans} of ${expected} spans ended`
  return micros / requests
}

const scrape = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = Http.get({ host: "127.0.0.1", port, path: "/metrics", agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk
      })
      response.on("error", reject).on("end", () => resolve(text))
    })
    request.on("error", reject)
  })

/** Operations by the histograms of an exposition. */
const observed = (text: string): number =>
  text.split("\n").reduce(
    (sum, line) =>
      /^dawsos_\w+_duration_seconds_count/.test(line) ? sum + Number(line.slice(line.lastIndexOf(" ") + 1)) : sum,
    0
  )

const scraped = async (running: Running): Promise<number> => {
  const { port, subject } = running
  if (port === 0) return 0
  const wait = running.scrapedAt + rest - performance.now()
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
  const before = await used(running, {})
  const text = await scrape(port)
  const after = await used(running, {})
  running.scrapedAt = performance.now()
  subject.lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length
  const expected = running.served * Requests.operations
  if (observed(text) !== expected) subject.void ??= `${observed(text)} of ${expected} operations were observed`
  return after.micros - before.micros
}

const generation = async (subjects: ReadonlyArray<Subject>, seed: number): Promise<void> => {
  const all: Array<Running> = []
  const random = seeded(seed)
  try {
    for (const [index, [way]] of wanted.entries()) {
      const program = Program.start("bench/subjects/metricsCpu.ts", [way], {})
      const subject = subjects[index]
      const port = Number(await program.line("port ", patience))
      if (subject !== undefined) all.push({ subject, program, port, served: 0, scrapedAt: 0 })
    }
    for (let round = -warmUpRounds; round < Math.min(rounds, Interleaved.maxRounds); round++) {
      for (const running of shuffled(all, random)) {
        // First, since by now the others' turns have given the garbage collector time for what requests have left to it.
        const between = (await used(running, { awakeMillis })).micros * 1000 / awakeMillis
        const request = await serve(running)
        const scrape = await scraped(running)
        if (round < 0) continue
        const { seen } = running.subject
        seen.request.push(request)
        seen.between.push(between)
        seen.scrape.push(scrape)
      }
    }
  } finally {
    await Promise.all(all.map(({ program }) => program.end(2_000)))
  }
}

/** Percent of one processor that a program takes more than another, a value a round. */
const percent = (of: Subject, than: Subject): ReadonlyArray<number> =>
  of.seen.request.map((request, round) => {
    const at = (values: ReadonlyArray<number>): number => values[round] ?? Number.NaN
    const micros = (request - at(than.seen.request)) * requestsPerSecond +
      at(of.seen.between) - at(than.seen.between) +
      at(of.seen.scrape) / scrapeSeconds
    return micros / 1e6 * 100
  })

const measured = (name: string, samples: ReadonlyArray<number>, reason: string | undefined): Interleaved.Measured => ({
  name,
  samples,
  count: 1,
  void: reason
})

export const question: Question.Question = {
  ask: async () => {
    const subjects = wanted.map(([, name]): Subject => ({
      name,
      seen: { request: [], between: [], scrape: [] },
      lines: 0,
      void: undefined
    }))
    for (let each = 0; each < Math.min(generations, Interleaved.maxRounds); each++) await generation(subjects, each + 1)
    const [off, again, ours] = subjects as [Subject, Subject, Subject, Subject]
    const added = percent(ours, off)
    const [nothing, noise] = [added.map(() => 0), percent(again, off)]
    return {
      figures: [{
        question: "processor time of metrics at 1,000 requests/s",
        value: Interleaved.spreadOf(added),
        unit: "%",
        limit: 0.2,
        reach: "at most",
        against: "the same operations, timed for their spans, without metrics",
        void: ours.void ?? off.void,
        noise: Noise.ofDifferences([measured("0", nothing, undefined), measured(again.name, noise, again.void)])
      }],
      tables: [{
        title: "processor time",
        rows: [
          ["program", "µs a request", "µs a second between", "µs a scrape", "lines", "% of a processor added"],
          ...subjects.map((subject) => [
            subject.void === undefined ? subject.name : `${subject.name} (void: ${subject.void})`,
            Figure.spread(Interleaved.spreadOf(subject.seen.request)),
            Figure.spread(Interleaved.spreadOf(subject.seen.between)),
            subject.lines === 0 ? "" : Figure.spread(Interleaved.spreadOf(subject.seen.scrape)),
            subject.lines === 0 ? "" : String(subject.lines),
            subject === off ? "" : Figure.spread(Interleaved.spreadOf(percent(subject, off)))
          ])
        ]
      }],
      text: `A request is ${Requests.operations} operations, each of which has its span, sampled and ended. ` +
        "At 1,000 requests a second the difference would drown in what a processor takes to sleep " +
        "and to wake: requests are run one after the other, and what each takes more is multiplied; what a second takes " +
        "more in which a timer wakes the process 1,000 times and nothing else happens is added, and a fifth of a " +
        "scrape. Caches are warmer in this way than between requests that are a millisecond apart. Each program is " +
        "started three times, all of them alive and one of them asked at a time."
    }
  }
}
