// Tables of text, for a terminal and for a document; the first row has the headings.

export type Table = ReadonlyArray<ReadonlyArray<string>>

/** For a terminal: columns of equal width, numbers to the right. */
export const text = (table: Table): string => {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)))
  return table.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ")).join("\n")
}

/** For a document: columns of numbers to the right. */
export const markdown = (table: Table): string => {
  const [headings = [], ...others] = table
  const align = (column: number): string =>
    others.every((row) => /^[-–+]?\d*/.exec(row[column] ?? "")?.[0] !== "") ? "---:" : "---"
  return [headings, headings.map((_, column) => align(column)), ...others].map((row) => `| ${row.join(" | ")} |`).join(
    "\n"
  )
}
