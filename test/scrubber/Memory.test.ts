import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { remembering } from "../../src/scrubber/Memory.ts"

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
        const names = remembering(upper, 8, 20)
        for (const text of [...texts, ...texts]) assert.strictEqual(names(text), upper(text))
      })
    )
  })

  it("is at most two generations: what nobody asks for is pushed out", () => {
    const { given, run } = counting(upper)
    const names = remembering(run, 2, 8)
    for (const name of ["a", "b", "a", "c", "c", "a", "d", "e", "b"]) names(name)
    assert.deepStrictEqual(given, ["a", "b", "c", "d", "e", "b"])
  })

  it("outlives a flood of others where it is asked for in between", () => {
    const { given, run } = counting(upper)
    const names = remembering(run, 8, 8)
    for (let i = 0; i < 1_000; i++) {
      names(`n${i}`)
      names("own")
    }
    assert.strictEqual(given.filter((name) => name === "own").length, 1)
  })

  it("is no name that is too long", () => {
    const { given, run } = counting(upper)
    const names = remembering(run, 8, 8)
    for (const name of ["12345678", "123456789", "12345678", "123456789"]) names(name)
    assert.deepStrictEqual(given, ["12345678", "123456789", "123456789"])
  })
})
