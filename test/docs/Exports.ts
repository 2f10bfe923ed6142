// The package's exports, as documents name them: `Tracing.flush`, `DawsOs.metrics.apiRequestsTotal`.
import * as Main from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as DawsOsMixin from "@dawsos/observability/dawsos/mixin"
import * as Mixin from "@dawsos/observability/mixin"
import * as Testing from "@dawsos/observability/testing"
import { existsSync } from "node:fs"
import * as Path from "node:path"
import * as Documents from "./Documents.ts"

/** Whether a module exports a name that it declares, or hands on by `export { name } from`. */
const declared = (source: string, name: string): boolean =>
  new RegExp(`^export (?:declare )?(?:const|function|class|interface|type) ${name}\\b`, "m").test(source) ||
  [...source.matchAll(/^export (?:type )?\{([^}]+)\} from/gm)].some(([, names = ""]) =>
    names.split(",").some((each) => each.trim().replace(/^type |^\w+ as /, "") === name)
  )

/** The module behind each namespace of an entry point. */
const modules = (entry: string): ReadonlyMap<string, string> =>
  new Map(
    [...Documents.read(entry).matchAll(/export \* as (\w+) from "\.\/([^"]+)"/g)]
      .map(([, name, path]) => [name as string, Path.posix.join(Path.posix.dirname(entry), path as string)])
  )

const namespaces = new Map([
  ...modules("src/index.ts"),
  ...modules("src/mixin/index.ts"),
  ...modules("src/testing/index.ts")
])

const values: Readonly<Record<string, unknown>> = { ...Main, ...Mixin, ...Testing, DawsOs, DawsOsMixin }

const has = (value: unknown, name: string): value is Record<string, unknown> =>
  (typeof value === "object" || typeof value === "function") && value !== null && name in value

/** Whether a piece of code begins with an export that is not there; code that names none is right. */
export const isMissing = (code: string): boolean => {
  const [path] = /^[A-Z]\w*(?:\.\w+)+/.exec(code) ?? []
  if (path === undefined) return false
  const [namespace = "", member = "", ...rest] = path.split(".")
  if (!(namespace in values)) return false
  let value = values[namespace]
  if (!has(value, member)) {
    const module = namespaces.get(namespace)
    // A type is no value: its declaration is looked up.
    return rest.length > 0 || module === undefined || !declared(Documents.read(module), member)
  }
  value = value[member]
  for (const name of rest) {
    if (!has(value, name)) return true
    value = value[name]
  }
  return false
}

// Secrets are a user's, and never in the repository.
const inRepository = /^(?:src|test|examples|scripts|docs|tools|observability(?!\/secrets)|\.ci)\/[\w./-]*/

/** Whether a piece of code is a path, with or without an export behind `#`, of which something is not there. */
export const isMissingPath = (code: string): boolean => {
  const [path] = inRepository.exec(code) ?? []
  if (path === undefined) return false
  if (!existsSync(Path.join(Documents.root, path))) return true
  const [, name] = /^[^#]*#(\w+)$/.exec(code) ?? []
  return name !== undefined && !declared(Documents.read(path), name)
}
