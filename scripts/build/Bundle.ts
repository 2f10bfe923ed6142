// The JavaScript of dist/: what is loaded together lies in one file. Node resolves, reads and links each file of a
// program for itself, and a package of many small modules is mostly that when it is imported.
//
// A few files, not one: a bundler of the user's leaves out whole files that a program doesn't use, where it would have
// to prove of each statement in one large file that nothing needs it. What only an import() leads to stays for itself.
import * as Path from "node:path"
import { type ChunkingContext, type OutputChunk, rolldown } from "rolldown"
import type * as Manifest from "../Manifest.ts"
import * as Process from "../Process.ts"

const source = Path.join(Process.root, "src")

/**
 * What a program loads that observes: files, each with the folders of src and the modules that go into it, and all that
 * they import and is in no file before.
 */
const files: Readonly<Record<string, ReadonlyArray<string>>> = {
  scrubber: ["scrubber/", "Scrubber.ts"],
  recording: [
    "observation/",
    "Boundary.ts",
    "Catalogue.ts",
    "Guard.ts",
    "Observation.ts",
    "Recorder.ts",
    "instrument/HttpMethods.ts",
    "metrics/Metrics.ts"
  ],
  vocabulary: ["dawsos/combinators.ts", "dawsos/known.ts", "dawsos/metrics.ts", "dawsos/recorders.ts"],
  layer: ["config/", "errors/", "instrument/", "logging/", "metrics/", "tracing/", ""]
}

const isIn = (id: string, places: ReadonlyArray<string>): boolean => {
  const path = Path.relative(source, id).split(Path.sep).join("/")
  return places.some((place) =>
    place.endsWith("/") ? path.startsWith(place) : place === "" ? !path.includes("/") : path === place
  )
}

interface Entry {
  /** As users name it. */
  readonly name: string
  /** Its file in dist, without the suffix. */
  readonly file: string
  readonly id: string
}

const entriesOf = (manifest: Manifest.Manifest): ReadonlyArray<Entry> =>
  Object.entries(manifest.exports).map(([name, target]) => ({
    name,
    file: target.default.replace(/^\.\/dist\//, "").replace(/\.js$/, ""),
    id: Path.join(Process.root, target.source)
  }))

/** What programs that observe import; others make monitoring, or are tests. */
const isObserving = ({ name }: Entry): boolean => !/mixin|testing/.test(name)

/** Whether a module is loaded when an entry point that observes is imported, in the bundler's graph. */
const loadedBy = (entries: ReadonlyArray<Entry>) => {
  const loaded = new Set<string>()
  return (id: string, graph: Pick<ChunkingContext, "getModuleInfo">): boolean => {
    if (loaded.size === 0) {
      for (const entry of entries) loaded.add(entry.id)
      for (const one of loaded) for (const next of graph.getModuleInfo(one)?.importedIds ?? []) loaded.add(next)
    }
    return loaded.has(id)
  }
}

/** Files that import one another in a ring: which of them runs first would depend on who is imported first. */
const ring = (chunks: ReadonlyArray<OutputChunk>): ReadonlyArray<string> | undefined => {
  const imports = new Map(chunks.map((chunk) => [chunk.fileName, chunk.imports]))
  const done = new Set<string>()
  const visit = (name: string, way: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name]
    if (done.has(name)) return undefined
    for (const next of imports.get(name) ?? []) {
      const found = visit(next, [...way, name])
      if (found !== undefined) return found
    }
    done.add(name)
    return undefined
  }
  return chunks.map(({ fileName }) => visit(fileName, [])).find((found) => found !== undefined)
}

/** Writes the JavaScript of the package into a folder, with source maps; says what is wrong with it. */
export const write = async (manifest: Manifest.Manifest, folder: string): Promise<Process.Outcome> => {
  const entries = entriesOf(manifest)
  const isLoaded = loadedBy(entries.filter(isObserving))
  const warnings: Array<string> = []
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map(({ file, id }) => [file, id])),
    external: /^[^./]/,
    platform: "node",
    tsconfig: false,
    // What an entry point exports is what its module says.
    preserveEntrySignatures: "strict",
    onLog: (level, log) => {
      if (level === "warn") warnings.push(log.message)
    }
  })
  try {
    const { output } = await bundle.write({
      dir: folder,
      format: "es",
      sourcemap: true,
      // Documentation is in the declarations; Node would read it at each start.
      comments: { annotation: true, jsdoc: false, legal: true },
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name].js",
      codeSplitting: {
        groups: Object.entries(files).map(([name, places], index) => ({
          debugName: name,
          // Modules go to the first file that has a place for them; an entry point's own stay with it.
          priority: -1 - index,
          name: (id, graph) => isLoaded(id, graph) && isIn(id, places) ? name : undefined
        }))
      }
    })
    const found = ring(output.filter((file) => file.type === "chunk"))
    const problems = found === undefined ? warnings : [...warnings, `in a ring: ${found.join(" → ")}`]
    return { code: problems.length === 0 ? 0 : 1, output: problems.join("\n") }
  } finally {
    await bundle.close()
  }
}
