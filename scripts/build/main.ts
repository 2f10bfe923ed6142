// npm run build: dist/ with declarations, then the tarball made of it is used as a stranger would use it.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Manifest from "../Manifest.ts"
import * as Process from "../Process.ts"

const manifest = Manifest.read(Process.root)
const dist = Path.join(Process.root, "dist")
const consumer = mkdtempSync(Path.join(Os.tmpdir(), "consumer-"))
const specifiers = Object.keys(manifest.exports).map((entry) => manifest.name + entry.slice(1))

const json = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value, null, 2) + "\n")

const succeed: Process.Outcome = { code: 0, output: "" }

const emit = async () => {
  rmSync(dist, { recursive: true, force: true })
  const compiled = await Process.run(Process.bin("tsc"), ["-p", "tsconfig.build.json"])
  if (compiled.code !== 0) return compiled
  json(Path.join(dist, "package.json"), Manifest.ofPackage(manifest))
  for (const file of ["LICENSE", "README.md", "CHANGELOG.md"]) {
    copyFileSync(Path.join(Process.root, file), Path.join(dist, file))
  }
  return succeed
}

const pack = () => Process.run("npm", ["pack", dist, "--pack-destination", consumer, "--loglevel=error"])

/** Installs the tarball, its peers at the versions that the tests ran on, and what a TypeScript user has. */
const install = () => {
  json(Path.join(consumer, "package.json"), { name: "consumer", private: true, type: "module" })
  json(Path.join(consumer, "tsconfig.json"), {
    compilerOptions: {
      target: "esnext",
      module: "nodenext",
      strict: true,
      noEmit: true,
      types: ["node"],
      skipLibCheck: false
    },
    files: ["program.ts"]
  })
  copyFileSync(Path.join(Process.root, "test/package/consumer.ts"), Path.join(consumer, "program.ts"))
  const tarball = `./${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`
  const peers = Object.keys(manifest.peerDependencies)
    .filter((name) => manifest.peerDependenciesMeta[name]?.optional !== true)
  const versions = [...peers, "typescript", "@types/node"].map((name) => `${name}@${manifest.devDependencies[name]}`)
  const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
  return Process.run("npm", ["install", ...flags, tarball, ...versions], { cwd: consumer })
}

const importAll = (...flags: ReadonlyArray<string>) => () => {
  const program = specifiers.map((specifier) =>
    `if (Object.keys(await import(${JSON.stringify(specifier)})).length === 0) throw new Error("${specifier} is empty")`
  ).join("\n")
  return Process.run("node", [...flags, "--input-type=module", "--eval", program], { cwd: consumer })
}

const consumerTypes = (...flags: ReadonlyArray<string>) => () =>
  Process.run(Path.join(consumer, "node_modules/.bin/tsc"), ["-p", "tsconfig.json", ...flags], { cwd: consumer })

const steps: ReadonlyArray<readonly [name: string, step: () => Promise<Process.Outcome>]> = [
  ["compile src to dist", emit],
  ["publint finds nothing in dist", () => Process.run(Process.bin("publint"), ["run", dist, "--strict"])],
  ["pack the tarball", pack],
  ["install the tarball in an empty folder", install],
  ["import every entry point", importAll()],
  ["import every entry point under the condition source", importAll("--conditions=source")],
  ["type-check a program against the tarball", consumerTypes()],
  ["type-check it under the condition source", consumerTypes("--customConditions", "source")]
]

try {
  for (const [name, step] of steps) {
    const { code, output } = await step()
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${name}`)
    if (code !== 0) {
      console.log(output.trimEnd())
      process.exitCode = 1
      break
    }
  }
} finally {
  rmSync(consumer, { recursive: true, force: true })
}
