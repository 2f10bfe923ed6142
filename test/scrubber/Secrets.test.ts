import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { encodings, inContext, keyStyles, needles, secretShapes } from "../support/Secrets.ts"
import { carriers, namedCarriers, wordedCarriers } from "./carriers.ts"

const scrubber = Scrubber.make()

/** Throws where something of a secret is left, or where everything is gone. */
const holds = (shown: unknown, forbidden: ReadonlyArray<string>, where: string): void => {
  const output = typeof shown === "string" ? shown : JSON.stringify(shown)
  if (!output.includes("kept")) assert.fail(`${where}: nothing is kept in ${output}`)
  for (const needle of forbidden) if (output.includes(needle)) assert.fail(`${where}: ${needle} is left in ${output}`)
}

const forbiddenOf = (parts: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(parts.flatMap(needles))]

describe("Secrets", () => {
  it("have at least 60 shapes, each of its own name, and as many different secrets as seeds", () => {
    assert.isAtLeast(secretShapes.length, 60)
    assert.strictEqual(new Set(secretShapes.map(({ name }) => name)).size, secretShapes.length)
    for (const { make, name } of secretShapes) {
      const texts = [1, 2, 3, 4, 5].map((seed) => make(seed).text)
      assert.strictEqual(new Set(texts).size, 5, name)
      assert.strictEqual(make(1).text, texts[0])
      for (const part of make(1).parts) assert.include(make(1).text, part)
    }
  })

  it.each(secretShapes)("of the shape “$name” are gone from every carrier, however they are encoded", (shape) => {
    const { parts, text } = shape.make(1)
    const forbidden = forbiddenOf(parts)
    for (const { encode, name } of encodings) {
      const encoded = encode(inContext(shape, text))
      for (const carrier of carriers) holds(carrier.show(scrubber, encoded), forbidden, `${name}, in ${carrier.name}`)
    }
  })

  it.each(secretShapes.filter(({ keys }) => keys !== undefined))(
    "of the shape “$name”, which their names tell, are gone wherever the name stands beside them",
    ({ keys = [], make }) => {
      const { parts, text } = make(1)
      const forbidden = forbiddenOf(parts)
      for (const { encode, name } of encodings) {
        for (const carrier of namedCarriers) {
          for (const key of keys) {
            holds(carrier.show(scrubber, key, encode(text)), forbidden, `${name}, ${key} in ${carrier.name}`)
          }
        }
      }
    }
  )

  it.each(secretShapes.filter(({ keys, make }) => keys !== undefined && make(1).text.length >= 20))(
    "of the shape “$name”, which words tell, are gone in what providers say of them",
    ({ make }) => {
      for (const seed of [1, 2, 3, 4]) {
        const { parts, text } = make(seed)
        const forbidden = forbiddenOf(parts)
        for (const { encode, name } of encodings) {
          for (const carrier of wordedCarriers) {
            holds(carrier.show(scrubber, "", encode(text)), forbidden, `${name}, in ${carrier.name}`)
          }
        }
      }
    }
  )

  it.each([["api", "key"], ["client", "secret"], ["access", "token"], ["private", "key"], ["user", "password"]])(
    "under the name “%s %s” are gone in every style of writing it",
    (...words) => {
      for (const key of keyStyles(words)) {
        for (const carrier of namedCarriers) {
          holds(carrier.show(scrubber, key, "n0t-t0-be-seen"), ["n0t-t0-be"], `${key} in ${carrier.name}`)
        }
      }
    }
  )

  it("of any shape, in any encoding and carrier, between any other texts, are gone", () => {
    const anyOf = <A>(items: ReadonlyArray<A>) => fc.constantFrom(...items)
    fc.assert(
      fc.property(
        anyOf(secretShapes),
        fc.nat(),
        anyOf(encodings),
        anyOf(carriers),
        anyOf(["", "done: ", "GET /x ", "(", "[1] ", "a, ", "note=", "{\"a\":\""]),
        anyOf(["", " and more", ")", "; x", "\n", ", b", " 200"]),
        (shape, seed, { encode }, carrier, before, after) => {
          const { parts, text } = shape.make(seed)
          const sent = `${before}${encode(inContext(shape, text))}${after}`
          holds(carrier.show(scrubber, sent), forbiddenOf(parts), carrier.name)
        }
      ),
      { numRuns: 3000 }
    )
  })

  it("are gone after one pass: a second one finds nothing more", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...secretShapes),
        fc.nat(),
        fc.constantFrom(...encodings),
        (shape, seed, { encode }) => {
          const once = scrubber.text(`before ${encode(inContext(shape, shape.make(seed).text))} after`)
          assert.strictEqual(scrubber.text(once), once)
        }
      ),
      { numRuns: 3000 }
    )
  })
})
