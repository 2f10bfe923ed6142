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
