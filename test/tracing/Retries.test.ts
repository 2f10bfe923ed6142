/**
 * What the queue of a sink does with what did not arrive.
 */
import { Accounting, SpanSink } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Limits from "../../src/tracing/Limits.ts"
import { controlled, pipelineOf } from "./harness.ts"

type Fault = Partial<ConstructorParameters<typeof SpanSink.SpanSinkError>[0]>

const fault = (fields: Fault = {}) =>
  new SpanSink.SpanSinkError({
    sink: "controlled",
    reason: "unreachable",
    retryable: true,
    message: "nobody",
    ...fields
  })

const refused = fault({ reason: "rejected", message: "HTTP 503" })
const lost = fault({ reason: "timeout", retryable: false, message: "no answer" })

/** A pipeline with one sink that is told how its exports end. */
const one = (limits: Partial<Limits.Limits> = {}) => {
  const sink = controlled()
  const made = pipelineOf([sink], limits)
  const { pipeline, timers, tracer } = made
  // Promises of Effect's own between a settled export and the books.
  const settled = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  return {
    ...made,
    sink,
    settled,
    end: (count: number, options: Otel.SpanOptions & { readonly failed?: boolean } = {}) => {
      for (let index = 0; index < count; index++) {
        const span = tracer.startSpan(`span ${index}`, options)
        if (options.failed === true) span.setStatus({ code: Otel.SpanStatusCode.ERROR })
        span.end()
      }
      // Who looks at the books finds each ended span in its queue.
      pipeline.accounting()
      timers.advance(0)
    },
    /** Lets the export on its way fail. */
    fail: Effect.fnUntraced(function*(error: SpanSink.SpanSinkError) {
      assert.strictEqual(sink.pending.length, 1, "an export is on its way")
      sink.pending[0]?.fail(error)
      yield* settled
      timers.advance(0)
    }),
    succeed: Effect.gen(function*() {
      const [pending] = sink.pending
      assert(pending !== undefined, "an export is on its way")
      pending.succeed({ accepted: pending.batch.length, rejected: 0 })
      yield* settled
      timers.advance(0)
    }),
    books: () => {
      assert.deepStrictEqual(Accounting.imbalances(pipeline.accounting()), [])
      const [books] = pipeline.accounting().sinks
      assert(books?.delivery !== undefined)
      return { ...books, ...books.delivery }
    },
    /** How many spans each request on its way carries. */
    onTheWay: () => sink.pending.map(({ batch }) => batch.length)
  }
}

