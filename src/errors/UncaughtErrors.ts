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
import { inspect } from "node:util"
import type * as Guard from "../Guard.ts"
import type { Capturer } from "./ErrorReporter.ts"
import type { EventPipeline } from "./EventPipeline.ts"

/** How long a crash may wait for its event to be sent. */
export const crashTimeout: Duration.Duration = Duration.seconds(2)

/** What a crash needs. */
export interface Options {
  readonly capturer: Capturer
  readonly pipeline: EventPipeline
  readonly guard: Guard.Guard
  readonly scrubText: (text: string) => string
}

/** Listens until the scope closes. */
export const install = (options: Options): Effect.Effect<void, never, Scope.Scope> => {
  const { capturer, guard, pipeline, scrubText } = options
  let ending = false

  const listener = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    const others = process.listenerCount("uncaughtException") > 1
    capturer.crash(error, origin)
    if (others) return
    // Node writes the error as `inspect` shows it. What leaves on this way is scrubbed as everywhere; where even that
    // fails, the message is kept back rather than let out.
    const text = guard.run("scrubber", () => scrubText(inspect(error)), () => "an error that could not be scrubbed")
    process.stderr.write(`Uncaught ${text}\n\nNode.js ${process.version}\n`)
    if (ending) return
    ending = true
    const exit = () => process.exit(1)
    // The timer does not trust the flush's own deadline: the program is broken already.
    setTimeout(exit, Duration.toMillis(crashTimeout) + 100)
    Effect.runFork(pipeline.flush(crashTimeout)).addObserver(exit)
  }

  return Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => process.on("uncaughtException", listener)),
    () => Effect.sync(() => process.off("uncaughtException", listener))
  ))
}
