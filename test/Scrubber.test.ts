import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as EffectHeaders from "effect/http/Headers"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import { createHash } from "node:crypto"

const scrubber = Scrubber.make()
const hash = (id: string): string => createHash("sha256").update(id).digest("hex").slice(0, 8)

const uuid = "3f2a9c1b-5d6e-4f70-8a9b-0c1d2e3f4a5b"
const other = "00112233-4455-6677-8899-aabbccddeeff"
const jwt =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"

/** Text, the secret in it, and what must be left. */
const texts: ReadonlyArray<readonly [text: string, secret: string, left: string]> = [
  ["GET /v3/quote/AAPL?apikey=s3cr3t&limit=1", "s3cr3t", "GET /v3/quote/AAPL?apikey=[redacted]&limit=1"],
  ["https://x.io/v2/everything?apiKey=s3cr3t", "s3cr3t", "https://x.io/v2/everything?apiKey=[redacted]"],
  [
    "/series/observations?series_id=DGS10&api_key=s3cr3t",
    "s3cr3t",
    "/series/observations?series_id=DGS10&api_key=[redacted]"
  ],
  ["request to /v3/q?token=s3cr3t failed", "s3cr3t", "request to /v3/q?token=[redacted] failed"],
  [
    "https://b.s3.amazonaws.com/k?X-Amz-Signature=s3cr3t",
    "s3cr3t",
    "https://b.s3.amazonaws.com/k?X-Amz-Signature=[redacted]"
  ],
  ["?pass%77ord=s3cr3t", "s3cr3t", "?pass%77ord=[redacted]"],
  ["user[password]=s3cr3t", "s3cr3t", "user[password]=[redacted]"],
  ["https://bob:s3cr3t@example.com/x?a=1", "s3cr3t", "https://[redacted]@example.com/x?a=1"],
  ["https://bob:s3/cr3t@example.com/x", "s3/cr3t", "https://[redacted]@example.com/x"],
  ["postgres://dawsos:s3cr3t@db:5432/dawsos", "s3cr3t", "postgres://[redacted]"],
  [
    "connecting to postgresql://u:p@s3/cr3t@db/x?sslmode=require now",
    "s3/cr3t",
    "connecting to postgresql://[redacted] now"
  ],
  ["redis://:s3cr3t@cache:6379/0", "s3cr3t", "redis://[redacted]"],
  ["mysql://u:s3cr3t@h/d", "s3cr3t", "mysql://[redacted]"],
  ["mongodb+srv://u:s3cr3t@h/d", "s3cr3t", "mongodb+srv://[redacted]"],
  ["amqps://u:s3cr3t@h", "s3cr3t", "amqps://[redacted]"],
  [
    "jdbc:postgresql://h/d?user=x&password=s3cr3t",
    "s3cr3t",
    `jdbc:postgresql://h/d?user=${hash("x")}&password=[redacted]`
  ],
  ["Server=db;Password=s3;cr3t;Database=x", "s3;cr3t", "Server=db;Password=[redacted];Database=x"],
  [
    "https://0123456789abcdef0123456789abcdef@o12.ingest.sentry.io/345",
    "0123456789abcdef",
    "https://[redacted]@o12.ingest.sentry.io/345"
  ],
  ["SENTRY_DSN=https://s3cr3t@o12.ingest.sentry.io/345", "s3cr3t", "SENTRY_DSN=[redacted]"],
  ["Authorization: Bearer s3cr3t.x", "s3cr3t", "Authorization: [redacted]"],
  ["aUTHORIZATION: bASIC dXNlcjpwYXNz", "dXNlcjpwYXNz", "aUTHORIZATION: [redacted]"],
  [
    "Authorization: Digest username=\"bob\", response=\"s3cr3t\"\nHost: x",
    "s3cr3t",
    "Authorization: [redacted]\nHost: x"
  ],
  ["sent BEARER s3cr3t-token to x", "s3cr3t", "sent BEARER [redacted] to x"],
  ["sent bearer s3cr3t", "s3cr3t", "sent bearer [redacted]"],
  ["with Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "with Basic [redacted]"],
  ["X-API-Key: s3cr3t", "s3cr3t", "X-API-Key: [redacted]"],
  ["Cookie: sid=s3cr3t; theme=dark\nHost: x", "s3cr3t", "Cookie: [redacted]\nHost: x"],
  ["set-cookie: sid=s3cr3t; Path=/", "s3cr3t", "set-cookie: [redacted]"],
  [`token ${jwt}.`, jwt, "token [redacted]."],
  ["user john.o'neil+x@example.co.uk failed", "john", "user [redacted] failed"],
  ["<john@example.com>", "john", "<[redacted]>"],
  ["jörg@müller.de", "jörg", "[redacted]"],
  ["john%40example.com", "john", "%5Bredacted%5D"],
  ["card 4111111111111111 declined", "4111111111111111", "card [redacted] declined"],
  // The number of this channel could be that of a card.
  [
    `https://discord.com/api/webhooks/651234567890120047/${"x-Y7".repeat(17)}`,
    "x-Y7",
    "https://discord.com/api/webhooks/[redacted]"
  ],
  // Discord's bots have such numbers, too, here behind an escaped blank.
  [
    `done:%20${Buffer.from("620957604305118017").toString("base64url")}.HJYJOG.${"8GLdkz-x".repeat(5)}`,
    "8GLdkz",
    "done%3A%20%5Bredacted%5D"
  ],
  // In a query as URL writes it the `+` stays, and reads as a blank.
  ["/x?note={%22a%22:%22+33246846790", "33246846790", "/x?note={%22a%22:%22[redacted]"],
  ["4111 1111 1111 1111", "1111", "[redacted]"],
  ["5500-0000-0000-0004", "5500", "[redacted]"],
  ["3782 822463 10005", "822463", "[redacted]"],
  ["password=s3cr3t, next", "s3cr3t", "password=[redacted], next"],
  ["password=don't-s3cr3t ok", "s3cr3t", "password=[redacted] ok"],
  ["password = 's3cr3t'", "s3cr3t", "password = '[redacted]'"],
  ["{ password: 's3\\'cr3t', ok: 1 }", "cr3t", "{ password: '[redacted]', ok: 1 }"],
  ["body {\"password\":\"s3\\\"cr3t\",\"a\":1}", "cr3t", "body {\"password\":\"[redacted]\",\"a\":1}"],
  ["body {\\\"password\\\":\\\"s3cr3t\\\"}", "s3cr3t", "body {\\\"password\\\":\\\"[redacted]\\\"}"],
  ["{\"nested\":{\"apiKey\":[\"s3cr3t\"]},\"n\":1}", "s3cr3t", "{\"nested\":{\"apiKey\":\"[redacted]\"},\"n\":1}"],
  ["body {\"secrets\":[\"s3cr3t\"],\"n\":1", "s3cr3t", "body {\"secrets\":[redacted],\"n\":1"],
  ["token=\"s3cr3t\".x", "s3cr3t", "token=\"[redacted]\".x"],
  ["run --password s3cr3t --port 1", "s3cr3t", "run --password [redacted] --port 1"],
  ["WHERE token = 's3cr3t' AND a = 1", "s3cr3t", "WHERE token = '[redacted]' AND a = 1"],
  ["-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY----- x", "s3cr3t", "[redacted] x"],
  ["key sk_live_abcdefgh12345678 used", "sk_live", "key [redacted] used"],
  ["AKIAIOSFODNN7EXAMPLE", "AKIA", "[redacted]"],
  ["Key (email)=(a@b.co) already exists.", "a@b.co", "Key (email)=([redacted]) already exists."],
  [
    "Key (name, x)=(bo)b, 1) is not present in table \"t\".",
    "bo)b",
    "Key (name, x)=([redacted]) is not present in table \"t\"."
  ],
  ["Failing row contains (1, s3cr3t, (x)).", "s3cr3t", "Failing row contains ([redacted])."],
  ["invalid input syntax for type uuid: \"s3cr3t\"", "s3cr3t", "invalid input syntax for type uuid: \"[redacted]\""],
  [`GET /api/metrics/${uuid}`, uuid, `GET /api/metrics/${hash(uuid)}`],
  ["/api/metrics/p-17?x=1", "p-17", `/api/metrics/${hash("p-17")}?x=1`],
  ["/API/Metrics/12345678", "12345678", `/API/Metrics/${hash("12345678")}`],
  [
    "http://h:8000/api/v1/portfolios/growth/metrics",
    "growth",
    `http://h:8000/api/v1/portfolios/${hash("growth")}/metrics`
  ],
  ["/api/v1/metrics/growth", "growth", `/api/v1/metrics/${hash("growth")}`],
  ["/api/users/john@x.com/alerts", "john", `/api/users/${hash("john@x.com")}/alerts`],
  [`/portfolios/${uuid}`, uuid, `/portfolios/${hash(uuid)}`],
  ["next=%2Fapi%2Fmetrics%2Fp-17", "p-17", `next=%2Fapi%2Fmetrics%2F${hash("p-17")}`],
  ["{\"path\":\"/api/metrics/p-17\"}", "p-17", `{"path":"/api/metrics/${hash("p-17")}"}`],
  ["user_id=4242 done", "4242", `user_id=${hash("4242")} done`],
  ["x-user-id: 4242", "4242", `x-user-id: ${hash("4242")}`],
  ["WHERE portfolio_id = 'growth'", "growth", `WHERE portfolio_id = '${hash("growth")}'`],
  ["/api/m%65trics/p-17", "p-17", `/api/m%65trics/${hash("p-17")}`],
  ["GET /api/metrics/p-17.js", "p-17", `GET /api/metrics/${hash("p-17.js")}`],
  ["http://h:8000/api/metrics/p-17.js failed", "p-17", `http://h:8000/api/metrics/${hash("p-17.js")} failed`],
  ["/api/metrics/x=p-17", "p-17", `/api/metrics/${hash("x=p-17")}`],
  ["/api/portfolio/growth/nav", "growth", `/api/portfolio/${hash("growth")}/nav`],
  ["/v2/user/4242", "4242", `/v2/user/${hash("4242")}`],
  [`portfolio ${uuid} is empty`, uuid, `portfolio ${hash(uuid)} is empty`],
  [`portfolioId ${uuid}`, uuid, `portfolioId ${hash(uuid)}`],
  [`no user ${uuid}.`, uuid, `no user ${hash(uuid)}.`],
  [`portfolio with id ${uuid}`, uuid, `portfolio with id ${hash(uuid)}`],
  [`users ${uuid} and ${other}`, other, `users ${hash(uuid)} and ${hash(other)}`],
  ["curl -u bob:s3cr3t https://x.io", "s3cr3t", "curl -u [redacted] https://x.io"],
  ["curl --user bob:s3cr3t https://x.io", "s3cr3t", "curl --user [redacted] https://x.io"],
  ["pw=s3cr3t", "s3cr3t", "pw=[redacted]"],
  ["dbCreds: s3cr3t", "s3cr3t", "dbCreds: [redacted]"],
  ["<password>s3cr3t</password>", "s3cr3t", "<password>[redacted]</password>"],
  ["<ns:apiKey a='1'>s3cr3t</ns:apiKey>", "s3cr3t", "<ns:apiKey a='1'>[redacted]</ns:apiKey>"],
  ["<passwd><![CDATA[s3<cr3t]]></passwd>", "cr3t", "<passwd>[redacted]</passwd>"],
  ["<userId>4242</userId>", "4242", `<userId>${hash("4242")}</userId>`]
]

const harmless = [
  uuid,
  `request ${uuid} done`,
  "da39a3ee5e6b4b0d3255bfef95601890afd80709",
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "commit a1752b2f",
  "0af7651916cd43dd8448eb211c80319c",
  "b7ad6b7169203331",
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "AAPL",
  "BRK.B",
  "BTC-USD",
  "US0378331005",
  "DE0007164600",
  "187.42",
  "-0.0042",
  "1,234,567.89 USD",
  "4111111111111111.00",
  "4111111111111112",
  "4111 1111 1111 1112",
  "effect@4.1.0.tgz",
  "0.4111111111111111",
  "2024-01-31",
  "2024-01-31T23:59:59.999Z",
  "1718900000123456789",
  "1718900000123",
  "1700000000000000006",
  "SELECT * FROM users WHERE user_id = $1 AND token = $2",
  "INSERT INTO users (id, email, password) VALUES ($1, $2, $3)",
  "UPDATE users SET password = crypt($1, gen_salt('bf')), token = ? WHERE user_id = ANY($2)",
  "SELECT p.id FROM portfolios p JOIN users u ON p.user_id = u.id",
  "SELECT \"u\".\"user_id\" FROM u WHERE \"u\".\"user_id\" = \"p\".\"user_id\"",
  "ON CONFLICT (key) DO UPDATE SET token = excluded.token",
  "SELECT token::text, $1::uuid",
  "duplicate key value violates unique constraint \"users_email_key\"",
  "Error: boom\n    at Object.<anonymous> (/app/src/auth/token.ts:12:5)\n    at verify (token.ts:3:1)\n    at file:///Users/bob/x/api/users/handlers/get.ts:1:2",
  "at /srv/node_modules/.pnpm/effect@4.1.0/node_modules/effect/src/Effect.ts:1:2",
  "react@18.2.0",
  "https://registry.npmjs.org/@effect/vitest",
  "import(\"@effect/sql-pg\")",
  "http://localhost:8001/metrics",
  "redis://localhost:6379",
  "postgres://localhost:5432/dawsos",
  "kafka://a:9092,b:9092",
  "/api/metrics/:portfolioId",
  "/api/metrics/{portfolio_id}",
  "/api/v1/portfolios/:id/metrics",
  "/api/v1/portfolios/{portfolio_id}/metrics",
  "/api/users/me",
  "/api/portfolios/search",
  "/api/metrics",
  "/api/metrics/",
  "/api/patterns/list",
  "/api/quotes/AAPL",
  "/v3/quote/{symbol}?apikey={apikey}",
  "/v3/quote/{symbol}?apikey=${API_KEY}",
  "/v1/execute",
  "/api/user/settings",
  "/srv/app/api/metrics/handler.js",
  "at get (/api/metrics/handler.js:12:5)",
  `order ${uuid} of portfolio growth`,
  `pattern with id ${uuid}`,
  "docker run -u 1000:1000 alpine",
  "curl -u 1000:1000 x",
  "use <token> or </b> here",
  "<password></password>",
  "<key>CFBundleName</key>",
  "metrics.compute_twr",
  "pattern portfolio_overview",
  "monkey=1 keyboard=us donkey: grey",
  "primary_key=id",
  "max_tokens=100 token_count: 5",
  "Unexpected token < in JSON at position 0",
  "Unexpected token: ILLEGAL",
  "TokenExpiredError: jwt expired",
  "PasswordMismatchException: no",
  "basic metrics are enabled",
  "Bearer authentication is required",
  "WWW-Authenticate: Bearer error=\"invalid\", realm=\"x\"",
  "cache key: portfolio",
  "if (token === undefined) return",
  "const token => 1",
  "password: null",
  "password=",
  "password: ****",
  "token: <redacted>",
  "12:30:45 a:b c=d",
  "{\"symbol\":\"AAPL\",  \"price\": 1.50}",
  "[1,2,3]",
  "[redacted]",
  "100% of 5%",
  "a%20b%2Fc",
  "{}",
  "",
  " "
]

describe("text", () => {
  it.each(texts)("%j loses its secret and nothing else", (text, secret, left) => {
    const scrubbed = scrubber.text(text)
    assert.strictEqual(scrubbed, left)
    assert.notInclude(scrubbed, secret)
  })

  it.each(texts)("%j loses its secret in the middle of a sentence, in quotes and in brackets", (text, secret) => {
    for (const around of [`failed: ${text}`, `(${text})`, `"${text}"`, `x\n${text}\ny`, `"error":"${text}","a":1`]) {
      assert.notInclude(scrubber.text(around), secret, around)
    }
  })

  it.each(texts)("%j loses its secret as a string in JSON in a string in JSON", (text, secret) => {
    const inner = JSON.stringify({ ok: true, message: text })
    assert.notInclude(scrubber.text(inner), secret)
    assert.notInclude(scrubber.text(JSON.stringify([inner])), secret)
  })

  it.each(texts)("%j loses its secret when it is percent-encoded", (text, secret) => {
    const scrubbed = scrubber.text(`?next=${encodeURIComponent(text)}`)
    assert.notInclude(decodeURIComponent(scrubbed), secret)
  })

  it.each(["x=p-17", "x&p-17", "x\"p-17"])("with an id that is written %s after a path loses all of it", (id) => {
    assert.strictEqual(scrubber.text(`GET /api/metrics/${id} done`), `GET /api/metrics/${hash(id)} done`)
    assert.strictEqual(scrubber.text("?next=/api/metrics/p-17&x=1"), `?next=/api/metrics/${hash("p-17")}&x=1`)
    assert.strictEqual(scrubber.text("(\"/api/metrics/p-17\")"), `("/api/metrics/${hash("p-17")}")`)
  })

  it.each(harmless)("%j passes unchanged", (text) => assert.strictEqual(scrubber.text(text), text))

  it.each(harmless)("%j passes unchanged inside a sentence and a value", (text) => {
    assert.strictEqual(scrubber.text(`done (${text}) in 5 ms`), `done (${text}) in 5 ms`)
    assert.deepStrictEqual(scrubber.value({ a: [text] }), { a: [text] })
  })

  it("of harmless shapes passes unchanged in ten thousand samples", () => {
    const number = fc.integer({ min: 0, max: 999_999_999 })
    const shapes = fc.oneof(
      fc.uuid(),
      fc.stringMatching(/^[0-9a-f]{64}$/),
      fc.stringMatching(/^[0-9a-f]{40}$/),
      fc.stringMatching(/^[0-9a-f]{32}$/),
      fc.stringMatching(/^[A-Z]{1,5}$/),
      fc.stringMatching(/^[A-Z]{2}[A-Z0-9]{9}[0-9]$/),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map(String),
      number.map((n) => `17189${String(n).padStart(14, "0")}`),
      number.map((n) => `SELECT a, b FROM prices WHERE id = $1 AND n < ${n} LIMIT $2`),
      fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), number).map(([name, n]) => `at ${name} (/app/src/${name}.ts:${n}:7)`),
      fc.webPath().filter((path) => !path.includes("/api") && !path.includes("@") && !path.includes("%"))
        .filter((path) => !/[:=]/.test(path))
    )
    fc.assert(fc.property(shapes, (text) => assert.strictEqual(scrubber.text(text), text)), { numRuns: 10_000 })
  })

  it("longer than the limit is cut with a mark, and a secret across the cut is gone", () => {
    const small = Scrubber.make({ limits: { length: 512 } })
    for (let length = 400; length < 520; length++) {
      const scrubbed = small.text(
        `${"x ".repeat(length / 2)}${"y".repeat(length % 2)} password=s3cr3t-s3cr3t john@example.com ${
          "z ".repeat(9000)
        }`
      )
      assert.isAtMost(scrubbed.length, 512)
      assert.match(scrubbed, /…\[truncated \d+\]$/)
      assert.notInclude(scrubbed, "s3c")
      assert.notInclude(scrubbed, "john")
    }
    assert.strictEqual(small.text("a".repeat(512)), "a".repeat(512))
  })

  it("much longer than the limit shows no half of a secret where the reading stops", () => {
    const small = Scrubber.make({ limits: { length: 512 } })
    const lengths = Array.from({ length: 200 }, (_, i) => [400 + i, 4500 + i]).flat()
    for (const length of lengths) {
      const text = `token=${"k".repeat(length)} john.doe.the.second@example.com ${"z ".repeat(9000)}`
      assert.notInclude(small.text(text), "john")
    }
  })
})

