import { Catalogue, Guard, Observability } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as FaultLines from "../src/FaultLines.ts"
import * as Harness from "./integration/Harness.ts"

const said = (hook: Guard.Hook) =>
  `observability: its ${hook} failed and did not record something; from now on that is only counted`

describe("The log", () => {
  it.effect("has the first fault of each hook, scrubbed and with its stack, and no other", () =>
    Effect.gen(function*() {
      const { console, lines } = Harness.recordingConsole()
      const layer = Observability.layer({ catalogue: Catalogue.make({ prefix: "shop", metrics: {} }) }, {
        logFormat: "json"
      })
      const program = Effect.gen(function*() {
        const guard = yield* Guard.CurrentGuard
        guard.count("recorder", new Error("no label for password=hunter2"))
        guard.count("recorder", new Error("no label again"))
        guard.count("listener", "gone")
        yield* Effect.yieldNow
      })
      yield* program.pipe(
        Effect.provide(Layer.provide(layer, ConfigProvider.layer(ConfigProvider.fromUnknown({})))),
        Effect.provideService(Console.Console, console)
      )
      const written = lines.map((line) => JSON.parse(line) as Harness.Line & { readonly cause?: string })
      const [recorder, listener, ...others] = written.slice(1)
      assert.strictEqual(recorder?.level, "Warn")
      assert.strictEqual(recorder?.message, said("recorder"))
      assert.match(recorder?.cause ?? "", /no label for password=\[redacted\]\n +at /)
      assert.strictEqual(listener?.message, said("listener"))
      assert.include(listener?.cause, "gone")
      assert.lengthOf(others, 0)
    }))

  it.effect("has what was thrown before it was there, once it is", () =>
    Effect.gen(function*() {
      const messages: Array<string> = []
      const lines = FaultLines.make()
      const guard = Guard.make({ onFirst: lines.onFirst })
      guard.count("tracer", new Error("early"))
      yield* Effect.andThen(lines.listen, Effect.yieldNow).pipe(
        Effect.provide(Logger.layer([Logger.make(({ message }) => messages.push(String(message)))]))
      )
      assert.deepStrictEqual(messages, [said("tracer")])
    }))

  it.effect("may throw: that is a fault as well, and no endless one", () =>
    Effect.gen(function*() {
      const lines = FaultLines.make()
      const guard = Guard.make({ onFirst: lines.onFirst })
      const broken = Logger.make(() => {
        throw new Error("the log is full")
      })
      yield* Effect.andThen(lines.listen, Effect.sync(() => guard.count("tracer", new Error("late")))).pipe(
        Effect.provide(Logger.layer([broken])),
        Effect.provideService(Guard.CurrentGuard, guard)
      )
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.deepStrictEqual([guard.faults().get("tracer"), guard.faults().get("logger")], [1, 2])
    }))
})
