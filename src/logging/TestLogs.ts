/**
 * Log lines kept for assertions, scrubbed as they would be written.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Guard from "../Guard.ts"
import * as Scrubber from "../Scrubber.ts"
import * as Logging from "./Logging.ts"
import type { LogLine, Service } from "./LogLine.ts"

/** The lines that a program under test has logged. */
export class TestLogs extends Context.Service<TestLogs, {
  /** Every line so far, the oldest first. */
  readonly lines: Effect.Effect<ReadonlyArray<LogLine>>
  /** Forgets what was logged. */
  readonly clear: Effect.Effect<void>
}>()("@dawsos/observability/TestLogs") {}

/** Replaces the loggers by one that writes nothing and remembers every line. */
export const layer = (
  service: Service = { name: "test", version: "0.0.0", environment: "test" }
): Layer.Layer<TestLogs> =>
  Layer.unwrap(Effect.gen(function*() {
    const guard = yield* Guard.CurrentGuard
    const scrubber = yield* Scrubber.CurrentScrubber
    let lines: Array<LogLine> = []
    const logger = Logging.makeLogger({ scrubber, service }, guard, (line) => {
      lines.push(line)
    })
    const accessors = Layer.succeed(TestLogs, {
      lines: Effect.sync(() => [...lines]),
      clear: Effect.sync(() => {
        lines = []
      })
    })
    return Layer.merge(Logger.layer([logger]), accessors)
  }))
