import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as Cut from "../../src/scrubber/Cut.ts"
import { secretShapes } from "../support/Secrets.ts"

const scrubber = Scrubber.make()
const limit = 1024
const key = ["np", `m_${"7JVQvqrGEP2LH5gzwqVeSMYgmhTxC65dQxl1"}`].join("")

describe("a text that is cut before it is scrubbed", () => {
  it("loses no shape: wherever the cut goes through a key, nothing of it is left", () => {
    const written = [key, Buffer.from(key).toString("base64"), encodeURIComponent(`a@b ${key}`)]
    for (const secret of written) {
      for (let at = limit - secret.length - 1; at <= limit + 1; at++) {
        const text = `${"w".repeat(at - 1)} ${secret} ${"and more ".repeat(500)}`
        const left = Cut.after(scrubber.text(Cut.before(text, limit)), limit)
        assert.isFalse(left.includes(key.slice(4, 10)) || left.includes(secret.slice(8, 16)), `${secret} at ${at}`)
      }
    }
  })

  it("is whole where it is not much longer than the limit, and ends with a word where it is cut", () => {
    FastCheck.assert(FastCheck.property(FastCheck.lorem({ maxCount: 600 }), FastCheck.nat(2000), (text, limit) => {
      const kept = Cut.before(text, limit)
      assert.isTrue(text.startsWith(kept))
      assert.isAtMost(kept.length, limit + 1024)
      if (text.length <= limit + 1024) assert.strictEqual(kept, text)
      else {
        assert.isAtLeast(kept.length, limit)
        assert.match(text.slice(kept.length), /^\s/)
      }
    }))
  })

  it("has its final length, and no half of a character", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string({ unit: "binary" }), FastCheck.nat(20), (text, limit) => {
      const cut = Cut.after(text, limit)
      assert.isAtMost(cut.length, limit + 1)
      assert.isTrue(cut.isWellFormed())
      if (text.length <= limit) assert.strictEqual(cut, text)
    }))
  })

  it("keeps what begins near the limit whole, for most shapes of secrets", () => {
    const short = secretShapes.filter((shape) => shape.make(1).text.length <= 512)
    assert.isAbove(short.length, 100)
    for (const { make } of short) {
      const { text } = make(1)
      const long = `${"w".repeat(limit - 2)} ${text} ${"and more ".repeat(500)}`
      assert.include(Cut.before(long, limit), text)
    }
  })
})
