/**
 * OpenTelemetry's context manager for programs of fibers.
 *
 * While a fiber runs, the active span is the fiber's, read when somebody asks; only what a fiber starts and does not
 * run itself (a promise, a callback) needs AsyncLocalStorage, and gets it from the tracer's hook at `Async` primitives.
 * So code inside spans pays nothing per step, where `@effect/opentelemetry` enters AsyncLocalStorage for each.
 */
import * as Otel from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import { AsyncLocalStorage } from "node:async_hooks"
import * as SpanContexts from "./SpanContexts.ts"

interface Entered {
  readonly context: Otel.Context
  /** The running fiber's span when the context was entered: as long as it is the same, the context is the newer. */
  readonly span: Tracer.AnySpan | undefined
}

const currentSpan = (): Tracer.AnySpan | undefined => SpanContexts.propagated(Fiber.getCurrent()?.cache.span)

/** See the module. What it inherits is only how contexts are bound to functions and event emitters. */
export class ContextManager extends AsyncLocalStorageContextManager {
  readonly #storage = new AsyncLocalStorage<Entered>()

  override active(): Otel.Context {
    const entered = this.#storage.getStore()
    const context = entered?.context ?? Otel.ROOT_CONTEXT
    const span = currentSpan()
    return span === undefined || span === entered?.span ? context : SpanContexts.withSpan(context, span)
  }

  override with<A extends Array<unknown>, F extends (...args: A) => ReturnType<F>>(
    context: Otel.Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run({ context, span: currentSpan() }, () => fn.apply(thisArg, args))
  }

  /** Sets the context for the rest of the current asynchronous execution. */
  override attach(context: Otel.Context): { dispose(): void } {
    const before = this.#storage.getStore()
    this.#storage.enterWith({ context, span: currentSpan() })
    return {
      dispose: () => this.#storage.enterWith(before ?? { context: Otel.ROOT_CONTEXT, span: undefined })
    }
  }

  override disable(): this {
    this.#storage.disable()
    return this
  }
}
