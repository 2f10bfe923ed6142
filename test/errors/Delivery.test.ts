import { Guard } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { ErrorEvent } from "../../src/errors/ErrorEvent.ts"
import * as EventPipeline from "../../src/errors/EventPipeline.ts"
import * as EventSink from "../../src/errors/EventSink.ts"
import { assertBalanced, clockTimers, draftOf } from "./Events.ts"

const unlimited = { perFingerprint: Infinity, perMinute: Infinity }

interface Rig {
  readonly pipeline: EventPipeline.EventPipeline
  readonly guard: Guard.Guard
  /** Each attempt: the type of its event, and when. */
  readonly attempts: Array<readonly [type: string, millis: number]>
  /** What the sink does with an event; it may be changed at any time. */
  answer: (event: ErrorEvent) => Effect.Effect<EventSink.SendResult>
  /** The circuit's states as they were told. */
  readonly circuit: Array<string>
  readonly closed: () => number
}

const rig = Effect.fnUntraced(function*(
  answer: Rig["answer"],
  options?: {
    readonly limits?: Partial<EventPipeline.Limits>
    readonly concurrency?: number
    readonly scrub?: (event: ErrorEvent) => ErrorEvent
    readonly close?: Effect.Effect<void>
    readonly mayHaveLeft?: EventSink.EventSink["mayHaveLeft"]
  }
) {
  const guard = Guard.make()
  const timers = yield* clockTimers
  const attempts: Rig["attempts"] = []
  const circuit: Array<string> = []
  let closed = 0
  const result: Omit<Rig, "pipeline"> = { guard, attempts, answer, circuit, closed: () => closed }
  const pipeline = yield* EventPipeline.make({
    sink: {
      send: (event) => {
        attempts.push([event.fingerprint[0], timers.now()])
        return result.answer(event)
      },
      mayHaveLeft: options?.mayHaveLeft,
      close: Effect.suspend(() => {
        closed++
        return options?.close ?? Effect.void
      })
    },
    scrub: options?.scrub ?? ((event) => event),
    guard,
    limits: { ...unlimited, ...options?.limits },
    concurrency: options?.concurrency,
    delivery: { timers, random: () => 1, onCircuit: (state) => void circuit.push(state) }
  })
  return Object.assign(result, { pipeline })
})

/** Lets what was offered be prepared and sent, without any time passing. */
const settle = Effect.repeat(Effect.yieldNow, { times: 300 })

const pass = (duration: Duration.Input) => Effect.andThen(settle, Effect.andThen(TestClock.adjust(duration), settle))

const always = (result: EventSink.SendResult) => () => Effect.succeed(result)

const unreachable = EventSink.retryable("unreachable")

const timesOf = ({ attempts }: Rig): ReadonlyArray<number> => attempts.map(([, at]) => at)

const flush = (pipeline: EventPipeline.EventPipeline) =>
  Effect.gen(function*() {
    const flushing = yield* Effect.forkChild(pipeline.flush(EventPipeline.flushTimeout))
    yield* settle
    assert.isDefined(flushing.pollUnsafe(), "it waits for nothing")
    return yield* Fiber.join(flushing)
  })

