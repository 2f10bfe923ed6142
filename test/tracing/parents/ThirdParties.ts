/** What third-party code sets itself, and programs that it starts. */
import * as Otel from "@opentelemetry/api"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { EventEmitter } from "node:events"
import { inForeign, later, leaf, leafLater, type Scenario, started, waitFor } from "./Scenario.ts"

export const scenarios: ReadonlyArray<Scenario> = [
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
    name:
      "a third party's span, the nearest, for a program with the fiber's context and a span that is not to be propagated",
    program: Effect.contextWith((context: Context.Context<never>) =>
      Effect.sync(() =>
        inForeign("foreign", () =>
          Effect.runSyncWith(context)(Effect.withSpan(
            Effect.sync(() => leaf("in hidden")),
            "hidden",
            { annotations: Tracer.DisablePropagation.context(true) }
          )))
      )
    ),
    parents: { "in hidden": "foreign" }
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
