/** What an operation is described by: its span, and the metrics that it records. */
import type * as Tracer from "effect/Tracer"
import type * as Metrics from "../metrics/Metrics.ts"
import type * as Announcement from "./Announcement.ts"
import type * as Status from "./Status.ts"

/** Records the end of one operation; `at` is that moment in milliseconds since the epoch, where the clock was read. */
export type Recorder = (
  status: Status.Status,
  seconds: number,
  exemplar: Metrics.Exemplar | undefined,
  at?: number | undefined
) => void

/** A metric that an operation records, with its labels as functions of the operation's input. */
export interface Instrument<in Input> {
  readonly metric: string
  readonly bind: (metrics: Metrics.Service, input: Input) => Recorder
}

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
  /** Further attributes of the span, asked once for each place of use. */
  readonly attributes?: Readonly<{ readonly [key: string]: unknown }> | undefined
}
