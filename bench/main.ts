// npm run bench: side-by-side measurements, one folder a question. `-- faults` and `-- host` ask one of them;
// `--json FILE` writes the figures, `--update` the tables of docs/reliability.md; `--only a,b` are the faults to try,
// `--seconds N` the length of a round of `host` (30). Exit code 1 while a figure is missed.
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { parseArgs } from "node:util"
import * as Document from "../scripts/Document.ts"
import * as Machine from "../scripts/Machine.ts"
import { root } from "../scripts/Process.ts"
import * as Table from "../scripts/Table.ts"
import * as Faults from "./faults/Faults.ts"
import * as Host from "./host/Host.ts"

interface Answer {
  readonly tables: ReadonlyArray<ReadonlyArray<ReadonlyArray<string>>>
  /** What the numbers can and can't say. */
  readonly text: string
  readonly figures: unknown
  readonly missed: ReadonlyArray<string>
}

interface Given {
  /** The faults to try; all where there are none. */
  readonly only: ReadonlySet<string>
  /** Seconds of a round. */
  readonly seconds: number
}

const questions: Readonly<Record<string, (given: Given) => Effect.Effect<Answer, unknown>>> = {
  faults: ({ only }) =>
    Effect.map(Faults.run(only, console.log), (results) => ({
      tables: [Faults.legend(results), Faults.table(results)],
      text: "",
      figures: results,
      missed: Faults.missed(results)
    })),
  host: ({ seconds }) =>
    Effect.map(Host.run(console.log, seconds), (results) => ({
      tables: [Host.table(results)],
      text: Host.reading(results),
      figures: results,
      missed: Host.missed(results)
    }))
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    update: { type: "boolean", default: false },
    only: { type: "string" },
    seconds: { type: "string", default: String(Host.defaultSeconds) }
  }
})
const asked = positionals.length === 0 ? Object.keys(questions) : positionals
const unknown = asked.filter((name) => !Object.hasOwn(questions, name))
if (unknown.length > 0) {
  console.error(`no question named ${unknown.join(", ")}; there are: ${Object.keys(questions).join(", ")}`)
  process.exit(2)
}
const seconds = Number(values.seconds)
if (!(Number.isInteger(seconds) && seconds > 0)) {
  console.error(`--seconds ${values.seconds} is not a whole number above 0`)
  process.exit(2)
}
const machine = Machine.describe()
const date = new Date().toISOString()
const only = new Set((values.only ?? "").split(",").filter((name) => name !== ""))
const figures: Record<string, unknown> = { date, machine }
for (const name of asked) {
  console.log(`--- ${name}; ${machine}; ${date}`)
  const answer = await Effect.runPromise(questions[name]?.({ only, seconds }) ?? Effect.die(name))
  figures[name] = answer.figures
  for (const table of answer.tables) console.log(`\n${Table.text(table)}`)
  if (answer.text !== "") console.log(`\n${answer.text}`)
  for (const text of answer.missed) console.log(`missed: ${text}`)
  if (answer.missed.length > 0) process.exitCode = 1
  if (values.update) {
    const path = Path.join(root, "docs/reliability.md")
    const written = [
      `Measured on ${date.slice(0, 10)}, ${machine}.`,
      ...answer.tables.map((table) => Table.markdown(table)),
      ...answer.text === "" ? [] : [answer.text]
    ].join("\n\n")
    writeFileSync(path, Document.replaced(readFileSync(path, "utf8"), name, written))
  }
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(figures, null, 1))
