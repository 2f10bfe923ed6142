// npm run test:mutation: breaks one line at a time in a copy of the work tree and demands that the named tests notice.
// `-- TEXT` runs only the mutations whose sentence or file contains TEXT.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Process from "../Process.ts"
import * as VitestReport from "../VitestReport.ts"
import { apply, type Mutation } from "./Mutation.ts"
import { mutations } from "./mutations.ts"

const filter = process.argv[2] ?? ""
const chosen = mutations.filter(({ breaks, file }) => `${breaks} ${file}`.includes(filter))
const copy = mkdtempSync(Path.join(Os.tmpdir(), "mutation-"))
const deadlineMs = 180_000
// All files that are named, once, side by side.
const baselineDeadlineMs = 900_000
// A mutation that makes a test hang is noticed by then; a green test that is no crash takes a fraction of it.
const testTimeoutMs = 20_000

/** Copies what git would commit, changed and new files included; the packages are shared. */
const copyWorkTree = async (): Promise<void> => {
  const { code, output } = await Process.run("git", ["ls-files", "-z", "-co", "--exclude-standard", "--deduplicate"])
  if (code !== 0) throw new Error(output)
  const deleted = await Process.run("git", ["ls-files", "-z", "-d"])
  const gone = new Set(deleted.output.split("\0"))
  for (const path of output.split("\0")) {
    if (path === "" || gone.has(path)) continue
    cpSync(Path.join(Process.root, path), Path.join(copy, path), { recursive: true })
  }
  symlinkSync(Path.join(Process.root, "node_modules"), Path.join(copy, "node_modules"), "dir")
}

/** Runs test files in the copy and reads their results; an error when there are none to read. */
const test = async (
  files: ReadonlyArray<string>,
  deadlineMs: number,
  ...options: ReadonlyArray<string>
): Promise<ReadonlyMap<string, VitestReport.FileResult>> => {
  const report = Path.join(copy, "mutation-report.json")
  rmSync(report, { force: true })
  const { output } = await Process.run(
    Process.bin("vitest"),
    [
      "run",
      ...files,
      "--reporter=json",
      `--outputFile.json=${report}`,
      `--testTimeout=${testTimeoutMs}`,
      ...options
    ],
    { cwd: copy, deadlineMs }
  )
  try {
    return VitestReport.parse(readFileSync(report, "utf8"))
  } catch (cause) {
    throw new Error(`vitest left no report:\n${output}`, { cause })
  }
}

/** Why the mutation does not show what it should; `undefined` when every named test file noticed it. */
const survives = async (mutation: Mutation): Promise<string | undefined> => {
  const path = Path.join(copy, mutation.file)
  const original = readFileSync(path, "utf8")
  const mutated = apply(mutation, original)
  if ("error" in mutated) return mutated.error
  writeFileSync(path, mutated.content)
  try {
    // One failed test is enough; where several files must notice, each has to run.
    const results = await test(mutation.tests, deadlineMs, ...mutation.tests.length === 1 ? ["--bail=1"] : [])
    for (const file of mutation.tests) {
      const result = VitestReport.ofFile(results, file)
      if (result === undefined) return `${file} did not run`
      if (result.broken) return `${file} could not be loaded, which says nothing about its tests`
      if (result.failed === 0) return `${file} stayed green`
    }
    return undefined
  } finally {
    writeFileSync(path, original)
  }
}

const isGreen = (result: VitestReport.FileResult | undefined): boolean =>
  result !== undefined && !result.broken && result.failed === 0 && result.passed > 0

/**
 * A red test shows a mutation only when it is green without it. All of them at once take their time from one another:
 * what is red beside the others is asked once more by itself.
 */
const baseline = async (): Promise<ReadonlyMap<string, VitestReport.FileResult>> => {
  const files = [...new Set(chosen.flatMap(({ tests }) => tests))]
  const results = new Map(await test(files, baselineDeadlineMs))
  for (const file of files.filter((file) => !isGreen(VitestReport.ofFile(results, file)))) {
    console.log(`${file} is red beside all others: once more by itself`)
    for (const [path, result] of await test([file], deadlineMs)) results.set(path, result)
  }
  return results
}

let red = 0
try {
  if (chosen.length === 0) throw new Error(`no mutation ${filter === "" ? "is listed" : `matches ${filter}`}`)
  await copyWorkTree()
  const green = await baseline()
  for (const mutation of chosen) {
    const start = performance.now()
    const before = mutation.tests.find((file) => !isGreen(VitestReport.ofFile(green, file)))
    const problem = before === undefined
      ? await survives(mutation).catch((error: unknown) => String(error))
      : `${before} is not green without the mutation`
    if (problem === undefined) red++
    const took = `${Math.round(performance.now() - start)} ms`
    console.log(`${problem === undefined ? "ok    " : "FAILED"} ${mutation.file}: ${mutation.breaks} (${took})`)
    if (problem !== undefined) console.log(`       ${problem}`)
  }
} catch (error) {
  console.error(error)
} finally {
  rmSync(copy, { recursive: true, force: true })
}
const survived = Math.max(chosen.length - red, chosen.length === 0 ? 1 : 0)
console.log(`mutations: ${red} passed, ${survived} failed`)
process.exitCode = survived > 0 ? 1 : 0
