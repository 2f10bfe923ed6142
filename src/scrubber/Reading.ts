/** How values of any kind are read: what they are, and what a hostile one can't break. */
import { runEnd } from "./Characters.ts"
import { unreadable } from "./Detector.ts"
import { isMark } from "./Identifiers.ts"

/** A revoked Proxy makes `Array.isArray` throw. */
export const isArray = (value: unknown): value is ReadonlyArray<unknown> => {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

export const singularOwner = (owner: string): string => owner.endsWith("s") ? owner.slice(0, -1) : owner

/** Shorter ones of letters, digits, `_`, `-` and `.` alone hold no secret: no shape is as short. */
const shortestSecret = 12

/** A property's name that can't hold a secret; others may be a path, an address, a pair, a token. */
export const isPlainName = (key: string): boolean =>
  key.length < shortestSecret && runEnd(key, 0, isPlainKey) === key.length

const isPlainKey = (c: number): boolean =>
  (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c === 45 || c === 46

/** What reading a property gives, or a mark where its getter throws. */
export const property = (value: object, key: string): unknown => {
  try {
    return (value as Readonly<Record<string, unknown>>)[key]
  } catch {
    return unreadable
  }
}

export const take = <A>(items: Iterable<A>, count: number): Array<A> => {
  const out: Array<A> = []
  for (const item of items) {
    if (out.length >= count) break
    out.push(item)
  }
  return out
}

/** `{ name: "authorization", value: "…" }`: the name under which `value` is judged. */
export const nameOf = (value: object): string | undefined => {
  if (!("value" in value)) return undefined
  const name = "name" in value ? value.name : "key" in value ? value.key : undefined
  return typeof name === "string" ? name : undefined
}

/** Arrays and sets are lists alike. */
export const isList = (value: unknown): value is ReadonlyArray<unknown> | ReadonlySet<unknown> =>
  isArray(value) || isSet(value)

const isSet = (value: unknown): value is ReadonlySet<unknown> => {
  try {
    return value instanceof Set
  } catch {
    return false
  }
}

/** The first items of a list. */
export const listed = (value: unknown, count: number): ReadonlyArray<unknown> | undefined =>
  isArray(value) ? value : isSet(value) ? take(value, count) : undefined

export const bytesOf = (value: object): number | undefined =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer
    ? value.byteLength
    : value instanceof Blob
    ? value.size
    : undefined

/** A list of `[name, value]`, as `Object.entries` gives, marks of ours aside. */
export const arePairs = (items: ReadonlyArray<unknown>): boolean => {
  if (items.length === 0) return false
  const looked = Math.min(items.length, 64)
  for (let i = 0; i < looked; i++) {
    const item = items[i]
    const size = isArray(item) ? item.length : isSet(item) ? item.size : undefined
    if (size === undefined ? typeof item !== "string" || !isMark(item) : size !== 2) return false
  }
  return items.some(isList)
}

/** `--password`, whose value is the next of a program's arguments. */
export const isFlag = (value: unknown): value is string =>
  typeof value === "string" && value.length > 2 && value.startsWith("--") &&
  runEnd(value, 2, isPlainKey) === value.length
