import { assert, describe, it } from "@effect/vitest"
import { defaultStackParser, makeNodeTransport, NodeClient, Scope } from "@sentry/node"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { gzipSync } from "node:zlib"
import * as Receiver from "../../../examples/receiver/Receiver.ts"
import * as SentryEnvelope from "../../../examples/receiver/SentryEnvelope.ts"
import { post } from "./support.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

const clientFor = (dsn: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const client = new NodeClient({
        dsn,
        integrations: [],
        transport: makeNodeTransport,
        stackParser: defaultStackParser,
        release: "svc@1.2.3",
        environment: "test",
        sendClientReports: true
      })
      client.init()
      const scope = new Scope()
      scope.setClient(client)
      scope.setPropagationContext({ traceId, propagationSpanId: spanId, sampleRand: 0.5 })
      return { client, scope }
    }),
    ({ client }) => Effect.promise(() => client.close(1_000))
  )

const envelopeUrl = (receiver: Receiver.Shape) => `http://${receiver.host}:${receiver.port}/api/1/envelope/`

const envelope = (...lines: ReadonlyArray<unknown>) =>
  Buffer.from(lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)).join("\n"))

describe("Sentry envelopes", () => {
  it.live("an error event of the Sentry client arrives with its trace, in event and envelope", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const { client, scope } = yield* clientFor(receiver.sentryDsn)
      client.captureException(new RangeError("quota of fmp is used up"), {}, scope)
      const [event] = yield* receiver.awaitEvents(1)
      assert.deepInclude(event, { type: "event", traceId, spanId, envelopeTraceId: traceId, level: "error" })
      assert.match(event?.eventId ?? "", /^[0-9a-f]{32}$/)
      assert.deepStrictEqual(event?.exceptions, [{ type: "RangeError", value: "quota of fmp is used up" }])
      assert.deepInclude(event?.payload, { release: "svc@1.2.3", environment: "test" })
      assert.strictEqual(event?.envelopeHeaders["event_id"], event?.eventId)
    }))

  it.live("a message keeps its level", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const { client, scope } = yield* clientFor(receiver.sentryDsn)
      client.captureMessage("pack is stale", "warning", {}, scope)
      const [event] = yield* receiver.awaitEvents(1)
      assert.deepInclude(event, { message: "pack is stale", level: "warning", exceptions: [] })
    }))

  it.live("items of every other type are kept beside the events, so that a test can see that none came", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const body = envelope(
        { event_id: "a".repeat(32) },
        { type: "transaction" },
        { type: "transaction", transaction: "GET /" },
        { type: "attachment", length: 3, filename: "x" },
        "a\nb",
        { type: "event" },
        { event_id: "b".repeat(32), message: "m" }
      )
      yield* post(envelopeUrl(receiver), body, { "content-type": "application/x-sentry-envelope" })
      assert.deepStrictEqual((yield* receiver.items).map((item) => item.type), ["transaction", "attachment", "event"])
      assert.deepStrictEqual((yield* receiver.items)[1]?.payload, Buffer.from("a\nb"))
      assert.deepStrictEqual((yield* receiver.events).map((event) => event.message), ["m"])
      assert.deepInclude(yield* receiver.totals, { items: 3, events: 1, spans: 0 })
    }))

  it.live("a compressed envelope is read, the query of the address is kept", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const body = gzipSync(envelope({}, { type: "event" }, { message: "zipped" }))
      yield* post(`${envelopeUrl(receiver)}?sentry_key=abc`, body, { "content-encoding": "gzip" })
      assert.strictEqual((yield* receiver.awaitEvents(1))[0]?.message, "zipped")
      assert.strictEqual((yield* receiver.requests)[0]?.path, "/api/1/envelope/?sentry_key=abc")
      assert.strictEqual((yield* receiver.requestsContaining("zipped")).length, 1)
    }))
})

describe("the envelope reader", () => {
  it("gives back any items of any bytes, by their lengths", () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), (payloads) => {
      const bytes = Buffer.concat([
        Buffer.from("{\"sent_at\":\"now\"}\n"),
        ...payloads.flatMap((payload) => [
          Buffer.from(`${JSON.stringify({ type: "attachment", length: payload.length })}\n`),
          payload,
          Buffer.from("\n")
        ])
      ])
      const decoded = SentryEnvelope.decode(bytes)
      assert.isTrue(Result.isSuccess(decoded))
      const items = Result.isSuccess(decoded) ? decoded.success : []
      assert.strictEqual(items.length, payloads.length)
      items.forEach((item, index) => {
        const payload = payloads[index]!
        if (item.payload instanceof Uint8Array) assert.deepStrictEqual([...item.payload], [...payload])
        else assert.deepStrictEqual(item.payload, JSON.parse(Buffer.from(payload).toString("utf8")))
      })
    }))
  })

  it("never throws, whatever the bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      SentryEnvelope.decode(bytes)
      SentryEnvelope.decode(Buffer.concat([Buffer.from("{}\n{\"type\":\"event\"}\n"), bytes]))
    }))
  })

  it("an item cut short is an error that says how long it should be", () => {
    const decoded = SentryEnvelope.decode(envelope({}, { type: "event", length: 99 }, "{}"))
    assert.include(Result.isFailure(decoded) ? decoded.failure.message : "", "99 bytes")
  })
})
