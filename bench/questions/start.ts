// What importing and starting this package adds to the start of a program that has Effect and an HTTP server already:
// from the start of the process until the server listens, in fresh processes, with the compiled package.
import * as Compiled from "../harness/Compiled.ts"
import type { Figure } from "../harness/Figure.ts"
import * as FigureText from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Noise from "../harness/Noise.ts"
import * as Processes from "../harness/Processes.ts"
import type * as Question from "../harness/Question.ts"
import * as OtlpServer from "../peers/OtlpServer.ts"

const rounds = 25

/** What runs, and whether its span of a request has to arrive. */
const candidates = [
  { name: "the host alone", program: "host.js", on: false },
  { name: "the host alone, again", program: "host.js", on: false },
  { name: "ours, disabled", program: "ours.js", on: false },
  { name: "ours", program: "ours.js", on: true },
  { name: "by hand", program: "byHandSentry.js", on: true },
  { name: "by hand, without Sentry", program: "byHand.js", on: true }
] as const

const subject = (
  { name, on, program }: (typeof candidates)[number],
  path: string,
  folder: string,
  server: OtlpServer.OtlpServer
): Processes.Subject => {
  let before = 0
  return {
    name,
    program: [program],
    cwd: folder,
    env: {
      ENABLE_OBSERVABILITY: String(on),
      METRICS_PORT: "0",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: server.url(path),
      // Nobody listens there. Profiling would load Sentry at the start.
      SENTRY_DSN: "http://key@127.0.0.1:9/1",
      SENTRY_PROFILES_SAMPLE_RATE: "0"
    },
    check: async () => {
      const { problem, spans } = await server.arrived(path)
      const arrived = spans - before
      before = spans
      return problem ?? (on === (arrived > 0) ? undefined : `${arrived} spans arrived`)
    }
  }
}

export const question: Question.Question = {
  ask: async () => {
    const server = await OtlpServer.start()
    const compiled = await Compiled.make("bench/subjects/start")
    const outcomes = await Processes.run(
      candidates.map((candidate, index) => subject(candidate, `any/${index}`, compiled.folder, server)),
      { rounds, warmUp: true }
    ).finally(() => {
      compiled.remove()
      server.close()
    })
    const told = (number: string) => outcomes.map((outcome) => Processes.measured(outcome, number))
    const [ready, cpu, used] = [told("ready"), told("cpu"), told("used")]
    const host = Interleaved.named(ready, "the host alone")
    const noise = Noise.ofDifferences([host, Interleaved.named(ready, "the host alone, again")])
    const figure = (question: string, name: string, limit: number): Figure => {
      const own = Interleaved.named(ready, name)
      return {
        question,
        value: Interleaved.added(own, host),
        unit: "ms",
        limit,
        reach: "at most",
        against: "the host alone",
        void: own.void ?? host.void,
        noise
      }
    }
    return {
      figures: [
        figure("import and start, disabled", "ours, disabled", 10),
        figure("import and start, traces and metrics on", "ours", 100)
      ],
      tables: [{
        title: "until the server listens, in milliseconds",
        rows: [
          [
            "candidate",
            "from the start",
            "over the host",
            "processor time",
            "first request, scrape and export, over the host"
          ],
          ...ready.map((one) => [
            one.void === undefined ? one.name : `${one.name} (void: ${one.void})`,
            FigureText.spread(Interleaved.spreadOf(one.samples)),
            FigureText.spread(Interleaved.added(one, host)),
            FigureText.spread(Interleaved.spreadOf(Interleaved.named(cpu, one.name).samples)),
            FigureText.spread(Interleaved.added(Interleaved.named(used, one.name), Interleaved.named(used, host.name)))
          ])
        ]
      }],
      text:
        "Fresh processes, with the package compiled as it is published; the last column has what was put off until it " +
        "was needed. Sentry is configured: this package loads it with the first event, by hand it is loaded first."
    }
  }
}
