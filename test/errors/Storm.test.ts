// A storm of failures through the layer that programs use, against a Sentry in each of its moods.
import { ErrorTracking } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import * as EventPipeline from "../../src/errors/EventPipeline.ts"
import * as Garbage from "../support/Garbage.ts"
import { promised, timed } from "./Ending.ts"
import { assertBalanced, droppedOf } from "./Events.ts"
import * as FakeSentry from "./FakeSentry.ts"

const liveOf = (dsn: Redacted.Redacted<string>) =>
  ErrorTrackingLive.layer({
    config: {
      service: { name: "shop", version: "1.2.3", environment: "test" },
      sentry: { dsn: Option.some(dsn), profilesSampleRate: 0 }
    }
  }).pipe(Layer.provideMerge(Logger.layer([])))

// Node's own, as programs have it: the test runner's 100 frames make an error several times as dear.
Error.stackTraceLimit = 10

const failures = 100_000

const jobs = 100

const minute = 60_000

const heapUsed = (): number => {
  Garbage.collectGarbage()
  return process.memoryUsage().heapUsed
}

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

interface Storm {
  readonly books: ErrorTracking.ErrorAccounting
  /** Errors whose message was read, to make an event of them. */
  readonly told: number
  /** More than that a minute does not let pass in the time that it took. */
  readonly most: number
  /** Bytes, after the last failure and before the layer ends. */
  readonly heapGrowth: number
  /** Milliseconds. */
  readonly ending: number
}

/** Each of a hundred jobs fails a thousand times, with something large in its hands. */
const storm = Effect.fnUntraced(function*(dsn: Redacted.Redacted<string>) {
  const begun = performance.now()
  let told = 0
  class PriceMissing extends Error {
    readonly _tag = "PriceMissing"
    readonly prices: ReadonlyArray<string>
    constructor(prices: ReadonlyArray<string>) {
      super()
      this.prices = prices
    }
    override get message(): string {
      told++
      return "no price"
    }
  }
  const job = (name: string) =>
    Effect.suspend(() => Effect.fail(new PriceMissing(Array.from({ length: 100 }, () => name)))).pipe(
      ErrorTracking.withBoundary(name),
      Effect.exit
    )
  // What the SDK takes is not the storm's.
  yield* Effect.promise(() => import("@sentry/node"))
  const heapBefore = heapUsed()
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(liveOf(dsn), scope)
  const errors = Context.get(context, ErrorTracking.ErrorTracking)
  // Synchronously: a failure that waited for anything could not be run like that.
  const run = Effect.runSyncWith(context)
  for (let i = 1; i <= failures; i++) {
    run(job(`job ${i % jobs}`))
    if (i % 1_000 > 0) continue
    yield* turn
    assertBalanced(errors.accounting())
    assert.isAtMost(errors.accounting().queued, EventPipeline.defaultLimits.queue)
  }
  const most = 100 * Math.ceil((performance.now() - begun) / minute)
  const heapGrowth = heapUsed() - heapBefore
  const ending = yield* Effect.promise(() => timed(() => Effect.runPromise(Scope.close(scope, Exit.void))))
  const result: Storm = { books: errors.accounting(), told, most, heapGrowth, ending }
  return result
})

const assertBounded = ({ books, ending, heapGrowth, most, told }: Storm): void => {
  assert.strictEqual(books.captured, failures)
  assert.strictEqual(books.sent + droppedOf(books), failures)
  assert.strictEqual(books.queued, 0)
  assert.isAtLeast(books.dropped.rate_limited, failures - most)
  // What is not to be sent is not made: each event reads the message once for itself and once for its stack.
  assert.isAtMost(told, 4 * most)
  assert.isBelow(heapGrowth, 32 * 1024 * 1024)
  assert.isAtMost(ending, promised)
}

interface Mood {
  readonly name: string
  readonly answer: FakeSentry.Answer
  /** What becomes of the events that the limits let pass. */
  readonly fates: ReadonlyArray<"sent" | ErrorTracking.DropReason>
}

const status = (code: number): FakeSentry.Answer => (response) => response.writeHead(code).end()

/** On a machine that is busy with other work the end may come before the last is sent, or answered. */
const late = ["shutdown", "timeout"] as const

const moods: ReadonlyArray<Mood> = [
  { name: "that takes all of them", answer: FakeSentry.ok, fates: ["sent", ...late] },
  { name: "that never answers", answer: () => undefined, fates: ["timeout", "shutdown"] },
  { name: "that wants fewer (429)", answer: status(429), fates: ["throttled", "shutdown"] },
  { name: "that finds them too large (413)", answer: status(413), fates: ["too_large", ...late] },
  { name: "that is away (503)", answer: status(503), fates: ["rejected"] },
  { name: "that answers garbage", answer: (response) => response.socket?.end("garbage\r\n\r\n"), fates: ["timeout"] }
]

const fateOf = (books: ErrorTracking.ErrorAccounting, fate: Mood["fates"][number]): number =>
  fate === "sent" ? books.sent : books.dropped[fate]

describe(
  "a storm of 100,000 failures waits for nothing, and each is sent or counted as dropped",
  { timeout: 120_000 },
  () => {
    for (const { answer, fates, name } of moods) {
      it.live(`by a Sentry ${name}`, () =>
        Effect.gen(function*() {
          const sentry = yield* FakeSentry.make
          sentry.answer = answer
          const result = yield* storm(sentry.dsn)
          assertBounded(result)
          const { books } = result
          assert.strictEqual(
            fates.reduce((sum, fate) => sum + fateOf(books, fate), books.dropped.rate_limited),
            failures
          )
          if (fates[0] === "sent" || fates[0] === "too_large") assert.isAbove(fateOf(books, fates[0]), 0)
          const ids = sentry.envelopes.map((envelope) => FakeSentry.eventOf(envelope).event_id)
          if (fates.includes("sent")) {
            assert.isAtLeast(ids.length, books.sent)
            assert.isAtMost(ids.length, books.sent + books.dropped.timeout)
          }
          if (fates[0] !== "rejected" && fates[0] !== "throttled") assert.strictEqual(new Set(ids).size, ids.length)
        }))
    }

    it.live("by a Sentry that nobody listens for", () =>
      Effect.gen(function*() {
        const port = yield* Effect.scoped(Effect.map(FakeSentry.make, ({ port }) => port))
        const result = yield* storm(Redacted.make(`http://public@127.0.0.1:${port}/1`))
        assertBounded(result)
        assert.strictEqual(result.books.dropped.rate_limited + result.books.dropped.unreachable, failures)
      }))
  }
)
