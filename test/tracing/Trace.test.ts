import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as FastCheck from "fast-check"
import { Span } from "../../src/tracing/Span.ts"
import * as SpanIds from "../../src/tracing/SpanIds.ts"
import * as Trace from "../../src/tracing/Trace.ts"
import * as OwnSpans from "../support/OwnSpans.ts"

const spanOptions = {
  parent: Option.none(),
  annotations: Context.empty(),
  links: [],
  startTime: 0n,
  kind: "internal" as const,
  root: false,
  sampled: true
}

describe("The ids of our spans", () => {
  it("are valid ones of OpenTelemetry's, and each is another", () => {
    const { tracer } = OwnSpans.make()
    const spans = Effect.runSync(
      Effect.forEach(Array.from({ length: 5_000 }), () => Effect.makeSpan("any")).pipe(
        Effect.withTracer(tracer)
      )
    )
    for (const { spanId, traceId } of spans) {
      assert.isTrue(Otel.isSpanContextValid({ traceId, spanId, traceFlags: 1 }), `${traceId} ${spanId}`)
    }
    assert.strictEqual(new Set(spans.map(({ spanId }) => spanId)).size, spans.length)
    assert.strictEqual(new Set(spans.map(({ traceId }) => traceId)).size, spans.length)
  })

  it("are the same as text and as words, which an exemplar is given", () => {
    const { tracer } = OwnSpans.make()
    const words = new Int32Array(8)
    for (let n = 0; n < 100; n++) {
      const span = tracer.span({ ...spanOptions, name: `${n}` })
      assert(span instanceof Span)
      span.writeIds(words, 2)
      assert.strictEqual(SpanIds.traceId(words[2]!, words[3]!, words[4]!, words[5]!), span.traceId)
      assert.strictEqual(SpanIds.spanId(words[6]!, words[7]!), span.spanId)
      assert.deepStrictEqual([words[0], words[1]], [0, 0])
    }
  })

  it("are those of a caller's trace where a trace goes on", () =>
    FastCheck.assert(
      FastCheck.property(FastCheck.stringMatching(/^[0-9a-f]{32}$/), (id) => {
        const { isValid, word0, word1, word2, word3 } = Trace.ofId(id)
        assert.strictEqual(new Trace.Trace(word0, word1, word2, word3, undefined, undefined).id, id)
        assert.strictEqual(isValid, id !== "0".repeat(32))
      }),
      { examples: [["0".repeat(32)]] }
    ))
})
