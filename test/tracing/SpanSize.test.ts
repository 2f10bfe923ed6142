import { assert, describe, it } from "@effect/vitest"
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import * as SpanSize from "../../src/tracing/SpanSize.ts"
import { resources, scopes, span } from "./generatedSpans.ts"

interface Heap {
  readonly kinds: Readonly<Record<string, { readonly bytes: number; readonly reckoned: number }>>
  /** Of spans that wait as bytes. */
  readonly encoded: Readonly<Record<string, Arena>>
  readonly looked: { readonly bytes: number; readonly reckoned: number }
  readonly stock: number
}

interface Arena {
  /** In the heap, beside the bytes of the span. */
  readonly bytes: number
  readonly reckoned: number
  readonly encoded: number
  /** The buffer. */
  readonly arena: number
}

const heapProgram = fileURLToPath(new URL("fixtures/heap.ts", import.meta.url))

const measureHeap: Effect.Effect<Heap> = Effect.callback((resume) => {
  const child = execFile(
    process.execPath,
    ["--expose-gc", "--conditions=source", heapProgram],
    (error, stdout, stderr) => {
      const line = stdout.split("\n").find((line) => line.startsWith("report: "))
      if (line === undefined) return resume(Effect.die(new Error(`${String(error)}\n${stderr}`)))
      resume(Effect.succeed(JSON.parse(line.slice("report: ".length)) as Heap))
    }
  )
  return Effect.sync(() => child.kill("SIGKILL"))
})

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
      fc.property(span.map(ScrubbedSpan.recordOf), (span) => {
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
      fc.property(fc.array(span.map(ScrubbedSpan.recordOf), { minLength: 1, maxLength: 12 }), (spans) => {
        assert.isAtMost(serialised(spans), reckoned(spans))
        const envelopes = resources.length * (1 + scopes.length)
        assert.isAtLeast(serialised(spans), reckoned(spans) - 5 * envelopes)
      }),
      { numRuns: 100 }
    )
  })

  it.live(
    "is what a span takes in the heap, at most 0.4 of OpenTelemetry's, and stays so when exporters have looked at it",
    () =>
      Effect.gen(function*() {
        const { encoded, kinds, looked, stock } = yield* measureHeap
        for (const [kind, { bytes, reckoned }] of Object.entries(kinds)) {
          assert.isAtMost(bytes, reckoned, kind)
          assert.isAtLeast(bytes, 0.6 * reckoned, kind)
        }
        assert.isAtMost(kinds["three attributes"]?.bytes ?? Number.NaN, 0.4 * stock)
        assert.isAtMost(looked.bytes, looked.reckoned)
        for (const [kind, { arena, bytes, encoded: length, reckoned }] of Object.entries(encoded)) {
          assert.isAtMost(length + bytes, reckoned, kind)
          assert.isAtLeast(bytes, 0.6 * (reckoned - length), kind)
          // What a buffer has free, so that it grows seldom.
          assert.isAtMost(arena, 2 * length, kind)
        }
        assert.isBelow(encoded["three attributes"]?.reckoned ?? Number.NaN, 0.7 * kinds["three attributes"]!.reckoned)
      }),
    120_000
  )
})