describe("an event that did not arrive", () => {
  it.effect("is sent five times, after waits that double up to five seconds, and then given up for the last reason", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(unreachable))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      assert.strictEqual(made.pipeline.accounting().queued, 1)
      made.answer = always(EventSink.retryable("rejected"))
      yield* pass("1 minute")
      // The chance is the longest one.
      assert.deepStrictEqual(timesOf(made), [0, 1_000, 3_000, 7_000, 12_000])
      const books = made.pipeline.accounting()
      assert.strictEqual(books.dropped.rejected, 1)
      assert.strictEqual(books.delivery?.retried, 4)
      assertBalanced(books)
    }))

  it.effect("arrives by itself once the tracker is back", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(unreachable))
      made.pipeline.offer(draftOf("A"))
      yield* pass("1 second")
      made.answer = always(EventSink.sent)
      yield* pass("2 seconds")
      assert.strictEqual(made.pipeline.accounting().sent, 1)
      assert.strictEqual(made.attempts.length, 3)
    }))

  it.effect("is never sent again where only the answer was lost", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.dropped("timeout")))
      made.pipeline.offer(draftOf("A"))
      yield* pass("10 minutes")
      assert.strictEqual(made.attempts.length, 1)
      assert.strictEqual(made.pipeline.accounting().dropped.timeout, 1)
    }))

  it.effect("holds up the others one at a time, as long as nothing arrives", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(unreachable))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      const answer = yield* Deferred.make<EventSink.SendResult>()
      made.answer = () => Deferred.await(answer)
      for (const type of ["B", "C", "D"]) made.pipeline.offer(draftOf(type))
      yield* pass("1 second")
      assert.deepStrictEqual(made.attempts.map(([type]) => type), ["A", "A"])
      yield* Deferred.succeed(answer, EventSink.sent)
      yield* settle
      assert.strictEqual(made.pipeline.accounting().sent, 4)
    }))

  it.effect("goes behind the others: one that is refused for what it is does not hold them up", () =>
    Effect.gen(function*() {
      const made = yield* rig(
        (event) => Effect.succeed(event.fingerprint[0] === "bad" ? unreachable : EventSink.sent),
        {
          concurrency: 1
        }
      )
      made.pipeline.offer(draftOf("bad"))
      made.pipeline.offer(draftOf("good"))
      yield* pass("3 seconds")
      assert.deepStrictEqual(made.attempts.map(([type]) => type), ["bad", "bad", "good", "bad"])
      assert.strictEqual(made.pipeline.accounting().sent, 1)
    }))

  it.effect("is given up as lost when its sink breaks its promise to answer", () =>
    Effect.gen(function*() {
      let interrupted = 0
      const made = yield* rig(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++)))
      made.pipeline.offer(draftOf("A"))
      yield* pass("10 seconds")
      assert.strictEqual(made.pipeline.accounting().dropped.timeout, 1)
      assert.strictEqual(interrupted, 1)
    }))

  it.effect("is counted once, also where its sink answers after all", () =>
    Effect.gen(function*() {
      const answer = yield* Deferred.make<EventSink.SendResult>()
      const made = yield* rig(() => Effect.uninterruptible(Deferred.await(answer)))
      made.pipeline.offer(draftOf("A"))
      yield* pass("10 seconds")
      yield* Deferred.succeed(answer, EventSink.sent)
      yield* settle
      const books = made.pipeline.accounting()
      assert.deepStrictEqual([books.sent, books.dropped.timeout, books.queued], [0, 1, 0])
      assertBalanced(books)
    }))
})

