/**
 * Programs in which third-party spans begin, and below which span each of them belongs.
 *
 * Each program runs inside a span of the name `span`; both ways of finding parents are held by the same list.
 */
import type { Tracing } from "@dawsos/observability"
import * as Otel from "@opentelemetry/api"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { EventEmitter } from "node:events"

// What a third-party instrumentation holds: a tracer from the global API, taken before there was any layer.
export const third = Otel.trace.getTracer("third-party")
/** Begins and ends a span. */
export const leaf = (name: string): void => third.startSpan(name).end()
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** So many turns of the event loop later. */
export const later = async (turns = 1): Promise<void> => {
  for (let n = 0; n < turns; n++) await turn()
}

/** A program, and the parent of each third-party span that begins in it; `-` for none. */
export interface Scenario {
  readonly name: string
  readonly program: Effect.Effect<unknown, unknown, Tracing.Tracing>
  readonly parents: Readonly<Record<string, string>>
  /** Those that the public way does not know better than to leave without a parent. */
  readonly orphansInPublic?: ReadonlyArray<string>
}

const leafLater = (name: string): Effect.Effect<void> =>
  Effect.promise(async () => {
    await later()
    leaf(name)
  })

/** Begun by synchronous code, gone on with when that has returned. */
const begun = (name: string, defer: (body: () => void) => void): Effect.Effect<Promise<void>> =>
  Effect.sync(() =>
    new Promise<void>((resolve) =>
      defer(() => {
        leaf(name)
        resolve()
      })
    )
  )

const waitFor = (promise: Promise<void>): Effect.Effect<void> => Effect.promise(() => promise)

const deferrals: Readonly<Record<string, (body: () => void) => void>> = {
  "setTimeout": (body) => void setTimeout(body, 1),
  "setImmediate": (body) => void setImmediate(body),
  "queueMicrotask": (body) => queueMicrotask(body),
  "process.nextTick": (body) => process.nextTick(body),
  "Promise.then": (body) => void Promise.resolve().then(body)
}

/** Runs a program as code that knows nothing of the surrounding fiber: with its tracer only. */
const started = <A, E>(effect: Effect.Effect<A, E>, run: (effect: Effect.Effect<A, E>) => void): Effect.Effect<void> =>
  Effect.flatMap(Effect.tracer, (tracer) => Effect.sync(() => run(Effect.withTracer(effect, tracer))))

const inForeign = <A>(name: string, body: () => A): A =>
  third.startActiveSpan(name, (span) => {
    span.end()
    return body()
  })

/** What is in a fiber's own hands. */
const fibers: ReadonlyArray<Scenario> = [
  {
    name: "a synchronous effect, a continuation and a generator's body",
    program: Effect.gen(function*() {
      yield* Effect.sync(() => leaf("sync"))
      yield* Effect.map(Effect.void, () => leaf("continuation"))
      yield* Effect.void
      leaf("generator")
      yield* Effect.suspend(() => {
        leaf("suspend")
        return Effect.void
      })
    }),
    parents: { sync: "span", continuation: "span", generator: "span", suspend: "span" }
  },
  {
    name: "a promise, before and after it awaits",
    program: Effect.gen(function*() {
      yield* Effect.promise(async () => {
        leaf("before await")
        await later()
        leaf("after await")
        await null
        await new Promise<void>((resolve) =>
          setImmediate(() => {
            leaf("in a callback of a promise")
            resolve()
          })
        )
      })
      yield* Effect.tryPromise(() => later().then(() => leaf("after then")))
    }),
    parents: {
      "before await": "span",
      "after await": "span",
      "in a callback of a promise": "span",
      "after then": "span"
    }
  },
  ...Object.entries(deferrals).map(([name, defer]): Scenario => ({
    name: `a callback, by ${name}`,
    program: Effect.callback<void>((resume) =>
      defer(() => {
        leaf("callback")
        resume(Effect.void)
      })
    ),
    parents: { callback: "span" }
  })),
  {
    name: "code after a timer, and after it has given way to other fibers",
    program: Effect.gen(function*() {
      yield* Effect.sleep(1)
      leaf("after sleep")
      yield* Effect.yieldNow
      leaf("after yield")
      yield* leafLater("promise after yield")
    }),
    parents: { "after sleep": "span", "after yield": "span", "promise after yield": "span" }
  },
  {
    name: "a span inside the span, and the first one again when that has ended",
    program: Effect.gen(function*() {
      yield* Effect.withSpan(
        Effect.andThen(Effect.sync(() => leaf("sync in child")), leafLater("promise in child")),
        "child"
      )
      leaf("back")
      yield* leafLater("promise back")
    }),
    parents: { "sync in child": "child", "promise in child": "child", "back": "span", "promise back": "span" }
  },
  {
    name: "a span inside the span that fails, dies or is interrupted",
    program: Effect.gen(function*() {
      yield* Effect.exit(Effect.withSpan(Effect.fail("no"), "fails"))
      yield* leafLater("after a failure")
      yield* Effect.exit(Effect.withSpan(Effect.andThen(Effect.yieldNow, Effect.die("no")), "dies"))
      yield* leafLater("after a defect")
      yield* Effect.timeoutOption(Effect.withSpan(Effect.never, "hangs"), 1)
      yield* leafLater("after a timeout")
    }),
    parents: { "after a failure": "span", "after a defect": "span", "after a timeout": "span" }
  },
  {
    name: "finalizers and releases, of the span in which they were added",
    program: Effect.gen(function*() {
      yield* Effect.scoped(Effect.acquireRelease(Effect.void, () => leafLater("release")))
      yield* Effect.addFinalizer(() => leafLater("finalizer"))
      yield* Effect.onInterrupt(Effect.never, () => leafLater("on interruption")).pipe(
        Effect.withSpan("interrupted"),
        Effect.timeoutOption(1)
      )
    }).pipe(Effect.scoped),
    parents: { "release": "span", "finalizer": "span", "on interruption": "interrupted" }
  },
  {
    name: "repeated and retried attempts, each in a span of its own",
    program: Effect.gen(function*() {
      let attempts = 0
      yield* Effect.suspend(() => {
        attempts++
        return Effect.andThen(leafLater(`attempt ${attempts}`), attempts < 3 ? Effect.fail("again") : Effect.void)
      }).pipe(
        (attempt) => Effect.suspend(() => Effect.withSpan(attempt, `span of attempt ${attempts + 1}`)),
        Effect.retry(Schedule.recurs(3))
      )
      yield* leafLater("after attempts")
    }),
    parents: {
      "attempt 1": "span of attempt 1",
      "attempt 2": "span of attempt 2",
      "attempt 3": "span of attempt 3",
      "after attempts": "span"
    }
  },
  {
    name: "code after so many steps that the fiber has given way by itself",
    program: Effect.gen(function*() {
      for (let step = 0; step < 5_000; step++) yield* Effect.void
      leaf("after many steps")
      yield* leafLater("promise after many steps")
    }),
    parents: { "after many steps": "span", "promise after many steps": "span" }
  }
]

