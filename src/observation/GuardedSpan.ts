/**
 * Opens and ends spans as `Effect.useSpan` does, but lets no fault of a tracer into the host.
 *
 * `useSpan` hands whatever a tracer throws to the program that it observes, as a defect. Here each call of the tracer
 * is caught and counted, and the operation goes on without that part of its span.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type * as Guard from "../Guard.ts"
import type * as Metrics from "../metrics/Metrics.ts"
import { DirectSpan } from "./DirectTracer.ts"
import * as Parents from "./Parents.ts"

type Attributes = Readonly<{ readonly [key: string]: unknown }> | undefined

/** Sets those attributes that have a value. */
export const setAll = (span: Tracer.Span, attributes: Attributes): void => {
  for (const key in attributes) {
    const value = attributes[key]
    if (value !== undefined) span.attribute(key, value)
  }
}

/** Opens a span under the fiber's; `undefined` when tracing is off, no tracer is installed, or the tracer throws. */
export const open = (
  fiber: Fiber.Fiber<unknown, unknown>,
  guard: Guard.Guard,
  name: string,
  kind: Tracer.SpanKind,
  ...attributes: ReadonlyArray<Attributes>
): Tracer.Span | undefined => {
  const { tracer, tracerEnabled } = fiber.cache
  if (tracer === undefined || !tracerEnabled) return undefined
  let span: Tracer.Span | undefined
  try {
    const parent = Parents.propagated(fiber.cache.span)
    span = tracer.span({
      name,
      kind,
      parent: Option.fromUndefinedOr(parent),
      annotations: Context.empty(),
      links: [...fiber.getRef(References.TracerSpanLinks)],
      startTime: now(fiber),
      root: false,
      sampled: parent?.sampled === false
        ? false
        : !LogLevel.isGreaterThan(fiber.getRef(Tracer.MinimumTraceLevel), fiber.getRef(Tracer.CurrentTraceLevel))
    })
    setAll(span, fiber.getRef(References.TracerSpanAnnotations))
    for (const some of attributes) setAll(span, some)
  } catch (fault) {
    guard.count("tracer", fault)
  }
  return span
}

/** The context of what runs inside a span: the span as parent, and its name in the stack traces of failures. */
export const within = <R>(context: Context.Context<R>, span: Tracer.Span, name: string): Context.Context<R> =>
  Context.add(
    Context.add(context, Tracer.ParentSpan, span),
    References.CurrentStackFrame,
    { name, stack: noStack, parent: Context.get(context, References.CurrentStackFrame) }
  )

const noStack = (): undefined => undefined

const now = (fiber: Fiber.Fiber<unknown, unknown>): bigint =>
  fiber.getRef(References.TracerTimingEnabled) ? fiber.getRef(Clock.Clock).currentTimeNanosUnsafe() : 0n

/** Sets an attribute. */
export const attribute = (guard: Guard.Guard, span: Tracer.Span, key: string, value: unknown): void => {
  try {
    span.attribute(key, value)
  } catch (fault) {
    guard.count("tracer", fault)
  }
}

/** Ends a span that was opened here. */
export const end = (
  fiber: Fiber.Fiber<unknown, unknown>,
  guard: Guard.Guard,
  span: Tracer.Span,
  exit: Exit.Exit<unknown, unknown>
): void => {
  try {
    if (span.status._tag !== "Ended") span.end(now(fiber), exit)
  } catch (fault) {
    guard.count("tracer", fault)
  }
}

/** The trace that an observation belongs to, if it is sampled and a tracer is installed that may send it somewhere. */
export const exemplar = (
  fiber: Fiber.Fiber<unknown, unknown>,
  guard: Guard.Guard,
  span: Tracer.AnySpan | undefined
): Metrics.Exemplar | undefined => {
  if (span === undefined || fiber.cache.tracer === undefined) return undefined
  try {
    if (!span.sampled) return undefined
    return span instanceof DirectSpan ? span : { traceId: span.traceId, spanId: span.spanId }
  } catch (fault) {
    guard.count("tracer", fault)
    return undefined
  }
}

const nothing = (): void => {}

type MutableSpan = { -readonly [Key in keyof Tracer.Span]: Tracer.Span[Key] }

/**
 * Hears of the end of a span that somebody else ends, before its tracer does; what the listener answers with, if it
 * answers, is the exit that the tracer gets instead.
 *
 * The span of a disabled tracer counts as ended from the start, is never ended and keeps no attributes: it is made to
 * look started and gets attributes of its own, so that what is read and counted at its end holds with tracing off.
 * `test/EffectInternals.test.ts` holds that spans are ended by calling their own `end`.
 */
export const onEnd = (
  span: Tracer.Span,
  guard: Guard.Guard,
  listener: (exit: Exit.Exit<unknown, unknown>) => Exit.Exit<unknown, unknown> | void
): void => {
  const mutable = span as MutableSpan
  if (span.status._tag === "Ended") {
    const attributes = new Map<string, unknown>()
    Object.defineProperties(mutable, {
      status: { value: { _tag: "Started", startTime: 0n }, writable: true, configurable: true },
      attributes: { value: attributes, writable: true, configurable: true },
      attribute: {
        value: (key: string, value: unknown) => void attributes.set(key, value),
        writable: true,
        configurable: true
      }
    })
  }
  const end = span.end
  let ended = false
  mutable.end = (time, exit) => {
    let replaced = exit
    if (!ended) {
      ended = true
      replaced = guard.run("instrument", () => listener(exit) ?? exit, () => exit)
    }
    guard.run("tracer", () => end.call(span, time, replaced), nothing)
  }
}
