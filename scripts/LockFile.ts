// What a lock file needs so that `npm ci` of npm 10, 11 and 12 accepts it on every platform.
import { readFileSync } from "node:fs"
import * as Path from "node:path"

interface Entry {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface LockFile {
  readonly packages: Readonly<Record<string, Entry>>
}

/** Where Node finds `name` from the package at `from`, walking up as `require` does. */
const locate = (lock: LockFile, from: string, name: string): string | undefined => {
  for (let at = from;;) {
    const path = (at === "" ? "" : `${at}/`) + `node_modules/${name}`
    if (lock.packages[path] !== undefined) return path
    if (at === "") return undefined
    at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))
  }
}

/** Everything that is wrong with a lock file, one sentence each. */
export const problems = (lock: LockFile): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.resolved !== undefined && entry.link !== true) {
      found.push(`${path} names the registry that it came from: set omit-lockfile-registry-resolved=true`)
    }
    if (path !== "" && entry.link !== true && entry.integrity === undefined) found.push(`${path} has no integrity`)
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const at = locate(lock, path, name)
      if (at === undefined) {
        found.push(`${path} needs ${name}@${range} on another platform, and the lock file lacks it: choose a version`)
      } else if (/^\d+\.\d+\.\d+$/.test(range) && lock.packages[at]?.version !== range) {
        found.push(`${path} needs ${name}@${range} on another platform, and finds ${lock.packages[at]?.version}`)
      }
    }
  }
  return found
}

export const read = (root: string): LockFile =>
  JSON.parse(readFileSync(Path.join(root, "package-lock.json"), "utf8")) as LockFile
