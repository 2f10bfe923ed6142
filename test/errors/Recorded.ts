/**
 * Error tracking whose events are kept, as they would leave.
 */
import { ErrorTracking } from "@dawsos/observability"
import { TestErrors } from "@dawsos/observability/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import * as EventPipeline from "../../src/errors/EventPipeline.ts"

const service = { name: "test", version: "0.0.0", environment: "test" }

export const layer = (
  options?: ErrorTrackingLive.Options
): Layer.Layer<ErrorTracking.ErrorTracking | TestErrors.TestErrors> =>
  Layer.unwrap(Effect.sync(() => {
    const events: Array<TestErrors.ErrorEvent> = []
    const sink: EventPipeline.EventSink = {
      send: (event) =>
        Effect.sync(() => {
          events.push(event)
          return EventPipeline.sent
        }),
      close: Effect.void
    }
    const accessors = Layer.effect(
      TestErrors.TestErrors,
      Effect.map(ErrorTracking.ErrorTracking, ({ flush }) => ({
        events: Effect.andThen(flush, Effect.sync(() => [...events])),
        clear: Effect.sync(() => void events.splice(0))
      }))
    )
    return Layer.provideMerge(accessors, ErrorTrackingLive.layerSink({ service }, sink, options))
  }))
