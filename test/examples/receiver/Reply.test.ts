import { assert, describe, it } from "@effect/vitest"
import { JaegerExporter } from "@opentelemetry/exporter-jaeger"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Receiver from "../../../examples/receiver/Receiver.ts"
import * as Reply from "../../../examples/receiver/Reply.ts"
import { exportSpans, idOf, post, spans } from "./support.ts"

/** A receiver and the body of a real export of three spans. */
const prepared = Effect.gen(function*() {
  const receiver = yield* Receiver.make()
  const batch = spans(3)
  yield* exportSpans(new OTLPTraceExporter({ url: receiver.otlpTracesUrl }), batch)
  const body = (yield* receiver.requests)[0]!.body
  yield* receiver.clear
  return { receiver, batch, body, send: post(receiver.otlpTracesUrl, body) }
})

const outcomes = (receiver: Receiver.Shape) =>
  Effect.gen(function*() {
    const requests = yield* receiver.requests
    return {
      outcomes: requests.map((request) => request.outcome),
      spans: (yield* receiver.spans).length,
      refused: (yield* receiver.totals).refused
    }
  })

describe("the receiver's replies", () => {
  it.live("a status from 400 on comes with its headers and body, and nothing counts as received", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      yield* receiver.respond("otlp", Reply.status(429, { "retry-after": "7" }, { body: "slow down" }))
      const answer = yield* send
      assert.deepInclude(answer, { status: 429, body: Buffer.from("slow down") })
      assert.strictEqual(answer.headers["retry-after"], "7")
      assert.deepStrictEqual(yield* outcomes(receiver), { outcomes: ["refused"], spans: 0, refused: 3 })
      const [request] = yield* receiver.requests
      assert.isAbove(request!.raw.length, 0)
    }))

  it.live("a sequence answers by turns and counts per signal since it was set", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      const script = Reply.sequence([Reply.status(503), Reply.status(502)])
      for (let round = 0; round < 2; round++) {
        yield* receiver.respond("otlp", script)
        const answers = yield* Effect.all([send, send, send, send])
        assert.deepStrictEqual(answers.map((answer) => answer.status), [503, 502, 200, 200])
      }
      assert.deepInclude(yield* receiver.totals, { requests: 8, spans: 12, refused: 12 })
    }))

  it.live("signals have their own replies", () =>
    Effect.gen(function*() {
      const { receiver, body, send } = yield* prepared
      yield* receiver.respond("sentryOtlp", Reply.status(500))
      assert.strictEqual((yield* send).status, 200)
      assert.strictEqual((yield* post(receiver.sentryOtlpTracesUrl, body)).status, 500)
    }))

  it.live("partial success stores all but the rejected spans, and the exporter's own reader understands it", () =>
    Effect.gen(function*() {
      const { batch, receiver, send } = yield* prepared
      yield* receiver.respond("otlp", Reply.partialSuccess(2, "too old"))
      const { body } = yield* send
      // partial_success (1) { rejected_spans (1) = 2, error_message (2) = "too old" }
      assert.deepStrictEqual([...body], [0x0a, 11, 0x08, 2, 0x12, 7, ...Buffer.from("too old")])
      assert.deepStrictEqual((yield* receiver.spans).map((span) => span.spanId), [idOf(batch[0]!)])
      assert.strictEqual((yield* receiver.totals).refused, 2)
      assert.strictEqual(
        (yield* exportSpans(new OTLPTraceExporter({ url: receiver.otlpTracesUrl }), batch)).code,
        0
      )
    }))

  it.live("a responder sees the head, an inspect the spans", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      yield* receiver.respond("otlp", (head, n) => {
        assert.deepInclude(head, { signal: "otlp", method: "POST", path: "/v1/traces", transport: "http" })
        return n === 1
          ? Reply.inspect((request, decoded) =>
            Reply.status(decoded.spans.length + 400, {}, { body: String(request.body.length) })
          )
          : Reply.ok
      })
      assert.strictEqual((yield* send).status, 403)
      assert.strictEqual((yield* send).status, 200)
    }))

  it.live("a responder that throws is a fault and a 500, and the receiver goes on", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      yield* receiver.respond("otlp", () => {
        throw new Error("broken script")
      })
      const answer = yield* send
      assert.strictEqual(answer.status, 500)
      assert.include(answer.body.toString(), "broken script")
      assert.deepInclude(yield* receiver.totals, { faults: 1, spans: 0 })
    }))

  it.live("a hang takes the request and never answers; the end of the receiver breaks the connection", () =>
    Effect.gen(function*() {
      const waiting = yield* Effect.gen(function*() {
        const { receiver, send } = yield* prepared
        yield* receiver.respond("otlp", Reply.hang())
        const waiting = yield* Effect.forkDetach(Effect.flip(send))
        yield* receiver.awaitRequests(1)
        assert.isUndefined(waiting.pollUnsafe())
        assert.deepStrictEqual(yield* outcomes(receiver), { outcomes: ["refused"], spans: 0, refused: 3 })
        return waiting
      }).pipe(Effect.scoped)
      assert.strictEqual(yield* Fiber.join(waiting), "ECONNRESET")
    }))

  it.live("a lost answer: the spans are stored, the client only sees a reset", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      yield* receiver.respond("otlp", Reply.resetConnection({ stores: true }))
      assert.strictEqual(yield* Effect.flip(send), "ECONNRESET")
      assert.deepStrictEqual(yield* outcomes(receiver), { outcomes: ["stored"], spans: 3, refused: 0 })
    }))

  it.live("a connection is reset after the headers, in the body, after the request or in the answer", () =>
    Effect.gen(function*() {
      const { receiver } = yield* prepared
      const large = new Uint8Array(1024 * 1024)
      const seen: Array<readonly [string, string | undefined]> = []
      for (const at of ["headers", "request-body", "answer", "answer-body"] as const) {
        yield* receiver.clear
        yield* receiver.respond("otlp", Reply.resetConnection({ at }))
        const error = yield* Effect.flip(post(receiver.otlpTracesUrl, large))
        assert.match(error, /ECONNRESET|EPIPE/, at)
        const [request] = yield* receiver.awaitRequests(1)
        seen.push([at, request?.outcome])
        if (at === "headers") assert.strictEqual(request?.raw.length, 0)
        if (at === "request-body") assert.isBelow(request?.raw.length ?? 0, large.length)
      }
      // A megabyte of zeroes is no trace request: what came whole is malformed.
      assert.deepStrictEqual(seen, [
        ["headers", "cut"],
        ["request-body", "cut"],
        ["answer", "malformed"],
        ["answer-body", "malformed"]
      ])
    }))

  it.live("a gate holds the answer back until it opens, with the spans already stored", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      const latch = yield* Latch.make()
      yield* receiver.respond("otlp", Reply.gate(latch.await, Reply.ok))
      const fiber = yield* Effect.forkChild(send)
      yield* receiver.awaitSpans(3)
      assert.isUndefined(fiber.pollUnsafe())
      yield* latch.open
      assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
    }))

  it.live("a gate is interrupted when its client goes away", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      const interrupted = yield* Deferred.make<void>()
      yield* receiver.respond(
        "otlp",
        Reply.gate(Effect.never.pipe(Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))))
      )
      const fiber = yield* Effect.forkChild(send)
      yield* receiver.awaitRequests(1)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(interrupted)
    }))

  it.live("a delay answers later on the real clock, and holds up no other request", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      yield* receiver.respond("otlp", Reply.delay("1 millis", Reply.status(503)))
      assert.strictEqual((yield* send).status, 503)
      yield* receiver.respond("otlp", Reply.sequence([Reply.delay("1 hour")]))
      const delayed = yield* Effect.forkChild(send)
      yield* receiver.awaitSpans(3)
      assert.strictEqual((yield* send).status, 200)
      assert.isUndefined(delayed.pollUnsafe())
      yield* Fiber.interrupt(delayed)
    }))

  it.live("a slow drip is a valid answer byte by byte", () =>
    Effect.gen(function*() {
      const { batch, receiver, send } = yield* prepared
      yield* receiver.respond("otlp", Reply.slowDrip({ every: "1 millis", bytes: 20 }))
      assert.strictEqual((yield* send).body.length, 20)
      assert.strictEqual((yield* receiver.totals).spans, 3)
      const result = yield* exportSpans(new OTLPTraceExporter({ url: receiver.otlpTracesUrl }), batch)
      assert.strictEqual(result.code, 0)
    }))

  it.live("garbage is a 200 that nobody can read", () =>
    Effect.gen(function*() {
      const { receiver, send } = yield* prepared
      yield* receiver.respond("otlp", Reply.garbage({ body: Uint8Array.of(1, 2, 3), stores: false }))
      const answer = yield* send
      assert.deepStrictEqual([answer.status, ...answer.body], [200, 1, 2, 3])
      assert.deepStrictEqual(yield* outcomes(receiver), { outcomes: ["refused"], spans: 0, refused: 3 })
    }))

  it.live("Sentry and Jaeger get their own way of yes and no", () =>
    Effect.gen(function*() {
      const { batch, receiver } = yield* prepared
      const envelopeUrl = `http://${receiver.host}:${receiver.port}/api/1/envelope/`
      const envelope = "{}\n{\"type\":\"event\"}\n{}"
      assert.deepInclude(yield* post(envelopeUrl, envelope), { status: 200, body: Buffer.from("{}") })
      yield* receiver.respond("sentry", Reply.status(429, { "x-sentry-rate-limits": "60:error:key" }))
      const limited = yield* post(envelopeUrl, envelope)
      assert.strictEqual(limited.headers["x-sentry-rate-limits"], "60:error:key")
      assert.strictEqual((yield* receiver.totals).events, 1)

      const exporter = new JaegerExporter({ endpoint: receiver.jaegerHttpUrl })
      assert.strictEqual((yield* exportSpans(exporter, batch)).code, 0)
      yield* receiver.respond("jaegerHttp", Reply.status(500))
      const refused = yield* exportSpans(exporter, batch)
      assert.include(refused.error?.message, "HTTP 500")
      yield* Effect.promise(() => exporter.shutdown())
    }))

  it.live("over UDP, which has no answer, a refusal only means that nothing is stored", () =>
    Effect.gen(function*() {
      const { batch, receiver } = yield* prepared
      yield* receiver.respond("jaegerUdp", Reply.sequence([Reply.hang()]))
      const exporter = new JaegerExporter(receiver.jaegerUdp)
      yield* exportSpans(exporter, batch)
      yield* exportSpans(exporter, batch)
      yield* receiver.awaitRequests(2, "jaegerUdp")
      assert.deepStrictEqual(yield* outcomes(receiver), { outcomes: ["refused", "stored"], spans: 3, refused: 3 })
      yield* Effect.promise(() => exporter.shutdown())
    }))
})
