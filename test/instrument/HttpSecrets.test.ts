import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as HttpSecrets from "../../src/instrument/HttpSecrets.ts"

const key = "s3cr3t key+1"
const request = HttpClientRequest.get("https://jane:hunter2@x.test/quote?from=2024", {
  urlParams: { symbol: "AAPL", apikey: Redacted.make(key), pin: Redacted.make("42") }
})

/** A client's error of this cause, after its keys were taken out. */
const cleaned = (cause: unknown, sent: HttpClientRequest.HttpClientRequest = request) => {
  const reason = new HttpClientError.TransportError({ request: sent, cause })
  const error = new HttpClientError.HttpClientError({ reason })
  HttpSecrets.cleanCauses(Exit.fail(error))
  return error
}

/** An error with further properties. */
const errorWith = (message: string, properties: object = {}): Error => Object.assign(new Error(message), properties)

describe("The cause of a client's error", () => {
  it("loses the keys of the request in every spelling, in its message, stack and other texts", () => {
    const cause = errorWith(`GET https://x.test/?apikey=${key}: refused`, {
      url: `https://x.test/?apikey=${encodeURIComponent(key)}`,
      query: new URLSearchParams({ apikey: key }).toString()
    })
    cleaned(cause)
    expect(cause).toMatchObject({
      message: "GET https://x.test/?apikey=REDACTED: refused",
      url: "https://x.test/?apikey=REDACTED",
      query: "apikey=REDACTED"
    })
    expect(cause.stack).toContain("GET https://x.test/?apikey=REDACTED: refused\n    at ")
    expect(inspect(cause, { showHidden: true })).not.toContain("s3cr3t")
  })

  it("keeps the values of parameters that are no keys", () => {
    const { cause } = cleaned(new Error("no AAPL since 2024"))
    expect((cause as Error).message).toBe("no AAPL since 2024")
  })

  it("keeps what is as short as a word: a value of 42 would spoil the text", () => {
    expect((cleaned(new Error("port 42")).cause as Error).message).toBe("port 42")
  })

  it("loses the password of the URL, and keeps the user", () => {
    expect((cleaned(new Error("jane:hunter2 refused")).cause as Error).message).toBe("jane:REDACTED refused")
    const anonymous = HttpClientRequest.get("https://x.test/a:b@c?at=x:hunter2@y")
    expect((cleaned(new Error("x:hunter2@y, b"), anonymous).cause as Error).message).toBe("x:hunter2@y, b")
  })

  it("is followed through five causes, and through all errors of an aggregate", () => {
    const deepest = new Error(`6 ${key}`)
    const fifth = new Error(`5 ${key}`, { cause: deepest })
    let chain = fifth
    for (const n of [4, 3, 2]) chain = new Error(`${n} ${key}`, { cause: chain })
    const aggregate = new AggregateError([chain, new Error(`other ${key}`)], `1 ${key}`)
    const messages = ({ errors: [first, second] }: AggregateError) => [first.message, second.message]
    cleaned(aggregate)
    expect(aggregate.message).toBe("1 REDACTED")
    expect(messages(aggregate)).toEqual(["2 REDACTED", "other REDACTED"])
    expect(fifth.message).toBe("5 REDACTED")
    expect(deepest.message).toBe(`6 ${key}`)
  })

  it("may be its own cause", () => {
    const cause = new Error(key)
    cause.cause = cause
    expect((cleaned(cause).cause as Error).message).toBe("REDACTED")
  })

  it("stays of the kind that it was, even when a key is a word of it", () => {
    const sent = HttpClientRequest.get("https://x.test/", {
      urlParams: ["Client", "ECONN", "Type"].map((word): [string, Redacted.Redacted] => ["key", Redacted.make(word)])
    })
    const cause = Object.assign(new TypeError("Type ECONNREFUSED"), { code: "ECONNREFUSED", name: "TypeError" })
    expect(cleaned(cause, sent)._tag).toBe("HttpClientError")
    expect(cause).toMatchObject({ code: "ECONNREFUSED", name: "TypeError", message: "REDACTED REDACTEDREFUSED" })
  })

  it("that is a text loses its keys as well", () => {
    const error = cleaned(`refused: ${key}`)
    expect(error.cause).toBe("refused: REDACTED")
    expect(error.reason.cause).toBe("refused: REDACTED")
    const nested = cleaned(new Error("refused", { cause: `by ${key}` }))
    expect((nested.cause as Error).cause).toBe("by REDACTED")
  })

  it("that is another object stays as it is: the client may go on using it", () => {
    for (const cause of [{ message: key }, [key], () => key, Symbol(key), 42, null, undefined]) {
      const before = inspect(cause)
      expect(cleaned(cause).cause).toBe(cause)
      expect(inspect(cause)).toBe(before)
    }
  })
})

describe("What is no error of a client", () => {
  it("stays as it is: successes, other failures, defects", () => {
    const error = new Error(key)
    const reason = new HttpClientError.TransportError({ request, cause: error })
    const defect = new HttpClientError.HttpClientError({ reason })
    for (const exit of [Exit.succeed(error), Exit.fail(error), Exit.failCause(Cause.die(defect))]) {
      HttpSecrets.cleanCauses(exit)
      expect(error.message).toBe(key)
    }
  })
})
