// node --conditions=source scripts/faults/main.ts: what became of the spans of each fault on each way, as Markdown.
import { Accounting } from "@dawsos/observability"
import * as Effect from "effect/Effect"
import * as Cell from "../../test/faults/support/Cell.ts"
import * as Faults from "../../test/faults/support/Faults.ts"

const row = (cells: ReadonlyArray<string | number>): string => `| ${cells.join(" | ")} |`

const lost = ({ books }: Cell.Report): string =>
  Accounting.dropReasons.filter((reason) => books.dropped[reason] > 0).map((reason) =>
    `${reason} ${books.dropped[reason]}`
  ).join(", ") || "none"

const head = [
  "a receiver that",
  "by",
  "ended",
  "received whole",
  "kept",
  "exported",
  "lost",
  "kept, answer lost",
  "twice",
  "flush ms",
  "shutdown ms"
]
const lines = [row(head), row(head.map(() => "---"))]
for (const fault of Faults.of("otlp")) {
  for (const route of fault.routes ?? ["otlp", "jaegerHttp"] as const) {
    if (route === "sentry") continue
    const report = await Effect.runPromise(Effect.scoped(Effect.ensuring(Cell.lasts(fault, route), Faults.undo)))
    if (report.wrong.length > 0) throw new Error(`${fault.name}: ${report.wrong.join("; ")}`)
    const { accepted, books, close, duplicates, ended, flush, received, unconfirmed } = report
    lines.push(row([
      fault.name,
      route === "otlp" ? "OTLP" : "Thrift",
      ended,
      received,
      accepted,
      books.exported,
      lost(report),
      unconfirmed.length,
      duplicates.length,
      Math.round(flush),
      Math.round(close)
    ]))
  }
}
process.stdout.write(`${lines.join("\n")}\n`)
