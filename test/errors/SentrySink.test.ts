import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as ErrorTracking from "../../src/errors/ErrorTracking.ts"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import * as Observation from "../../src/Observation.ts"
import * as FakeSentry from "./FakeSentry.ts"

class PriceMissing extends Data.TaggedError("PriceMissing")<{
  readonly message: string
  readonly symbol: string
  readonly password: string
  readonly cause: unknown
}> {}

const configOf = (sentry: FakeSentry.FakeSentry): ErrorTrackingLive.Config => ({
  service: { name: "shop", version: "1.2.3", environment: "staging" },
  sentry: { dsn: Option.some(sentry.dsn), profilesSampleRate: 0 }
})

const observed = Observation.make<string>({ prefix: "test", span: (name) => ({ name }), instruments: [] })

const nativeTracer = Layer.succeed(
  Tracer.Tracer,
  Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
)

describe("the Sentry sink", () => {
  it.live("sends a failure as one scrubbed event with the trace and the span that failed", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      let failing: Tracer.Span | undefined
      yield* Effect.gen(function*() {
        const job = Effect.gen(function*() {
          failing = yield* Effect.currentSpan
          return yield* new PriceMissing({
            message: "no price, called with Bearer abc.def",
            symbol: "AAPL",
            password: "hunter2",
            cause: new Error("socket closed")
          })
        }).pipe(observed("fetch quote"), ErrorTracking.withUser({ id: "u-1", email: "a@b.ch", role: "analyst" }))
        yield* Effect.exit(job.pipe(Effect.withSpan("outer"), ErrorTracking.withBoundary("nightly")))
        const accounting = yield* Effect.flatMap(ErrorTracking.ErrorTracking, ({ flush }) => flush)
        assert.strictEqual(accounting.captured, 1)
        assert.strictEqual(accounting.sent, 1)
        assert.strictEqual(accounting.queued, 0)
      }).pipe(
        Effect.provide([ErrorTrackingLive.layer({ config: configOf(sentry) }), nativeTracer])
      )
      assert.strictEqual(sentry.envelopes.length, 1)
      const envelope = sentry.envelopes[0]!
      const event = FakeSentry.eventOf(envelope)
      console.log(JSON.stringify(envelope.header), JSON.stringify(event, null, 1))
      assert.strictEqual(event["contexts"].trace.trace_id, failing!.traceId)
      assert.strictEqual(event["contexts"].trace.span_id, failing!.spanId)
    }))
})
