// npm run build: dist/ with declarations, then the tarball made of it is used as a stranger would use it.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Manifest from "../Manifest.ts"
import * as Process from "../Process.ts"
import * as Bundle from "./Bundle.ts"

const manifest = Manifest.read(Process.root)
const dist = Path.join(Process.root, "dist")
const consumer = mkdtempSync(Path.join(Os.tmpdir(), "consumer-"))
/** Entries that need the optional peers: generating monitoring, which a program that only observes does not. */
const needsOptionalPeers = (entry: string): boolean => entry.split("/").includes("mixin")

const specifiersOf = (entries: ReadonlyArray<string>): ReadonlyArray<string> =>
  entries.map((entry) => manifest.name + entry.slice(1))
const specifiers = specifiersOf(Object.keys(manifest.exports))
const observing = specifiersOf(Object.keys(manifest.exports).filter((entry) => !needsOptionalPeers(entry)))

const optional = (name: string): boolean => manifest.peerDependenciesMeta[name]?.optional === true
const peers = Object.keys(manifest.peerDependencies)
/** Those that the mixin needs; profiling is another matter, and native. */
const mixinPeers = peers.filter((name) => optional(name) && name in manifest.devDependencies)

const json = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value, null, 2) + "\n")

const documents = ["README.md", "CHANGELOG.md", "SECURITY.md"]

const succeed: Process.Outcome = { code: 0, output: "" }

const emit = async () => {
  rmSync(dist, { recursive: true, force: true })
  const declared = await Process.run(Process.bin("tsc"), ["-p", "tsconfig.build.json"])
  if (declared.code !== 0) return declared
  const bundled = await Bundle.write(manifest, dist)
  if (bundled.code !== 0) return bundled
  json(Path.join(dist, "package.json"), Manifest.ofPackage(manifest))
  for (const file of ["LICENSE", ...documents]) copyFileSync(Path.join(Process.root, file), Path.join(dist, file))
  cpSync(Path.join(Process.root, "docs"), Path.join(dist, "docs"), { recursive: true })
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
  json(Path.join(consumer, "tsconfig.monitoring.json"), { extends: "./tsconfig.json", files: ["monitoring.ts"] })
  copyFileSync(Path.join(Process.root, "test/package/consumer.ts"), Path.join(consumer, "program.ts"))
  copyFileSync(Path.join(Process.root, "test/package/monitoring.ts"), Path.join(consumer, "monitoring.ts"))
  const tarball = `./${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`
  const needed = [...peers.filter((name) => !optional(name)), "typescript", "@types/node"]
  return npmInstall([tarball, ...needed.map(pinned)])
}

const pinned = (name: string): string => `${name}@${manifest.devDependencies[name]}`

const npmInstall = (packages: ReadonlyArray<string>) => {
  const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
  return Process.run("npm", ["install", ...flags, ...packages], { cwd: consumer })
}

const importAll = (wanted: ReadonlyArray<string>, ...flags: ReadonlyArray<string>) => () => {
  const program = wanted.map((specifier) =>
    `if (Object.keys(await import(${JSON.stringify(specifier)})).length === 0) throw new Error("${specifier} is empty")`
  ).join("\n")
  return Process.run("node", [...flags, "--input-type=module", "--eval", program], { cwd: consumer })
}

/** Nothing of the optional peers came with the package. */
const withoutOptionalPeers = (): Promise<Process.Outcome> => {
  const there = mixinPeers.filter((name) => existsSync(Path.join(consumer, "node_modules", name)))
  return Promise.resolve(
    there.length === 0 ? succeed : { code: 1, output: `installed with the package: ${there.join(", ")}` }
  )
}

/** What the documents of the package link to came with it. */
const linked = (): Promise<Process.Outcome> => {
  const home = Path.join(consumer, "node_modules", manifest.name)
  const missing = documents.flatMap((document) =>
    [...readFileSync(Path.join(home, document), "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map(([, path = ""]) => path)
      .filter((path) => !existsSync(Path.join(home, path)))
      .map((path) => `${document}: ${path}`)
  )
  return Promise.resolve(missing.length === 0 ? succeed : { code: 1, output: missing.join("\n") })
}

/** The package's own generation, run from the tarball, gives what is committed. */
const generated = async (): Promise<Process.Outcome> => {
  const { code, output } = await Process.run("node", ["monitoring.ts"], { cwd: consumer })
  if (code !== 0) return { code, output }
  const differing = readdirSync(Path.join(consumer, "observability"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => Path.relative(consumer, Path.join(entry.parentPath, entry.name)))
    .filter((path) =>
      !existsSync(Path.join(Process.root, path)) ||
      readFileSync(Path.join(Process.root, path), "utf8") !== readFileSync(Path.join(consumer, path), "utf8")
    )
  return differing.length === 0 ? succeed : { code: 1, output: `not as committed: ${differing.join(", ")}` }
}

const consumerTypes = (project: string, ...flags: ReadonlyArray<string>) => () =>
  Process.run(Path.join(consumer, "node_modules/.bin/tsc"), ["-p", project, ...flags], { cwd: consumer })

const steps: ReadonlyArray<readonly [name: string, step: () => Promise<Process.Outcome>]> = [
  ["compile src to dist", emit],
  ["publint finds nothing in dist", () => Process.run(Process.bin("publint"), ["run", dist, "--strict"])],
  ["pack the tarball", pack],
  ["install the tarball in an empty folder", install],
  ["no optional peer came with it", withoutOptionalPeers],
  ["what its documents link to is there", linked],
  ["import every entry point that observes", importAll(observing)],
  ["import them under the condition source", importAll(observing, "--conditions=source")],
  ["type-check a program against the tarball", consumerTypes("tsconfig.json")],
  ["type-check it under the condition source", consumerTypes("tsconfig.json", "--customConditions", "source")],
  ["install the peers of the mixin", () => npmInstall(mixinPeers.map(pinned))],
  ["import every entry point", importAll(specifiers)],
  ["type-check a program that generates monitoring", consumerTypes("tsconfig.monitoring.json")],
  ["generate the monitoring from the tarball", generated]
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
