import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as RetryAfter from "../../src/delivery/RetryAfter.ts"

const now = Date.UTC(2026, 10, 23, 2, 0, 0)

describe("Retry-After", () => {
  it("is read as seconds and as a date", () => {
    assert.strictEqual(RetryAfter.parse("120", now), 120_000)
    assert.strictEqual(RetryAfter.parse(" 0 ", now), 0)
    assert.strictEqual(RetryAfter.parse("Mon, 23 Nov 2026 02:00:30 GMT", now), 30_000)
  })

  it("that is over, is over", () => {
    assert.strictEqual(RetryAfter.parse("Mon, 23 Nov 2026 01:00:00 GMT", now), 0)
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
      assert.isAtLeast(wait, 0)
      assert.isAtMost(wait, 300_000)
    }))
  })
})
