import { Accounting, SpanSink } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import type * as Otel from "@opentelemetry/api"
import * as Effect from "effect/Effect"
import * as Limits from "../../src/tracing/Limits.ts"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import { SpanArena } from "../../src/tracing/SpanArena.ts"
import * as SpanSize from "../../src/tracing/SpanSize.ts"
import { encoding, idsOf, memory, passThrough, pipelineOf, unreadable } from "./harness.ts"
import * as WholeRequest from "./WholeRequest.ts"

const unreachable = new SpanSink.SpanSinkError({
  sink: "memory",
  reason: "unreachable",
  retryable: true,
  message: "nobody"
})

/** A sink that keeps its requests. */
const requests = () => {
  const bodies: Array<Uint8Array> = []
  const sink = encoding(memory())
  const encoder: SpanSink.SpanEncoder = {
    ...sink.encoder,
    export: (batch) => {
      bodies.push(WholeRequest.of(batch))
      return Effect.succeed({ accepted: batch.spans.length, rejected: 0 })
    }
  }
  return { bodies, sink: { ...sink, encoder } }
}

const end = (tracer: Otel.Tracer, name: string, padding = ""): string => {
  const span = tracer.startSpan(name, { attributes: { padding } })
  span.end()
  return span.spanContext().spanId
}

