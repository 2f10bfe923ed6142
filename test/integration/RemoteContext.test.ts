// What callers say of their trace, through the real HTTP server: followed where they are trusted, and nowhere else.
import { Accounting } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import * as Http from "node:http"
import type { ReceivedSpan } from "../../examples/receiver/ReceivedSpan.ts"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Sampler from "../../src/tracing/Sampler.ts"
import * as ExpositionText from "../support/ExpositionText.ts"
import * as Harness from "./Harness.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"
const zeros = "0".repeat(32)
const half = traceId.slice(16)

/** What a caller says: its headers; the flag that they carry, `none` where they are no trace context at all. */
interface Said {
  readonly what: string
  readonly headers: Http.OutgoingHttpHeaders
  readonly flag: "sampled" | "unsampled" | "none"
  /** The trace that they name, where it is not `traceId`. */
  readonly traceId?: string
}

const w3c = (what: string, traceparent: string, flag: Said["flag"]): Said => ({ what, headers: { traceparent }, flag })

const said: ReadonlyArray<Said> = [
  w3c("flags 01", `00-${traceId}-${spanId}-01`, "sampled"),
  w3c("flags 00", `00-${traceId}-${spanId}-00`, "unsampled"),
  w3c("flags ff", `00-${traceId}-${spanId}-ff`, "sampled"),
  w3c("flags fe", `00-${traceId}-${spanId}-fe`, "unsampled"),
  w3c("flags of one digit", `00-${traceId}-${spanId}-1`, "none"),
  w3c("flags that are none", `00-${traceId}-${spanId}-zz`, "none"),
  w3c("no flags", `00-${traceId}-${spanId}`, "none"),
  w3c("one part too many", `00-${traceId}-${spanId}-00-00`, "none"),
  w3c("a version to come", `cc-${traceId}-${spanId}-00`, "none"),
  w3c("the version that is forbidden", `ff-${traceId}-${spanId}-00`, "none"),
  w3c("a trace id of zeros", `00-${zeros}-${spanId}-00`, "none"),
  w3c("a span id of zeros", `00-${traceId}-${zeros.slice(0, 16)}-00`, "none"),
  w3c("a trace id in capitals", `00-${traceId.toUpperCase()}-${spanId}-00`, "none"),
  w3c("a short trace id", `00-${traceId.slice(1)}-${spanId}-00`, "none"),
  w3c("a long trace id", `00-${traceId.repeat(100)}-${spanId}-00`, "none"),
  w3c("nothing but dashes", "-".repeat(10_000), "none"),
  w3c("bytes", "\xff\xfe\x80", "none"),
  {
    what: "two of them",
    headers: { traceparent: [`00-${traceId}-${spanId}-00`, `00-${traceId}-${spanId}-01`] },
    flag: "none"
  },
  { what: "B3, kept", headers: { b3: `${traceId}-${spanId}-1` }, flag: "sampled" },
  { what: "B3, left out", headers: { b3: `${traceId}-${spanId}-0` }, flag: "unsampled" },
  { what: "B3, debug", headers: { b3: `${traceId}-${spanId}-d-${spanId}` }, flag: "sampled" },
  { what: "B3 without ids, left out", headers: { b3: "0" }, flag: "none" },
  {
    what: "B3 that goes on, read by its beginning",
    headers: { b3: `${traceId}-${spanId}-0`.repeat(200) },
    flag: "unsampled"
  },
  { what: "B3 of 64 bits", headers: { b3: `${half}-${spanId}-0` }, flag: "unsampled", traceId: half.padStart(32, "0") },
  {
    what: "B3 headers, left out",
    headers: { "x-b3-traceid": traceId, "x-b3-spanid": spanId, "x-b3-sampled": "0" },
    flag: "unsampled"
  },
  {
    what: "B3 headers, debug",
    headers: { "x-b3-traceid": traceId, "x-b3-spanid": spanId, "x-b3-flags": "1" },
    flag: "sampled"
  },
  { what: "B3 headers without ids", headers: { "x-b3-sampled": "0", "x-b3-flags": "0" }, flag: "none" },
  {
    what: "B3 beside W3C, which goes first",
    headers: { traceparent: `00-${traceId}-${spanId}-01`, b3: `${traceId}-${spanId}-0` },
    flag: "sampled"
  },
  {
    what: "a flood of trace state",
    headers: {
      traceparent: `00-${traceId}-${spanId}-00`,
      tracestate: Array.from({ length: 500 }, (_, index) => `v${index}=${index}`).join()
    },
    flag: "unsampled"
  },
  {
    what: "a flood of baggage",
    headers: {
      traceparent: `00-${traceId}-${spanId}-00`,
      baggage: Array.from({ length: 500 }, (_, index) => `k${index}=v`).join(),
      "sentry-trace": `${traceId}-${spanId}-0`
    },
    flag: "unsampled"
  },
  {
    what: "Sentry's own",
    headers: { "sentry-trace": `${traceId}-${spanId}-0`, baggage: "sentry-sampled=false" },
    flag: "none"
  }
]