const form = (fields: Readonly<Record<string, string>>): FormData => {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.set(name, value)
  return data
}

describe("a value", () => {
  const secret = "s3cr3t-V4lue"
  const carriers: ReadonlyArray<readonly [string, unknown]> = [
    ["an object", { deep: { Password: secret } }],
    ["an array", [[[{ apiKey: secret }]]]],
    ["a Map", new Map([["x-api-key", secret]])],
    ["a Map in a Map with odd keys", new Map<unknown, unknown>([[1, new Map([["token", secret]])], ["token", secret]])],
    ["a Set", new Set([{ token: secret }, `Bearer ${secret}`])],
    ["an Error's message", new Error(`password=${secret}`)],
    ["an Error's cause", new Error("x", { cause: new Error(`Bearer ${secret}`) })],
    ["an Error's field", Object.assign(new Error("x"), { config: { headers: { authorization: secret } } })],
    ["an AggregateError", new AggregateError([new Error(`token: ${secret}`)], "all")],
    ["a URL", new URL(`https://u:${secret}@h/x?token=${secret}#access_token=${secret}`)],
    ["URLSearchParams", new URLSearchParams({ api_key: secret })],
    ["Headers", new Headers({ Authorization: secret, "x-user-id": secret })],
    ["Effect's headers", EffectHeaders.fromInput({ authorization: secret, "x-api-key": secret })],
    ["FormData", form({ password: secret, note: `Bearer ${secret}` })],
    ["a Buffer", Buffer.from(secret)],
    ["a typed array", new TextEncoder().encode(secret)],
    ["an ArrayBuffer", new TextEncoder().encode(secret).buffer],
    ["a Blob", new Blob([secret])],
    ["a Redacted value", Redacted.make(secret)],
    ["a Redacted value under a harmless key", { a: Redacted.make(secret) }],
    ["JSON in a string", JSON.stringify({ nested: { clientSecret: secret } })],
    ["JSON in JSON", JSON.stringify({ body: JSON.stringify({ clientSecret: secret }) })],
    ["a class with toJSON", { toJSON: () => ({ token: secret }) }],
    ["a list of pairs", [["authorization", secret], ["accept", "x"]]],
    ["a list of names and values", [{ name: "authorization", value: secret }]],
    ["a program's arguments", ["node", "main.js", "--api-key", secret, "--port", "1"]],
    ["raw headers", { rawHeaders: ["Host", "x", "Authorization", secret] }],
    ["a key of an object", { [`token=${secret}`]: 1 }],
    ["a symbol", Symbol(`token=${secret}`)],
    ["a boxed string", Object(`token=${secret}`)],
    ["a regular expression", new RegExp(`token=${secret}`)],
    ["a function's name", { [secret]: () => secret }[secret]]
  ]
  it.each(carriers)("loses the secret in %s", (_, carrier) => {
    const shown = scrubber.value(carrier)
    assert.notInclude(JSON.stringify(shown) ?? "", secret)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(shown)), shown)
  })

  it("keeps what is harmless, as plain JSON", () => {
    assert.deepStrictEqual(
      scrubber.value({
        symbol: "AAPL",
        price: 187.42,
        ok: true,
        nothing: null,
        left: undefined,
        list: [1, undefined, "x"],
        when: new Date(0),
        big: 12n,
        nan: Number.NaN,
        zero: -0,
        map: new Map([["a", 1]]),
        set: new Set([1]),
        password: null,
        token: false,
        secret: "",
        tokens: 5
      }),
      {
        symbol: "AAPL",
        price: 187.42,
        ok: true,
        nothing: null,
        list: [1, null, "x"],
        when: "1970-01-01T00:00:00.000Z",
        big: "12",
        nan: "NaN",
        zero: 0,
        map: { a: 1 },
        set: [1],
        password: null,
        token: false,
        secret: "",
        tokens: 5
      }
    )
  })

  it("shows ids as pseudonyms, whether the key or its owner names them", () => {
    assert.deepStrictEqual(
      scrubber.value({
        userId: 42,
        user: { id: "42", name: "x" },
        portfolios: [{ id: "p1" }],
        user_ids: ["42", "43"],
        order: { id: "o1" }
      }),
      {
        userId: hash("42"),
        user: { id: hash("42"), name: "x" },
        portfolios: [{ id: hash("p1") }],
        user_ids: [hash("42"), hash("43")],
        order: { id: "o1" }
      }
    )
  })

  it("with a card number as a number loses it, and a timestamp stays", () => {
    assert.deepStrictEqual(scrubber.value([4111111111111111, 1718900000123, 17189000001234]), [
      "[redacted]",
      1718900000123,
      17189000001234
    ])
  })

  it("with a cycle is marked where it closes, and a shared part is shown twice", () => {
    const shared = { a: 1 }
    const value: Record<string, unknown> = { one: shared, two: shared }
    value["self"] = value
    assert.deepStrictEqual(scrubber.value(value), { one: { a: 1 }, two: { a: 1 }, self: "[circular]" })
  })

  it("with throwing getters, proxies and iterators is shown as far as it can be read", () => {
    const hostile = new Proxy({}, {
      get() {
        throw new Error("get")
      },
      ownKeys() {
        throw new Error("ownKeys")
      },
      getPrototypeOf() {
        throw new Error("getPrototypeOf")
      }
    })
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    const revokedArray = Proxy.revocable([], {})
    revokedArray.revoke()
    const getter = {
      ok: 1,
      get bad(): never {
        throw new Error("getter")
      }
    }
    const noMap = new Map([["a", 1]])
    noMap.entries = noMap.keys = noMap[Symbol.iterator] = () => {
      throw new Error("iterator")
    }
    const json = {
      toJSON: () => {
        throw new Error("toJSON")
      }
    }
    assert.deepStrictEqual(
      scrubber.value([hostile, revoked.proxy, revokedArray.proxy, getter, noMap, json, new Date(Number.NaN)]),
      [
        "[unreadable]",
        "[unreadable]",
        "[unreadable]",
        { ok: 1, bad: "[unreadable]" },
        "[unreadable]",
        "[unreadable]",
        "Invalid Date"
      ]
    )
  })

  it("beyond its bounds in depth, breadth and length is marked", () => {
    const small = Scrubber.make({ limits: { depth: 2, breadth: 3, length: 256, totalLength: 600, entries: 50 } })
    assert.deepStrictEqual(small.value({ a: { b: { c: { d: 1 } } } }), { a: { b: { c: "[truncated]" } } })
    assert.deepStrictEqual(small.value([1, 2, 3, 4, 5]), [1, 2, "[truncated 3]"])
    assert.deepStrictEqual(small.value([1, 2, 3]), [1, 2, 3])
    assert.deepStrictEqual(small.value({ a: 1, b: 2, c: 3, d: 4 }), { a: 1, b: 2, "[truncated]": 2 })
    assert.deepStrictEqual(small.value(new Set([1, 2, 3, 4])), [1, 2, "[truncated 2]"])
    assert.match(String(small.value("x".repeat(300))), /…\[truncated \d+\]$/)
    const long = "y".repeat(250)
    assert.deepStrictEqual(small.value([[long, long, long], [long]]), [[long, long, long], ["[truncated]"]])
  })

  it("keeps keys that become equal apart, and `__proto__` harmless", () => {
    assert.deepStrictEqual(scrubber.value({ "a@x.com": 1, "b@x.com": 2 }), { "[redacted]": 1, "[redacted] (2)": 2 })
    const shown = scrubber.value(JSON.parse("{\"__proto__\":{\"polluted\":1}}")) as Record<string, unknown>
    assert.strictEqual(Object.getPrototypeOf(shown), Object.prototype)
    assert.isUndefined(shown["polluted"])
    assert.deepStrictEqual(Object.keys(shown), ["__proto__"])
  })
})