describe("a batch that did not arrive", () => {
  it.effect("waits in the queue for a pause that doubles, and is sent again", () =>
    Effect.gen(function*() {
      const { books, end, fail, onTheWay, succeed, timers } = one()
      end(4)
      // The chance is 0: half of the longest pause.
      for (const pause of [500, 1_000, 2_000]) {
        yield* fail(refused)
        assert.deepInclude(books(), { queued: 4, inFlight: 0 })
        timers.advance(pause - 1)
        assert.deepStrictEqual(onTheWay(), [])
        timers.advance(1)
        assert.deepStrictEqual(onTheWay(), [4])
        assert.deepInclude(books(), { queued: 0, inFlight: 4 })
      }
      yield* succeed
      assert.deepInclude(books(), { exported: 4, queued: 0, retried: 12, bytes: 0 })
      assert.strictEqual(timers.pending(), 0)
    }))

  it.effect("is given up for its last reason after five attempts, and the next is sent", () =>
    Effect.gen(function*() {
      const { books, end, fail, settled, sink, succeed, timers } = one({
        circuit: { failures: 100, open: 1, maxOpen: 1 }
      })
      end(6)
      for (let attempt = 1; attempt < 5; attempt++) {
        yield* fail(fault())
        timers.advance(30_000)
      }
      yield* fail(refused)
      assert.deepInclude(books().dropped, { rejected: 4, unreachable: 0 })
      assert.deepInclude(books(), { queued: 2, retried: 16 })
      timers.advance(30_000)
      yield* settled
      assert.strictEqual(sink.pending[0]?.batch.length, 2)
      yield* succeed
      assert.strictEqual(books().exported, 2)
    }))

  it.effect("is never sent again after a lost answer, whatever the sink says of it", () =>
    Effect.gen(function*() {
      const { books, end, fail, onTheWay, timers } = one()
      end(4)
      yield* fail(fault({ reason: "timeout", retryable: true }))
      timers.advance(60_000)
      assert.deepStrictEqual(onTheWay(), [])
      assert.deepInclude(books(), { queued: 0, retried: 0 })
      assert.strictEqual(books().dropped.timeout, 4)
    }))

  it.effect("waits for as long as the receiver asks, which a flush respects", () =>
    Effect.gen(function*() {
      const { books, end, fail, onTheWay, pipeline, settled, timers } = one()
      end(4)
      yield* fail(fault({ reason: "rejected", retryAfter: Duration.seconds(20) }))
      timers.advance(19_999)
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      yield* settled
      assert.isDefined(flush.pollUnsafe())
      assert.deepInclude((yield* Fiber.join(flush)).sinks[0], { queued: 4, inFlight: 0 })
      assert.deepStrictEqual(onTheWay(), [])
      timers.advance(1)
      assert.deepStrictEqual(onTheWay(), [4])
      assert.strictEqual(books().inFlight, 4)
    }))

  it.effect("is sent at once by a flush, which tries each span once and says what is left", () =>
    Effect.gen(function*() {
      const { books, end, fail, onTheWay, pipeline, settled, succeed, timers } = one()
      end(6)
      yield* fail(refused)
      assert.deepStrictEqual(onTheWay(), [])
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      assert.deepStrictEqual(onTheWay(), [4])
      yield* fail(refused)
      assert.isUndefined(flush.pollUnsafe())
      assert.deepStrictEqual(onTheWay(), [2])
      yield* fail(refused)
      yield* settled
      assert.deepInclude((yield* Fiber.join(flush)).sinks[0], { exported: 0, queued: 6, inFlight: 0 })
      assert.deepStrictEqual(onTheWay(), [])
      timers.advance(2_000)
      yield* succeed
      // The receiver is well: no pause any more.
      yield* succeed
      assert.deepInclude(books(), { exported: 6, queued: 0 })
    }))

  it.effect("has one last attempt at shutdown, in spite of every pause, and is dropped by what that met", () =>
    Effect.gen(function*() {
      const { books, end, fail, onTheWay, pipeline, succeed, timers } = one()
      end(6)
      yield* fail(fault({ reason: "rejected", retryAfter: Duration.minutes(5) }))
      const shutdown = yield* Effect.forkChild(pipeline.shutdown, { startImmediately: true })
      assert.deepStrictEqual(onTheWay(), [4])
      yield* fail(fault())
      yield* succeed
      yield* Fiber.join(shutdown)
      assert.deepInclude(books(), { exported: 2, queued: 0, inFlight: 0 })
      assert.deepInclude(books().dropped, { unreachable: 4, shutdown: 0 })
      assert.strictEqual(timers.pending(), 0)
    }))

  it.effect("may be left in parts, each with its own fate", () =>
    Effect.gen(function*() {
      const { books, end, settled, sink, timers } = one()
      end(4)
      const spans = sink.pending[0]!.batch
      sink.pending[0]?.succeed({
        accepted: 1,
        rejected: 0,
        left: [
          { spans: spans.slice(0, 1), error: lost },
          { spans: spans.slice(1, 2), error: fault({ reason: "rejected", retryable: false }) },
          { spans: spans.slice(2, 3), error: refused }
        ]
      })
      yield* settled
      assert.deepInclude(books(), { exported: 1, queued: 1 })
      assert.deepInclude(books().dropped, { timeout: 1, rejected: 1 })
      timers.advance(500)
      assert.strictEqual(sink.pending[0]?.batch[0], spans[2])
    }))

  it.effect("counts what a sink sent twice beside the books", () =>
    Effect.gen(function*() {
      const { books, end, fail, settled, sink } = one()
      end(4)
      sink.pending[0]?.resend(4)
      sink.pending[0]?.succeed({ accepted: 4, rejected: 0 })
      yield* settled
      assert.deepInclude(books(), { exported: 4, resent: 4 })
      end(4)
      sink.pending[0]?.resend(4)
      // Counted at once: an export that is given up tells nothing in the end.
      assert.strictEqual(books().resent, 8)
      yield* fail(fault({ reason: "timeout", retryable: false }))
      assert.strictEqual(books().resent, 8)
    }))
})

