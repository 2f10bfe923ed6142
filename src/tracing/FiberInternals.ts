/**
 * The one file that leans on how Effect runs fibers inside: it tells when a fiber begins to run, when its span changes
 * and which of its steps are asynchronous, and brings fibers into spans at less than Effect's price.
 *
 * Third-party spans find their parent in AsyncLocalStorage, which must hold the fiber's span whenever code of the
 * program runs. Effect has no public hook for that but the tracer's `context`, which costs each step of a program and
 * still misses what a synchronous effect begins and leaves behind. So two methods of fibers are wrapped while a layer
 * is live: `setContext`, which every change of the span goes through, and `evaluate`, which every run does.
 * `ParentsSelfTest.ts` tries at start whether that holds; `test/EffectInternals.test.ts` says what broke if it doesn't.
 *
 * What Effect caches of a context that is entered with a span is told to it, where it would look up a dozen things: that
 * is the largest part of what a span costs. `knowsCache` tries whether it may be; if not, Effect looks them up.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

/**
 * How an `Async` primitive evaluates: all of them share the method of their prototype, so that comparing it tells them
 * from the rest at the cost of one load. For `AsyncPrimitives.ts`.
 */
export const asyncEvaluate: unknown = Reflect.get(
  Effect.callback<void>(() => {}),
  "~effect/Effect/evaluate" satisfies keyof Tracer.EffectPrimitive<never>
)

/** What is read here of a fiber. */
interface PrivateFiber extends Fiber.Fiber<unknown, unknown> {
  /** What Effect captured when the fiber was put off, and runs it in when it goes on; without it all stays right. */
  readonly _asyncContext: unknown
  evaluate(effect: unknown): void
}

/** Who is told of what fibers do; see {@link watch}. */
export interface Watcher<Entered> {
  /** What is entered where a fiber is started, which runs in the asynchronous context of its starter at first. */
  readonly entered: () => Entered
  /** A fiber begins to run. */
  readonly begins: (fiber: Fiber.Fiber<unknown, unknown>, entered: Entered) => void
  /** The span of the running fiber is another. */
  readonly spanChanged: (fiber: Fiber.Fiber<unknown, unknown>) => void
  /** Goes up with whatever is entered, so that asking what is entered can be spared. */
  changes: number
  /** Gives the starter back what was entered, when the fiber has ended or waits. */
  readonly restore: (entered: Entered) => void
}

/** The prototype of all fibers of this copy of Effect. */
export const prototype = Object.getPrototypeOf(Effect.runFork(Effect.void)) as Pick<
  PrivateFiber,
  "evaluate" | "setContext"
>

let watcher: Watcher<unknown> | undefined
/** The fiber that Effect is about to run in an asynchronous context of its own. */
let resuming: PrivateFiber | undefined
const expect = (fiber: PrivateFiber): void => {
  resuming = fiber
}

/**
 * Tells `watching` of all fibers until the answer is called. What it throws goes into the program.
 *
 * There is one watcher at a time. Throws where Effect has no such methods, and leaves it as it was.
 */
export const watch = <Entered>(watching: Watcher<Entered>): () => void => {
  if (watcher !== undefined) throw new Error("fibers are watched already")
  const own = watching as Watcher<unknown>
  const stop = (): void => {
    if (watcher !== undefined && watcher !== own) return
    watcher = undefined
    resuming = undefined
    for (const wrapper of wrappers) wrapper.off()
  }
  try {
    for (const wrapper of wrappers) wrapper.on()
  } catch (fault) {
    stop()
    throw fault
  }
  // Before there is anybody who would be told of the trial.
  isCacheKnown ??= knowsCache()
  watcher = own
  return stop
}

/** What is read and written here of a context. */
interface PrivateContext extends Context.Context<never> {
  /** All that fibers cache of it. */
  _fiberCache?: Fiber.Fiber.Cache
  /** What was put there last, on top of what it was made of. */
  readonly overlay?: Overlay | undefined
  readonly base?: unknown
  /** How many such things there are, of how many that may be before Effect copies all of it. */
  readonly depth?: number
  readonly maxDepth?: number
}

