import { ObservabilityConfig } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { selfMetrics } from "@dawsos/observability/mixin"
import { describe, expect, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync } from "node:fs"
import * as Path from "node:path"
import * as Options from "../../examples/dawsos/Options.ts"
import * as Settings from "../../examples/dawsos/Settings.ts"
import * as Manifest from "../../scripts/Manifest.ts"
import * as Tools from "../../scripts/stack/Tools.ts"
import * as Unsupported from "../../src/config/Unsupported.ts"
import * as Documents from "./Documents.ts"
import * as Exports from "./Exports.ts"

const manifest = Manifest.read(Documents.root)

/** Every piece of code in the prose of a document, with the document. */
const codes = Documents.documents.flatMap((document) =>
  Documents.codes(Documents.read(document)).map((code) => ({ document, code }))
)

/** What a pattern finds in the code of all documents. */
const found = (pattern: RegExp) =>
  codes.flatMap(({ code, document }) => [...code.matchAll(pattern)].map(([name]) => ({ document, name })))

/** The reference program's own variables. */
const programVariables = Settings.variableLines.map((line) => line.split(" ", 1)[0] ?? "")

// Read by the reference program, by containers (the base document's too), or by what installs the real programs.
const otherVariables = new Set([
  ...programVariables,
  // Read to warn of them.
  ...Unsupported.names,
  // Node's own.
  "NODE_EXTRA_CA_CERTS",
  ...Documents.read("docker-compose.observability.yml").match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? [],
  "COLLECTOR_OTLP_ENABLED",
  "UPDATE_DETECTION",
  "GF_SECURITY_ADMIN_PASSWORD",
  "XDG_CACHE_HOME"
])

