import { Accounting, SpanSink } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import type * as Otel from "@opentelemetry/api"
import { resourceFromAttributes } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import { SamplingDecision } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fc from "fast-check"
import * as SpanProvider from "../../src/tracing/SpanProvider.ts"
import { controlled, encoding, memory, pipelineOf } from "./harness.ts"

const endSpans = (tracer: Otel.Tracer, count: number): void => {
  for (let index = 0; index < count; index++) tracer.startSpan(`span ${index}`).end()
}

const sinkOf = (accounting: Accounting.Accounting, index = 0): Accounting.SinkAccounting => {
  const sink = accounting.sinks[index]
  assert(sink !== undefined)
  return sink
}

const unreachable = new SpanSink.SpanSinkError({
  sink: "controlled",
  reason: "unreachable",
  retryable: true,
  message: "nobody"
})

const refused = new SpanSink.SpanSinkError({
  sink: "controlled",
  reason: "rejected",
  retryable: false,
  message: "HTTP 400"
})

// Promises of Effect's own between a settled export and the books.
const settled = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("the span pipeline", () => {
  it("sets no timer while nothing is queued, and exports after the scheduled delay", () => {
    const sink = memory()
    const { pipeline, timers, tracer } = pipelineOf([sink])
    const open = tracer.startSpan("open")
    tracer.startSpan("left open")
    assert.strictEqual(timers.pending(), 0)
    open.end()
    assert.strictEqual(timers.pending(), 1)
    timers.advance(4_999)
    assert.strictEqual(sink.spans.length, 0)
    timers.advance(1)
    assert.deepStrictEqual(sink.spans.map(({ name }) => name), ["open"])
    assert.strictEqual(timers.pending(), 0)
    assert.deepInclude(pipeline.accounting(), { started: 2, open: 1, unsampled: 0, ended: 1 })
  })

  it("exports a full batch at once, and outside of the stack that ended the span", () => {
    const sink = memory()
    const { timers, tracer } = pipelineOf([sink])
    endSpans(tracer, 4)
    assert.strictEqual(sink.spans.length, 0)
    timers.advance(0)
    assert.strictEqual(sink.spans.length, 4)
  })

  it("counts what ends while the queue is full, of which what is on its way is a part", () => {
    const sink = controlled()
    const { pipeline, timers, tracer } = pipelineOf([sink])
    endSpans(tracer, 4)
    timers.advance(0)
    endSpans(tracer, 10)
    const books = sinkOf(pipeline.accounting())
    assert.deepInclude(books, { inFlight: 4, queued: 4 })
    assert.strictEqual(books.dropped.queue_full, 6)
    assert.deepStrictEqual(Accounting.imbalances(pipeline.accounting()), [])
  })

  it.effect("keeps one export in flight for each sink, and does not let a slow one hold another up", () =>
    Effect.gen(function*() {
      const slow = controlled("slow")
      const quick = memory("quick")
      const { pipeline, timers, tracer } = pipelineOf([slow, quick])
      endSpans(tracer, 8)
      timers.advance(10_000)
      assert.strictEqual(slow.pending.length, 1)
      assert.strictEqual(quick.spans.length, 8)
      slow.pending[0]?.succeed({ accepted: 4, rejected: 0 })
      yield* settled
      timers.advance(0)
      assert.strictEqual(slow.pending.length, 1)
      assert.deepInclude(sinkOf(pipeline.accounting()), { exported: 4, inFlight: 4, queued: 0 })
    }))

  it.effect("books each answer: accepted, rejected, dropped by the sink, failed, or miscounted", () =>
    Effect.gen(function*() {
      const sink = controlled()
      const { guard, pipeline, problems, timers, tracer } = pipelineOf([sink])
      const round = Effect.fnUntraced(function*(answer: () => void) {
        endSpans(tracer, 4)
        timers.advance(0)
        answer()
        yield* settled
      })
      yield* round(() => sink.pending[0]?.succeed({ accepted: 3, rejected: 1 }))
      yield* round(() => sink.pending[0]?.succeed({ accepted: 2, rejected: 0, dropped: { too_large: 2 } }))
      yield* round(() => sink.pending[0]?.fail(refused))
      yield* round(() => sink.pending[0]?.succeed({ accepted: 1, rejected: 0 }))
      yield* round(() => sink.pending[0]?.succeed({ accepted: 1_000, rejected: Number.NaN }))
      const books = sinkOf(pipeline.accounting())
      assert.strictEqual(books.exported, 3 + 2 + 1 + 4)
      assert.deepInclude(books.dropped, { rejected: 1 + 4, too_large: 2, fault: 3 })
      assert.deepStrictEqual(Accounting.imbalances(pipeline.accounting()), [])
      assert.strictEqual(problems[2], "HTTP 400")
      assert.strictEqual(guard.faults().get("sink"), 0)
    }))

  for (
    const [what, answer] of [
      ["nothing", () => Effect.succeed(undefined)],
      ["no effect", () => undefined],
      [
        "what it left without an error",
        (batch) => Effect.succeed({ accepted: 0, rejected: 0, left: [{ spans: batch }] })
      ],
      [
        "a reason that nobody knows",
        () => Effect.fail(new SpanSink.SpanSinkError({ ...unreachable, reason: "tired" as never, retryable: false }))
      ]
    ] as ReadonlyArray<readonly [string, (batch: ReadonlyArray<ReadableSpan>) => unknown]>
  ) {
    it.effect(`survives a sink that answers with ${what}: a fault, and the next batch goes out`, () =>
      Effect.gen(function*() {
        const answers = [answer, () => Effect.succeed({ accepted: 4, rejected: 0 })]
        const sink: SpanSink.SpanSink = {
          ...memory(),
          export: (batch) => answers.shift()?.(batch) as Effect.Effect<SpanSink.ExportResult>
        }
        const { pipeline, timers, tracer } = pipelineOf([sink])
        for (const exported of [0, 4]) {
          endSpans(tracer, 4)
          timers.advance(0)
          yield* settled
          const books = sinkOf(pipeline.accounting())
          assert.deepInclude(books, { exported, inFlight: 0, queued: 0 })
          assert.strictEqual(books.dropped.fault, 4)
        }
        assert.deepStrictEqual(Accounting.imbalances(pipeline.accounting()), [])
      }))
  }

  it.effect("goes on where those who are told of exports and circuits throw, and counts that", () =>
    Effect.gen(function*() {
      const sink = controlled()
      const { guard, pipeline, timers, tracer } = pipelineOf(
        [sink],
        { circuit: { failures: 1, open: 1_000, maxOpen: 1_000 } },
        undefined,
        () => {
          throw new Error("the logger broke")
        }
      )
      endSpans(tracer, 4)
      timers.advance(0)
      sink.pending[0]?.fail(unreachable)
      yield* settled
      assert.strictEqual(guard.faults().get("logger"), 2)
      timers.advance(10_000)
      sink.pending[0]?.succeed({ accepted: 4, rejected: 0 })
      yield* settled
      assert.deepInclude(sinkOf(pipeline.accounting()), { exported: 4, inFlight: 0, queued: 0 })
    }))

  it.effect("gives an export up at its deadline and interrupts it", () =>
    Effect.gen(function*() {
      const sink = controlled()
      const { pipeline, problems, timers, tracer } = pipelineOf([sink])
      endSpans(tracer, 4)
      timers.advance(29_999)
      assert.strictEqual(sinkOf(pipeline.accounting()).inFlight, 4)
      timers.advance(1)
      yield* settled
      assert.deepStrictEqual(problems, ["no answer within 30000 ms"])
      assert.strictEqual(sink.interrupted, 1)
      assert.strictEqual(sinkOf(pipeline.accounting()).dropped.timeout, 4)
      endSpans(tracer, 4)
      timers.advance(1_000)
      assert.strictEqual(sink.pending.length, 1)
    }))

  it.effect("starts no second export beside one that cannot be interrupted", () =>
    Effect.gen(function*() {
      let exports = 0
      const stubborn: SpanSink.SpanSink = {
        name: "stubborn",
        acknowledged: true,
        export: () =>
          Effect.uninterruptible(Effect.callback(() => {
            exports++
          })),
        shutdown: Effect.void
      }
      const { pipeline, timers, tracer } = pipelineOf([stubborn])
      endSpans(tracer, 4)
      timers.advance(30_000)
      endSpans(tracer, 4)
      timers.advance(30_000)
      yield* settled
      assert.strictEqual(exports, 1)
      assert.deepInclude(sinkOf(pipeline.accounting()), { inFlight: 0, queued: 4 })
    }))

  it("counts a fault of a sink, a selection or the scrubber, and carries on", () => {
    const throwing: SpanSink.SpanSink = {
      name: "throwing",
      acknowledged: true,
      export: () => {
        throw new Error("broken")
      },
      shutdown: Effect.void
    }
    const choosy: SpanSink.SpanSink = {
      ...memory("choosy"),
      selects: (span) => {
        if (span.name === "span 0") throw new Error("broken")
        return span.name === "span 1" || span.name === "span 3"
      }
    }
    const { guard, pipeline, timers, tracer } = pipelineOf([throwing, choosy], {}, (span) => {
      if (span.name === "span 3") throw new Error("broken")
      return span
    })
    endSpans(tracer, 4)
    timers.advance(5_000)
    const accounting = pipeline.accounting()
    assert.strictEqual(sinkOf(accounting, 0).dropped.fault, 4)
    assert.deepInclude(sinkOf(accounting, 1), { exported: 1, notSelected: 1 })
    assert.strictEqual(sinkOf(accounting, 1).dropped.fault, 2)
    assert.strictEqual(guard.faults().get("sink"), 2)
    assert.strictEqual(guard.faults().get("scrubber"), 1)
    assert.deepStrictEqual(Accounting.imbalances(accounting), [])
  })

  it("scrubs ended spans some at a time: when there are enough, soon, or when somebody looks at the books", () => {
    const scrubbed: Array<string> = []
    const { pipeline, timers, tracer } = pipelineOf(
      [memory()],
      { maxQueueSize: 500, maxExportBatchSize: 100 },
      (span) => {
        scrubbed.push(span.name)
        return span
      }
    )
    endSpans(tracer, 63)
    assert.strictEqual(scrubbed.length, 0)
    endSpans(tracer, 2)
    assert.strictEqual(scrubbed.length, 64)
    timers.advance(9)
    assert.strictEqual(scrubbed.length, 64)
    timers.advance(1)
    assert.strictEqual(scrubbed.length, 65)
    endSpans(tracer, 1)
    assert.deepInclude(sinkOf(pipeline.accounting()), { queued: 66 })
    assert.strictEqual(scrubbed.length, 66)
  })

  it("sends a span at its time, however long it waited for others to be scrubbed with", () => {
    const sink = controlled()
    const { timers, tracer } = pipelineOf([sink])
    endSpans(tracer, 1)
    timers.advance(4_999)
    assert.strictEqual(sink.pending.length, 0)
    timers.advance(1)
    assert.strictEqual(sink.pending.length, 1)
  })

  it("counts a span that a queue can't even look at, and lets those beside it pass", () => {
    const sink = memory()
    const { guard, pipeline, tracer } = pipelineOf([sink], {}, (span) => span)
    const broken = tracer.startSpan("broken")
    Object.defineProperty(broken, "status", {
      get: () => {
        throw new Error("no status")
      }
    })
    broken.end()
    endSpans(tracer, 1)
    const books = pipeline.accounting()
    assert.deepStrictEqual(Accounting.imbalances(books), [])
    assert.deepInclude(sinkOf(books), { queued: 1 })
    assert.strictEqual(sinkOf(books).dropped.fault, 1)
    assert.strictEqual(String(guard.last("sink")), "Error: no status")
  })

  it("scrubs a span once, however many sinks take it, and never one that no sink takes", () => {
    const scrubbed: Array<string> = []
    const nobody: SpanSink.SpanSink = { ...memory("nobody"), selects: () => false }
    const two = pipelineOf([memory("a"), memory("b"), nobody], {}, (span) => {
      scrubbed.push(span.name)
      return span
    })
    two.tracer.startSpan("taken").end()
    two.unsampled.startSpan("unsampled").end()
    two.timers.advance(10)
    const none = pipelineOf([nobody], {}, (span) => {
      scrubbed.push(span.name)
      return span
    })
    none.tracer.startSpan("not taken").end()
    none.timers.advance(10)
    assert.deepStrictEqual(scrubbed, ["taken"])
  })

  it("keeps a span here that is recorded but not sampled, and counts it as unsampled", () => {
    const sink = memory()
    const { guard, pipeline, timers } = pipelineOf([sink])
    const provider = SpanProvider.make({
      guard,
      pipeline,
      resource: resourceFromAttributes({}),
      sampler: () => ({ shouldSample: () => ({ decision: SamplingDecision.RECORD }), toString: () => "records only" })
    })
    const span = provider.tracer({ name: "test", version: undefined }).startSpan("recorded")
    assert.isTrue(span.isRecording())
    span.end()
    timers.advance(5_000)
    assert.strictEqual(sink.spans.length, 0)
    assert.deepInclude(pipeline.accounting(), { started: 1, open: 0, unsampled: 1, ended: 0 })
  })

  it.effect("flushes what has ended, without waiting for what ends after the call", () =>
    Effect.gen(function*() {
      const sink = controlled()
      const { pipeline, timers, tracer } = pipelineOf([sink])
      endSpans(tracer, 6)
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      endSpans(tracer, 2)
      sink.pending[0]?.succeed({ accepted: 4, rejected: 0 })
      yield* settled
      timers.advance(0)
      assert.isUndefined(flush.pollUnsafe())
      sink.pending[0]?.succeed({ accepted: 2, rejected: 0 })
      const accounting = yield* Fiber.join(flush)
      assert.deepInclude(sinkOf(accounting), { exported: 6, queued: 2, inFlight: 0 })
    }))

  it.effect("ends a flush after 5 seconds whatever hangs, and says what is still on its way", () =>
    Effect.gen(function*() {
      const { pipeline, timers, tracer } = pipelineOf([controlled()])
      endSpans(tracer, 3)
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      timers.advance(4_999)
      yield* settled
      assert.isUndefined(flush.pollUnsafe())
      timers.advance(1)
      yield* settled
      assert.isDefined(flush.pollUnsafe())
      assert.deepInclude(sinkOf(yield* Fiber.join(flush)), { inFlight: 3, exported: 0 })
    }))

  it.effect("shuts down once: flushes, then lets the sinks go, and counts what ends later", () =>
    Effect.gen(function*() {
      const sink = memory()
      const { pipeline, timers, tracer } = pipelineOf([sink])
      const late = tracer.startSpan("late")
      endSpans(tracer, 3)
      const first = yield* pipeline.shutdown
      late.end()
      const second = yield* pipeline.shutdown
      assert.strictEqual(sink.shutdowns, 1)
      assert.deepInclude(sinkOf(first), { exported: 3, queued: 0, inFlight: 0 })
      assert.deepInclude(sinkOf(second), { exported: 3, dropped: { ...Accounting.noneDropped(), shutdown: 1 } })
      assert.deepStrictEqual(Accounting.imbalances(second), [])
      assert.strictEqual(timers.pending(), 0)
    }))

  it.effect("counts a sink that can't let go, and shuts down all the same", () =>
    Effect.gen(function*() {
      const broken: SpanSink.SpanSink = { ...memory(), shutdown: Effect.die(new Error("stuck")) }
      const { guard, pipeline, timers, tracer } = pipelineOf([broken, memory("other")])
      endSpans(tracer, 2)
      const accounting = yield* pipeline.shutdown
      assert.deepStrictEqual(accounting.sinks.map(({ exported }) => exported), [2, 2])
      assert.strictEqual(guard.faults().get("sink"), 1)
      assert.strictEqual(timers.pending(), 0)
    }))

  it.effect("has nothing to wait for without a sink", () =>
    Effect.gen(function*() {
      const { pipeline, timers, tracer } = pipelineOf([])
      endSpans(tracer, 2)
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      yield* settled
      assert.isDefined(flush.pollUnsafe())
      const shutdown = yield* Effect.forkChild(pipeline.shutdown, { startImmediately: true })
      yield* settled
      assert.isDefined(shutdown.pollUnsafe())
      assert.deepInclude(pipeline.accounting(), { started: 2, ended: 2, sinks: [] })
      assert.strictEqual(timers.pending(), 0)
    }))

  it.effect("shuts down within 5 seconds when export and shutdown of a sink hang", () =>
    Effect.gen(function*() {
      const hung: SpanSink.SpanSink = {
        name: "hung",
        acknowledged: true,
        export: () => Effect.uninterruptible(Effect.never),
        shutdown: Effect.uninterruptible(Effect.never)
      }
      const { pipeline, problems, timers, tracer } = pipelineOf([hung])
      endSpans(tracer, 6)
      const shutdown = yield* Effect.forkChild(pipeline.shutdown, { startImmediately: true })
      timers.advance(4_500)
      yield* settled
      assert.isUndefined(shutdown.pollUnsafe())
      timers.advance(500)
      yield* settled
      assert.isDefined(shutdown.pollUnsafe())
      const books = sinkOf(yield* Fiber.join(shutdown))
      assert.deepInclude(books, { inFlight: 0, queued: 0 })
      assert.deepInclude(books.dropped, { timeout: 4, shutdown: 2 })
      assert.deepStrictEqual(problems, ["given up at shutdown"])
      assert.strictEqual(timers.pending(), 0)
    }))

  it.effect("shuts down without a second wait for an export that a whole flush has waited for, but waits for others", () =>
    Effect.gen(function*() {
      const hung = controlled("hung")
      const slow = controlled("slow")
      const { pipeline, timers, tracer } = pipelineOf([hung, slow])
      endSpans(tracer, 3)
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      timers.advance(4_000)
      slow.pending[0]?.succeed({ accepted: 3, rejected: 0 })
      yield* settled
      timers.advance(1_000)
      yield* Fiber.join(flush)
      endSpans(tracer, 2)
      const shutdown = yield* Effect.forkChild(pipeline.shutdown, { startImmediately: true })
      timers.advance(1_000)
      yield* settled
      assert.isUndefined(shutdown.pollUnsafe())
      slow.pending[0]?.succeed({ accepted: 2, rejected: 0 })
      yield* settled
      assert.isDefined(shutdown.pollUnsafe())
      const accounting = yield* Fiber.join(shutdown)
      assert.deepInclude(sinkOf(accounting, 0).dropped, { timeout: 3, shutdown: 2 })
      assert.deepInclude(sinkOf(accounting, 1), { exported: 5, queued: 0, inFlight: 0 })
      assert.deepStrictEqual(Accounting.imbalances(accounting), [])
    }))

  for (const [when, millis] of [["during the flush", 4_000], ["after it", 5_000]] as const) {
    it.effect(`waits again at shutdown for a sink that has answered ${when}`, () =>
      Effect.gen(function*() {
        const sink = controlled()
        const { pipeline, timers, tracer } = pipelineOf([sink])
        endSpans(tracer, 6)
        const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
        timers.advance(millis)
        yield* settled
        sink.pending[0]?.succeed({ accepted: 4, rejected: 0 })
        yield* settled
        timers.advance(5_000 - millis)
        yield* Fiber.join(flush)
        const shutdown = yield* Effect.forkChild(pipeline.shutdown, { startImmediately: true })
        timers.advance(4_000)
        yield* settled
        assert.isUndefined(shutdown.pollUnsafe())
        sink.pending[0]?.succeed({ accepted: 2, rejected: 0 })
        assert.deepInclude(sinkOf(yield* Fiber.join(shutdown)), { exported: 6 })
      }))
  }

  it("counts a span whose start threw as started, ended and lost to a fault", () => {
    const { guard, pipeline, tracer } = pipelineOf([memory()])
    const fail = (): Otel.Span => {
      throw new Error("broken")
    }
    const before = pipeline.starting(fail, () => tracer.startSpan("instead"))
    const after = pipeline.starting(() => {
      tracer.startSpan("begun")
      return fail()
    }, () => before)
    before.end()
    assert.strictEqual(after, before)
    assert.deepInclude(pipeline.accounting(), { started: 3, open: 0, ended: 3 })
    assert.strictEqual(sinkOf(pipeline.accounting()).dropped.fault, 2)
    assert.strictEqual(guard.faults().get("tracer"), 2)
    assert.deepStrictEqual(Accounting.imbalances(pipeline.accounting()), [])
  })

  it.effect("balances its books after every step of any sequence, and exports no span twice", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, choosy) => {
          const left = controlled("left")
          const right = controlled("right")
          // One whose spans wait as records, and one whose spans wait as bytes.
          const sinks = [left, encoding(choosy ? { ...right, selects: oddSpanId } : right)]
          const { pipeline, timers, tracer, unsampled } = pipelineOf(sinks)
          const open: Array<Otel.Span> = []
          const arrived = [new Set<string>(), new Set<string>()]
          const check = () => assert.deepStrictEqual(Accounting.imbalances(pipeline.accounting()), [])
          for (const { amount, kind, sink } of steps) {
            const pending = (sink === 0 ? left : right).pending[0]
            if (kind === "start") open.push(tracer.startSpan("sampled"))
            else if (kind === "start unsampled") open.push(unsampled.startSpan("unsampled"))
            else if (kind === "end") open.splice(0, amount).forEach((span) => span.end())
            else if (kind === "advance") timers.advance(amount * 1_000)
            else if (kind === "flush") Effect.runFork(pipeline.flush)
            else if (kind === "shutdown") Effect.runFork(pipeline.shutdown)
            else if (kind === "fail") pending?.fail(unreachable)
            else if (pending !== undefined) {
              const accepted = Math.min(amount, pending.batch.length)
              for (const span of pending.batch) {
                const { spanId } = span.spanContext()
                assert.isFalse(arrived[sink]?.has(spanId))
                arrived[sink]?.add(spanId)
              }
              pending.succeed({ accepted, rejected: pending.batch.length - accepted })
            }
            check()
            await Promise.resolve()
            check()
          }
          open.forEach((span) => span.end())
          const shutdown = Effect.runPromise(pipeline.shutdown)
          timers.advance(10_000)
          await new Promise((resolve) => setImmediate(resolve))
          timers.advance(10_000)
          const accounting = await shutdown
          check()
          assert.strictEqual(accounting.open, 0)
          for (const { inFlight, queued } of accounting.sinks) assert.deepStrictEqual([inFlight, queued], [0, 0])
        }),
        { numRuns: 200 }
      )
    ))
})

const oddSpanId: NonNullable<SpanSink.SpanSink["selects"]> = (span) => parseInt(span.spanContext().spanId, 16) % 2 === 1

const step = fc.record({
  kind: fc.constantFrom(
    "start",
    "start",
    "start",
    "start unsampled",
    "end",
    "end",
    "advance",
    "succeed",
    "succeed",
    "fail",
    "flush",
    "shutdown"
  ),
  amount: fc.integer({ min: 1, max: 7 }),
  sink: fc.constantFrom(0, 1)
})
