import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Identifiers from "../../src/scrubber/Identifiers.ts"
import { encodings, inContext, secretShapes } from "../support/Secrets.ts"

const scrubber = Scrubber.make()

const stays = (text: string): void => {
  assert.strictEqual(scrubber.text(text), text)
}

describe("What looks like a secret and is none stays", () => {
  it("a certificate, of which only the key is one", () => {
    const certificate = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----"
    const key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----"
    stays(certificate)
    assert.strictEqual(
      scrubber.text(`${certificate}\n${key}\n${certificate}`),
      `${certificate}\n[redacted]\n${certificate}`
    )
  })

  it("the beginning of a JSON web token without the rest", () => {
    stays("the header eyJhbGciOiJIUzI1NiJ9 stands alone")
    assert.strictEqual(
      scrubber.text("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl from it"),
      "got [redacted] from it"
    )
  })

  it("what follows “basic” without naming a user", () => {
    stays("a basic set of rules")
    stays("Basic auth is off")
    assert.strictEqual(scrubber.text("Basic YTpi"), "Basic [redacted]")
    assert.strictEqual(scrubber.text("Basic YTpiYw=="), "Basic [redacted]")
  })
})

describe("A segment of a path", () => {
  for (
    const template of [
      ":id",
      ":portfolio_id",
      "*",
      "{id}",
      "{portfolio-id}",
      "${id}",
      "<id>",
      "[id]",
      "{{id}}",
      "{id?}"
    ]
  ) {
    it(`is a template: ${template}`, () => assert.isTrue(Identifiers.isTemplate(template)))
  }
  for (
    const id of [
      "id",
      "$id",
      "${id",
      "{id",
      "<id",
      "id>",
      "[id",
      "{}",
      "{u 1}",
      "{4111111}",
      "<u-12345>",
      `{${"a".repeat(65)}}`,
      `:${"a".repeat(65)}`,
      "a{id}"
    ]
  ) {
    it(`is none: ${id}`, () => assert.isFalse(Identifiers.isTemplate(id)))
  }
})

describe("A key", () => {
  for (const key of ["passwordhash", "passwords", "passwdfile", "password2"]) {
    it(`that begins like a password is one: ${key}`, () =>
      assert.strictEqual(scrubber.field(key, "hunter2"), "[redacted]"))
  }
  it("that says there is none holds none", () => {
    assert.strictEqual(scrubber.field("passwordless", "yes"), "yes")
  })
})

describe("What was encoded in base64", () => {
  const encode = (text: string): string => Buffer.from(text).toString("base64")
  const secret = "ada.lovelace@example.com"

  it("is decoded as often as anybody encodes it, and no more", () => {
    let text = `say ${secret} here`
    for (let level = 1; level <= 7; level++) {
      text = encode(text)
      assert.strictEqual(scrubber.text(`got ${text} from it`), "got [redacted] from it", `${level} times`)
    }
    for (let level = 8; level <= 16; level++) text = encode(text)
    assert.strictEqual(scrubber.text(text), text)
  })

  it("is found in lines of equal length, and all of them go", () => {
    const lines = encode(`${"a quiet line of text. ".repeat(6)}${secret}${" and more of it".repeat(6)}`)
    for (const [width, lineBreak] of [[76, "\r\n"], [64, "\n"]] as const) {
      const wrapped = lines.replaceAll(new RegExp(`.{${width}}`, "g"), (line) => line + lineBreak)
      assert.strictEqual(scrubber.text(`before:\n${wrapped}\nafter`), "before:\n[redacted]\nafter")
    }
  })

  it("loses only the stretch with the secret where what surrounds it is no text", () => {
    const noise = Buffer.from([0, 255, 1, 254, 2, 253])
    const text = Buffer.concat([noise, Buffer.from(`note: ${secret}`), noise]).toString("base64")
    const shown = scrubber.text(text)
    assert.include(shown, "[redacted]")
    assert.isTrue(shown.startsWith(text.slice(0, 8)) && shown.endsWith(text.slice(-4)))
  })

  it("is found behind what separates it in a path or a name", () => {
    for (const before of ["/files/", "/a/", "key_", "x-", "a/bc-def_", "+", "a", "ab", "abc"]) {
      assert.notInclude(scrubber.text(`${before}${encode(secret)}/meta`), encode(secret).slice(4, 20), before)
    }
  })

  it("and holds no secret stays", () => {
    stays(encode("the quick brown fox jumps over the lazy dog, twelve times a day"))
    stays(encode("{\"symbol\":\"AAPL\",\"price\":187.42}"))
    stays(Buffer.from(Uint8Array.from({ length: 300 }, (_, i) => (i * 197) % 256)).toString("base64"))
  })
})

