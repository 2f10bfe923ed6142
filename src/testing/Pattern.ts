/**
 * What a test says of a value: partial, readable, and the same for spans, events and log lines.
 *
 * An object asks for the fields that it names and leaves the others open (`undefined` asks for absence), an array for
 * exactly its elements, a regular expression for a text that it finds something in, a function for its `true`.
 */
import * as Equal from "effect/Equal"
import * as Formatter from "effect/Formatter"
import * as Predicate from "effect/Predicate"

/** A pattern for values of which the compiler knows nothing, such as the attributes of a span. */
export type AnyPattern =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | RegExp
  | ReadonlyArray<unknown>
  | { readonly [key: string]: unknown }
  | ((actual: unknown) => boolean)

/** A pattern for values of type `A`. */
export type Pattern<A> = unknown extends A ? AnyPattern : Form<A> | ((actual: A) => boolean)

type Form<A> = A extends string ? A | RegExp
  : A extends ReadonlyArray<infer Element> ? ReadonlyArray<Pattern<Element>>
  : A extends object ? { readonly [Key in keyof A]?: Pattern<A[Key]> | undefined }
  : A

/** One place where a value is not as expected. */
export interface Difference {
  /** Such as `tags.route`; empty for the value itself. */
  readonly path: string
  readonly expected: string
  readonly actual: string
}

/** How much of a value a message shows, in characters. */
const maxShown = 500

/** A value on one line, cut where it gets long. */
export const show = (value: unknown): string => {
  const shown = Formatter.format(value)
  return shown.length > maxShown ? `${shown.slice(0, maxShown)}…` : shown
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const at = (path: string, key: string): string => path === "" ? key : `${path}.${key}`

const one = (path: string, expected: string, actual: unknown): ReadonlyArray<Difference> => [
  { path, expected, actual: actual === undefined ? "absent" : show(actual) }
]

/** How a value differs from a pattern; empty when it does not. */
export const differences = (expected: unknown, actual: unknown, path = ""): ReadonlyArray<Difference> => {
  if (expected === undefined) return actual === undefined ? [] : one(path, "absent", actual)
  if (Predicate.isRegExp(expected)) {
    // Of a pattern with the flag `g` or `y` the match would depend on the one before.
    const found = typeof actual === "string" &&
      new RegExp(expected.source, expected.flags.replace(/[gy]/g, "")).test(actual)
    return found ? [] : one(path, String(expected), actual)
  }
  if (typeof expected === "function") {
    const accept = expected as (value: unknown) => unknown
    return accept(actual) === true ? [] : one(path, `a value that satisfies ${accept.name || String(accept)}`, actual)
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return one(path, show(expected), actual)
    if (actual.length !== expected.length) {
      return [{ path, expected: `${expected.length} elements`, actual: `${actual.length}: ${show(actual)}` }]
    }
    return expected.flatMap((each, index) => differences(each, actual[index], `${path}[${index}]`))
  }
  if (isPlain(expected)) {
    if (!Predicate.isObject(actual)) return one(path, show(expected), actual)
    return Object.keys(expected).flatMap((key) => differences(expected[key], Reflect.get(actual, key), at(path, key)))
  }
  return Equal.equals(expected, actual) ? [] : one(path, show(expected), actual)
}

/** A difference in words. */
export const describe = ({ actual, expected, path }: Difference): string =>
  `${path === "" ? "" : `${path}: `}expected ${expected}, was ${actual}`

/** A pattern as it is shown in a message; a function by its name, if it has one. */
export const showPattern = (pattern: unknown): string =>
  typeof pattern === "function" && pattern.name !== "" ? pattern.name : show(pattern)

interface Candidate<A> {
  readonly value: A
  readonly differences: ReadonlyArray<Difference>
}

/** The first value that a pattern fits, or else the one that it fits best. */
export const closest = <A>(values: ReadonlyArray<A>, expected: unknown): Candidate<A> | undefined => {
  let best: Candidate<A> | undefined
  for (const value of values) {
    const found = differences(expected, value)
    if (best === undefined || found.length < best.differences.length) best = { value, differences: found }
    if (found.length === 0) break
  }
  return best
}
