import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { countSteps } from "./steps.ts"

// No truncation, so that the whole text is searched. A fault here is a regular expression, whose steps nobody counts.
const faults: Array<unknown> = []
const scrubber = Scrubber.make({
  limits: { length: 1_000_000, totalLength: 10_000_000 },
  onFault: (fault) => faults.push(fault)
})

/** Beginnings, middles and near misses of everything that a detector looks for. */
const fragments = [
  "://",
  "a://",
  "postgres://",
  "postgres://u:",
  "https://a:b",
  "@",
  "a@",
  "a@b",
  "a@b.",
  "a@b.co@",
  "\"a\"@",
  "eyJ",
  "eyJhbGciOi",
  "eyJhbGciOi.eyJhbGciOi.",
  "Bearer ",
  "bearer a ",
  "Basic ",
  "Basic dXNl ",
  "key=",
  "key:",
  "key =",
  "key= ",
  "password: ",
  "password=a&",
  "password=a,",
  "password=\"",
  "password=\\\"",
  "password:[",
  "password:{",
  "password=${",
  "token=<",
  "authorization: a ",
  "authorization: digest ",
  "cookie: a; ",
  "cookie=a; ",
  "user_id=",
  "user_id='",
  "=",
  "==",
  ":",
  "::",
  "&a",
  "&a=",
  ",a",
  ", ",
  ";",
  "\\",
  "\\\\\"",
  "\"",
  "'",
  "`",
  "{",
  "[",
  "[{",
  "{\"a\":",
  "%",
  "%40",
  "%25",
  "%2525",
  "%2Fapi%2F",
  "%zz",
  "a%40b.co",
  "-",
  "--",
  "--token ",
  "-----BEGIN ",
  "-----BEGIN PRIVATE KEY-----",
  "-----END ",
  "Failing row contains (",
  ")=(",
  "Key (a)=(b",
  "invalid input syntax for type ",
  "invalid input syntax for type a: \"",
  "4",
  "4111",
  "4111 ",
  "4111-",
  "4111 111111 ",
  "sk_live_",
  "sk-",
  "ghp_a1",
  "AKIA",
  "/",
  "/api/",
  "/api/users/",
  "/api/metrics/a",
  "portfolios/",
  "/v1/",
  ".ts:1:2",
  " ",
  "\n",
  "a",
  "A",
  "é",
  "😀",
  "[redacted]",
  "…[truncated 1]"
]

const repeat = (pattern: string, length: number): string => pattern.repeat(Math.ceil(length / pattern.length))

const growth = (pattern: string): { readonly steps: number; readonly ratio: number } => {
  const steps = countSteps(() => scrubber.text(repeat(pattern, 3000)))
  const ratio = countSteps(() => scrubber.text(repeat(pattern, 6000))) / steps
  assert.deepStrictEqual(faults, [])
  return { steps, ratio }
}

describe("the work of scrubbing", () => {
  it.each(fragments)("doubles with the text for repetitions of %j", (fragment) => {
    const { ratio, steps } = growth(fragment)
    assert.isBelow(ratio, 2.3)
    assert.isBelow(steps, 3000 * 600)
  })

  it("doubles with the text for repetitions of any mixture", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...fragments), { minLength: 2, maxLength: 5 }), (parts) => {
        assert.isBelow(growth(parts.join("")).ratio, 2.5)
      }),
      { numRuns: 150 }
    )
  })

  it("doubles with the text for a beginning that never ends", () => {
    fc.assert(
      fc.property(fc.constantFrom(...fragments), fc.constantFrom(...fragments), (head, tail) => {
        const steps = countSteps(() => scrubber.text(head + repeat(tail, 3000)))
        assert.isBelow(countSteps(() => scrubber.text(head + repeat(tail, 6000))) / steps, 2.5)
      }),
      { numRuns: 150 }
    )
  })

  it("is a few looks at each character of a harmless text", () => {
    const text = repeat("the quick brown fox computed a return of twelve percent\n", 3000)
    assert.isBelow(countSteps(() => scrubber.text(text)), 10 * text.length)
  })

  it("of a value is bounded by its limits, however much it unfolds", () => {
    let reads = 0
    const unfold = (): object =>
      new Proxy({}, {
        ownKeys: () => ["a", "b", "c", "d", "e", "f", "g", "h"],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        get: (_, key) => {
          if (typeof key === "string" && key.length === 1) reads++
          return typeof key === "string" && key.length === 1 ? unfold() : undefined
        }
      })
    scrubber.value(unfold())
    assert.isBelow(reads, 100_000)
  })
})
