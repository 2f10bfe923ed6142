import * as Redactable from "effect/Redactable"
import * as Redacted from "effect/Redacted"
import { isHex, mark, runEnd } from "./Characters.ts"
import { unreadable } from "./Detector.ts"
import { identify } from "./Identifiers.ts"
import type { KeyVerdict } from "./Keys.ts"
import { isHarmless } from "./Pairs.ts"
import { isCard } from "./Personal.ts"
import type { ScrubText } from "./Text.ts"

/** How much of a value is read. What lies beyond is marked `[truncated]`. */
export interface Limits {
  /** Levels of nesting; at most 64. */
  readonly depth: number
  /** Entries of one object, array, map or set. */
  readonly breadth: number
  /** Entries of a whole value, which bounds objects that make new ones when read. */
  readonly entries: number
  /** Characters (UTF-16 units) of one text; at least 256. */
  readonly length: number
  /** Characters of all texts of one value. */
  readonly totalLength: number
}

/** One walk over one value. */
interface Walk {
  entries: number
  length: number
  /** Something was replaced or left out. */
  changed: boolean
  readonly ancestors: Set<object>
  /** The level of decoding of the texts inside. */
  readonly level: number
}

export interface Walker {
  readonly value: (value: unknown) => unknown
  readonly field: (key: string, value: unknown) => unknown
  readonly attributes: (
    record: Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>
  ) => Record<string, unknown>
  /** Scrubs JSON text by its keys; undefined where it is none. */
  readonly json: (text: string, level: number) => string | undefined
}

export interface WalkerOptions {
  readonly judge: (key: string) => KeyVerdict
  readonly text: ScrubText
  readonly url: (value: string) => string
  readonly limits: Limits
  readonly onFault: (fault: unknown) => void
}

const cut = "[truncated]"
const circular = "[circular]"

