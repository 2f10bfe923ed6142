/**
 * The OpenTelemetry tracer of a test layer: for libraries that want one, without OpenTelemetry itself.
 *
 * Its spans go into the same record as Effect's, below the Effect span that is running; Effect spans that start inside
 * of one become its children.
 */
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { AsyncLocalStorage } from "node:async_hooks"
import type { Guard } from "../Guard.ts"
import * as Parents from "../observation/Parents.ts"
import type * as Tracing from "../tracing/Tracing.ts"
import type { RecordedSpan } from "./RecordedSpan.ts"
import type { TestTracer } from "./TestTracer.ts"

// The types of OpenTelemetry, as the service names them: its packages are imported in the tracing room only.
type OtelTracer = ReturnType<Tracing.Service["tracer"]>
type OtelSpan = ReturnType<OtelTracer["startSpan"]>
type StartOptions = NonNullable<Parameters<OtelTracer["startSpan"]>[1]>
type OtelContext = NonNullable<Parameters<OtelTracer["startSpan"]>[2]>
type TimeInput = NonNullable<StartOptions["startTime"]>
type Attributes = Readonly<Record<string, unknown>>

/** The key of the active span in a context of OpenTelemetry, which is a registered symbol by design. */
const spanKey = Symbol.for("OpenTelemetry Context Key SPAN")

/** `StatusCode.ERROR`. */
const errorCode = 2

const kinds: ReadonlyArray<Tracer.SpanKind> = ["internal", "server", "client", "producer", "consumer"]

const nanos = (time: TimeInput | undefined, now: () => bigint): bigint => {
  if (time === undefined) return now()
  if (Array.isArray(time)) return BigInt(time[0]) * 1_000_000_000n + BigInt(time[1])
  // A small number is a reading of `performance.now()`.
  const sinceEpoch = typeof time !== "number"
    ? time.getTime()
    : time < performance.timeOrigin
    ? time + performance.timeOrigin
    : time
  const whole = Math.floor(sinceEpoch)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((sinceEpoch - whole) * 1e6))
}

interface Active {
  readonly span: Tracer.AnySpan
  /** The running fiber's span when this one became active: once it is another, Effect's is the newer. */
  readonly under: Tracer.AnySpan | undefined
}

/** What the tracer needs. */
export interface Options {
  readonly guard: Guard
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint
  readonly record: () => TestTracer
}

/** A tracer of OpenTelemetry's interface, and which of its spans is active. */
export interface ForeignTracer {
  readonly tracer: OtelTracer
  readonly active: () => Tracer.AnySpan | undefined
}

const currentSpan = (): Tracer.AnySpan | undefined => Parents.propagated(Fiber.getCurrent()?.cache.span)

/** Makes the tracer. */
export const make = (options: Options): ForeignTracer => {
  const storage = new AsyncLocalStorage<Active>()

  const active = (): Tracer.AnySpan | undefined => {
    const entered = storage.getStore()
    const current = currentSpan()
    return entered === undefined || (current !== undefined && current !== entered.under) ? current : entered.span
  }

  const parentOf = (context: OtelContext | undefined): Tracer.AnySpan | undefined => {
    if (context === undefined) return active()
    const inside = context.getValue(spanKey) as OtelSpan | undefined
    if (inside === undefined) return undefined
    const { isRemote, spanId, traceFlags, traceId } = inside.spanContext()
    return Tracer.externalSpan({ traceId, spanId, sampled: isRemote !== true || (traceFlags & 1) === 1 })
  }

  const start = (name: string, settings: StartOptions = {}, context?: OtelContext): RecordedSpan => {
    const parent = settings.root === true ? undefined : parentOf(context)
    const span = options.record().start({
      name,
      parent: Option.fromUndefinedOr(parent),
      annotations: Context.empty(),
      links: (settings.links ?? []).map((link) => ({
        span: Tracer.externalSpan(link.context),
        attributes: link.attributes ?? {}
      })),
      startTime: nanos(settings.startTime, options.now),
      kind: kinds[settings.kind ?? 0] ?? "internal",
      root: settings.root === true,
      sampled: true
    }, () => undefined)
    for (const [key, value] of Object.entries(settings.attributes ?? {})) span.attribute(key, value)
    return span
  }

  const wrap = (span: RecordedSpan): OtelSpan => {
    let failure: string | undefined
    const guarded = (body: () => void): OtelSpan => {
      options.guard.run("tracer", body, () => undefined)
      return wrapped
    }
    const setAll = (attributes: Attributes) =>
      guarded(() => Object.entries(attributes).forEach(([key, value]) => span.attribute(key, value)))
    const wrapped: OtelSpan = {
      spanContext: () => ({ traceId: span.traceId, spanId: span.spanId, traceFlags: span.sampled ? 1 : 0 }),
      setAttribute: (key, value) => guarded(() => span.attribute(key, value)),
      setAttributes: setAll,
      addEvent: (name, attributesOrTime, time) =>
        guarded(() => {
          const isTime = typeof attributesOrTime === "number" || Array.isArray(attributesOrTime) ||
            attributesOrTime instanceof Date
          const at = isTime ? attributesOrTime as TimeInput : time
          span.event(name, nanos(at, options.now), isTime ? {} : { ...attributesOrTime as Attributes | undefined })
        }),
      addLink: (link) =>
        guarded(() => span.addLinks([{ span: Tracer.externalSpan(link.context), attributes: link.attributes ?? {} }])),
      addLinks: (links) => {
        links.forEach((link) => wrapped.addLink(link))
        return wrapped
      },
      setStatus: ({ code, message }) => {
        failure = code === errorCode ? message ?? "" : undefined
        return wrapped
      },
      updateName: (name) => guarded(() => Object.assign(span, { name })),
      end: (time) => {
        guarded(() => span.end(nanos(time, options.now), failure === undefined ? Exit.void : Exit.fail(failure)))
      },
      isRecording: () => span.sampled && span.status._tag === "Started",
      recordException: (exception, time) => {
        const { message, name, stack }: { message?: unknown; name?: unknown; stack?: unknown } =
          typeof exception === "string" ? { message: exception } : { ...exception }
        guarded(() =>
          span.event("exception", nanos(time, options.now), {
            ...(name === undefined ? {} : { "exception.type": name }),
            ...(message === undefined ? {} : { "exception.message": message }),
            ...(stack === undefined ? {} : { "exception.stacktrace": stack })
          })
        )
      }
    }
    return wrapped
  }

  const startActiveSpan = (name: string, ...rest: ReadonlyArray<unknown>): never => {
    const body = rest[rest.length - 1] as (span: OtelSpan) => never
    const settings = (rest.length > 1 ? rest[0] : undefined) as StartOptions | undefined
    const context = (rest.length > 2 ? rest[1] : undefined) as OtelContext | undefined
    const span = start(name, settings, context)
    return storage.run({ span, under: currentSpan() }, () => body(wrap(span)))
  }

  return {
    tracer: { startSpan: (name, settings, context) => wrap(start(name, settings, context)), startActiveSpan },
    active
  }
}
