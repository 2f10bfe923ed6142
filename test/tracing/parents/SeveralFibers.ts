/** Several fibers. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { later, leaf, leafLater, type Scenario } from "./Scenario.ts"

export const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "a forked fiber, at once and after it waited",
    program: Effect.gen(function*() {
      const body = (name: string) =>
        Effect.gen(function*() {
          leaf(`${name}, sync`)
          yield* Effect.sleep(1)
          leaf(`${name}, after sleep`)
          yield* leafLater(`${name}, promise`)
          yield* Effect.withSpan(leafLater(`${name}, in child`), `child of ${name}`)
          yield* leafLater(`${name}, back`)
        })
      const fibers = [
        yield* Effect.forkChild(body("forked")),
        yield* Effect.forkChild(body("immediate"), { startImmediately: true }),
        yield* Effect.forkDetach(body("detached")),
        yield* Effect.forkScoped(body("scoped"))
      ]
      yield* Effect.withSpan(Effect.forEach(fibers, Fiber.join), "joins")
      yield* leafLater("after the forks")
    }).pipe(Effect.scoped),
    parents: {
      ...Object.fromEntries(
        ["forked", "immediate", "detached", "scoped"].flatMap((name) => [
          ...["sync", "after sleep", "promise", "back"].map((place) => [`${name}, ${place}`, "span"]),
          [`${name}, in child`, `child of ${name}`]
        ])
      ),
      "after the forks": "span"
    }
  },
  {
    name: "fibers that run at once, each in its own span",
    program: Effect.gen(function*() {
      yield* Effect.forEach([1, 2, 3], (item) =>
        Effect.gen(function*() {
          yield* leafLater(`promise ${item}`)
          leaf(`sync ${item}`)
        }).pipe(Effect.withSpan(`item ${item}`)), { concurrency: "unbounded" })
      yield* leafLater("after all")
    }),
    parents: {
      ...Object.fromEntries([1, 2, 3].flatMap((item) => [
        [`promise ${item}`, `item ${item}`],
        [`sync ${item}`, `item ${item}`]
      ])),
      "after all": "span"
    }
  },
  {
    name: "a race, the winner's and the rest of the program",
    program: Effect.gen(function*() {
      yield* Effect.race(Effect.withSpan(leafLater("winner"), "wins"), Effect.withSpan(Effect.never, "loses"))
      yield* leafLater("after the race")
    }),
    parents: { "winner": "wins", "after the race": "span" }
  },
  {
    name: "a stream's effects, and the body of an asynchronous generator",
    program: Effect.gen(function*() {
      yield* Stream.range(1, 3).pipe(
        Stream.mapEffect((item) => leafLater(`item ${item}`), { concurrency: 2 }),
        Stream.runDrain
      )
      const items = async function*() {
        leaf("generator")
        yield 1
        await later()
        leaf("generator after await")
        yield 2
      }
      yield* Stream.runDrain(Stream.fromAsyncIterable(items(), (error) => error))
      yield* leafLater("after the streams")
    }),
    parents: {
      "item 1": "span",
      "item 2": "span",
      "item 3": "span",
      "generator": "span",
      "generator after await": "span",
      "after the streams": "span"
    }
  },
  {
    name: "a worker that takes what others offer: the worker's own span, not the offerer's",
    program: Effect.gen(function*() {
      const queue = yield* Queue.unbounded<string>()
      const worker = yield* Queue.take(queue).pipe(
        Effect.flatMap((name) =>
          Effect.andThen(Effect.sync(() => leaf(`took ${name}`)), leafLater(`worked on ${name}`))
        ),
        Effect.withSpan("worker"),
        Effect.forkChild
      )
      yield* Effect.sleep(1)
      yield* Effect.withSpan(Queue.offer(queue, "it"), "offers")
      yield* Fiber.join(worker)
    }),
    parents: { "took it": "worker", "worked on it": "worker" }
  },
  {
    name: "a subscriber, and one who waits for a permit or a value: each its own",
    program: Effect.gen(function*() {
      const topic = yield* PubSub.unbounded<string>()
      const subscription = yield* PubSub.subscribe(topic)
      const done = yield* Deferred.make<void>()
      const permits = yield* Semaphore.make(1)
      const waiting = (name: string, effect: Effect.Effect<unknown>) =>
        Effect.forkChild(
          Effect.withSpan(
            Effect.andThen(effect, Effect.andThen(Effect.sync(() => leaf(`sync ${name}`)), leafLater(name))),
            `of ${name}`
          ),
          { startImmediately: true }
        )
      const fibers = yield* Effect.gen(function*() {
        const fibers = [
          yield* waiting("subscriber", PubSub.take(subscription)),
          yield* waiting("value", Deferred.await(done))
        ]
        yield* permits.withPermits(1)(Effect.gen(function*() {
          fibers.push(yield* waiting("permit", permits.withPermits(1)(Effect.void)))
          yield* PubSub.publish(topic, "news")
          yield* Deferred.succeed(done, undefined)
        }))
        return fibers
      }).pipe(Effect.withSpan("hands out"))
      yield* Effect.forEach(fibers, Fiber.join)
    }).pipe(Effect.scoped),
    parents: Object.fromEntries(
      ["subscriber", "value", "permit"].flatMap((name) => [[name, `of ${name}`], [`sync ${name}`, `of ${name}`]])
    )
  },
  {
    name: "a computation that is shared: the span of whoever came first",
    program: Effect.gen(function*() {
      const shared = yield* Effect.cached(leafLater("computed"))
      yield* Effect.all([Effect.withSpan(shared, "first"), Effect.withSpan(shared, "second")], { concurrency: 2 })
      yield* leafLater("after both")
    }),
    parents: { "computed": "first", "after both": "span" }
  },
  {
    name: "a request that Effect's HTTP server handles, whose span its middleware sets by itself",
    program: Effect.gen(function*() {
      const handler = Effect.gen(function*() {
        leaf("sync in handler")
        yield* leafLater("promise in handler")
        const fiber = yield* Effect.forkChild(leafLater("forked in handler"))
        yield* Fiber.join(fiber)
        return HttpServerResponse.empty()
      })
      yield* HttpMiddleware.tracer(handler).pipe(
        Effect.provideService(
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(new Request("http://x.test/items/7"))
        )
      )
      yield* leafLater("after the request")
    }),
    parents: {
      "sync in handler": "GET",
      "promise in handler": "GET",
      "forked in handler": "GET",
      "after the request": "span"
    }
  },
  {
    name: "a root span, which is below none of Effect's",
    program: Effect.gen(function*() {
      yield* Effect.withSpan(Effect.andThen(Effect.sync(() => leaf("sync")), leafLater("promise")), "root", {
        root: true
      })
      yield* leafLater("back")
    }),
    parents: { sync: "root", promise: "root", back: "span", root: "-" }
  },
  {
    name: "a fiber whose span is given from elsewhere",
    program: Effect.gen(function*() {
      const span = yield* Effect.makeSpan("elsewhere")
      yield* Effect.withParentSpan(Effect.andThen(Effect.sync(() => leaf("sync")), leafLater("promise")), span)
      span.end(1n, Exit.void)
      yield* leafLater("back")
    }),
    parents: { sync: "elsewhere", promise: "elsewhere", back: "span" }
  }
]