describe("the circuit of a sink", () => {
  const circuit = { failures: 3, open: 30_000, maxOpen: 120_000 }

  it.effect("opens after failures in a row, lets nothing through, then one small batch, and closes when that arrives", () =>
    Effect.gen(function*() {
      const { books, circuits, end, fail, onTheWay, succeed, timers } = one({
        circuit,
        maxQueueSize: 200,
        maxExportBatchSize: 100
      })
      end(150)
      for (let failure = 0; failure < 3; failure++) {
        yield* fail(refused)
        if (failure < 2) timers.advance(2_000)
      }
      assert.deepStrictEqual(circuits, ["open"])
      end(50)
      assert.deepInclude(books(), { queued: 200, circuit: "open" })
      timers.advance(29_999)
      assert.deepStrictEqual(onTheWay(), [])
      timers.advance(1)
      assert.deepStrictEqual(onTheWay(), [32])
      assert.strictEqual(books().circuit, "half_open")
      yield* succeed
      assert.deepStrictEqual(circuits, ["open", "half_open", "closed"])
      assert.deepStrictEqual(onTheWay(), [100])
      yield* succeed
      yield* succeed
      assert.deepInclude(books(), { exported: 200, queued: 0, circuit: "closed" })
    }))

  it.effect("stays open for twice as long after a trial that failed, by an answer that was lost too", () =>
    Effect.gen(function*() {
      const { circuits, end, fail, onTheWay, timers } = one({ circuit, retry: { initial: 1, max: 1, attempts: 100 } })
      end(8)
      yield* fail(lost)
      timers.advance(1)
      yield* fail(refused)
      timers.advance(1)
      yield* fail(fault())
      assert.deepStrictEqual(circuits, ["open"])
      timers.advance(30_000)
      yield* fail(fault())
      assert.deepStrictEqual(circuits, ["open", "half_open", "open"])
      timers.advance(59_999)
      assert.deepStrictEqual(onTheWay(), [])
      timers.advance(1)
      assert.deepStrictEqual(onTheWay(), [4])
    }))

  it.effect("does not open for answers that only refuse what they got", () =>
    Effect.gen(function*() {
      const { circuits, end, fail } = one({ circuit })
      for (let round = 0; round < 6; round++) {
        end(4)
        yield* fail(fault({ reason: "rejected", retryable: false, message: "HTTP 400" }))
      }
      assert.deepStrictEqual(circuits, [])
    }))

  it.effect("holds a flush up for no moment, and is passed by a shutdown", () =>
    Effect.gen(function*() {
      const { books, end, fail, onTheWay, pipeline, settled, succeed } = one({ circuit: { ...circuit, failures: 1 } })
      end(4)
      yield* fail(refused)
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      yield* settled
      assert.isDefined(flush.pollUnsafe())
      assert.deepStrictEqual(onTheWay(), [])
      const shutdown = yield* Effect.forkChild(pipeline.shutdown, { startImmediately: true })
      assert.deepStrictEqual(onTheWay(), [4])
      yield* succeed
      yield* Fiber.join(shutdown)
      assert.deepInclude(books(), { exported: 4, queued: 0, circuit: "closed" })
    }))

  it.effect("leaves one timer behind, whatever follows on a flush that it ends", () =>
    Effect.gen(function*() {
      const { end, fail, pipeline, settled, timers } = one({ circuit: { ...circuit, failures: 1 } })
      end(4)
      yield* fail(refused)
      yield* Effect.forkChild(Effect.andThen(pipeline.flush, pipeline.flush), { startImmediately: true })
      yield* settled
      assert.strictEqual(timers.pending(), 1)
      yield* Effect.forkChild(Effect.andThen(pipeline.flush, pipeline.shutdown), { startImmediately: true })
      yield* settled
      timers.advance(5_000)
      yield* settled
      timers.advance(5_000)
      assert.strictEqual(timers.pending(), 0)
    }))

  it.effect("opens for a sink whose spans could not be handed over, as UDP without a route", () =>
    Effect.gen(function*() {
      const { books, circuits, end, settled, sink } = one({ circuit: { ...circuit, failures: 1 } })
      end(4)
      sink.pending[0]?.succeed({ accepted: 0, rejected: 0, dropped: { unreachable: 4 } })
      yield* settled
      assert.deepStrictEqual(circuits, ["open"])
      assert.strictEqual(books().dropped.unreachable, 4)
    }))
})

