import * as Redactable from "effect/Redactable"
import * as Redacted from "effect/Redacted"
import { binary, countBytes } from "./Bytes.ts"
import { code, mark } from "./Characters.ts"
import { unreadable } from "./Detector.ts"
import * as Fields from "./Fields.ts"
import { identify, isMark, isTemplate, pseudonym } from "./Identifiers.ts"
import type { KeyVerdict } from "./Keys.ts"
import type { ScrubListed } from "./Listed.ts"
import { isCard } from "./Personal.ts"
import { isCount, isHarmless } from "./Placeholders.ts"
import { arePairs, bytesOf, isArray, isFlag, isList, listed, nameOf, property, take } from "./Reading.ts"
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
  /** Made when the first object is walked. */
  ancestors: Set<object> | undefined
  /** The level of decoding of the texts inside. */
  readonly level: number
}

export interface Walker {
  readonly value: (value: unknown) => unknown
  readonly field: (key: string, value: unknown) => unknown
  readonly attributes: (
    record: Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>
  ) => Record<string, unknown>
  /** What {@link attributes} makes of keys and values in turn, each key once, in that form; undefined where it may differ. */
  readonly listed: ScrubListed
  /** Scrubs JSON text by its keys, as what `owner` names; undefined where it is none. */
  readonly json: (text: string, level: number, owner?: string) => string | undefined
}

export interface WalkerOptions {
  readonly judge: (key: string) => KeyVerdict
  readonly text: ScrubText
  readonly url: (value: string) => string
  readonly limits: Limits
  readonly onFault: (fault: unknown) => void
}

const nothing: ReadonlyArray<never> = []
const cut = "[truncated]"
const circular = "[circular]"

/** An object that is put together. */
class Table {
  readonly out: Record<string, unknown> = {}
  count = 0
  /** Entries that there was no room for. */
  left = 0
  /** The name that was set last. */
  last: string | undefined
  /** Each name comes once. */
  unique: boolean
  constructor(unique: boolean) {
    this.unique = unique
  }
}

const isIndex = (key: string): boolean => {
  const first = key.charCodeAt(0)
  return first >= code.zero && first <= code.nine
}

