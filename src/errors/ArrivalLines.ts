/**
 * Says in the log whether error events arrive: a line when they begin not to, one when nothing but a trial is sent, and
 * one when they arrive again, instead of one for each event.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import type * as Guard from "../Guard.ts"
import type { DropReason } from "./ErrorTracking.ts"
import type { Delivery } from "./EventPipeline.ts"

/** Why one did not arrive, to whoever can do something about it. */
const explained: { readonly [Reason in DropReason]?: string } = {
  rejected: "they are refused; is the DSN still right?",
  throttled: "more than is wanted of them for now",
  timeout: "no answer in time, so that they may have arrived",
  unreachable: "no connection",
  fault: "the sink failed unexpectedly"
}

/** What tells a pipeline's log; `where` names the tracker. */
export const make = (
  where: string,
  guard: Guard.Guard
): Effect.Effect<Pick<Delivery, "onCircuit" | "onResult">> =>
  Effect.map(Effect.context<never>(), (context) => {
    const run = Effect.runForkWith(Context.add(context, References.TracerEnabled, false))
    const log = (line: Effect.Effect<void>): void => {
      run(Effect.catchCause(line, (cause) => Effect.sync(() => guard.count("logger", cause))))
    }
    let isFailing = false
    let isHeldBack = false
    return {
      onResult: (result) => {
        if (result._tag === "Sent") {
          if (isFailing) log(Effect.logInfo(`error events arrive at ${where} again`))
          isFailing = isHeldBack = false
          return
        }
        // One that is too large says nothing of the others.
        const why = explained[result.reason]
        if (why === undefined || isFailing) return
        isFailing = true
        log(Effect.logWarning(`error events don't arrive at ${where}: ${why}`))
      },
      onCircuit: (state) => {
        if (state !== "open" || isHeldBack) return
        isHeldBack = true
        log(Effect.logWarning(`error events wait: nothing but one to try is sent to ${where} for a while`))
      }
    }
  })
