import { assert, describe, it } from "@effect/vitest"
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as fc from "fast-check"
import * as SpanSize from "../../src/tracing/SpanSize.ts"
import { resources, scopes, span } from "./generatedSpans.ts"

const serialised = (spans: ReadonlyArray<ReadableSpan>): number =>
  ProtobufTraceSerializer.serializeRequest([...spans])?.byteLength ?? 0

/** What the reckoning says of a request: at most so many bytes. */
const reckoned = (spans: ReadonlyArray<ReadableSpan>): number => {
  const envelope = SpanSize.envelope()
  return spans.reduce((sum, each) => sum + SpanSize.ofSpan(each) + envelope(each), 0)
}

describe("the size of a span", () => {
  it("is what OpenTelemetry's serialiser makes of it, whatever is in it", () => {
    fc.assert(
      fc.property(span, (span) => {
        // The same span twice shares everything but itself; the lengths around it may take some bytes more.
        const added = serialised([span, span]) - serialised([span])
        assert.isAtMost(SpanSize.ofSpan(span), added)
        assert.isAtLeast(SpanSize.ofSpan(span), added - 6)
        const alone = serialised([span])
        assert.isAtMost(alone, SpanSize.ofSpan(span) + SpanSize.ofEnvelope(span))
        assert.isAtLeast(alone, SpanSize.ofSpan(span) + SpanSize.ofEnvelope(span) - 8)
      }),
      { numRuns: 300 }
    )
  })

  it("sums up to at most a few bytes more than a request of many resources and scopes", () => {
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 12 }), (spans) => {
        assert.isAtMost(serialised(spans), reckoned(spans))
        const envelopes = resources.length * (1 + scopes.length)
        assert.isAtLeast(serialised(spans), reckoned(spans) - 5 * envelopes)
      }),
      { numRuns: 100 }
    )
  })
})
