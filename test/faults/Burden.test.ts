// Everything hangs, by the real clock and with the package's own settings: memory, flush and end keep to their bounds.
import { Accounting, type ErrorTracking } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"

/** In milliseconds, by the clock of the program. */
interface Timed {
  readonly millis: number
  /** After a timer of 5 s that was set at the same moment. */
  readonly late: number
}

interface Report {
  /** Bytes in use after garbage collection, the layer being open. */
  readonly heap: number
  readonly flush: Timed
  readonly shutdown: Timed
  readonly spans: Accounting.Accounting
  readonly events: ErrorTracking.ErrorAccounting
}

const program = fileURLToPath(new URL("programs/burden.ts", import.meta.url))

const run = (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>): Effect.Effect<Report> =>
  Effect.callback((resume) => {
    const child = execFile(
      process.execPath,
      ["--expose-gc", "--conditions=source", program, ...args],
      { env: { PATH: process.env["PATH"] ?? "", METRICS_PORT: "0", ...env }, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const line = stdout.split("\n").find((line) => line.startsWith("report: "))
        if (line === undefined) return resume(Effect.die(new Error(`${String(error)}\n${stderr}`)))
        resume(Effect.succeed(JSON.parse(line.slice("report: ".length)) as Report))
      }
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const environment = (receiver: Receiver.Shape) => ({
  ENABLE_OBSERVABILITY: "true",
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.otlpTracesUrl,
  SENTRY_DSN: receiver.sentryDsn,
  SENTRY_TRACES_SAMPLE_RATE: "1"
})

const mebibyte = 1024 * 1024

// Two timers of 5 s may be a turn of the event loop apart, and a turn is long on a machine that is busy.
const aTurn = 250

describe("a program whose collector and Sentry hang while it makes 10,000 spans and 40 errors", () => {
  it.live(
    "holds no more than 32 MiB above the same program with healthy ones, and ends each in 5 s",
    () =>
      Effect.gen(function*() {
        const [healthy, hanging] = yield* Effect.all([Receiver.make(), Receiver.make()])
        for (const signal of ["otlp", "sentryOtlp", "sentry"] as const) {
          yield* hanging.respond(signal, Reply.hang())
        }
        const [well, unwell, unflushed] = yield* Effect.all([
          run(environment(healthy)),
          run(environment(hanging)),
          run(environment(hanging), "unflushed")
        ], { concurrency: "unbounded" })

        for (const report of [well, unwell, unflushed]) {
          assert.deepStrictEqual(Accounting.imbalances(report.spans), [])
          const { captured, dropped, queued, sent } = report.events
          assert.strictEqual(captured, sent + queued + Object.values(dropped).reduce((sum, count) => sum + count, 0))
          assert.isAtLeast(report.spans.ended, 10_000)
          assert.isBelow(report.flush.late, aTurn)
          assert.isBelow(report.shutdown.late, aTurn)
        }
        for (const sink of unwell.spans.sinks) {
          assert.strictEqual(sink.exported, 0)
          assert.isAbove(sink.dropped.queue_full, 0)
          assert.isAtMost(sink.queued + sink.inFlight, 2_048)
          assert.isAtMost(sink.delivery?.bytes ?? Number.NaN, 8 * mebibyte)
        }
        assert.strictEqual(unwell.events.sent, 0)
        assert.isBelow(unwell.heap - well.heap, 32 * mebibyte)
      }),
    120_000
  )
})
