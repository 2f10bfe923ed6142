import { execFile } from "node:child_process"
import { readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import * as Path from "node:path"
import { promisify } from "node:util"
import { rolldown } from "rolldown"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Bundle from "../../scripts/build/Bundle.ts"
import * as Manifest from "../../scripts/Manifest.ts"
import * as Process from "../../scripts/Process.ts"

const manifest = Manifest.read(Process.root)
let folder: string

beforeAll(async () => {
  // Where Node finds what the package needs, by the name that it loads it under.
  folder = realpathSync(await mkdtemp(Path.join(Process.root, "node_modules", ".bundle-")))
  expect(await Bundle.write(manifest, folder)).toEqual({ code: 0, output: "" })
  writeFileSync(Path.join(folder, "package.json"), JSON.stringify(Manifest.ofPackage(manifest)))
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fileOf = (entry: string): string =>
  Path.join(folder, manifest.exports[entry]?.default.replace("./dist/", "") ?? "?")

/** The files of the package that are read when an entry point is imported. */
const readBy = async (entry: string): Promise<ReadonlyArray<string>> => {
  const child = Path.join(Process.root, "test/architecture/loaded.ts")
  const { stdout } = await promisify(execFile)(process.execPath, [child, fileOf(entry)])
  const { urls } = JSON.parse(stdout) as { readonly urls: ReadonlyArray<string> }
  return urls.filter((url) => url.includes(folder)).map((url) => Path.relative(folder, new URL(url).pathname)).sort()
}

/** The files of the package that a user's bundler keeps of a program. */
const keptOf = async (program: string): Promise<ReadonlyArray<string>> => {
  const bundle = await rolldown({
    input: "program",
    external: (id) => !/^[./]/.test(id) && !["program", "package"].includes(id),
    plugins: [{
      name: "program",
      resolveId: (id) => id === "program" ? id : id === "package" ? fileOf(".") : null,
      load: (id) => id === "program" ? program : null
    }]
  })
  try {
    const { output } = await bundle.generate({ format: "es" })
    const chunks = new Map(output.flatMap((one) => one.type === "chunk" ? [[one.fileName, one] as const] : []))
    const reached = new Set([...chunks.values()].filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
    for (const name of reached) for (const next of chunks.get(name)?.imports ?? []) reached.add(next)
    return [...reached]
      .flatMap((name) => Object.entries(chunks.get(name)?.modules ?? {}))
      .filter(([id, { renderedLength }]) => id.startsWith(folder) && renderedLength > 0)
      .map(([id]) => Path.basename(id, ".js"))
      .sort()
  } finally {
    await bundle.close()
  }
}

describe("The JavaScript of the package", () => {
  it("is few files for a program that observes, and none of those that it needs only when it is on", async () => {
    expect(await readBy("./dawsos")).toEqual([
      "chunks/layer.js",
      "chunks/recording.js",
      "chunks/rolldown-runtime.js",
      "chunks/scrubber.js",
      "chunks/vocabulary.js",
      "dawsos/index.js"
    ])
  })

  it("exports what its sources export", async () => {
    for (const [entry, { source }] of Object.entries(manifest.exports)) {
      const names = async (path: string) => Object.keys(await import(path) as object).sort()
      expect(await names(fileOf(entry))).toEqual(await names(Path.join(Process.root, source)))
    }
  }, 60_000)

  it("lets a user's bundler leave out what a program does not use", async () => {
    expect(await keptOf(`export { Catalogue } from "package"`)).toEqual(["recording", "rolldown-runtime"])
    expect(await keptOf(`export { Scrubber } from "package"`)).toEqual(["rolldown-runtime", "scrubber"])
    expect(await keptOf(`export { Observation } from "package"`)).toEqual(["recording", "rolldown-runtime"])
    expect(await keptOf(`export { Observability } from "package"`)).toContain("layer")
  })

  it("leads back to its sources, which its maps bring", () => {
    const maps = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".js.map"))
    const sources = maps.flatMap((path) => {
      const map = JSON.parse(readFileSync(Path.join(folder, path), "utf8")) as {
        readonly sources: ReadonlyArray<string>
        readonly sourcesContent: ReadonlyArray<string | null>
      }
      return map.sources.map((source, index) => ({
        source: Path.relative(Process.root, Path.resolve(folder, Path.dirname(path), source)),
        text: map.sourcesContent[index]
      }))
    })
    const guard = sources.find(({ source }) => source === "src/Guard.ts")
    expect(guard?.text).toBe(readFileSync(Path.join(Process.root, "src/Guard.ts"), "utf8"))
    expect(sources.filter(({ source }) => !source.startsWith("src/") && !source.includes("\0rolldown"))).toEqual([])
  })
})
