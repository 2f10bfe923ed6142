import * as DawsOs from "@dawsos/observability/dawsos"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as FakeRedis from "../support/FakeRedis.ts"

class Sessions extends Context.Service<Sessions, Redis.Redis["Service"]>()("test/Sessions") {}
class Prices extends Context.Service<Prices, Redis.Redis["Service"]>()("test/Prices") {}

describe("DawsOs.layerRedis", () => {
  it.effect("two Redis in one program stay two", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* (yield* Sessions).send<string>("GET", "key"), "sessions answers GET")
      assert.strictEqual(yield* (yield* Prices).send<string>("GET", "key"), "prices answers GET")
    }).pipe(
      Effect.provide(Layer.mergeAll(
        Layer.effect(Sessions, Redis.Redis).pipe(
          Layer.provide(DawsOs.layerRedis),
          Layer.provide(FakeRedis.layer("sessions"))
        ),
        Layer.effect(Prices, Redis.Redis).pipe(
          Layer.provide(DawsOs.layerRedis),
          Layer.provide(FakeRedis.layer("prices"))
        )
      ))
    ))
})
