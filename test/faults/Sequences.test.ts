// Faults at random, one after the other, through the real sinks: whatever comes, the books are true.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"
import type { Route } from "./support/Faults.ts"
import * as Handles from "./support/Handles.ts"
import * as Ids from "./support/Ids.ts"
import * as Rig from "./support/Rig.ts"

type Action =
  | { readonly _tag: "Work"; readonly units: number }
  | { readonly _tag: "Reply"; readonly reply: keyof typeof replies }
  | { readonly _tag: "Flush" | "Down" | "Up" | "Settle" | "Close" }

const replies = {
  ok: Reply.ok,
  hang: Reply.hang({ stores: true }),
  unread: Reply.hang({ reads: false }),
  late: Reply.delay("20 millis"),
  lost: Reply.resetConnection({ stores: true }),
  torn: Reply.resetConnection({ at: "answer-body", stores: true }),
  headers: Reply.resetConnection({ at: "headers" }),
  refused: Reply.status(400),
  tooLarge: Reply.tooLargeOver(1_500),
  busy: Reply.status(429, { "retry-after": "1" }),
  failed: Reply.status(500),
  unavailable: Reply.status(503),
  lostThenHang: Reply.sequence([Reply.resetConnection({ stores: true })], Reply.hang({ stores: true })),
  partial: Reply.partialSuccess(2),
  garbage: Reply.garbage()
}

/** Thrift has no way to say that a part was taken. */
const repliesOf = (route: Route): ReadonlyArray<keyof typeof replies> =>
  (Object.keys(replies) as Array<keyof typeof replies>).filter((name) => route === "otlp" || name !== "partial")

const actionsOf = (route: Route): fc.Arbitrary<Action> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ _tag: fc.constant("Work" as const), units: fc.integer({ min: 1, max: 6 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        _tag: fc.constant("Reply" as const),
        reply: fc.constantFrom(...repliesOf(route))
      })
    },
    { weight: 2, arbitrary: fc.record({ _tag: fc.constantFrom("Flush" as const, "Settle" as const) }) },
    { weight: 2, arbitrary: fc.record({ _tag: fc.constantFrom("Down" as const, "Up" as const) }) },
    { weight: 1, arbitrary: fc.constant({ _tag: "Close" as const }) }
  )

const limits = { maxQueueSize: 24, maxExportBatchSize: 6 }

const run = (route: Route, sequence: ReadonlyArray<Action>) =>
  Effect.gen(function*() {
    const receiver = yield* Receiver.make()
    const opened = yield* Handles.connections
    const url = route === "otlp" ? receiver.otlpTracesUrl : receiver.jaegerHttpUrl
    const rig = yield* Rig.open({ destination: Rig.destinationOf(route, url), patience: 40, ...limits })
    const host = Rig.host()
    let closed = false
    const close = Effect.suspend(() => {
      closed = true
      return rig.close
    })
    for (const action of sequence) {
      switch (action._tag) {
        case "Work":
          assert.lengthOf(yield* rig.run(host.work(action.units)), action.units)
          break
        case "Reply":
          yield* receiver.respond(route, replies[action.reply])
          break
        case "Flush":
          assert.isBelow(yield* rig.flush, 5_000)
          break
        case "Settle":
          yield* Handles.eventually(() => rig.books().inFlight, (inFlight) => inFlight === 0)
          break
        case "Down":
          yield* receiver.down
          break
        case "Up":
          yield* receiver.up
          break
        case "Close":
          if (!closed) assert.isBelow(yield* close, 5_000)
      }
      rig.books()
    }
    if (!closed) assert.isBelow(yield* close, 5_000)
    const books = rig.books()
    const arrivals = yield* receiver.arrivals(route)
    assert.deepStrictEqual([books.queued, books.inFlight, rig.pendingTimers()], [0, 0, 0])
    assert.deepStrictEqual(Ids.compare({ ended: host.ended, arrivals, books, fates: rig.fates }).wrong, [])
    assert.strictEqual(yield* Handles.eventually(opened.open, (open) => open === 0), 0)
  })

describe("flushes that begin as others end", () => {
  it.live("leave no timer behind when the layer is closed", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      yield* receiver.respond("otlp", Reply.status(429, { "retry-after": "60" }))
      const destination = Rig.destinationOf("otlp", receiver.otlpTracesUrl)
      const rig = yield* Rig.open({ destination, ...limits })
      yield* rig.run(Rig.host().work(3))
      // The pause ends the first one in the middle of its batches, and the second one begins there and then.
      yield* rig.flush
      yield* rig.flush
      yield* receiver.down
      yield* rig.close
      assert.strictEqual(rig.pendingTimers(), 0)
    }))

  it.live.each(["flush", "close"] as const)(
    "try again what the one before has tried in vain: %s",
    (then) =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        yield* receiver.respond("otlp", Reply.sequence([Reply.status(503)]))
        const destination = Rig.destinationOf("otlp", receiver.otlpTracesUrl)
        const rig = yield* Rig.open({ destination, ...limits })
        yield* rig.run(Rig.host().work(1))
        yield* rig.flush
        assert.deepInclude(rig.books(), { exported: 0, queued: 3 })
        yield* rig[then]
        assert.deepInclude(rig.books(), { exported: 3, queued: 0 })
        yield* rig.close
      })
  )

  it.live("try again at the end what a flush that is under way has tried in vain", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const busy = Reply.status(503)
      yield* receiver.respond("otlp", Reply.sequence([busy, Reply.delay("200 millis", busy)]))
      const destination = Rig.destinationOf("otlp", receiver.otlpTracesUrl)
      const rig = yield* Rig.open({ destination, ...limits })
      yield* rig.run(Rig.host().work(4))
      yield* Effect.forkChild(rig.flush)
      yield* Handles.eventually(() => rig.fates.attempts.length, (attempts) => attempts === 2)
      yield* rig.close
      const { dropped, exported } = rig.books()
      assert.deepStrictEqual([exported, dropped.rejected], [6, 6])
    }))
})

describe("any sequence of work, faults, flushes and ends", () => {
  it.live.each(["otlp", "jaegerHttp"] as const)(
    "leaves books that balance, and nothing exported that is not there: %s",
    (route) =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(actionsOf(route), { minLength: 3, maxLength: 14 }),
            (sequence) => Effect.runPromise(Effect.scoped(run(route, sequence)))
          ),
          { numRuns: 100 }
        )
      ),
    // Three seconds on a machine with nothing else to do.
    240_000
  )
})
