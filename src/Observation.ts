/**
 * An operation described as data, turned into one combinator that gives it a span, its metrics and the right status.
 *
 * Write a description once for each kind of operation that a product has (a pattern, a capability, a provider call);
 * the combinator that `make` returns is then used at every place where such an operation runs. It needs no layer: with
 * no `Metrics` service nothing is counted, with no tracer installed no span is opened, and the result of the effect,
 * its errors and its requirements stay exactly as they were.
 *
 * @example
 * import { Catalogue, Observation } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * const { Label } = Catalogue
 * const ordersTotal = Catalogue.counter({
 *   name: "shop_orders_total",
 *   help: "Orders placed",
 *   labels: { channel: Label.oneOf("web", "phone"), status: Label.oneOf(...Observation.statuses) }
 * })
 *
 * export const withOrderMetrics = Observation.make<{ readonly channel: "web" | "phone" }>({
 *   prefix: "shop",
 *   span: ({ channel }) => ({ name: `order ${channel}`, attributes: { "shop.channel": channel } }),
 *   instruments: [Observation.count(ordersTotal, ({ channel }, status) => ({ channel, status }))]
 * })
 *
 * export const placeOrder = Effect.succeed("order-1").pipe(withOrderMetrics({ channel: "web" }))
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Tracer from "effect/Tracer"
import * as Boundary from "./Boundary.ts"
import type * as Catalogue from "./Catalogue.ts"
import * as Guard from "./Guard.ts"
import * as Metrics from "./metrics/Metrics.ts"

/**
 * How an operation ended: as it should; with a typed failure (a timeout inside it included); with a defect; by
 * interruption; or with a value that says itself that it is not the real thing (stale data, a failure as a field).
 */
export type Status = "success" | "error" | "defect" | "interrupted" | "degraded"

/** The statuses in the order in which they are exposed. */
export const statuses = ["success", "error", "defect", "interrupted", "degraded"] as const satisfies ReadonlyArray<
  Status
>

/** The status of a cause: of several kinds a defect comes before an error, an error before an interruption. */
export const statusOfCause = (cause: Cause.Cause<unknown>): "error" | "defect" | "interrupted" => {
  let status: "error" | "interrupted" = "interrupted"
  for (const reason of cause.reasons) {
    if (reason._tag === "Die") return "defect"
    if (reason._tag === "Fail") status = "error"
  }
  return status
}

/** The status of an exit; `degraded` decides on a value. */
export const statusOf = <A>(exit: Exit.Exit<A, unknown>, degraded?: ((value: A) => boolean) | undefined): Status =>
  exit._tag === "Failure"
    ? statusOfCause(exit.cause)
    : degraded !== undefined && degraded(exit.value)
    ? "degraded"
    : "success"

/** What makes a failure recognisable without its message: its `_tag`, else its name, else its type. */
export const errorType = (error: unknown): string => {
  if (Predicate.hasProperty(error, "_tag") && typeof error._tag === "string") return error._tag
  if (error instanceof Error) return error.name
  return typeof error
}

/** The error type of a cause's gravest reason, or `undefined` for one that holds interruptions only. */
export const errorTypeOfCause = (cause: Cause.Cause<unknown>): string | undefined => {
  let type: string | undefined
  for (const reason of cause.reasons) {
    if (reason._tag === "Die") return errorType(reason.defect)
    if (reason._tag === "Fail") type ??= errorType(reason.error)
  }
  return type
}

// ---------------------------------------------------------------------------------------------------------------------
// What others may want to know of an operation

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

/** Tells the listener, if there is one, that an operation has ended. A listener that throws is counted, not felt. */
export const announce = (fiber: Fiber.Fiber<unknown, unknown>, operation: EndedOperation): void => {
  const listener = fiber.getRef(CurrentOperationListener)
  if (listener === undefined) return
  fiber.getRef(Guard.CurrentGuard).run("listener", () => listener.onEnd(operation, fiber), () => undefined)
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
  const context = span === undefined ? { operation } : { operation, traceId: span.traceId, spanId: span.spanId }
  for (const reason of cause.reasons) {
    if (reason._tag === "Fail") boundary.recordFailure(reason.error, context)
    if (reason._tag === "Die") boundary.recordFailure(reason.defect, context)
  }
}

