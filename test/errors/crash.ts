/**
 * A program that ends by an error that nobody handles, for `UncaughtErrors.test.ts`. With "hung" nothing that is to
 * leave it ever does, nor can be interrupted.
 */
import { ErrorTracking, Guard } from "@dawsos/observability"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { writeSync } from "node:fs"
import * as ErrorReporter from "../../src/errors/ErrorReporter.ts"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import * as EventPipeline from "../../src/errors/EventPipeline.ts"
import * as UncaughtErrors from "../../src/errors/UncaughtErrors.ts"

const [dsn, how] = process.argv.slice(2)

class Crashed extends Error {
  override readonly name = "Crashed"
}

const crash = (): never => {
  const begun = performance.now()
  process.on("exit", () => writeSync(1, `ended after ${Math.round(performance.now() - begun)} ms\n`))
  throw new Crashed("login with Bearer abc.def.ghi failed")
}

if (how === "own listener") process.on("uncaughtException", () => process.stdout.write("handled\n"))

const hangs = Effect.uninterruptible(Effect.never)

const hung = Effect.gen(function*() {
  const guard = Guard.make()
  const pipeline = yield* EventPipeline.make({
    sink: { send: () => hangs, close: hangs },
    scrub: (event) => event,
    guard
  })
  const capturer = ErrorReporter.makeCapturer({
    pipeline,
    guard,
    program: { release: "crashing@1", environment: "test" }
  })
  yield* UncaughtErrors.install({
    capturer,
    pipeline,
    guard,
    scrubText: (text) => text,
    alsoFlush: hangs,
    lastLine: ({ captured, queued, sent }) => `captured ${captured}, sent ${sent}, queued ${queued}`
  })
})

const layer = ErrorTrackingLive.layer({
  config: {
    service: { name: "crashing", version: "1", environment: "test" },
    sentry: { dsn: Option.some(Redacted.make(dsn!)), profilesSampleRate: 0 }
  },
  handleUncaught: how !== "not asked for"
}).pipe(Layer.provide(Logger.layer([])))

Effect.runFork(
  Effect.gen(function*() {
    if (how === "hung") yield* hung
    else {
      // The SDK is loaded with the first event; on a busy machine that alone may take the crash's two seconds.
      yield* Effect.promise(() => import("@sentry/node"))
      const errors = Context.get(yield* Layer.build(layer), ErrorTracking.ErrorTracking)
      if (how === "after a storm") {
        for (let i = 0; i < 200; i++) yield* errors.captureException(new Error("storm"), { operation: `job ${i}` })
      }
      if (how === "while Sentry is given up") {
        for (let i = 0; i < 3; i++) yield* errors.captureMessage("before")
        while (errors.accounting().delivery?.circuit !== "open") yield* errors.flush
        // Sentry is told to come back, and says so.
        process.stdout.write("given up\n")
        yield* Effect.promise(() => new Promise((resolve) => process.stdin.once("data", resolve)))
      }
    }
    yield* Effect.sync(() => {
      if (how === "rejection" || how === "passing rejection") {
        void Promise.reject(new Crashed("rejected with Bearer abc.def.ghi"))
      } else if (how === "twice") {
        setTimeout(crash)
        setTimeout(crash)
      } else setTimeout(crash)
    })
    if (how === "passing rejection") {
      // Node tells of a rejection when the turn in which it happened is over.
      yield* Effect.sleep("50 millis")
      process.stdout.write("still here\n")
      process.exitCode = 7
      return
    }
    yield* Effect.sleep(how === "own listener" ? "500 millis" : "20 seconds")
  }).pipe(Effect.scoped)
)
