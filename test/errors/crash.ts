/**
 * A program that ends by an error that nobody handles, for `UncaughtErrors.test.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"

const [dsn, how] = process.argv.slice(2)

class Crashed extends Error {
  override readonly name = "Crashed"
}

const crash = (): never => {
  throw new Crashed("login with Bearer abc.def.ghi failed")
}

if (how === "own listener") process.on("uncaughtException", () => process.stdout.write("handled\n"))

const layer = ErrorTrackingLive.layer({
  config: {
    service: { name: "crashing", version: "1", environment: "test" },
    sentry: { dsn: Option.some(Redacted.make(dsn!)), profilesSampleRate: 0 }
  },
  handleUncaught: how !== "not asked for"
}).pipe(Layer.provide(Logger.layer([])))

Effect.runFork(
  Effect.gen(function*() {
    yield* Layer.build(layer)
    yield* Effect.sync(() => {
      if (how === "rejection") void Promise.reject(new Crashed("rejected with Bearer abc.def.ghi"))
      else if (how === "twice") {
        setTimeout(crash)
        setTimeout(crash)
      } else setTimeout(crash)
    })
    yield* Effect.sleep(how === "own listener" ? "500 millis" : "20 seconds")
  }).pipe(Effect.scoped)
)
