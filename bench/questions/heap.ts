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
    const grown = outcomes.map((outcome) => Processes.measured(outcome, "grown"))
    const beside = ["first", "code", "before"].map((number) =>
      outcomes.map((outcome) => Processes.measured(outcome, number))
    )
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
        title: `${
          operations.toLocaleString("en-US")
        } operations with span, counter and histogram, exported and scraped`,
        rows: [
          ["candidate", "MB more than before", "MB more by the million of the warm-up", "of that code", "MB before"],
          ...grown.map((one) => [
            one.void === undefined ? one.name : `${one.name} (void: ${one.void})`,
            Figure.spread(Interleaved.spreadOf(one.samples)),
            ...beside.map((told) => Figure.spread(Interleaved.spreadOf(Interleaved.named(told, one.name).samples)))
          ])
        ]
      }],
      text:
        "Heap and buffers after garbage collections. A million and a quarter of operations run before as a warm-up; what " +
        "the million of them leaves is told beside: nearly all of it is the code that V8 compiles for functions that it " +
        "finds hot, and what runs once for a batch of spans it finds so long after the rest. What the effects alone leave " +
        "is what the measurement itself can't tell."
    }
  }
}
