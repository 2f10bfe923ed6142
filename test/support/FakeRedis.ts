// A Redis in memory that says who answers.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"

export const make = (name: string): Redis.Redis["Service"] => {
  const send = <A>(command: string): Effect.Effect<A> => Effect.succeed(`${name} answers ${String(command)}` as A)
  const connection: Redis.Connection = { send, eval: () => () => Effect.die("not asked for") }
  return { ...connection, subscribe: () => Effect.die("not asked for"), reserve: Effect.succeed(connection) }
}

export const layer = (name: string): Layer.Layer<Redis.Redis> => Layer.succeed(Redis.Redis, make(name))
