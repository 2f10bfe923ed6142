import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as Numbers from "../../src/metrics/Numbers.ts"

describe("A float in a label", () => {
  it("is written as Prometheus writes it", () => {
    // Go's strconv.FormatFloat(x, 'g', -1, 64), with ".0" where neither a point nor an exponent shows a float.
    const cases: ReadonlyArray<readonly [number, string]> = [
      [0, "0.0"],
      [1, "1.0"],
      [2.5, "2.5"],
      [0.0005, "0.0005"],
      [0.00005, "5e-05"],
      [100000, "100000.0"],
      [999999, "999999.0"],
      [1e6, "1e+06"],
      [1234567, "1.234567e+06"],
      [1e21, "1e+21"],
      [1e100, "1e+100"],
      [-2, "-2.0"],
      [Infinity, "+Inf"],
      [-Infinity, "-Inf"],
      [NaN, "NaN"]
    ]
    for (const [value, text] of cases) expect(Numbers.float(value)).toBe(text)
    expect(Numbers.bound(undefined)).toBe("+Inf")
  })

  it("reads as the number that it was", () => {
    FastCheck.assert(FastCheck.property(FastCheck.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
      expect(Number(Numbers.float(value))).toBe(value === 0 ? 0 : value)
      expect(Numbers.float(value)).toMatch(/[.e]/)
    }))
  })
})