interface Frame {
  readonly metrics: ReadonlyArray<string>
  readonly outer: Frame | undefined
}

const CurrentFrame: Context.Reference<Frame | undefined> = Context.Reference<Frame | undefined>(
  "@dawsos/observability/Observation",
  { defaultValue: () => undefined }
)

/**
 * Whether a fiber runs inside an observation that records `metric` already. Automatic instrumentation of the same
 * metric then adds its span but counts nothing, so that each operation has one recorder.
 */
export const isRecorded = (fiber: Fiber.Fiber<unknown, unknown>, metric: Catalogue.Definition): boolean => {
  for (let frame = fiber.getRef(CurrentFrame); frame !== undefined; frame = frame.outer) {
    if (frame.metrics.includes(metric.name)) return true
  }
  return false
}

// ---------------------------------------------------------------------------------------------------------------------
// Descriptions

/** Records the end of one operation. */
export type Recorder = (status: Status, seconds: number, exemplar: Metrics.Exemplar | undefined) => void

/** A metric that an operation records, with its labels as functions of the operation's input. */
export interface Instrument<in Input> {
  readonly metric: string
  readonly bind: (metrics: Metrics.Service, input: Input) => Recorder
}

/**
 * Counts operations. `labels` is asked once for each status; `undefined` means that this status is not counted (a
 * counter of errors, say).
 */
export const count = <Input, L extends Catalogue.Labels>(
  metric: Catalogue.Counter<L>,
  labels: (input: Input, status: Status) => Catalogue.LabelValues<L> | undefined
): Instrument<Input> => ({
  metric: metric.name,
  bind: (metrics, input) => {
    const cells: { [S in Status]?: Metrics.CounterCell | null } = {}
    return (status) => {
      let cell = cells[status]
      if (cell === undefined) {
        const values = labels(input, status)
        cell = values === undefined ? null : metrics.counter(metric, values)
        cells[status] = cell
      }
      cell?.increment()
    }
  }
})

/** Observes the duration of operations, in seconds, with the trace as exemplar when it is sampled. */
export const time = <Input, L extends Catalogue.Labels>(
  metric: Catalogue.Histogram<L>,
  labels: (input: Input) => Catalogue.LabelValues<L>
): Instrument<Input> => ({
  metric: metric.name,
  bind: (metrics, input) => {
    const cell = metrics.histogram(metric, labels(input))
    return (_status, seconds, exemplar) => cell.observe(seconds, exemplar)
  }
})

/** The span of an operation. */
export interface SpanDescription {
  /** A template or a name from a bounded set, never raw input. */
  readonly name: string
  readonly kind?: Tracer.SpanKind | undefined
  /** Under the product's prefix, and OpenTelemetry's semantic conventions. */
  readonly attributes?: Readonly<{ readonly [key: string]: unknown }> | undefined
}

/** A kind of operation: what its span is called and which metrics it records. */
export interface Description<in Input> {
  /** The prefix of the attributes that the combinator sets itself (`{prefix}.status`). */
  readonly prefix: string
  /** How the operation is announced to listeners; `operation` unless it is one of Effect's own modules. */
  readonly category?: EndedOperation["category"] | undefined
  readonly span: (input: Input) => SpanDescription
  readonly instruments: ReadonlyArray<Instrument<Input>>
}

/** What can be said of one operation beside its input. */
export interface Options<in A = unknown> {
  /** Says of a value that it is not the real thing: it counts as `degraded`, not as `success`. */
  readonly degraded?: ((value: A) => boolean) | undefined
  /** Further attributes of the span. */
  readonly attributes?: Readonly<{ readonly [key: string]: unknown }> | undefined
}

/** A combinator for one kind of operation: data-last in pipes and as an argument of `Effect.fn`, or data-first. */
export interface Combinator<Input> {
  (input: Input): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <Value>(
    input: Input,
    options: Options<Value>
  ): <A extends Value, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, input: Input, options?: Options<A>): Effect.Effect<A, E, R>
}

const nothing = (): void => {}

type Binding = (metrics: Metrics.Service) => Recorder

