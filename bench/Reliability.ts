// The questions of docs/reliability.md: what becomes of spans, and what callers feel, while back ends fail.
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import * as Document from "../scripts/Document.ts"
import { root } from "../scripts/Process.ts"
import * as Table from "../scripts/Table.ts"
import * as Faults from "./faults/Faults.ts"
import * as Host from "./host/Host.ts"

interface Answer {
  readonly tables: ReadonlyArray<Table.Table>
  /** What the numbers can and can't say. */
  readonly text: string
  readonly figures: unknown
  readonly missed: ReadonlyArray<string>
}

/** How to ask. */
export interface Given {
  /** The faults to try; all where there are none. */
  readonly only: ReadonlySet<string>
  /** Seconds of a round. */
  readonly seconds: number
  /** Whether to write the tables into the document. */
  readonly update: boolean
  readonly machine: string
  readonly date: string
}

const questions = {
  faults: ({ only }: Given): Effect.Effect<Answer, unknown> =>
    Effect.map(Faults.run(only, console.log), (results) => ({
      tables: [Faults.legend(results), Faults.table(results)],
      text: "",
      figures: results,
      missed: Faults.missed(results)
    })),
  host: ({ seconds }: Given): Effect.Effect<Answer, unknown> =>
    Effect.map(Host.run(console.log, seconds), (results) => ({
      tables: [Host.table(results)],
      text: Host.reading(results),
      figures: results,
      missed: Host.missed(results)
    }))
}

export type Name = keyof typeof questions

export const names: ReadonlyArray<string> = Object.keys(questions)

export const isName = (name: string): name is Name => Object.hasOwn(questions, name)

/** Asks, prints what was found, and answers with it. */
export const ask = async (
  name: Name,
  given: Given
): Promise<{ readonly figures: unknown; readonly missed: boolean }> => {
  const { figures, missed, tables, text } = await Effect.runPromise(questions[name](given))
  for (const table of tables) console.log(`\n${Table.text(table)}`)
  if (text !== "") console.log(`\n${text}`)
  for (const line of missed) console.log(`missed: ${line}`)
  if (given.update) {
    const path = Path.join(root, "docs/reliability.md")
    const written = [
      `Measured on ${given.date.slice(0, 10)}, ${given.machine}.`,
      ...tables.map((table) => Table.markdown(table)),
      ...text === "" ? [] : [text]
    ].join("\n\n")
    writeFileSync(path, Document.replaced(readFileSync(path, "utf8"), name, written))
  }
  return { figures, missed: missed.length > 0 }
}
