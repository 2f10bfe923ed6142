/** What synchronous code begins and leaves to later. */
import { Observation } from "@dawsos/observability"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { EventEmitter } from "node:events"
import { begun, deferrals, later, leaf, leafLater, type Scenario, waitFor } from "./Scenario.ts"

const observed = Observation.make<void>({ prefix: "test", span: () => ({ name: "observed" }), instruments: [] })

export const scenarios: ReadonlyArray<Scenario> = [
  ...Object.entries(deferrals).map(([name, defer]): Scenario => ({
    name: `what synchronous code begins, by ${name}`,
    program: Effect.flatMap(begun("left", defer), waitFor),
    parents: { left: "span" },
    orphansInPublic: ["left"]
  })),
  {
    name: "an asynchronous function that synchronous code starts",
    program: Effect.gen(function*() {
      const running = yield* Effect.sync(async () => {
        await later()
        leaf("left")
      })
      yield* waitFor(running)
    }),
    parents: { left: "span" },
    orphansInPublic: ["left"]
  },
  {
    name: "what synchronous code begins in a span that ends before it goes on",
    program: Effect.gen(function*() {
      const left = yield* Effect.withSpan(begun("left in child", setImmediate), "child")
      const own = yield* begun("left after child", setImmediate)
      yield* waitFor(left)
      yield* waitFor(own)
    }),
    parents: { "left in child": "child", "left after child": "span" },
    orphansInPublic: ["left in child", "left after child"]
  },
  {
    name: "a listener that is called by what synchronous code began",
    program: Effect.gen(function*() {
      const emitter = new EventEmitter()
      const heard = yield* Effect.sync(() =>
        new Promise<void>((resolve) =>
          emitter.once("event", () => {
            leaf("heard")
            resolve()
          })
        )
      )
      yield* Effect.sync(() => void setTimeout(() => emitter.emit("event"), 1))
      yield* waitFor(heard)
    }),
    parents: { heard: "span" },
    orphansInPublic: ["heard"]
  },
  {
    name: "what synchronous code begins while a fiber that it forked waits in a span of its own",
    program: Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.withSpan(Effect.never, "waits"), { startImmediately: true })
      yield* Effect.flatMap(begun("left", setImmediate), waitFor)
      yield* Fiber.interrupt(fiber)
    }),
    parents: { left: "span" },
    orphansInPublic: ["left"]
  },
  {
    name: "a deferred value that what synchronous code began completes",
    program: Effect.gen(function*() {
      const done = yield* Deferred.make<void>()
      yield* Effect.sync(() =>
        void setImmediate(() => {
          leaf("completes")
          Deferred.doneUnsafe(done, Effect.sync(() => leaf("completed with")))
        })
      )
      yield* Deferred.await(done)
      yield* leafLater("goes on")
    }),
    parents: { "completes": "span", "completed with": "span", "goes on": "span" },
    orphansInPublic: ["completes"]
  },
  {
    name: "what synchronous code begins in an operation that is observed",
    program: Effect.gen(function*() {
      yield* observed(Effect.flatMap(begun("left", setImmediate), waitFor), undefined)
      yield* Effect.flatMap(begun("left after it", setImmediate), waitFor)
    }),
    parents: { "left": "observed", "left after it": "span" },
    orphansInPublic: ["left", "left after it"]
  }
]
