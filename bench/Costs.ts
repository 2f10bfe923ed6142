// The questions of docs/performance.md: each is asked in a process of its own, so that what one has compiled, loaded or
// installed in the process does not matter to the next.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import * as Document from "../scripts/Document.ts"
import * as Process from "../scripts/Process.ts"
import * as Table from "../scripts/Table.ts"
import * as Chart from "./harness/Chart.ts"
import * as Figure from "./harness/Figure.ts"
import type { Answer } from "./harness/Question.ts"
import * as Questions from "./questions.ts"

/** An answer with the name of its question. */
export interface Answered extends Answer {
  readonly name: Questions.Name
}

/** Asks one question; fails with what its process printed when that did not answer. */
export const ask = async (name: Questions.Name): Promise<Answer> => {
  const folder = mkdtempSync(Path.join(tmpdir(), "bench-"))
  const file = Path.join(folder, "answer.json")
  try {
    const flags = ["--expose-gc", "--conditions=source"]
    const { code, output } = await Process.run(process.execPath, [...flags, "bench/ask.ts", name, file])
    if (code !== 0) throw new Error(`the question ${name} ended with exit code ${code}:\n${output}`)
    return JSON.parse(readFileSync(file, "utf8"))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** An answer for a terminal. */
export const text = ({ figures, tables, text }: Answer): string =>
  [
    ...tables.map(({ rows, title }) => `${title}\n${Table.text(rows)}`),
    Table.text(Figure.table(figures)),
    ...text === undefined ? [] : [text],
    ""
  ].join("\n\n")

/** The table of all figures, with how many were reached. */
export const summary = (answers: ReadonlyArray<Answer>): string => {
  const figures = answers.flatMap((answer) => answer.figures)
  const reached = figures.filter((figure) => Figure.verdict(figure) === "reached").length
  return `${Table.text(Figure.table(figures))}\n\n${reached} of ${figures.length} figures reached`
}

/** Writes the answers, their figures and the chart into the document; of questions that were not asked nothing changes. */
export const write = (answers: ReadonlyArray<Answered>, when: string): void => {
  const path = Path.join(Process.root, "docs/performance.md")
  let page = readFileSync(path, "utf8")
  for (const { name, tables, text } of answers) {
    const parts = tables.flatMap(({ rows, title }) => [`**${title}**`, Table.markdown(rows)])
    page = Document.replaced(page, name, [when, ...parts, ...text === undefined ? [] : [text]].join("\n\n"))
  }
  if (answers.length === Questions.names.length) {
    const figures = answers.flatMap((answer) => answer.figures)
    const picture = "![Every figure over what it was to reach](performance.svg)"
    page = Document.replaced(page, "figures", [when, Table.markdown(Figure.table(figures)), picture].join("\n\n"))
    writeFileSync(Path.join(Process.root, "docs/performance.svg"), Chart.svg(figures))
  }
  writeFileSync(path, page)
}
