import { Guard, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Sentry from "@sentry/node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Sampler from "../../src/tracing/Sampler.ts"
import * as SentrySink from "../../src/tracing/SentrySink.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import { config, memory, passThrough, traced } from "./harness.ts"

const traceIds = Array.from({ length: 5_000 }, () => randomBytes(16).toString("hex"))

describe("the endpoint of a DSN", () => {
  it("is what Sentry's SDK computes", () => {
    for (
      const dsn of [
        "https://abc123@o1.ingest.sentry.io/42",
        "https://abc123:old@sentry.example.com/42",
        "http://abc123@127.0.0.1:9000/7",
        "https://abc123@sentry.example.com/some/path/99"
      ]
    ) {
      const theirs = Sentry.getOtlpTracesEndpoint(dsn)
      const ours = SentrySink.endpoint(Redacted.make(dsn))
      assert.strictEqual(ours?.url, theirs?.url)
      assert.strictEqual(Redacted.value(ours!.headers["x-sentry-auth"]!), theirs?.headers["X-Sentry-Auth"])
    }
  })

  it("is nothing for what is no DSN", () => {
    for (
      const dsn of ["", "your-sentry-dsn-here", "https://o1.ingest.sentry.io/42", "https://key@host/", "ftp://k@h/1"]
    ) {
      assert.isUndefined(SentrySink.endpoint(Redacted.make(dsn)), dsn)
    }
  })
})

describe("the share of traces for Sentry", () => {
  it("is taken by trace id, and is part of what a larger rate takes", () => {
    const [few, many] = [Sampler.byTraceId(0.1), Sampler.byTraceId(0.5)]
    const taken = traceIds.filter(few)
    assert.closeTo(taken.length / traceIds.length, 0.1, 0.02)
    assert.isTrue(taken.every(many))
    assert.isTrue(traceIds.every(Sampler.byTraceId(1)))
    assert.isFalse(traceIds.some(Sampler.byTraceId(0)))
  })

  it("is taken by a key of the process where trace ids are not trusted, as large, and whole traces all the same", () => {
    const taken = traceIds.filter(Sampler.byTraceId(0.5))
    const [one, another] = [Sampler.byKeyedTraceId(0.5), Sampler.byKeyedTraceId(0.5)]
    assert.closeTo(taken.filter(one).length / taken.length, 0.5, 0.05)
    assert.isTrue(traceIds.every((traceId) => one(traceId) === one(traceId)))
    assert.isTrue(traceIds.some((traceId) => one(traceId) !== another(traceId)))
    assert.isTrue(traceIds.every(Sampler.byKeyedTraceId(1)))
    assert.isFalse(traceIds.some(Sampler.byKeyedTraceId(0)))
  })

  it.live("is exported as whole traces, and the rest is booked as not selected", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const accounting = yield* Effect.gen(function*() {
        for (let index = 0; index < 40; index++) {
          yield* Effect.void.pipe(Effect.withSpan("child"), Effect.withSpan("root"))
        }
        return yield* (yield* Tracing.Tracing).flush
      }).pipe(Effect.provide(TracingLive.layer({
        config: config(
          {
            destination: { _tag: "Otlp", url: receiver.otlpTracesUrl, headers: {}, timeout: Duration.seconds(5) }
          },
          { dsn: Option.some(Redacted.make(receiver.sentryDsn)), tracesSampleRate: 0.5 }
        ),
        scrubber: passThrough
      })))
      const spans = yield* receiver.spans
      const [otlp, sentry] = accounting.sinks
      assert.deepInclude(otlp, { name: "otlp", exported: 80, notSelected: 0 })
      assert.strictEqual(sentry?.name, "sentry")
      assert.strictEqual((sentry?.exported ?? 0) + (sentry?.notSelected ?? 0), 80)
      const toSentry = spans.filter(({ signal }) => signal === "sentryOtlp")
      assert.strictEqual(toSentry.length, sentry?.exported)
      const selected = Sampler.byTraceId(0.5)
      assert.isTrue(toSentry.every(({ traceId }) => selected(traceId)))
      assert.strictEqual(new Set(toSentry.map(({ traceId }) => traceId)).size * 2, toSentry.length)
    }))

  it.effect("is nothing where the rate is 0", () =>
    Effect.gen(function*() {
      const made = SentrySink.make({
        dsn: Redacted.make("https://abc123@o1.ingest.sentry.io/42"),
        sampleRate: 0,
        timeout: Duration.seconds(1),
        guard: Guard.make(),
        trustTraceIds: true
      })
      const extra = memory("extra")
      const { accounting } = yield* traced(Effect.void.pipe(Effect.withSpan("span")), {
        extraSinks: [{ ...extra, name: "sentry", selects: made?.selects }]
      })
      assert.deepInclude(accounting.sinks[1], { name: "sentry", notSelected: 1, exported: 0 })
    }))
})
