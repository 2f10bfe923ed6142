import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as fc from "fast-check"
import * as RetryAfter from "../../src/delivery/RetryAfter.ts"

const now = Date.UTC(2026, 10, 23, 2, 0, 0)

describe("Retry-After", () => {
  it("is read as seconds and as a date", () => {
    assert.deepStrictEqual(RetryAfter.parse("120", now), Duration.minutes(2))
    assert.deepStrictEqual(RetryAfter.parse(" 0 ", now), Duration.zero)
    assert.deepStrictEqual(RetryAfter.parse("Mon, 23 Nov 2026 02:00:30 GMT", now), Duration.seconds(30))
  })

  it("that is over, is over", () => {
    assert.deepStrictEqual(RetryAfter.parse("Mon, 23 Nov 2026 01:00:00 GMT", now), Duration.zero)
  })

  it("that can't be read says nothing", () => {
    for (const header of [undefined, "", "-1", "1.5", "soon", "Someday, never GMT"]) {
      assert.isUndefined(RetryAfter.parse(header, now), String(header))
    }
  })

  it("is never longer than five minutes, whatever a server writes", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.bigInt({ min: 0n }).map(String)), (header) => {
      const wait = RetryAfter.parse(header, now)
      if (wait === undefined) return
      assert.isAtLeast(Duration.toMillis(wait), 0)
      assert.isAtMost(Duration.toMillis(wait), 300_000)
    }))
  })
})