describe("an export that is given up", () => {
  const told = (mayHaveLeft: () => boolean) => {
    const made = one()
    made.sink.mayHaveLeft = mayHaveLeft
    return made
  }

  it.effect("is tried again where nothing can have left, and is lost where it may have arrived", () =>
    Effect.gen(function*() {
      let left = false
      const { books, end, onTheWay, settled, timers } = told(() => left)
      end(4)
      timers.advance(30_000)
      yield* settled
      assert.deepInclude(books(), { queued: 4, inFlight: 0 })
      timers.advance(500)
      assert.deepStrictEqual(onTheWay(), [4])
      left = true
      timers.advance(30_000)
      yield* settled
      assert.deepInclude(books(), { queued: 0, retried: 4 })
      assert.deepInclude(books().dropped, { timeout: 4, unreachable: 0 })
    }))

  it.effect("is counted at the end by what may have left, and as what may where the sink can't tell", () =>
    Effect.gen(function*() {
      const cannotTell = () => {
        throw new Error("no idea")
      }
      const cases = [[() => false, "shutdown"], [() => true, "timeout"], [cannotTell, "timeout"]] as const
      for (const [mayHaveLeft, reason] of cases) {
        const { books, end, pipeline, timers } = told(mayHaveLeft)
        end(4)
        const shutdown = yield* Effect.forkChild(pipeline.shutdown, { startImmediately: true })
        timers.advance(5_000)
        yield* Fiber.join(shutdown)
        assert.deepStrictEqual(books().dropped, { ...Accounting.noneDropped(), [reason]: 4 })
      }
    }))
})

describe("a request that is too large", () => {
  const tooLarge = fault({ reason: "too_large", retryable: false, message: "HTTP 413" })

  it.effect("is sent in halves at once, down to the one span that is too large alone", () =>
    Effect.gen(function*() {
      const { books, end, fail, sink, succeed, timers } = one({ maxQueueSize: 16, maxExportBatchSize: 8 })
      end(8)
      const large = sink.pending[0]?.batch[5]
      const sizes: Array<number> = []
      const all = Effect.gen(function*() {
        while (sink.pending.length > 0) {
          const { batch } = sink.pending[0]!
          sizes.push(batch.length)
          yield* batch.includes(large!) ? fail(tooLarge) : succeed
        }
      })
      yield* all
      assert.deepStrictEqual(sizes, [8, 4, 4, 2, 1, 1])
      // A single span that is refused may be the first of many.
      assert.deepInclude(books(), { exported: 5, queued: 2 })
      timers.advance(1_000)
      yield* all
      assert.deepInclude(books(), { exported: 7, queued: 0, retried: 0, circuit: "closed" })
      assert.strictEqual(books().dropped.too_large, 1)
    }))

  it.effect("is cut into smaller ones during a flush, which waits for all of them", () =>
    Effect.gen(function*() {
      const { end, fail, pipeline, succeed } = one()
      end(3)
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      yield* fail(tooLarge)
      for (let index = 0; index < 3; index++) {
        assert.isUndefined(flush.pollUnsafe())
        yield* succeed
      }
      assert.deepInclude((yield* Fiber.join(flush)).sinks[0], { exported: 3, queued: 0 })
    }))
})

