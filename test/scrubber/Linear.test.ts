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
  "<password>",
  "<password a",
  "<password><![CDATA[",
  "<password>a</x>",
  "curl -u ",
  "curl -ua:",
  "user 3f2a9c1b-5d6e-4f70-8a9b-0c1d2e3f4a5b ",
  "3f2a9c1b-5d6e-4f70-8a9b-0c1d2e3f4a5b, ",
  "with id of the ",
  "/api/metrics/a=",
  "/api/users/a\"b",
  "/api/m%65trics/%41",
  "/api/metrics/a.js ",
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
  "…[truncated 1]",
  "DE89",
  "DE89 ",
  "DE89-3704-",
  "DE89 3704 0044 0532 0130 0",
  "AB12",
  "+",
  "++1",
  "+49 ",
  "+4930",
  "+1-415-555-",
  "1 1",
  "(415) 555-",
  "415-555-2671-",
  "555-2671",
  "tel ",
  "tel 0",
  "call me on 1",
  "QUJD",
  "UVUV",
  "UVUVUVUVUVUV.",
  "QUJDREVGR0hJSktM/",
  "dGVzdEBleGFtcGxlLmNvbQ",
  "dGVzdEBleGFtcGxlLmNvbQ==",
  `${"UVUV".repeat(16)}\n`,
  `${"dG9rZW49".repeat(8)}\r\n`,
  "sk-ant-",
  "sk-proj-1",
  "key-0",
  "SK0",
  "xoxb-1.",
  "v1.0-0",
  "hook",
  "hooks.slack.com/",
  "/api/webhooks/",
  "/api/webhooks/1",
  "-us1",
  "0-us1-us1",
  "a1Q~",
  "1Q~Q~",
  "12345678:AA",
  ":AA:AA",
  "MTIzNDU2Nzg5MDEyMzQ1Njc4.",
  "MTIzNDU2Nzg5MDEyMzQ1Njc4.AAAAAA.",
  "digest a=",
  "digest a=\"b\", ",
  "password ",
  "password 1",
  "login a password b1",
  "oracle:",
  "oracle:thin:a/b",
  "oracle:thin:a/b@",
  "password=''a",
  "password=\"\"a",
  "password='it\\\\'s",
  "-----BEGIN",
  "-----BEGIN+RSA+PRIVATE+KEY-----",
  "-----END",
  "a+b",
  "+%41",
  "%2B%20",
  "a=%22b",
  "a='b%20",
  "a%20/b=",
  "%2525252525252525+",
  "%2B%252B%25252B%2525252B%252525252B%25252525252B+",
  "%3D%2B%2F%253D%252B%252F%25253D%25252F%25252B+",
  "authorization: digest%20a=%22b%22,",
  "token='it's ",
  "api key ",
  "token is ",
  "token 0123456789abcdef0123",
  "0123456789abcdef0123-",
  "is the of ",
  "password is ",
  "a:b@",
  "a:b@c:1",
  "//a:b",
  "4111.",
  "4111\u00a01111\u00a0",
  "<Buffer 6e ",
  "{\"0\":1,",
  "{\"type\":\"Buffer\",\"data\":[1,",
  "\"Buffer\",\"data\":",
  "8Array(1) [ 1, ",
  "1,",
  "\\n1,\\n"
]

const repeat = (pattern: string, length: number): string => pattern.repeat(Math.ceil(length / pattern.length))

/**
 * How often the work of one size is needed for 16 times that size. A text is passed over again while something is
 * found, at most four times, so that linear work may come out as 16 to 64, and quadratic work as 256.
 */
const growth = (text: (length: number) => string): number => {
  const steps = (length: number) => countSteps(() => scrubber.text(text(length)))
  const ratio = steps(16 * size) / steps(size)
  assert.deepStrictEqual(faults, [])
  return ratio
}
const size = 500
const one = fc.constantFrom(...fragments)

describe("the work of scrubbing", () => {
  it.each(fragments)("grows with the text for repetitions of %j", (fragment) => {
    assert.isBelow(growth((length) => repeat(fragment, length)), 65)
  })

  it.each(fragments)("of a URL grows with it for repetitions of %j, with a route and without", (fragment) => {
    for (const route of [undefined, "/api/users/:user_id/*", "/a/:user_id"]) {
      const steps = (length: number) => countSteps(() => scrubber.url(`/${repeat(fragment, length)}`, route))
      assert.isBelow(steps(16 * size) / steps(size), 65)
    }
  })

  it("grows with the text for repetitions of any mixture", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...fragments), { minLength: 2, maxLength: 5 }), (parts) => {
        assert.isBelow(growth((length) => repeat(parts.join(""), length)), 65)
      }),
      { numRuns: 100 }
    )
  })

  it("grows with the text for a beginning that never ends", () => {
    fc.assert(
      fc.property(fc.constantFrom(...fragments), fc.constantFrom(...fragments), (head, tail) => {
        assert.isBelow(growth((length) => head + repeat(tail, length)), 65)
      }),
      { numRuns: 100 }
    )
  })

  // What the properties have found once.
  it.each([["/api/users/a", "&a"], ["/api/users/{", "=a"], ["oracle:thin:a/b@", "oracle:"]])(
    "grows with the text for %j and repetitions of %j",
    (head, tail) => {
      assert.isBelow(growth((length) => head + repeat(tail, length)), 65)
    }
  )

  it("grows with the text for a beginning, its repetition, and an end that changes its meaning", () => {
    fc.assert(
      fc.property(one, one, one, (head, part, end) => {
        assert.isBelow(growth((length) => head + repeat(part, length) + end), 65)
      }),
      { numRuns: 100 }
    )
  })

  it("is a few looks at each character of a harmless text", () => {
    const text = repeat("the quick brown fox computed a return of twelve percent\n", 3000)
    assert.isBelow(countSteps(() => scrubber.text(text)), 10 * text.length)
  })

  it("is as much for each character of what was encoded in base64 many times over", () => {
    const once = (text: string) => Buffer.from(text).toString("base64")
    const perCharacter = (levels: number): number => {
      let text = repeat("ada@example.com is here ", 500)
      for (let level = 0; level < levels; level++) text = once(text)
      return countSteps(() => scrubber.text(text)) / text.length
    }
    // Each level is three quarters of the one around it: all of them together are at most four times the first.
    const four = perCharacter(4)
    for (const levels of [6, 9, 12]) assert.isBelow(perCharacter(levels), 2 * four)
  })

  it("is a few looks at each character of long numbers that could be cards, accounts and phones", () => {
    const candidates = [
      "4111 1111 1111 1112 ",
      "DE89 3704 0044 0532 0130 01 ",
      "+49 30 901820 901820 901820 ",
      "4".repeat(19)
    ]
    for (const candidate of candidates) {
      const text = repeat(candidate, 20_000)
      assert.isBelow(countSteps(() => scrubber.text(text)), 64 * text.length, candidate)
    }
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
