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
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import type * as Catalogue from "./Catalogue.ts"
import * as Guard from "./Guard.ts"
import * as Metrics from "./metrics/Metrics.ts"
import * as Announcement from "./observation/Announcement.ts"
import * as GuardedSpan from "./observation/GuardedSpan.ts"
import * as Status from "./observation/Status.ts"

export {
  announce,
  CurrentOperationListener,
  type EndedOperation,
  isRecorded,
  noteFailure,
  type OperationListener
} from "./observation/Announcement.ts"
export { errorType, errorTypeOfCause, type Status, statuses, statusOf, statusOfCause } from "./observation/Status.ts"

/** Records the end of one operation. */
export type Recorder = (status: Status.Status, seconds: number, exemplar: Metrics.Exemplar | undefined) => void

/** A metric that an operation records, with its labels as functions of the operation's input. */
export interface Instrument<in Input> {
  readonly metric: string
  readonly bind: (metrics: Metrics.Service, input: Input) => Recorder
}

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
  readonly category?: Announcement.EndedOperation["category"] | undefined
  /** Asked once for each place of use. */
  readonly span: (input: Input) => SpanDescription
  readonly instruments: ReadonlyArray<Instrument<Input>>
  /**
   * For instrumentation that nobody asked for at this place: inside an observation that records the same metric it adds
   * its span and counts nothing, so that one operation has one recorder.
   */
  readonly automatic?: boolean | undefined
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

const operationName = (prefix: string): SpanDescription => ({ name: `${prefix} operation` })

// One place of use: one input. What is asked of its description is asked once, and cells are bound once for each layer.
class Place<Input> {
  readonly #description: Description<Input>
  readonly #input: Input
  #span: SpanDescription | undefined
  // Weak, so that a layer that was closed can be collected.
  #bound: WeakMap<Metrics.Service, Array<Recorder | undefined>> | undefined

  constructor(description: Description<Input>, input: Input) {
    this.#description = description
    this.#input = input
  }

  span(guard: Guard.Guard): SpanDescription {
    if (this.#span !== undefined) return this.#span
    try {
      return this.#span = this.#description.span(this.#input)
    } catch (fault) {
      guard.count("recorder", fault)
      return operationName(this.#description.prefix)
    }
  }

  recorders(metrics: Metrics.Service): Array<Recorder | undefined> {
    this.#bound ??= new WeakMap()
    let recorders = this.#bound.get(metrics)
    if (recorders === undefined) this.#bound.set(metrics, recorders = [])
    return recorders
  }

  /** Each instrument on its own: a fault of one does not cost the others their record. */
  record(
    metrics: Metrics.Service,
    guard: Guard.Guard,
    recorded: ReadonlyArray<boolean> | undefined,
    ...[status, seconds, exemplar]: Parameters<Recorder>
  ): void {
    const recorders = this.recorders(metrics)
    this.#description.instruments.forEach((instrument, index) => {
      if (recorded?.[index] === true) return
      try {
        const record = recorders[index] ??= instrument.bind(metrics, this.#input)
        record(status, seconds, exemplar)
      } catch (fault) {
        guard.count("recorder", fault)
      }
    })
  }
}

/** Makes the combinator of a kind of operation. */
export const make = <Input>(description: Description<Input>): Combinator<Input> => {
  const names = description.instruments.map((instrument) => instrument.metric)
  const category = description.category ?? "operation"
  const statusAttribute = `${description.prefix}.status`

  const observe = <A, E, R>(
    self: Effect.Effect<A, E, R>,
    place: Place<Input>,
    options: Options<A> | undefined
  ): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const service = Context.getOrUndefined(fiber.context, Metrics.Metrics)
      const metrics = service?.enabled === true ? service : undefined
      const traced = fiber.cache.tracer !== undefined && fiber.cache.tracerEnabled
      const listened = fiber.getRef(Announcement.CurrentOperationListener) !== undefined
      if (metrics === undefined && !traced && !listened) return self

      const guard = fiber.getRef(Guard.CurrentGuard)
      const clock = fiber.getRef(Clock.Clock)
      const described = place.span(guard)
      const recorded = description.automatic === true
        ? names.map((name) => Announcement.isNameRecorded(fiber, name))
        : undefined
      let start: bigint | undefined
      let span: Tracer.Span | undefined
      const frame: Announcement.Frame = {
        metrics: names,
        outer: fiber.getRef(Announcement.CurrentFrame),
        ended: false
      }

      // The exit is waited for before anything is opened: an interruption can come in between the two.
      const inside = Effect.updateContext(self, (context: Context.Context<R>): Context.Context<R> => {
        span = GuardedSpan.open(
          fiber,
          guard,
          described.name,
          described.kind ?? "internal",
          described.attributes,
          options?.attributes
        )
        start = clock.monotonicTimeNanosUnsafe()
        const framed = Context.add(context, Announcement.CurrentFrame, frame)
        return span === undefined ? framed : GuardedSpan.within(framed, span, described.name)
      })
      return Effect.onExitPrimitive(inside, (exit) => {
        if (start === undefined) return undefined
        const nanos = Number(clock.monotonicTimeNanosUnsafe() - start)
        frame.ended = true
        const status = guard.run(
          "recorder",
          () => Status.statusOf(exit, options?.degraded),
          () => Status.statusOf(exit)
        )
        if (metrics !== undefined) {
          place.record(metrics, guard, recorded, status, nanos / 1e9, GuardedSpan.exemplar(fiber, guard, span))
        }
        if (exit._tag === "Failure") {
          guard.run("recorder", () => {
            Announcement.noteFailure(fiber, exit.cause, described.name, span)
            const type = Status.errorTypeOfCause(exit.cause)
            if (type !== undefined && span !== undefined) GuardedSpan.attribute(guard, span, "error.type", type)
          }, nothing)
        }
        if (span !== undefined) {
          GuardedSpan.attribute(guard, span, statusAttribute, status)
          GuardedSpan.end(fiber, guard, span, exit)
        }
        if (listened) {
          Announcement.announce(fiber, { category, name: described.name, status, durationMillis: nanos / 1e6 })
        }
        return undefined
      })
    })

  function combinator(...args: ReadonlyArray<unknown>): unknown {
    // The overloads of `Combinator` are the only ways in, and an input is no effect: the first argument tells them apart.
    if (Effect.isEffect(args[0])) {
      const [self, input, options] = args as readonly [Effect.Effect<unknown>, Input, Options | undefined]
      return observe(self, new Place(description, input), options)
    }
    const [input, options] = args as readonly [Input, Options | undefined]
    const place = new Place(description, input)
    return (self: Effect.Effect<unknown>) => observe(self, place, options)
  }
  return combinator as Combinator<Input>
}

const nothing = (): void => {}
