// The reference program's observability as `npm start` has it; `ENABLE_OBSERVABILITY` says whether it is on.
import { Metrics, Observability, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

let tracing: Tracing.Service | undefined
let metrics: Metrics.Service | undefined

const kept = Layer.effectDiscard(Effect.gen(function*() {
  tracing = yield* Tracing.Tracing
  metrics = yield* Metrics.Metrics
}))

export const layer = Layer.provideMerge(kept, Observability.layer(DawsOs.vocabulary, { captureUncaught: true }))

/** How many spans have ended; the books are there after the layer's end too. */
export const ended = (): number => tracing?.accounting().ended ?? 0

/** Where the metrics are; nowhere where observability is off. */
export const metricsAddress = (): string =>
  Option.match(metrics?.address ?? Option.none(), {
    onNone: () => "nowhere",
    onSome: ({ host, port }) => `http://${host}:${port}/metrics`
  })
