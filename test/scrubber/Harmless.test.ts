import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import { harmlessShapes, harmlessValues } from "./harmless.ts"

const scrubber = Scrubber.make()
const count = 10_000

/** Which of the values did not come out as they went in, by their kinds. */
const changed = (show: (value: string) => unknown, seed: number): ReadonlyArray<string> =>
  harmlessValues(count, seed).flatMap(([name, value]) => {
    const shown = show(value)
    return shown === value ? [] : [`${name}: ${value} became ${JSON.stringify(shown)}`]
  })

describe("Ten thousand harmless values", () => {
  it("are of at least 40 kinds, the same ones for the same seed", () => {
    assert.isAtLeast(harmlessShapes.length, 40)
    assert.deepStrictEqual(harmlessValues(200, 1), harmlessValues(200, 1))
    assert.notDeepEqual(harmlessValues(200, 1), harmlessValues(200, 2))
    assert.strictEqual(new Set(harmlessValues(count, 1).map(([name]) => name)).size, harmlessShapes.length)
  })

  it("pass as text, byte by byte", () => assert.deepStrictEqual(changed((value) => scrubber.text(value), 1), []))

  it("pass as a value of an attribute", () =>
    assert.deepStrictEqual(changed((value) => scrubber.attributes({ "app.note": value })["app.note"], 2), []))

  it("pass inside a value", () =>
    assert.deepStrictEqual(
      changed((value) => {
        const shown = scrubber.value({ list: [{ note: value }] })
        return JSON.stringify(shown) === JSON.stringify({ list: [{ note: value }] }) ? value : shown
      }, 3),
      []
    ))

  it("pass in the middle of a sentence, in brackets and in quotes", () =>
    assert.deepStrictEqual(
      changed((value) => {
        const texts = [`kept (${value}) kept`, `kept "${value}", kept`, `[kept] ${value}; kept`]
        const shown = texts.map((text) => scrubber.text(text))
        return shown.every((text, i) => text === texts[i]) ? value : shown
      }, 4),
      []
    ))
})
