/** How the client of the data providers treats one that does not answer, without a network and on the test clock. */
import * as DawsOs from "@dawsos/observability/dawsos"
import { TestMetrics } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Coordination from "../../../../examples/dawsos/Coordination.ts"
import * as Providers from "../../../../examples/dawsos/providers/Providers.ts"
import { type ProviderName, Simulator } from "../../../../examples/dawsos/providers/Simulator.ts"
import { settings } from "../settings.ts"

/** The client in front of providers that give these answers in this order, the last one for ever, at production speed. */
const providers = (...answers: ReadonlyArray<{ readonly status: number; readonly retryAfter?: string }>) => {
  let next = 0
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      const answer = answers[Math.min(next++, answers.length - 1)]
      const headers = answer?.retryAfter === undefined ? {} : { "retry-after": answer.retryAfter }
      return HttpClientResponse.fromWeb(request, new Response("[7]", { status: answer?.status ?? 500, headers }))
    })
  )
  return Providers.layer.pipe(
    Layer.provide(Layer.mergeAll(Coordination.layer, Layer.succeed(HttpClient.HttpClient, client))),
    Layer.provide(Layer.succeed(Simulator, {
      baseUrl: (name) => `http://${name}.example`,
      setFault: () => {},
      answerWith: () => {}
    })),
    Layer.provide(settings({ timeScale: 1 })),
    Layer.provideMerge(DawsOs.layerTest)
  )
}

const endpoint = "/v3/quote/{symbol}"
const get = (symbol: string, provider: ProviderName = "fmp") =>
  Effect.flatMap(
    Providers.Providers,
    ({ fetch }) =>
      fetch({ provider, endpoint, path: { symbol }, schema: Schema.Array(Schema.Finite), maxAge: "1 second" })
  )

/** A fetch with the time that it takes with all its retries: at most 1.2 + 2.4 + 4.8 seconds. */
const fetched = (symbol: string) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.exit(get(symbol)))
    yield* TestClock.adjust("9 seconds")
    return yield* Fiber.join(fiber)
  })

const attempts = (expected: number, status: "error" | "success" = "error", provider: ProviderName = "fmp") =>
  TestMetrics.expectValue(DawsOs.metrics.providerRequestsTotal, { provider, endpoint, status }, expected)

describe("a provider that does not answer", () => {
  it.effect("is asked four times for each fetch, and after three that failed not at all for a minute, then again", () =>
    Effect.gen(function*() {
      for (const fetches of [1, 2, 3]) {
        assert.isTrue(Exit.isFailure(yield* fetched(`S${fetches}`)))
        yield* attempts(4 * fetches)
      }
      assert.isTrue(Exit.isFailure(yield* fetched("S4")))
      yield* attempts(12)
      yield* TestClock.adjust("50 seconds")
      assert.isTrue(Exit.isSuccess(yield* fetched("S5")))
      yield* attempts(12)
      yield* attempts(1, "success")
      assert.isTrue(Exit.isSuccess(yield* fetched("S6")))
      yield* attempts(2, "success")
    }).pipe(Effect.provide(providers(...Array.from({ length: 12 }, () => ({ status: 500 })), { status: 200 }))))

  it.effect("is asked again no sooner than it wants", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(get("IBM"))
      yield* TestClock.adjust("29 seconds")
      yield* attempts(1)
      yield* attempts(0, "success")
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { data: [7], provenance: "real" })
      yield* attempts(1)
      yield* attempts(1, "success")
    }).pipe(Effect.provide(providers({ status: 429, retryAfter: "30" }, { status: 200 }))))

  it.effect("is not asked again where that can't help", () =>
    Effect.gen(function*() {
      assert.isTrue(Exit.isFailure(yield* fetched("IBM")))
      yield* attempts(1)
    }).pipe(Effect.provide(providers({ status: 404 }))))
})

describe("a provider that answers", () => {
  it.effect("is not asked for more than its quota: what goes beyond fails without a request", () =>
    Effect.gen(function*() {
      for (let n = 0; n < 30; n++) yield* get(`S${n}`, "newsapi")
      const error = yield* Effect.flip(get("S30", "newsapi"))
      assert.propertyVal(error.cause, "_tag", "RateLimiterError")
      yield* attempts(30, "success", "newsapi")
      yield* TestClock.adjust("1 minute")
      yield* get("S30", "newsapi")
      yield* attempts(31, "success", "newsapi")
    }).pipe(Effect.provide(providers({ status: 200 }))))

  it.effect("gives the same answer again for as long as asked, and the last good one when it fails later", () =>
    Effect.gen(function*() {
      const provenance = Effect.map(get("IBM"), (answer) => answer.provenance)
      assert.deepStrictEqual([yield* provenance, yield* provenance], ["real", "cached"])
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* provenance, "stale")
    }).pipe(Effect.provide(providers({ status: 200 }, { status: 404 }))))
})
