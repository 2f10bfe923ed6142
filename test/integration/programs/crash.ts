// A program under the whole layer that an error ends which nobody handles, right after a job has failed.
import { Catalogue, ErrorTracking, Observability } from "@dawsos/observability"
import * as Effect from "effect/Effect"

const layer = Observability.layer(
  { catalogue: Catalogue.make({ prefix: "crash", metrics: {} }) },
  { captureUncaught: true, logFormat: "json" }
)

const job = Effect.fail(new Error("no prices")).pipe(
  Effect.withSpan("prices.load"),
  ErrorTracking.withBoundary("nightly"),
  Effect.ignore
)

const crash = Effect.sync(() => {
  setImmediate(() => {
    throw new Error("out of the blue")
  })
})

Effect.runFork(
  Effect.andThen(job, crash).pipe(
    Effect.andThen(Effect.sleep("20 seconds").pipe(Effect.withSpan("open"))),
    Effect.provide(layer)
  )
)