interface Overlay {
  readonly key: string
  readonly value: unknown
  readonly parent: Overlay | undefined
}

/**
 * What Effect makes in two steps when a stack frame and a span are put into a context, and adds the cache to later: one
 * object, which has room for all of it, and never a copy of what it is put into.
 */
class Inside {
  readonly cacheRoot = this
  readonly base: unknown
  readonly overlay: Overlay
  readonly depth: number | undefined
  readonly _flat = undefined
  readonly baseHits = 0
  readonly maxDepth: number | undefined
  readonly _fiberCache: Fiber.Fiber.Cache

  constructor(
    { base, depth = 0, maxDepth, overlay }: PrivateContext,
    cache: Fiber.Fiber.Cache,
    span: Tracer.AnySpan,
    stackFrame: References.StackFrame
  ) {
    const framed: Overlay = { key: References.CurrentStackFrame.key, value: stackFrame, parent: overlay }
    this.base = base
    this.overlay = { key: Tracer.ParentSpanKey, value: span, parent: framed }
    this.depth = depth + 2
    this.maxDepth = maxDepth
    this._fiberCache = { ...cache, span, stackFrame }
  }
}
Object.setPrototypeOf(Inside.prototype, Object.getPrototypeOf(Context.empty()))

/**
 * A context with a span and its stack frame, for a fiber whose own differs from it by nothing else. All that Effect caches
 * of it is known then; to look it up would take as long as the rest of the way into a span.
 */
export const inside = (
  { cache }: Fiber.Fiber<unknown, unknown>,
  context: Context.Context<never>,
  span: Tracer.AnySpan,
  stackFrame: References.StackFrame
): Context.Context<never> => {
  isCacheKnown ??= knowsCache()
  // What it inherits of Effect's contexts is given to it when this module loads, which its type can't tell.
  return isCacheKnown
    ? new Inside(context, cache, span, stackFrame) as unknown as Context.Context<never>
    : addBoth(context, span, stackFrame)
}

const addBoth = (
  context: Context.Context<never>,
  span: Tracer.AnySpan,
  stackFrame: References.StackFrame
): Context.Context<never> =>
  Context.add(Context.add(context, References.CurrentStackFrame, stackFrame), Tracer.ParentSpan, span)

/** Tells what is cached where Effect itself opens a span: it puts there the span first, and then the stack frame. */
const tell = (context: PrivateContext, { cache, context: outer }: PrivateFiber): void => {
  const { overlay } = context
  if (
    context._fiberCache !== undefined || overlay === undefined || context.base !== (outer as PrivateContext).base ||
    overlay.parent !== (outer as PrivateContext).overlay
  ) return
  const { key, value } = overlay
  if (key === Tracer.ParentSpanKey) context._fiberCache = { ...cache, span: value as Tracer.AnySpan }
  else if (key === References.CurrentStackFrame.key) {
    context._fiberCache = { ...cache, stackFrame: value as References.StackFrame }
  }
}

/** Whether a context is another one on which nothing was put but stack frames; `false` where that can't be told. */
export const isNamed = (context: Context.Context<never>, other: Context.Context<never>): boolean => {
  isCacheKnown ??= knowsCache()
  const { base, overlay: end }: PrivateContext = other
  if (!isCacheKnown || base === undefined || (context as PrivateContext).base !== base) return false
  let overlay = (context as PrivateContext).overlay
  while (overlay !== end) {
    if (overlay === undefined || overlay.key !== References.CurrentStackFrame.key) return false
    overlay = overlay.parent
  }
  return true
}

let isCacheKnown: boolean | undefined