describe("a tracker that asks for time", () => {
  it.effect("gets it for all events, a flush and the end included, and they are sent when it is over", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.retryable("throttled", Duration.seconds(40))))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      made.answer = always(EventSink.sent)
      made.pipeline.offer(draftOf("B"))
      yield* pass("30 seconds")
      assert.strictEqual((yield* flush(made.pipeline)).queued, 2)
      yield* pass("9 seconds")
      assert.strictEqual(made.attempts.length, 1)
      yield* pass("1 second")
      assert.strictEqual(made.pipeline.accounting().sent, 2)
    }))

  it.effect("gets it also when it has taken the event in", () =>
    Effect.gen(function*() {
      const made = yield* rig(always({ _tag: "Sent", pause: Duration.seconds(40) }))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      made.pipeline.offer(draftOf("B"))
      yield* pass("39 seconds")
      assert.strictEqual(made.attempts.length, 1)
      yield* pass("1 second")
      assert.strictEqual(made.attempts.length, 2)
    }))

  it.effect("gets five minutes at most", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.retryable("throttled", Duration.days(7))))
      made.pipeline.offer(draftOf("A"))
      yield* pass("299 seconds")
      assert.strictEqual(made.attempts.length, 1)
      yield* pass("1 second")
      assert.strictEqual(made.attempts.length, 2)
    }))

  it.effect("is waited for by a flush where that is over in time", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.retryable("throttled", Duration.seconds(2))))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      made.answer = always(EventSink.sent)
      const flushing = yield* Effect.forkChild(made.pipeline.flush(EventPipeline.flushTimeout))
      yield* pass("2 seconds")
      assert.strictEqual((yield* Fiber.join(flushing)).sent, 1)
    }))

  const throttled = (pause: Duration.Input) =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.retryable("throttled", Duration.fromInputUnsafe(pause))), {
        concurrency: 1
      })
      for (const type of ["A", "B", "C", "D"]) made.pipeline.offer(draftOf(type))
      yield* settle
      assert.strictEqual(made.attempts.length, 1)
      return made
    })

  it.effect("is asked once more at the end; what waits is dropped where it still wants nothing", () =>
    Effect.gen(function*() {
      const made = yield* throttled("60 seconds")
      const books = yield* made.pipeline.shutdown
      assert.deepStrictEqual([books.dropped.throttled, books.dropped.shutdown], [1, 3])
      assert.strictEqual(made.attempts.length, 2)
    }))

  it.effect("gets all that waits at the end, once it has taken the first", () =>
    Effect.gen(function*() {
      const made = yield* throttled("60 seconds")
      const answer = yield* Deferred.make<EventSink.SendResult>()
      made.answer = () => Deferred.await(answer)
      const ending = yield* Effect.forkChild(made.pipeline.shutdown)
      yield* pass("1 second")
      assert.strictEqual(made.attempts.length, 2)
      yield* Deferred.succeed(answer, EventSink.sent)
      assert.strictEqual((yield* Fiber.join(ending)).sent, 4)
    }))

  it.effect("is not asked by the end where the time that it wants is over before", () =>
    Effect.gen(function*() {
      const made = yield* throttled("3 seconds")
      made.answer = always(EventSink.sent)
      const ending = yield* Effect.forkChild(made.pipeline.shutdown)
      yield* pass("2 seconds")
      assert.strictEqual(made.attempts.length, 1)
      yield* pass("1 second")
      assert.strictEqual((yield* Fiber.join(ending)).sent, 4)
    }))

  it.effect("is asked once, also where a last flush comes before the end", () =>
    Effect.gen(function*() {
      const made = yield* throttled("60 seconds")
      yield* made.pipeline.flush(Duration.seconds(2), "last")
      yield* made.pipeline.shutdown
      assert.strictEqual(made.attempts.length, 2)
    }))
})