describe("a receiver that refuses requests as too large", () => {
  const refusing = (takes: (spans: number) => boolean) => {
    const requests: Array<number> = []
    const sink: SpanSink.SpanSink = {
      name: "refusing",
      acknowledged: true,
      shutdown: Effect.void,
      export: (batch) =>
        Effect.suspend(() => {
          requests.push(batch.length)
          return takes(batch.length)
            ? Effect.succeed({ accepted: batch.length, rejected: 0 })
            : Effect.fail(fault({ reason: "too_large", retryable: false, message: "HTTP 413" }))
        })
    }
    const made = pipelineOf([sink], { maxQueueSize: 2_000, maxExportBatchSize: 500 })
    const end = (count: number) => {
      for (let index = 0; index < count; index++) made.tracer.startSpan("span").end()
      made.timers.advance(0)
    }
    // Time stands still, but for what is done soon.
    const driven = (effect: Effect.Effect<Accounting.Accounting>) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
        while (fiber.pollUnsafe() === undefined) {
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          made.timers.advance(0)
        }
        return yield* Fiber.join(fiber)
      })
    return {
      requests,
      end,
      flush: driven(made.pipeline.flush),
      shutdown: driven(made.pipeline.shutdown)
    }
  }

  it.effect("is asked a few times only where it refuses each span alone, at its end too", () =>
    Effect.gen(function*() {
      const { end, flush, requests, shutdown } = refusing(() => false)
      end(1_500)
      const { sinks: [flushed] } = yield* flush
      // 500 spans are halved nine times, then five refused alone open the circuit.
      assert.isAtMost(requests.length, 15)
      assert.deepInclude(flushed?.delivery, { circuit: "open" })
      assert.strictEqual(flushed?.dropped.too_large, 5)
      const { sinks: [closed] } = yield* shutdown
      assert.isAtMost(requests.length, 20)
      assert.deepInclude(closed?.dropped, { too_large: 10, shutdown: 1_490 })
      assert.deepInclude(closed, { queued: 0, inFlight: 0 })
    }))

  it.effect("gets requests of the size that it takes, and is tried now and then with larger ones", () =>
    Effect.gen(function*() {
      const { end, flush, requests } = refusing((spans) => spans <= 100)
      let exported = 0
      for (let round = 0; round < 10; round++) {
        end(1_000)
        exported = (yield* flush).sinks[0]?.exported ?? 0
      }
      const refused = requests.filter((spans) => spans > 100)
      assert.strictEqual(exported, 10_000)
      assert.isBelow(refused.length, requests.length / 8)
      assert.isBelow(requests.length, 200)
    }))

  it.effect("gets large requests again once it takes them", () =>
    Effect.gen(function*() {
      let most = 10
      const { end, flush, requests } = refusing((spans) => spans <= most)
      end(500)
      yield* flush
      most = Infinity
      for (let round = 0; round < 10; round++) {
        end(1_000)
        yield* flush
      }
      assert.strictEqual(requests.at(-1), 500)
    }))
})

