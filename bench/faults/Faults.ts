// Three exporters under the same faults: what arrived, how often, what was lost and who knows of it.
import * as Effect from "effect/Effect"
import { setTimeout as sleep } from "node:timers/promises"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Program from "../../scripts/program/Program.ts"
import * as Candidates from "./Candidates.ts"
import { type Scenario, scenarios } from "./Scenarios.ts"
import * as Way from "./Way.ts"

export interface Result {
  readonly scenario: string
  readonly candidate: Candidates.Name
  readonly ended: number
  /** Spans of which at least one copy arrived. */
  readonly arrived: number
  /** Copies beyond the first. */
  readonly duplicates: number
  /** What the program says of its spans; nothing where it counts none. */
  readonly books: Candidates.Books | undefined
  /** Spans that did not arrive and that nobody counted. */
  readonly uncounted: number
  readonly connections: number
  /** Bytes of heap after a collection at the end of the load, above those before it. */
  readonly heap: number
  /** Milliseconds of the shutdown; nothing where it had not ended after a minute. */
  readonly shutdown: number | undefined
}

const limits = { spans: 200_000, requests: 10, requestBytes: 1024 * 1024 }
const patience = 60_000

const play = async (
  scenario: Scenario,
  run: (effect: Effect.Effect<void, unknown>) => Promise<void>,
  receiver: Receiver.Shape,
  way: Way.Way
): Promise<void> => {
  const begin = performance.now()
  for (const { at, reply } of scenario.steps) {
    await sleep(Math.max(0, begin + at * 1000 - performance.now()))
    if (reply === "down") await way.close()
    else if (reply === "up") await way.open()
    else await run(receiver.respond("otlp", reply))
  }
}

const measure = (scenario: Scenario, candidate: Candidates.Name): Effect.Effect<Result, unknown> =>
  Effect.gen(function*() {
    const receiver = yield* Receiver.make({ signals: ["otlp"], limits })
    const way = yield* Effect.acquireRelease(
      Effect.promise(() => Way.make(receiver.port)),
      ({ close }) => Effect.promise(close)
    )
    const url = `http://127.0.0.1:${way.port}/v1/traces`
    const program = yield* Effect.acquireRelease(
      Effect.sync(() => Program.start("bench/faults/subject.ts", [candidate, url], {})),
      (program) => Effect.promise(() => program.end(0))
    )
    const told = yield* Effect.tryPromise(async () => {
      await program.line("running", patience)
      const before = await program.vitals(patience)
      const played = play(scenario, Effect.runPromise, receiver, way)
      program.tell({ load: scenario.load })
      const ended = Number(await program.line("loaded ", patience))
      const after = await program.vitals(patience)
      await played
      await sleep(scenario.rest * 1000)
      program.tell({ close: true })
      const closed = await program.line("closed ", patience).then(
        (line) => JSON.parse(line) as { readonly took: number; readonly books?: Candidates.Books },
        () => undefined
      )
      return { ended, heap: after.heap - before.heap, closed }
    })
    const spans = yield* receiver.spans
    const arrived = new Set(spans.map(({ name }) => name)).size
    const books = told.closed?.books
    return {
      scenario: scenario.name,
      candidate,
      ended: told.ended,
      arrived,
      duplicates: spans.length - arrived,
      books,
      uncounted: Math.max(0, told.ended - arrived - (books?.dropped ?? 0)),
      connections: way.most(),
      heap: told.heap,
      shutdown: told.closed?.took
    }
  }).pipe(Effect.scoped)

/** Every scenario, or those that are named; the three programs of one at the same time, each with a collector. */
export const run = (
  only: ReadonlySet<string>,
  tell: (text: string) => void
): Effect.Effect<ReadonlyArray<Result>, unknown> =>
  Effect.map(
    Effect.forEach(scenarios.filter(({ name }) => only.size === 0 || only.has(name)), (scenario) => {
      tell(`${scenario.name}: ${scenario.text}`)
      return Effect.forEach(Candidates.names, (name) => measure(scenario, name), { concurrency: "unbounded" })
    }),
    (results) => results.flat()
  )

/** What happens in each scenario of the results. */
export const legend = (results: ReadonlyArray<Result>): ReadonlyArray<ReadonlyArray<string>> => [
  ["fault", "what happens"],
  ...scenarios.filter(({ name }) => results.some(({ scenario }) => scenario === name)).map(({ name, text }) => [
    name,
    text
  ])
]

const number = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 0 })

/** As rows of cells, the first being the headings. */
export const table = (results: ReadonlyArray<Result>): ReadonlyArray<ReadonlyArray<string>> => [
  [
    "fault",
    "program",
    "ended",
    "arrived",
    "duplicates",
    "lost and counted",
    "in doubt",
    "lost, uncounted",
    "connections at once",
    "heap, MiB",
    "shutdown, s"
  ],
  ...results.map((result) => [
    result.scenario,
    result.candidate,
    number(result.ended),
    number(result.arrived),
    number(result.duplicates),
    result.books === undefined ? "–" : number(result.books.dropped - result.books.inDoubt),
    result.books === undefined ? "–" : number(result.books.inDoubt),
    number(result.uncounted),
    number(result.connections),
    (result.heap / 2 ** 20).toFixed(1),
    result.shutdown === undefined ? "not over after 60" : (result.shutdown / 1000).toFixed(1)
  ])
]

/** Copies that arrived beyond those that were accepted, are in doubt or were sent twice: they are counted as lost. */
const beyondBooks = ({ arrived, books, duplicates }: Result): number =>
  books === undefined ? 0 : Math.max(0, arrived + duplicates - books.exported - books.inDoubt - books.resent)

/**
 * What our own figures must not show: books that are missing or don't add up, a span lost that nobody counted, one that
 * arrived and is counted as lost for certain, a copy that nobody counted, more connections than the export in flight
 * and one that is being replaced, a shutdown of more than 5 seconds.
 */
export const missed = (results: ReadonlyArray<Result>): ReadonlyArray<string> =>
  results.filter(({ candidate }) => candidate === "@dawsos/observability").flatMap((result) => [
    ...result.uncounted > 0 ? [`${result.scenario}: ${result.uncounted} spans lost that nobody counted`] : [],
    ...result.books === undefined || result.books.exported + result.books.dropped !== result.ended
      ? [`${result.scenario}: the books don't add up to ${result.ended} spans`]
      : [],
    ...beyondBooks(result) > 0
      ? [`${result.scenario}: ${beyondBooks(result)} spans arrived that are counted as lost for certain`]
      : [],
    ...result.duplicates > (result.books?.resent ?? 0)
      ? [`${result.scenario}: ${result.duplicates} copies, of which the books know ${result.books?.resent ?? 0}`]
      : [],
    ...result.connections > 2 ? [`${result.scenario}: ${result.connections} connections at once`] : [],
    ...result.shutdown === undefined || result.shutdown > 5000
      ? [`${result.scenario}: the shutdown took ${result.shutdown ?? "more than 60,000"} ms`]
      : []
  ])
