import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Identifiers from "../../src/scrubber/Identifiers.ts"

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
