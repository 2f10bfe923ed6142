/**
 * What is told of one failure: plain data that knows no vendor, made at the boundary where the failure arrives.
 *
 * An event is raw until the pipeline scrubs it, on its way to the sink; nothing else may send it.
 */
import type * as LogLevel from "effect/LogLevel"
import type { Breadcrumb } from "../Boundary.ts"

/** How grave an event is, in Sentry's words. */
export type Level = "fatal" | "error" | "warning" | "log" | "info" | "debug"

/** One error of an event: the failure itself, or one that it was caused by. */
export interface ExceptionValue {
  /** The `_tag` of the error, else its name, else the kind of value that was thrown. */
  readonly type: string
  readonly value: string
  /** The stack as text, without the line that repeats the message. */
  readonly stack: string | undefined
  /** The index of the exception that this one belongs to; `undefined` for the failure itself. */
  readonly parent: number | undefined
  /** Where it was found on its parent: `cause`, `errors[0]`, `reasons[1]`. */
  readonly source: string | undefined
}

/** The user on whose behalf the failing code ran; the id is a pseudonym once the event is scrubbed. */
export interface EventUser {
  readonly id: string
  readonly email?: string | undefined
  readonly role?: string | undefined
}

/** One failure or one message. */
export interface ErrorEvent {
  /** 32 hexadecimal digits. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly level: Level
  /** The text of a message; `undefined` where there is an exception. */
  readonly message: string | undefined
  /** The failure first, then what caused it. */
  readonly exceptions: ReadonlyArray<ExceptionValue>
  /** Whether the failure was a typed one; defects and crashes are not handled. */
  readonly handled: boolean
  /** Events with the same type and operation are one issue. */
  readonly fingerprint: readonly [type: string, operation: string]
  /** The operation that failed, the innermost that is known. */
  readonly operation: string
  /** The boundary at which the failure arrived: a method with its route template, or a job. */
  readonly transaction: string | undefined
  /** The span that failed. */
  readonly trace: { readonly traceId: string; readonly spanId: string } | undefined
  readonly user: EventUser | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly extra: Readonly<Record<string, unknown>>
  readonly breadcrumbs: ReadonlyArray<Breadcrumb>
  readonly release: string | undefined
  readonly environment: string
}

const levels: Record<LogLevel.LogLevel, Level> = {
  All: "debug",
  Trace: "debug",
  Debug: "debug",
  Info: "info",
  Warn: "warning",
  Error: "error",
  Fatal: "fatal",
  // No severity at all is Sentry's `log`: a message is not lost because its level says nothing.
  None: "log"
}

/** The level of an event for each level of Effect. */
export const levelOf = (level: LogLevel.LogLevel): Level => levels[level]