describe("a tracker that is dead", () => {
  const dead = Effect.gen(function*() {
    const made = yield* rig(always(unreachable), { limits: { queue: 10 } })
    for (let i = 0; i < 10; i++) made.pipeline.offer(draftOf(`${i}`))
    yield* pass("15 seconds")
    return made
  })

  it.effect("is left alone after five failures in a row, tried after 10 s, then after twice as long each time up to half a minute", () =>
    Effect.gen(function*() {
      const made = yield* dead
      assert.strictEqual(made.attempts.length, 5)
      assert.strictEqual(made.pipeline.accounting().delivery?.circuit, "open")
      // The first attempt fails with those that were on their way with it.
      yield* pass("10 minutes")
      const trials = timesOf(made).slice(5)
      assert.isAbove(trials.length, 5)
      const opened = timesOf(made)[4]!
      const waits = trials.map((at, index) => at - (trials[index - 1] ?? opened))
      // The chance, here the longest, adds a tenth.
      assert.deepStrictEqual(waits.slice(0, 4), [11_000, 22_000, 33_000, 33_000])
    }))

  it.effect("is told to be so, and to be back, once", () =>
    Effect.gen(function*() {
      const made = yield* dead
      yield* pass("11 seconds")
      made.answer = always(EventSink.sent)
      yield* pass("2 minutes")
      assert.deepStrictEqual(made.circuit, ["open", "half_open", "open", "half_open", "closed"])
    }))

  it.effect("takes all that has waited when it is back, without anybody's help", () =>
    Effect.gen(function*() {
      const made = yield* dead
      made.answer = always(EventSink.sent)
      const before = made.pipeline.accounting()
      yield* pass("11 seconds")
      const after = made.pipeline.accounting()
      assert.strictEqual(after.sent, before.queued)
      assert.strictEqual(after.queued, 0)
      assert.strictEqual(after.delivery?.circuit, "closed")
    }))

  it.effect("is spared by a flush, but not by the end", () =>
    Effect.gen(function*() {
      const made = yield* dead
      const attempts = made.attempts.length
      const queued = (yield* flush(made.pipeline)).queued
      assert.isAbove(queued, 0)
      assert.strictEqual(made.attempts.length, attempts)
      made.answer = always(EventSink.sent)
      assert.strictEqual((yield* made.pipeline.shutdown).sent, queued)
    }))

  it.effect("loses what does not fit into the queue meanwhile, and no more", () =>
    Effect.gen(function*() {
      const made = yield* dead
      for (let i = 0; i < 20; i++) made.pipeline.offer(draftOf("more"))
      const books = made.pipeline.accounting()
      assert.strictEqual(books.queued, 10)
      assertBalanced(books)
    }))

  it.effect("is not taken for dead because events that were on their way together failed together", () =>
    Effect.gen(function*() {
      const answer = yield* Deferred.make<EventSink.SendResult>()
      const made = yield* rig(() => Deferred.await(answer))
      for (let i = 0; i < 8; i++) made.pipeline.offer(draftOf(`${i}`))
      yield* settle
      assert.strictEqual(made.attempts.length, 8)
      yield* Deferred.succeed(answer, unreachable)
      yield* settle
      assert.strictEqual(made.pipeline.accounting().delivery?.circuit, "closed")
    }))

  it.effect("is one that answers nothing, whereas any answer shows that it lives", () =>
    Effect.gen(function*() {
      const refused = yield* rig(always(EventSink.dropped("rejected")))
      const silent = yield* rig(always(EventSink.dropped("timeout")))
      for (const { pipeline } of [refused, silent]) {
        for (let i = 0; i < 20; i++) pipeline.offer(draftOf(`${i}`))
      }
      yield* pass("15 seconds")
      assert.strictEqual(refused.pipeline.accounting().dropped.rejected, 20)
      assert.strictEqual(silent.pipeline.accounting().delivery?.circuit, "open")
    }))
})

describe("a flush", () => {
  it.effect("sends once what waits for its backoff, and goes on", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(unreachable))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      made.pipeline.offer(draftOf("B"))
      const books = yield* flush(made.pipeline)
      assert.deepStrictEqual(made.attempts.map(([type]) => type), ["A", "A", "B"])
      assert.strictEqual(books.queued, 2)
    }))

  it.effect("gives what is on its way no second attempt", () =>
    Effect.gen(function*() {
      const answer = yield* Deferred.make<EventSink.SendResult>()
      const made = yield* rig(() => Deferred.await(answer))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      const flushing = yield* Effect.forkChild(made.pipeline.flush(EventPipeline.flushTimeout))
      yield* settle
      yield* Deferred.succeed(answer, unreachable)
      assert.strictEqual((yield* Fiber.join(flushing)).queued, 1)
      assert.strictEqual(made.attempts.length, 1)
    }))

  it.effect("does not wait for what is captured after it", () =>
    Effect.gen(function*() {
      const made = yield* rig((event) =>
        event.fingerprint[0] === "later" ? Effect.never : Effect.as(Effect.sleep("1 second"), EventSink.sent)
      )
      made.pipeline.offer(draftOf("A"))
      yield* settle
      const flushing = yield* Effect.forkChild(made.pipeline.flush(EventPipeline.flushTimeout))
      yield* settle
      made.pipeline.offer(draftOf("later"))
      yield* pass("1 second")
      assert.isDefined(flushing.pollUnsafe())
      assert.strictEqual((yield* Fiber.join(flushing)).queued, 1)
    }))
})

