import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import * as Imports from "./architecture/Imports.ts"
import * as Rules from "./architecture/Rules.ts"

const root = Path.resolve(import.meta.dirname, "..")
const project = Imports.ofFolders(root, ["src", "examples", "test"])
const entries = Object.keys(project.manifest.exports).map((entry) => project.manifest.name + entry.slice(1))

describe("Who may import whom", () => {
  for (const rule of Rules.rules) {
    it(`${rule.sentence}`, () => {
      const broken = Imports.ofText(project.manifest, rule.broken)
      expect(rule.violations(broken), "the rule finds what breaks it").toEqual(rule.violation)
      expect(rule.violations(project)).toEqual([])
    })
  }

  it("src/mixin knows nothing of DawsOS, but in the examples of its documentation", () => {
    const code = (text: string) =>
      text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "").replaceAll(project.manifest.name, "")
    const knows = (text: string) => /dawsos/i.test(code(text))
    expect(["dawsos_x", "/** dawsos */ DawsOs", "// a\n\"Dawsos\""].filter(knows)).toHaveLength(3)
    const files = [...project.files.keys()].filter((path) => path.startsWith("src/mixin/"))
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter((path) => knows(readFileSync(Path.join(root, path), "utf8")))).toEqual([])
  })

  it("every entry point of the manifest is a file of the project", () => {
    const missing = Object.values(project.manifest.exports)
      .map(({ source }) => Path.posix.normalize(source))
      .filter((source) => !project.files.has(source))
    expect(missing).toEqual([])
  })
})

interface Loaded {
  readonly before: { readonly resources: ReadonlyArray<string>; readonly listeners: ReadonlyArray<string> }
  readonly after: Loaded["before"]
  readonly urls: ReadonlyArray<string>
}

const loads = new Map<string, Promise<Loaded>>()

/** What importing a specifier does, in a process of its own that knows no setting of this one. */
const load = (specifier: string): Promise<Loaded> => {
  const before = loads.get(specifier)
  if (before !== undefined) return before
  const loading = loadAnew(specifier)
  loads.set(specifier, loading)
  return loading
}

const loadAnew = async (specifier: string): Promise<Loaded> => {
  const child = Path.join(root, "test/architecture/loaded.ts")
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=source", child, specifier], {
    cwd: root,
    env: { PATH: process.env.PATH }
  })
  return JSON.parse(stdout) as Loaded
}

const packagesOf = (urls: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []))
]

describe.concurrent("Nothing registers itself on import", () => {
  for (const entry of entries) {
    it(`importing ${entry} opens no handle, adds no process listener and loads no vendor's SDK`, async () => {
      const { after, before, urls } = await load(entry)
      expect(urls.filter((url) => url.includes("/src/")).length).toBeGreaterThan(0)
      expect(packagesOf(urls).filter(Rules.isVendor)).toEqual([])
      expect(after).toEqual(before)
    })
  }

  const optional = Object.entries(project.manifest.peerDependenciesMeta).flatMap(([name, { optional }]) =>
    optional === true ? [name] : []
  )

  for (const entry of entries.filter((entry) => !Rules.makesMonitoring(entry))) {
    it(`importing ${entry}, as a program that only observes does, loads no optional peer and nothing of mixin`, async () => {
      const { urls } = await load(entry)
      expect(packagesOf(urls).filter((name) => optional.includes(name) || Rules.isMonitoring(name))).toEqual([])
      expect(urls.filter((url) => Rules.makesMonitoring(new URL(url).pathname))).toEqual([])
    })
  }

  it("what makes monitoring loads what it needs, which are optional peers all of them", async () => {
    const { urls } = await load(`${project.manifest.name}/mixin`)
    const loaded = packagesOf(urls).filter(Rules.isMonitoring)
    expect(loaded).toContain("yaml")
    expect(loaded.filter((name) => !optional.includes(name) && name !== "@lezer/common")).toEqual([])
    expect(urls.filter((url) => Rules.makesMonitoring(new URL(url).pathname)).length).toBeGreaterThan(0)
  })

  it("the look at an import sees vendors and handles where there are some", async () => {
    expect(packagesOf((await load("prom-client")).urls).filter(Rules.isVendor)).toContain("prom-client")
    const timer = await load(
      "data:text/javascript,setInterval(() => process.exit(), 50);process.on('SIGUSR2', () => {})"
    )
    expect(timer.after).not.toEqual(timer.before)
  })
})

/** The modules of Effect among those loaded, by their place in it. */
const effectsOf = (urls: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(urls.flatMap((url) => /\/node_modules\/effect\/dist\/(.*)\.js$/.exec(url)?.[1] ?? []))
]

describe.concurrent("A program pays for what it uses", () => {
  it("one that is off loads of Effect what a program with an HTTP server has, and what log lines take", async () => {
    const host = await Promise.all(
      ["@effect/platform-node/NodeHttpServer", "@effect/platform-node/NodeRuntime", "effect/http/HttpRouter"].map(load)
    )
    const known = new Set(host.flatMap(({ urls }) => effectsOf(urls)))
    expect(known).toContain("http/HttpRouter")
    const own = await Promise.all([project.manifest.name, `${project.manifest.name}/dawsos`].map(load))
    const loaded = new Set(own.flatMap(({ urls }) => effectsOf(urls)))
    expect(loaded).toContain("http/HttpRouter")
    expect([...loaded].filter((name) => !known.has(name)).sort()).toEqual(["Console", "Logger"])
  })

  it("one that observes neither a database nor Redis loads nothing that does", async () => {
    const { urls } = await load(`${project.manifest.name}/dawsos`)
    const loaded = urls.flatMap((url) => /\/src\/(instrument\/.*)\.ts$/.exec(url)?.[1] ?? [])
    expect(loaded.sort()).toEqual([
      "instrument/HttpClient",
      "instrument/HttpMethods",
      "instrument/HttpRoutes",
      "instrument/HttpSecrets",
      "instrument/HttpServer",
      "instrument/Redis",
      "instrument/Sql"
    ])
  })

  const started = async (env: Record<string, string>): Promise<ReadonlyArray<string>> => {
    const child = Path.join(root, "test/architecture/started.ts")
    const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=source", child], {
      cwd: root,
      env: { PATH: process.env.PATH, METRICS_PORT: "0", SENTRY_DSN: "http://key@127.0.0.1:9/1", ...env }
    })
    const line = stdout.split("\n").find((line) => line.startsWith("told "))
    return packagesOf((JSON.parse(line?.slice(5) ?? "") as { readonly urls: ReadonlyArray<string> }).urls)
  }

  it("one that is off loads no package at all when its layer is built", async () => {
    expect((await started({ ENABLE_OBSERVABILITY: "false" })).filter((name) => !name.includes("effect"))).toEqual([])
  })

  it("one that is on loads OpenTelemetry's interface, not its SDK; prom-client with its first scrape, Sentry with its first event", async () => {
    const loaded = await started({ ENABLE_OBSERVABILITY: "true" })
    expect(loaded.filter(Rules.isVendor).sort()).toEqual([
      "@effect/opentelemetry",
      "@opentelemetry/api",
      "@opentelemetry/context-async-hooks",
      "@opentelemetry/core"
    ])
  })
})
