/**
 * Where ended spans go.
 *
 * A sink sends a batch when it is told to, and says what became of it. Queue, deadline, accounting and retries belong to
 * the pipeline, so a sink stays small.
 */
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-node"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { DropReason } from "./Accounting.ts"
import type { ProtobufWriter } from "./ProtobufWriter.ts"
import type { Source } from "./SpanRecord.ts"

/** What became of the spans of one batch; a span in no count is taken for lost by a fault of the sink. */
export interface ExportResult {
  readonly accepted: number
  /** Refused by the receiver in its answer. */
  readonly rejected: number
  /** What the sink could not send at all, by reason: one oversized span must not cost the others. */
  readonly dropped?: Partial<Readonly<Record<DropReason, number>>> | undefined
  /** Spans of the batch that are in no count, with what went wrong: it says whether they may be sent again, and when. */
  readonly left?: ReadonlyArray<Left> | undefined
  /** The receiver's words on what it did not accept, for the log. */
  readonly message?: string | undefined
}

/** A part of a batch that was not accepted. */
export interface Left {
  readonly spans: ReadonlyArray<ReadableSpan>
  readonly error: SpanSinkError
}

/** A span as its sink wrote it, within {@link EncodedSpans}. */
export interface EncodedSpan {
  readonly offset: number
  readonly length: number
  /** Whose it is. */
  readonly source: Source
}

/**
 * Spans of a request as their sink wrote them, oldest first. They are the queue's own: where spans come meanwhile, these
 * move, so that buffer and offsets are to be read anew in each turn. Once the export has ended, they are nowhere.
 */
export interface EncodedSpans {
  /** Holds others as well. */
  readonly buffer: Uint8Array
  readonly spans: ReadonlyArray<EncodedSpan>
}

/**
 * Encodes spans when they end rather than when they are sent: they wait as the bytes that they will be, so that objects
 * die young and it is known how large a request is.
 */
export interface SpanEncoder {
  /** Writes the span as it will be sent, behind what is there. Where it throws, the span counts as a `fault`. */
  readonly encode: (span: ReadableSpan, out: ProtobufWriter) => void
  /** Sends copies of the spans; all else is as with `export` of a {@link SpanSink}, but spans have no names. */
  readonly export: (
    batch: EncodedSpans,
    onResent?: (spans: number) => void
  ) => Effect.Effect<Omit<ExportResult, "left">, SpanSinkError>
}

/** A destination of spans. */
export interface SpanSink {
  /** Short and unique in a pipeline, such as `otlp`; a label value of the layer's own metrics. */
  readonly name: string
  /** Whether the receiver confirms what it got. */
  readonly acknowledged: boolean
  /**
   * Sends the batch. It is interrupted at its deadline and has to let go of its connection then. What a span shows is made
   * when it is asked for, by getters: read what you need, since a spread (`{ ...span }`) copies none of it.
   *
   * `onResent` is told how many spans go a second time, since a connection that was kept open broke before the answer;
   * when that happens, for an export that is given up says nothing in the end.
   */
  readonly export: (
    batch: ReadonlyArray<ReadableSpan>,
    onResent?: (spans: number) => void
  ) => Effect.Effect<ExportResult, SpanSinkError>
  /**
   * Whether anything of the export that is on its way may have left already, asked when it is given up and before it is
   * interrupted: what has not is not counted as a `timeout`, and may be sent again. Where it is left out, it may have.
   */
  readonly mayHaveLeft?: (() => boolean) | undefined
  /** Releases what the sink holds; called once, after the last export. */
  readonly shutdown: Effect.Effect<void>
  /** Which spans the sink takes; all of them unless given. It sees the span before scrubbing and must not keep it. */
  readonly selects?: ((span: ReadableSpan) => boolean) | undefined
  /** Where there is one, the queue of the sink uses it instead of `export`: leave it out of a sink that wraps another. */
  readonly encoder?: SpanEncoder | undefined
}

/**
 * A batch was not accepted as a whole. `reason` is how its spans are counted if they are given up.
 *
 * After a `timeout` they are given up at once, whatever `retryable` says: they may have arrived. After a `too_large` a
 * batch of several spans is sent in halves.
 */
export class SpanSinkError extends Data.TaggedError("SpanSinkError")<{
  readonly sink: string
  readonly reason: Exclude<DropReason, "queue_full" | "shutdown">
  /** Whether sending the same batch again can help. */
  readonly retryable: boolean
  /** How long the receiver asked to wait before the next attempt. */
  readonly retryAfter?: Duration.Duration | undefined
  /** In words, without secrets. */
  readonly message: string
  readonly cause?: unknown
}> {}

type Answer = Parameters<Parameters<SpanExporter["export"]>[1]>[0]

/**
 * A sink from an OpenTelemetry exporter, for a destination that this package does not know.
 *
 * An exporter says only whether a whole batch went, and nothing about trying again: all of it counts as exported, or as
 * `rejected`. One that never answers is given up at the deadline of the queue.
 *
 * ```ts
 * import { SpanSink } from "@dawsos/observability"
 * import { ConsoleSpanExporter } from "@opentelemetry/sdk-trace-node"
 *
 * const sink = SpanSink.fromExporter("console", new ConsoleSpanExporter())
 * ```
 */
export const fromExporter = (name: string, exporter: SpanExporter): SpanSink => ({
  name,
  acknowledged: true,
  export: (batch) =>
    Effect.callback<ExportResult, SpanSinkError>((resume) => {
      // Exporters are written in JavaScript too: nothing is taken for granted of what they say.
      exporter.export([...batch], (result: Partial<Answer> | undefined) => {
        const { code, error } = result ?? {}
        // 0 is `ExportResultCode.SUCCESS`; importing it would load OpenTelemetry into programs that are off.
        if (code === 0) return resume(Effect.succeed({ accepted: batch.length, rejected: 0 }))
        const message: unknown = error?.message
        resume(
          Effect.fail(
            new SpanSinkError({
              sink: name,
              reason: "rejected",
              retryable: false,
              message: typeof message === "string" ? message : "the exporter failed",
              cause: error
            })
          )
        )
      })
    }),
  shutdown: Effect.promise(() => exporter.shutdown())
})
