import * as DawsOs from "@dawsos/observability/dawsos"
import { TestErrors, TestMetrics } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { AgentRuntime, capability } from "../../../../examples/dawsos/orchestrator/AgentRuntime.ts"
import { Orchestrator } from "../../../../examples/dawsos/orchestrator/Orchestrator.ts"
import { requestContext } from "../agents/requestContext.ts"
import { settings } from "../settings.ts"

const answers = { "provider.fetch_quote": capability(Schema.Unknown, () => Effect.never) }

const orchestrator = (capabilities: typeof answers | {}) =>
  Orchestrator.layer.pipe(
    Layer.provide(AgentRuntime.layer(Effect.succeed([{ name: "slow", capabilities }]))),
    Layer.provide(settings({ timeScale: 1 })),
    Layer.provideMerge(DawsOs.layerTest)
  )

const run = Effect.gen(function*() {
  const { execute, find } = yield* Orchestrator
  return yield* Effect.flip(execute(yield* find("holding_deep_dive"), { symbol: "IBM" }, requestContext))
})

describe("the orchestrator", () => {
  it.effect("gives up on a pattern after 30 seconds: 504 timeout, counted as an error", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 seconds")
      const error = yield* Fiber.join(fiber)
      const response = HttpServerResponse.toWeb(yield* HttpServerRespondable.toResponse(error))
      assert.strictEqual(response.status, 504)
      assert.deepStrictEqual(yield* Effect.promise(() => response.json()), {
        error: { code: "timeout", message: "the request took longer than 30 seconds" }
      })
      yield* TestMetrics.expectValue(
        DawsOs.metrics.patternExecutionsTotal,
        { pattern_id: "holding_deep_dive", status: "error" },
        1
      )
    }).pipe(Effect.provide(orchestrator(answers))))

  it.effect("says which step no agent can do", () =>
    Effect.gen(function*() {
      const error = yield* run
      assert.deepInclude(error, { code: "capability_not_found", step: "provider.fetch_quote" })
      yield* TestErrors.expectNoEvents
    }).pipe(Effect.provide(orchestrator({}))))
})