const status = (base: string, headers: Http.OutgoingHttpHeaders): Effect.Effect<number> =>
  Effect.callback((resume) => {
    const sent = Http.get(`${base}/v3/quote/AAPL`, { agent: false, headers }, (response) => {
      response.resume()
      response.on("end", () => resume(Effect.succeed(response.statusCode ?? 0)))
    })
    sent.on("error", () => resume(Effect.succeed(0)))
  })

const lengthOf = (span: ReceivedSpan): number =>
  JSON.stringify(span, (_, value: unknown) => typeof value === "bigint" ? String(value) : value).length

const requests = (text: string): number | undefined =>
  ExpositionText.parse(text, "prometheus").value("dawsos_api_requests_total", {
    method: "GET",
    endpoint: "/v3/quote/{symbol}",
    status_code: "200"
  })

describe("A caller who is not trusted", () => {
  for (const [sampler, kept] of [["parentbased_always_on", true], ["parentbased_always_off", false]] as const) {
    it.live(`decides nothing under ${sampler}: every form of its flag, and every malformed one, is judged here`, () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const app = yield* Harness.start(
          { ...Harness.environment(receiver), OTEL_TRACES_SAMPLER: sampler },
          { trustRemoteSampled: false }
        )
        let started = 0
        for (const { flag, headers, traceId: named = traceId, what } of said) {
          assert.strictEqual(yield* status(app.base, headers), 200, what)
          const accounting = yield* app.tracing.flush
          assert.deepStrictEqual(Accounting.imbalances(accounting), [], what)
          started++
          const exported = kept ? started : 0
          assert.deepInclude(accounting, { started, unsampled: started - exported, ended: exported }, what)
          assert.strictEqual(accounting.sinks[0]?.exported, exported, what)
          if (!kept) continue
          const last = (yield* receiver.spans).filter(({ signal }) => signal === "otlp").at(-1)
          // The trace stays the caller's, where it is one; else it begins here.
          assert.strictEqual(last?.traceId === named, flag !== "none", what)
          assert.match(last?.traceId ?? "", /^(?!0{32})[0-9a-f]{32}$/, what)
        }
        assert.strictEqual(requests(yield* app.scrape()), said.length)
      }))
  }
})

describe("A caller who is trusted", () => {
  for (const [sampler, root] of [["parentbased_always_on", true], ["parentbased_always_off", false]] as const) {
    it.live(`decides under ${sampler} by a flag that is well-formed, and by no other`, () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const app = yield* Harness.start({ ...Harness.environment(receiver), OTEL_TRACES_SAMPLER: sampler })
        let exported = 0
        for (const [index, { flag, headers, what }] of said.entries()) {
          assert.strictEqual(yield* status(app.base, headers), 200, what)
          const accounting = yield* app.tracing.flush
          assert.deepStrictEqual(Accounting.imbalances(accounting), [], what)
          if (flag === "sampled" || (flag === "none" && root)) exported++
          assert.deepInclude(accounting, { started: index + 1, ended: exported }, what)
          assert.strictEqual(accounting.sinks[0]?.exported, exported, what)
        }
        assert.strictEqual(requests(yield* app.scrape()), said.length)
      }))
  }
})

