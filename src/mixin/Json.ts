/** Reading what may have any shape. */

/** The fields of an object; none where it is no object. */
export type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The fields of a value; none where it is no object. */
export const fields = (value: unknown): Fields => isFields(value) ? value : {}

/** The elements of a value; none where it is no list. */
export const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

/** A text; the empty one where it is none. */
export const text = (value: unknown): string => typeof value === "string" ? value : ""

/** A number; undefined where it is none. */
export const number = (value: unknown): number | undefined => typeof value === "number" ? value : undefined

/** What occurs more than once, each once. */
export const repeated = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> => [
  ...new Set(values.filter((value, index) => values.indexOf(value) !== index))
]