/** Turns any value into plain JSON-safe data without secrets. */
export const make = ({ judge, limits, onFault, text, url }: WalkerOptions): Walker => {
  const begin = (level: number): Walk => ({ entries: 0, length: 0, changed: false, ancestors: new Set(), level })

  const string = (value: string, walk: Walk, scrub: (value: string, level: number) => string = text): string => {
    if (walk.length >= limits.totalLength) return replaced(cut, value, walk)
    walk.length += Math.min(value.length, limits.length)
    return replaced(scrub(value, walk.level), value, walk)
  }

  const replaced = <A>(after: A, before: unknown, walk: Walk): A => {
    if (after !== before) walk.changed = true
    return after
  }

  const any = (value: unknown, owner: string | undefined, depth: number, walk: Walk): unknown => {
    switch (typeof value) {
      case "string":
        return string(value, walk)
      case "number":
        return number(value, walk)
      case "bigint":
        return string(String(value), walk)
      case "boolean":
      case "undefined":
        return value
      case "symbol":
        return `[symbol ${string(value.description ?? "", walk)}]`
      case "function":
        return "[function]"
    }
    if (value === null || value === undefined) return value
    if (++walk.entries > limits.entries || depth > limits.depth) return replaced(cut, value, walk)
    if (walk.ancestors.has(value)) return replaced(circular, value, walk)
    walk.ancestors.add(value)
    try {
      return object(value, owner, depth, walk)
    } catch {
      // A Proxy or an iterator that throws is an answer to show, not a fault of ours.
      return replaced(unreadable, value, walk)
    } finally {
      walk.ancestors.delete(value)
    }
  }

  const number = (value: number, walk: Walk): unknown => {
    if (!Number.isFinite(value)) return String(value)
    if (value >= 1e12 && Number.isSafeInteger(value) && isCard(String(value))) return replaced(mark, value, walk)
    return value === 0 ? 0 : value
  }

  /** A value under its key: the key decides first. */
  const named = (key: string, value: unknown, owner: string | undefined, depth: number, walk: Walk): unknown => {
    const verdict = judgeWithin(key, owner)
    switch (verdict.class) {
      case "sensitive":
        return secret(value, walk)
      case "identifier":
        return identifier(key, value, depth, walk)
      case "plain":
        if (typeof value !== "string") return rawHeaders(verdict, value) ?? any(value, key, depth, walk)
        if (isTraceId(verdict, value)) return value
        return isUrlKey(verdict) ? string(value, walk, url) : string(value, walk)
    }
  }

  /** `rawHeaders` of Node's requests: names and values in turn. */
  const rawHeaders = (verdict: KeyVerdict, value: unknown): ReadonlyArray<unknown> | undefined => {
    if (verdict.words.length !== 2 || verdict.words[0] !== "raw" || verdict.words[1] !== "headers") return undefined
    if (!Array.isArray(value) || value.length > limits.breadth) return undefined
    const walk = begin(0)
    return value.map((item, i) => i % 2 === 1 ? named(String(value[i - 1]), item, undefined, 1, walk) : String(item))
  }

  /** `{ user: { id } }` is the user's id. */
  const judgeWithin = (key: string, owner: string | undefined): KeyVerdict => {
    const verdict = judge(key)
    if (owner === undefined || verdict.class !== "plain" || verdict.words.length !== 1) return verdict
    const word = verdict.words[0]
    return word === "id" || word === "ids" || word === "uuid" ? judge(`${singularOwner(owner)} id`) : verdict
  }

  const secret = (value: unknown, walk: Walk): unknown => {
    if (value === null || value === undefined || typeof value === "boolean") return value
    if (typeof value === "string" && isHarmless(value)) return value
    return replaced(mark, value, walk)
  }

  const identifier = (key: string, value: unknown, depth: number, walk: Walk): unknown => {
    switch (typeof value) {
      case "string":
        return replaced(identify(value), value, walk)
      case "number":
      case "bigint":
        return replaced(identify(String(value)), value, walk)
      case "object": {
        if (isArray(value)) return entries(value, depth, walk, (item) => identifier(key, item, depth + 1, walk))
        if (value instanceof Set) return entries(value, depth, walk, (item) => identifier(key, item, depth + 1, walk))
        if (value instanceof String) return replaced(identify(String(value)), value, walk)
        return any(value, key, depth, walk)
      }
      default:
        return any(value, key, depth, walk)
    }
  }

  const object = (value: object, owner: string | undefined, depth: number, walk: Walk): unknown => {
    if (Redacted.isRedacted(value)) return mark
    if (Array.isArray(value)) {
      return arePairs(value) ?
        entries(value, depth, walk, (item) => {
          const [key, of] = item as readonly [string, unknown]
          return [string(key, walk), named(key, of, undefined, depth + 2, walk)]
        }) :
        entries(value, depth, walk, (item) => any(item, owner, depth + 1, walk) ?? null)
    }
    if (value instanceof Error) return error(value, depth, walk)
    if (value instanceof Map) return map(value, owner, depth, walk)
    if (value instanceof Set) return entries(value, depth, walk, (item) => any(item, owner, depth + 1, walk) ?? null)
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString()
    if (value instanceof URL) return string(value.href, walk, url)
    if (value instanceof RegExp) return string(String(value), walk)
    if (ArrayBuffer.isView(value)) return `[binary ${value.byteLength} bytes]`
    if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return `[binary ${value.byteLength} bytes]`
    if (value instanceof Blob) return `[binary ${value.size} bytes]`
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return any(value.valueOf(), owner, depth + 1, walk)
    }
    if (value instanceof Headers || value instanceof URLSearchParams || value instanceof FormData) {
      return record(value.entries(), undefined, depth, walk)
    }
    if (value instanceof Promise) return "[promise]"
    if (Redactable.isRedactable(value)) {
      const shown = Redactable.getRedacted(value)
      if (shown !== value) return any(shown, owner, depth + 1, walk)
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      const shown: unknown = value.toJSON()
      if (shown !== value) return any(shown, owner, depth + 1, walk)
    }
    return record(properties(value, Object.keys(value)), owner, depth, walk, nameOf(value))
  }

  /** An array of what `each` makes of the first items; where there are more, the last one says how many. */
  const entries = (
    items: ReadonlyArray<unknown> | ReadonlySet<unknown>,
    depth: number,
    walk: Walk,
    each: (item: unknown) => unknown
  ): unknown => {
    if (depth > limits.depth) return replaced(cut, items, walk)
    const size = isArray(items) ? items.length : items.size
    const shown = size > limits.breadth ? limits.breadth - 1 : size
    const out: Array<unknown> = []
    if (isArray(items)) {
      for (let i = 0; i < shown; i++) out.push(element(items, i, each, walk))
    } else {
      for (const item of items) {
        if (out.length >= shown) break
        out.push(each(item))
      }
    }
    if (size > shown) out.push(replaced(`[truncated ${size - shown}]`, items, walk))
    return out
  }

  const element = (
    items: ReadonlyArray<unknown>,
    index: number,
    each: (item: unknown) => unknown,
    walk: Walk
  ): unknown => {
    let item: unknown
    try {
      item = items[index]
    } catch {
      return replaced(unreadable, item, walk)
    }
    return each(item)
  }

  const map = (value: ReadonlyMap<unknown, unknown>, owner: string | undefined, depth: number, walk: Walk): unknown => {
    for (const key of value.keys()) {
      if (typeof key !== "string") {
        return entries(new Set(take(value, limits.breadth + 1)), depth, walk, (item) => {
          const [of, content] = item as readonly [unknown, unknown]
          return [any(of, undefined, depth + 2, walk) ?? null, any(content, owner, depth + 2, walk) ?? null]
        })
      }
    }
    return record(value as ReadonlyMap<string, unknown>, owner, depth, walk)
  }

  /** An object of what each entry's key makes of its value. */
  const record = (
    items: Iterable<readonly [string, unknown]>,
    owner: string | undefined,
    depth: number,
    walk: Walk,
    name?: string
  ): Record<string, unknown> => {
    const out: Record<string, unknown> = {}
    let count = 0
    let last: string | undefined
    let left = 0
    for (const [key, of] of items) {
      if (count >= limits.breadth) {
        left++
        if (left > limits.breadth) break
        continue
      }
      const content = name !== undefined && key === "value"
        ? named(name, of, owner, depth + 1, walk)
        : named(key, of, owner, depth + 1, walk)
      if (content === undefined) continue
      last = put(out, key, content, walk)
      count++
    }
    if (left > 0 && last !== undefined) {
      delete out[last]
      put(out, cut, left + 1, walk)
      walk.changed = true
    }
    return out
  }

  /** Sets a property whose name may itself hold a secret; names that become equal are numbered. */
  const put = (out: Record<string, unknown>, key: string, content: unknown, walk: Walk): string => {
    const shown = replaced(key.length > longestKey || hasSign(key) ? text(key, walk.level) : key, key, walk)
    let name = shown
    for (let i = 2; Object.hasOwn(out, name); i++) name = `${shown} (${i})`
    // Assigning `__proto__` would set the prototype.
    if (name === "__proto__") {
      Object.defineProperty(out, name, { value: content, enumerable: true, configurable: true, writable: true })
    } else out[name] = content
    return name
  }

  const error = (value: Error, depth: number, walk: Walk): unknown => {
    const keys = ["name", "message", "stack", "cause", "errors"].filter((key) => key in value)
    for (const key of Object.keys(value)) if (!keys.includes(key)) keys.push(key)
    return record(properties(value, keys), undefined, depth, walk)
  }

  const guarded = <A>(run: () => A): A | string => {
    try {
      return run()
    } catch (fault) {
      onFault(fault)
      return unreadable
    }
  }

  return {
    value: (value) => guarded(() => any(value, undefined, 0, begin(0))),
    field: (key, value) => guarded(() => named(key, value, undefined, 0, begin(0))),
    attributes: (items) => {
      const shown = guarded(() =>
        record(
          Symbol.iterator in items ? items : properties(items, Object.keys(items)),
          undefined,
          0,
          begin(0)
        )
      )
      return typeof shown === "string" ? { [unreadable]: true } : shown
    },
    json: (source, level) => {
      let parsed: unknown
      try {
        parsed = JSON.parse(source)
      } catch {
        return undefined
      }
      const walk = begin(level + 1)
      const scrubbed = any(parsed, undefined, 0, walk)
      return walk.changed ? JSON.stringify(scrubbed) : source
    }
  }
}