describe("The share of traces that goes to Sentry", () => {
  const byId = Sampler.byTraceId(0.5)
  const ids = Array.from({ length: 400 }, () => randomBytes(16).toString("hex"))
  const chosen = { taken: ids.filter(byId).slice(0, 64), left: ids.filter((id) => !byId(id)).slice(0, 64) }
  const ask = Effect.fnUntraced(function*(traceIds: ReadonlyArray<string>, trustRemoteSampled: boolean) {
    const receiver = yield* Receiver.make()
    const app = yield* Harness.start(
      { ...Harness.environment(receiver), SENTRY_TRACES_SAMPLE_RATE: "0.5" },
      { trustRemoteSampled }
    )
    for (const id of traceIds) {
      assert.strictEqual(yield* status(app.base, { traceparent: `00-${id}-${spanId}-01` }), 200)
    }
    const { sinks } = yield* app.tracing.flush
    const received = (yield* receiver.spans).filter(({ signal }) => signal === "sentryOtlp")
    assert.strictEqual(received.length, sinks[1]?.exported)
    assert.strictEqual(sinks[0]?.exported, traceIds.length)
    return received.length
  })

  for (const which of ["taken", "left"] as const) {
    it.live(`is not chosen by callers that are not trusted, whose trace ids a share by id would all have ${which}`, () =>
      Effect.gen(function*() {
        // All or none of 64 by chance: once in 2 ** 63 runs.
        assert.include(Array.from({ length: 63 }, (_, index) => index + 1), yield* ask(chosen[which], false))
      }))

    it.live(`follows the trace ids of callers that are trusted: all of those are ${which}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* ask(chosen[which], true), which === "taken" ? 64 : 0)
      }))
  }
})

describe("Headers of a trace context that are many or long", () => {
  it.live("neither break a request nor grow what is exposed", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const app = yield* Harness.start(Harness.environment(receiver), { trustRemoteSampled: false })
      assert.strictEqual(yield* status(app.base, {}), 200)
      // Node's own metrics tell of sockets, which come and go.
      const lines = (text: string): number => text.split("\n").filter((line) => line.startsWith("dawsos_")).length
      // The second scrape is the first that tells of one before it.
      yield* app.scrape()
      const before = lines(yield* app.scrape())
      const hostile = (index: number): Http.OutgoingHttpHeaders => {
        const id = index.toString(16).padStart(32, "1")
        return {
          traceparent: index % 2 === 0 ? `00-${id}-${spanId}-0${index % 4 === 0 ? 0 : 1}` : "x".repeat(12_000),
          b3: `${id}-${spanId}-0`,
          tracestate: `k${index}=${"v".repeat(1000)}`,
          baggage: `user=${index}`
        }
      }
      const answers = yield* Effect.forEach(
        Array.from({ length: 400 }, (_, index) => index),
        (index) => status(app.base, hostile(index)),
        { concurrency: 10 }
      )
      assert.isTrue(answers.every((answer) => answer === 200))
      // Beyond what Node takes, it is refused before any of us sees it.
      assert.strictEqual(yield* status(app.base, { traceparent: "0".repeat(20_000) }), 431)
      const { ended, sinks, started } = yield* app.tracing.flush
      assert.deepStrictEqual({ ended, started, exported: sinks[0]?.exported }, {
        ended: 401,
        started: 401,
        exported: 401
      })
      const text = yield* app.scrape()
      assert.deepStrictEqual([lines(text), requests(text)], [before, 401])
      const spans = (yield* receiver.spans).filter(({ signal }) => signal === "otlp")
      assert.isBelow(Math.max(...spans.map(lengthOf)), 40_000)
    }))
})
