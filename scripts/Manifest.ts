// package.json: what the repository promises in it, and the manifest of the published package made from it.
import { readFileSync } from "node:fs"
import * as Path from "node:path"

export type Dependencies = Readonly<Record<string, string>>

export interface Target {
  readonly source: string
  readonly types: string
  readonly default: string
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly files: ReadonlyArray<string>
  readonly engines: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, Target>>
  readonly scripts: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly dependencies: Dependencies
  readonly peerDependencies: Dependencies
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly devDependencies: Dependencies
}

export const read = (root: string): Manifest =>
  JSON.parse(readFileSync(Path.join(root, "package.json"), "utf8")) as Manifest

const exact = /^\d+\.\d+\.\d+(-[\w.]+)?$/

/** Everything that is wrong with the manifest of the repository, one sentence each. */
export const problems = (manifest: Manifest): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const kind of ["dependencies", "devDependencies"] as const) {
    for (const [name, range] of Object.entries(manifest[kind])) {
      if (!exact.test(range)) found.push(`${kind}: ${name} is ${range}, not an exact version`)
    }
  }
  for (const name of Object.keys(manifest.peerDependencies)) {
    if (manifest.dependencies[name] !== undefined) found.push(`${name} is a peer and a dependency`)
    const optional = manifest.peerDependenciesMeta[name]?.optional === true
    if (!optional && manifest.devDependencies[name] === undefined) {
      found.push(`${name} is a peer without the devDependency that the tests run on`)
    }
  }
  for (const name of Object.keys(manifest.scripts)) {
    if (/^(pre|post)?install$|^prepare$/.test(name)) found.push(`scripts: ${name} would run on a user's machine`)
  }
  return found
}

const published = (path: string): string => path.replace(/^\.\/dist\//, "./")

/**
 * The manifest of the tarball: paths from inside `dist`, no `source` condition (a consumer who sets that condition for
 * packages of its own would look for TypeScript that is not there), nothing that only the repository needs.
 */
export const ofPackage = (manifest: Manifest): Record<string, unknown> => {
  const { allowScripts: _allowScripts, devDependencies: _devDependencies, scripts: _scripts, ...kept } = manifest
  const exports: Record<string, unknown> = {}
  for (const [entry, target] of Object.entries(manifest.exports)) {
    exports[entry] = { types: published(target.types), default: published(target.default) }
  }
  exports["./package.json"] = "./package.json"
  return { ...kept, files: ["**/*.js", "**/*.js.map", "**/*.d.ts", "docs", "CHANGELOG.md", "SECURITY.md"], exports }
}
