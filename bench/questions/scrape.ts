// What a scrape of 100,000 lines costs the program that is scraped: how long it holds the event loop, how long it takes,
// and how much memory. Over HTTP, since what is written need not be held as a whole before it is sent.
import * as Http from "node:http"
import * as Program from "../../scripts/program/Program.ts"
import { seeded, shuffled } from "../../scripts/Random.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Noise from "../harness/Noise.ts"
import type * as Question from "../harness/Question.ts"
import { ofText } from "../peers/Recorded.ts"
import * as Exposition from "../scrape/Exposition.ts"
import type { Seen, Watch } from "../scrape/Watch.ts"

const rounds = 25
const warmUpRounds = 2

/** Times are what differs from scrape to scrape: memory, and candidates that no figure is made of, have one of so many rounds. */
const allEvery = 4
/** Those that figures are made of: the first of all. */
const measuredTwice = 4

const patience = 60_000

// This package's server leaves four times what a scrape took to the program before the next, half a second at most:
// asked earlier, it waits.
const rest = 700

/** The program, and what was seen of it. */
interface Subject {
  readonly name: string
  readonly program: Program.Started
  readonly port: number
  readonly seen: { readonly [Key in keyof Seen]: Array<number> }
  bytes: number
  touches: number
  scrapedAt: number
  void: string | undefined
}

const start = async (candidate: Exposition.Name, name: string): Promise<Subject> => {
  const program = Program.start("bench/subjects/scrape.ts", [candidate], {})
  return {
    name,
    program,
    port: Number(await program.line("port ", patience)),
    seen: { millis: [], cpuMillis: [], longest: [], held: [], peak: [], resident: [] },
    bytes: 0,
    touches: Exposition.firstTouches,
    scrapedAt: 0,
    void: undefined
  }
}

// Nothing but reading while the program writes.
const scrape = (port: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const request = Http.get({ host: "127.0.0.1", port, path: "/metrics", agent: false }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", reject)
      response.on("end", () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks))
        else reject(new Error(`the scrape was answered with ${response.statusCode}`))
      })
    })
    request.on("error", reject)
  })

/** What is wrong with an exposition, if anything is: each line has to be there, and each observation. */
const wrong = (text: string, touches: number): string | undefined => {
  const lines = text.match(/^bench_(?!observability_)/gm)?.length ?? 0
  const { observed } = ofText(text)
  const expected = Exposition.observedSets * touches
  return lines === Exposition.lines && observed === expected
    ? undefined
    : `${lines} of ${Exposition.lines} lines with ${observed} of ${expected} observations`
}

let watches = 0

const watched = async (subject: Subject, how: Watch["how"]): Promise<Partial<Seen>> => {
  const { port, program } = subject
  const wait = subject.scrapedAt + rest - performance.now()
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
  const watch = watches++
  program.tell({ watch, how } satisfies Watch)
  await program.line(`ready ${watch}`, patience)
  subject.touches++
  const body = await scrape(port)
  subject.scrapedAt = performance.now()
  const seen = JSON.parse(await program.line(`seen ${watch} `, patience)) as Partial<Seen>
  subject.bytes = body.byteLength
  subject.void ??= wrong(body.toString(), subject.touches)
  return seen
}

const measured = ({ name, seen, void: reason }: Subject, key: keyof Seen): Interleaved.Measured => ({
  name,
  samples: seen[key],
  count: 1,
  void: reason
})

const mega = (values: ReadonlyArray<number>): string =>
  values.length === 0 ? "" : Figure.spread(Interleaved.spreadOf(values.map((bytes) => bytes / 1e6)))

const table = (subjects: ReadonlyArray<Subject>): ReadonlyArray<ReadonlyArray<string>> => [
  [
    "candidate",
    "longest block ms",
    "total ms",
    "processor ms",
    "peak MB",
    "peak of the resident set MB",
    "held between scrapes MB",
    "exposition MB"
  ],
  ...subjects.map(({ bytes, name, seen, void: reason }) => [
    reason === undefined ? name : `${name} (void: ${reason})`,
    Figure.spread(Interleaved.spreadOf(seen.longest)),
    Figure.spread(Interleaved.spreadOf(seen.millis)),
    Figure.spread(Interleaved.spreadOf(seen.cpuMillis)),
    mega(seen.peak),
    mega(seen.resident),
    mega(seen.held),
    (bytes / 1e6).toFixed(1)
  ])
]

export const question: Question.Question = {
  ask: async () => {
    const wanted: ReadonlyArray<readonly [Exposition.Name, string]> = [
      ["ours", "ours"],
      ["ours", "ours, again"],
      ["prom-client", "prom-client"],
      ["prom-client", "prom-client, again"],
      ["@prometheus-io/client", "@prometheus-io/client"],
      ["Effect's Metric", "Effect's Metric"]
    ]
    const subjects: Array<Subject> = []
    try {
      for (const [candidate, name] of wanted) subjects.push(await start(candidate, name))
      const random = seeded(1)
      for (let round = -warmUpRounds; round < Math.min(rounds, Interleaved.maxRounds); round++) {
        const isWhole = round < 0 || round % allEvery === 0
        for (const how of isWhole ? ["time", "turns", "memory"] as const : ["time", "turns"] as const) {
          for (const subject of shuffled(isWhole ? subjects : subjects.slice(0, measuredTwice), random)) {
            const seen = await watched(subject, how)
            if (round < 0) continue
            for (const key of Object.keys(subject.seen) as ReadonlyArray<keyof Seen>) {
              const value = seen[key]
              if (value !== undefined) subject.seen[key].push(value)
            }
          }
        }
      }
    } finally {
      await Promise.all(subjects.map(({ program }) => program.end(2_000)))
    }
    const [ours, oursAgain, peer, peerAgain] = subjects as [Subject, Subject, Subject, Subject]
    const reason = ours.void ?? peer.void
    const against = (key: "millis" | "peak") => {
      const [own, other] = [measured(ours, key), measured(peer, key)]
      return {
        value: Interleaved.ratio(own, other),
        unit: "×",
        reach: "at most" as const,
        against: "prom-client",
        void: reason,
        noise: Noise.ofRatios([own, measured(oursAgain, key)], [other, measured(peerAgain, key)])
      }
    }
    return {
      figures: [
        {
          question: "scrape of 100,000 lines, longest block",
          value: Interleaved.spreadOf(ours.seen.longest),
          unit: "ms",
          limit: 5,
          reach: "at most",
          against: "the event loop of the scraped program",
          void: ours.void,
          noise: Noise.ofDifferences([measured(ours, "longest"), measured(oursAgain, "longest")])
        },
        { question: "scrape of 100,000 lines, total", limit: 0.15, ...against("millis") },
        { question: "scrape of 100,000 lines, peak memory", limit: 0.1, ...against("peak") }
      ],
      tables: [{ title: "a scrape over HTTP, with Node's own metrics", rows: table(subjects) }],
      text:
        "Each candidate is a program of its own, scraped by this one; every label set has changed since the scrape " +
        "before. Total: from the arrival of the request to the last byte that is handed to the system. Longest block: " +
        "the longest turn of the event loop meanwhile. Peak memory: used heap and buffers beyond those before the " +
        "scrape, after a forced collection; looked at before each collection of the garbage collector and at the end."
    }
  }
}
