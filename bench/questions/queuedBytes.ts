// What a queued span with three attributes takes: the spans of operations made in a loop are held by a queue whose
// receiver does not answer; the heap and the buffers after a garbage collection, before and after everything is let go.
// Each candidate in processes of its own.
import * as Figure from "../harness/Figure.ts"
import type { Measured } from "../harness/Interleaved.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Noise from "../harness/Noise.ts"
import * as Processes from "../harness/Processes.ts"
import type * as Question from "../harness/Question.ts"

const spans = 20_000
const rounds = 7

const ways = [
  ["ours", "ours"],
  ["ours, again", "ours"],
  ["ours, by Effect.withSpan", "oursWithSpan"],
  ["SDK", "sdk"],
  ["@effect/opentelemetry", "peer"],
  ["Effect's OtlpTracer", "otlpTracer"]
] as const

/** The one that takes less. */
const smaller = (one: Measured, other: Measured): Measured =>
  Interleaved.spreadOf(one.samples).median <= Interleaved.spreadOf(other.samples).median ? one : other

export const question: Question.Question = {
  ask: async () => {
    const outcomes = await Processes.run(
      ways.map(([name, way]) => ({
        name,
        program: ["--expose-gc", "--conditions=source", "bench/subjects/queuedBytes.ts", way, String(spans)]
      })),
      { rounds, warmUp: false }
    )
    const measured = outcomes.map((outcome) => Processes.measured(outcome, "bytes"))
    const [ours, again] = [Interleaved.named(measured, "ours"), Interleaved.named(measured, "ours, again")]
    const sdk = smaller(Interleaved.named(measured, "SDK"), Interleaved.named(measured, "@effect/opentelemetry"))
    return {
      figures: [{
        question: "bytes of a queued span with 3 attributes",
        value: Interleaved.ratio(ours, sdk),
        unit: "×",
        limit: 0.4,
        reach: "at most",
        against: `a BatchSpanProcessor's, spans by ${sdk.name === "SDK" ? "the SDK itself" : sdk.name}`,
        void: ours.void ?? sdk.void,
        noise: Noise.ofRatios([ours, again])
      }],
      tables: [{
        title: `a queue of ${spans.toLocaleString("en-US")} spans`,
        rows: [
          ["candidate", "bytes a span", `over ${sdk.name}`],
          ...measured.map((one) => [
            one.void === undefined ? one.name : `${one.name} (void: ${one.void})`,
            Figure.spread(Interleaved.spreadOf(one.samples)),
            Figure.spread(Interleaved.ratio(one, sdk), "×")
          ])
        ]
      }],
      text: "Everything that a candidate set up is let go in the end, room that it had set aside for spans included. " +
        "Effect's OtlpTracer has no bound and no queue: it holds what is yet to be written."
    }
  }
}
