import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as Secrets from "../support/Secrets.ts"
import { carriers } from "./Carriers.ts"
import * as Search from "./Search.ts"
import * as Traffic from "./Traffic.ts"

describe("the search of bytes", () => {
  it("finds what stands there, whatever the case and what is around it", () => {
    const needle = FastCheck.string({ minLength: 4, maxLength: 40 }).filter((text) => Buffer.byteLength(text) >= 4)
    const bytes = FastCheck.uint8Array({ maxLength: 60 })
    FastCheck.assert(FastCheck.property(needle, bytes, bytes, FastCheck.boolean(), (text, before, after, upper) => {
      const written = upper ? text.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : text
      const haystack = Buffer.concat([before, Buffer.from(written), after])
      const hits = new Search.Needles([text, "somewhere else"]).find(haystack)
      assert.include(hits.map(({ at }) => at), before.length)
      assert.deepStrictEqual([...new Set(hits.map((hit) => hit.needle))], [text])
    }))
  })

  it("finds no more than a plain look for each text does", () => {
    const letters = FastCheck.string({ unit: FastCheck.constantFrom("a", "b", "A"), maxLength: 40 })
    const needles = FastCheck.uniqueArray(
      FastCheck.string({ unit: FastCheck.constantFrom("a", "b"), minLength: 4, maxLength: 6 }),
      { minLength: 1, maxLength: 4 }
    )
    FastCheck.assert(FastCheck.property(letters, needles, (text, wanted) => {
      const plain = wanted.flatMap((needle) =>
        Array.from(text, (_, at) => at).filter((at) => text.toLowerCase().startsWith(needle, at)).map((at) =>
          `${at} ${needle}`
        )
      )
      const found = new Search.Needles(wanted).find(Buffer.from(text)).map(({ at, needle }) => `${at} ${needle}`)
      assert.sameMembers([...found], plain)
    }))
  })

  it("refuses a text that is too short to be told from chance", () => {
    assert.throws(() => new Search.Needles(["abc"]), /too short/)
  })
})

describe("what is sent", () => {
  it("has at least 60 shapes by at least 12 carriers, raw, percent-encoded and in base64 after three turns", () => {
    const turns = [1, 2, 3].map((turn) => Traffic.secrets(turn))
    assert.isAtLeast(Secrets.secretShapes.length, 60)
    assert.isAtLeast(carriers.filter(({ reaches }) => reaches.length > 0).length, 12)
    for (const { name } of Secrets.secretShapes) {
      const encodings = turns.flatMap((sent) =>
        sent.filter(({ shape }) => shape === name).map(({ encoding }) => encoding)
      )
      assert.sameMembers(encodings, ["raw", "percent-encoded", "base64"], name)
    }
  })

  it("is other secrets at each turn, and the same at the same", () => {
    assert.deepStrictEqual(Traffic.secrets(1), Traffic.secrets(1))
    const of = (turn: number) => Traffic.secrets(turn).map(({ text }) => text)
    assert.deepStrictEqual(of(1).filter((text) => of(2).includes(text)), [])
  })

  it("is marked by another word for each carrier, none of them part of another one's", () => {
    for (const one of carriers) {
      const alike = carriers.filter(({ marker, name }) => name !== one.name && marker.includes(one.marker))
      assert.deepStrictEqual(alike.map(({ name }) => name), [], one.name)
    }
  })
})