describe("a named value", () => {
  it("is judged by its key first, then by itself", () => {
    assert.strictEqual(scrubber.field("Authorization", "x"), "[redacted]")
    assert.strictEqual(scrubber.field("pin", 1234), "[redacted]")
    assert.strictEqual(scrubber.field("enduser.id", "bob"), hash("bob"))
    assert.strictEqual(scrubber.field("note", "Bearer s3cr3t"), "Bearer [redacted]")
    assert.strictEqual(scrubber.field("user", "anonymous"), "anonymous")
    assert.strictEqual(
      scrubber.field("trace_id", "41111111111111110000000000000000"),
      "41111111111111110000000000000000"
    )
    assert.deepStrictEqual(scrubber.field("portfolio_id", ["a", 1]), [hash("a"), hash("1")])
    assert.isUndefined(scrubber.field("a", undefined))
  })

  it("under the key of an id is one even where it is written like a template", () => {
    assert.strictEqual(scrubber.field("portfolio_id", "{growth}"), hash("{growth}"))
    assert.strictEqual(scrubber.field("portfolio_id", ":growth"), hash(":growth"))
    for (const template of ["{portfolio_id}", ":portfolioId", "{id}", "*", "[redacted]"]) {
      assert.strictEqual(scrubber.field("portfolio_id", template), template)
    }
  })

  it("that is JSON text is judged by its own key too, as an object there would be", () => {
    assert.strictEqual(scrubber.field("portfolios", "[{\"id\":\"p1\"}]"), `[{"id":"${hash("p1")}"}]`)
    assert.strictEqual(scrubber.field("portfolio", "{\"id\":\"p1\"}"), `{"id":"${hash("p1")}"}`)
  })

  it("that is a URL is read as one, and a template or a query is not", () => {
    for (const key of ["url.path", "http.url", "http.target"]) {
      assert.strictEqual(scrubber.field(key, "/api/metrics/{growth}"), `/api/metrics/${hash("{growth}")}`)
    }
    for (const key of ["http.route", "url.template"]) {
      assert.strictEqual(scrubber.field(key, "/api/metrics/{growth}"), "/api/metrics/{growth}")
    }
    assert.strictEqual(
      scrubber.field("url.query", "next=/api/metrics/p-17&user_id=4&x=1"),
      `next=/api/metrics/${hash("p-17")}&user_id=${hash("4")}&x=1`
    )
  })

  it("of a span passes when it is one of OpenTelemetry's or DawsOS's own attributes", () => {
    const attributes = {
      "http.request.method": "GET",
      "http.route": "/api/metrics/:portfolioId",
      "http.response.status_code": 200,
      "url.scheme": "http",
      "server.address": "localhost",
      "server.port": 8000,
      "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
      "db.system.name": "postgresql",
      "db.operation.name": "SELECT",
      "db.collection.name": "users",
      "db.query.text": "SELECT * FROM users WHERE token = $1",
      "dawsos.capability": "metrics.compute_twr",
      "dawsos.pattern.id": "portfolio_overview",
      "exception.type": "TokenExpiredError",
      "service.instance.id": uuid,
      "dawsos.asof_date": "2024-01-31",
      "dawsos.ledger_commit_hash": "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    }
    assert.deepStrictEqual(scrubber.attributes(attributes), attributes)
    assert.deepStrictEqual(scrubber.attributes(new Map<string, unknown>(Object.entries(attributes))), attributes)
  })

  it("of a span that Effect's HTTP modules write loses ids and credentials", () => {
    assert.deepStrictEqual(
      scrubber.attributes(
        new Map<string, unknown>([
          ["url.path", `/api/metrics/${uuid}`],
          ["url.full", `http://h:8000/api/metrics/${uuid}?apikey=s3cr3t&user_id=42&symbol=AAPL`],
          ["url.query", "apikey=s3cr3t&symbol=AAPL"],
          ["http.request.header.x-user-id", "42"]
        ])
      ),
      {
        "url.path": `/api/metrics/${hash(uuid)}`,
        "url.full": `http://h:8000/api/metrics/${hash(uuid)}?apikey=[redacted]&user_id=${hash("42")}&symbol=AAPL`,
        "url.query": "apikey=[redacted]&symbol=AAPL",
        "http.request.header.x-user-id": hash("42")
      }
    )
  })

  it("that can't be read is marked, and the others are kept", () => {
    const record = {
      a: 1,
      get b(): never {
        throw new Error("b")
      }
    }
    assert.deepStrictEqual(scrubber.attributes(record), { a: 1, b: "[unreadable]" })
    const broken: Iterable<[string, unknown]> = {
      [Symbol.iterator]() {
        throw new Error("iterator")
      }
    }
    assert.deepStrictEqual(scrubber.attributes(broken), { "[unreadable]": true })
  })
})

describe("a URL", () => {
  it.each([
    ["?apikey=s3cr3t", "?apikey=[redacted]"],
    ["apikey=s3cr3t&x=1", "apikey=[redacted]&x=1"],
    ["/x?%61pikey=s3cr3t", "/x?%61pikey=[redacted]"],
    ["/x?user_id=a%40b.co", `/x?user_id=${hash("a@b.co")}`],
    ["/cb#access_token=s3cr3t&state=1", "/cb#access_token=[redacted]&state=1"],
    ["/x?email=&apikey={apikey}", "/x?email=&apikey={apikey}"],
    ["/x?q=a@b.co", "/x?q=[redacted]"],
    ["/x?from=2024-01-01&symbol=BRK.B", "/x?from=2024-01-01&symbol=BRK.B"]
  ])("%s becomes %s", (url, expected) => assert.strictEqual(scrubber.url(url), expected))

  it.each([
    "growth.js",
    ":growth",
    "{growth}",
    "<growth>",
    "x=growth",
    "x&growth",
    "x\"growth",
    "x'growth",
    "[symbol%20growth]",
    "%67rowth",
    "a%2Fgrowth",
    "%7Bgrowth%7D",
    "growth;v=1"
  ])("with the id %s shows its pseudonym, however the path is spelt", (id) => {
    const shown = hash(decodeURIComponent(id))
    for (const path of ["/api/metrics/", "/api/m%65trics/", "//api//Metrics/", "/api/portfolio/", "/v1/users/"]) {
      assert.strictEqual(scrubber.url(path + id), path + shown)
      assert.strictEqual(scrubber.url(`http://h:8000${path}${id}?a=1#b`), `http://h:8000${path}${shown}?a=1#b`)
    }
  })

  it.each<readonly [route: string, url: string, shown: string]>([
    ["/fail/:portfolio_id", "/fail/growth", `/fail/${hash("growth")}`],
    ["/fail/{portfolio_id}", "http://h/FAIL/growth/?a=1", `http://h/FAIL/${hash("growth")}/?a=1`],
    ["/x/:portfolio/y/:symbol", "/x/growth/y/AAPL", `/x/${hash("growth")}/y/AAPL`],
    ["/customers/:id", "/customers/growth", `/customers/${hash("growth")}`],
    ["/orders/:id", "/orders/o1", "/orders/o1"],
    ["/reset/:token", "/reset/growth", "/reset/[redacted]"],
    ["/at/:user_id.json", "/at/growth.json", `/at/${hash("growth.json")}`],
    ["/at/:user_id(\\d+)", "/at/42", `/at/${hash("42")}`],
    ["/fail/:portfolio_id", "/mounted/fail/growth", `/mounted/fail/${hash("growth")}`],
    ["/fail/:portfolio_id?", "/fail", "/fail"],
    ["/files/*", "/files/css/main.css", "/files/css/main.css"],
    ["/files/*", "/files/Growth1/v2/user/growth", `/files/${hash("Growth1")}/v2/user/${hash("growth")}`],
    ["/other/:portfolio_id", "/unlike/Growth-7", `/unlike/${hash("Growth-7")}`]
  ])("that matched %s is judged by its parameters: %s becomes %s", (route, url, shown) => {
    assert.strictEqual(scrubber.url(url, route), shown)
    assert.strictEqual(scrubber.url(shown, route), shown)
  })

  it("keeps a client's id out under any route that names it", () => {
    const segment = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 12 }).filter((id) =>
      /[a-z0-9]/i.test(id)
    )
    const routes = fc.constantFrom("/fail/:portfolio_id", "/a/b/{user_id}/c", "/:customer_id")
    fc.assert(
      fc.property(segment, routes, (id, route) => {
        const raw = encodeURIComponent(`SECRET${id}`)
        const path = route.replace(/:\w+|\{\w+\}/, () => raw)
        assert.notInclude(scrubber.url(`http://h${path}`, route), "SECRET")
      })
    )
  })
})

