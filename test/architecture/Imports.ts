// Who imports what: the import graph of TypeScript sources, read with a parser and never executed.
import { readdirSync, readFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import * as Path from "node:path"
import { parseSync, Visitor } from "oxc-parser"

/**
 * `value` is loaded with the importing module, `dynamic` when an `import()` runs, `type` never. With
 * `verbatimModuleSyntax` only `import type` is erased: `import { type A } from "x"` still loads `x`.
 */
export type Kind = "value" | "dynamic" | "type"

export interface Import {
  readonly from: string
  readonly kind: Kind
  /** What is written; `undefined` when the argument of an `import()` is computed. */
  readonly specifier: string | undefined
  /** The file of the project, from its root with `/`, that the specifier names. */
  readonly file: string | undefined
  /** The npm package that the specifier names. */
  readonly package: string | undefined
  /** Whether it is `export … from`. */
  readonly reexport: boolean
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

/** The imports of one file. */
export const parse = (from: string, code: string, manifest: Manifest): ReadonlyArray<Import> => {
  const { errors, program } = parseSync(from, code)
  const [error] = errors
  if (error !== undefined) throw new Error(`${from}: ${error.message}`)
  const found: Array<Import> = []
  const add = (specifier: string | undefined, kind: Kind, reexport = false) => {
    const target = specifier === undefined
      ? { file: undefined, package: undefined, byName: false }
      : resolve(from, specifier, manifest)
    found.push({ from, kind, specifier, reexport, ...target })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.importKind === "type" ? "type" : "value"),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind === "type" ? "type" : "value", true),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.source.value, node.exportKind === "type" ? "type" : "value", true)
    },
    TSImportType: (node) => add(node.source.value, "type"),
    ImportExpression: ({ source }) => {
      if (source.type === "Literal" && typeof source.value === "string") return add(source.value, "dynamic")
      if (source.type === "TemplateLiteral" && source.expressions.length === 0) {
        return add(source.quasis[0]?.value.cooked ?? undefined, "dynamic")
      }
      add(undefined, "dynamic")
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

/** Every file that is loaded when `entry` is imported, with the import that led to it first. */
export const loadedBy = (project: Project, entry: string): ReadonlyMap<string, Import | undefined> => {
  const seen = new Map<string, Import | undefined>([[entry, undefined]])
  for (const path of seen.keys()) {
    for (const found of project.files.get(path) ?? []) {
      if (found.kind !== "value" || found.file === undefined || seen.has(found.file)) continue
      seen.set(found.file, found)
    }
  }
  return seen
}

/** The files that one of the entry points hands out whole: `export *` and `export * as Name`, at any depth. */
export const publicFiles = (project: Project, entries: ReadonlyArray<string>): ReadonlySet<string> => {
  const found = new Set<string>(entries)
  for (const path of found) {
    for (const { file, reexport } of project.files.get(path) ?? []) {
      if (reexport && file !== undefined) found.add(file)
    }
  }
  return found
}
