// npm run soak: the reference program under load for a long time, with faults of its own and of its back ends coming and
// going; sampled every second. Exit code 1, and which criterion, when the books are off, a bound is broken or a trend
// grows.
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Figures, parse } from "../../examples/dawsos/view/Figures.ts"
import * as Document from "../Document.ts"
import * as Machine from "../Machine.ts"
import { root } from "../Process.ts"
import * as Program from "../program/Program.ts"
import * as Table from "../Table.ts"
import * as BackEnds from "./BackEnds.ts"
import * as Chart from "./Chart.ts"
import * as Judge from "./Judge.ts"
import * as Options from "./Options.ts"
import * as Page from "./Page.ts"
import * as Rows from "./Rows.ts"
import type { Sample } from "./Sample.ts"
import * as SampleOf from "./Sample.ts"
import type { Period } from "./Schedule.ts"
import * as Schedule from "./Schedule.ts"

const intervalMs = 1000
const answersWithinMs = 10_000
// Far above the bound: what takes longer is killed and counts as hung.
const killAfterMs = 30_000

const clock = (): string => new Date().toISOString().slice(11, 19)

/** What the program answers when it is told which fault to suffer. */
const isSuffered = (message: unknown): message is { readonly suffers: unknown } =>
  typeof message === "object" && message !== null && "suffers" in message

/** Runs the program and answers with what it has shown. */
const observe = async (options: Options.Options, backEnds: BackEnds.BackEnds): Promise<Judge.Run> => {
  const seconds = options.durationMs / 1000
  const schedule = Schedule.make(seconds, options.seed)
  const program = Program.start("examples/dawsos/main.ts", ["--fault", "database-slow"], {
    ...backEnds.env,
    PORT: "0",
    METRICS_PORT: "0",
    TRAFFIC_RATE: "10",
    SENTRY_TRACES_SAMPLE_RATE: "0.2",
    SENTRY_PROFILES_SAMPLE_RATE: "0",
    NO_COLOR: "1",
    ENABLE_OBSERVABILITY: String(options.observability),
    ...options.leak === undefined ? {} : { SOAK_LEAK: options.leak }
  })
  const { calmFrom, calmUntil } = schedule
  const samples: Array<Sample> = []
  const badPages: Array<string> = []
  const struck: Array<Judge.Struck> = []
  const told: Array<Period | undefined> = []
  let settled: Judge.Run["settled"]
  let ticks = 0
  let shutdown: Judge.Run["shutdown"] = { took: 0, whole: 0, code: "none", problem: "it was not reached" }
  try {
    const page = (await program.line("metrics ", 120_000)).trim()
    const suffer = (period: Period | undefined) => {
      told.push(period)
      program.tell({ fault: period?.fault ?? null })
    }
    suffer(undefined)
    if (options.observability) backEnds.scrapeFrom(new URL(page))
    const begin = performance.now()
    const now = (): number => Math.round((performance.now() - begin) / 100) / 10
    const turns = schedule.periods.flatMap((period) => [
      { at: period.from, strikes: true, period },
      { at: period.to, strikes: false, period }
    ]).toSorted((one, other) => one.at - other.at)

    const books = async (): Promise<SampleOf.Books> => {
      const response = await fetch(page, { signal: AbortSignal.timeout(answersWithinMs) })
      const text = await response.text()
      if (response.status !== 200) throw new Error(`/metrics answered ${response.status}: ${text.slice(0, 200)}`)
      return SampleOf.read(new Figures(parse(text)))
    }
    const notSampled = (error: unknown): undefined => {
      console.log(`${clock()}  no sample: ${error instanceof Error ? error.message : String(error)}`)
      if (error instanceof SampleOf.NoBooks) badPages.push(error.message)
      return undefined
    }
    const sample = async (): Promise<Sample> => {
      const vitals = await program.vitals(answersWithinMs)
      return { ...options.observability ? await books() : SampleOf.none, at: now(), vitals }
    }
    const turn = async (period: Period, strikes: boolean): Promise<void> => {
      if (period.target === "program") return suffer(strikes ? period : undefined)
      if (!options.observability) return
      if (options.stuck && period.target === "collector") return
      if (strikes) return Effect.runPromise(backEnds.begin(period))
      struck.push({ period, ...await Effect.runPromise(backEnds.end(period)) })
    }
    // A sink that has not recovered when the time is over is given the time that it may need.
    const goesOn = (): boolean =>
      ticks * intervalMs < options.durationMs ||
      Judge.recoveries({ samples, calmFrom, calmUntil }).some(({ state }) => state === "waiting")
    if (options.stuck) {
      console.log(`${clock()}  the collector hangs from now on, and for good`)
      await Effect.runPromise(backEnds.hangCollector)
    }
    while (goesOn()) {
      const tick = ++ticks
      await sleep(Math.max(0, begin + tick * intervalMs - performance.now()))
      if (program.ended() !== undefined) break
      while (turns[0] !== undefined && turns[0].at <= now()) {
        const next = turns.shift()
        if (next !== undefined) await turn(next.period, next.strikes)
      }
      const taken = await sample().catch(notSampled)
      if (taken === undefined) continue
      samples.push(taken)
      if (tick % 60 === 0) {
        console.log(
          `${clock()}  ${Math.round(taken.at)} s  heap ${(taken.vitals.heap / 2 ** 20).toFixed(1)} MiB  ` +
            `queued ${Judge.queuedSpans(taken)}  ended ${taken.spans.ended}`
        )
      }
    }
    // Spans and events are on their way to back ends that never answer when the end comes.
    await Effect.runPromise(backEnds.hangAll)
    await sleep(3000)
    const atEnd = options.observability ? await books().catch(notSampled) : undefined
    if (atEnd !== undefined) settled = { books: atEnd, received: await Effect.runPromise(backEnds.received) }
    const gone = program.ended()
    const stopping = program.line("stopping", killAfterMs).then(() => performance.now(), () => undefined)
    const asked = performance.now()
    const { code } = await program.end(killAfterMs)
    const ended = performance.now()
    const whole = ended - asked
    const took = ended - (await stopping ?? asked)
    const problem = gone !== undefined
      ? `the program ended by itself (${gone})`
      : code === "SIGKILL"
      ? `it had not ended after ${killAfterMs} ms and was killed`
      : undefined
    shutdown = { took, whole, code, problem }
    const suffered = program.messages().flatMap((message) => isSuffered(message) ? [message.suffers] : [])
    for (const [n, period] of told.entries()) {
      if (period === undefined) continue
      struck.push({ period, asked: 1, felt: suffered[n] === period.fault ? 1 : 0 })
    }
  } finally {
    if (program.ended() === undefined) await program.end(0)
    if (shutdown.problem !== undefined) console.error(program.output().slice(-4000))
  }
  const expectedSamples = Math.max(ticks, Math.floor(options.durationMs / intervalMs))
  return { expectedSamples, samples, badPages, struck, settled, calmFrom, calmUntil, shutdown }
}