/** A revoked Proxy makes `Array.isArray` throw. */
const isArray = (value: unknown): value is ReadonlyArray<unknown> => {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

const singularOwner = (owner: string): string => owner.endsWith("s") ? owner.slice(0, -1) : owner

const longestKey = 256

/** A property's name beyond letters, digits, `_`, `-` and `.` may hold a path, an address, a pair. */
const hasSign = (key: string): boolean => runEnd(key, 0, isPlainKey) < key.length

const isPlainKey = (c: number): boolean =>
  (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c === 45 || c === 46

/** Each property with what reading it gives, or a mark where its getter throws. */
function* properties(value: object, keys: ReadonlyArray<string>): Iterable<readonly [string, unknown]> {
  for (const key of keys) {
    let content: unknown
    try {
      content = (value as Record<string, unknown>)[key]
    } catch {
      content = unreadable
    }
    yield [key, content]
  }
}

const take = <A>(items: Iterable<A>, count: number): Array<A> => {
  const out: Array<A> = []
  for (const item of items) {
    if (out.length >= count) break
    out.push(item)
  }
  return out
}

/** `{ name: "authorization", value: "…" }`: the name under which `value` is judged. */
const nameOf = (value: object): string | undefined => {
  if (!("value" in value)) return undefined
  const name = "name" in value ? value.name : "key" in value ? value.key : undefined
  return typeof name === "string" ? name : undefined
}

/** A list of `[name, value]`, as `Object.entries` gives. */
const arePairs = (items: ReadonlyArray<unknown>): boolean => {
  if (items.length === 0) return false
  const looked = Math.min(items.length, 64)
  for (let i = 0; i < looked; i++) {
    const item = items[i]
    if (!isArray(item) || item.length !== 2 || typeof item[0] !== "string") return false
  }
  return true
}

/** Trace and span ids are random: no detector has business there. */
const isTraceId = (verdict: KeyVerdict, value: string): boolean => {
  if (value.length !== 16 && value.length !== 32) return false
  const [before, last] = verdict.words.slice(-2)
  return last === "id" && (before === "trace" || before === "span") && runEnd(value, 0, isHex) === value.length
}

const isUrlKey = (verdict: KeyVerdict): boolean => {
  const last = verdict.words[verdict.words.length - 1]
  return verdict.words[0] === "url" || last === "url" || last === "uri" || last === "href" || last === "target"
}
