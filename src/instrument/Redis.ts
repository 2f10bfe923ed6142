/**
 * Observes Redis: one client span and one count for each command, never its keys or values.
 *
 * Effect's Redis opens no span. Whatever uses `Redis.Redis` below this layer is observed (a rate limiter, a persisted
 * queue); a raw client from `NodeRedis` goes round it.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redis from "effect/persistence/Redis"
import type * as Catalogue from "../Catalogue.ts"
import * as Observation from "../Observation.ts"

/** The labels of a counter of commands. */
export type CommandLabels = {
  readonly command: Catalogue.Bounded
  readonly status: Catalogue.OneOf<Observation.Status>
}

/** What is recorded of commands. */
export interface Options {
  readonly commands: Catalogue.Counter<CommandLabels>
  readonly duration: Catalogue.Histogram<{ readonly command: Catalogue.Bounded }>
  readonly prefix: string
}

// A command's name is a word; anything else is somebody's data in the wrong place.
const commandName = (command: unknown): string =>
  typeof command === "string" && /^[A-Za-z][A-Za-z.]{0,31}$/.test(command) ? command.toUpperCase() : "_OTHER"

/** How many commands are remembered with what they are bound to; Redis has about 240 of its own. */
const maxRemembered = 500

type Observe = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Wraps a client so that its commands are observed, unless an observation of the same metrics around it does so. */
export const observe = (redis: Redis.Redis["Service"], options: Options): Redis.Redis["Service"] => {
  const withCommand = Observation.make<{ readonly command: string }>({
    prefix: options.prefix,
    category: "redis",
    automatic: true,
    span: ({ command }) => ({
      name: command,
      kind: "client",
      attributes: { "db.system.name": "redis", "db.operation.name": command }
    }),
    instruments: [
      Observation.count(options.commands, ({ command }, status) => ({ command, status })),
      Observation.time(options.duration, ({ command }) => ({ command }))
    ]
  })
  const remembered = new Map<string, Observe>()
  const observing = (name: string): Observe => {
    const known = remembered.get(name)
    if (known !== undefined) return known
    const made: Observe = withCommand({ command: commandName(name) })
    if (remembered.size < maxRemembered) remembered.set(name, made)
    return made
  }
  const observeConnection = (connection: Redis.Connection): Redis.Connection => ({
    send: <A>(command: string, ...args: ReadonlyArray<string>) =>
      observing(command)(connection.send<A>(command, ...args)),
    // A script sends inner commands on the unwrapped connection: it is one command here.
    eval: (script) => {
      const run = connection.eval(script)
      return (...params) => observing("EVALSHA")(run(...params))
    }
  })
  return {
    ...observeConnection(redis),
    subscribe: (channel) => observing("SUBSCRIBE")(redis.subscribe(channel)),
    reserve: Effect.map(redis.reserve, observeConnection)
  }
}

/**
 * Observes the Redis that is below it, each where it is provided: one value of this layer may stand over several.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as NodeRedis from "@effect/platform-node/NodeRedis"
 * import * as Layer from "effect/Layer"
 *
 * export const RedisLive = DawsOs.layerRedis.pipe(Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379" })))
 */
export const layer = (options: Options): Layer.Layer<Redis.Redis, never, Redis.Redis> =>
  // A program without Redis loads nothing of Effect's for it.
  Layer.fresh(Layer.unwrap(Effect.map(
    Effect.promise(() => import("effect/persistence/Redis")),
    ({ Redis }) => Layer.effect(Redis, Effect.map(Redis, (redis) => Redis.of(observe(redis, options))))
  )))
