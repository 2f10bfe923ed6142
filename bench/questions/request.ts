// What a program as a whole pays: the reference program off, with this package, and wired by hand, under load.
//
// `BENCH_REQUEST_SECONDS` (10) is the length of a measurement and `BENCH_REQUEST_ROUNDS` (6) how often each program is
// measured: about twelve minutes. 1 and 1 do for a look at whether it works, in less than one.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { seeded, shuffled } from "../../scripts/Random.ts"
import { median } from "../../scripts/Trend.ts"
import type { Figure } from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Noise from "../harness/Noise.ts"
import type * as Question from "../harness/Question.ts"
import * as Load from "../request/Load.ts"
import * as Profile from "../request/Profile.ts"
import * as Programs from "../request/Programs.ts"
import * as Rounds from "../request/Rounds.ts"
import * as Tables from "../request/Tables.ts"

const setting = (name: string, fallback: number): number => {
  const text = process.env[name] ?? String(fallback)
  if (!(Number(text) > 0)) throw new Error(`${name}=${text} is not a number above 0`)
  return Number(text)
}

const seconds = setting("BENCH_REQUEST_SECONDS", 10)
const rounds = setting("BENCH_REQUEST_ROUNDS", 6)
// Until the engine has compiled the program as it stays, some ten seconds under load: before, a span costs it several
// times as much.
const warmUpSeconds = seconds < 5 ? seconds : 15
const waves = Math.min(3, rounds)

/** Why the figures of a program don't count. */
type Voids = Map<Programs.Mode, string>

/** Why a figure that is made of these programs does not count. */
const voidOf = (voids: Voids, ...modes: ReadonlyArray<Programs.Mode>): string | undefined => {
  const mode = modes.find((mode) => voids.has(mode))
  return mode === undefined ? undefined : `${mode}: ${voids.get(mode)}`
}

const note = (voids: Voids, mode: Programs.Mode, problem: string | undefined): void => {
  if (problem !== undefined && !voids.has(mode)) voids.set(mode, problem)
}

/** Fails once, which loads Sentry where that is done with the first event. */
const reported = async (program: Programs.Running): Promise<string | undefined> => {
  await Load.once(program.port, Load.failing)
  await sleep(Programs.settleMillis)
  return (await program.counts()).events > 0 ? undefined : "a failure was not reported"
}

/** Everyone gets the same answers, and nobody none. */
const checkAnswers = (closed: Rounds.Series, open: Rounds.Series, voids: Voids): void => {
  const expected = open.off[0]?.answers
  for (const mode of Programs.modes) {
    const wrong = open[mode].find(({ answers }) => answers !== expected) ??
      closed[mode].find(({ answers }) => /no answer|× 5/.test(answers))
    note(voids, mode, wrong === undefined ? undefined : `answered ${wrong.answers}`)
  }
}

const herd = async ({ programs, random }: Rounds.Plan): Promise<ReadonlyArray<Tables.Herd>> => {
  const found = programs.map((program) => ({ program, mode: program.mode, waves: [] as Array<Load.Wave> }))
  for (let wave = 0; wave < waves; wave++) {
    for (const { program, waves } of shuffled(found, random)) {
      waves.push(await Load.herd(program.port))
      await sleep(Programs.settleMillis)
    }
  }
  return found
}

