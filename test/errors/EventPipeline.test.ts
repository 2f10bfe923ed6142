import { ErrorTracking, Guard } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { ErrorEvent } from "../../src/errors/ErrorEvent.ts"
import * as EventPipeline from "../../src/errors/EventPipeline.ts"
import * as EventSink from "../../src/errors/EventSink.ts"
import { assertBalanced, clockTimers, draftOf, droppedOf } from "./Events.ts"

const unlimited = { perFingerprint: Infinity, perMinute: Infinity }

const make = Effect.fnUntraced(function*(
  send: EventSink.EventSink["send"],
  options?: {
    readonly limits?: Partial<EventPipeline.Limits>
    readonly concurrency?: number
    readonly scrub?: (event: ErrorEvent) => ErrorEvent
    readonly delivery?: Partial<EventPipeline.Delivery>
    readonly close?: Effect.Effect<void>
  }
) {
  const guard = Guard.make()
  const pipeline = yield* EventPipeline.make({
    sink: { send, close: options?.close ?? Effect.void },
    scrub: options?.scrub ?? ((event) => event),
    guard,
    limits: options?.limits,
    concurrency: options?.concurrency,
    delivery: { timers: yield* clockTimers, random: () => 1, ...options?.delivery }
  })
  return { pipeline, guard }
})

/** What was offered is prepared one event a turn. */
const turns = (count: number) => Effect.repeat(Effect.yieldNow, { times: count })

const sent = Effect.succeed(EventSink.sent)

