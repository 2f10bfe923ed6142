// The real programs of the stack tests: where each comes from, which version, and where it is on this machine.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Process from "../Process.ts"

/** A Go module of ours that pins one program, with its dependencies, for they conflict with those of the others. */
export interface Module {
  /** Its folder in `tools/`. */
  readonly name: "prometheus" | "alertmanager" | "jaeger" | "compose" | "toxiproxy"
  /** The variable that holds the version in the program: a build from a module does not know it by itself. */
  readonly versionVariable: string
  /** The version as the program says it. */
  readonly version: string
  readonly programs: ReadonlyArray<Program>
}

export interface Program {
  readonly name: ToolName
  readonly package: string
  readonly versionArguments: ReadonlyArray<string>
}

export type ToolName =
  | "prometheus"
  | "promtool"
  | "alertmanager"
  | "amtool"
  | "jaeger"
  | "docker-compose"
  | "toxiproxy-server"
  | SystemName

/** Programs that the operating system has. */
export type SystemName = "redis-server" | "postgres" | "initdb"

export const modules: ReadonlyArray<Module> = [
  {
    name: "prometheus",
    version: "3.13.5",
    versionVariable: "github.com/prometheus/common/version.Version=3.13.5",
    programs: [
      {
        name: "prometheus",
        package: "github.com/prometheus/prometheus/cmd/prometheus",
        versionArguments: ["--version"]
      },
      { name: "promtool", package: "github.com/prometheus/prometheus/cmd/promtool", versionArguments: ["--version"] }
    ]
  },
  {
    name: "alertmanager",
    version: "0.31.1",
    versionVariable: "github.com/prometheus/common/version.Version=0.31.1",
    programs: [
      {
        name: "alertmanager",
        package: "github.com/prometheus/alertmanager/cmd/alertmanager",
        versionArguments: ["--version"]
      },
      { name: "amtool", package: "github.com/prometheus/alertmanager/cmd/amtool", versionArguments: ["--version"] }
    ]
  },
  {
    name: "jaeger",
    // The module's version 1.76.0 is the source of Jaeger 2.13.0; its 2.x tags can't be resolved as Go modules.
    version: "2.13.0",
    versionVariable: "github.com/jaegertracing/jaeger/internal/version.latestVersion=v2.13.0",
    programs: [
      { name: "jaeger", package: "github.com/jaegertracing/jaeger/cmd/jaeger", versionArguments: ["version"] }
    ]
  },
  {
    name: "compose",
    version: "5.5.0",
    versionVariable: "github.com/docker/compose/v5/internal.Version=5.5.0",
    programs: [
      { name: "docker-compose", package: "github.com/docker/compose/v5/cmd", versionArguments: ["version"] }
    ]
  },
  {
    name: "toxiproxy",
    version: "2.5.0",
    versionVariable: "github.com/Shopify/toxiproxy/v2.Version=2.5.0",
    programs: [
      {
        name: "toxiproxy-server",
        package: "github.com/Shopify/toxiproxy/v2/cmd/server",
        versionArguments: ["-version"]
      }
    ]
  }
]

/** The Debian package of a system program. */
export const debianPackages: Readonly<Record<SystemName, string>> = {
  "redis-server": "redis-server",
  postgres: "postgresql",
  initdb: "postgresql"
}

const systemNames = Object.keys(debianPackages) as ReadonlyArray<SystemName>

/** Every program, in the order in which they are installed. */
export const names: ReadonlyArray<ToolName> = [
  ...modules.flatMap(({ programs }) => programs.map(({ name }) => name)),
  ...systemNames
]

/** Where a program is. */
export interface Found {
  readonly _tag: "Found"
  readonly name: ToolName
  readonly path: string
}

/** Why a program is not there, and what to do. */
export interface Missing {
  readonly _tag: "Missing"
  readonly name: ToolName
  readonly message: string
}

export const installCommand = "node scripts/stack/install.ts"

/** The folder of a module. */
export const moduleFolder = (module: Module): string => Path.join(Process.root, "tools", module.name)

/** Where built programs are kept from run to run; `XDG_CACHE_HOME` moves it. */
export const cacheFolder = (environment: NodeJS.ProcessEnv = process.env): string => {
  const base = environment["XDG_CACHE_HOME"] ?? ""
  return Path.join(base === "" ? Path.join(Os.homedir(), ".cache") : base, "dawsos-observability", "tools")
}

/** The folder of a module's programs in the cache, another one for each content of its `go.mod` and `go.sum`. */
export const binFolder = (module: Module, environment: NodeJS.ProcessEnv = process.env): string => {
  const hash = createHash("sha256").update(module.versionVariable)
  for (const file of ["go.mod", "go.sum"]) hash.update("\0").update(readFileSync(Path.join(moduleFolder(module), file)))
  return Path.join(cacheFolder(environment), `${module.name}-${hash.digest("hex").slice(0, 16)}`, "bin")
}

