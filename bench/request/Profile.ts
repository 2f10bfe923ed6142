// A CPU profile reduced to how much of the time each module has taken itself.
import { readFileSync } from "node:fs"
import type * as Inspector from "node:inspector"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { root } from "../../scripts/Process.ts"

type Node = Inspector.Profiler.ProfileNode

/** Packages that are shown as one. */
const families: ReadonlyArray<readonly [RegExp, string]> = [
  [/^@effect\/opentelemetry$/, "@effect/opentelemetry"],
  [/^@opentelemetry\//, "OpenTelemetry"],
  [/^@sentry\//, "Sentry"]
]

const packageOf = (path: string): string => {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? name
}

/** Which part of Node: `http` of `node:_http_outgoing`, `crypto` of `node:internal/crypto/random`. */
const partOf = (url: string): string => /^node:(?:internal\/)?_?([a-z]+)/.exec(url)?.[1] ?? url

/** The module that code belongs to, by the address of its file; nothing where it has none. */
export const moduleOf = (url: string): string | undefined => {
  if (url === "") return undefined
  if (url.startsWith("node:")) return `Node: ${partOf(url)}`
  const path = Path.relative(root, url.startsWith("file:") ? fileURLToPath(url) : url)
  if (path.includes("node_modules/")) return packageOf(path)
  if (path.startsWith("examples/")) return "the program"
  // Of the bench itself only what is wired by hand runs inside the program.
  return path.startsWith("bench/") ? "wired by hand" : path
}

const idle = "(idle)"
const native = "native code of Node"
/** What V8 does that is no function, under the names that are shown. */
const states: ReadonlyMap<string, string> = new Map([
  ["(garbage collector)", "garbage collection"],
  ["(program)", native],
  ["(root)", native]
])

/** Functions of the engine itself count for the module that calls them. */
const attributed = (nodes: ReadonlyArray<Node>): ReadonlyMap<number, string> => {
  const parents = new Map(nodes.flatMap(({ children = [], id }) => children.map((child) => [child, id] as const)))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const found = new Map<number, string>()
  const of = (id: number | undefined): string => {
    const node = id === undefined ? undefined : byId.get(id)
    if (node === undefined) return native
    const known = found.get(node.id)
    if (known !== undefined) return known
    const { functionName, url } = node.callFrame
    const module = functionName === idle ? idle : states.get(functionName) ?? moduleOf(url) ?? of(parents.get(node.id))
    found.set(node.id, module)
    return module
  }
  for (const { id } of nodes) of(id)
  return found
}

/** Which part of the time that was not idle each module took itself, from 0 to 1. */
export const shares = (
  { nodes, samples = [], timeDeltas = [] }: Inspector.Profiler.Profile
): ReadonlyMap<string, number> => {
  const modules = attributed(nodes)
  const micros = new Map<string, number>()
  let busy = 0
  samples.forEach((id, index) => {
    const module = modules.get(id) ?? idle
    // The time until the next sample belongs to this one.
    const took = Math.max(0, timeDeltas[index + 1] ?? 0)
    if (module === idle) return
    micros.set(module, (micros.get(module) ?? 0) + took)
    busy += took
  })
  return new Map([...micros].map(([module, took]) => [module, took / busy]))
}

/** The shares of a profile that was written to a file. */
export const read = (file: string): ReadonlyMap<string, number> =>
  shares(JSON.parse(readFileSync(file, "utf8")) as Inspector.Profiler.Profile)