describe("EventPipeline", () => {
  it.effect("lets ten events of a kind and a hundred in all pass in a minute, and counts the rest", () =>
    Effect.gen(function*() {
      const { pipeline } = yield* make(() => sent, { limits: { queue: 1000 } })
      for (let i = 0; i < 15; i++) pipeline.offer(draftOf("A"))
      assert.strictEqual((yield* pipeline.flush(EventPipeline.flushTimeout)).sent, 10)
      for (let i = 0; i < 200; i++) pipeline.offer(draftOf(`B${i}`))
      const accounting = yield* pipeline.flush(EventPipeline.flushTimeout)
      assert.strictEqual(accounting.sent, 100)
      assert.strictEqual(accounting.dropped.rate_limited, 115)
      assertBalanced(accounting)
    }))

  it.effect("lets events pass again after a minute, whatever happens to the time of day", () =>
    Effect.gen(function*() {
      const { pipeline } = yield* make(() => sent)
      for (let i = 0; i < 4; i++) assert.isDefined(pipeline.offer(draftOf("A")))
      yield* TestClock.adjust(Duration.seconds(20))
      for (let i = 0; i < 6; i++) assert.isDefined(pipeline.offer(draftOf("A")))
      yield* TestClock.adjust(Duration.millis(39_999))
      assert.isUndefined(pipeline.offer(draftOf("A")))
      yield* TestClock.adjust(Duration.millis(1))
      for (let i = 0; i < 4; i++) assert.isDefined(pipeline.offer(draftOf("A")))
      assert.isUndefined(pipeline.offer(draftOf("A")))
    }))

  it.effect("never lets more pass than a sliding minute allows", () =>
    Effect.gen(function*() {
      const { pipeline } = yield* make(() => sent)
      const passed: Array<number> = []
      for (let at = 0; at < 300_000; at += 1777) {
        if (pipeline.offer(draftOf("A")) !== undefined) passed.push(at)
        yield* TestClock.adjust(Duration.millis(1777))
      }
      assert.isAtLeast(passed.length, 40)
      for (const start of passed) {
        assert.isAtMost(passed.filter((at) => at >= start && at < start + 60_000).length, 10)
      }
    }))

  it.effect("counts each of 100,000 failures as sent or dropped", () =>
    Effect.gen(function*() {
      const { pipeline } = yield* make(() => sent)
      for (let i = 0; i < 100_000; i++) pipeline.offer(draftOf("A"))
      const accounting = yield* pipeline.shutdown
      assert.strictEqual(accounting.sent + droppedOf(accounting), 100_000)
      assert.strictEqual(accounting.queued, 0)
    }))

  it.effect("drops what does not fit into the queue", () =>
    Effect.gen(function*() {
      const { pipeline } = yield* make(() => Effect.never, { limits: { ...unlimited, queue: 5 } })
      for (let i = 0; i < 7; i++) pipeline.offer(draftOf("A"))
      assert.strictEqual(pipeline.accounting().dropped.queue_full, 2)
      assertBalanced(pipeline.accounting())
    }))

  it.effect("ends within its deadline when nothing answers, and says what became of the events", () =>
    Effect.gen(function*() {
      const { pipeline } = yield* make(() => Effect.never, { limits: unlimited })
      for (let i = 0; i < 20; i++) pipeline.offer(draftOf("A"))
      yield* turns(30)
      const ending = yield* Effect.forkChild(pipeline.shutdown)
      yield* TestClock.adjust(Duration.seconds(5))
      const accounting = yield* Fiber.join(ending)
      // Eight were on their way, and one more at the end: they may have arrived.
      assert.strictEqual(accounting.dropped.timeout, 9)
      assert.strictEqual(accounting.dropped.shutdown, 11)
      assertBalanced(accounting)
      pipeline.offer(draftOf("A"))
      assert.strictEqual(pipeline.accounting().dropped.shutdown, 12)
    }))

  it.effect("a flush that runs out of time leaves the events where they are", () =>
    Effect.gen(function*() {
      const answer = yield* Deferred.make<EventSink.SendResult>()
      const { pipeline } = yield* make(() => Deferred.await(answer))
      pipeline.offer(draftOf("A"))
      const flushing = yield* Effect.forkChild(pipeline.flush(EventPipeline.flushTimeout))
      yield* TestClock.adjust(Duration.seconds(5))
      assert.strictEqual((yield* Fiber.join(flushing)).queued, 1)
      yield* Deferred.succeed(answer, EventSink.sent)
      assert.strictEqual((yield* pipeline.flush(EventPipeline.flushTimeout)).sent, 1)
    }))

  it.effect("ends without a second wait after a flush in which nothing arrived", () =>
    Effect.gen(function*() {
      const { pipeline } = yield* make(() => Effect.never)
      pipeline.offer(draftOf("A"))
      pipeline.offer(draftOf("A"))
      const flushing = yield* Effect.forkChild(pipeline.flush(EventPipeline.flushTimeout))
      yield* TestClock.adjust(Duration.seconds(5))
      assert.strictEqual((yield* Fiber.join(flushing)).queued, 2)
      assert.strictEqual((yield* pipeline.shutdown).dropped.timeout, 2)
    }))

  it.effect("waits a second time where something has arrived since", () =>
    Effect.gen(function*() {
      const answers = [
        yield* Deferred.make<EventSink.SendResult>(),
        yield* Deferred.make<EventSink.SendResult>()
      ]
      let n = 0
      const { pipeline } = yield* make(() => Deferred.await(answers[n++]!))
      pipeline.offer(draftOf("A"))
      pipeline.offer(draftOf("A"))
      const flushing = yield* Effect.forkChild(pipeline.flush(EventPipeline.flushTimeout))
      yield* TestClock.adjust(Duration.seconds(5))
      assert.strictEqual((yield* Fiber.join(flushing)).queued, 2)
      yield* Deferred.succeed(answers[0]!, EventSink.sent)
      yield* TestClock.adjust(Duration.millis(1))
      const ending = yield* Effect.forkChild(pipeline.shutdown)
      yield* TestClock.adjust(Duration.seconds(3))
      yield* Deferred.succeed(answers[1]!, EventSink.sent)
      assert.strictEqual((yield* Fiber.join(ending)).sent, 2)
    }))

  it.effect("waits at its end for what is new, once nothing is left of what a flush has waited for", () =>
    Effect.gen(function*() {
      const answers = [
        yield* Deferred.make<EventSink.SendResult>(),
        yield* Deferred.make<EventSink.SendResult>()
      ]
      let n = 0
      const { pipeline } = yield* make(() => Deferred.await(answers[n++]!))
      pipeline.offer(draftOf("A"))
      const flushing = yield* Effect.forkChild(pipeline.flush(EventPipeline.flushTimeout))
      yield* TestClock.adjust(Duration.seconds(5))
      yield* Fiber.join(flushing)
      yield* Deferred.succeed(answers[0]!, EventSink.dropped("timeout"))
      yield* TestClock.adjust(Duration.millis(1))
      pipeline.offer(draftOf("A"))
      const ending = yield* Effect.forkChild(pipeline.shutdown)
      yield* TestClock.adjust(Duration.seconds(3))
      yield* Deferred.succeed(answers[1]!, EventSink.sent)
      assert.strictEqual((yield* Fiber.join(ending)).sent, 1)
    }))

  it.effect("counts an event that cannot be scrubbed as lost by a fault, and does not send it", () =>
    Effect.gen(function*() {
      const sentEvents: Array<ErrorEvent> = []
      const { guard, pipeline } = yield* make(
        (event) => Effect.sync(() => (sentEvents.push(event), EventSink.sent)),
        {
          scrub: () => {
            throw new Error("scrubber")
          }
        }
      )
      pipeline.offer(draftOf("A"))
      const accounting = yield* pipeline.flush(EventPipeline.flushTimeout)
      assert.strictEqual(accounting.dropped.fault, 1)
      assert.strictEqual(guard.faults().get("scrubber"), 1)
      assert.deepStrictEqual(sentEvents, [])
    }))

  it.effect("counts an event whose sink dies or throws as lost by a fault", () =>
    Effect.gen(function*() {
      let calls = 0
      const { guard, pipeline } = yield* make(() => {
        if (calls++ === 0) throw new Error("sink")
        return Effect.die(new Error("sink"))
      })
      pipeline.offer(draftOf("A"))
      pipeline.offer(draftOf("A"))
      const accounting = yield* pipeline.flush(EventPipeline.flushTimeout)
      assert.strictEqual(accounting.dropped.fault, 2)
      assert.strictEqual(guard.faults().get("sink"), 2)
      assertBalanced(accounting)
    }))

  it.effect("does not make the failing fiber wait for scrubbing", () =>
    Effect.gen(function*() {
      let scrubbed = false
      const { pipeline } = yield* make(() => sent, {
        scrub: (event) => {
          scrubbed = true
          return event
        }
      })
      pipeline.offer(draftOf("A"))
      assert.isFalse(scrubbed)
      yield* pipeline.flush(EventPipeline.flushTimeout)
      assert.isTrue(scrubbed)
    }))

  it.effect("an event that hangs holds up no other, as long as fewer hang than may be on their way at once", () =>
    Effect.gen(function*() {
      const answer = yield* Deferred.make<EventSink.SendResult>()
      const { pipeline } = yield* make((event) => event.fingerprint[0] === "hangs" ? Deferred.await(answer) : sent, {
        limits: unlimited
      })
      const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      for (let hanging = 1; hanging <= 7; hanging++) {
        pipeline.offer(draftOf("hangs"))
        yield* turn
        pipeline.offer(draftOf("next"))
        yield* turn
        const accounting = pipeline.accounting()
        assert.deepStrictEqual([accounting.sent, accounting.queued], [hanging, hanging])
      }
      pipeline.offer(draftOf("hangs"))
      yield* turn
      pipeline.offer(draftOf("next"))
      yield* turn
      assert.deepStrictEqual([pipeline.accounting().sent, pipeline.accounting().queued], [7, 9])
      yield* Deferred.succeed(answer, EventSink.sent)
      assert.strictEqual((yield* pipeline.flush(EventPipeline.flushTimeout)).sent, 16)
    }))

  it.effect("sends what is offered at the moment at which its last worker ends, without waiting for the next offer", () =>
    Effect.gen(function*() {
      // A fiber gives way after 2048 steps: for one of these lengths the worker does so after it has found the queue
      // empty and before it has ended.
      for (let steps = 1950; steps <= 2050; steps++) {
        let long: Effect.Effect<EventSink.SendResult> = sent
        for (let i = 0; i < steps; i++) {
          const rest = long
          long = Effect.suspend(() => rest)
        }
        const { pipeline } = yield* make((event) => event.fingerprint[0] === "long" ? long : sent, { concurrency: 1 })
        pipeline.offer(draftOf("long"))
        while (pipeline.accounting().queued > 0) yield* Effect.yieldNow
        pipeline.offer(draftOf("last"))
        for (let turns = 0; turns < 5; turns++) yield* Effect.yieldNow
        assert.strictEqual(pipeline.accounting().queued, 0, `${steps} steps`)
      }
    }))

  it.effect("gives a balanced account at any moment, whatever the sink answers", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              fc.record({ step: fc.constant("offer" as const), kind: fc.integer({ min: 0, max: 3 }) }),
              fc.record({
                step: fc.constant("answer" as const),
                result: fc.constantFrom("sent", "die", "retry", ...ErrorTracking.dropReasons)
              }),
              fc.record({ step: fc.constant("turn" as const) }),
              fc.record({ step: fc.constant("flush" as const) }),
              fc.record({ step: fc.constant("lost" as const) })
            ),
            { maxLength: 60 }
          ),
          (steps) =>
            Effect.runPromise(Effect.gen(function*() {
              const waiting: Array<Deferred.Deferred<EventSink.SendResult>> = []
              const { pipeline } = yield* make(
                () =>
                  Effect.suspend(() => {
                    const answer = Deferred.makeUnsafe<EventSink.SendResult>()
                    waiting.push(answer)
                    return Deferred.await(answer)
                  }),
                { limits: { perFingerprint: 5, perMinute: 12, queue: 4 } }
              )
              for (const each of steps) {
                if (each.step === "offer") pipeline.offer(draftOf(String(each.kind)))
                if (each.step === "lost") pipeline.lost("fault")
                if (each.step === "turn") yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
                if (each.step === "flush") yield* Effect.forkChild(pipeline.flush(Duration.seconds(5)))
                if (each.step === "answer") {
                  const answer = waiting.shift()
                  if (answer !== undefined) {
                    yield* each.result === "die"
                      ? Deferred.die(answer, "sink")
                      : Deferred.succeed(
                        answer,
                        each.result === "sent"
                          ? EventSink.sent
                          : each.result === "retry"
                          ? EventSink.retryable("unreachable")
                          : EventSink.dropped(each.result)
                      )
                  }
                }
                assertBalanced(pipeline.accounting())
                assert.isAtMost(pipeline.accounting().queued, 4)
              }
              const draining = yield* Effect.forkChild(Effect.forever(Effect.suspend(() => {
                const answer = waiting.shift()
                return answer === undefined ? Effect.yieldNow : Deferred.succeed(answer, EventSink.sent)
              })))
              const accounting = yield* pipeline.shutdown
              yield* Fiber.interrupt(draining)
              assertBalanced(accounting)
              assert.strictEqual(accounting.queued, 0)
            }))
        ),
        { numRuns: 60 }
      )
    ))
})