/** What synchronous code begins and leaves to later. */
const leftToLater: ReadonlyArray<Scenario> = [
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
  }
]

/** Several fibers. */
const concurrent: ReadonlyArray<Scenario> = [
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

/** What third-party code sets itself, and programs that it starts. */
const foreign: ReadonlyArray<Scenario> = [
  {
    name: "a third party's own active span: it wins, synchronous or not, and ends with its callback",
    program: Effect.gen(function*() {
      yield* Effect.sync(() => inForeign("foreign", () => leaf("in foreign")))
      leaf("after foreign")
      yield* Effect.promise(() =>
        inForeign("foreign promise", async () => {
          leaf("before await")
          await later()
          leaf("after await")
        })
      )
      yield* leafLater("after both")
    }),
    parents: {
      "foreign": "span",
      "in foreign": "foreign",
      "after foreign": "span",
      "foreign promise": "span",
      "before await": "foreign promise",
      "after await": "foreign promise",
      "after both": "span"
    }
  },
  {
    name: "a program that third-party code runs, which is below that code's span",
    program: Effect.gen(function*() {
      const tracer = yield* Effect.tracer
      const program = Effect.gen(function*() {
        leaf("before")
        yield* Effect.withSpan(
          Effect.andThen(Effect.sync(() => leaf("in child")), leafLater("promise in child")),
          "child"
        )
        yield* Effect.withSpan(
          Effect.sync(() => inForeign("nested", () => leaf("in nested"))),
          "second child"
        )
        yield* Effect.withSpan(Effect.andThen(Effect.sleep(1), Effect.sync(() => leaf("after sleep"))), "sleeper")
        leaf("after")
        yield* leafLater("promise after")
      })
      yield* Effect.promise(() =>
        inForeign("foreign", async () => {
          await later()
          await Effect.runPromise(Effect.withTracer(program, tracer))
          await later()
          leaf("tail")
        })
      )
      leaf("back")
    }),
    parents: {
      "foreign": "span",
      "before": "foreign",
      "child": "foreign",
      "in child": "child",
      "promise in child": "child",
      "second child": "foreign",
      "nested": "second child",
      "in nested": "nested",
      "sleeper": "foreign",
      "after sleep": "sleeper",
      "after": "foreign",
      "promise after": "foreign",
      "tail": "foreign",
      "back": "span"
    }
  },
  {
    name: "a program that is started beside a span: its spans are nobody's children, its starter sees none of them",
    program: Effect.gen(function*() {
      const beside = Effect.withSpan(
        Effect.andThen(Effect.sync(() => leaf("sync beside")), leafLater("beside")),
        "of its own"
      )
      let running = Promise.resolve()
      yield* started(beside, (effect) => {
        running = Effect.runPromise(effect)
        leaf("starter, at once")
      })
      yield* Effect.sync(() => leaf("starter, next"))
      yield* waitFor(running)
      yield* leafLater("starter, later")
    }),
    parents: {
      "of its own": "-",
      "sync beside": "of its own",
      "beside": "of its own",
      "starter, at once": "span",
      "starter, next": "span",
      "starter, later": "span"
    }
  },
  {
    name: "a program without a span that is started in a span's promise: what it begins is below that span",
    program: Effect.gen(function*() {
      const program = Effect.gen(function*() {
        leaf("before")
        yield* Effect.withSpan(leafLater("in child"), "child")
        yield* leafLater("after")
        leaf("after that")
      })
      const tracer = yield* Effect.tracer
      yield* Effect.promise(async () => {
        await later()
        await Effect.runPromise(Effect.withTracer(program, tracer))
      })
    }),
    parents: { "before": "span", "child": "-", "in child": "child", "after": "span", "after that": "span" }
  },
  {
    name: "nothing where a program was started from outside of any fiber, and where it goes on",
    program: started(Effect.withSpan(Effect.sleep(1), "of its own"), () => {}).pipe(
      Effect.andThen(
        Effect.flatMap(
          Effect.tracer,
          (tracer) =>
            Effect.promise(() =>
              Otel.context.with(Otel.ROOT_CONTEXT, async () => {
                await later()
                const running = Effect.runPromise(
                  Effect.withTracer(
                    Effect.withSpan(Effect.andThen(Effect.sleep(1), leafLater("inside")), "of its own"),
                    tracer
                  )
                )
                leaf("at once")
                const timer = new Promise<void>((resolve) =>
                  setTimeout(() => {
                    leaf("in a timer")
                    resolve()
                  }, 1)
                )
                await later()
                leaf("after await")
                await running
                await timer
                leaf("at the end")
              })
            )
        )
      )
    ),
    parents: { "at once": "-", "in a timer": "-", "after await": "-", "at the end": "-", "inside": "of its own" }
  },
  {
    name: "nothing where a forked program was started by synchronous code, in that code's own timers",
    program: Effect.flatMap(Effect.tracer, (tracer) =>
      Effect.promise(() =>
        Otel.context.with(Otel.ROOT_CONTEXT, () => {
          const fiber = Effect.runFork(Effect.withTracer(Effect.withSpan(leafLater("inside"), "of its own"), tracer))
          return new Promise<void>((resolve) =>
            setTimeout(() => {
              leaf("in a timer")
              fiber.addObserver(() => resolve())
            }, 1)
          )
        })
      )),
    parents: { "in a timer": "-", "inside": "of its own" }
  },
  {
    name: "functions that were bound to a span, wherever they are called",
    program: Effect.gen(function*() {
      const bound = yield* Effect.withSpan(
        Effect.sync(() => Otel.context.bind(Otel.context.active(), () => leaf("bound"))),
        "first"
      )
      yield* Effect.withSpan(Effect.sync(bound), "second")
    }),
    parents: { bound: "first" }
  },
  {
    name: "emitters that were bound to a span, whoever emits",
    program: Effect.gen(function*() {
      const emitter = new EventEmitter()
      yield* Effect.withSpan(
        Effect.sync(() => {
          Otel.context.bind(Otel.context.active(), emitter)
          emitter.on("event", () => leaf("heard"))
        }),
        "first"
      )
      yield* Effect.withSpan(Effect.sync(() => emitter.emit("event")), "second")
    }),
    parents: { heard: "first" }
  },
  {
    name: "the caller of a third party's callback, when a program goes on in there",
    program: Effect.gen(function*() {
      let resume = (): void => {}
      const waiting = Effect.callback<void>((resumeWith) => {
        resume = () => resumeWith(Effect.void)
      })
      const fiber = yield* Effect.forkChild(
        Effect.withSpan(
          Effect.andThen(waiting, Effect.andThen(Effect.sync(() => leaf("goes on")), leafLater("later"))),
          "waits"
        ),
        { startImmediately: true }
      )
      yield* Effect.sync(() =>
        inForeign("calls back", () => {
          resume()
          leaf("after the call")
        })
      )
      yield* Fiber.join(fiber)
    }),
    parents: { "goes on": "waits", "later": "waits", "calls back": "span", "after the call": "calls back" }
  },
  {
    name: "the visible span above one that is not to be propagated or not to be traced",
    program: Effect.gen(function*() {
      yield* Effect.withSpan(Effect.andThen(Effect.sync(() => leaf("sync")), leafLater("promise")), "hidden", {
        annotations: Tracer.DisablePropagation.context(true)
      })
      yield* Effect.andThen(Effect.sync(() => leaf("under disabled")), leafLater("promise under disabled")).pipe(
        Effect.withSpan("disabled"),
        Effect.withTracerEnabled(false)
      )
    }),
    parents: { "sync": "span", "promise": "span", "under disabled": "span", "promise under disabled": "span" }
  }
]

/** All of them, by what they are about. */
export const scenarios: Readonly<Record<string, ReadonlyArray<Scenario>>> = {
  "inside a span": fibers,
  "that synchronous code leaves to later": leftToLater,
  "in several fibers": concurrent,
  "beside those of third parties": foreign
}
