/**
 * Error tracking that keeps its events, scrubbed as they would leave, for assertions.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ErrorEvent } from "./ErrorEvent.ts"
import * as ErrorTracking from "./ErrorTracking.ts"
import * as ErrorTrackingLive from "./ErrorTrackingLive.ts"
import * as EventSink from "./EventSink.ts"

/** The events that a program under test has sent. */
export class TestErrors extends Context.Service<TestErrors, {
  /** Everything that was sent so far, the oldest first. */
  readonly events: Effect.Effect<ReadonlyArray<ErrorEvent>>
  /** Forgets what was sent. */
  readonly clear: Effect.Effect<void>
}>()("@dawsos/observability/TestErrors") {}

const service = { name: "test", version: "0.0.0", environment: "test" }

/** The same service, reporter and breadcrumbs as the live layer, with a sink that keeps events in memory. */
export const layer = (
  options?: ErrorTrackingLive.Options & Partial<Pick<ErrorTrackingLive.Config, "service">> | undefined
): Layer.Layer<ErrorTracking.ErrorTracking | TestErrors> =>
  Layer.unwrap(Effect.sync(() => {
    let events: Array<ErrorEvent> = []
    const sink: EventSink.EventSink = {
      send: (event) =>
        Effect.sync(() => {
          events.push(event)
          return EventSink.sent
        }),
      close: Effect.void
    }
    const tracking = ErrorTrackingLive.layerSink({ service: options?.service ?? service }, sink, options)
    const accessors = Layer.effect(
      TestErrors,
      Effect.map(ErrorTracking.ErrorTracking, (errors) => ({
        events: Effect.andThen(errors.flush, Effect.sync(() => [...events])),
        clear: Effect.andThen(
          errors.flush,
          Effect.sync(() => {
            events = []
          })
        )
      }))
    )
    return Layer.provideMerge(accessors, tracking)
  }))
