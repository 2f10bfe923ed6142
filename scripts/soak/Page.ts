// A run as docs/reliability.md keeps it.
import type { Verdict } from "./Judge.ts"
import type { Sample } from "./Sample.ts"
import type { Period } from "./Schedule.ts"
import * as Table from "./Table.ts"

/** What is kept of a run. */
export interface Kept {
  /** When it ended, as ISO 8601. */
  readonly date: string
  readonly machine: string
  readonly options: { readonly durationMs: number; readonly seed: number }
  readonly schedule: { readonly periods: ReadonlyArray<Period> }
  readonly received: { readonly spans: number; readonly sentrySpans: number; readonly events: number }
  readonly verdicts: ReadonlyArray<Verdict>
  readonly samples: ReadonlyArray<Sample>
}

/** The block of the document; the chart is the file beside it. */
export const markdown = (run: Kept): string => {
  const { date, machine, options, received, samples, schedule, verdicts } = run
  return [
    `${date.slice(0, 16).replace("T", " ")} UTC, ${machine}, \`--duration ${options.durationMs / 60_000}m --seed ` +
    `${options.seed}\`: ${samples.length} samples, ${schedule.periods.length} faults; received ` +
    `${received.spans.toLocaleString("en-US")} spans by the collector, ` +
    `${received.sentrySpans.toLocaleString("en-US")} spans and ${received.events.toLocaleString("en-US")} events by ` +
    "Sentry.",
    "![Memory, handles, queues, spans and event-loop lag of the long run over time, with its faults](soak.svg)",
    Table.markdown([
      ["criterion", "holds", "found"],
      ...verdicts.map(({ criterion, holds, text }) => [criterion, holds ? "yes" : "**no**", text])
    ]),
    "Each row is a stretch of the run: medians of memory, handles and lag, the most that was queued, sums of the rest.",
    Table.markdown(Table.rows(samples)),
    Table.markdown(Table.faults(schedule.periods))
  ].join("\n\n")
}
