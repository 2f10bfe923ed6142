/**
 * What would end the process: reported first, then the process ends as Node would have ended it.
 *
 * One listener serves both kinds, because Node raises an unhandled rejection as an uncaught exception unless the
 * program was told otherwise (`--unhandled-rejections`), and then its choice stands. Where the program listens itself,
 * Node would not end it: the error is reported and nothing else happens.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Guard from "../Guard.ts"
import type { Capturer } from "./ErrorReporter.ts"
import type { ErrorAccounting } from "./ErrorTracking.ts"
import type { EventPipeline } from "./EventPipeline.ts"

/** How long a crash may wait for what is to leave the process. */
export const crashTimeout: Duration.Duration = Duration.seconds(2)

/** What a crash needs. */
export interface Options {
  readonly capturer: Capturer
  readonly pipeline: EventPipeline
  readonly guard: Guard.Guard
  readonly scrubText: (text: string) => string
  /** What is to leave beside the events, in the same time: spans that have ended. */
  readonly alsoFlush?: Effect.Effect<unknown> | undefined
  /** The last line that is written, given the books of the events: what was sent and what was not. */
  readonly lastLine?: ((events: ErrorAccounting) => string) | undefined
}

/** Listens until the scope closes. */
export const install = (options: Options): Effect.Effect<void, never, Scope.Scope> => {
  const { alsoFlush, capturer, guard, lastLine, pipeline, scrubText } = options
  let ending = false

  const exit = (): void => {
    const line = guard.run("logger", () => lastLine?.(pipeline.accounting()), () => undefined)
    if (line !== undefined) process.stderr.write(`${line}\n`)
    process.exit(1)
  }

  const end = (): void => {
    // The timer does not trust the flushes' own deadlines: the program is broken already.
    setTimeout(exit, Duration.toMillis(crashTimeout))
    const flushes = [pipeline.flush(crashTimeout, "last"), alsoFlush ?? Effect.void]
    let waiting = flushes.length
    for (const flush of flushes) {
      Effect.runFork(flush).addObserver(() => {
        if (--waiting === 0) exit()
      })
    }
  }

  const listener = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    const others = process.listenerCount("uncaughtException") > 1
    capturer.crash(error, origin, !others && !ending)
    if (others) return
    // Node writes the error as `inspect` shows it. What leaves on this way is scrubbed as everywhere; where even that
    // fails, the message is kept back rather than let out. The module is asked for here, since importing it opens a
    // pipe to the process's output.
    const { inspect } = process.getBuiltinModule("node:util")
    const text = guard.run("scrubber", () => scrubText(inspect(error)), () => "an error that could not be scrubbed")
    process.stderr.write(`Uncaught ${text}\n\nNode.js ${process.version}\n`)
    if (ending) return
    ending = true
    end()
  }

  return Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => process.on("uncaughtException", listener)),
    () => Effect.sync(() => process.off("uncaughtException", listener))
  ))
}