/** Turns any value into plain JSON-safe data without secrets. */
export const make = ({ judge, limits, onFault, text, url }: WalkerOptions): Walker => {
  const begin = (level: number): Walk => ({ entries: 0, length: 0, changed: false, ancestors: undefined, level })

  const fields = Fields.make(judge, (key) => text(key, 0))

  const string = (value: string, walk: Walk, scrub: (value: string, level: number) => string = text): string =>
    written(value, walk.length >= limits.totalLength ? cut : scrub(value, walk.level), walk)

  /** Every text that is written counts, so that a second walk over the result has no more to count than the first. */
  const written = (before: unknown, after: string, walk: Walk): string => {
    if (walk.length >= limits.totalLength) return replaced(cut, before, walk)
    walk.length += Math.max(after.length, typeof before === "string" ? Math.min(before.length, limits.length) : 0)
    return replaced(after, before, walk)
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
        return written(value, `[symbol ${text(value.description ?? "", walk.level)}]`, walk)
      case "function":
        return written(value, "[function]", walk)
    }
    if (value === null || value === undefined) return value
    if (++walk.entries > limits.entries || depth > limits.depth) return written(value, cut, walk)
    const ancestors = walk.ancestors ??= new Set()
    if (ancestors.has(value)) return written(value, circular, walk)
    ancestors.add(value)
    try {
      return object(value, owner, depth, walk)
    } catch {
      // A Proxy or an iterator that throws is an answer to show, not a fault of ours.
      return written(value, unreadable, walk)
    } finally {
      ancestors.delete(value)
    }
  }

  const number = (value: number, walk: Walk): unknown => {
    if (!Number.isFinite(value)) return written(value, String(value), walk)
    if (value >= 1e12 && Number.isSafeInteger(value) && isCard(String(value))) return written(value, mark, walk)
    return value === 0 ? 0 : value
  }

  /** A value under its key: the key decides first. */
  const named = (key: string, value: unknown, owner: string | undefined, depth: number, walk: Walk): unknown =>
    judged(fields.within(key, owner), key, value, depth, walk)

  const judged = (field: Fields.Field, key: string, value: unknown, depth: number, walk: Walk): unknown => {
    switch (field.verdict.class) {
      case "sensitive":
        return typeof value === "number" && isCount(String(value), field.verdict) ? value : secret(value, walk)
      case "identifier":
        return identifier(key, value, depth, walk)
      case "plain":
        if (typeof value === "string") return namedText(field, key, value, walk)
        return (field.headers ? rawHeaders(value, depth, walk) : undefined) ?? any(value, key, depth, walk)
    }
  }

  const namedText = (field: Fields.Field, key: string, value: string, walk: Walk): string => {
    if (field.reads === "trace" && Fields.isTraceId(value)) return value
    if (walk.length >= limits.totalLength) return written(value, cut, walk)
    switch (field.reads) {
      case "text":
      case "trace":
        return written(value, text(value, walk.level, key), walk)
      case "query":
        return written(value, value.startsWith("?") ? url(value) : url(`?${value}`).slice(1), walk)
      case "url":
        return written(value, url(value), walk)
    }
  }

  /** `rawHeaders` of Node's requests: names and values in turn. */
  const rawHeaders = (value: unknown, depth: number, walk: Walk): unknown => {
    const items = listed(value, limits.breadth + 1)
    if (items === undefined) return undefined
    let name: unknown
    let i = 0
    return entries(items, depth, walk, (item) => {
      const shown = i++ % 2 === 1 && typeof name === "string"
        ? named(name, item, undefined, depth + 1, walk)
        : any(item, undefined, depth + 1, walk)
      name = shown
      return shown ?? null
    })
  }

  const secret = (value: unknown, walk: Walk): unknown => {
    if (value === null || value === undefined || typeof value === "boolean") return value
    const harmless = typeof value === "string" && (isHarmless(value) || isMark(value))
    return written(value, harmless ? value : mark, walk)
  }

  /** `:portfolio_id`, `{id}`, `*`: an id can be written like a template, but hardly like that of an id. */
  const standsForId = (value: string): boolean => {
    if (value === mark || isMark(value)) return true
    const verdict = judge(value)
    const last = verdict.words[verdict.words.length - 1]
    return verdict.class === "identifier" || last === undefined || last === "id" || last === "ids" || last === "uuid"
  }

  const identifier = (key: string, value: unknown, depth: number, walk: Walk): unknown => {
    if (typeof value === "string") {
      return written(value, isTemplate(value) && !standsForId(value) ? pseudonym(value) : identify(value), walk)
    }
    if (typeof value === "number" || typeof value === "bigint") return written(value, identify(String(value)), walk)
    if (isList(value)) {
      return entries(value, depth, walk, (item) => identifier(key, item, depth + 1, walk) ?? null)
    }
    const shown = any(value, key, depth, walk)
    if (isArray(shown)) return identifier(key, shown, depth, walk)
    return typeof shown === "string" ? replaced(identify(shown), shown, walk) : shown
  }

  const object = (value: object, owner: string | undefined, depth: number, walk: Walk): unknown => {
    if (Redacted.isRedacted(value)) return written(value, mark, walk)
    if (isList(value)) {
      let before: unknown
      const item = (item: unknown) => {
        const shown = isFlag(before)
          ? named(before, item, undefined, depth + 1, walk)
          : any(item, owner, depth + 1, walk)
        before = shown
        return shown ?? null
      }
      const each = arePairs(listed(value, 64) ?? []) ?
        (part: unknown) => isList(part) ? pair(part, owner, depth + 1, walk) : item(part) :
        item
      return entries(value, depth, walk, each)
    }
    if (value instanceof Error) return error(value, depth, walk)
    if (value instanceof Map) return map(value, owner, depth, walk)
    if (value instanceof Date) {
      return written(value, Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString(), walk)
    }
    if (value instanceof URL) return string(value.href, walk, url)
    if (value instanceof RegExp) return string(String(value), walk)
    const bytes = bytesOf(value)
    if (bytes !== undefined) return written(value, binary(bytes), walk)
    if (value instanceof Headers || value instanceof URLSearchParams || value instanceof FormData) {
      return record(value.entries(), undefined, depth, walk, nameOf(Object.fromEntries(value.entries())))
    }
    if (value instanceof Promise) return written(value, "[promise]", walk)
    if (Redactable.isRedactable(value)) {
      const shown = Redactable.getRedacted(value)
      if (shown !== value) return any(shown, owner, depth + 1, walk)
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      const shown: unknown = value.toJSON()
      if (shown !== value) return any(shown, owner, depth + 1, walk)
    }
    // Boxed strings and numbers, decimals.
    const primitive: unknown = typeof value.valueOf === "function" ? value.valueOf() : value
    if (typeof primitive !== "object") return any(primitive, owner, depth, walk)
    const keys = Object.keys(value)
    const count = countBytes(value, keys)
    if (count !== undefined) return written(value, binary(count), walk)
    return properties(value, keys, owner, depth, walk, nameOf(value))
  }

  /** An array of what `each` makes of the first items; where there are more, the last one says how many. */
  const entries = (
    items: ReadonlyArray<unknown> | ReadonlySet<unknown>,
    depth: number,
    walk: Walk,
    each: (item: unknown) => unknown
  ): unknown => {
    if (depth > limits.depth) return written(items, cut, walk)
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
    if (size > shown) out.push(written(items, `[truncated ${size - shown}]`, walk))
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
      return written(item, unreadable, walk)
    }
    return each(item)
  }

  const map = (value: ReadonlyMap<unknown, unknown>, owner: string | undefined, depth: number, walk: Walk): unknown => {
    for (const key of value.keys()) {
      if (typeof key === "string") continue
      const pairs = new Set(take(value, limits.breadth + 1))
      return entries(pairs, depth, walk, (item) => pair(item, owner, depth + 1, walk))
    }
    const records = value as ReadonlyMap<string, unknown>
    const name = records.has("value") ? records.get("name") ?? records.get("key") : undefined
    return record(records, owner, depth, walk, typeof name === "string" ? name : undefined)
  }

  /** `[key, value]`, the value judged by its key where that is text; it counts as a value of its own. */
  const pair = (item: unknown, owner: string | undefined, depth: number, walk: Walk): unknown => {
    const parts = listed(item, 2)
    if (parts === undefined || ++walk.entries > limits.entries || depth > limits.depth) return written(item, cut, walk)
    const key = any(parts[0], undefined, depth + 1, walk) ?? null
    const content = typeof key === "string"
      ? named(key, parts[1], undefined, depth + 1, walk)
      : any(parts[1], owner, depth + 1, walk)
    return [key, content ?? null]
  }

  /** An object of what each property's name makes of its value. */
  const properties = (
    value: object,
    keys: ReadonlyArray<string>,
    owner: string | undefined,
    depth: number,
    walk: Walk,
    name?: string
  ): Record<string, unknown> => {
    const table = new Table(true)
    for (const key of keys) if (!entry(table, key, property(value, key), owner, depth, walk, name)) break
    return settled(table, walk)
  }

  /** The same of entries, whose keys may come twice. */
  const record = (
    items: Iterable<readonly [string, unknown]>,
    owner: string | undefined,
    depth: number,
    walk: Walk,
    name?: string
  ): Record<string, unknown> => {
    const table = new Table(false)
    for (const [key, of] of items) if (!entry(table, key, of, owner, depth, walk, name)) break
    return settled(table, walk)
  }

  /** Adds an entry; answers whether there is room for another. */
  const entry = (
    table: Table,
    key: string,
    of: unknown,
    owner: string | undefined,
    depth: number,
    walk: Walk,
    name: string | undefined
  ): boolean => {
    if (table.count >= limits.breadth) return ++table.left <= limits.breadth
    const field = fields.of(key)
    const content = name !== undefined && key === "value"
      ? named(name, of, owner, depth + 1, walk)
      : field.owned
      ? named(key, of, owner, depth + 1, walk)
      : judged(field, key, of, depth + 1, walk)
    if (content === undefined) return true
    put(table, field.shown, key, content, walk)
    table.count++
    return true
  }

  const settled = (table: Table, walk: Walk): Record<string, unknown> => {
    const { last, left, out } = table
    if (left > 0 && last !== undefined) {
      delete out[last]
      put(table, cut, cut, left + 1, walk)
      walk.changed = true
    }
    return out
  }

  /** Names that are shown as they are need no object to be told apart. */
  const keyValues = (
    items: ReadonlyArray<unknown>,
    clean: ReadonlyArray<unknown>
  ): Array<unknown> | undefined => {
    if (items.length > 2 * limits.breadth) return undefined
    const walk = begin(0)
    // Made as long as it will be, since a list that grows keeps room for more.
    // oxlint-disable-next-line unicorn/no-new-array
    const out = new Array<unknown>(items.length)
    let length = 0
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] as string
      let content = items[i + 1]
      if (content === clean[i + 1] && key === clean[i] && walk.length < limits.totalLength) {
        if (typeof content === "string") walk.length += content.length
      } else {
        const field = fields.of(key)
        // An object has an order of its own for numbers, and `__proto__` is no name like others.
        if (field.shown !== key || key === cut || key === "__proto__" || isIndex(key)) return undefined
        content = judged(field, key, content, 1, walk)
        if (content === undefined) continue
      }
      out[length++] = key
      out[length++] = content
    }
    // Telling an array its length takes as long as filling it.
    if (length < items.length) out.length = length
    return out
  }

  /** Sets a property whose name may itself hold a secret; names that become equal are numbered. */
  const put = (table: Table, shown: string, key: string, content: unknown, walk: Walk): void => {
    const { out } = table
    let name = shown
    if (shown !== key) walk.changed = true
    if (shown !== key || shown === cut) table.unique = false
    if (!table.unique) { for (let i = 2; Object.hasOwn(out, name); i++) name = `${shown} (${i})` }
    // Assigning `__proto__` would set the prototype.
    if (name === "__proto__") {
      Object.defineProperty(out, name, { value: content, enumerable: true, configurable: true, writable: true })
    } else out[name] = content
    table.last = name
  }

  const error = (value: Error, depth: number, walk: Walk): unknown => {
    const keys = ["name", "message", "stack", "cause", "errors"].filter((key) => key in value)
    for (const key of Object.keys(value)) if (!keys.includes(key)) keys.push(key)
    return properties(value, keys, undefined, depth, walk, nameOf(value))
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
        Symbol.iterator in items
          ? record(items, undefined, 0, begin(0))
          : properties(items, Object.keys(items), undefined, 0, begin(0))
      )
      return typeof shown === "string" ? { [unreadable]: true } : shown
    },
    listed: (items, clean = nothing) => {
      const shown = guarded(() => keyValues(items, clean))
      return typeof shown === "string" ? [unreadable, true] : shown
    },
    json: (source, level, owner) => {
      let parsed: unknown
      try {
        parsed = JSON.parse(source)
      } catch {
        return undefined
      }
      const walk = begin(level + 1)
      const scrubbed = any(parsed, owner, 0, walk)
      return walk.changed ? JSON.stringify(scrubbed) : source
    }
  }
}
