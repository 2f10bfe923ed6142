// node scripts/stack/install.ts [PROGRAM…]: builds or installs the programs of the stack tests that are missing.
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import * as Path from "node:path"
import * as Process from "../Process.ts"
import * as Tools from "./Tools.ts"

const goDeadline = 30 * 60_000
const aptDeadline = 15 * 60_000

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Tools.names.includes(name as Tools.ToolName))
if (unknown.length > 0) {
  console.error(`no program named ${unknown.join(", ")}; there are: ${Tools.names.join(", ")}`)
  process.exit(2)
}
const wanted = asked.length === 0 ? Tools.names : Tools.names.filter((name) => asked.includes(name))
const problems: Array<string> = []

const timed = async (what: string, run: () => Promise<Process.Outcome>): Promise<boolean> => {
  console.log(`${what} …`)
  const start = performance.now()
  const { code, output } = await run()
  if (code !== 0) console.log(output.trimEnd())
  console.log(`${code === 0 ? "done   " : "FAILED "} ${what} (${Math.round((performance.now() - start) / 1000)} s)`)
  return code === 0
}

/** Builds all programs of a module; they appear in the cache together, or not at all. */
const build = async (module: Tools.Module): Promise<boolean> => {
  const folder = Path.dirname(Tools.binFolder(module))
  mkdirSync(Path.dirname(folder), { recursive: true })
  const work = mkdtempSync(`${folder}.building-`)
  try {
    for (const program of module.programs) {
      // Only the module decides: no workspace around it, no state of the repository.
      const args = [
        "build",
        "-trimpath",
        "-buildvcs=false",
        "-mod=readonly",
        "-ldflags",
        `-s -w -X ${module.versionVariable}`
      ]
      const built = await timed(
        `go build ${program.package} (${module.version})`,
        () =>
          Process.run("go", [...args, "-o", Path.join(work, "bin", program.name), program.package], {
            cwd: Tools.moduleFolder(module),
            deadlineMs: goDeadline,
            env: { GOWORK: "off" }
          })
      )
      if (!built) return false
    }
    // Somebody else may have been faster; what is there was built from the same files.
    rmSync(folder, { recursive: true, force: true })
    renameSync(work, folder)
    return true
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const missing = () => new Set(Tools.missing(wanted).map(({ name }) => name))

const modules = Tools.modules.filter(({ programs }) => programs.some(({ name }) => missing().has(name)))
if (modules.length > 0) {
  const { code, output } = await Process.run("go", ["version"])
  const go = Tools.goVersion(code === 127 ? undefined : output)
  if ("problem" in go) {
    problems.push(go.problem)
  } else {
    console.log(`Go ${go.version}; programs are kept in ${Tools.cacheFolder()}`)
    for (const module of modules) {
      if (!(await build(module))) problems.push(`tools/${module.name} could not be built`)
    }
  }
}

/** Debian's packages; without root through sudo, if that asks for no password. */
const installPackages = async (packages: ReadonlyArray<string>): Promise<boolean> => {
  const root = process.getuid?.() === 0
  const apt = (...args: ReadonlyArray<string>) => () =>
    Process.run(
      root ? "env" : "sudo",
      // At run level 1 no package starts its service.
      [...(root ? [] : ["-n", "env"]), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq", "-y", ...args],
      { deadlineMs: aptDeadline }
    )
  // Where the lists can't be renewed, those that are there may do: the installation is what counts.
  await timed("apt-get update", apt("update"))
  return timed(`apt-get install ${packages.join(" ")}`, apt("install", "--no-install-recommends", ...packages))
}

const packages = [
  ...new Set(
    Object.entries(Tools.debianPackages).flatMap(([name, debian]) =>
      missing().has(name as Tools.SystemName) ? [debian] : []
    )
  )
]
if (packages.length > 0) {
  const apt = await Process.run("apt-get", ["--version"])
  if (apt.code === 0) {
    if (!(await installPackages(packages))) problems.push(`apt-get could not install ${packages.join(" ")}`)
  } else {
    problems.push(`this machine has no apt-get to install ${packages.join(" ")} with`)
  }
}

for (const name of wanted) {
  const outcome = Tools.resolve(name)
  if (outcome._tag === "Found") console.log(`${name.padEnd(18)}${outcome.path}`)
  else problems.push(outcome.message)
}
for (const problem of problems) console.error(`missing: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
