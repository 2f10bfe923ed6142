/**
 * Says in the log what each hook of the layer threw first. What it throws later is counted only, since a callback that
 * throws at each request must not fill the log.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Guard from "./Guard.ts"

/** See the module. */
export interface FaultLines {
  /** For the guard of the layer. */
  readonly onFirst: (hook: Guard.Hook, fault: unknown) => void
  /** From here on lines go to the loggers of this context; what was thrown before is said now. */
  readonly listen: Effect.Effect<void>
}

/** Makes them for one layer. */
export const make = (): FaultLines => {
  const early: Array<Effect.Effect<void>> = []
  let log = (line: Effect.Effect<void>): void => {
    early.push(line)
  }
  return {
    onFirst: (hook, fault) =>
      log(Effect.logWarning(
        `observability: its ${hook} failed and did not record something; from now on that is only counted`,
        Cause.die(fault)
      )),
    listen: Effect.contextWith((context: Context.Context<never>) => {
      const run = Effect.runForkWith(Context.add(context, References.TracerEnabled, false))
      const guard = Context.get(context, Guard.CurrentGuard)
      // Not before the hook has ended, which may be at work in the midst of a fiber.
      log = (line) =>
        queueMicrotask(() => {
          run(Effect.catchCause(line, (cause) => Effect.sync(() => guard.count("logger", cause))))
        })
      for (const line of early.splice(0)) log(line)
      return Effect.void
    })
  }
}