describe("scrubbing", () => {
  const piece = fc.oneof(
    fc.constantFrom(...texts.map(([text]) => text), ...harmless),
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      " ",
      "&",
      "=",
      ":",
      ": ",
      "\"",
      "'",
      "\\",
      "[",
      "]",
      "{",
      "}",
      "(",
      ")",
      ",",
      ";",
      "%",
      "/",
      "@",
      "\n",
      "?"
    ),
    fc.constantFrom(
      "password",
      "user_id",
      "token",
      "key",
      "Bearer ",
      "[redacted]",
      "authorization: ",
      "/api/users/",
      "--token ",
      "%22",
      "%3D"
    )
  )
  const text = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(""))
  const key = fc.oneof(
    fc.constantFrom("password", "userId", "user", "id", "name", "value", "url", "rawHeaders", "a", "message"),
    // Objects put keys that are numbers first, so that a budget would be spent in another order.
    fc.string({ maxLength: 6 }).filter((name) => !/^\d+$/.test(name))
  )

  it("text twice gives what scrubbing it once gives", () => {
    fc.assert(
      fc.property(text, (input) => {
        const once = scrubber.text(input)
        assert.strictEqual(scrubber.text(once), once)
      }),
      { numRuns: 3000 }
    )
  })

  it("a URL twice gives what scrubbing it once gives", () => {
    fc.assert(
      fc.property(text, (input) => {
        const once = scrubber.url(input)
        assert.strictEqual(scrubber.url(once), once)
      }),
      { numRuns: 2000 }
    )
  })

  it("text beyond the limit twice gives what scrubbing it once gives, within the limit", () => {
    const small = Scrubber.make({ limits: { length: 256 } })
    fc.assert(
      fc.property(fc.array(piece, { minLength: 8, maxLength: 40 }), (parts) => {
        const once = small.text(parts.join(""))
        assert.isAtMost(once.length, 256)
        assert.strictEqual(small.text(once), once)
      }),
      { numRuns: 1000 }
    )
  })

  it("any value twice gives what scrubbing it once gives, and plain JSON data", () => {
    const value = fc.anything({
      key,
      values: [text, fc.integer(), fc.boolean(), fc.constant(null), fc.double(), fc.bigInt(), fc.date()],
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
      withNullPrototype: true,
      withBigInt: true,
      maxDepth: 4
    })
    const small = Scrubber.make({ limits: { depth: 3, breadth: 4, entries: 12, length: 256, totalLength: 300 } })
    fc.assert(
      fc.property(value, (input) => {
        for (const one of [scrubber, small]) {
          const once = one.value(input)
          assert.deepStrictEqual(one.value(once), once)
          if (once !== undefined) assert.deepStrictEqual(JSON.parse(JSON.stringify(once)), once)
        }
      }),
      { numRuns: 1000 }
    )
  })

  it("finds a secret between any two harmless texts", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.constantFrom(...harmless),
        fc.constantFrom(...harmless),
        ([input, secret], before, after) => {
          fc.pre(!before.includes(secret) && !after.includes(secret))
          assert.notInclude(scrubber.text(`${before} ${input} ${after}`), secret)
        }
      ),
      { numRuns: 2000 }
    )
  })

  it("never throws", () => {
    fc.assert(
      fc.property(fc.anything({ withBoxedValues: true, withObjectString: true, withTypedArray: true }), (input) => {
        scrubber.value(input)
        scrubber.field("a", input)
        scrubber.text(input as string)
        scrubber.url(input as string)
      })
    )
  })
})

