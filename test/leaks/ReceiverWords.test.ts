/** What a receiver says comes into the log: it may repeat a key that it was sent. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"
import * as Harness from "../integration/Harness.ts"
import * as Secrets from "../support/Secrets.ts"

const key = Secrets.secretShapes.find(({ name }) => name === "npm token")!.make(1).text
const encoded = Buffer.from(key).toString("base64")

describe("the words of a receiver", () => {
  it.live("are logged without a key that they repeat, wherever they are cut", () =>
    Effect.gen(function*() {
      for (const length of [10, 230, 250, 270]) {
        const receiver = yield* Receiver.make()
        const words = `refused${" not again".repeat(length / 10)} ${encoded} and so on ${"and on ".repeat(400)}`
        yield* receiver.respond("otlp", Reply.partialSuccess(1, words))
        const lines = yield* Effect.scoped(Effect.gen(function*() {
          const app = yield* Harness.start(Harness.environment(receiver))
          yield* app.get("/api/quotes/AAPL")
          yield* app.tracing.flush
          return app.lines
        }))
        const text = lines.join("\n")
        assert.include(text, "spans don't arrive at otlp")
        assert.include(text, "refused not again")
        assert.notInclude(text, encoded.slice(0, 12))
        assert.notInclude(text, key)
      }
    }))
})
