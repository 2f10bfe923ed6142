/**
 * A program that ends at once after its last error, for `ShortProgram.test.ts`. With "left open" it forgets to close
 * its layer; unless "cold", Sentry's SDK is loaded before its first error.
 */
import { ErrorTracking } from "@dawsos/observability"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import { timed } from "./Ending.ts"

const [dsn, how] = process.argv.slice(2)

const layer = ErrorTrackingLive.layer({
  config: {
    service: { name: "short", version: "1", environment: "test" },
    sentry: { dsn: Option.some(Redacted.make(dsn!)), profilesSampleRate: 0 }
  }
}).pipe(Layer.provideMerge(Logger.layer([])))

// The SDK is loaded with the first event; on a busy machine that alone may take as long as an end may.
if (how !== "cold") await import("@sentry/node")

const scope = Scope.makeUnsafe()
const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
const { accounting } = await Effect.runPromiseWith(context)(ErrorTracking.ErrorTracking)

for (let i = 0; i < 50; i++) {
  Effect.runSyncWith(context)(
    Effect.fail(new Error("last words")).pipe(ErrorTracking.withBoundary(`job ${i}`), Effect.exit)
  )
}

if (how !== "left open") {
  const millis = await timed(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  process.stdout.write(JSON.stringify({ millis, books: accounting() }))
}