describe("a queue that is bounded by bytes", () => {
  const padded = (bytes: number) => ({ attributes: { padding: "x".repeat(bytes) } })

  it("counts what finds no room, and knows its bytes", () => {
    const { books, end, sink } = one({ maxQueueSize: 100, maxExportBatchSize: 100, maxQueueBytes: 20_000 })
    end(20, padded(1_750))
    assert.deepInclude(books(), { inFlight: 9 })
    assert.strictEqual(books().dropped.queue_full, 11)
    assert.isAtMost(books().bytes, 20_000)
    assert.isAtLeast(books().bytes, 18_000)
    const names = Array.from({ length: 9 }, (_, index) => `span ${index}`)
    assert.deepStrictEqual(sink.pending[0]?.batch.map(({ name }) => name), names)
  })

  it("counts events, links and attributes as what they take in the heap, which is far more than encoded", () => {
    const { books, end, tracer } = one({ maxQueueSize: 100, maxExportBatchSize: 100 })
    end(1)
    const plain = books().bytes
    const span = tracer.startSpan("span 0", { attributes: { list: Array.from({ length: 50 }, () => "ab") } })
    for (let index = 0; index < 100; index++) span.addEvent("e", { n: index })
    span.addLinks(Array.from({ length: 100 }, () => ({ context: span.spanContext() })))
    span.end()
    assert.isAtLeast(books().bytes - 2 * plain, 100 * 180 + 100 * 170 + 50 * 32)
  })

  it("is emptied once it is half full, even where that is less than a request", () => {
    const { end, onTheWay } = one({ maxQueueSize: 100, maxExportBatchSize: 100, maxQueueBytes: 20_000 })
    end(5, padded(1_750))
    assert.deepStrictEqual(onTheWay(), [5])
  })

  it.effect("cuts requests by bytes, and sends one at once when there is enough for it", () =>
    Effect.gen(function*() {
      const { books, end, onTheWay, succeed, timers } = one({
        maxQueueSize: 100,
        maxExportBatchSize: 100,
        maxRequestBytes: 5_000
      })
      end(4, padded(1_000))
      assert.deepStrictEqual(onTheWay(), [])
      end(1, padded(1_000))
      assert.deepStrictEqual(onTheWay(), [4])
      yield* succeed
      assert.deepStrictEqual(onTheWay(), [])
      timers.advance(5_000)
      assert.deepStrictEqual(onTheWay(), [1])
      yield* succeed
      assert.deepInclude(books(), { exported: 5, bytes: 0 })
    }))

  it("drops a span alone that no request can carry, even where it waits for nobody", () => {
    const { books, end } = one({ maxRequestBytes: 5_000 })
    end(1, padded(1_000))
    end(1, padded(5_000))
    end(1, padded(1_000))
    assert.deepInclude(books(), { queued: 2 })
    assert.strictEqual(books().dropped.too_large, 1)
  })
})

describe("a full queue", () => {
  it.effect("lets a failed span take the place of the oldest that did not fail, and drops failed ones last", () =>
    Effect.gen(function*() {
      const { books, end, fail, settled, sink, timers } = one({ maxExportBatchSize: 100 })
      end(6)
      end(2, { failed: true })
      end(3)
      assert.deepInclude(books(), { queued: 8 })
      assert.strictEqual(books().dropped.queue_full, 3)
      end(4, { failed: true })
      assert.strictEqual(books().dropped.queue_full, 7)
      timers.advance(5_000)
      const names = sink.pending[0]?.batch.map(({ name, status }) => `${name} ${status.code}`)
      assert.deepStrictEqual(names, [
        "span 4 0",
        "span 5 0",
        "span 0 2",
        "span 1 2",
        "span 0 2",
        "span 1 2",
        "span 2 2",
        "span 3 2"
      ])
      // On their way, they keep their places, and those that come back may have to give them up.
      end(1, { failed: true })
      assert.strictEqual(books().dropped.queue_full, 8)
      yield* fail(refused)
      end(3, { failed: true })
      assert.strictEqual(books().dropped.queue_full, 11)
      timers.advance(500)
      yield* settled
      assert.deepStrictEqual(sink.pending[0]?.batch.map(({ status }) => status.code), Array(8).fill(2))
    }))

  it.effect("tells a flush that a span it waits for was displaced", () =>
    Effect.gen(function*() {
      const { books, end, fail, pipeline } = one({ maxQueueSize: 4, maxExportBatchSize: 2 })
      end(4)
      const flush = yield* Effect.forkChild(pipeline.flush, { startImmediately: true })
      end(2, { failed: true })
      yield* fail(refused)
      assert.isDefined(flush.pollUnsafe())
      yield* Fiber.join(flush)
      assert.strictEqual(books().dropped.queue_full, 2)
    }))
})
