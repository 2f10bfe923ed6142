/**
 * An event in the form that Sentry takes.
 */
import type { Event, Exception, StackFrame } from "@sentry/node"
import { remembering } from "../scrubber/Memory.ts"
import type { ErrorEvent } from "./ErrorEvent.ts"
import { rememberedStacks } from "./Exceptions.ts"

/** Reads the frames of a stack; Sentry's own parser, handed in so that this module loads nothing. */
export type StackParser = (stack: string) => Array<StackFrame>

// A line of Effect's that names a span but no place would be read as a file of that name.
const located = /:\d+(:\d+)?\)?$|<anonymous>\)?$|\(native\)$/

/** Makes a parser of it that reads a stack once. */
export const rememberingParser = (parse: StackParser): StackParser => {
  const read = remembering(
    (stack) => parse(["Error", ...stack.split("\n").filter((line) => located.test(line))].join("\n")),
    ...rememberedStacks
  )
  // The SDK notes things on frames.
  return (stack) => read(stack).map((frame) => ({ ...frame }))
}

const exceptionsOf = (event: ErrorEvent, parse: StackParser): Array<Exception> =>
  event.exceptions.map((exception, index): Exception => ({
    type: exception.type,
    value: exception.value,
    ...(exception.stack === undefined ? {} : { stacktrace: { frames: parse(exception.stack) } }),
    mechanism: index === 0
      ? {
        type: "effect",
        handled: event.handled,
        exception_id: 0,
        ...(event.exceptions.some(({ source }) => source !== undefined && source !== "cause")
          ? { is_exception_group: true }
          : {})
      }
      : {
        type: "chained",
        handled: event.handled,
        exception_id: index,
        parent_id: exception.parent ?? 0,
        source: exception.source ?? "cause"
      }
  })).toReversed() // Sentry wants what happened last at the end.

// So deep does Sentry's SDK show what it is given, unless it is told otherwise.
const shownDepth = 3

/**
 * A copy of plain data down to a depth, below which only kinds are told: what the SDK's own `normalize` makes of it,
 * which would look at each value for much that scrubbed data can't be.
 */
export const shown = (value: unknown, depth: number): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return depth === 0 ? "[Array]" : value.map((each) => shown(each, depth - 1))
  return depth === 0 ? "[Object]" : shownRecord(value as Readonly<Record<string, unknown>>, depth)
}

