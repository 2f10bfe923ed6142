/**
 * Errors as text: type, message, stack, and what they were caused by.
 *
 * Everything here runs in the fiber that failed, because a message may be a getter that reads it, and is bounded,
 * because a chain of causes may be endless.
 */
import * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"
import * as Observation from "../Observation.ts"
import * as Cut from "../scrubber/Cut.ts"
import type { ExceptionValue } from "./ErrorEvent.ts"
import { type Failure, httpServerResponseKey, valueOf } from "./Expected.ts"

/** How many errors one event tells of; Sentry's own limit for linked errors is 5 a chain. */
export const maxExceptions = 10

/** How long a scrubbed message or stack may be, in characters; Sentry cuts a message at 8,192. */
export const maxText = 16_384

/**
 * How many stacks are remembered, and of how many characters: few places of a program fail, and each has its stack, of
 * about 100 characters a frame.
 */
export const rememberedStacks = [32, 4_096] as const

const cut = (text: string): string => Cut.before(text, maxText)

/** What `body` answers, or `otherwise` where it throws. */
export const attempt = <A>(body: () => A, otherwise: A): A => {
  try {
    return body()
  } catch {
    // An error whose own getters throw is still an error to be told of.
    return otherwise
  }
}

/** The type of an error: its `_tag`, else its name, else the kind of value. */
export const typeOf = (error: unknown): string => {
  const type = attempt(
    () => Predicate.hasProperty(error, httpServerResponseKey) ? "HttpServerResponse" : Observation.errorType(error),
    "unreadable error"
  )
  return type === "" ? "Error" : cut(type)
}

/** The message of an error, or the value itself where it is a primitive. */
export const messageOf = (error: unknown): string =>
  cut(attempt(() => {
    if (Predicate.isObject(error) || typeof error === "function") {
      const message: unknown = Reflect.get(error, "message")
      if (typeof message === "string") return message
      const status: unknown = Reflect.get(error, "status")
      return typeof status === "number" ? `status ${status}` : ""
    }
    return String(error)
  }, "unreadable message"))

// Effect adds the spans around a failure to its stack, and leaves out the frames of its own run loop.
const stackOf = (error: unknown, reason: Failure | undefined): string | undefined =>
  attempt(() => {
    const pretty = reason !== undefined
      ? Cause.prettyErrors(Cause.fromReasons([reason]))[0]
      : Predicate.isObject(error)
      ? Cause.prettyErrors(Cause.fail(error))[0]
      : undefined
    const stack = pretty?.stack
    if (stack === undefined) return undefined
    const frames = stack.split("\n").filter((line) => line.startsWith("    at "))
    return frames.length === 0 ? undefined : cut(frames.join("\n"))
  }, undefined)

const linkedOf = (error: unknown): ReadonlyArray<readonly [source: string, value: unknown]> =>
  attempt(() => {
    if (!Predicate.isObject(error)) return []
    const linked: Array<readonly [string, unknown]> = []
    const cause: unknown = error["cause"]
    if (Cause.isCause(cause)) {
      cause.reasons.forEach((reason, index) => {
        if (reason._tag !== "Interrupt") linked.push([`cause.reasons[${index}]`, valueOf(reason)])
      })
    } else if (cause !== undefined && cause !== null) linked.push(["cause", cause])
    const errors: unknown = error["errors"]
    if (error instanceof AggregateError && Array.isArray(errors)) {
      errors.slice(0, maxExceptions).forEach((each, index) => linked.push([`errors[${index}]`, each]))
    }
    return linked
  }, [])

/** The exceptions of an event: the first failure, then the other ones and everything that any of them was caused by. */
export const fromFailures = (failures: ReadonlyArray<Failure>): ReadonlyArray<ExceptionValue> => {
  const exceptions: Array<ExceptionValue> = []
  const seen = new Set<unknown>()
  const queue: Array<{
    readonly value: unknown
    readonly reason: Failure | undefined
    readonly parent: number | undefined
    readonly source: string | undefined
  }> = failures.map((reason, index) => ({
    value: valueOf(reason),
    reason,
    parent: index === 0 ? undefined : 0,
    source: index === 0 ? undefined : `reasons[${index}]`
  }))
  for (let at = 0; at < queue.length && exceptions.length < maxExceptions; at++) {
    const { parent, reason, source, value } = queue[at]!
    if (Predicate.isObject(value)) {
      if (seen.has(value)) continue
      seen.add(value)
    }
    const index = exceptions.length
    exceptions.push({ type: typeOf(value), value: messageOf(value), stack: stackOf(value, reason), parent, source })
    for (const [from, linked] of linkedOf(value)) {
      queue.push({ value: linked, reason: undefined, parent: index, source: from })
    }
  }
  return exceptions
}

const shown = new Set(["_tag", "name", "message", "stack", "cause", "errors"])

const isPlain = (value: unknown): boolean => {
  if (typeof value === "function" || typeof value === "symbol" || value === undefined) return false
  if (!Predicate.isObject(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

/** The fields that a tagged error carries beside its message, as far as they are plain data. */
export const fieldsOf = (error: unknown): Record<string, unknown> =>
  attempt(() => {
    const fields: Record<string, unknown> = {}
    if (!Predicate.isObject(error) || Array.isArray(error)) return fields
    for (const key of Object.keys(error).slice(0, 32)) {
      if (shown.has(key) || key.startsWith("~")) continue
      const value = attempt(() => error[key], undefined)
      if (isPlain(value)) fields[key] = value
    }
    return fields
  }, {})
