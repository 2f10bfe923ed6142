// A run as docs/reliability.md keeps it.
import * as Table from "../Table.ts"
import type { Struck, Verdict } from "./Judge.ts"
import * as Rows from "./Rows.ts"
import type { Sample } from "./Sample.ts"

/** What is kept of a run. */
export interface Kept {
  /** When it began, as ISO 8601. */
  readonly date: string
  /** The machine and the commit. */
  readonly machine: string
  readonly options: { readonly durationMs: number; readonly seed: number }
  readonly struck: ReadonlyArray<Struck>
  readonly verdicts: ReadonlyArray<Verdict>
  readonly samples: ReadonlyArray<Sample>
}

/** The block of the document; the chart is the file beside it. */
export const markdown = (run: Kept): string => {
  const { date, machine, options, samples, struck, verdicts } = run
  return [
    `${date.slice(0, 16).replace("T", " ")} UTC, ${machine}, \`--duration ${options.durationMs / 60_000}m --seed ` +
    `${options.seed}\`: ${samples.length} samples, ${struck.length} faults, ${Rows.rate(samples)}.`,
    "![Memory, handles, queues, spans and event-loop lag of the long run over time, with its faults](soak.svg)",
    Table.markdown([
      ["criterion", "holds", "found"],
      ...verdicts.map(({ criterion, holds, text }) => [criterion, holds ? "yes" : "**no**", text])
    ]),
    "Each row is a stretch of the run: medians of memory, handles and lag, the most that was queued, sums of the rest.",
    Table.markdown(Rows.rows(samples)),
    Table.markdown(Rows.faults(struck))
  ].join("\n\n")
}
