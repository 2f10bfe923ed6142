import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"

const { length } = Scrubber.limits

const scrubber = Scrubber.make()

/** A text in which a secret begins `before` characters in front of the limit. */
const across = (before: number, secret: string): string =>
  `${"x ".repeat(length).slice(0, length - before)} ${secret} and more`

describe("A text that is longer than the limit", () => {
  for (
    const [name, before, after] of [
      ["a password in a URL", "https://ada:", "@host/path"],
      ["a JSON web token with a long header", "eyJ", `.${"b".repeat(40)}.${"c".repeat(40)}`]
    ] as const
  ) {
    it(`holds no part of ${name} that begins before the limit and ends behind it`, () => {
      for (const distance of [1, 63, 65, 200, 511, 513, 600, 1500]) {
        const shown = scrubber.text(across(distance, `${before}${"s".repeat(2000)}${after}`))
        assert.isAtMost(shown.length, length)
        assert.notInclude(shown, "ss", `${distance} characters before the limit`)
        assert.match(shown, /…\[truncated \d+\]$/)
      }
    })
  }
})

describe("A text that was encoded many times over", () => {
  const encoded = (text: string, times: number): string =>
    times === 0 ? text : encodeURIComponent(encoded(text, times - 1))

  it("passes where it is harmless, however long", () => {
    const query = Array.from({ length: 60 }, (_, i) => `p${i}=price of AAPL, ${i}%`).join("&")
    for (let times = 1; times <= 5; times++) {
      assert.strictEqual(scrubber.text(`GET /x?q=${encoded(query, times)}`), `GET /x?q=${encoded(query, times)}`)
    }
  })

  it("is not shown at all where it unfolds into so much that it was made to keep us busy", () => {
    const levels = Array.from({ length: 8 }, (_, level) => `a=%${"25".repeat(level)}22`).join("")
    assert.strictEqual(scrubber.text(levels), levels)
    assert.strictEqual(scrubber.text(levels.repeat(60)), "[redacted]")
  })
})