const settled = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("spans that wait as bytes", () => {
  it("are what was scrubbed", () => {
    const { bodies, sink } = requests()
    const scrubber = { ...passThrough, text: (text: string) => text.replaceAll("secret", "***") }
    const { timers, tracer } = pipelineOf([sink], {}, (span) => ScrubbedSpan.make(span, scrubber))
    end(tracer, "a secret")
    timers.advance(5_000)
    const [body] = bodies.map((body) => Buffer.from(body).toString("latin1"))
    assert.include(body, "a ***")
    assert.notInclude(body, "secret")
  })

  it("are given to no sink as records, and to those beside it as before", () => {
    const { bodies, sink } = requests()
    const left = memory("left")
    const { timers, tracer } = pipelineOf([left, { ...sink, export: () => assert.fail("not asked for") }])
    const ids = ["one", "two", "three"].map((name) => end(tracer, name))
    timers.advance(5_000)
    assert.deepStrictEqual(bodies.map(idsOf), [ids])
    assert.deepStrictEqual(left.spans.map((span) => span.spanContext().spanId), ids)
  })

  it("are lost to a fault one by one where they can't be written, halfway written ones included", () => {
    const { bodies, sink } = requests()
    const encoder: SpanSink.SpanEncoder = {
      ...sink.encoder,
      encode: (span, out) => {
        sink.encoder.encode(span, out)
        if (span.name === "broken") throw new Error("broken")
      }
    }
    const scrub = (span: Parameters<typeof ScrubbedSpan.make>[0]) => {
      const scrubbed = ScrubbedSpan.make(span, passThrough)
      return scrubbed.name === "unreadable" ? unreadable(scrubbed) : scrubbed
    }
    const { guard, pipeline, timers, tracer } = pipelineOf([{ ...sink, encoder }], {}, scrub)
    const ids = ["first", "broken", "unreadable", "last"].map((name) => end(tracer, name))
    timers.advance(5_000)
    assert.deepStrictEqual(bodies.map(idsOf), [ids.filter((_, index) => index === 0 || index === 3)])
    assert.strictEqual(pipeline.accounting().sinks[0]?.dropped.fault, 2)
    assert.strictEqual(guard.faults().get("sink"), 2)
    assert.deepStrictEqual(Accounting.imbalances(pipeline.accounting()), [])
  })

  it("are lost to a fault where no request can be made of them, and the next ones are sent", () => {
    const { bodies, sink } = requests()
    let broken = true
    const encoder: SpanSink.SpanEncoder = {
      ...sink.encoder,
      export: (batch) => {
        if (broken) throw new Error("broken")
        return sink.encoder.export(batch)
      }
    }
    const { guard, pipeline, timers, tracer } = pipelineOf([{ ...sink, encoder }])
    end(tracer, "lost")
    timers.advance(5_000)
    broken = false
    const id = end(tracer, "sent")
    timers.advance(5_000)
    assert.deepStrictEqual(bodies.map(idsOf), [[id]])
    assert.deepInclude(pipeline.accounting().sinks[0], {
      exported: 1,
      inFlight: 0,
      queued: 0,
      dropped: { ...Accounting.noneDropped(), fault: 1 }
    })
    assert.strictEqual(guard.faults().get("sink"), 1)
  })

  it("are too large by the bytes that they are, and leave nothing behind then", () => {
    const { bodies, sink } = requests()
    const padding = "x".repeat(2_000)
    const probe = memory()
    const probing = pipelineOf([probe])
    end(probing.tracer, "span", padding)
    probing.timers.advance(5_000)
    const record = ScrubbedSpan.recordOf(probe.spans[0]!)
    const bytes = new SpanArena(0).write(sink.encoder.encode, record)
    const maxRequestBytes = bytes + SpanSize.ofEnvelope(record.source)
    const { pipeline, timers, tracer } = pipelineOf([sink], { maxRequestBytes })
    const ids = [end(tracer, "span", padding), end(tracer, "span", `${padding}x`), end(tracer, "span")]
    timers.advance(10_000)
    assert.deepStrictEqual(bodies.flatMap(idsOf), [ids[0], ids[2]])
    assert.strictEqual(pipeline.accounting().sinks[0]?.dropped.too_large, 1)
  })

  it("take their bytes of the queue, and what stands for them in it", () => {
    const { sink } = requests()
    const { pipeline, tracer } = pipelineOf([sink], { ...Limits.defaults, maxQueueBytes: 10_000 })
    for (let index = 0; index < 20; index++) end(tracer, "span", "x".repeat(1_000))
    const [books] = pipeline.accounting().sinks
    const bytes = books?.delivery?.bytes ?? Number.NaN
    assert.strictEqual(books?.queued, 8)
    assert.strictEqual(bytes % 8, 0)
    assert.isAbove(bytes / 8, 1_000 + SpanSize.encodedEntry)
    assert.isBelow(bytes / 8, 1_110 + SpanSize.encodedEntry)
    assert.strictEqual(books?.dropped.queue_full, 12)
  })

  it.effect("can be read until their export has ended, wherever they have moved meanwhile", () =>
    Effect.gen(function*() {
      const exports: Array<{ readonly batch: SpanSink.EncodedSpans; readonly accept: () => void }> = []
      const { sink } = requests()
      const encoder: SpanSink.SpanEncoder = {
        ...sink.encoder,
        export: (batch) =>
          Effect.callback((resume) => {
            const accept = () => resume(Effect.succeed({ accepted: batch.spans.length, rejected: 0 }))
            exports.push({ batch, accept })
          })
      }
      const { pipeline, timers, tracer } = pipelineOf([{ ...sink, encoder }], { maxQueueSize: 200 })
      const ids = Array.from({ length: 8 }, () => end(tracer, "span", "x".repeat(500)))
      timers.advance(0)
      exports[0]?.accept()
      yield* settled
      timers.advance(0)
      const { batch } = exports[1]!
      const { buffer } = batch
      const offsets = batch.spans.map(({ offset }) => offset)
      for (let index = 0; index < 100; index++) end(tracer, "later", "y".repeat(500))
      assert.notStrictEqual(batch.buffer, buffer)
      assert.isTrue(batch.spans.every(({ offset }, index) => offset < offsets[index]!))
      assert.deepStrictEqual(idsOf(WholeRequest.of(batch)), ids.slice(4))
      exports[1]?.accept()
      yield* settled
      assert.deepInclude(pipeline.accounting().sinks[0], { exported: 8 })
    }))

  it.effect("wait again where they were not accepted, and are the same then", () =>
    Effect.gen(function*() {
      const { bodies, sink } = requests()
      let down = true
      const encoder: SpanSink.SpanEncoder = {
        ...sink.encoder,
        export: (batch) => down ? Effect.fail(unreachable) : sink.encoder.export(batch)
      }
      const { pipeline, timers, tracer } = pipelineOf([{ ...sink, encoder }], { maxQueueSize: 100 })
      const ids = Array.from({ length: 20 }, (_, index) => end(tracer, `span ${index}`, "x".repeat(500)))
      timers.advance(0)
      yield* settled
      down = false
      ids.push(...Array.from({ length: 20 }, (_, index) => end(tracer, `later ${index}`, "y".repeat(500))))
      for (let round = 0; round < 20; round++) {
        timers.advance(5_000)
        yield* settled
      }
      assert.deepStrictEqual(bodies.flatMap(idsOf), ids)
      assert.deepInclude(pipeline.accounting().sinks[0], { exported: 40, queued: 0 })
    }))
})
