import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { remembering, rememberingUnchanged } from "../../src/scrubber/Memory.ts"

/** A function that counts its calls. */
const counting = <A>(run: (text: string) => A) => {
  const given: Array<string> = []
  return {
    given,
    run: (text: string) => {
      given.push(text)
      return run(text)
    }
  }
}

const upper = (text: string) => text.toUpperCase()

describe("what is remembered", () => {
  it("is answered as the function would answer, whatever it was asked before", () => {
    const short = fc.string({ unit: fc.constantFrom("A", "b", "\ud800", "\ufffd", "é", "1"), maxLength: 80 })
    fc.assert(
      fc.property(fc.array(short, { maxLength: 200 }), (texts) => {
        const unchanged = rememberingUnchanged(upper)
        const names = remembering(upper, 8, 20)
        for (const text of [...texts, ...texts]) {
          assert.strictEqual(unchanged(text), upper(text))
          assert.strictEqual(names(text), upper(text))
        }
      })
    )
  })

  it("is a text that was left as it is twice, and none that was changed or is long", () => {
    const { given, run } = counting(upper)
    const unchanged = rememberingUnchanged(run)
    for (const text of ["PLAIN", "secret", "X".repeat(64), "X".repeat(65)]) {
      for (let times = 0; times < 5; times++) unchanged(text)
    }
    const times = (text: string) => given.filter((other) => other === text).length
    assert.deepStrictEqual(["PLAIN", "secret", "X".repeat(64), "X".repeat(65)].map(times), [2, 5, 2, 5])
  })

  it("is at most so much: what comes later pushes it out", () => {
    const { given, run } = counting(upper)
    const unchanged = rememberingUnchanged(run)
    const texts = Array.from({ length: 5_000 }, (_, index) => `TEXT ${index}`)
    for (let round = 0; round < 4; round++) texts.forEach(unchanged)
    assert.isAbove(given.length, 4 * texts.length - 2 * 1_024)
    const names = counting(upper)
    const remembered = remembering(names.run, 2, 8)
    for (const name of ["a", "b", "a", "c", "c", "a"]) remembered(name)
    assert.deepStrictEqual(names.given, ["a", "b", "c", "a"])
  })
})