describe("A number of people", () => {
  for (
    const text of [
      "order 415-555-267",
      "order 115-555-2671",
      "order 415-155-2671",
      "4415-555-2671",
      "415-555-26715",
      "415-555-2671-1",
      "415 555 2671",
      "+1718900000",
      "+1718900000123",
      "+1,234,567,890",
      "+12.345678901",
      "2024-01-31T10:00:00+0200",
      "a+4930901820",
      "+0049309018",
      "telling 1234567",
      "phone 123456",
      "DE89370400440532013001",
      "DE8937040044053201300",
      "DE893704004405320130000",
      "ZZ89370400440532013000",
      "XDE89370400440532013000",
      "DE89 3704-0044 0532 0130 00",
      "US0378331005"
    ]
  ) {
    it(`is not ${text}`, () => stays(text))
  }

  for (
    const [text, left] of [
      ["call +1 415 555 2671 200 times", "call [redacted] 200 times"],
      ["+1.415.555.2671", "[redacted]"],
      ["1-415-555-2671", "[redacted]"],
      ["call (415)555-2671.", "call [redacted]."],
      ["Tel.: 030 901820", "Tel.: [redacted]"],
      ["phone number is 020 7946 0958, ok", "phone number is [redacted], ok"],
      ["tel:+4930901820", "tel:[redacted]"],
      ["fax (030) 901820", "fax [redacted]"],
      ["iban de89370400440532013000", "iban [redacted]"],
      ["DE89-3704-0044-0532-0130-00 200", "[redacted] 200"]
    ] as const
  ) {
    it(`is found in ${text}`, () => assert.strictEqual(scrubber.text(text), left))
  }
})

describe("A key of a provider", () => {
  for (
    const text of [
      "sk-learn-is-a-library-for-machine-learning-in-python",
      "cache-key-0123456789abcdef0123456789abcdef",
      "monkey-0123456789abcdef0123456789abcdef",
      "xSK0123456789abcdef0123456789abcdef",
      "SK0123456789abcdef0123456789abcdef01",
      "eu-us1 us-us2",
      "12345678:AA",
      "access-production-cluster-of-the-whole-company-eu-1",
      "/api/webhooks/list",
      "https://hooks.slack.com/services",
      "a.b.c.d.e",
      "password must have 12 characters",
      "Password v2/reset",
      "the password 12345678 times",
      "jdbc:oracle:thin:@//h:1521/x"
    ]
  ) {
    it(`is not ${text}`, () => stays(text))
  }
})

describe("What a URL or a name makes of a secret", () => {
  it("a private key in a form or a path is one all the same", () => {
    for (const blank of ["+", "%20", "%2B", " "]) {
      const words = ["-----BEGIN", "RSA", "PRIVATE", "KEY-----"].join(blank)
      const text = `https://h/x?detail=${words}%0Axa8bhb/qIdfA45%2BH69%0A${words.replace("BEGIN", "END")}&a=1`
      assert.strictEqual(scrubber.text(text), "https://h/x?detail=[redacted]&a=1")
    }
  })

  it("blanks as plus signs are blanks in a form, and signs elsewhere", () => {
    assert.strictEqual(scrubber.text("a=1&card=4111+1111+1111+1111"), "a=1&card=%5Bredacted%5D")
    assert.strictEqual(scrubber.text("to=ada+tag%40example.com"), "to=%5Bredacted%5D")
    stays("1+1=2 and a+b%20c")
  })

  it("credentials behind an encoded blank are found", () => {
    assert.strictEqual(scrubber.text("/x?h=Bearer%20abc/def%3D%3D&a=1"), "/x?h=Bearer%20[redacted]&a=1")
    assert.strictEqual(scrubber.text("h=bearer+abc/def=="), "h=bearer+[redacted]")
    assert.strictEqual(scrubber.text("h=Basic%20dXNlcjpwYXNz.find"), "h=Basic%20[redacted].find")
  })

  it("a card in front of a name or behind one is found, and a part of a number is not", () => {
    assert.strictEqual(scrubber.text("4111111111111111.find"), "[redacted].find")
    assert.strictEqual(scrubber.text("find.4111111111111111"), "find.[redacted]")
    stays("4111111111111111.00")
    stays("0.4111111111111111")
  })

  it("a token as the name of a property goes, and its value is judged as before", () => {
    const token = `${"gh"}${"p_"}0123456789abcdefghij0123456789abcdef`
    assert.deepStrictEqual(scrubber.value({ [token]: "kept", symbol: "AAPL" }), {
      "[redacted]": "kept",
      symbol: "AAPL"
    })
    assert.deepStrictEqual(scrubber.attributes({ "4111111111111111": 1 }), { "[redacted]": 1 })
  })
})

