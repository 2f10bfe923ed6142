// npm run check: every check runs and says how it went; one that fails fails the whole.
import * as LockFile from "../LockFile.ts"
import * as Manifest from "../Manifest.ts"
import * as Process from "../Process.ts"
import * as Examples from "./Examples.ts"

interface Check {
  readonly name: string
  readonly run: () => Promise<Process.Outcome>
}

const tool = (name: string, ...args: ReadonlyArray<string>) => () => Process.run(Process.bin(name), args)

const listed = (problems: ReadonlyArray<string>): Promise<Process.Outcome> =>
  Promise.resolve({ code: problems.length === 0 ? 0 : 1, output: problems.join("\n") })

const checks: ReadonlyArray<Check> = [
  { name: "types", run: tool("tsc", "-p", "tsconfig.json") },
  { name: "examples", run: () => tool("tsc", "-p", Examples.write(Process.root, Examples.collect(Process.root)))() },
  { name: "lint", run: tool("oxlint", "--deny-warnings") },
  { name: "format", run: tool("dprint", "check") },
  { name: "import rules", run: tool("vitest", "run", "test/architecture.test.ts") },
  { name: "unused exports", run: tool("knip") },
  { name: "manifest", run: () => listed(Manifest.problems(Manifest.read(Process.root))) },
  { name: "lock file", run: () => listed(LockFile.problems(LockFile.read(Process.root))) }
]

const only = new Set(process.argv.slice(2))
const unknown = [...only].filter((name) => !checks.some((check) => check.name === name))
if (unknown.length > 0) {
  console.error(`no check named ${unknown.join(", ")}; there are: ${checks.map((check) => check.name).join(", ")}`)
  process.exit(2)
}

let failed = 0
for (const check of checks) {
  if (only.size > 0 && !only.has(check.name)) continue
  const start = performance.now()
  const { code, output } = await check.run()
  if (code !== 0) {
    failed++
    console.log(output.trimEnd())
  }
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${check.name} (${Math.round(performance.now() - start)} ms)`)
}
if (failed > 0) console.log(`${failed} of the checks failed`)
process.exitCode = failed > 0 ? 1 : 0
