import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as CleanTexts from "../../src/scrubber/CleanTexts.ts"
import { encodings, inContext, secretShapes } from "../support/Secrets.ts"

const bounds = { texts: 8, characters: 200, longest: 40 }

/** Says of each text that it is clean, as a scrubber does that finds nothing in it; answers how often it had to. */
const searched = (clean: CleanTexts.CleanTexts, texts: Iterable<string>): number => {
  let count = 0
  for (const text of texts) {
    if (clean.kept(text) === text) continue
    clean.add(text)
    count++
  }
  return count
}

describe("Texts that are known to be clean", () => {
  it("are searched twice, however often they come", () => {
    const clean = CleanTexts.make(bounds)
    assert.strictEqual(searched(clean, Array.from({ length: 50 }, () => "ledger.positions")), 2)
    assert.strictEqual(searched(clean, ["", "", "", ""]), 2)
  })

  it("are none that came once: what differs each time is not kept, and pushes nothing out", () => {
    const clean = CleanTexts.make(bounds)
    searched(clean, ["own", "own"])
    const ids = Array.from({ length: 10_000 }, (_, i) => `request ${i}`)
    searched(clean, ids)
    assert.deepStrictEqual(ids.filter((id) => clean.kept(id) !== undefined), [])
    assert.strictEqual(clean.kept("own"), "own")
  })

  it("stay while they are said, whatever comes twice in between, and go when they are said no more", () => {
    const clean = CleanTexts.make(bounds)
    searched(clean, ["own", "own", "former", "former"])
    for (let i = 0; i < 1_000; i++) {
      searched(clean, [`foreign ${i}`, `foreign ${i}`])
      assert.strictEqual(clean.kept("own"), "own")
    }
    assert.isUndefined(clean.kept("former"))
  })

  it("are bounded in texts and in characters, none of them long", () => {
    const known = (texts: ReadonlyArray<string>, less: Partial<CleanTexts.Bounds>): number => {
      const clean = CleanTexts.make({ texts: 1_000, characters: 10_000, longest: 40, ...less })
      for (const text of texts) searched(clean, [text, text])
      return texts.filter((text) => clean.kept(text) === text).length
    }
    const numbered = (length: number) => Array.from({ length: 100 }, (_, i) => String(i).padEnd(length, "x"))
    assert.strictEqual(known(numbered(40), {}), 100)
    assert.strictEqual(known(numbered(41), {}), 0)
    assert.isAtMost(known(numbered(40), { texts: 8 }), 16)
    assert.isAtMost(known(numbered(40), { characters: 320 }), 16)
  })

  it("never change what becomes of a secret, however often it comes", () => {
    const scrubber = Scrubber.make()
    for (const shape of secretShapes) {
      const { text } = shape.make(1)
      for (const { encode } of encodings) {
        const sent = inContext(shape, encode(text))
        const first = scrubber.text(sent)
        const attributes = scrubber.attributes({ note: sent, [sent]: 1 })
        assert.notStrictEqual(first, sent, shape.name)
        for (let times = 0; times < 3; times++) {
          assert.strictEqual(scrubber.text(sent), first, shape.name)
          assert.deepStrictEqual(scrubber.attributes({ note: sent, [sent]: 1 }), attributes, shape.name)
        }
      }
    }
  })

  it("say nothing of the same text as JSON of another owner", () => {
    const scrubber = Scrubber.make()
    const json = "{\"id\":\"p-17\"}"
    for (let times = 0; times < 3; times++) {
      assert.strictEqual(scrubber.field("order", json), json)
      assert.notStrictEqual(scrubber.field("portfolio", json), json)
    }
  })

  it("say nothing of the same URL along another route", () => {
    const scrubber = Scrubber.make()
    const url = "/things/p-17"
    for (let times = 0; times < 3; times++) {
      assert.strictEqual(scrubber.url(url), url)
      assert.strictEqual(scrubber.url(url, "/things/:name"), url)
      assert.notStrictEqual(scrubber.url(url, "/things/:user_id"), url)
    }
  })

  it("are asked of a detector of the user's as well", () => {
    let calls = 0
    const scrubber = Scrubber.make({
      detectors: [{ name: "counting", triggers: "#", find: () => void calls++ }]
    })
    for (let times = 0; times < 5; times++) scrubber.text("issue #1")
    assert.strictEqual(calls, 2)
  })
})
