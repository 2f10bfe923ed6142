/** What processes share: cache, rate limits and circuits. In Redis when `REDIS_URL` is set, else in this process. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Persistence from "effect/persistence/Persistence"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redacted from "effect/Redacted"
import { Unavailable } from "./Errors.ts"
import { Settings } from "./Settings.ts"

const memory = Layer.mergeAll(
  Persistence.layerMemory,
  RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory)),
  CircuitBreaker.layerStoreMemory()
)

const redis = Layer.mergeAll(
  Persistence.layerRedis,
  RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreRedis())),
  CircuitBreaker.layerStoreRedis({ prefix: "dawsos:circuit:" })
)

const message = "REDIS_URL: no connection to the Redis that it names; start it, or unset the variable to do without"

export const layer = Layer.unwrap(Effect.gen(function*() {
  const { redisUrl } = yield* Settings
  if (redisUrl === undefined) return memory
  const NodeRedis = yield* Effect.promise(() => import("@effect/platform-node/NodeRedis"))
  return redis.pipe(
    Layer.provide(DawsOs.layerRedis),
    Layer.provide(NodeRedis.layer({ url: Redacted.value(redisUrl) })),
    Layer.catchTag("RedisError", (cause) => Layer.effectContext(Effect.fail(new Unavailable({ message, cause }))))
  )
}))
