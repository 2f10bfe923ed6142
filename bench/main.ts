// npm run bench: side-by-side measurements. Without a name it asks all questions on cost, one after the other, each in a
// process of its own, and prints the table of figures; `-- operation scrape` asks these. `-- faults` and `-- host` are
// for docs/reliability.md.
//
// `--json FILE` writes all that was measured; `--docs` writes docs/performance.md and its chart; `--update` the tables
// of docs/reliability.md; `--only a,b` are the faults to try, `--seconds N` the length of a round of `host` (30). Exit
// code 1 while a figure is not reached or a question has no answer.
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import * as Machine from "../scripts/Machine.ts"
import * as Costs from "./Costs.ts"
import * as Figure from "./harness/Figure.ts"
import * as Interleaved from "./harness/Interleaved.ts"
import * as Host from "./host/Host.ts"
import * as Questions from "./questions.ts"
import * as Reliability from "./Reliability.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    docs: { type: "boolean", default: false },
    update: { type: "boolean", default: false },
    only: { type: "string" },
    seconds: { type: "string", default: String(Host.defaultSeconds) }
  }
})
const known: ReadonlyArray<string> = [...Questions.names, ...Reliability.names]
const asked = positionals.length === 0 ? Questions.names : positionals
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no question named ${unknown.join(", ")}; there are: ${known.join(", ")}`)
  process.exit(2)
}
const seconds = Number(values.seconds)
if (!(Number.isInteger(seconds) && seconds > 0)) {
  console.error(`--seconds ${values.seconds} is not a whole number above 0`)
  process.exit(2)
}
if (values.docs && Interleaved.maxRounds !== Infinity) {
  console.error("BENCH_ROUNDS is set: what is measured with less effort is no figure for docs/performance.md")
  process.exit(2)
}
const only = new Set((values.only ?? "").split(",").filter((name) => name !== ""))
const machine = Machine.describe()
const date = new Date().toISOString()
const measured: Record<string, unknown> = { date, machine }
const answers: Array<Costs.Answered> = []
const failed: Array<string> = []

const ask = async (name: string): Promise<void> => {
  if (Reliability.isName(name)) {
    const { figures, missed } = await Reliability.ask(name, { only, seconds, update: values.update, machine, date })
    measured[name] = figures
    if (missed) process.exitCode = 1
  } else if (Questions.isName(name)) {
    const answer = await Costs.ask(name)
    measured[name] = { ...answer, figures: answer.figures.map(Figure.judged) }
    answers.push({ name, ...answer })
    console.log(Costs.text(answer))
    if (answer.figures.some((figure) => Figure.verdict(figure) !== "reached")) process.exitCode = 1
  }
}

for (const name of asked) {
  console.log(`--- ${name}; ${machine}; ${date}`)
  try {
    await ask(name)
  } catch (error) {
    // The answers to the others count.
    const reason = error instanceof Error ? error.message : String(error)
    measured[name] = { failed: reason }
    failed.push(name)
    process.exitCode = 1
    console.error(`${name} has no answer: ${reason}`)
  }
}
if (answers.length > 1) console.log(Costs.summary(answers))
if (failed.length > 0) console.error(`no answer: ${failed.join(", ")}`)
if (values.docs) Costs.write(answers, `Measured on ${date.slice(0, 10)}, ${machine}.`)
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(measured, null, 1))