const bindAll = <Input>(description: Description<Input>, input: Input): Binding => (metrics) => {
  const records = description.instruments.map((instrument) => instrument.bind(metrics, input))
  return (status, seconds, exemplar) => {
    for (const record of records) record(status, seconds, exemplar)
  }
}

// Cells are bound once for each place of use and layer. Weak, so that a layer that was closed can be collected.
const cached = (binding: Binding): Binding => {
  const bound = new WeakMap<Metrics.Service, Recorder>()
  return (metrics) => {
    let record = bound.get(metrics)
    if (record === undefined) {
      record = binding(metrics)
      bound.set(metrics, record)
    }
    return record
  }
}

/** Makes the combinator of a kind of operation. */
export const make = <Input>(description: Description<Input>): Combinator<Input> => {
  const metricNames = description.instruments.map((instrument) => instrument.metric)
  const category = description.category ?? "operation"
  const statusAttribute = `${description.prefix}.status`

  const observe = <A, E, R>(
    self: Effect.Effect<A, E, R>,
    input: Input,
    options: Options<A> | undefined,
    binding: Binding
  ): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const metrics = Context.getOrUndefined(fiber.context, Metrics.Metrics)
      const recording = metrics !== undefined && metrics.enabled
      const tracing = fiber.cache.tracer !== undefined && fiber.cache.tracerEnabled
      const listening = fiber.getRef(CurrentOperationListener) !== undefined
      if (!recording && !tracing && !listening) return self

      const guard = fiber.getRef(Guard.CurrentGuard)
      const described = guard.run("recorder", () => description.span(input), () => undefined)
      // A description that throws is counted; the operation then runs as if it were not described.
      if (described === undefined) return self

      const run = (span: Tracer.Span | undefined): Effect.Effect<A, E, R> => {
        const clock = fiber.getRef(Clock.Clock)
        const start = clock.currentTimeNanosUnsafe()
        const frame: Frame = { metrics: metricNames, outer: fiber.getRef(CurrentFrame) }
        const inside = Effect.updateContext(self, (context: Context.Context<R>) => {
          const framed = Context.add(context, CurrentFrame, frame)
          return span === undefined ? framed : Context.add(framed, Tracer.ParentSpan, span)
        })
        return Effect.onExitPrimitive(inside, (exit) => {
          const nanos = clock.currentTimeNanosUnsafe() - start
          const status = guard.run("recorder", () => statusOf(exit, options?.degraded), () => statusOf(exit))
          // One guard for each consumer, so that a fault of one does not cost the others their part.
          if (recording) {
            guard.run("recorder", () => {
              const exemplar = span !== undefined && span.sampled
                ? { traceId: span.traceId, spanId: span.spanId }
                : undefined
              binding(metrics)(status, Number(nanos) / 1e9, exemplar)
            }, nothing)
          }
          if (span !== undefined) {
            guard.run("tracer", () => {
              span.attribute(statusAttribute, status)
              const type = exit._tag === "Failure" ? errorTypeOfCause(exit.cause) : undefined
              if (type !== undefined) span.attribute("error.type", type)
            }, nothing)
          }
          if (exit._tag === "Failure") {
            guard.run("recorder", () => noteFailure(fiber, exit.cause, described.name, span), nothing)
          }
          if (listening) {
            announce(fiber, {
              category,
              name: described.name,
              status,
              durationMillis: Number(nanos) / 1e6
            })
          }
          return undefined
        })
      }

      return tracing
        ? Effect.useSpan(
          described.name,
          {
            kind: described.kind ?? "internal",
            attributes: { ...described.attributes, ...options?.attributes }
          },
          run
        )
        : run(undefined)
    })

  function combinator(...args: ReadonlyArray<unknown>): unknown {
    if (Effect.isEffect(args[0])) {
      const [self, input, options] = args as unknown as [Effect.Effect<unknown>, Input, Options | undefined]
      return observe(self, input, options, bindAll(description, input))
    }
    const [input, options] = args as unknown as [Input, Options | undefined]
    const binding = cached(bindAll(description, input))
    return (self: Effect.Effect<unknown>) => observe(self, input, options, binding)
  }
  return combinator as Combinator<Input>
}
