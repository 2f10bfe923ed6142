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
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Catalogue from "./Catalogue.ts"
import type * as Metrics from "./metrics/Metrics.ts"
import type { Description, Instrument, Options } from "./observation/Description.ts"
import * as DirectOperation from "./observation/DirectOperation.ts"
import { DirectTracer } from "./observation/DirectTracer.ts"
import * as GuardedOperation from "./observation/GuardedOperation.ts"
import { kindOf, Place } from "./observation/Place.ts"
import * as SpanlessOperation from "./observation/SpanlessOperation.ts"
import type * as Status from "./observation/Status.ts"

export {
  announce,
  CurrentOperationListener,
  type EndedOperation,
  isRecorded,
  noteFailure,
  type OperationListener
} from "./observation/Announcement.ts"
export type { Description, Instrument, Options, Recorder, SpanDescription } from "./observation/Description.ts"
export { errorType, errorTypeOfCause, type Status, statuses, statusOf, statusOfCause } from "./observation/Status.ts"

/** Refuses labels that a metric does not have: TypeScript lets a function return more than it was asked for. */
export type NoOther<Values, L extends Catalogue.Labels> = Values extends object
  ? { readonly [Name in Exclude<keyof Values, keyof L>]: never }
  : unknown

/**
 * Counts operations. `labels` is asked once for each status; `undefined` means that this status is not counted (a
 * counter of errors, say).
 */
export const count = <Input, L extends Catalogue.Labels, Values extends Catalogue.LabelValues<L> | undefined>(
  metric: Catalogue.Counter<L>,
  labels: (input: Input, status: Status.Status) => Values & NoOther<Values, L>
): Instrument<Input> => ({
  metric: metric.name,
  bind: (metrics, input) => {
    const cells: { [S in Status.Status]?: Metrics.CounterCell | null } = {}
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
export const time = <Input, L extends Catalogue.Labels, Values extends Catalogue.LabelValues<L>>(
  metric: Catalogue.Histogram<L>,
  labels: (input: Input) => Values & NoOther<Values, L>
): Instrument<Input> => ({
  metric: metric.name,
  bind: (metrics, input) => {
    const cell = metrics.histogram(metric, labels(input))
    return (_status, seconds, exemplar, at) => cell.observe(seconds, exemplar, at)
  }
})

/** A combinator for one kind of operation: data-last in pipes and as an argument of `Effect.fn`, or data-first. */
export interface Combinator<Input> {
  (input: Input): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <Value>(
    input: Input,
    options: Options<Value>
  ): <A extends Value, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, input: Input, options?: Options<A>): Effect.Effect<A, E, R>
}

// In programs that nobody observes the same context comes again and again, and to ask it for metrics and a listener takes
// longer than all else. Only such a context is kept, so no layer that is live or was.
let unobserved: Context.Context<never> | undefined

const isUnobserved = ({ context }: Fiber.Fiber<unknown, unknown>): boolean => context === unobserved

/** Runs an effect in the way that its fiber's tracer and metrics ask for. */
const observe = <A, E, R, Input>(
  self: Effect.Effect<A, E, R>,
  place: Place<Input>,
  fiber: Fiber.Fiber<unknown, unknown>
): Effect.Effect<A, E, R> => {
  const { cache: { tracer, tracerEnabled }, context } = fiber
  if (tracerEnabled && tracer instanceof DirectTracer) return DirectOperation.observe(self, place, fiber, tracer)
  if (tracerEnabled && tracer !== undefined) return GuardedOperation.observe(self, place, fiber)
  const inner = SpanlessOperation.innerOf(place, fiber)
  if (inner !== undefined) return SpanlessOperation.observe(self, place, fiber, inner)
  unobserved = context
  return self
}

/** `Effect.isEffect` asks a function that takes its arguments in two ways, and so as long as all else that is made here. */
const isEffect = (value: unknown): boolean =>
  (typeof value === "object" ? value !== null : typeof value === "function") && Effect.TypeId in (value as object)

/** Makes the combinator of a kind of operation. */
export const make = <Input>(description: Description<Input>): Combinator<Input> => {
  const kind = kindOf(description)

  // An effect that nobody observes is given back before anything is made, and both ways to call the combinator make no
  // more than what they answer with.
  const dataFirst = (self: Effect.Effect<unknown>, input: Input, options: Options | undefined) => {
    let place: Place<Input> | undefined
    return Effect.withFiber((fiber) =>
      isUnobserved(fiber) ? self : observe(self, place ??= new Place(kind, input, options), fiber)
    )
  }
  const dataLast = (input: Input, options: Options | undefined) => {
    let place: Place<Input> | undefined
    return (self: Effect.Effect<unknown>) =>
      Effect.withFiber((fiber) =>
        isUnobserved(fiber) ? self : observe(self, place ??= new Place(kind, input, options), fiber)
      )
  }

  // The overloads of `Combinator` are the only ways in, and an input is no effect: the first argument tells them apart.
  const combinator = (first: unknown, second?: unknown, third?: unknown): unknown =>
    isEffect(first)
      ? dataFirst(first as Effect.Effect<unknown>, second as Input, third as Options | undefined)
      : dataLast(first as Input, second as Options | undefined)
  return combinator as Combinator<Input>
}