describe("What documents name is there", () => {
  it("exports and paths", () => {
    const missing = codes.filter(({ code }) => Exports.isMissing(code) || Exports.isMissingPath(code))
    expect(missing).toEqual([])
  })

  it("environment variables", () => {
    const known = new Set(ObservabilityConfig.variables.map(({ name }) => name))
    const names = found(/(?<![\w_])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w_])/g)
    expect(names.length).toBeGreaterThan(50)
    expect(names.filter(({ name }) => !known.has(name) && !otherVariables.has(name))).toEqual([])
  })

  it.effect("the reference program's variables with their defaults, and its options, in the README", () =>
    Effect.gen(function*() {
      const readme = Documents.read("README.md")
      const rows = Documents.rows(readme).filter((row) => "variable" in row)
        .map((row) => [Documents.codes(row["variable"] ?? "")[0], row["default"] ?? ""] as const)
      expect(rows.map(([name]) => name)).toEqual(programVariables)
      // A default that is a value means what the program takes when nothing is set; others are told in words.
      const written = rows.filter(([, value]) => /^\d+(?:ms|s|m|h)?$/.test(value))
      expect(written.length).toBe(rows.length - 2)
      const parse = (env: Readonly<Record<string, string>>) => Settings.config.parse(ConfigProvider.fromEnv({ env }))
      expect(yield* parse(Object.fromEntries(written))).toEqual(yield* parse({}))
      const options = new Set(Options.usage.match(/--[a-z-]+/g))
      expect(options.size).toBeGreaterThan(2)
      const codes = Documents.codes(readme).flatMap((code) => code.match(/--[a-z-]+/g) ?? [])
      expect([...options].filter((option) => !codes.includes(option))).toEqual([])
    }))

  it("metrics", () => {
    const known = [...Object.values(DawsOs.metrics), ...Object.values(selfMetrics("dawsos"))].map(({ name }) => name)
    const names = found(/(?<![\w./-])dawsos_[a-z_]+(?:…)?/g)
    expect(names.length).toBeGreaterThan(50)
    // A beginning stands for all that begin so.
    const isKnown = (name: string) =>
      /[_…]$/.test(name) ? known.some((each) => each.startsWith(name.replace("…", ""))) : known.includes(name)
    expect(names.filter(({ name }) => !isKnown(name))).toEqual([])
  })

  it("npm scripts", () => {
    const commands = Documents.documents.flatMap((document) =>
      [...Documents.read(document).matchAll(/npm run ([\w:-]+)|npm (start|test)\b/g)].map(([, run, short]) =>
        run ?? short
      )
    )
    expect(commands.filter((name) => name === undefined || !(name in manifest.scripts))).toEqual([])
    expect(commands).toEqual(expect.arrayContaining(["start", "test", "check", "generate", "build"]))
  })

  it("entry points, and no other", () => {
    const readme = Documents.read("README.md")
    const [, line = ""] = /^Entry points: (.+?)\. /m.exec(readme) ?? []
    const named = Documents.codes(line)
    expect(named).toEqual(Object.keys(manifest.exports).map((entry) => manifest.name + entry.slice(1)))
  })

  it("dependencies, each with its reason, and no other", () => {
    const tables = Documents.rows(Documents.read("docs/architecture.md")).filter((row) => "package" in row)
    const named = tables.flatMap((row) => Documents.codes(row["package"] ?? ""))
    expect(named.toSorted()).toEqual(
      [
        ...new Set([
          ...Object.keys(manifest.dependencies),
          ...Object.keys(manifest.peerDependencies),
          ...Object.keys(manifest.devDependencies)
        ])
      ].toSorted()
    )
    expect(tables.filter((row) => row["for"] === "")).toEqual([])
  })

  it("rooms of the architecture", () => {
    const [, tree = ""] = /```\n(src\/[\s\S]*?)```/.exec(Documents.read("docs/architecture.md")) ?? []
    const paths = tree.split("\n").flatMap((line) => {
      const [, indent = "", name = ""] = /^( *)([\w./]+)/.exec(line) ?? []
      return name === "" ? [] : [indent === "" ? name : `src/${name}`]
    })
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsSync(Path.join(Documents.root, path)))).toEqual([])
  })

  it("the oldest Go with which the real programs build, in the README", () => {
    const [, told] = /Go (\d+\.\d+(?:\.\d+)?) or newer/.exec(Documents.read("README.md")) ?? []
    expect("problem" in Tools.goVersion(`go version go${told} linux/amd64`)).toBe(false)
    const [major, minor, patch = 0] = (told ?? "").split(".").map(Number)
    const older = patch > 0 ? `${major}.${minor}.${patch - 1}` : `${major}.${(minor ?? 0) - 1}.9`
    expect("problem" in Tools.goVersion(`go version go${older} linux/amd64`)).toBe(true)
  })

  it("versions of the real programs, tested and pinned", () => {
    const page = Documents.rows(Documents.read("docs/monitoring.md")).filter((row) => "in the compose file" in row)
    const images = new Set(
      [...Documents.read("docker-compose.observability.yml").matchAll(/^    image: (\S+)$/gm)].map(([, image]) => image)
    )
    const pinned = page.flatMap((row) => Documents.codes(row["in the compose file"] ?? ""))
    expect(pinned.toSorted()).toEqual([...images].toSorted())
    const tested = new Map(page.map((row) => [(row["program"] ?? "").toLowerCase(), Object.values(row).at(-1) ?? ""]))
    const wrong = Tools.modules.filter(({ name, version }) =>
      !(tested.get(name) ?? "").split(/[ :;,]+/).includes(version)
    )
    expect(wrong.map(({ name }) => name)).toEqual([])
  })

  it("folders of scripts, in the architecture", () => {
    const [, line = ""] = /^scripts\/ .*: (.+)$/m.exec(Documents.read("docs/architecture.md")) ?? []
    const folders = readdirSync(Path.join(Documents.root, "scripts"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory()).map(({ name }) => name)
    expect(line.split(", ").toSorted()).toEqual(folders.toSorted())
  })

  it("the package's version, in the changelog, newest first", () => {
    const versions = [...Documents.read("CHANGELOG.md").matchAll(/^## (\d+\.\d+\.\d+)/gm)].map(([, version]) => version)
    expect(versions[0]).toBe(manifest.version)
  })

  it("the peers and their ranges, in the README, those of the mixin apart", () => {
    const readme = Documents.read("README.md")
    const [, command = ""] = /^npm install (.+)$/m.exec(readme) ?? []
    const peers = (wanted: (name: string) => boolean) =>
      Object.entries(manifest.peerDependencies).filter(([name]) => wanted(name)).map(([name, range]) =>
        `${name}@${range}`
      )
    const isOptional = (name: string) => manifest.peerDependenciesMeta[name]?.optional === true
    expect(command.split(" ").toSorted()).toEqual([manifest.name, ...peers((name) => !isOptional(name))].toSorted())
    for (const document of ["README.md", "docs/monitor-your-own-metrics.md"]) {
      const [, mixin = ""] = /npm install --save-dev (.+?)[`\n]/.exec(Documents.read(document)) ?? []
      const profiling = "@sentry/profiling-node"
      expect(mixin.split(" ").toSorted()).toEqual(peers((name) => isOptional(name) && name !== profiling).toSorted())
    }
  })

  it("the line that starts both sides, the same in both documents", () => {
    const lineOf = (document: string) => /^F=.* docker compose .*$/m.exec(Documents.read(document))?.[0]
    expect(lineOf("README.md")).toBe(lineOf("docs/monitoring.md"))
    const [, secret = ""] = /^F=(\S+);/.exec(lineOf("README.md") ?? "") ?? []
    const compose = Documents.read("docker-compose.observability.yml")
    expect(compose).toContain(`file: \${GRAFANA_ADMIN_PASSWORD_FILE:-./${secret}}`)
    expect(lineOf("README.md")).toContain("METRICS_HOST=")
    // It is there in a fresh clone, for the line writes into it.
    expect(existsSync(Path.join(Documents.root, Path.dirname(secret), ".gitignore"))).toBe(true)
  })
})