describe("the end", () => {
  it.effect("is reached in 5 s with a sink that neither answers nor lets go nor can be interrupted", () =>
    Effect.gen(function*() {
      const hangs = Effect.uninterruptible(Effect.never)
      const made = yield* rig(() => hangs, { close: hangs })
      made.pipeline.offer(draftOf("A"))
      yield* settle
      const ending = yield* Effect.forkChild(made.pipeline.shutdown)
      yield* pass("5 seconds")
      assert.isDefined(ending.pollUnsafe())
      assert.strictEqual((yield* Fiber.join(ending)).dropped.timeout, 1)
    }))

  it.effect("tells what had not left yet from what may have arrived", () =>
    Effect.gen(function*() {
      const made = yield* rig(() => Effect.never, { mayHaveLeft: (event) => event.fingerprint[0] === "left" })
      for (const type of ["left", "connecting", "connecting"]) made.pipeline.offer(draftOf(type))
      const ending = yield* Effect.forkChild(made.pipeline.shutdown)
      yield* pass("5 seconds")
      const books = yield* Fiber.join(ending)
      assert.deepStrictEqual([books.dropped.timeout, books.dropped.shutdown], [1, 2])
      assertBalanced(books)
    }))

  it.effect("is one, however often it is asked for, and gives everybody the same answer", () =>
    Effect.gen(function*() {
      const answer = yield* Deferred.make<EventSink.SendResult>()
      const made = yield* rig(() => Deferred.await(answer))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      const endings = [yield* Effect.forkChild(made.pipeline.shutdown), yield* Effect.forkChild(made.pipeline.shutdown)]
      yield* settle
      assert.deepStrictEqual(endings.map((ending) => ending.pollUnsafe()), [undefined, undefined])
      yield* Deferred.succeed(answer, EventSink.sent)
      const [first, second] = [yield* Fiber.join(endings[0]!), yield* Fiber.join(endings[1]!)]
      assert.deepStrictEqual(second, first)
      assert.deepStrictEqual(yield* made.pipeline.shutdown, first)
      assert.strictEqual(first.sent, 1)
      assert.strictEqual(made.closed(), 1)
    }))

  it.effect("takes no more, and counts what comes as lost by it", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.sent))
      yield* made.pipeline.shutdown
      assert.isUndefined(made.pipeline.offer(draftOf("A")))
      const books = made.pipeline.accounting()
      assert.deepStrictEqual([books.captured, books.dropped.shutdown], [1, 1])
      yield* pass("1 minute")
      assert.deepStrictEqual(made.attempts, [])
    }))

  it.effect("gives an event that fails once more no later attempt", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(unreachable))
      made.pipeline.offer(draftOf("A"))
      yield* settle
      const books = yield* made.pipeline.shutdown
      assert.strictEqual(books.dropped.unreachable, 1)
      assert.strictEqual(made.attempts.length, 2)
      yield* pass("10 minutes")
      assert.strictEqual(made.attempts.length, 2)
    }))

  it.effect("sends what waits for a circuit once more, also where a flush ran out long before", () =>
    Effect.gen(function*() {
      const made = yield* rig(() => Effect.as(Effect.sleep("3 seconds"), EventSink.dropped("timeout")))
      for (let i = 0; i < 20; i++) made.pipeline.offer(draftOf(`${i}`))
      yield* settle
      const flushing = yield* Effect.forkChild(made.pipeline.flush(Duration.seconds(1)))
      yield* pass("1 second")
      yield* Fiber.join(flushing)
      yield* pass("30 seconds")
      const waiting = made.pipeline.accounting()
      assert.strictEqual(waiting.delivery?.circuit, "open")
      assert.isAbove(waiting.queued, 0)
      made.answer = always(EventSink.sent)
      assert.strictEqual((yield* made.pipeline.shutdown).sent, waiting.queued)
    }))

  it.effect("sends what was captured a moment ago", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.sent))
      for (let i = 0; i < 50; i++) made.pipeline.offer(draftOf("A"))
      assert.strictEqual((yield* made.pipeline.shutdown).sent, 50)
    }))

  it.effect("counts a sink that fails to let go, and nothing else comes of it", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.sent), { close: Effect.die("close") })
      yield* made.pipeline.shutdown
      assert.strictEqual(made.guard.faults().get("sink"), 1)
    }))
})

