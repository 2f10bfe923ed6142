import * as Result from "effect/Result"
import { DecodeError } from "./DecodeError.ts"

/** Sentry's envelope (https://develop.sentry.dev/sdk/foundations/envelopes/): a header line, then items. */

export type Json = string | number | boolean | null | ReadonlyArray<Json> | JsonObject
export type JsonObject = { readonly [key: string]: Json }

/**
 * One item of an envelope. `payload` is the parsed JSON, or the bytes where the item is no JSON (an attachment).
 */
export interface ReceivedItem {
  readonly type: string
  readonly envelopeHeaders: JsonObject
  readonly itemHeaders: JsonObject
  readonly payload: Json | Uint8Array
}

/**
 * An item of type `event`, with what tests ask for most: `traceId` and `spanId` are those of `contexts.trace`,
 * `envelopeTraceId` that of the envelope's header (they should agree), `exceptions` in Sentry's order (root cause
 * first).
 */
export interface ReceivedEvent extends ReceivedItem {
  readonly type: "event"
  readonly payload: JsonObject
  readonly eventId: string | undefined
  readonly level: string | undefined
  readonly message: string | undefined
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly envelopeTraceId: string | undefined
  readonly exceptions: ReadonlyArray<{ readonly type: string | undefined; readonly value: string | undefined }>
}

/** True for a JSON object (no array, no bytes). */
export const isObject = (value: Json | Uint8Array | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const at = (value: Json | Uint8Array | undefined, ...path: ReadonlyArray<string>): Json | undefined => {
  let current: Json | Uint8Array | undefined = value
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current instanceof Uint8Array ? undefined : current
}

const string = (value: Json | undefined): string | undefined => typeof value === "string" ? value : undefined

const parse = (line: Uint8Array): Json | undefined => {
  try {
    return JSON.parse(Buffer.from(line).toString("utf8")) as Json
  } catch {
    // No JSON: the caller decides whether that is an error (a header) or bytes (an attachment).
    return undefined
  }
}

const header = (line: Uint8Array, what: string, offset: number): JsonObject => {
  const value = parse(line)
  if (isObject(value)) return value
  throw new DecodeError({ format: "envelope", reason: `${what} is no JSON object`, offset })
}

/** True when the item is an error event. */
export const isEvent = (item: ReceivedItem): item is ReceivedEvent => item.type === "event" && "eventId" in item

const toItem = (envelopeHeaders: JsonObject, itemHeaders: JsonObject, bytes: Uint8Array): ReceivedItem => {
  const type = string(itemHeaders["type"]) ?? ""
  const parsed = parse(bytes)
  const item: ReceivedItem = { type, envelopeHeaders, itemHeaders, payload: parsed === undefined ? bytes : parsed }
  if (type !== "event" || !isObject(parsed)) return item
  const values = at(parsed, "exception", "values")
  const event: ReceivedEvent = {
    ...item,
    type: "event",
    payload: parsed,
    eventId: string(at(parsed, "event_id")),
    level: string(at(parsed, "level")),
    message: string(at(parsed, "message")) ?? string(at(parsed, "logentry", "message")),
    traceId: string(at(parsed, "contexts", "trace", "trace_id")),
    spanId: string(at(parsed, "contexts", "trace", "span_id")),
    envelopeTraceId: string(at(envelopeHeaders, "trace", "trace_id")),
    exceptions: Array.isArray(values)
      ? values.map((value: Json) => ({ type: string(at(value, "type")), value: string(at(value, "value")) }))
      : []
  }
  return event
}

/** The items of an envelope, in order. */
export const decode = (bytes: Uint8Array): Result.Result<ReadonlyArray<ReceivedItem>, DecodeError> => {
  let offset = 0
  const line = (): Uint8Array => {
    const end = bytes.indexOf(0x0a, offset)
    const found = bytes.subarray(offset, end === -1 ? bytes.length : end)
    offset = end === -1 ? bytes.length : end + 1
    return found
  }
  try {
    const envelopeHeaders = header(line(), "the envelope's header", 0)
    const items: Array<ReceivedItem> = []
    while (offset < bytes.length) {
      const start = offset
      const headerLine = line()
      if (headerLine.length === 0) continue
      const itemHeaders = header(headerLine, "an item's header", start)
      const length = itemHeaders["length"]
      if (typeof length === "number") {
        if (!Number.isInteger(length) || length < 0 || length > bytes.length - offset) {
          throw new DecodeError({ format: "envelope", reason: `an item of ${length} bytes is cut off`, offset })
        }
        items.push(toItem(envelopeHeaders, itemHeaders, bytes.subarray(offset, offset + length)))
        offset += length
        if (bytes[offset] === 0x0a) offset++
      } else {
        items.push(toItem(envelopeHeaders, itemHeaders, line()))
      }
    }
    return Result.succeed(items)
  } catch (error) {
    if (error instanceof DecodeError) return Result.fail(error)
    throw error
  }
}
