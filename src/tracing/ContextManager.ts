/**
 * OpenTelemetry's context manager for programs of fibers.
 *
 * While a fiber runs, the active span is the fiber's, read when somebody asks. For what a fiber starts and does not run
 * itself (a promise, a callback, a timer) the span has to be in AsyncLocalStorage: either `FiberInternals.ts` tells of
 * each change of a fiber's span and it is entered then, or the tracer's hook at `Async` primitives enters it.
 * So code inside spans pays nothing per step, where `@effect/opentelemetry` enters AsyncLocalStorage for each.
 */
import * as Otel from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import { AsyncLocalStorage } from "node:async_hooks"
import * as Shapes from "../Shapes.ts"
import type { Watcher } from "./FiberInternals.ts"
import * as SpanContexts from "./SpanContexts.ts"

/** In the place of a fiber's id: the context was set by a third party. */
const thirdParty = 0

/** What AsyncLocalStorage holds: a context that a third party set, or the span of a fiber above one. */
class Entered {
  /** The context that a third party set last. */
  readonly base: Otel.Context
  /** The fiber's span, or that of the fiber in which the third party set its context. */
  readonly span: Tracer.AnySpan | undefined
  readonly fiber: number
  /** What was entered where the fiber began, for when it has no span any more. */
  readonly under: Entered | undefined

  constructor(base: Otel.Context, span: Tracer.AnySpan | undefined, fiber: number, under?: Entered) {
    this.base = base
    this.span = span
    this.fiber = fiber
    this.under = under
  }

  /** Made when somebody asks: most spans have nobody who does. */
  get context(): Otel.Context {
    return this.fiber === thirdParty ? this.base : over(this.under, this.base, this.span)
  }

  /** Itself without what its fiber began in, which no other fiber goes back to: fibers may fork fibers for ever. */
  get alone(): Entered {
    return this.under === undefined || this.under.fiber === thirdParty
      ? this
      : new Entered(this.base, this.span, this.fiber)
  }
}

Shapes.keep(new Entered(Otel.ROOT_CONTEXT, undefined, thirdParty))

/** The context with a fiber's span, unless that is the span in which the context was entered: it is the newer then. */
const over = (
  entered: Entered | undefined,
  base: Otel.Context,
  span: Tracer.AnySpan | undefined
): Otel.Context => {
  const visible = SpanContexts.propagated(span)
  return visible === undefined || visible === SpanContexts.propagated(entered?.span)
    ? contextOf(entered)
    : SpanContexts.withSpan(base, visible)
}

const contextOf = (entered: Entered | undefined): Otel.Context => entered?.context ?? Otel.ROOT_CONTEXT

// Fibers of another copy of Effect, of another version even, are found here, too.
const currentSpan = (): Tracer.AnySpan | undefined =>
  (Fiber.getCurrent()?.cache as Partial<Fiber.Fiber.Cache> | undefined)?.span

const rethrow = (fault: unknown): never => {
  throw fault
}

/** See the module. What it inherits is only how contexts are bound to functions and event emitters. */
export class ContextManager extends AsyncLocalStorageContextManager {
  readonly #storage = new AsyncLocalStorage<Entered | undefined>()
  readonly #onFault: (fault: unknown) => void

  /** `onFault` is told what of a span could not be read; unless it throws, the context is without that span. */
  constructor(onFault: (fault: unknown) => void = rethrow) {
    super()
    this.#onFault = onFault
  }

  override active(): Otel.Context {
    const entered = this.#storage.getStore()
    try {
      const span = currentSpan()
      return span === entered?.span ? contextOf(entered) : over(entered, contextOf(entered), span)
    } catch (fault) {
      this.#onFault(fault)
      return this.thirdParty()
    }
  }

  /** The active context as work sees it that is begun now and goes on when no fiber runs. */
  entered(): Otel.Context {
    return contextOf(this.#storage.getStore())
  }

  /** The context that a third party set last. */
  thirdParty(): Otel.Context {
    return this.#storage.getStore()?.base ?? Otel.ROOT_CONTEXT
  }

  override with<A extends Array<unknown>, F extends (...args: A) => ReturnType<F>>(
    context: Otel.Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(new Entered(context, currentSpan(), thirdParty), () => fn.apply(thisArg, args))
  }

  /** Sets the context for the rest of the current asynchronous execution. */
  override attach(context: Otel.Context): { dispose(): void } {
    const before = this.#storage.getStore()
    this.#storage.enterWith(new Entered(context, currentSpan(), thirdParty))
    return { dispose: () => this.#storage.enterWith(before) }
  }

  override disable(): this {
    this.#storage.disable()
    return this
  }

  /** Enters the spans of fibers as they change, and gives their starters back what was entered. */
  readonly watcher: Watcher<Entered | undefined> = {
    entered: () => this.#storage.getStore(),
    begins: (fiber, entered) => {
      if (fiber.cache.span !== undefined) this.#follow(fiber, entered)
    },
    spanChanged: (fiber) => this.#follow(fiber, this.#storage.getStore()),
    changes: 0,
    restore: (entered) => this.#enter(entered)
  }

  #follow({ cache, id }: Fiber.Fiber<unknown, unknown>, entered: Entered | undefined): void {
    const span = SpanContexts.outermost(cache.span)
    if (entered?.span === span) return
    const under = entered?.fiber === id ? entered.under : entered?.alone
    this.#enter(
      span === undefined || under?.span === span
        ? under
        : new Entered(under?.base ?? Otel.ROOT_CONTEXT, span, id, under)
    )
  }

  #enter(entered: Entered | undefined): void {
    this.watcher.changes++
    this.#storage.enterWith(entered)
  }
}