const shownRecord = (record: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> => {
  const copy: Record<string, unknown> = { ...record }
  for (const name of Object.keys(copy)) {
    const value = copy[name]
    if (typeof value === "object") copy[name] = shown(value, depth - 1)
  }
  return copy
}

/** The payload of an event; its trace is told by the scope that it is captured with. */
export const make = (event: ErrorEvent, parse: StackParser): Event => ({
  event_id: event.id,
  timestamp: event.timestamp / 1000,
  level: event.level,
  platform: "node",
  environment: event.environment,
  fingerprint: [...event.fingerprint],
  tags: { ...event.tags },
  extra: shownRecord(event.extra, shownDepth),
  breadcrumbs: event.breadcrumbs.map(({ category, data, level, message, timestamp }) => ({
    category,
    level,
    message,
    timestamp: timestamp / 1000,
    ...(data === undefined ? {} : { data: shownRecord(data, shownDepth) })
  })),
  ...(event.release === undefined ? {} : { release: event.release }),
  ...(event.transaction === undefined ? {} : { transaction: event.transaction }),
  ...(event.message === undefined ? {} : { message: event.message }),
  ...(event.exceptions.length === 0 ? {} : { exception: { values: exceptionsOf(event, parse) } }),
  ...(event.user === undefined ? {} : {
    user: {
      id: event.user.id,
      ...(event.user.role === undefined ? {} : { role: event.user.role }),
      ...(event.user.email === undefined ? {} : { email: event.user.email })
    }
  })
})

const pick = <A extends object>(from: A | undefined, names: Iterable<string>): Partial<A> => {
  const picked: Record<string, unknown> = {}
  for (const name of names) {
    const value: unknown = from === undefined ? undefined : Reflect.get(from, name)
    if (value !== undefined) picked[name] = value
  }
  return picked as Partial<A>
}

const namesOf = (record: object | undefined): ReadonlyArray<string> => Object.keys(record ?? {})

/** An event as it was made, with its trace: for one that the SDK does not prepare, since the program forbids it to. */
export const withTrace = (
  made: Event,
  { propagationSpanId, traceId }: { readonly traceId: string; readonly propagationSpanId?: string | undefined }
): Event => ({
  ...made,
  contexts: {
    ...made.contexts,
    ...(propagationSpanId === undefined ? {} : { trace: { trace_id: traceId, span_id: propagationSpanId } })
  }
})

/**
 * What the SDK has prepared, without what a program's own use of the SDK in the same process adds to it: tags, users,
 * steps and texts of a scope that all share. Where no code but the SDK's saw the event (`untouched`), it is as it was
 * made, and what the SDK has put beside that.
 */
export const withoutScopes = (prepared: Event, made: Event, untouched: boolean): Event => {
  const beside = {
    ...pick(prepared, ["sdk", "debug_meta", "sdkProcessingMetadata"]),
    contexts: pick(prepared.contexts, ["trace", "runtime"])
  }
  if (untouched) return { ...made, ...beside }
  return {
    ...pick(prepared, namesOf(made)),
    ...pick(made, ["fingerprint", "level", "message", "transaction", "release", "environment"]),
    ...beside,
    tags: pick(prepared.tags, namesOf(made.tags)),
    extra: pick(prepared.extra, namesOf(made.extra)),
    ...(made.user === undefined ? {} : { user: pick(prepared.user, namesOf(made.user)) }),
    breadcrumbs: (prepared.breadcrumbs ?? []).slice(0, made.breadcrumbs?.length ?? 0)
  }
}

// Ids that the tracker needs as they are, and what the user opted in to send.
const kept = new Set(["event_id", "trace_id", "span_id", "parent_span_id", "release", "email"])

// Of an event's parts the frames are the deepest, 7 levels down; what goes on for ever ends here.
const deepest = 12

// A value that can't be read has nothing to tell; the event that it was added to has.
const readable = <A>(read: () => A, otherwise: A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

const jsonOf = (value: object): unknown =>
  "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : value

/**
 * Passes every text of a finished payload through `text` once more: what another user of the SDK has added to the event
 * was not there when it was scrubbed.
 */
export const mapTexts = <A>(payload: A, text: (value: string) => string): A => {
  const seen = new Map<object, unknown>()
  const walk = (value: unknown, key: string, depth: number): unknown => {
    if (typeof value === "string") return kept.has(key) ? value : text(value)
    if (typeof value !== "object" || value === null) return value
    const known = seen.get(value)
    if (known !== undefined) return known
    if (depth > deepest) return "[Object]"
    if (Array.isArray(value)) {
      const list: Array<unknown> = []
      seen.set(value, list)
      for (const each of value) list.push(walk(each, key, depth + 1))
      return list
    }
    const json = readable(() => jsonOf(value), undefined)
    if (json !== value) return walk(json, key, depth + 1)
    const record: Record<string, unknown> = {}
    seen.set(value, record)
    for (const name of readable(() => Object.keys(value), [])) {
      const each: unknown = readable(() => Reflect.get(value, name), undefined)
      // The SDK's own bookkeeping holds scopes and never leaves.
      record[name] = name === "sdkProcessingMetadata" ? each : walk(each, name, depth + 1)
    }
    return record
  }
  return walk(payload, "", 0) as A
}

/** Passes those texts through `text` that were not there when the event was made. */
export const mapAdded = <A extends Event>(payload: A, made: Event, text: (value: string) => string): A => {
  const added = Object.keys(payload).filter((name) => !Object.hasOwn(made, name))
  return { ...payload, ...mapTexts(pick(payload, added), text) }
}