const profile = async (
  { programs }: Rounds.Plan,
  rate: number,
  open: Rounds.Series
): Promise<ReadonlyArray<Tables.Profiled>> => {
  const folder = mkdtempSync(Path.join(tmpdir(), "bench-request-"))
  try {
    const found: Array<Tables.Profiled> = []
    for (const program of programs.filter(({ mode }) => mode !== "off, again")) {
      const file = Path.join(folder, `${found.length}.cpuprofile`)
      await program.profiled(file, () => Rounds.scraped(program, seconds, () => Load.open(program.port, rate, seconds)))
      const cpu = median(open[program.mode].map((round) => round.cpu)) * 1000
      found.push({ mode: program.mode, shares: Profile.read(file), cpu })
    }
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const cpuFigures = (closed: Rounds.Series, voids: Voids): ReadonlyArray<Figure> => {
  const cpu = (mode: Programs.Mode) => Rounds.values(closed, mode, (round) => round.cpu * 1000)
  const spans = median(closed.ours.map((round) => round.spans))
  const aSpan = Rounds.added(closed, "ours", "span")
  const byHand = Rounds.added(closed, "by hand", "request")
  const noise = Noise.ofDifferences([cpu("off"), cpu("off, again")]) / spans
  return [
    {
      question: "reference program: CPU added a span",
      value: Interleaved.spreadOf(aSpan),
      unit: "µs",
      limit: 3,
      reach: "at most",
      against: "the program with observability off",
      void: voidOf(voids, "ours", "off", "off, again"),
      noise
    },
    {
      question: "reference program: CPU added",
      value: Interleaved.spreadOf(
        Rounds.added(closed, "ours", "request").map((value, round) => value / (byHand[round] ?? Number.NaN))
      ),
      unit: "×",
      limit: 0.08,
      reach: "at most",
      against: "what the stack wired by hand adds",
      void: voidOf(voids, ...Programs.modes),
      // Ours is the smaller of the two if the figure is reached, and the noise the larger part of it.
      noise: noise / Math.abs(median(aSpan))
    }
  ]
}

const latencyFigures = (open: Rounds.Series, voids: Voids): ReadonlyArray<Figure> =>
  ([["p50", 1.03], ["p99", 1.1]] as const).map(([name, limit]) => {
    const of = (mode: Programs.Mode) => Rounds.values(open, mode, (round) => round[name])
    return {
      question: `reference program, open loop at half of the capacity: ${name}`,
      value: Interleaved.ratio(of("ours"), of("off")),
      unit: "×",
      limit,
      reach: "at most",
      against: "the program with observability off",
      void: voidOf(voids, "ours", "off", "off, again"),
      noise: Noise.ofRatios([of("off"), of("off, again")])
    }
  })

/** A rate in percent of what a program answers as fast as it can. */
const ofCapacity = (closed: Rounds.Series, mode: Programs.Mode, rate: number): string =>
  `${(rate / median(closed[mode].map(({ requests, seconds }) => requests / seconds)) * 100).toFixed(0)} %`

const text = (voids: Voids, closed: Rounds.Series, rate: number): string =>
  [
    `${rounds} rounds of ${seconds} s for each program and load, after ${warmUpSeconds} s under load for each program, ` +
    `one program under load at a time, scraped every ${Rounds.scrapeSeconds} s where there are metrics. All are the same program: where it is wired by hand, its ` +
    "imports of this package are those of stand-ins that call `Effect.withSpan`, `prom-client` and `@sentry/node` at " +
    "the same places, and that scrub nothing. Off, Effect's own modules still make their spans, for nobody. All " +
    "export every second in batches of 512. What is added is the processor time a request beyond the mean of the two " +
    "programs that are off, export and scrapes included. Heap and resident set are those after both loads. The database is a process of its own that gives remembered " +
    "answers to reads, so that it is no bottleneck; requests that ask data providers are left out, since their quotas " +
    "are a few a minute. The rate of the open loop is half of what the program answers that is off: " +
    `${ofCapacity(closed, "ours", rate)} of what it answers with this package, and ` +
    `${ofCapacity(closed, "by hand", rate)} of what it answers wired by hand. So percentiles there tell how ` +
    "long requests wait for one another as well, and beyond 100 % they wait the longer the longer the load lasts.",
    ...[...voids].map(([mode, problem]) => `The program ${mode} is void: ${problem}.`)
  ].join(" ")

const ask = async (): Promise<Question.Answer> => {
  const { close, programs } = await Programs.start()
  try {
    const plan: Rounds.Plan = { programs, rounds, seconds, random: seeded(1) }
    const voids: Voids = new Map()
    for (const program of programs) {
      await Load.closed(program.port, warmUpSeconds)
      if (program.metricsUrl !== undefined) note(voids, program.mode, await reported(program))
    }
    const closed = await Rounds.measureAll(plan, (port) => Load.closed(port, seconds))
    const capacity = median([...closed.off, ...closed["off, again"]].map((round) => round.requests / round.seconds))
    const rate = Math.max(1, Math.floor(capacity / 2))
    const open = await Rounds.measureAll(plan, (port) => Load.open(port, rate, seconds), async (program, run) => {
      const before = await Rounds.countedRequests(program)
      const round = await run()
      const counted = await Rounds.countedRequests(program) - before
      if (program.metricsUrl !== undefined && counted !== round.requests) {
        note(voids, program.mode, `${counted} of ${round.requests} requests were counted`)
      }
      return round
    })
    const held = await Rounds.held(programs)
    checkAnswers(closed, open, voids)
    const herds = await herd(plan)
    const profiles = await profile(plan, rate, open)
    for (const program of programs) note(voids, program.mode, await program.stop())
    return {
      figures: [...cpuFigures(closed, voids), ...latencyFigures(open, voids)],
      tables: [
        { title: "16 clients that ask as soon as they are answered", rows: Tables.closed(closed, held) },
        { title: `Open loop at half of the capacity: ${rate} requests a second`, rows: Tables.open(open) },
        { title: "200 clients at once", rows: Tables.herd(herds) },
        {
          title: "Processor time in µs a request by module, from a CPU profile of the open loop",
          rows: Tables.profile(profiles)
        }
      ],
      text: text(voids, closed, rate)
    }
  } finally {
    await close()
  }
}

export const question: Question.Question = { ask }
