import { Catalogue, Metrics, Observation, Redis as Instrument } from "@dawsos/observability"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Tracer from "effect/Tracer"
import * as CollectedSpans from "../support/CollectedSpans.ts"
import * as FakeRedis from "../support/FakeRedis.ts"
import * as Recorded from "../support/Recorded.ts"
import * as RespServer from "../support/RespServer.ts"

const { Label } = Catalogue
const status = Label.oneOf(...Observation.statuses)
const definitions = {
  commands: Catalogue.counter({
    name: "redis_commands_total",
    help: "Commands",
    labels: { command: Label.bounded(), status }
  }),
  duration: Catalogue.histogram({
    name: "redis_command_duration_seconds",
    help: "Time that a command takes",
    unit: "seconds",
    labels: { command: Label.bounded() },
    buckets: [0.01, 1],
    bucketsReason: "a test"
  })
}

let server: RespServer.RespServer
beforeAll(async () => {
  server = await RespServer.start()
})
afterAll(() => server.stop())

interface Under {
  readonly redis: Redis.Redis["Service"]
  readonly recorded: Recorded.Recorded
  readonly collected: CollectedSpans.CollectedSpans
  readonly counts: () => ReadonlyArray<string>
}

const connected = <A, E>(use: (under: Under) => Effect.Effect<A, E>): Effect.Effect<A, unknown> => {
  const recorded = Recorded.make()
  const collected = CollectedSpans.make()
  const layer = Instrument.layer({ ...definitions, prefix: "test" }).pipe(
    Layer.provide(NodeRedis.layer({ url: server.url, RESP: 2 }))
  )
  return Effect.flatMap(Redis.Redis, (redis) =>
    use({
      redis,
      recorded,
      collected,
      counts: () =>
        recorded.moved().flatMap((line) =>
          line.startsWith("redis_commands_total")
            ? [line.slice("redis_commands_total".length).replace("command=", "").replace("status=", "")]
            : []
        )
    })).pipe(
      Effect.provide(layer),
      Effect.provide(Context.add(recorded.context, Tracer.Tracer, collected.tracer))
    )
}

