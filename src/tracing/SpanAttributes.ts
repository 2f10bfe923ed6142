/**
 * Attributes of our own spans: keys and values in turn in one array, which is smaller and faster to make than an object.
 */
import type * as Otel from "@opentelemetry/api"
import * as Inspectable from "effect/Inspectable"

/** Keys and values in turn; a value that is undefined has not come yet. */
export type Flat = Array<unknown>

const isPrimitive = (value: unknown): value is string | number | boolean => {
  const type = typeof value
  return type === "string" || type === "number" || type === "boolean"
}

/** Whether a value goes into a span as it is. */
export const isPlain = isPrimitive

/**
 * A value as OpenTelemetry can carry it, the same as `@effect/opentelemetry` makes of it. What can be changed later is
 * copied.
 */
export const carried = (value: unknown): Otel.AttributeValue => {
  if (isPrimitive(value)) return value
  if (Array.isArray(value) && isUniform(value)) return value.slice()
  return typeof value === "bigint" ? value.toString() : Inspectable.toStringUnknown(value)
}

const isUniform = (values: ReadonlyArray<unknown>): values is Array<string> | Array<number> | Array<boolean> =>
  values.every((item) => isPrimitive(item) && typeof item === typeof values[0])

/** Where the value of a key is; -1 where it is not. */
export const indexOf = (flat: ReadonlyArray<unknown>, key: string): number => {
  for (let index = 0; index < flat.length; index += 2) {
    if (flat[index] === key) return index + 1
  }
  return -1
}

/** As the object that OpenTelemetry has for them. */
export const toObject = (...parts: ReadonlyArray<ReadonlyArray<unknown> | undefined>): Otel.Attributes => {
  const object: Otel.Attributes = {}
  for (const flat of parts) {
    if (flat === undefined) continue
    for (let index = 0; index < flat.length; index += 2) {
      const value = flat[index + 1] as Otel.AttributeValue | undefined
      if (value !== undefined) object[flat[index] as string] = value
    }
  }
  return object
}

/** Those of an event or a link, at most so many, and how many were too many. */
export const bounded = (
  attributes: Readonly<Record<string, unknown>> | undefined,
  limit: number
): { readonly attributes: Otel.Attributes; readonly dropped: number } => {
  const kept: Otel.Attributes = {}
  let count = 0
  let dropped = 0
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key === "") continue
    if (count >= limit) dropped++
    else {
      kept[key] = carried(value)
      count++
    }
  }
  return { attributes: kept, dropped }
}
