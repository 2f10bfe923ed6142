// node --conditions=source scripts/faults/main.ts: what became of the spans of each fault on each way, as Markdown.
// `--update` writes it into docs/reliability.md.
import { Accounting } from "@dawsos/observability"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import * as Cell from "../../test/faults/support/Cell.ts"
import * as Faults from "../../test/faults/support/Faults.ts"
import * as Document from "../Document.ts"
import * as Process from "../Process.ts"

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
const table = lines.join("\n")
console.log(table)
if (process.argv.includes("--update")) {
  const page = Path.join(Process.root, "docs/reliability.md")
  writeFileSync(page, Document.replaced(readFileSync(page, "utf8"), "fates", table))
}
