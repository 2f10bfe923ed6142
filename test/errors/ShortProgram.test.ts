import type { ErrorTracking } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { promised } from "./Ending.ts"
import * as FakeSentry from "./FakeSentry.ts"

const program = fileURLToPath(new URL("./short.ts", import.meta.url))

const run = (sentry: FakeSentry.FakeSentry, how: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--conditions=source", program, Redacted.value(sentry.dsn), how],
      { env: { PATH: process.env["PATH"] } }
    )
    return stdout
  })

interface Ended {
  readonly millis: number
  readonly books: ErrorTracking.ErrorAccounting
}

const idsOf = (sentry: FakeSentry.FakeSentry): ReadonlySet<string> =>
  new Set(sentry.envelopes.map((envelope) => FakeSentry.eventOf(envelope).event_id))

describe("a program that ends at once after its last error", { timeout: 60_000 }, () => {
  it.live("loses none of them while Sentry answers", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const { books } = JSON.parse(yield* run(sentry, "closed")) as Ended
      assert.deepStrictEqual([books.captured, books.sent, books.queued], [50, 50, 0])
      assert.strictEqual(idsOf(sentry).size, 50)
      assert.strictEqual(sentry.envelopes.length, 50)
    }))

  it.live("loses none of them to the loading of the SDK either, which its first error begins", () =>
    Effect.gen(function*() {
      // On a busy machine loading alone may take as long as an end may: then the events are lost, and are counted.
      for (let attempt = 1; attempt <= 5; attempt++) {
        const sentry = yield* FakeSentry.make
        const { books, millis } = JSON.parse(yield* run(sentry, "cold")) as Ended
        assert.isAtMost(millis, promised)
        assert.deepStrictEqual([books.captured, books.queued], [50, 0])
        assert.strictEqual(books.sent + books.dropped.timeout + books.dropped.shutdown, 50)
        assert.isAtLeast(idsOf(sentry).size, books.sent)
        if (books.sent === 50) return
      }
      assert.fail("five times in a row events were lost")
    }))

  it.live("ends in time where Sentry does not answer, and knows what has been lost", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      sentry.answer = () => undefined
      const { books, millis } = JSON.parse(yield* run(sentry, "closed")) as Ended
      assert.isAtMost(millis, promised)
      assert.deepStrictEqual([books.captured, books.sent, books.queued], [50, 0, 0])
      assert.strictEqual(books.dropped.timeout + books.dropped.shutdown, 50)
      assert.isAtLeast(books.dropped.timeout, sentry.envelopes.length)
    }))

  it.live("is not kept alive by events that wait for another attempt, where it never closes its layer", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      sentry.answer = (response) => response.writeHead(503).end()
      yield* run(sentry, "left open")
      // Those that were on their way together; the next would have come after a second.
      assert.isAtLeast(sentry.envelopes.length, 1)
      assert.isAtMost(sentry.envelopes.length, 8)
    }))
})
