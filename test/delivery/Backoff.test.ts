import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Backoff from "../../src/delivery/Backoff.ts"

const policy: Backoff.Policy = { initial: 1_000, max: 30_000, attempts: 5 }

describe("a backoff", () => {
  it("doubles with each failure up to its longest wait", () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => Backoff.delay(policy, failures, 1))
    assert.deepStrictEqual(longest, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  it("is half certain and half chance, after however many failures", () => {
    const chance = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(fc.property(fc.nat(2_000), chance, chance, (failures, one, other) => {
      const longest = Backoff.delay(policy, failures, 1)
      const shortest = Backoff.delay(policy, failures, 0)
      assert.strictEqual(shortest, longest / 2)
      assert.isAtLeast(shortest, policy.initial / 2)
      assert.isAtMost(longest, policy.max)
      const less = Backoff.delay(policy, failures, Math.min(one, other))
      assert.isAtMost(less, Backoff.delay(policy, failures, Math.max(one, other)))
    }))
  })
})