describe("what ends the program", () => {
  it.effect("passes every limit and goes before what waits", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.retryable("rejected")), {
        limits: { perMinute: 3, queue: 3, queueBytes: 900 },
        concurrency: 1
      })
      for (let i = 0; i < 5; i++) made.pipeline.offer(draftOf("A"))
      yield* settle
      made.answer = always(EventSink.sent)
      made.pipeline.offer({ ...draftOf("last", { text: "x".repeat(1_000) }), isLast: true })
      const ending = yield* Effect.forkChild(made.pipeline.flush(EventPipeline.flushTimeout, "last"))
      yield* settle
      const books = yield* Fiber.join(ending)
      assert.strictEqual(books.queued, 0)
      const types = made.attempts.map(([type]) => type)
      assert.strictEqual(types[1], "last", types.join())
      assert.strictEqual(books.dropped.rate_limited, 2)
    }))

  it.effect("is sent also while others hang in all places", () =>
    Effect.gen(function*() {
      const made = yield* rig((event) =>
        event.fingerprint[0] === "last" ? Effect.succeed(EventSink.sent) : Effect.never
      )
      for (let i = 0; i < 20; i++) made.pipeline.offer(draftOf("hangs"))
      yield* settle
      made.pipeline.offer({ ...draftOf("last"), isLast: true })
      const ending = yield* Effect.forkChild(made.pipeline.flush(Duration.seconds(2), "last"))
      yield* pass("2 seconds")
      assert.strictEqual((yield* Fiber.join(ending)).sent, 1)
    }))
})

describe("the books", () => {
  it.effect("balance for whoever looks, even from inside: a getter, a scrubber, a sink, or who is told of the circuit", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      let looks = 0
      const look = (): void => {
        looks++
        assertBalanced(pipeline.accounting())
      }
      const timers = yield* clockTimers
      const pipeline: EventPipeline.EventPipeline = yield* EventPipeline.make({
        sink: {
          send: () => {
            look()
            return Effect.succeed(unreachable)
          },
          close: Effect.sync(look)
        },
        scrub: (event) => {
          look()
          return event
        },
        guard,
        delivery: { timers, onCircuit: look }
      })
      for (let i = 0; i < 3; i++) {
        const { fingerprint, make } = draftOf("A")
        pipeline.offer({
          fingerprint,
          make: () => {
            look()
            return make()
          }
        })
      }
      yield* pass("5 minutes")
      yield* pipeline.shutdown
      assert.isAtLeast(looks, 3 + 3 + 15 + 2 + 1)
      assert.deepStrictEqual([...guard.faults().values()].filter((count) => count > 0), [])
    }))

  it.effect("are given to a flush that the end overtakes", () =>
    Effect.gen(function*() {
      const made = yield* rig(() => Effect.never)
      made.pipeline.offer(draftOf("A"))
      yield* settle
      const ending = yield* Effect.forkChild(made.pipeline.shutdown)
      yield* pass("1 second")
      const flushing = yield* Effect.forkChild(made.pipeline.flush(EventPipeline.flushTimeout))
      yield* pass("3 seconds")
      assert.isDefined(flushing.pollUnsafe())
      assert.strictEqual((yield* Fiber.join(flushing)).dropped.timeout, 1)
      yield* Fiber.join(ending)
    }))
})

