import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Tracing } from "../../src/tracing/Tracing.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import { collector, config, passThrough } from "./harness.ts"

describe("a live tracing layer", () => {
  it.live("sends the spans of a program to an OTLP collector and balances its books", () =>
    Effect.gen(function*() {
      const { received, url } = yield* collector()
      const accounting = yield* Effect.gen(function*() {
        yield* Effect.void.pipe(Effect.withSpan("child"), Effect.withSpan("parent"))
        return yield* (yield* Tracing).flush
      }).pipe(Effect.provide(TracingLive.layer({
        config: config({
          destination: {
            _tag: "Otlp",
            url: `${url}/v1/traces`,
            headers: { "x-key": Redacted.make("secret") },
            timeout: Duration.seconds(5)
          }
        }),
        scrubber: passThrough
      })))
      assert.strictEqual(received.length, 1)
      assert.strictEqual(received[0]?.path, "/v1/traces")
      assert.strictEqual(received[0]?.headers["x-key"], "secret")
      assert.isTrue(received[0]!.body.includes("parent"))
      assert.deepInclude(accounting, { started: 2, open: 0, unsampled: 0, ended: 2 })
      assert.deepInclude(accounting.sinks[0], { name: "otlp", exported: 2, queued: 0, inFlight: 0 })
    }))
})