describe("A command has one client span and is counted once", () => {
  it.live("by its name, never with its key or value", () =>
    connected(({ collected, counts, recorded, redis }) =>
      Effect.gen(function*() {
        expect(yield* redis.send("get", "user:s3cret")).toBe("value")
        yield* redis.send("SET", "user:s3cret", "s3cret")
        expect(server.seen).toContainEqual(["SET", "user:s3cret", "s3cret"])
        expect(counts()).toEqual(["{GET,success} 1", "{SET,success} 1"])
        expect(recorded.value("redis_command_duration_seconds_count", { command: "GET" })).toBe(1)
        expect(collected.names()).toEqual(["GET", "SET"])
        const span = collected.one("GET")
        expect(span.kind).toBe("client")
        expect(Object.fromEntries(span.attributes)).toEqual({
          "db.system.name": "redis",
          "db.operation.name": "GET",
          "test.status": "success"
        })
        expect(JSON.stringify(collected.spans.map(({ attributes, name }) => [name, [...attributes]]))).not.toContain(
          "s3cret"
        )
      })
    ))

  it.live("that is no word counts as _OTHER", () =>
    connected(({ collected, counts, redis }) =>
      Effect.gen(function*() {
        yield* redis.send("user:4711 s3cret")
        yield* redis.send("JSON.SET", "k")
        expect(counts()).toEqual(["{JSON.SET,success} 1", "{_OTHER,success} 1"])
        expect(collected.names()).toEqual(["_OTHER", "JSON.SET"])
      })
    ))

  it.live("that is no text at all counts as _OTHER, and is sent as it is", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const redis = Instrument.observe(FakeRedis.make("redis"), { ...definitions, prefix: "test" })
      for (const command of [undefined, null, 42, true, Symbol("GET"), {}]) {
        // @ts-expect-error a program without types
        const sent: Effect.Effect<unknown, Redis.RedisError> = redis.send(command, "key")
        expect(yield* Effect.provide(sent, recorded.context)).toBe(`redis answers ${String(command)}`)
      }
      expect(recorded.value("redis_commands_total", { command: "_OTHER" })).toBe(6)
    }))

  it.live("that the server refuses is an error", () =>
    connected(({ collected, counts, redis }) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(redis.send("LPUSH", "k", "v"))
        expect(error._tag).toBe("RedisError")
        expect(counts()).toEqual(["{LPUSH,error} 1"])
        expect(collected.one("LPUSH").attributes.get("error.type")).toBe("RedisError")
      })
    ))

  it.live("that is interrupted is interrupted", () =>
    connected(({ counts, redis }) =>
      Effect.gen(function*() {
        // On a connection of its own: closing the shared one would wait for the answer.
        const waiting = Effect.scoped(Effect.flatMap(redis.reserve, ({ send }) => send("BLPOP", "k", "0")))
        const fiber = yield* Effect.forkChild(waiting)
        while (!server.seen.some(([command]) => command === "BLPOP")) yield* Effect.promise(() => server.next())
        yield* Fiber.interrupt(fiber)
        expect(Exit.isFailure(yield* Fiber.await(fiber))).toBe(true)
        expect(counts()).toEqual(["{BLPOP,interrupted} 1"])
      })
    ))

  it.live("when a script sends further commands of its own", () =>
    connected(({ collected, counts, redis }) =>
      Effect.gen(function*() {
        const script = Redis.script((key: string) => [key], { lua: "return 1", numberOfKeys: 1 })
          .withReturnType<number>()
        expect(yield* redis.eval(script)("s3cret")).toBe(1)
        expect(yield* redis.eval(script)("s3cret")).toBe(1)
        expect(server.seen.map(([command]) => command)).toContain("SCRIPT")
        expect(counts()).toEqual(["{EVALSHA,success} 2"])
        expect(collected.names()).toEqual(["EVALSHA", "EVALSHA"])
      })
    ))

  it.live("on a connection that is reserved", () =>
    connected(({ counts, redis }) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const connection = yield* redis.reserve
          yield* connection.send("MULTI")
          yield* connection.send("EXEC")
        }))
        expect(counts()).toEqual(["{EXEC,success} 1", "{MULTI,success} 1"])
      })
    ))

  it.live("when it subscribes, without the channel's name", () =>
    connected(({ collected, counts, redis }) =>
      Effect.gen(function*() {
        yield* Effect.scoped(redis.subscribe("user:s3cret"))
        expect(counts()).toEqual(["{SUBSCRIBE,success} 1"])
        expect(JSON.stringify([...collected.one("SUBSCRIBE").attributes])).not.toContain("s3cret")
      })
    ))

  it.live("unless an observation of the same metrics around it counts", () =>
    connected(({ collected, counts, redis }) =>
      Effect.gen(function*() {
        const withCache = Observation.make<{ readonly name: string }>({
          prefix: "test",
          span: ({ name }) => ({ name }),
          instruments: [Observation.count(definitions.commands, (_, status) => ({ command: "cached", status }))]
        })
        yield* withCache(redis.send("GET", "k"), { name: "cache" })
        expect(counts()).toEqual(["{cached,success} 1"])
        expect(collected.names()).toEqual(["cache", "GET"])
      })
    ))

  it.live("announced to whoever listens", () =>
    connected(({ redis }) =>
      Effect.gen(function*() {
        const heard: Array<string> = []
        yield* Effect.exit(redis.send("GET", "k")).pipe(
          Effect.provideService(Observation.CurrentOperationListener, {
            onEnd: ({ category, name }) => heard.push(`${category} ${name}`)
          })
        )
        expect(heard).toEqual(["redis GET"])
      })
    ))
})

describe("What commands are bound to", () => {
  /** Sends commands; how often any was bound to its series. */
  const bound = Effect.fnUntraced(function*(commands: ReadonlyArray<string>) {
    const { service } = Recorded.make()
    let count = 0
    const counting: Metrics.Service = {
      ...service,
      counter: (...args) => {
        count++
        return service.counter(...args)
      }
    }
    const redis = Instrument.observe(FakeRedis.make("redis"), { ...definitions, prefix: "test" })
    for (const command of commands) yield* Effect.provideService(redis.send(command), Metrics.Metrics, counting)
    return count
  })

  const names = Array.from({ length: 500 }, (_, n) => `user:${n}`)

  it.effect("is remembered by each command's name", () =>
    Effect.gen(function*() {
      expect(yield* bound(["GET", "SET", "GET", "SET", "GET"])).toBe(2)
      expect(yield* bound([...names, ...names])).toBe(500)
    }))

  it.effect("is remembered of 500 names, so that data in the place of names fills no memory", () =>
    Effect.gen(function*() {
      expect(yield* bound([...names, "one:more", "one:more", ...names])).toBe(502)
    }))
})