describe("what is held", () => {
  it.effect("is limited in bytes of what would leave", () =>
    Effect.gen(function*() {
      const made = yield* rig(() => Effect.never, { limits: { queue: 1_000, queueBytes: 10_000 } })
      for (let i = 0; i < 20; i++) made.pipeline.offer(draftOf("A", { text: "é".repeat(500) }))
      yield* settle
      const books = made.pipeline.accounting()
      // An é is two bytes: with the rest of the event a bit more than 1,000.
      assert.isAtMost(books.queued, 9)
      assert.isAtLeast(books.queued, 7)
      assert.strictEqual(books.dropped.queue_full, 20 - books.queued)
      assert.isAtMost(books.delivery!.bytes, 10_000)
      assertBalanced(books)
    }))

  it.effect("is measured as it would leave, and forgotten when it is gone", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.sent), {
        limits: { eventBytes: 5_000 },
        scrub: (event) => ({ ...event, extra: {} })
      })
      made.pipeline.offer(draftOf("A", { text: "x".repeat(10_000) }))
      yield* settle
      const books = made.pipeline.accounting()
      assert.strictEqual(books.sent, 1)
      assert.strictEqual(books.delivery?.bytes, 0)
    }))

  it.effect("has no room for an event that the tracker would not take: it is dropped alone", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.sent))
      made.pipeline.offer(draftOf("small"))
      made.pipeline.offer(draftOf("large", { text: "x".repeat(EventPipeline.defaultLimits.eventBytes) }))
      made.pipeline.offer(draftOf("small"))
      yield* settle
      const books = made.pipeline.accounting()
      assert.deepStrictEqual([books.sent, books.dropped.too_large], [2, 1])
      assert.deepStrictEqual(made.attempts.map(([type]) => type), ["small", "small"])
      assert.strictEqual(books.delivery?.bytes, 0)
    }))

  it.effect("does not change with what the program does to it afterwards", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const made = yield* rig((event) => {
        seen.push(event.extra["text"])
        return Effect.succeed(seen.length === 1 ? unreachable : EventSink.sent)
      }, { scrub: (event) => ({ ...event, extra: { ...event.extra } }) })
      const extra = { text: "before" }
      made.pipeline.offer(draftOf("A", extra))
      yield* settle
      extra.text = "after"
      yield* pass("1 second")
      assert.deepStrictEqual(seen, ["before", "before"])
    }))

  it.effect("is not what can't be told in JSON: that is lost by a fault, and counted once", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.sent))
      made.pipeline.offer(draftOf("A", { n: 1n }))
      yield* settle
      const books = made.pipeline.accounting()
      assert.deepStrictEqual([books.captured, books.dropped.fault, books.queued], [1, 1, 0])
      assert.strictEqual(made.guard.faults().get("scrubber"), 1)
    }))

  it.effect("is not made where it is not let pass, and its making harms nobody", () =>
    Effect.gen(function*() {
      const made = yield* rig(always(EventSink.sent), { limits: { perFingerprint: 1 } })
      let makes = 0
      const make = (): ErrorEvent => {
        makes++
        throw new Error("a getter")
      }
      made.pipeline.offer({ fingerprint: ["A", "o"], make })
      made.pipeline.offer({ fingerprint: ["A", "o"], make })
      const books = made.pipeline.accounting()
      assert.deepStrictEqual([books.captured, books.dropped.fault, books.dropped.rate_limited], [2, 1, 1])
      assert.strictEqual(makes, 1)
      assert.strictEqual(made.guard.faults().get("reporter"), 1)
    }))
})
