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
import * as BackEnds from "./BackEnds.ts"
import * as Chart from "./Chart.ts"
import * as Judge from "./Judge.ts"
import * as Options from "./Options.ts"
import * as Page from "./Page.ts"
import * as Program from "./Program.ts"
import type { Sample } from "./Sample.ts"
import * as SampleOf from "./Sample.ts"
import * as Schedule from "./Schedule.ts"
import * as Table from "./Table.ts"

const intervalMs = 1000
const answersWithinMs = 10_000
// Far above the bound: what takes longer is killed and counts as hung.
const killAfterMs = 30_000

const clock = (): string => new Date().toISOString().slice(11, 19)

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
    ...options.leak === undefined ? {} : { SOAK_LEAK: options.leak }
  })
  const samples: Array<Sample> = []
  let shutdown: Judge.Run["shutdown"] = { took: 0, whole: 0, problem: "it was not reached" }
  try {
    const page = (await program.line("metrics ", 120_000)).trim()
    program.tell({ fault: null })
    backEnds.scrapeFrom(new URL(page))
    const begin = performance.now()
    const now = (): number => Math.round((performance.now() - begin) / 100) / 10
    const turns = schedule.periods.flatMap((period) => [
      { at: period.from, strikes: true, period },
      { at: period.to, strikes: false, period }
    ]).toSorted((one, other) => one.at - other.at)

    const sample = async (): Promise<Sample> => {
      const vitals = await program.vitals(answersWithinMs)
      const response = await fetch(page, { signal: AbortSignal.timeout(answersWithinMs) })
      return { at: now(), vitals, ...SampleOf.read(new Figures(parse(await response.text()))) }
    }
    for (let tick = 1; tick * intervalMs <= options.durationMs; tick++) {
      await sleep(Math.max(0, begin + tick * intervalMs - performance.now()))
      if (program.ended() !== undefined) break
      while (turns[0] !== undefined && turns[0].at <= now()) {
        const [turn] = turns.splice(0, 1)
        if (turn === undefined) break
        const { period, strikes } = turn
        if (period.target === "program") program.tell({ fault: strikes ? period.fault : null })
        else await Effect.runPromise(strikes ? backEnds.begin(period) : backEnds.end(period))
      }
      const taken = await sample().catch((error: unknown) => {
        console.log(`${clock()}  no sample: ${error instanceof Error ? error.message : String(error)}`)
        return undefined
      })
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
    shutdown = { took, whole, problem }
  } finally {
    if (program.ended() === undefined) await program.end(0)
    if (shutdown.problem !== undefined) console.error(program.output().slice(-4000))
  }
  const { calmFrom, calmUntil } = schedule
  return { expectedSamples: Math.floor(options.durationMs / intervalMs), samples, calmFrom, calmUntil, shutdown }
}

const main = (options: Options.Options) =>
  Effect.gen(function*() {
    const schedule = Schedule.make(options.durationMs / 1000, options.seed)
    const machine = Machine.describe()
    console.log(`soak of ${options.durationMs / 1000} s, seed ${options.seed}; ${machine}; ${new Date().toISOString()}`)
    const backEnds = yield* BackEnds.make
    const run = yield* Effect.promise(() => observe(options, backEnds))
    const received = yield* backEnds.received
    const verdicts = Judge.judge(run)
    console.log(`\n${Table.text(Table.faults(schedule.periods))}`)
    console.log(`\n${Table.text(Table.rows(run.samples))}`)
    console.log(
      `\nreceived: ${received.spans} spans by the collector, ${received.sentrySpans} spans and ${received.events} ` +
        "events by Sentry\n"
    )
    for (const { criterion, holds, text } of verdicts) {
      console.log(`  ${holds ? "ok    " : "FAILED"}  ${criterion}: ${text}`)
    }
    const chart = Chart.svg(run.samples, schedule.periods)
    const kept = { date: new Date().toISOString(), machine, options, schedule, received, verdicts, ...run }
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
