/**
 * A program that says which modules of Sentry are loaded, before and after its first event, and which handles loading
 * error tracking has opened, for `SentrySink.test.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { registerHooks } from "node:module"

let loaded = 0

const resources = process.getActiveResourcesInfo()

registerHooks({
  load: (url, context, next) => {
    if (url.includes("@sentry/")) loaded++
    return next(url, context)
  }
})

const { ErrorTracking } = await import("@dawsos/observability")
const ErrorTrackingLive = await import("../../src/errors/ErrorTrackingLive.ts")
const opened = process.getActiveResourcesInfo().filter((resource) => !resources.includes(resource))

const layer = ErrorTrackingLive.layer({
  config: {
    service: { name: "lazy", version: "1", environment: "test" },
    sentry: { dsn: Option.some(Redacted.make(process.argv[2]!)), profilesSampleRate: 0 }
  }
}).pipe(Layer.provideMerge(Logger.layer([])))

const counts = await Effect.runPromise(
  Effect.gen(function*() {
    const { flush } = yield* ErrorTracking.ErrorTracking
    const before = loaded
    yield* ErrorTracking.captureMessage("first")
    yield* flush
    return { before, after: loaded > 0, opened }
  }).pipe(Effect.provide(layer))
)

process.stdout.write(JSON.stringify(counts))
