/**
 * Makes an event of a failure, once it is to be sent, from what the failing fiber, its boundary and the failure itself know.
 */
import * as ErrorReporter from "effect/ErrorReporter"
import type * as Fiber from "effect/Fiber"
import type * as LogLevel from "effect/LogLevel"
import * as Predicate from "effect/Predicate"
import type * as Tracer from "effect/Tracer"
import * as Boundary from "../Boundary.ts"
import * as Cut from "../scrubber/Cut.ts"
import { type ErrorEvent, type Level, levelOf } from "./ErrorEvent.ts"
import { type CaptureOptions, CurrentTags, CurrentUser } from "./ErrorTracking.ts"
import type { Draft } from "./EventPipeline.ts"
import * as Exceptions from "./Exceptions.ts"
import { type Failure, valueOf } from "./Expected.ts"

/** How much of a message tells its kind, in characters. */
export const maxFingerprint = 256

/** What every event of a layer says of the program. */
export interface Program {
  /** `SERVICE_NAME@SERVICE_VERSION`; none where nobody told a version. */
  readonly release: string | undefined
  readonly environment: string
}

/** The circumstances of a capture. */
export interface Circumstances {
  readonly program: Program
  /** The fiber that failed; a crash has none. */
  readonly fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly options?: CaptureOptions | undefined
}

const newId = (): string => crypto.randomUUID().replaceAll("-", "")

const realTraceId = /^[0-9a-f]{32}$/

const traceOf = (
  failure: Boundary.FailureContext | undefined,
  boundary: Boundary.Boundary | undefined,
  fiber: Fiber.Fiber<unknown, unknown> | undefined
): ErrorEvent["trace"] => {
  const spans: ReadonlyArray<{ readonly traceId?: string | undefined; readonly spanId?: string | undefined }> = [
    failure,
    boundary?.span,
    fiber?.cache.span as Tracer.AnySpan | undefined
  ].filter((span) => span !== undefined)
  for (const { spanId, traceId } of spans) {
    // A span that tracing was switched off for has the trace id `noop`.
    if (traceId !== undefined && spanId !== undefined && realTraceId.test(traceId)) return { traceId, spanId }
  }
  return undefined
}

const boundaryOf = ({ fiber }: Circumstances): Boundary.Boundary | undefined =>
  fiber === undefined ? undefined : Boundary.ofFiber(fiber)

const operationOf = (circumstances: Circumstances, failure: Boundary.FailureContext | undefined): string => {
  const span = circumstances.fiber?.cache.span
  return circumstances.options?.operation ?? failure?.operation ?? boundaryOf(circumstances)?.operation ??
    (span?._tag === "Span" ? span.name : "unknown")
}

const around = (
  circumstances: Circumstances,
  failure: Boundary.FailureContext | undefined
): Pick<
  ErrorEvent,
  "timestamp" | "transaction" | "trace" | "user" | "tags" | "breadcrumbs" | "release" | "environment"
> => {
  const { fiber, options, program, timestamp } = circumstances
  const boundary = boundaryOf(circumstances)
  return {
    timestamp,
    transaction: boundary?.operation,
    trace: traceOf(failure, boundary, fiber),
    user: failure?.user ?? fiber?.getRef(CurrentUser) ?? boundary?.user,
    tags: {
      ...fiber?.getRef(CurrentTags),
      ...failure?.tags,
      ...options?.tags,
      ...(boundary?.method === undefined ? {} : { method: boundary.method }),
      ...(boundary?.route === undefined ? {} : { route: boundary.route }),
      ...(boundary?.requestId === undefined ? {} : { request_id: boundary.requestId })
    },
    breadcrumbs: boundary?.breadcrumbs ?? [],
    release: program.release,
    environment: program.environment
  }
}

// A severity counts only where the error states one: Effect's own default, `Info`, says nothing of an error.
const severityOf = (error: unknown, options: CaptureOptions | undefined): Level => {
  if (options?.severity !== undefined) return levelOf(options.severity)
  return Exceptions.attempt<Level>(
    () =>
      Predicate.isObject(error) && ErrorReporter.severity in error
        ? levelOf(ErrorReporter.getSeverity(error))
        : "error",
    "error"
  )
}

/**
 * The event of a failure, told in the order in which its reasons matter: a defect before a typed failure.
 */
export const ofFailures = (failures: ReadonlyArray<Failure>, circumstances: Circumstances): Draft => {
  const defects = failures.filter((reason) => reason._tag === "Die")
  const ordered = [...defects, ...failures.filter((reason) => reason._tag === "Fail")]
  const error = ordered[0] === undefined ? undefined : valueOf(ordered[0])
  const { options } = circumstances
  const failure = boundaryOf(circumstances)?.failure(error)
  const operation = operationOf(circumstances, failure)
  const fingerprint = [ordered.length === 0 ? "Error" : Exceptions.typeOf(error), operation] as const
  const make = (): ErrorEvent => {
    const fields = Exceptions.fieldsOf(error)
    return {
      ...around(circumstances, failure),
      id: newId(),
      level: severityOf(error, options),
      message: undefined,
      exceptions: Exceptions.fromFailures(ordered),
      handled: defects.length === 0,
      fingerprint,
      operation,
      extra: {
        ...(Object.keys(fields).length === 0 ? {} : { error: fields }),
        ...Exceptions.attempt(() => Predicate.isObject(error) ? ErrorReporter.getAttributes(error) : {}, {}),
        ...options?.extra
      }
    }
  }
  return { fingerprint, make }
}

/** The event of a message. */
export const ofMessage = (message: string, level: LogLevel.LogLevel, circumstances: Circumstances): Draft => {
  const operation = operationOf(circumstances, undefined)
  const fingerprint = [Cut.before(message, maxFingerprint), operation] as const
  const make = (): ErrorEvent => ({
    ...around(circumstances, undefined),
    id: newId(),
    level: levelOf(level),
    message: Cut.before(message, Exceptions.maxText),
    exceptions: [],
    handled: true,
    fingerprint,
    operation,
    extra: { ...circumstances.options?.extra }
  })
  return { fingerprint, make }
}
