import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as EventSink from "../../src/errors/EventSink.ts"
import * as SentryAnswer from "../../src/errors/SentryAnswer.ts"

const now = Date.UTC(2026, 10, 23, 2, 0, 0)

const of = (status: number, headers: { readonly retryAfter?: string; readonly rateLimits?: string } = {}) =>
  SentryAnswer.of({ status, retryAfter: headers.retryAfter, rateLimits: headers.rateLimits }, now)

const throttled = (seconds: number) => EventSink.retryable("throttled", Duration.seconds(seconds))

describe("Sentry's answer", () => {
  for (
    const [status, result] of [
      [200, EventSink.sent],
      [202, EventSink.sent],
      [302, EventSink.dropped("rejected")],
      [400, EventSink.dropped("rejected")],
      [401, EventSink.dropped("rejected")],
      [403, EventSink.dropped("rejected")],
      [413, EventSink.dropped("too_large")],
      [500, EventSink.dropped("rejected")],
      [502, EventSink.retryable("rejected")],
      [503, EventSink.retryable("rejected")],
      [504, EventSink.retryable("rejected")]
    ] as const
  ) {
    it(`${status} means ${JSON.stringify(result)}`, () => assert.deepStrictEqual(of(status), result))
  }

  it("429 means to wait for as long as it says, a minute if it does not", () => {
    assert.deepStrictEqual(of(429), throttled(60))
    assert.deepStrictEqual(of(429, { retryAfter: "7" }), throttled(7))
    assert.deepStrictEqual(of(429, { retryAfter: "Mon, 23 Nov 2026 02:01:30 GMT" }), throttled(90))
    assert.deepStrictEqual(of(429, { retryAfter: "soon" }), throttled(60))
  })

  it("limits the errors by those of its rate limits that mean errors, the longest of them", () => {
    assert.deepStrictEqual(of(429, { rateLimits: "30:error:key" }), throttled(30))
    assert.deepStrictEqual(
      of(429, { rateLimits: "30::organization, 45:transaction;error:key, 9999:session" }),
      throttled(45)
    )
    assert.deepStrictEqual(of(429, { rateLimits: "2.5:error", retryAfter: "7" }), throttled(2.5))
    assert.deepStrictEqual(of(429, { rateLimits: "x:error" }), throttled(60))
    assert.deepStrictEqual(of(429, { rateLimits: "-5:error" }), throttled(0))
  })

  it("that limits something else does not limit errors", () => {
    assert.deepStrictEqual(of(429, { rateLimits: "60:transaction:key" }), EventSink.retryable("throttled"))
    assert.deepStrictEqual(of(200, { rateLimits: "60:transaction:key" }), EventSink.sent)
  })

  it("may take an event in and limit the next ones, or be away and say for how long", () => {
    assert.deepStrictEqual(of(200, { rateLimits: "60::key" }), { _tag: "Sent", pause: Duration.seconds(60) })
    assert.deepStrictEqual(of(503, { retryAfter: "5" }), EventSink.retryable("rejected", Duration.seconds(5)))
  })

  it("that is lost leaves open whether an event arrived only if all of it had left", () => {
    assert.deepStrictEqual(SentryAnswer.lost(true), EventSink.dropped("timeout"))
    assert.deepStrictEqual(SentryAnswer.lost(false), EventSink.retryable("unreachable"))
  })
})
