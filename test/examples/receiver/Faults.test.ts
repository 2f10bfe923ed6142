// What a fault test needs of the receiver beyond its replies: ids, TLS, changes in time.
import { assert, describe, it } from "@effect/vitest"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto"
import * as Effect from "effect/Effect"
import { X509Certificate } from "node:crypto"
import * as Https from "node:https"
import * as Tls from "node:tls"
import * as Certificate from "../../../examples/receiver/Certificate.ts"
import * as Receiver from "../../../examples/receiver/Receiver.ts"
import * as Reply from "../../../examples/receiver/Reply.ts"
import { exportSpans, idOf, post, spans } from "./support.ts"

/** A receiver, three spans and the body of their request. */
const prepared = Effect.gen(function*() {
  const receiver = yield* Receiver.make()
  const batch = spans(3)
  yield* exportSpans(new OTLPTraceExporter({ url: receiver.otlpTracesUrl }), batch)
  const body = (yield* receiver.requests)[0]!.body
  yield* receiver.clear
  return { receiver, ids: batch.map(idOf), body, send: post(receiver.otlpTracesUrl, body) }
})

const reaches = (receiver: Receiver.Shape) =>
  post(receiver.otlpTracesUrl, new Uint8Array()).pipe(
    Effect.match({ onFailure: (code) => code, onSuccess: ({ status }) => status })
  )

/** Asks until the answer is the expected one. */
const eventually = <A>(ask: Effect.Effect<A>, expected: A): Effect.Effect<void> =>
  Effect.flatMap(
    ask,
    (answer) => answer === expected ? Effect.void : Effect.andThen(Effect.sleep("1 millis"), eventually(ask, expected))
  )

describe("the receiver's ids", () => {
  it.live("what came whole was received, whatever was answered; what was kept was accepted", () =>
    Effect.gen(function*() {
      const { ids, receiver, send } = yield* prepared
      const seen: Record<string, Receiver.Arrivals> = {}
      const replies = {
        ok: Reply.ok,
        refused: Reply.status(503),
        lost: Reply.resetConnection({ stores: true }),
        cut: Reply.resetConnection({ at: "headers" })
      }
      for (const [name, reply] of Object.entries(replies)) {
        yield* receiver.clear
        yield* receiver.respond("otlp", reply)
        yield* Effect.exit(send)
        yield* receiver.awaitRequests(1)
        seen[name] = yield* receiver.arrivals("otlp")
      }
      assert.deepStrictEqual(seen, {
        ok: { received: ids, accepted: ids },
        refused: { received: ids, accepted: [] },
        lost: { received: ids, accepted: ids },
        cut: { received: [], accepted: [] }
      })
    }))

  it.live("a span that came twice is there twice, and another signal is told apart", () =>
    Effect.gen(function*() {
      const { body, ids, receiver, send } = yield* prepared
      yield* Effect.all([send, send, post(receiver.sentryOtlpTracesUrl, body)])
      assert.deepStrictEqual((yield* receiver.arrivals("otlp")).accepted, [...ids, ...ids])
      assert.deepStrictEqual((yield* receiver.arrivals("sentryOtlp")).received, ids)
      assert.deepStrictEqual((yield* receiver.arrivals("jaegerHttp")).received, [])
    }))

  it.live("an event goes by its event id", () =>
    Effect.gen(function*() {
      const { receiver } = yield* prepared
      const envelope = `{}\n{"type":"event"}\n{"event_id":"${"a".repeat(32)}"}\n{"type":"session"}\n{}`
      yield* post(`http://${receiver.host}:${receiver.port}/api/1/envelope/`, envelope)
      assert.deepStrictEqual(yield* receiver.arrivals("sentry"), {
        received: ["a".repeat(32)],
        accepted: ["a".repeat(32)]
      })
    }))

  it.live("partial success refuses the spans that it names, also behind a delay, and counts those that were there", () =>
    Effect.gen(function*() {
      const { ids, receiver, send } = yield* prepared
      const unwanted = new Set([ids[1]!, "0000000000000000"])
      yield* receiver.respond("otlp", Reply.delay("1 millis", Reply.partialSuccess(unwanted, "no")))
      const { body } = yield* send
      assert.deepStrictEqual([...body], [0x0a, 6, 0x08, 1, 0x12, 2, ...Buffer.from("no")])
      assert.deepStrictEqual(yield* receiver.arrivals("otlp"), { received: ids, accepted: [ids[0]!, ids[2]!] })
      assert.strictEqual((yield* receiver.totals).refused, 1)
    }))

  it.live("a body over a number of bytes is answered 413, one of that size is taken", () =>
    Effect.gen(function*() {
      const { body, ids, receiver, send } = yield* prepared
      yield* receiver.respond("otlp", Reply.tooLargeOver(body.length - 1))
      assert.strictEqual((yield* send).status, 413)
      yield* receiver.respond("otlp", Reply.tooLargeOver(body.length))
      assert.strictEqual((yield* send).status, 200)
      assert.deepStrictEqual(yield* receiver.arrivals("otlp"), { received: [...ids, ...ids], accepted: ids })
    }))
})

