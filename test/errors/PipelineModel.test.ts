import { ErrorTracking, Guard } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import type { ErrorEvent } from "../../src/errors/ErrorEvent.ts"
import * as EventPipeline from "../../src/errors/EventPipeline.ts"
import type * as EventSink from "../../src/errors/EventSink.ts"
import { assertBalanced, eventOf, makeTime } from "./Events.ts"
import { type Answer, type Bounds, delivery, meanwhileMillis, type Mood, PipelineModel } from "./PipelineModel.ts"

const bounds: Bounds = {
  perFingerprint: 6,
  perMinute: 15,
  queue: 8,
  queueBytes: 6_000,
  eventBytes: 3_000,
  concurrency: 3
}

// No multiple of any other time.
const flushMillis = 5_039

const pauseOf = fc.option(fc.constantFrom(503, 3_011, 4_987, 5_021, 60_000, 900_000), { nil: undefined })

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ _tag: "Takes" } as const) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Takes" as const), pause: pauseOf }) },
  {
    weight: 1,
    arbitrary: fc.record({
      _tag: fc.constant("Refuses" as const),
      reason: fc.constantFrom("rejected" as const, "too_large" as const)
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("Loses" as const),
      reason: fc.constantFrom("timeout" as const, "unreachable" as const, "fault" as const)
    })
  },
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("Fails" as const),
      reason: fc.constantFrom("unreachable" as const, "rejected" as const, "throttled" as const),
      pause: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: pauseOf })
    })
  }
)

const mood: fc.Arbitrary<Mood> = fc.oneof(
  { weight: 2, arbitrary: answer },
  { weight: 1, arbitrary: fc.constant({ _tag: "Hangs" as const }) }
)

const which = fc.nat({ max: 7 })

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      step: fc.constant("capture" as const),
      type: fc.oneof(fc.constantFrom("A", "B"), fc.integer({ min: 0, max: 99 }).map(String)),
      size: fc.oneof(
        { weight: 6, arbitrary: fc.constant(10) },
        { weight: 2, arbitrary: fc.constant(1_500) },
        { weight: 1, arbitrary: fc.constantFrom(4_000, undefined) }
      ),
      times: fc.integer({ min: 1, max: 4 })
    })
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("mood" as const), mood }) },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant("pass" as const),
      millis: fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.constantFrom(30_000, 60_000, 600_000))
    })
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("answer" as const), which, answer }) },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant("flush" as const),
      // What happens while it waits, if it does: nothing for its whole time, or the steps that follow.
      millis: fc.constantFrom(0, 2_003, flushMillis)
    })
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("clock" as const), hours: fc.integer({ min: -48, max: 48 }) }) }
)

const resultOf = (mood: Answer): Effect.Effect<EventSink.SendResult> => {
  const pause = "pause" in mood && mood.pause !== undefined ? { pause: Duration.millis(mood.pause) } : {}
  if (mood._tag === "Takes") return Effect.succeed({ _tag: "Sent", ...pause })
  if (mood._tag === "Fails") return Effect.succeed({ _tag: "Retryable", reason: mood.reason, ...pause })
  if (mood.reason === "fault") return Effect.die(new Error("sink"))
  return Effect.succeed({ _tag: "Dropped", reason: mood.reason })
}

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

// All ids are as long, so that sizes are known.
let ids = 0

const make = (type: string, size: number | undefined): ErrorEvent => ({
  ...eventOf(type.padEnd(2), { text: "x".repeat(size ?? 0), scrubbable: size !== undefined }),
  id: String(ids++).padStart(12, "0")
})

const sizeOf = (type: string, size: number | undefined): number | undefined =>
  size === undefined ? undefined : Buffer.byteLength(JSON.stringify(make(type, size)))

/** A tracker in the model's mood. */
const trackerOf = (model: PipelineModel) => {
  const seen: Array<string> = []
  let hanging: Array<Deferred.Deferred<Answer>> = []
  const send = ({ id }: ErrorEvent): Effect.Effect<EventSink.SendResult> => {
    seen.push(id)
    if (model.mood._tag !== "Hangs") return resultOf(model.mood)
    const told = Deferred.makeUnsafe<Answer>()
    hanging.push(told)
    return Deferred.await(told).pipe(
      Effect.ensuring(Effect.sync(() => hanging = hanging.filter((other) => other !== told))),
      Effect.flatMap(resultOf)
    )
  }
  const answer = (which: number, answer: Answer): void => {
    const told = hanging[which % hanging.length]
    if (told !== undefined) Deferred.doneUnsafe(told, Effect.succeed(answer))
  }
  return { seen, send, answer, hanging: () => hanging.length }
}