describe("A word or a number under the name of a secret", () => {
  for (
    const text of [
      "cache key: quotes:AAPL",
      "partition key: 2024",
      "sort key = asc",
      "Tests: pass: 12, fail: 0",
      "tokens: 812",
      "tokens_per_second=33.2",
      "token: next",
      "auth: ok in 5 ms",
      "secret: none",
      "password: required"
    ]
  ) {
    it(`stays: ${text}`, () => stays(text))
  }

  it("stays as a number of tokens in a value", () => {
    assert.deepStrictEqual(scrubber.value({ tokens: 812, tokens_per_second: 33.2 }), {
      tokens: 812,
      tokens_per_second: 33.2
    })
  })

  for (
    const [text, left] of [
      ["token: 123456", "token: [redacted]"],
      ["pass=hunter2", "pass=[redacted]"],
      ["password: 1234", "password: [redacted]"],
      ["password=none", "password=[redacted]"],
      ["api key: quotes:AAPL", "api key: [redacted]"],
      ["access key = asc1", "access key = [redacted]"],
      ["tokens: a1b2c3", "tokens: [redacted]"],
      ["db.key=AAPL", "db.key=[redacted]"]
    ] as const
  ) {
    it(`goes where it may be one: ${text}`, () => assert.strictEqual(scrubber.text(text), left))
  }

  it("goes in a value where it may be a code", () => {
    assert.deepStrictEqual(scrubber.value({ token: 123456, pin: 1234 }), { token: "[redacted]", pin: "[redacted]" })
  })
})

describe("A secret that words tell", () => {
  const hex = "0123456789abcdef0123456789abcdef"
  for (
    const [text, left] of [
      [`Invalid API key ${hex}`, "Invalid API key [redacted]"],
      [`the api key is ${hex}.`, "the api key is [redacted]."],
      [`api key ${hex} was refused`, "api key [redacted] was refused"],
      [`Incorrect API key provided: ${hex}`, "Incorrect API key provided: [redacted]"],
      [`token ${hex} expired`, "token [redacted] expired"],
      [`access_token '${hex}' expired`, "access_token '[redacted]' expired"],
      ["password is hunter2zz", "password is [redacted]"],
      ["the password was \"hunter2zz\", once", "the password was \"[redacted]\", once"],
      ["user:pw@db:5432/app", "[redacted]@db:5432/app"],
      ["connect to user:p:w@10.0.0.7:5432 failed", "connect to [redacted]@10.0.0.7:5432 failed"],
      ["//user:pw@h/x", "//[redacted]@h/x"],
      ["user:pw@tcp(db:3306)/app", "[redacted]@tcp(db:3306)/app"],
      [
        "4111\u00a01111\u00a01111\u00a01111 4111\t1111\t1111\t1111 4111.1111.1111.1111",
        "[redacted] [redacted] [redacted]"
      ]
    ] as const
  ) {
    it(`is found in ${text}`, () => assert.strictEqual(scrubber.text(text), left))
  }

  for (
    const text of [
      `commit ${hex}`,
      `token bucket of ${hex}`,
      `cache key ${hex}`,
      "secret dawsos-api-production-v2 not found",
      "token src/services/authentication2/refresh",
      "token 123456789012345678901234",
      "the password is wrong",
      "npm:react@18.2.0/index.js and image:1.2@sha256:9f86d081",
      "mail to: team@db, 10:30@room",
      "{user}:{password}@db:5432",
      "4111\n1111\n1111\n1111",
      "4111.1111.1111.1112"
    ]
  ) {
    it(`is not in ${JSON.stringify(text)}`, () => stays(text))
  }
})

