import * as DawsOs from "@dawsos/observability/dawsos"
import { TestMetrics } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Persistable from "effect/persistence/Persistable"
import * as Persistence from "effect/persistence/Persistence"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Coordination from "../../../examples/dawsos/Coordination.ts"
import * as RespServer from "../../support/RespServer.ts"
import { settings } from "./settings.ts"

const coordination = (url?: string) =>
  Coordination.layer.pipe(
    Layer.provide(settings({ redisUrl: url === undefined ? undefined : Redacted.make(url) })),
    Layer.provideMerge(DawsOs.layerTest)
  )

class Price extends Persistable.Class<{ payload: { readonly symbol: string } }>()("Price", {
  primaryKey: ({ symbol }) => symbol,
  success: Schema.Finite
}) {}

const write = Effect.gen(function*() {
  const persistence = yield* Persistence.Persistence
  const store = yield* persistence.make({ storeId: "prices", timeToLive: () => "1 hour" })
  const key = new Price({ symbol: "IBM" })
  yield* store.set(key, Exit.succeed(120))
  return yield* store.get(key)
})

describe("what processes share", () => {
  it.live("is in the Redis of REDIS_URL where that is set, each command counted", () =>
    Effect.gen(function*() {
      const redis = yield* Effect.acquireRelease(
        Effect.promise(() => RespServer.start()),
        (server) => Effect.promise(() => server.stop())
      )
      yield* Effect.gen(function*() {
        yield* Effect.exit(write)
        yield* TestMetrics.expectValue(DawsOs.metrics.redisCommandsTotal, { command: "SET", status: "success" }, 1)
      }).pipe(Effect.provide(coordination(redis.url)))
      const set = redis.seen.find(([command = ""]) => command.toUpperCase() === "SET")
      assert.deepStrictEqual(set?.slice(1, 2), ["prices:IBM"])
      assert.include(set?.[2], "120")
    }).pipe(Effect.scoped))

  it.live("is in this process where it is not set", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* write, Exit.succeed(120))
    }).pipe(Effect.provide(coordination())))

  it.live("says which variable names a Redis that is not there", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(coordination("redis://127.0.0.1:1"))))
      assert.match(
        String(Reflect.get(Object(error), "message")),
        /^REDIS_URL: no connection to the Redis that it names/
      )
    }))
})
