/**
 * Log lines that carry their trace and pass the scrubber: for people on a terminal, as JSON everywhere else.
 *
 * They replace Effect's default loggers instead of joining them, because one of these, `Logger.tracerLogger`, copies
 * unscrubbed text into span events.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Guard from "../Guard.ts"
import type * as Scrubber from "../Scrubber.ts"
import * as LogLine from "./LogLine.ts"
import * as PrettyLine from "./PrettyLine.ts"

/** `pretty` for people, `json` for machines; `auto` asks whether the output is a terminal. */
export type Format = "auto" | "pretty" | "json"

/** How lines are written. */
export interface Options {
  readonly scrubber: Scrubber.Scrubber
  readonly service: LogLine.Service
  readonly format: Format
  /** Loggers that are told of the same lines, with what was logged and not scrubbed. */
  readonly beside?: ReadonlyArray<Logger.Logger<unknown, unknown>> | undefined
}

// A program's clock may tell a time that is none; the line then has the time of the machine.
const timeOf = (date: Date): string => (Number.isNaN(date.getTime()) ? new Date() : date).toISOString()

/** Makes a logger that hands each line to `write` and harms nobody: what it throws on is counted by the guard. */
export const makeLogger = (
  options: Pick<Options, "scrubber" | "service">,
  guard: Guard.Guard,
  write: (line: LogLine.LogLine, logged: Logger.Options<unknown>) => void
): Logger.Logger<unknown, void> =>
  Logger.make((logged) => {
    const line = guard.run(
      "logger",
      () => LogLine.make(logged, options.service, options.scrubber),
      // That something was logged is still worth a line; what it was is not known to be harmless.
      (): LogLine.LogLine => ({
        timestamp: timeOf(logged.date),
        level: logged.logLevel,
        message: "a log line was lost: it could not be formatted or scrubbed",
        service: options.service.name,
        ...(options.service.version === undefined ? {} : { version: options.service.version }),
        environment: options.service.environment,
        fiber: `#${logged.fiber.id}`
      })
    )
    guard.run("logger", () => write(line, logged), () => undefined)
  })

const isTerminal = (toStderr: boolean): boolean => (toStderr ? process.stderr : process.stdout).isTTY === true

/** Makes the logger that writes to the fiber's console. */
export const make = (options: Options, guard: Guard.Guard): Logger.Logger<unknown, void> => {
  const noColor = process.env["NO_COLOR"] !== undefined && process.env["NO_COLOR"] !== ""
  return makeLogger(options, guard, (line, { fiber }) => {
    const console = fiber.getRef(Console.Console)
    const toStderr = fiber.getRef(Logger.LogToStderr)
    const terminal = isTerminal(toStderr)
    const pretty = options.format === "pretty" || (options.format === "auto" && terminal)
    const text = pretty ? PrettyLine.format(line, terminal && !noColor) : JSON.stringify(line)
    if (toStderr) console.error(text)
    else console.log(text)
  })
}

/**
 * Replaces Effect's default loggers by one that writes scrubbed lines with `trace_id`, `span_id` and the service.
 *
 * It takes the guard that is current where it is built.
 */
export const layer = (options: Options): Layer.Layer<never> =>
  Layer.unwrap(
    Effect.map(Guard.CurrentGuard, (guard) => Logger.layer([make(options, guard), ...(options.beside ?? [])]))
  )
