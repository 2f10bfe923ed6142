// Who imports what: the import graph of TypeScript sources, read with a parser and never executed.
import { readdirSync, readFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import * as Path from "node:path"
import { parseSync, Visitor } from "oxc-parser"

/**
 * `value` is loaded with the importing module, `dynamic` when an `import()` or `require()` runs, `type` never. With
 * `verbatimModuleSyntax` only `import type` is erased: `import { type A } from "x"` still loads `x`.
 */
export type Kind = "value" | "dynamic" | "type"

export interface Import {
  readonly from: string
  readonly kind: Kind
  /** What is written; `undefined` when the argument of an `import()` or `require()` is computed. */
  readonly specifier: string | undefined
  /** The file of the project, from its root with `/`, that the specifier names. */
  readonly file: string | undefined
  /** The npm package that the specifier names. */
  readonly package: string | undefined
  /** Whether it is `export … from`. */
  readonly reexport: boolean
  /** The names of the imported file that are asked for or handed on; `undefined` for the whole of it. */
  readonly names: ReadonlyArray<string> | undefined
  /** The package is imported by its own name, as a user does. */
  readonly byName: boolean
}

export interface Project {
  /** Every import of every file, by the path of the file from the root. */
  readonly files: ReadonlyMap<string, ReadonlyArray<Import>>
  readonly manifest: Manifest
}

export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, { readonly source: string }>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

const packageOf = (specifier: string): string =>
  specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

const resolve = (from: string, specifier: string, manifest: Manifest) => {
  const nothing = { file: undefined, package: undefined, byName: false }
  if (specifier.startsWith(".")) {
    return { ...nothing, file: Path.posix.join(Path.posix.dirname(from), specifier) }
  }
  if (isBuiltin(specifier)) return nothing
  const name = packageOf(specifier)
  if (name !== manifest.name) return { ...nothing, package: name }
  const entry = manifest.exports[`.${specifier.slice(name.length)}`]
  return { ...nothing, byName: true, file: entry === undefined ? undefined : Path.posix.normalize(entry.source) }
}

const nameOf = (node: { readonly type: string; readonly name?: string; readonly value?: string }): string | undefined =>
  node.name ?? node.value

/** The names, where all of them are known. */
const allOf = (names: ReadonlyArray<string | undefined>): ReadonlyArray<string> | undefined => {
  const known = names.filter((name) => name !== undefined)
  return known.length === names.length ? known : undefined
}

/** The imports of one file. */
export const parse = (from: string, code: string, manifest: Manifest): ReadonlyArray<Import> => {
  const { errors, program } = parseSync(from, code)
  const [error] = errors
  if (error !== undefined) throw new Error(`${from}: ${error.message}`)
  const found: Array<Import> = []
  const add = (
    specifier: string | undefined,
    kind: Kind,
    { names, reexport = false }: Partial<Pick<Import, "names" | "reexport">> = {}
  ) => {
    const target = specifier === undefined
      ? { file: undefined, package: undefined, byName: false }
      : resolve(from, specifier, manifest)
    found.push({ from, kind, specifier, reexport, names, ...target })
  }
  new Visitor({
    ImportDeclaration: (node) => {
      const names = node.specifiers.map((one) => one.type === "ImportSpecifier" ? nameOf(one.imported) : undefined)
      add(node.source.value, node.importKind === "type" ? "type" : "value", { names: allOf(names) })
    },
    ExportAllDeclaration: (node) =>
      add(node.source.value, node.exportKind === "type" ? "type" : "value", { reexport: true }),
    ExportNamedDeclaration: (node) => {
      if (node.source === null) return
      const names = allOf(node.specifiers.map(({ local }) => nameOf(local)))
      add(node.source.value, node.exportKind === "type" ? "type" : "value", { reexport: true, names })
    },
    TSImportType: (node) => add(node.source.value, "type"),
    ImportExpression: ({ source }) => {
      if (source.type === "Literal" && typeof source.value === "string") return add(source.value, "dynamic")
      if (source.type === "TemplateLiteral" && source.expressions.length === 0) {
        return add(source.quasis[0]?.value.cooked ?? undefined, "dynamic")
      }
      add(undefined, "dynamic")
    },
    CallExpression: ({ arguments: [named], callee }) => {
      if (callee.type !== "Identifier" || callee.name !== "require") return
      add(named?.type === "Literal" && typeof named.value === "string" ? named.value : undefined, "dynamic")
    }
  }).visit(program)
  return found
}

/** A project given as text, for the proof that a rule can fail. */
export const ofText = (manifest: Manifest, files: Readonly<Record<string, string>>): Project => ({
  manifest,
  files: new Map(Object.entries(files).map(([path, code]) => [path, parse(path, code, manifest)]))
})

/** The project on disk: all TypeScript in the folders. */
export const ofFolders = (root: string, folders: ReadonlyArray<string>): Project => {
  const manifest = JSON.parse(readFileSync(Path.join(root, "package.json"), "utf8")) as Manifest
  const files: Record<string, string> = {}
  for (const folder of folders) {
    for (const entry of readdirSync(Path.join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!entry.endsWith(".ts")) continue
      const path = Path.posix.join(folder, entry.split(Path.sep).join("/"))
      files[path] = readFileSync(Path.join(root, path), "utf8")
    }
  }
  return ofText(manifest, files)
}

const reached = (
  project: Project,
  entry: string,
  follows: (found: Import) => boolean
): ReadonlyMap<string, Import | undefined> => {
  const seen = new Map<string, Import | undefined>([[entry, undefined]])
  for (const path of seen.keys()) {
    for (const found of project.files.get(path) ?? []) {
      if (!follows(found) || found.file === undefined || seen.has(found.file)) continue
      seen.set(found.file, found)
    }
  }
  return seen
}

/** Every file that is loaded when `entry` is imported, with the import that led to it first. */
export const loadedBy = (project: Project, entry: string): ReadonlyMap<string, Import | undefined> =>
  reached(project, entry, ({ kind }) => kind === "value")

/** Every file that `entry` may ever load or whose types it speaks of, with the import that led to it first. */
export const neededBy = (project: Project, entry: string): ReadonlyMap<string, Import | undefined> =>
  reached(project, entry, () => true)

/** The way that led to a file, from the entry on. */
export const wayTo = (path: string, by: ReadonlyMap<string, Import | undefined>): ReadonlyArray<string> => {
  const before = by.get(path)
  return before === undefined ? [path] : [...wayTo(before.from, by), path]
}

/**
 * What the entry points hand out of each file, at any depth: `undefined` for a file that is handed out whole (`export *`,
 * `export * as Name`), else the names that are.
 */
export const published = (
  project: Project,
  entries: ReadonlyArray<string>
): ReadonlyMap<string, ReadonlySet<string> | undefined> => {
  const found = new Map<string, ReadonlySet<string> | undefined>(entries.map((entry) => [entry, undefined]))
  for (const path of found.keys()) {
    for (const { file, names, reexport } of project.files.get(path) ?? []) {
      if (!reexport || file === undefined) continue
      const before = found.get(file)
      if (found.has(file) && before === undefined) continue
      found.set(file, names === undefined ? undefined : new Set([...before ?? [], ...names]))
    }
  }
  return found
}

/** The files of which one of the entry points hands out something. */
export const publicFiles = (project: Project, entries: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(published(project, entries).keys())
