/** What is in a fiber's own hands. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { deferrals, later, leaf, leafLater, type Scenario } from "./Scenario.ts"

export const scenarios: ReadonlyArray<Scenario> = [
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
        await Promise.resolve()
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