describe("Bytes that were written as numbers", () => {
  const secret = "npm_7JVQvqrGEP2LH5gz"
  const size = secret.length
  const buffer = Buffer.from(secret)
  const typed = new TextEncoder().encode(secret)

  it("are told by their number, in objects and in text that is JSON", () => {
    for (const value of [buffer.toJSON(), { ...typed }]) {
      assert.deepStrictEqual(scrubber.value({ body: value }), { body: `[binary ${size} bytes]` })
      assert.strictEqual(scrubber.text(JSON.stringify({ body: value })), `{"body":"[binary ${size} bytes]"}`)
      assert.strictEqual(scrubber.text(JSON.stringify(value)), `"[binary ${size} bytes]"`)
    }
  })

  it("are found in a part of JSON, however it is escaped or cut, and as Node inspects them", () => {
    const escaped = JSON.stringify(JSON.stringify({ b: buffer }, null, 2))
    assert.include(scrubber.text(`got ${escaped} there`), `[binary ${size} bytes]`)
    assert.strictEqual(
      scrubber.text(`got ${JSON.stringify(buffer).slice(0, -6)}`).replace(/\d+ bytes/, "n bytes"),
      "got {\"type\":\"Buffer\",\"data\":[binary n bytes]"
    )
    assert.strictEqual(scrubber.text(`got ${JSON.stringify(typed)} there`), `got [binary ${size} bytes] there`)
    assert.strictEqual(scrubber.text("<Buffer 6e 70 6d 5f>"), "<Buffer [binary 4 bytes]>")
    assert.strictEqual(scrubber.text("Uint8Array(3) [ 110, 112, 109 ]"), "Uint8Array(3) [binary 3 bytes]")
  })

  it("are no other numbers", () => {
    stays("{\"0\":1,\"1\":2,\"2\":3}")
    stays("{\"0\":1,\"1\":2,\"2\":3,\"3\":4,\"4\":5,\"5\":6,\"6\":7,\"7\":256}")
    stays("{\"type\":\"Buffer\",\"data\":[1,2,300]}")
    stays("{\"type\":\"Series\",\"data\":[1,2,3]}")
    stays("Buffer sizes: [12, 40, 3], Array(2) [ 1, 2 ], Float64Array(2) [ 1, 2 ]")
    stays("<Buffer> of {0} [1, 2, 3, 4, 5, 6, 7, 8, 9]")
  })
})

describe("A quoted value", () => {
  for (
    const [text, left] of [
      [
        "a,\"{\"\"password\"\":\"\"hunter2\"\",\"\"n\"\":1}\"",
        "a,\"{\"\"password\"\":\"\"[redacted]\"\",\"\"n\"\":1}\""
      ],
      ["VALUES ('password=''hun''ter2'' x')", "VALUES ('password=''[redacted]'' x')"],
      ["VALUES ('password=''$hunter2'', x')", "VALUES ('password=''[redacted]'', x')"],
      ["password='' n=1", "password='' n=1"],
      ["(G6mXLEnKPw==) kept", "(G6mXLEnKPw==) kept"],
      ["\"G6mXLEnKPw==\", kept", "\"G6mXLEnKPw==\", kept"],
      [
        "invalid input syntax for type uuid: \"a \"b\" hunter2\"\nnext \"line\"",
        "invalid input syntax for type uuid: \"[redacted]\"\nnext \"line\""
      ]
    ] as const
  ) {
    it(`ends where it was quoted: ${text}`, () => assert.strictEqual(scrubber.text(text), left))
  }
})

describe("Any text", () => {
  // UTF-16 units, so that halves of surrogate pairs stand alone.
  const units = fc.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff }), fc.nat(127)), {
    maxLength: 40
  }).map((codes) => String.fromCharCode(...codes))
  const pieces = fc.array(
    fc.oneof(
      units,
      fc.tuple(fc.constantFrom(...secretShapes), fc.nat(), fc.constantFrom(...encodings)).map(
        ([shape, seed, { encode }]) => encode(inContext(shape, shape.make(seed).text))
      ),
      fc.constantFrom(
        "+",
        "=",
        "\"",
        "'",
        "%",
        "/",
        "-",
        "\n",
        " ",
        "eyJ",
        "-----BEGIN",
        "[redacted]",
        "password ",
        "tel "
      )
    ),
    { maxLength: 6 }
  ).map((parts) => parts.join(""))

  it("is scrubbed without a fault, and scrubbing it again changes nothing", () => {
    const faults: Array<unknown> = []
    const guarded = Scrubber.make({ onFault: (fault) => faults.push(fault) })
    fc.assert(
      fc.property(pieces, (text) => {
        const once = guarded.text(text)
        assert.strictEqual(guarded.text(once), once)
        const url = guarded.url(text)
        assert.strictEqual(guarded.url(url), url)
        const value = guarded.value({ [text]: [text] })
        assert.deepStrictEqual(guarded.value(value), value)
        assert.deepStrictEqual(faults, [])
      }),
      { numRuns: 2000 }
    )
  })
})
