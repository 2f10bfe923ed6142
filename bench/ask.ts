// Asks one question in this process, which is its own: `ask.ts NAME` writes the answer as JSON to the given file.
import { writeFileSync } from "node:fs"
import type { Question } from "./harness/Question.ts"

const [name = "", file = ""] = process.argv.slice(2)
const { question } = await import(`./questions/${name}.ts`) as { readonly question: Question }
writeFileSync(file, JSON.stringify(await question.ask()))
// What a peer still holds open does not matter any more.
process.exit(0)
