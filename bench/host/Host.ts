// What a program's callers feel: one API without observability, with it, and with it while its back ends fail.
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"
import * as Program from "../../scripts/program/Program.ts"
import { seeded, shuffled } from "../../scripts/Random.ts"
import { median, quantile } from "../../scripts/Trend.ts"
import * as OpenLoop from "./OpenLoop.ts"

/** How its back ends answer; `off` is the program without observability, twice, to see what noise makes of the same. */
const modes = {
  off: undefined,
  "off, again": undefined,
  "on, all well": Reply.ok,
  "on, back ends hang": Reply.hang(),
  "on, back ends answer 503": Reply.status(503),
  "on, back ends reset": Reply.resetConnection(),
  "on, back ends refuse": "down",
  "on, back ends take 2 s": Reply.delay("2 seconds")
} as const

type Mode = keyof typeof modes

const rounds = 5
const rate = 50
/** Seconds of a round unless said: its p99 is then that of 1,500 requests. */
export const defaultSeconds = 30
const warmUp = 2
const patience = 60_000

export interface Result {
  readonly mode: Mode
  /** Milliseconds, a figure of each round. */
  readonly p50: ReadonlyArray<number>
  readonly p99: ReadonlyArray<number>
  /** Processor time a request, in milliseconds: what other programs on the machine change least. */
  readonly cpu: ReadonlyArray<number>
  /** Answers that no program without observability gave. */
  readonly different: number
  readonly requests: number
  /** How long a round was. */
  readonly seconds: number
}

// One of fifty requests dies; the others answer with their value.
const paths = Array.from({ length: 50 }, (_, n) => `/api/values/S${n}`)

const server = (mode: Mode) =>
  Effect.gen(function*() {
    const how = modes[mode]
    const receiver = yield* Receiver.make({
      signals: ["otlp", "sentry"],
      limits: { spans: 100, items: 100, requests: 10, requestBytes: 1024 * 1024 }
    })
    if (how === "down") yield* receiver.down
    else if (how !== undefined) {
      for (const signal of ["otlp", "sentry"] as const) yield* receiver.respond(signal, how)
    }
    const env = {
      ENABLE_OBSERVABILITY: String(how !== undefined),
      METRICS_PORT: "0",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.otlpTracesUrl,
      OTEL_BSP_SCHEDULE_DELAY: "1000",
      SENTRY_DSN: receiver.sentryDsn,
      SENTRY_PROFILES_SAMPLE_RATE: "0"
    }
    const program = yield* Effect.acquireRelease(
      Effect.sync(() => Program.start("bench/host/server.ts", [], env)),
      (program) => Effect.promise(() => program.end(10_000))
    )
    const port = yield* Effect.tryPromise(() => program.line("port ", patience))
    return { mode, program, port: Number(port) }
  })

/** All programs at once, one of them under load at a time, in another order each round. */
export const run = (
  tell: (text: string) => void,
  seconds: number = defaultSeconds
): Effect.Effect<ReadonlyArray<Result>, unknown> =>
  Effect.gen(function*() {
    const servers = yield* Effect.forEach(Object.keys(modes) as ReadonlyArray<Mode>, server)
    const found = servers.map(({ mode, port, program }) => ({
      mode,
      port,
      program,
      cpu: [] as Array<number>,
      p50: [] as Array<number>,
      p99: [] as Array<number>,
      answers: new Map<string, number>()
    }))
    const random = seeded(1)
    yield* Effect.promise(async () => {
      for (const { port } of found) await OpenLoop.load(port, paths, { rate, seconds: warmUp })
      for (let round = 1; round <= rounds; round++) {
        tell(`round ${round} of ${rounds}`)
        for (const { answers, cpu, p50, p99, port, program } of shuffled(found, random)) {
          const before = await program.vitals(patience)
          const outcome = await OpenLoop.load(port, paths, { rate, seconds })
          const after = await program.vitals(patience)
          cpu.push((after.cpu - before.cpu) / outcome.latencies.length)
          p50.push(quantile(outcome.latencies, 0.5))
          p99.push(quantile(outcome.latencies, 0.99))
          for (const [answer, count] of outcome.answers) answers.set(answer, (answers.get(answer) ?? 0) + count)
        }
      }
    })
    const expected = found.find(({ mode }) => mode === "off")?.answers ?? new Map<string, number>()
    return found.map(({ answers, cpu, mode, p50, p99 }) => ({
      mode,
      cpu,
      p50,
      p99,
      requests: rounds * rate * seconds,
      seconds,
      different: [...answers].reduce((sum, [answer, count]) => sum + Math.abs(count - (expected.get(answer) ?? 0)), 0)
    }))
  }).pipe(Effect.scoped)

const off = (results: ReadonlyArray<Result>): Result => {
  const found = results.find(({ mode }) => mode === "off")
  if (found === undefined) throw new Error("the program without observability was not measured")
  return found
}

const spread = (values: ReadonlyArray<number>): string =>
  `${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)}`

/** Each figure of a round over the one of the program without observability in the same round. */
const ratios = (values: ReadonlyArray<number>, base: ReadonlyArray<number>): ReadonlyArray<number> =>
  values.map((value, round) => value / (base[round] ?? Number.NaN))

export const table = (results: ReadonlyArray<Result>): ReadonlyArray<ReadonlyArray<string>> => {
  const base = off(results)
  return [
    [
      "program",
      "requests",
      "other answers",
      "p50 ms",
      "rounds",
      "p99 ms",
      "rounds",
      "p99 over off",
      "rounds",
      "processor ms a request",
      "rounds"
    ],
    ...results.map(({ cpu, different, mode, p50, p99, requests }) => {
      const over = ratios(p99, base.p99)
      return [
        mode,
        String(requests),
        String(different),
        median(p50).toFixed(1),
        spread(p50),
        median(p99).toFixed(1),
        spread(p99),
        mode === "off" ? "1" : median(over).toFixed(2),
        mode === "off" ? "" : `${Math.min(...over).toFixed(2)}–${Math.max(...over).toFixed(2)}`,
        median(cpu).toFixed(2),
        `${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)}`
      ]
    })
  ]
}

/** What the figures can and can't tell: two runs of the same program set the noise. */
export const reading = (results: ReadonlyArray<Result>): string => {
  const base = off(results)
  const noise = ratios(results.find(({ mode }) => mode === "off, again")?.p99 ?? [], base.p99)
  const [low, high] = [Math.min(...noise), Math.max(...noise)]
  const beyond = results.filter(({ mode, p99 }) => {
    const over = median(ratios(p99, base.p99))
    return !mode.startsWith("off") && (over > high || over < low)
  }).map(({ mode }) => mode)
  return `${rate} requests a second, ${base.seconds} s in each of ${rounds} rounds, all programs alive and one under load ` +
    `at a time. The same program measured twice differs by a factor of ${low.toFixed(2)} to ${
      high.toFixed(2)
    } in its ` +
    `p99: what lies within can't be told from noise. ${
      beyond.length === 0 ? "All of the others do." : `Beyond it by the median of the rounds: ${beyond.join("; ")}.`
    }`
}

/** Callers must get the same answers whatever becomes of the telemetry; timings are reported and not judged. */
export const missed = (results: ReadonlyArray<Result>): ReadonlyArray<string> =>
  results.filter(({ different }) => different > 0).map(({ different, mode }) =>
    `${mode}: ${different} answers differ from those without observability`
  )
