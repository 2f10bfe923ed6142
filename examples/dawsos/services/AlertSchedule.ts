/** Evaluates all alerts and empties the dead-letter queue, on a schedule. */
import { ErrorTracking } from "@dawsos/observability"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { Settings } from "../Settings.ts"
import { Alerts } from "./Alerts.ts"
import { Notifications } from "./Notifications.ts"

export const scheduled = Layer.effectDiscard(Effect.gen(function*() {
  const alerts = yield* Alerts
  const notifications = yield* Notifications
  const { alertInterval } = yield* Settings
  yield* Effect.andThen(alerts.evaluateAll(), notifications.retryDue()).pipe(
    ErrorTracking.withBoundary("alert evaluation"),
    Effect.withSpan("alerts.evaluate", { root: true }),
    // A defect too, reported at the boundary, must not be the end of the schedule.
    Effect.catchCauseIf(
      (cause) => !Cause.hasInterrupts(cause),
      (cause) => Effect.logError("alerts were not evaluated", { error: String(Cause.squash(cause)) })
    ),
    Effect.repeat(Schedule.spaced(alertInterval)),
    Effect.forkScoped
  )
}))
