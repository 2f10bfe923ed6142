/**
 * A log line as data, scrubbed: what it says, where in which trace it was said, and by which program.
 */
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Boundary from "../Boundary.ts"
import type * as Scrubber from "../Scrubber.ts"
import { alongRoute } from "../scrubber/Locators.ts"

/** The program that writes. */
export interface Service {
  readonly name: string
  readonly version: string | undefined
  readonly environment: string
}

/** One line; fields that say nothing are left out. */
export interface LogLine {
  /** ISO 8601, with milliseconds. */
  readonly timestamp: string
  readonly level: LogLevel.LogLevel
  /** The texts that were logged; where there are none, the first line of the cause. */
  readonly message: string
  readonly service: string
  readonly version?: string
  readonly environment: string
  readonly trace_id?: string
  readonly span_id?: string
  readonly fiber: string
  /** What was logged beside the message: values that are no text. */
  readonly values?: ReadonlyArray<unknown>
  readonly annotations?: Readonly<Record<string, unknown>>
  /** Milliseconds since each of the log spans around the line began. */
  readonly spans?: Readonly<Record<string, number>>
  /** The cause with its stack. */
  readonly cause?: string
}

// A span that tracing was switched off for has the trace id `noop`.
const disabledTraceId = "noop"

const isEmpty = (record: object): boolean => Object.keys(record).length === 0

// Effect's request logger annotates its line with the raw path; the request's boundary knows the route that it matched.
const annotationsOf = (
  logged: Logger.Options<unknown>,
  annotations: Readonly<Record<string, unknown>>,
  scrubber: Scrubber.Scrubber
): Readonly<Record<string, unknown>> => alongRoute(annotations, Boundary.ofFiber(logged.fiber)?.route, scrubber.url)

const firstLine = (text = ""): string => text.split("\n", 1).join()

/** Makes the line of what was logged. Throws only when the scrubber does. */
export const make = (
  logged: Logger.Options<unknown>,
  service: Service,
  scrubber: Scrubber.Scrubber
): LogLine => {
  // Effect turns everything into plain data, with `Redacted` values already out of sight.
  const data = Logger.formatStructured.log(logged)
  const parts: ReadonlyArray<unknown> = Array.isArray(logged.message) && logged.message.length !== 1
    ? data.message as ReadonlyArray<unknown>
    : [data.message]
  const values = parts.filter((part) => typeof part !== "string")
  const span = logged.fiber.cache.span
  const cause = data.cause === undefined ? undefined : scrubber.text(data.cause)
  // The servers of Effect log a failed request as a cause and no words.
  const message = scrubber.text(parts.filter((part) => typeof part === "string").join(" ")) || firstLine(cause)
  return {
    timestamp: data.timestamp,
    level: logged.logLevel,
    message,
    service: service.name,
    ...(service.version === undefined ? {} : { version: service.version }),
    environment: service.environment,
    ...(span === undefined || span.traceId === disabledTraceId
      ? {}
      : { trace_id: span.traceId, span_id: span.spanId }),
    fiber: data.fiberId,
    ...(values.length === 0 ? {} : { values: values.map((value) => scrubber.value(value)) }),
    ...(isEmpty(data.annotations)
      ? {}
      : { annotations: scrubber.attributes(annotationsOf(logged, data.annotations, scrubber)) }),
    ...(isEmpty(data.spans)
      ? {}
      : { spans: Object.fromEntries(Object.entries(data.spans).map(([name, time]) => [scrubber.text(name), time])) }),
    ...(cause === undefined ? {} : { cause })
  }
}
