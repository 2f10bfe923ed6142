import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Gathering } from "../../src/tracing/Gathering.ts"
import { manualTimers } from "./harness.ts"

const delay = 10

/** What was dealt with, when, and how long it had waited. */
const gathering = (most: number, then: (item: number) => void = () => {}) => {
  const timers = manualTimers()
  const taken: Array<{ readonly item: number; readonly at: number; readonly waited: number }> = []
  const made = new Gathering<number>({
    most,
    delay,
    timers,
    take: (item, waited) => {
      taken.push({ item, at: timers.now(), waited })
      then(item)
    }
  })
  return { made, taken, timers, items: () => taken.map(({ item }) => item) }
}

describe("what is gathered", () => {
  it("is dealt with in order, each once, when there is enough of it or when the first has waited long enough", () => {
    const act = fc.oneof(
      { weight: 5, arbitrary: fc.constant("add" as const) },
      { weight: 1, arbitrary: fc.constant("settle" as const) },
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 15 }) }
    )
    fc.assert(fc.property(fc.integer({ min: 1, max: 5 }), fc.array(act, { maxLength: 100 }), (most, acts) => {
      const { items, made, taken, timers } = gathering(most)
      const came: Array<number> = []
      let waiting: Array<number> = []
      for (const act of acts) {
        if (act === "add") {
          waiting.push(timers.now())
          came.push(timers.now())
          made.add(came.length - 1)
          if (waiting.length === most) waiting = []
        } else if (act === "settle") {
          made.settle()
          waiting = []
        } else {
          timers.advance(act)
          if (waiting.length > 0 && timers.now() - waiting[0]! >= delay) waiting = []
        }
        assert.deepStrictEqual(items(), Array.from({ length: came.length - waiting.length }, (_, item) => item))
        assert.strictEqual(timers.pending(), waiting.length > 0 ? 1 : 0)
      }
      for (const { at, item, waited } of taken) {
        assert.isAtMost(waited, delay)
        assert.isAtLeast(waited, at - came[item]!)
      }
    }))
  })

  it("is left for the next time where it comes while others are dealt with", () => {
    const { items, made, timers } = gathering(4, (item) => {
      if (item < 2) made.add(item + 10)
    })
    for (const item of [0, 1, 2, 3]) made.add(item)
    assert.deepStrictEqual(items(), [0, 1, 2, 3])
    timers.advance(delay)
    assert.deepStrictEqual(items(), [0, 1, 2, 3, 10, 11])
  })
})
