/** What others may want to know of operations: that one has ended, where a failure began, which metrics it records. */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type * as References from "effect/References"
import type * as Tracer from "effect/Tracer"
import * as Boundary from "../Boundary.ts"
import type * as Catalogue from "../Catalogue.ts"
import * as Guard from "../Guard.ts"
import type { ContextSettings, Memory } from "./ContextSettings.ts"
import type { Status } from "./Status.ts"

/** An operation that has ended, as it is announced to whoever listens. */
export interface EndedOperation {
  readonly category: "operation" | "http.server" | "http.client" | "sql" | "redis"
  /** Without values: a route template, an SQL operation and table, a command. */
  readonly name: string
  readonly status: Status
  readonly durationMillis: number
  readonly attributes?: Readonly<Record<string, unknown>> | undefined
}

/** Listens to operations that end; error tracking makes breadcrumbs of them. */
export interface OperationListener {
  readonly onEnd: (operation: EndedOperation, fiber: Fiber.Fiber<unknown, unknown>) => void
}

/** The listener of the layer that a fiber runs under. */
export const CurrentOperationListener: Context.Reference<OperationListener | undefined> = Context.Reference<
  OperationListener | undefined
>("@dawsos/observability/OperationListener", { defaultValue: () => undefined })

/** Tells the listener, if there is one, that an operation has ended. */
export const announce = (fiber: Fiber.Fiber<unknown, unknown>, operation: EndedOperation): void => {
  const listener = fiber.getRef(CurrentOperationListener)
  if (listener !== undefined) tell(listener, fiber, operation)
}

/** Tells a listener. One that throws is counted, not felt. */
export const tell = (
  listener: OperationListener,
  fiber: Fiber.Fiber<unknown, unknown>,
  operation: EndedOperation
): void => {
  try {
    listener.onEnd(operation, fiber)
  } catch (fault) {
    fiber.getRef(Guard.CurrentGuard).count("listener", fault)
  }
}

/**
 * Notes in the boundary of a fiber where a failure began. The innermost note stays, so every operation on the way out
 * may call this.
 */
export const noteFailure = (
  fiber: Fiber.Fiber<unknown, unknown>,
  cause: Cause.Cause<unknown>,
  operation: string,
  span: Tracer.AnySpan | undefined
): void => {
  const boundary = Boundary.ofFiber(fiber)
  if (boundary === undefined) return
  boundary.recordCause(
    cause,
    span === undefined ? { operation } : { operation, traceId: span.traceId, spanId: span.spanId }
  )
}

/** The metrics that an observation records, for what runs inside it. */
export interface Frame {
  readonly metrics: ReadonlyArray<string>
  readonly outer: Frame | undefined
  /** How many runs it is the frame of that have not ended: what was forked off and outlives them is no part of them. */
  running: number
}

/** The innermost observation that a fiber runs in. */
export const CurrentFrame: Context.Reference<Frame | undefined> = Context.Reference<Frame | undefined>(
  "@dawsos/observability/Observation",
  { defaultValue: () => undefined }
)

/** The frame of an observation that is about to begin in a fiber. */
export const frame = (fiber: Fiber.Fiber<unknown, unknown>, metrics: ReadonlyArray<string>): Frame => ({
  metrics,
  outer: fiber.getRef(CurrentFrame),
  running: 0
})

/**
 * The same as Effect's stack frame, which names the operation in the stack traces of failures: for operations that have
 * one anyway, since each thing in a fiber's context has its price.
 */
export class NamedFrame implements References.StackFrame, Memory {
  readonly name: string
  readonly parent: References.StackFrame | undefined
  readonly metrics: ReadonlyArray<string>
  /** How many runs it is the frame of that have not ended. */
  running = 0
  settings: ContextSettings | undefined = undefined
  /** The settings of the context around it. */
  around: ContextSettings | undefined = undefined
  /** The context inside it, which differs from that around it by what an operation put there. */
  inside: Context.Context<never> | undefined = undefined

  constructor(name: string, parent: References.StackFrame | undefined, metrics: ReadonlyArray<string>) {
    this.name = name
    this.parent = parent
    this.metrics = metrics
  }

  /** Tells what it was put into: `inside` was made of the context of `around`. */
  enter(around: ContextSettings, inside: Context.Context<never>): void {
    this.around = around
    this.inside = inside
    this.running++
  }

  /** Keeps nothing of the contexts that it was in, since failures keep the frames in which they began. */
  forget(): void {
    this.settings = undefined
    this.around = undefined
    this.inside = undefined
  }

  stack(): undefined {
    return undefined
  }
}

/** The metrics of which somebody has ever asked whether they are recorded around. */
const asked = new Set<string>()

/** How many these are. */
export const askedCount = (): number => asked.size

/** Whether somebody may ask, inside of an observation, whether it records one of these. */
export const isAsked = (metrics: ReadonlyArray<string>): boolean => metrics.some((metric) => asked.has(metric))

/** Whether a fiber runs inside an observation that records the metric of this name. */
export const isNameRecorded = (fiber: Fiber.Fiber<unknown, unknown>, metric: string): boolean => {
  asked.add(metric)
  for (let frame = fiber.cache.stackFrame; frame !== undefined; frame = frame.parent) {
    if (frame instanceof NamedFrame && frame.running > 0 && frame.metrics.includes(metric)) return true
  }
  for (let frame = fiber.getRef(CurrentFrame); frame !== undefined; frame = frame.outer) {
    if (frame.running > 0 && frame.metrics.includes(metric)) return true
  }
  return false
}

/**
 * Whether a fiber runs inside an observation that records `metric` already. Automatic instrumentation of the same
 * metric then adds its span but counts nothing, so that each operation has one recorder.
 */
export const isRecorded = (fiber: Fiber.Fiber<unknown, unknown>, metric: Catalogue.Definition): boolean =>
  isNameRecorded(fiber, metric.name)
