/** Reports for people: CSV, and a PDF of one page of text. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ValuedPosition } from "../Domain.ts"

const csvCell = (value: string | number): string =>
  typeof value === "number" ? String(value) : /[",\n]/.test(value) ? `"${value.replaceAll("\"", "\"\"")}"` : value

/** A valid PDF 1.4 file with the given lines in Helvetica. */
export const pdfOf = (lines: ReadonlyArray<string>): string => {
  const escaped = lines.map((line) => line.replace(/[\\()]/g, "\\$&").replace(/[^\x20-\x7e]/g, "?"))
  const text = `BT /F1 11 Tf 50 780 Td 14 TL ${escaped.map((line) => `(${line}) Tj T*`).join(" ")} ET`
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
  ]
  let body = "%PDF-1.4\n"
  const offsets = objects.map((object, index) => {
    const offset = body.length
    body += `${index + 1} 0 obj\n${object}\nendobj\n`
    return `${String(offset).padStart(10, "0")} 00000 n \n`
  })
  const size = objects.length + 1
  return `${body}xref\n0 ${size}\n0000000000 65535 f \n${offsets.join("")}` +
    `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`
}

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "ReportService", method })

export class Reports extends Context.Service<Reports>()("dawsos/ReportService", {
  make: Effect.sync(() => ({
    csv: Effect.fn(function*(positions: ReadonlyArray<ValuedPosition>) {
      const columns = ["symbol", "quantity", "price", "value", "weight"] as const
      yield* Effect.logDebug("report written", { rows: positions.length })
      return [columns, ...positions.map((position) => columns.map((column) => position[column]))]
        .map((row) => row.map(csvCell).join(",")).join("\n")
    }, observed("export_csv")),
    pdf: Effect.fn(function*(title: string, positions: ReadonlyArray<ValuedPosition>) {
      yield* Effect.logDebug("report rendered", { rows: positions.length })
      return pdfOf([title, ...positions.map((p) => `${p.symbol}  ${(p.weight * 100).toFixed(1)} %`)])
    }, observed("render_pdf"))
  }))
}) {
  static readonly layer = Layer.effect(Reports, Reports.make)
}