describe("the receiver's changes in time", () => {
  it.live("flapping answers change with the clock, the bad one first", () =>
    Effect.gen(function*() {
      const { receiver } = yield* prepared
      yield* receiver.respond("otlp", Reply.flapping(Reply.status(503), { every: "20 millis" }))
      for (const status of [503, 200, 503, 200]) yield* eventually(reaches(receiver), status)
      yield* receiver.respond("otlp", Reply.flapping(Reply.status(502), { every: "1 hour", good: Reply.status(204) }))
      assert.strictEqual(yield* reaches(receiver), 502)
    }))

  it.live("a flapping receiver is down and up in turns, and up when that ends", () =>
    Effect.gen(function*() {
      const { receiver } = yield* prepared
      yield* Effect.scoped(Effect.gen(function*() {
        yield* receiver.flap("10 millis")
        for (const answer of ["ECONNREFUSED", 200, "ECONNREFUSED"]) yield* eventually(reaches(receiver), answer)
      }))
      assert.strictEqual(yield* reaches(receiver), 200)
    }))
})

describe("the receiver over TLS", () => {
  const secure = (receiver: Receiver.Shape, ca?: string) =>
    Effect.callback<number | string>((resume) => {
      const request = Https.request(receiver.otlpTracesUrl, {
        method: "POST",
        agent: false,
        headers: { "content-type": "application/x-protobuf" },
        ...(ca === undefined ? {} : { ca })
      }, (response) => {
        response.resume().on("end", () => resume(Effect.succeed(response.statusCode ?? 0)))
      })
      request.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message)))
      request.end()
    })

  it.live("nobody trusts it who was not given its certificate", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make({ tls: true })
      for (const url of [receiver.otlpTracesUrl, receiver.jaegerHttpUrl, receiver.sentryDsn]) {
        assert.match(url, /^https:/)
      }
      assert.strictEqual(yield* secure(receiver), "DEPTH_ZERO_SELF_SIGNED_CERT")
      assert.strictEqual(yield* secure(receiver, receiver.certificate), 200)
      const other = Certificate.selfSigned().certificate
      assert.strictEqual(yield* secure(receiver, other), "DEPTH_ZERO_SELF_SIGNED_CERT")
      assert.strictEqual((yield* receiver.totals).requestsOf.otlp, 1)
    }))

  it.live("plain HTTP is no TLS: the connection ends without an answer, and it is counted", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make({ tls: true })
      yield* Effect.flip(post(receiver.otlpTracesUrl.replace("https", "http"), "needle"))
      const [request] = yield* receiver.awaitRequests(1)
      assert.strictEqual(request?.outcome, "malformed")
      assert.match(request?.reason ?? "", /^no TLS/)
    }))

  it("its certificate names the address, is valid now and for a day, and no two have the same key", () => {
    const now = Date.UTC(2031, 0, 31, 12)
    const made = [Certificate.selfSigned(now), Certificate.selfSigned(now)].map(({ certificate, key }) => {
      const parsed = new X509Certificate(certificate)
      Tls.createSecureContext({ cert: certificate, key })
      return parsed
    })
    const [one, other] = made
    assert.isTrue(one!.verify(one!.publicKey))
    assert.strictEqual(one!.checkIP("127.0.0.1"), "127.0.0.1")
    assert.strictEqual(one!.checkHost("localhost"), "localhost")
    assert.isTrue(one!.ca)
    assert.deepStrictEqual([one!.validFromDate.getTime(), one!.validToDate.getTime()], [
      now - 3_600_000,
      now + 86_400_000
    ])
    assert.notStrictEqual(one!.fingerprint256, other!.fingerprint256)
  })
})
