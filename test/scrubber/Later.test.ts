import { Catalogue, Observability, Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Later from "../../src/scrubber/Later.ts"
import * as Harness from "../integration/Harness.ts"

/** A scrubber that is made later, and how often it was made. */
const counting = (harmless: ReadonlyArray<string> = []) => {
  const made: Array<Scrubber.Scrubber> = []
  const later = Later.make(() => {
    const scrubber = Scrubber.make({ sensitiveKeys: ["fund code"] })
    made.push(scrubber)
    return scrubber
  }, harmless)
  return { later, made }
}

const uses: ReadonlyArray<readonly [string, (scrubber: Scrubber.Scrubber) => unknown]> = [
  ["text", (scrubber) => scrubber.text("mail to jane@example.com")],
  ["value", (scrubber) => scrubber.value({ fundCode: "x", rest: 1 })],
  ["field", (scrubber) => scrubber.field("fundCode", "x")],
  ["attributes", (scrubber) => scrubber.attributes({ fundCode: "x", "url.path": "/api/quotes" })],
  ["url", (scrubber) => scrubber.url("/api/things/12", "/api/things/{user_id}")],
  ["pseudonym", (scrubber) => scrubber.pseudonym("jane")]
]

describe("a scrubber that is made later", () => {
  it.each(uses)("says of a %s what it says when it is made at once", (_, use) => {
    assert.deepStrictEqual(use(counting().later), use(Scrubber.make({ sensitiveKeys: ["fund code"] })))
  })

  it("is made once, by the first that has to be scrubbed", () => {
    const { later, made } = counting(["all is well"])
    assert.strictEqual(later.text("all is well"), "all is well")
    assert.lengthOf(made, 0)
    for (const [, use] of uses) use(later)
    assert.lengthOf(made, 1)
  })

  it("knows no text to be harmless but those that it was told", () => {
    const { later } = counting(["all is well"])
    assert.strictEqual(later.text("all is well, password=hunter2"), "all is well, password=[redacted]")
  })
})

/** Runs a program inside the layer, off, and gives what it wrote and how often its detector was looked at. */
const off = Effect.fnUntraced(function*(program: Effect.Effect<void>, identifierPaths: ReadonlyArray<string> = []) {
  let looks = 0
  const { console, lines } = Harness.recordingConsole()
  const detector: Scrubber.Detector = {
    name: "own",
    triggers: "#",
    get pairs() {
      looks++
      return ["##"]
    },
    find: () => undefined
  }
  const layer = Observability.layer(
    {
      catalogue: Catalogue.make({ prefix: "shop", metrics: {} }),
      scrubber: { detectors: [detector], identifierPaths }
    },
    { logFormat: "json" }
  )
  yield* program.pipe(
    Effect.provide(Layer.provide(layer, ConfigProvider.layer(ConfigProvider.fromUnknown({})))),
    Effect.provideService(Console.Console, console)
  )
  return { looks, messages: lines.map((line) => (JSON.parse(line) as Harness.Line).message) }
})

describe("the scrubber of a program that observes nothing", () => {
  const own = "observability is off: ENABLE_OBSERVABILITY is not true"

  it.effect("is not made for what the layer itself says", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* off(Effect.void), { looks: 0, messages: [own] })
    }))

  it("would leave as it is what the layer itself says", () => {
    assert.strictEqual(Scrubber.make().text(own), own)
  })

  it.effect("is there for the first line of the program, and the same for the next", () =>
    Effect.gen(function*() {
      const { looks, messages } = yield* off(Effect.andThen(
        Effect.logInfo("password=hunter2"),
        Effect.logInfo("mail to jane@example.com")
      ))
      assert.strictEqual(looks, 1)
      assert.deepStrictEqual(messages, [own, "password=[redacted]", "mail to [redacted]"])
    }))

  it.effect("is refused at the start where its options can't be used", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(off(Effect.void, ["/:id"]))
      assert.include(String(exit), "Scrubber option identifierPaths")
    }))
})
