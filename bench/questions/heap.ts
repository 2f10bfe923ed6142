// What is left in the heap of a million operations whose spans are exported and whose metrics are scraped. Each
// candidate in processes of its own.
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Noise from "../harness/Noise.ts"
import * as Processes from "../harness/Processes.ts"
import type * as Question from "../harness/Question.ts"

// A short look at the question must not take a million.
const operations = Interleaved.maxRounds === Infinity ? 1_000_000 : 20_000
const rounds = 5

const candidates = [
  ["the effects alone", "alone"],
  ["ours", "ours"],
  ["ours, again", "ours"],
  ["@effect/opentelemetry and prom-client by hand", "peer"]
] as const

export const question: Question.Question = {
  ask: async () => {
    const outcomes = await Processes.run(
      candidates.map(([name, candidate]) => ({
        name,
        program: ["--expose-gc", "--conditions=source", "bench/subjects/heap.ts", candidate, String(operations)]
      })),
      { rounds, warmUp: false }
    )
    const numbers = (name: string) => outcomes.map((outcome) => Processes.measured(outcome, name))
    const grown = numbers("grown")
    const columns = [numbers("first"), numbers("code"), grown, numbers("before")]
    const told = operations.toLocaleString("en-US")
    const [ours, again] = [Interleaved.named(grown, "ours"), Interleaved.named(grown, "ours, again")]
    return {
      figures: [{
        question: "heap after a million operations",
        value: Interleaved.spreadOf(ours.samples),
        unit: "MB",
        limit: 0.1,
        reach: "at most",
        against: "the heap before them",
        void: ours.void,
        noise: Noise.ofDifferences([ours, again])
      }],
      tables: [{
        title: `${told} operations with span, counter and histogram, exported and scraped`,
        rows: [
          [
            "candidate",
            `MB more by the first ${told} after a warm-up`,
            "of that code",
            `MB more by the next ${told}`,
            "MB before that"
          ],
          ...grown.map(({ name, void: reason }) => [
            reason === undefined ? name : `${name} (void: ${reason})`,
            ...columns.map((column) => Figure.spread(Interleaved.spreadOf(Interleaved.named(column, name).samples)))
          ])
        ]
      }],
      text:
        "Heap and buffers after garbage collections. A quarter of a million of operations run as a warm-up, then a million " +
        "and another: the figure is what the other leaves. Nearly all that the first of them leaves is the code that V8 " +
        "compiles for functions that it finds hot, and what runs once for a batch of spans it finds so long after the " +
        "rest. Spans are scrubbed, written as the bytes that OTLP sends, wait as these, and are put into requests, which " +
        "are taken at once; the peer's are read by an exporter. What the effects alone leave is what the measurement " +
        "itself can't tell."
    }
  }
}
