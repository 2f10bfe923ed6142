import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import * as TestClock from "effect/testing/TestClock"
import {
  type Agent,
  AgentRuntime,
  capability,
  computed
} from "../../../../examples/dawsos/orchestrator/AgentRuntime.ts"
import { requestContext as ctx } from "../agents/requestContext.ts"
import { settings } from "../settings.ts"

const Input = Schema.Struct({ x: Schema.Finite })

const agent = (name: string, run: (x: number) => Effect.Effect<number, unknown>): Agent => ({
  name,
  capabilities: {
    "test.run": capability(Input, (input: typeof Input.Type) => Effect.map(run(input.x), computed))
  }
})

describe("AgentRuntime", () => {
  it.effect("refuses two agents with one capability and names both", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(AgentRuntime.make([agent("one", Effect.succeed), agent("two", Effect.succeed)]))
      assert.strictEqual(error.message, "test.run is claimed by one and two")
    }).pipe(Effect.provide(settings({ timeScale: 1 }))))

  it.effect("asks an agent once for the same input within a request, and says that the answer was kept", () =>
    Effect.gen(function*() {
      let calls = 0
      const runtime = yield* AgentRuntime.make([agent("one", (x) => Effect.sync(() => (calls++, x * 2)))])
      const cache = new Map()
      assert.deepStrictEqual(yield* runtime.execute("test.run", { x: 2 }, ctx, cache), computed(4))
      assert.deepStrictEqual(yield* runtime.execute("test.run", { x: 2 }, ctx, cache), {
        data: 4,
        provenance: "cached"
      })
      yield* runtime.execute("test.run", { x: 2 }, ctx, new Map())
      assert.strictEqual(calls, 2)
    }).pipe(Effect.provide(settings({ timeScale: 1 }))))

  it.effect("retries a database that is away after 1, 2 and 4 seconds, then fails with the agent's name", () =>
    Effect.gen(function*() {
      let calls = 0
      const away = new SqlError({ reason: new ConnectionError({ cause: "away" }) })
      const runtime = yield* AgentRuntime.make([
        agent("one", () => Effect.suspend(() => (calls++, Effect.fail(away))))
      ])
      const fiber = yield* Effect.forkChild(Effect.flip(runtime.execute("test.run", { x: 2 }, ctx, new Map())))
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(calls, 3)
      yield* TestClock.adjust("1 seconds")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(calls, 4)
      assert.strictEqual(error.message, "one failed at test.run")
      assert.strictEqual(error._tag === "AgentExecutionError" ? error.cause : undefined, away)
    }).pipe(Effect.provide(settings({ timeScale: 1 }))))

  it.effect("does not retry what a retry cannot help, such as arguments of the wrong type", () =>
    Effect.gen(function*() {
      const runtime = yield* AgentRuntime.make([agent("one", Effect.succeed)])
      const error = yield* Effect.flip(runtime.execute("test.run", { x: "two" }, ctx, new Map()))
      assert.strictEqual(error._tag, "AgentExecutionError")
      assert.strictEqual(
        (yield* Effect.flip(runtime.execute("no.such", {}, ctx, new Map())))._tag,
        "CapabilityNotFound"
      )
    }).pipe(Effect.provide(settings({ timeScale: 1 }))))
})
