/**
 * Tries whether following fibers by private API works with the Effect that is installed, before anything relies on it.
 *
 * Small programs of their own run to their end at once, without a timer, a promise or a tracer: each looks at what
 * third-party code would find that is begun there and goes on later.
 */
import * as Otel from "@opentelemetry/api"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import type { ContextManager } from "./ContextManager.ts"

const spanOf = (spanId: string): Tracer.ExternalSpan =>
  Tracer.externalSpan({ traceId: "a".repeat(32), spanId: spanId.repeat(16), sampled: true })
const [outer, inner, foreign] = ["b", "c", "d"].map(spanOf) as [
  Tracer.ExternalSpan,
  Tracer.ExternalSpan,
  Tracer.ExternalSpan
]
const none = "-"

/** A program, what its looks must find one after another, and what must be so. */
interface Trial {
  readonly name: string
  readonly finds: ReadonlyArray<Tracer.ExternalSpan | typeof none>
  readonly run: (look: () => void, manager: ContextManager) => void
}

const trials: ReadonlyArray<Trial> = [
  {
    name: "the span of synchronous code, of a span inside it, and the first again",
    finds: [none, outer, inner, outer, none],
    run: (look) =>
      Effect.runSync(Effect.gen(function*() {
        yield* Effect.sync(look)
        yield* Effect.gen(function*() {
          yield* Effect.sync(look)
          yield* Effect.withParentSpan(Effect.sync(look), inner)
          yield* Effect.sync(look)
        }).pipe(Effect.withParentSpan(outer))
        yield* Effect.sync(look)
      }))
  },
  {
    name: "nothing where a fiber was started that waits, and its span where it goes on",
    finds: [outer, none, outer, none, none],
    run: (look) => {
      let resume = (): void => {}
      const waiting = Effect.callback<void>((resumeWith) => {
        look()
        resume = () => resumeWith(Effect.void)
      })
      Effect.runFork(
        Effect.andThen(Effect.withParentSpan(Effect.andThen(waiting, Effect.sync(look)), outer), Effect.sync(look))
      )
      look()
      resume()
      look()
    }
  },
  {
    name: "its own span in each of two fibers of which one waits",
    finds: [inner, outer, outer],
    run: (look) => {
      const child = Effect.withParentSpan(Effect.andThen(Effect.sync(look), Effect.never), inner)
      Effect.runSync(
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(child, { startImmediately: true })
          yield* Effect.sync(look)
          yield* Fiber.interrupt(fiber)
          yield* Effect.sync(look)
        }).pipe(Effect.withParentSpan(outer))
      )
    }
  },
  {
    name: "the span of its parent in a fiber that begins later, when the parent has another",
    finds: [outer, inner, outer],
    run: (look) =>
      Effect.runSync(
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(Effect.gen(function*() {
            yield* Effect.sync(look)
            yield* Effect.withParentSpan(Effect.sync(look), inner)
            yield* Effect.sync(look)
          }))
          yield* Effect.withParentSpan(Fiber.join(fiber), inner)
        }).pipe(Effect.withParentSpan(outer))
      )
  },
  {
    name: "the span that a fiber was started with",
    finds: [outer, none],
    run: (look) => {
      Effect.runSyncWith(Context.make(Tracer.ParentSpan, outer))(Effect.sync(look))
      look()
    }
  },
  {
    name: "what a third party set inside a span, and the span of a fiber that is started in there",
    finds: [foreign, inner, foreign, outer],
    run: (look, manager) => {
      const set = Otel.trace.setSpan(Otel.ROOT_CONTEXT, Otel.trace.wrapSpanContext({ ...foreign, traceFlags: 1 }))
      const inside = () => {
        look()
        Effect.runSync(Effect.withParentSpan(Effect.sync(look), inner))
        look()
      }
      Effect.runSync(Effect.withParentSpan(
        Effect.andThen(Effect.sync(() => manager.with(set, inside)), Effect.sync(look)),
        outer
      ))
    }
  }
]

/** What is wrong, or nothing; `manager` must be following the fibers already. */
export const problem = (manager: ContextManager): string | undefined => {
  for (const { finds, name, run } of trials) {
    const found: Array<string> = []
    run(() => found.push(Otel.trace.getSpanContext(manager.entered())?.spanId ?? none), manager)
    const wanted = finds.map((span) => span === none ? none : span.spanId)
    if (found.join() !== wanted.join()) return `code did not find ${name}`
  }
  return undefined
}
