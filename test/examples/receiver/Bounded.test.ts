import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Bounded } from "../../../examples/receiver/Bounded.ts"

describe("a bounded memory", () => {
  it("holds the longest newest part that fits both bounds, and counts the rest", () => {
    fc.assert(fc.property(
      fc.array(fc.nat({ max: 20 }), { maxLength: 200 }),
      fc.nat({ max: 10 }),
      fc.nat({ max: 60 }),
      (weights, maxCount, maxWeight) => {
        const bounded = new Bounded<number>({ maxCount, maxWeight, weigh: (value) => value })
        for (const weight of weights) bounded.push(weight)
        const kept = bounded.toArray()
        assert.deepStrictEqual(kept, weights.slice(weights.length - kept.length))
        assert.strictEqual(kept.length + bounded.evicted, weights.length)
        assert.isAtMost(kept.length, maxCount)
        assert.isAtMost(kept.reduce((sum, weight) => sum + weight, 0), maxWeight)
      }
    ))
  })

  it("gives up nothing while there is room", () => {
    const bounded = new Bounded<number>({ maxCount: 3_000 })
    for (let value = 0; value < 10_000; value++) bounded.push(value)
    assert.strictEqual(bounded.toArray().length, 3_000)
    assert.strictEqual(bounded.toArray()[0], 7_000)
    assert.strictEqual(bounded.evicted, 7_000)
    bounded.clear()
    assert.deepStrictEqual([bounded.toArray(), bounded.evicted], [[], 0])
  })
})