type Step = typeof step extends fc.Arbitrary<infer A> ? A : never

/** Lives one life, and says what has happened in it. */
const run = Effect.fnUntraced(function*(
  steps: ReadonlyArray<Step>,
  last: { readonly which: number; readonly answer: Answer } | undefined
) {
  const time = makeTime()
  const model = new PipelineModel(bounds)
  const tracker = trackerOf(model)
  const circuits = new Set<string>()
  const pipeline = yield* EventPipeline.make({
    sink: { send: tracker.send, close: Effect.void },
    scrub: (event) => {
      if (event.extra["scrubbable"] === false) throw new Error("scrubber")
      return event
    },
    guard: Guard.make(),
    limits: bounds,
    concurrency: bounds.concurrency,
    delivery: { ...delivery, timers: time.timers, random: () => 1, onCircuit: (state) => circuits.add(state) }
  }).pipe(Effect.provideService(Clock.Clock, time.clock))

  const compare = (): void => {
    const books = pipeline.accounting()
    assertBalanced(books)
    assert.deepStrictEqual({
      captured: books.captured,
      sent: books.sent,
      dropped: books.dropped,
      queued: books.queued,
      bytes: books.delivery?.bytes,
      retried: books.delivery?.retried,
      circuit: books.delivery?.circuit,
      attempts: tracker.seen.length,
      hanging: tracker.hanging()
    }, {
      captured: model.captured,
      sent: model.sent,
      dropped: model.dropped,
      queued: model.queued,
      bytes: model.bytes,
      retried: model.retried,
      circuit: model.circuit,
      attempts: model.attempts,
      hanging: model.flying
    })
  }

  for (const each of steps) {
    if (each.step === "capture") {
      for (let i = 0; i < each.times; i++) {
        model.capture(each.type, sizeOf(each.type, each.size))
        pipeline.offer({ fingerprint: [each.type, "o"], make: () => make(each.type, each.size) })
        yield* turn
      }
    } else if (each.step === "mood") model.mood = each.mood
    else if (each.step === "answer") {
      model.answer(each.which, each.answer)
      tracker.answer(each.which, each.answer)
    } else if (each.step === "pass") {
      model.pass(each.millis)
      time.pass(each.millis)
    } else if (each.step === "clock") time.jump(each.hours * 3_600_000)
    else {
      model.flush(flushMillis)
      model.pass(each.millis)
      const flushing = Effect.runFork(pipeline.flush(Duration.millis(flushMillis)))
      time.pass(each.millis)
      yield* turn
      if (each.millis === flushMillis) assert.isDefined(flushing.pollUnsafe())
    }
    yield* turn
    compare()
  }
  model.shutdown(() => last === undefined ? undefined : model.answer(last.which, last.answer))
  const ending = Effect.runFork(pipeline.shutdown)
  yield* turn
  time.pass(meanwhileMillis)
  if (last !== undefined) tracker.answer(last.which, last.answer)
  yield* turn
  time.pass(5_000 - meanwhileMillis)
  for (let i = 0; i < 5 && ending.pollUnsafe() === undefined; i++) yield* turn
  assert.isDefined(ending.pollUnsafe())
  compare()
  assert.strictEqual(pipeline.accounting().queued, 0)
  return { circuits, dropped: model.dropped, most: model.most }
})

describe("the pipeline of error events", () => {
  it.effect(
    "does what a naive reckoning says, step by step, whatever is captured, fails, recovers and passes",
    () =>
      Effect.promise(async () => {
        const seen = new Set<string>()
        let most = 0
        await fc.assert(
          fc.asyncProperty(
            fc.array(step, { maxLength: 40, size: "max" }),
            fc.option(fc.record({ which, answer }), { nil: undefined }),
            async (steps, last) => {
              const life = await Effect.runPromise(run(steps, last))
              for (const state of life.circuits) seen.add(state)
              for (const reason of ErrorTracking.dropReasons) if (life.dropped[reason] > 0) seen.add(reason)
              most = Math.max(most, life.most)
            }
          ),
          { numRuns: 300 }
        )
        // Lives in which nothing happens would prove nothing.
        assert.sameMembers([...seen], [...ErrorTracking.dropReasons, "open", "half_open", "closed"])
        assert.isAtLeast(most, bounds.concurrency)
      }),
    60_000
  )
})
