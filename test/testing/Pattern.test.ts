import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "fast-check"
import { expect } from "vitest"
import * as Pattern from "../../src/testing/Pattern.ts"

const told = (expected: unknown, actual: unknown) => Pattern.differences(expected, actual).map(Pattern.describe)

describe("A pattern", () => {
  it("names every place where a value is another, with both values", () => {
    expect(told({ a: 1, b: { c: "x" }, d: [1, { e: 2 }] }, { a: 2, b: { c: "y" }, d: [1, { e: 3 }], more: 1 })).toEqual(
      [
        "a: expected 1, was 2",
        "b.c: expected \"x\", was \"y\"",
        "d[1].e: expected 2, was 3"
      ]
    )
  })

  it("asks by undefined that something is absent, and says of what is absent that it is", () => {
    expect(told({ a: undefined }, {})).toEqual([])
    expect(told({ a: undefined }, { a: 1 })).toEqual(["a: expected absent, was 1"])
    expect(told({ a: 1 }, {})).toEqual(["a: expected 1, was absent"])
    expect(told({ a: { b: 1 } }, { a: null })).toEqual(["a: expected {\"b\":1}, was null"])
  })

  it("finds a regular expression in texts only, the same at each call", () => {
    const global = /a/g
    expect(told(global, "xa")).toEqual([])
    expect(told(global, "xa")).toEqual([])
    expect(told(/a/, "x")).toEqual(["expected /a/, was \"x\""])
    expect(told(/1/, 1)).toEqual(["expected /1/, was 1"])
  })

  it("asks a predicate for true, and names it", () => {
    const isEven = (n: unknown) => Number(n) % 2 === 0
    expect(told(isEven, 2)).toEqual([])
    expect(told({ n: isEven }, { n: 3 })).toEqual(["n: expected a value that satisfies isEven, was 3"])
    expect(told(() => 1, 3)).toHaveLength(1)
  })

  it("asks of a list for all of its elements and no more", () => {
    expect(told([1, 2], [1, 2])).toEqual([])
    expect(told([1], [1, 2])).toEqual(["expected 1 elements, was 2: [1,2]"])
    expect(told([1], "1")).toEqual(["expected [1], was \"1\""])
  })

  it("compares values of Effect as Effect does, and no number with a text", () => {
    expect(told(Duration.seconds(1), Duration.millis(1000))).toEqual([])
    expect(told(Duration.seconds(1), Duration.seconds(2))).toHaveLength(1)
    expect(told(Number.NaN, Number.NaN)).toEqual([])
    expect(told(1, "1")).toEqual(["expected 1, was \"1\""])
  })

  it("fits any plain value that it is itself, and none of which a field is another", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.dictionary(
          FastCheck.string({ minLength: 1 }),
          FastCheck.oneof(FastCheck.string(), FastCheck.integer())
        ),
        (value) => {
          expect(told(value, { ...value })).toEqual([])
          for (const key of Object.keys(value)) {
            expect(told(value, { ...value, [key]: { other: true } })).toHaveLength(1)
          }
        }
      )
    )
  })

  it("chooses the first value that fits, else the one with the fewest differences", () => {
    const values = [{ a: 1, b: 2 }, { a: 1, b: 1 }, { a: 1, b: 1, c: 1 }]
    expect(Pattern.closest(values, { a: 1, b: 1 })?.value).toBe(values[1])
    expect(Pattern.closest(values, { a: 1, b: 1, c: 2 })?.value).toBe(values[1])
    expect(Pattern.closest([], {})).toBeUndefined()
  })

  it("shows long values in part", () => {
    expect(Pattern.show("x".repeat(5000)).length).toBeLessThan(600)
  })
})