/** Whether Effect itself would make what is made here, and takes it. Tried once per process. */
export const knowsCache = (): boolean => {
  const stackFrame: References.StackFrame = { name: "", stack: () => undefined, parent: undefined }
  const span = Tracer.externalSpan({ traceId: "1".repeat(32), spanId: "1".repeat(16) })
  try {
    return Effect.runSync(Effect.withFiber((fiber) => {
      const { cache, context } = fiber
      const effects: PrivateContext = addBoth(context, span, stackFrame)
      fiber.setContext(effects)
      // Of Effect's kind: see `inside`.
      const ours = new Inside(context, cache, span, stackFrame) as unknown as PrivateContext
      const isMadeSo = isSame(partsOf(ours), partsOf(effects))
      fiber.setContext(ours)
      return Effect.succeed(isMadeSo && fiber.cache === ours._fiberCache)
    }))
  } catch {
    return false
  }
}

/** All that a context of both holds, as far down as it was made for it. */
const partsOf = (context: PrivateContext): ReadonlyMap<string, unknown> => {
  const { _fiberCache: cache = {}, overlay, ...others } = context
  const framed = overlay?.parent
  const own = { ...others, cacheRoot: Reflect.get(context, "cacheRoot") === context, "": Object.keys(context).length }
  const parts = { own, cache, overlay: { ...overlay, parent: undefined }, framed: { ...framed } }
  return new Map(
    Object.entries(parts).flatMap(([part, fields]) =>
      Object.entries(fields).map(([key, value]) => [`${part} ${key}`, value] as const)
    )
  )
}

const isSame = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean =>
  one.size === other.size && [...one].every(([key, value]) => other.has(key) && other.get(key) === value)

type Evaluate = PrivateFiber["evaluate"]
type SetContext = PrivateFiber["setContext"]

const evaluating = (evaluate: Evaluate) =>
  function(this: PrivateFiber, effect: unknown): void {
    const own = watcher
    if (own === undefined) return evaluate.call(this, effect)
    if (this._asyncContext !== undefined) {
      // Effect enters what the fiber was put off with, and evaluates once more in there.
      expect(this)
      return evaluate.call(this, effect)
    }
    if (resuming === this) {
      resuming = undefined
      return evaluate.call(this, effect)
    }
    const entered = own.entered()
    const { changes } = own
    try {
      own.begins(this, entered)
      return evaluate.call(this, effect)
    } finally {
      if (own.changes !== changes && watcher === own) own.restore(entered)
    }
  }

const settingContext = (setContext: SetContext) =>
  function(this: PrivateFiber, context: Parameters<SetContext>[0]): void {
    // The constructor sets the first context, before there is anything cached of it.
    const before: Fiber.Fiber.Cache | undefined = this.cache
    if (before !== undefined && isCacheKnown === true) tell(context, this)
    setContext.call(this, context)
    const { cache } = this
    if (
      cache !== before && before !== undefined && cache.span !== before.span && watcher !== undefined &&
      Fiber.getCurrent() === this
    ) watcher.spanChanged(this)
  }

/**
 * Wraps a method of the prototype, and takes that off again. Where somebody has wrapped it once more it stays, only
 * passes on, and serves the next watcher.
 */
const wrapping = <Name extends keyof typeof prototype>(
  name: Name,
  make: (original: (typeof prototype)[Name]) => (typeof prototype)[Name]
): { readonly on: () => void; readonly off: () => void } => {
  let original: PropertyDescriptor | undefined
  let ours: unknown
  return {
    on: () => {
      if (original !== undefined) return
      const found = Object.getOwnPropertyDescriptor(prototype, name)
      if (typeof found?.value !== "function") throw new Error(`a fiber's prototype has no method ${name}`)
      ours = make(found.value)
      Object.defineProperty(prototype, name, { ...found, value: ours })
      original = found
    },
    off: () => {
      if (original === undefined || prototype[name] !== ours) return
      Object.defineProperty(prototype, name, original)
      original = undefined
    }
  }
}

const wrappers = [wrapping("evaluate", evaluating), wrapping("setContext", settingContext)]
