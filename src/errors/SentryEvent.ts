/**
 * An event in the form that Sentry takes.
 */
import type { Event, Exception, StackFrame } from "@sentry/node"
import type { ErrorEvent } from "./ErrorEvent.ts"

/** Reads the frames of a stack; Sentry's own parser, handed in so that this module loads nothing. */
export type StackParser = (stack: string) => Array<StackFrame>

// A line of Effect's that names a span but no place would be read as a file of that name.
const located = /:\d+(:\d+)?\)?$|<anonymous>\)?$|\(native\)$/

const framesOf = (stack: string, parse: StackParser): Array<StackFrame> =>
  parse(["Error", ...stack.split("\n").filter((line) => located.test(line))].join("\n"))

const exceptionsOf = (event: ErrorEvent, parse: StackParser): Array<Exception> =>
  event.exceptions.map((exception, index): Exception => ({
    type: exception.type,
    value: exception.value,
    ...(exception.stack === undefined ? {} : { stacktrace: { frames: framesOf(exception.stack, parse) } }),
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

/** The payload of an event; its trace is told by the scope that it is captured with. */
export const make = (event: ErrorEvent, parse: StackParser): Event => ({
  event_id: event.id,
  timestamp: event.timestamp / 1000,
  level: event.level,
  platform: "node",
  release: event.release,
  environment: event.environment,
  fingerprint: [...event.fingerprint],
  tags: { ...event.tags },
  extra: { ...event.extra },
  breadcrumbs: event.breadcrumbs.map(({ category, data, level, message, timestamp }) => ({
    category,
    level,
    message,
    timestamp: timestamp / 1000,
    ...(data === undefined ? {} : { data: { ...data } })
  })),
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
 * steps and texts of a scope that all share.
 */
export const withoutScopes = (prepared: Event, made: Event): Event => ({
  ...pick(prepared, [...namesOf(made), "sdk", "debug_meta", "sdkProcessingMetadata"]),
  ...pick(made, ["fingerprint", "level", "message", "transaction", "release", "environment"]),
  tags: pick(prepared.tags, namesOf(made.tags)),
  extra: pick(prepared.extra, namesOf(made.extra)),
  contexts: pick(prepared.contexts, ["trace", "runtime"]),
  ...(made.user === undefined ? {} : { user: pick(prepared.user, namesOf(made.user)) }),
  breadcrumbs: (prepared.breadcrumbs ?? []).slice(0, made.breadcrumbs?.length ?? 0)
})

// Ids that the tracker needs as they are, and what the user opted in to send.
const kept = new Set(["event_id", "trace_id", "span_id", "parent_span_id", "release", "email"])

/**
 * Passes every text of a finished payload through `text` once more: what an SDK or another user of it has added to the
 * event was not there when it was scrubbed.
 */
export const mapTexts = <A>(payload: A, text: (value: string) => string): A => {
  const seen = new Map<object, unknown>()
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return kept.has(key) ? value : text(value)
    if (typeof value !== "object" || value === null) return value
    const known = seen.get(value)
    if (known !== undefined) return known
    if (Array.isArray(value)) {
      const list: Array<unknown> = []
      seen.set(value, list)
      for (const each of value) list.push(walk(each, key))
      return list
    }
    const record: Record<string, unknown> = {}
    seen.set(value, record)
    for (const [name, each] of Object.entries(value)) {
      // The SDK's own bookkeeping holds scopes and never leaves.
      record[name] = name === "sdkProcessingMetadata" ? each : walk(each, name)
    }
    return record
  }
  return walk(payload, "") as A
}
