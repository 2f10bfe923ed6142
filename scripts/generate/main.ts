// npm run generate: writes every generated file; with --check it compares them instead and fails on a difference.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import * as Mixin from "../../src/dawsos/mixin/index.ts"
import * as Process from "../Process.ts"
import { envExample } from "./EnvExample.ts"
import { metricsPage } from "./MetricsPage.ts"

interface Generated {
  /** From the root of the repository. */
  readonly path: string
  /** Made from typed files of the repository alone, never from the process environment. */
  readonly render: () => string
}

/** The folder in which nothing is written by hand: what is not generated (any more) does not belong there. */
const generatedFolder = "observability"

/** Where a user keeps the secrets that the compose file mounts: git ignores what is not generated in it, and so do we. */
const secretsFolder = "observability/secrets"

const files: ReadonlyArray<Generated> = [
  { path: ".env.example", render: envExample },
  { path: "docs/metrics.md", render: metricsPage },
  { path: "docs/alerts.md", render: Mixin.alertsPage },
  ...(await Mixin.files()).map(({ content, path }) => ({ path: `${generatedFolder}/${path}`, render: () => content }))
]

const unknown = process.argv.slice(2).filter((argument) => argument !== "--check")
if (unknown.length > 0) {
  console.error(`unknown argument ${unknown.join(" ")}; allowed: --check`)
  process.exit(2)
}
const check = process.argv.includes("--check")

/** The first line in which two texts differ, for a reader who wants to know why. */
const firstDifference = (ours: string, theirs: string): string => {
  const expected = ours.split("\n")
  const actual = theirs.split("\n")
  const at = expected.findIndex((line, n) => line !== actual[n])
  const line = at === -1 ? expected.length : at
  return `line ${line + 1}\n  expected: ${expected[line] ?? "(end of file)"}\n  found:    ${
    actual[line] ?? "(end of file)"
  }`
}

for (const { path, render } of files) {
  const target = Path.join(Process.root, path)
  const content = render()
  const present = existsSync(target) ? readFileSync(target, "utf8") : undefined
  if (present === content) {
    console.log(`ok     ${path}`)
  } else if (check) {
    const why = present === undefined ? "is missing" : `differs in ${firstDifference(content, present)}`
    console.log(`STALE  ${path} ${why}\n  cure: npm run generate`)
    process.exitCode = 1
  } else {
    mkdirSync(Path.dirname(target), { recursive: true })
    writeFileSync(target, content)
    console.log(`wrote  ${path}`)
  }
}

const expected = new Set(files.map(({ path }) => path))
const present = existsSync(Path.join(Process.root, generatedFolder))
  ? readdirSync(Path.join(Process.root, generatedFolder), { recursive: true, withFileTypes: true })
  : []
for (const entry of present) {
  const path = Path.relative(Process.root, Path.join(entry.parentPath, entry.name)).split(Path.sep).join("/")
  if (entry.isDirectory() || expected.has(path) || path.startsWith(`${secretsFolder}/`)) continue
  if (check) {
    console.log(`STALE  ${path} is not generated\n  cure: npm run generate`)
    process.exitCode = 1
  } else {
    rmSync(Path.join(Process.root, path))
    console.log(`removed ${path}`)
  }
}
