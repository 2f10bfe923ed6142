import { assert, describe, it } from "@effect/vitest"
import * as SemanticConventions from "@opentelemetry/semantic-conventions/incubating"
import * as fc from "fast-check"
import * as Keys from "../../src/scrubber/Keys.ts"

const judge = Keys.make({ sensitiveKeys: ["fund code"], identifierKeys: ["desk id"], allowedKeys: ["next token"] })

const styles = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1)
  return [
    words.join("_"),
    words.join("-"),
    words.join("."),
    words.join(" "),
    words.join("_").toUpperCase(),
    words.map(capital).join("-"),
    words.map(capital).join(""),
    words.map((word, i) => i === 0 ? word : capital(word)).join(""),
    `x-${words.join("-")}`,
    `http.request.header.${words.join("-")}`,
    `app.${words.join("_")}`
  ]
}

describe("the words of a key", () => {
  it.each(
    [
      ["X-API-Key", "x api key"],
      ["apiKey", "api key"],
      ["APIKey", "api key"],
      ["api_key", "api key"],
      ["userID", "user id"],
      ["userIDs", "user ids"],
      ["OAuth2Token", "o auth2 token"],
      ["http.request.header.x-user-id", "http request header x user id"],
      ["headers[authorization]", "headers authorization"],
      ["", ""],
      ["__", ""]
    ] as const
  )("of %s are %s", (key, expected) => assert.strictEqual(Keys.words(key).join(" "), expected))
})

describe("the names that a user adds", () => {
  it("may be said in the plural", () => {
    const own = Keys.make({ sensitiveKeys: ["fund codes"], identifierKeys: ["desk ids"], allowedKeys: ["next tokens"] })
    const classes = ["fundCode", "fund_codes", "desk_id", "next-token"].map((key) => own(key).class)
    assert.deepStrictEqual(classes, ["sensitive", "sensitive", "identifier", "plain"])
  })
})

describe("a key names a secret", () => {
  const secrets = [
    "authorization",
    "api key",
    "password",
    "user password",
    "access token",
    "client secret",
    "set cookie",
    "private key",
    "aws access key id",
    "session token",
    "csrf token",
    "dsn",
    "sentry dsn",
    "email",
    "email address",
    "contact email",
    "card number",
    "fmp key",
    "signature",
    "credentials",
    "db pass",
    "basic auth",
    "passwords",
    "tokens",
    "phone number",
    "fund code"
  ]
  it.each(secrets)("in every style of “%s”", (name) => {
    for (const key of styles(name.split(" "))) assert.strictEqual(judge(key).class, "sensitive", key)
  })

  it.each([
    "key",
    "KEY",
    "apikey",
    "APIKEY",
    "apiKeyV2",
    "api_key_2",
    "dbpassword",
    "userPassword1",
    "passwordHash",
    "authtoken",
    "xapikey",
    "eMail",
    "e-mail",
    "sid",
    "pass",
    "X-Amz-Signature",
    "x-amz-security-token",
    "PGPASSWORD",
    "jwt"
  ])("as %s", (key) => assert.strictEqual(judge(key).class, "sensitive"))
})

describe("a key names an id", () => {
  it.each(["user id", "portfolio id", "enduser id", "customer id", "session id", "desk id"])(
    "in every style of “%s”",
    (name) => {
      for (const key of styles(name.split(" "))) assert.strictEqual(judge(key).class, "identifier", key)
    }
  )
  it.each(["userid", "portfolioid", "user", "username", "user_ids", "userIDs"])(
    "as %s",
    (key) => assert.strictEqual(judge(key).class, "identifier")
  )
})

describe("a key is harmless", () => {
  it.each([
    "monkey",
    "donkey",
    "turkey",
    "hockey",
    "whiskey",
    "keyboard",
    "keyword",
    "key_name",
    "keynote",
    "tokenize",
    "tokenizer",
    "tokenized_text",
    "secretary",
    "author",
    "authority",
    "passenger",
    "passive",
    "compass",
    "bypass",
    "cookiecutter",
    "designature",
    "passwordless",
    "primary_key",
    "primaryKey",
    "foreign-key",
    "partition_key",
    "sort_key",
    "cache.key",
    "idempotency_key",
    "public_key",
    "routing_key",
    "max_tokens",
    "input_tokens",
    "token_count",
    "token_type",
    "password_changed_at",
    "has_password",
    "requires_auth",
    "email_sent",
    "email_verified",
    "auth_method",
    "TokenExpiredError",
    "AuthTokenService",
    "nextToken",
    "symbol",
    "isin",
    "price",
    "trace_id",
    "span_id",
    "request_id",
    "pricing_pack_id",
    "ledger_commit_hash",
    "pattern_id",
    "agent_name",
    "dawsos.capability",
    "dawsos.pattern.id",
    "user_agent.original",
    "portfolio",
    "portfolio_value",
    "cloud.account.id",
    "process.user.id",
    "k8s.pod.uid"
  ])("as %s", (key) => assert.strictEqual(judge(key).class, "plain"))

  it("in every attribute of OpenTelemetry's semantic conventions that is not about a person or a credential", () => {
    const about = new Set([
      "db.connection_string",
      "enduser.id",
      "mcp.session.id",
      "session.id",
      "user.email",
      "user.full_name",
      "user.id",
      "user.name"
    ])
    const names = Object.entries(SemanticConventions).flatMap(([name, value]) =>
      name.startsWith("ATTR_") && typeof value === "string" ? [value] : []
    )
    assert.isAbove(names.length, 500)
    assert.deepStrictEqual(names.filter((name) => judge(name).class !== "plain").sort(), [...about].sort())
  })

  it("and stays what it was however many other keys were judged in between", () => {
    const before = judge("dbPassword")
    for (let i = 0; i < 5000; i++) judge(`column_${i}`)
    assert.deepStrictEqual(judge("dbPassword"), before)
  })

  it("where only digits and single letters make a name, as in a time, it is a secret's only if somebody says so", () => {
    const keys = ["2025-11-23T10", "05", "x1", "a-7"]
    assert.deepStrictEqual(keys.map((key) => judge(key).class), keys.map(() => "plain"))
    const own = Keys.make({ sensitiveKeys: ["x1"], identifierKeys: ["a"], allowedKeys: [] })
    assert.deepStrictEqual(keys.map((key) => own(key).class), ["plain", "plain", "sensitive", "plain"])
    assert.strictEqual(own("7-a").class, "identifier")
  })

  it("or not: every string gets a verdict", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (key) => {
      assert.include(["sensitive", "identifier", "plain"], judge(key).class)
    }))
  })
})