describe("a pseudonym", () => {
  it("is the beginning of the id's SHA-256", () => {
    assert.strictEqual(scrubber.pseudonym("42"), "73475cb4")
    fc.assert(fc.property(fc.string(), (id) => assert.strictEqual(scrubber.pseudonym(id), hash(id))))
  })

  it("stays in a second pass, while an id that looks like one does not", () => {
    assert.strictEqual(scrubber.field("user_id", scrubber.pseudonym("bob")), hash("bob"))
    assert.strictEqual(scrubber.field("user_id", "deadbeef"), hash("deadbeef"))
    assert.strictEqual(scrubber.field("user_id", "20240131"), hash("20240131"))
  })

  it("is right for any number of ids", () => {
    for (let i = 0; i < 20_000; i++) scrubber.field("user_id", `many-${i}`)
    assert.strictEqual(scrubber.field("user_id", "many-1"), hash("many-1"))
  })
})

describe("options", () => {
  it("add keys, paths and detectors to the defaults", () => {
    const own = Scrubber.make({
      sensitiveKeys: ["fund code"],
      identifierKeys: ["desk id"],
      allowedKeys: ["next_token"],
      identifierPaths: ["/api/alerts/:id", "/desks/*/books/:id"],
      detectors: [{
        name: "tickets",
        triggers: "#",
        find: (text, found) => {
          for (let at = text.indexOf("#T"); at >= 0; at = text.indexOf("#T", at + 1)) found(at, at + 4, "[ticket]")
        }
      }]
    })
    assert.strictEqual(own.field("fundCode", "x"), "[redacted]")
    assert.strictEqual(own.field("x-desk-id", "x"), hash("x"))
    assert.strictEqual(own.field("nextToken", "abc"), "abc")
    assert.strictEqual(own.text("/api/alerts/a1"), `/api/alerts/${hash("a1")}`)
    assert.strictEqual(own.text("/desks/eq/books/b1/x"), `/desks/eq/books/${hash("b1")}/x`)
    assert.strictEqual(own.text("see #T12 and #T34"), "see [ticket] and [ticket]")
    assert.strictEqual(own.text("password=x"), "password=[redacted]")
    assert.strictEqual(scrubber.text("/api/alerts/a1"), "/api/alerts/a1")
  })

  it("with a detector that throws keep the text back and tell", () => {
    const faults: Array<unknown> = []
    const own = Scrubber.make({
      detectors: [{
        name: "broken",
        triggers: "!",
        find: () => {
          throw new Error("broken")
        }
      }],
      onFault: (fault) => faults.push(fault)
    })
    assert.strictEqual(own.text("s3cr3t!"), "[unreadable]")
    assert.strictEqual(faults.length, 1)
    assert.strictEqual(own.text("fine"), "fine")
  })

  it.each(
    [
      [{ identifierPaths: ["/api/alerts"] }, "identifierPaths", "\"/api/alerts\""],
      [{ identifierPaths: ["/:id"] }, "identifierPaths", "\"/:id\""],
      [{ limits: { depth: 0 } }, "limits.depth", "0"],
      [{ limits: { depth: 1000 } }, "limits.depth", "1000"],
      [{ limits: { length: 10 } }, "limits.length", "10"],
      [{ limits: { breadth: 1.5 } }, "limits.breadth", "1.5"],
      // As a program without types may give them.
      [{ detectors: [{ name: "own", find: () => {} }] as never }, "detectors[0].triggers", "undefined"],
      [{ detectors: [{ name: 7, triggers: "#", find: () => {} }] as never }, "detectors[0].name", "7"],
      [{ detectors: [{ name: "own", triggers: "#", find: "#" }] as never }, "detectors[0].find", "\"#\""]
    ] as const
  )("%j are refused, naming the option and its value", (options, option, value) => {
    try {
      Scrubber.make(options)
      assert.fail("accepted")
    } catch (error) {
      assert.instanceOf(error, Scrubber.ScrubberOptionsError)
      assert.include(error.message, option)
      assert.include(error.message, value)
    }
  })
})

describe("the current scrubber", () => {
  it.effect("is the default one unless another is provided", () =>
    Effect.gen(function*() {
      const shown = Effect.map(Scrubber.CurrentScrubber, (current) => current.field("fundCode", "x"))
      assert.strictEqual(yield* shown, "x")
      const own = Scrubber.make({ sensitiveKeys: ["fund code"] })
      assert.strictEqual(yield* Effect.provideService(shown, Scrubber.CurrentScrubber, own), "[redacted]")
    }))
})
