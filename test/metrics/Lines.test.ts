import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { chunkSize, Lines } from "../../src/metrics/Lines.ts"

const textOf = (write: (lines: Lines) => void): string => {
  const lines = new Lines()
  lines.ascii("[")
  write(lines)
  lines.ascii("]")
  return Buffer.from(lines.written).toString()
}

const numbers = FastCheck.oneof(
  FastCheck.double({ noNaN: true, noDefaultInfinity: true }),
  FastCheck.nat(),
  FastCheck.maxSafeInteger(),
  FastCheck.constantFrom(0, -0, 9, 10, 99, 100, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1e21, Number.MAX_VALUE, 5e-324, -1.5)
)

describe("Lines", () => {
  it("write a number as JavaScript does", () => {
    FastCheck.assert(FastCheck.property(numbers, (value) => {
      expect(textOf((lines) => lines.number(value))).toBe(`[${value}]`)
    }))
  })

  it("write milliseconds as the same number of seconds", () => {
    const moments = FastCheck.oneof(numbers, FastCheck.integer({ min: 0, max: 4_102_444_800_000 }))
    FastCheck.assert(FastCheck.property(moments, (value) => {
      const text = textOf((lines) => lines.thousandths(value)).slice(1, -1)
      expect(Number(text)).toBe(value / 1000 + 0)
      expect(text).toMatch(/^-?\d+(\.\d+)?(e[+-]\d+)?$/)
    }))
  })

  it("write a word as eight hexadecimal digits, signed or not", () => {
    FastCheck.assert(FastCheck.property(FastCheck.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }), (value) => {
      expect(textOf((lines) => lines.word(value))).toBe(`[${(value >>> 0).toString(16).padStart(8, "0")}]`)
    }))
  })

  it("copy bytes, short or long, from any place, and repeat what they hold", () => {
    const copied = FastCheck.tuple(FastCheck.uint8Array({ maxLength: 100 }), FastCheck.nat(100), FastCheck.nat(100))
    FastCheck.assert(FastCheck.property(FastCheck.array(copied, { maxLength: 20 }), (copies) => {
      const lines = new Lines()
      const expected: Array<number> = []
      for (const [bytes, one, other] of copies) {
        const [start, end] = [Math.min(one, other, bytes.length), Math.min(Math.max(one, other), bytes.length)]
        const before = lines.length
        lines.copy(bytes, start, end)
        lines.repeat(before, lines.length)
        expected.push(...bytes.subarray(start, end), ...bytes.subarray(start, end))
      }
      expect([...lines.written]).toEqual(expected)
    }))
  })

  it("take what is longer than a chunk when nothing else is in them, and nothing that does not fit beside others", () => {
    const lines = new Lines()
    expect(lines.fits(chunkSize)).toBe(true)
    lines.byte(1)
    expect([lines.fits(chunkSize - 1), lines.fits(chunkSize)]).toEqual([true, false])
    lines.clear()
    expect(lines.fits(3 * chunkSize)).toBe(true)
    const long = new Uint8Array(3 * chunkSize).fill(7)
    lines.copy(long)
    expect(Buffer.from(lines.written).equals(long)).toBe(true)
  })
})
