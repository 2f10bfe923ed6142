// Events and time for the tests of the pipeline.
import type { ErrorTracking } from "@dawsos/observability"
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Timers } from "../../src/delivery/Timers.ts"
import type { ErrorEvent } from "../../src/errors/ErrorEvent.ts"
import type { Draft } from "../../src/errors/EventPipeline.ts"

let ids = 0

/** An event of a type; `extra` makes it as large as it is. */
export const eventOf = (type: string, extra: ErrorEvent["extra"] = {}): ErrorEvent => ({
  id: String(ids++),
  timestamp: 0,
  level: "error",
  message: undefined,
  exceptions: [{ type, value: "boom", stack: undefined, parent: undefined, source: undefined }],
  handled: true,
  fingerprint: [type, "operation"],
  operation: "operation",
  transaction: undefined,
  trace: undefined,
  user: undefined,
  tags: {},
  extra,
  breadcrumbs: [],
  release: "test@0",
  environment: "test"
})

/** What a capturer offers for it. */
export const draftOf = (type: string, extra?: ErrorEvent["extra"]): Draft => ({
  fingerprint: [type, "operation"],
  make: () => eventOf(type, extra)
})

/** How many events were lost, whatever the reason. */
export const droppedOf = (books: ErrorTracking.ErrorAccounting): number =>
  Object.values(books.dropped).reduce((sum, count) => sum + count, 0)

/** The equation of the books. */
export const assertBalanced = (books: ErrorTracking.ErrorAccounting): void =>
  assert.strictEqual(books.captured, books.sent + droppedOf(books) + books.queued)

/** Timers that go by a clock, such as that of a test. */
export const clockTimers = Effect.map(Effect.context<never>(), (context): Timers => {
  const run = Effect.runForkWith(context)
  const clock = Context.get(context, Clock.Clock)
  return {
    now: () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
    after: (millis, body) => {
      const fiber = run(
        Effect.andThen(clock.sleep(Duration.millis(millis)), Effect.sync(body))
      )
      return () => fiber.interruptUnsafe()
    },
    soon: (body) => {
      setImmediate(body)
    }
  }
})

/** A time that passes when it is told to, of which the time of day may be wrong. */
export interface Time {
  readonly timers: Timers
  readonly clock: Clock.Clock
  readonly pass: (millis: number) => void
  /** Sets the time of day, and nothing else, forward or back. */
  readonly jump: (millis: number) => void
}

/** A time that begins at 0. */
export const makeTime = (): Time => {
  let now = 0
  let off = 0
  let pending: Array<{ readonly at: number; readonly body: () => void }> = []
  const nanos = (millis: number): bigint => BigInt(Math.round(millis)) * 1_000_000n
  return {
    timers: {
      now: () => now,
      after: (millis, body) => {
        const timer = { at: now + millis, body }
        pending.push(timer)
        return () => {
          pending = pending.filter((other) => other !== timer)
        }
      },
      soon: (body) => {
        setImmediate(body)
      }
    },
    clock: {
      currentTimeMillisUnsafe: () => now + off,
      currentTimeMillis: Effect.sync(() => now + off),
      currentTimeNanosUnsafe: () => nanos(now + off),
      currentTimeNanos: Effect.sync(() => nanos(now + off)),
      monotonicTimeNanosUnsafe: () => nanos(now),
      monotonicTimeNanos: Effect.sync(() => nanos(now)),
      sleep: () => Effect.die("nobody sleeps by this clock")
    },
    pass: (millis) => {
      const end = now + millis
      for (;;) {
        const next = pending.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        pending = pending.filter((other) => other !== next)
        now = Math.max(now, next.at)
        next.body()
      }
      now = end
    },
    jump: (millis) => {
      off += millis
    }
  }
}
