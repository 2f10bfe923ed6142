/** Reports for people, as CSV. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ValuedPosition } from "../Domain.ts"

const columns = ["symbol", "quantity", "price", "value", "weight"] as const

const csvCell = (value: string | number): string =>
  typeof value === "number" ? String(value) : /[",\n]/.test(value) ? `"${value.replaceAll("\"", "\"\"")}"` : value

export class Reports extends Context.Service<Reports>()("dawsos/ReportService", {
  make: Effect.succeed({
    csv: (positions: ReadonlyArray<ValuedPosition>) =>
      Effect.sync(() =>
        [columns, ...positions.map((position) => columns.map((column) => position[column]))]
          .map((row) => row.map(csvCell).join(",")).join("\n")
      ).pipe(DawsOs.withServiceMetrics({ service: "ReportService", method: "export_csv" }))
  })
}) {
  static readonly layer = Layer.effect(Reports, Reports.make)
}
