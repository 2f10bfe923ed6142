import { Catalogue } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Labels from "../../src/metrics/Labels.ts"

setFlagsFromString("--expose_gc")
const collectGarbage = runInNewContext("gc") as () => void

const heap = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe("A label's table", () => {
  it("keeps a value, not the long text that it was cut out of", () => {
    const table = Labels.make(Catalogue.Label.bounded(100), (text) => text)
    const before = heap()
    for (let index = 0; index < 100; index++) {
      const long = `${index}`.padStart(30, "0") + "x".repeat(1_000_000) + index
      const value = JSON.parse(JSON.stringify(long)).slice(0, 30) as string
      expect(table.accept(value)).toBe(value)
    }
    expect(heap() - before).toBeLessThan(20_000_000)
  })

  it("stays small under a million distinct values", () => {
    const table = Labels.make(Catalogue.Label.bounded(200), (text) => text)
    const before = heap()
    let overflowed = 0
    for (let index = 0; index < 1_000_000; index++) {
      if (table.accept(`value ${index}`) === Catalogue.overflowValue) overflowed++
    }
    expect(overflowed).toBe(1_000_000 - 200)
    expect(heap() - before).toBeLessThan(5_000_000)
    expect(table.accept("value 0")).toBe("value 0")
  })

  it("stays small when many values become equal", () => {
    const table = Labels.make(Catalogue.Label.bounded(10), () => "[email]")
    const before = heap()
    let equal = 0
    for (let index = 0; index < 200_000; index++) if (table.accept(`${index}@example.org`) === "[email]") equal++
    expect(equal).toBe(200_000)
    expect(heap() - before).toBeLessThan(5_000_000)
    expect(table.accept("1@example.org")).toBe("[email]")
  })

  it("does not have a text scrubbed that is too long to be a label", () => {
    let scrubbed = 0
    const table = Labels.make(Catalogue.Label.bounded(10), (text) => {
      scrubbed += text.length
      return text
    })
    expect(table.accept("x".repeat(1_000_000))).toBe(Catalogue.overflowValue)
    expect(scrubbed).toBe(0)
  })

  it("of known values takes these and no other", () => {
    const table = Labels.make(Catalogue.Label.oneOf("a", "b"), () => "scrubbed")
    expect([table.accept("a"), table.accept("c"), table.accept("__overflow__")]).toEqual(["a", undefined, undefined])
  })
})