const executable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const onPath = (name: string): ReadonlyArray<string> =>
  (process.env["PATH"] ?? "").split(Path.delimiter).filter((folder) => folder !== "")
    .map((folder) => Path.join(folder, name)).filter(executable)

const says = (path: string, args: ReadonlyArray<string>): string => {
  const { stderr, stdout } = spawnSync(path, args, { encoding: "utf8", timeout: 20_000 })
  return `${stdout ?? ""}${stderr ?? ""}`
}

/** Whether the output of a program names a version, and not a longer one that contains it. */
export const saysVersion = (output: string, version: string): boolean =>
  output.split(/[^0-9A-Za-z.+-]+/).some((word) => word === version || word === `v${version}`)

const resolveBuilt = (module: Module, program: Program): Found | Missing => {
  const cached = Path.join(binFolder(module), program.name)
  if (executable(cached)) return { _tag: "Found", name: program.name, path: cached }
  for (const path of onPath(program.name)) {
    if (saysVersion(says(path, program.versionArguments), module.version)) {
      return { _tag: "Found", name: program.name, path }
    }
  }
  return {
    _tag: "Missing",
    name: program.name,
    message:
      `${program.name} ${module.version} is neither built nor on the PATH in that version; "${installCommand}" ` +
      `builds it with Go ${oldestGo().join(".")} or newer from tools/${module.name}`
  }
}

/** Debian keeps the programs of Postgres off the PATH, one folder a version: the newest first. */
const debianPostgres = (name: string): ReadonlyArray<string> => {
  const root = "/usr/lib/postgresql"
  if (!existsSync(root)) return []
  return readdirSync(root).toSorted((a, b) => Number(b) - Number(a)).map((version) =>
    Path.join(root, version, "bin", name)
  ).filter(executable)
}

const resolveSystem = (name: SystemName): Found | Missing => {
  const [path] = [...(name === "redis-server" ? [] : debianPostgres(name)), ...onPath(name)]
  if (path !== undefined) return { _tag: "Found", name, path }
  return {
    _tag: "Missing",
    name,
    message: `${name} is not installed; on Debian "${installCommand}" (as root or with sudo) or ` +
      `"apt-get install ${debianPackages[name]}" installs it, elsewhere install ` +
      `${name === "redis-server" ? "Redis 7" : "PostgreSQL 15 or newer"} and put ${name} on the PATH`
  }
}

/** Where a program is on this machine, or what is missing and how to install it. */
export const resolve = (name: ToolName): Found | Missing => {
  for (const module of modules) {
    const program = module.programs.find((candidate) => candidate.name === name)
    if (program !== undefined) return resolveBuilt(module, program)
  }
  return resolveSystem(name as SystemName)
}

/** What is missing of some programs, of all unless they are named. */
export const missing = (wanted: ReadonlyArray<ToolName> = names): ReadonlyArray<Missing> =>
  wanted.map(resolve).filter((outcome) => outcome._tag === "Missing")

type Version = readonly [major: number, minor: number, patch: number]

const versionIn = (text: string, pattern: RegExp): Version | undefined => {
  const [, major, minor, patch = "0"] = pattern.exec(text) ?? []
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor), Number(patch)]
}

const older = (a: Version, b: Version): boolean => {
  const at = a.findIndex((part, index) => part !== b[index])
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

/** The oldest Go that every module builds with: the newest of their `go` lines. */
const oldestGo = (): Version =>
  modules.map((module): Version =>
    versionIn(readFileSync(Path.join(moduleFolder(module), "go.mod"), "utf8"), /^go (\d+)\.(\d+)(?:\.(\d+))?$/m) ??
      [1, 26, 0]
  ).reduce((newest, version) => older(newest, version) ? version : newest)

/** The version of Go by the output of `go version`, or why it will not do; undefined output is a missing `go`. */
export const goVersion = (
  output: string | undefined,
  oldest: Version = oldestGo()
): { readonly problem: string } | { readonly version: string } => {
  const programs = "Prometheus, Alertmanager, Jaeger, Docker Compose and Toxiproxy"
  const need = `Go ${oldest.join(".")} or newer is needed to build ${programs}`
  const how = "install it from https://go.dev/dl/ and put `go` on the PATH"
  if (output === undefined) return { problem: `${need}, and there is no \`go\` on the PATH; ${how}` }
  const version = versionIn(output, /\bgo(\d+)\.(\d+)(?:\.(\d+))?/)
  if (version === undefined) return { problem: `${need}; \`go version\` says ${output.trim()}` }
  if (older(version, oldest)) return { problem: `${need}, and the one on the PATH is ${version.join(".")}; ${how}` }
  return { version: version.join(".") }
}
