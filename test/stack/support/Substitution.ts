/**
 * What differs between a container and a process on this machine: addresses and the places of mounted files. Nothing
 * else is changed, and every change can be listed.
 */
import * as Yaml from "yaml"

/** The world that a service's arguments and files speak of, and where it is here. */
export interface World {
  /** The service that the text belongs to: what it calls 0.0.0.0 or localhost is itself. */
  readonly service: string
  /** The names of all services. */
  readonly services: ReadonlyArray<string>
  /** Which port of which service is published on the host: what a person calls localhost:3000. */
  readonly published: ReadonlyMap<number, { readonly service: string; readonly port: number }>
  /** The port here of a service's port; `host` is the machine that the containers run on. */
  readonly port: (service: string, port: number) => number
  /** Absolute paths in the container and here. */
  readonly mounts: ReadonlyArray<{ readonly target: string; readonly path: string }>
}

const hostName = "host.docker.internal"
const own = new Set(["", "0.0.0.0", "[::]", "127.0.0.1", "[::1]"])

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|-]/g, "\\$&")

/** One text with its addresses and paths replaced. */
export const text = (input: string, world: World): string => {
  const names = [...world.services, hostName, "localhost", "127.0.0.1", "0.0.0.0"].toSorted((a, b) =>
    b.length - a.length
  ).map(escaped)
  // A host, an `${env:NAME:-default}` of the collector, or nothing as in ":9090"; then a port that nothing continues.
  const address = new RegExp(
    `(?<![\\w.\\-\\]}])(${names.join("|")}|\\[::1?\\]|\\$\\{env:[^}]*\\}|):(\\d{2,5})(?![\\w.:])`,
    "g"
  )
  const withAddresses = input.replace(address, (whole, host: string, digits: string) => {
    const port = Number(digits)
    if (port > 65_535 || port === 0) return whole
    if (own.has(host) || host.startsWith("${")) return `127.0.0.1:${world.port(world.service, port)}`
    if (host === "localhost") {
      const known = world.published.get(port) ?? { service: world.service, port }
      return `127.0.0.1:${world.port(known.service, known.port)}`
    }
    return `127.0.0.1:${world.port(host === hostName ? "host" : host, port)}`
  })
  // What one mount has put in is not looked at by the next.
  const paths: Array<string> = []
  let marked = withAddresses
  for (const { path, target } of world.mounts.toSorted((a, b) => b.target.length - a.target.length)) {
    const mounted = new RegExp(`(?<![\\w./\\-])${escaped(target.replace(/\/$/, ""))}(?=$|[/"'\\s,;:)\\]])`, "g")
    marked = marked.replace(mounted, () => `\u0000${paths.push(path) - 1}\u0000`)
  }
  return marked.split("\u0000").map((part, index) => index % 2 === 0 ? part : paths[Number(part)] ?? "").join("")
}

/** A change to a file, for the proof that nothing else was changed. */
export interface Change {
  /** Where, as in `groups.0.rules.3.for`. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const changesAt = (path: ReadonlyArray<string>, from: unknown, to: unknown): ReadonlyArray<Change> => {
  if (Object.is(from, to)) return []
  if (!isRecord(from) || !isRecord(to) || Array.isArray(from) !== Array.isArray(to)) {
    return [{ path: path.join("."), from, to }]
  }
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key) =>
    changesAt([...path, key], from[key], to[key])
  )
}

/** Every value in which two YAML texts differ. */
export const changes = (before: string, after: string): ReadonlyArray<Change> => {
  const read = (text: string): ReadonlyArray<unknown> => Yaml.parseAllDocuments(text).map((document) => document.toJS())
  return changesAt([], read(before), read(after))
}

/** The value of a scalar, and the keys on the way to it (positions in lists are left out). */
export type Edit = (value: string | number, keys: ReadonlyArray<string>) => string | number

/** An edit of a YAML text value by value; keys, comments and the order stay. */
export const yaml = (input: string, edit: Edit): string =>
  Yaml.parseAllDocuments(input).map((document) => {
    Yaml.visit(document, {
      Scalar: (key, node, ancestors) => {
        if (key === "key" || (typeof node.value !== "string" && typeof node.value !== "number")) return
        const keys = ancestors.flatMap((ancestor) =>
          Yaml.isPair(ancestor) && Yaml.isScalar(ancestor.key) ? [String(ancestor.key.value)] : []
        )
        const edited = edit(node.value, keys)
        if (edited !== node.value) {
          node.value = edited
          delete node.source
        }
      }
    })
    return document.toString({ lineWidth: 0 })
  }).join("---\n")

/** Addresses and places in a YAML file: also a listener that is written as `host: 0.0.0.0` and `port: 8888`. */
export const world = (world: World): Edit => (value, keys) => {
  if (typeof value === "string") return value === "0.0.0.0" ? "127.0.0.1" : text(value, world)
  return keys.at(-1) === "port" ? world.port(world.service, value) : value
}