const main = (options: Options.Options) =>
  Effect.gen(function*() {
    const schedule = Schedule.make(options.durationMs / 1000, options.seed)
    const machine = Machine.describe()
    const date = new Date().toISOString()
    console.log(`soak of ${options.durationMs / 1000} s, seed ${options.seed}; ${machine}; ${date}`)
    const backEnds = yield* BackEnds.make
    const run = yield* Effect.promise(() => observe(options, backEnds))
    const verdicts = options.observability ? Judge.judge(run) : Judge.judgeVitals(run)
    console.log(`\n${Table.text(Rows.faults(run.struck))}`)
    console.log(`\n${Table.text(Rows.rows(run.samples))}`)
    console.log(`\n${options.observability ? Rows.rate(run.samples) : "no rate: nothing is observed"}\n`)
    for (const { criterion, holds, text } of verdicts) {
      console.log(`  ${holds ? "ok    " : "FAILED"}  ${criterion}: ${text}`)
    }
    const chart = Chart.svg(run.samples, schedule.periods)
    const kept = { date, machine, options, verdicts, ...run }
    if (options.chart !== undefined) writeFileSync(options.chart, chart)
    if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(kept, null, 1))
    if (options.update) {
      const page = Path.join(root, "docs/reliability.md")
      writeFileSync(page, Document.replaced(readFileSync(page, "utf8"), "soak", Page.markdown(kept)))
      writeFileSync(Path.join(root, "docs/soak.svg"), chart)
    }
    return verdicts.every(({ holds }) => holds)
  }).pipe(Effect.scoped)

const options = Options.parse(process.argv.slice(2))
if (typeof options === "string") {
  console.error(`${options}\n${Options.usage}`)
  process.exitCode = 2
} else if (options.help) {
  console.log(Options.usage)
} else {
  process.exitCode = (await Effect.runPromise(main(options))) ? 0 : 1
}
