// Where spans end in a measurement: read as a serialiser reads them, and counted.
import { ExportResultCode } from "@opentelemetry/core"
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-node"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"

/** Reads every field of every span once; what is made only when it is asked for is made. */
export class ReadingExporter implements SpanExporter {
  /** How many spans arrived. */
  count = 0
  /** Of what was read, so that no compiler leaves the reading out. */
  #sum = 0

  export(spans: ReadonlyArray<ReadableSpan>, done: (result: { readonly code: ExportResultCode }) => void): void {
    this.read(spans)
    done({ code: ExportResultCode.SUCCESS })
  }

  read(spans: ReadonlyArray<ReadableSpan>): void {
    for (const span of spans) {
      const { spanId, traceId } = span.spanContext()
      this.#sum += span.name.length + span.kind + traceId.charCodeAt(3) + spanId.charCodeAt(3)
      this.#sum += (span.parentSpanContext?.spanId.charCodeAt(1) ?? 0) + span.status.code
      this.#sum += span.startTime[1] + span.endTime[1] + span.events.length + span.links.length
      for (const key of Object.keys(span.attributes)) this.#sum += key.length
    }
    this.count += spans.length
  }

  /** Reads records of this package as its writer of OTLP does: ids are words, times numbers, attributes one list. */
  readRecords(spans: ReadonlyArray<ReadableSpan>): void {
    for (const span of spans) {
      const record = ScrubbedSpan.recordOf(span)
      const { details, keyValues } = record
      this.#sum += record.name.length + record.kind + record.traceFlags + record.status.code
      this.#sum += record.traceId0 + record.traceId1 + record.traceId2 + record.traceId3
      this.#sum += record.spanId0 + record.spanId1 + record.parentId0 + record.parentId1
      this.#sum += record.startSeconds + record.startNanos + record.endSeconds + record.endNanos
      this.#sum += details.events.length + details.links.length
      for (let index = 0; index < keyValues.length; index += 2) this.#sum += (keyValues[index] as string).length
    }
    this.count += spans.length
  }

  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  /** What was read, in one number. */
  shutdown(): Promise<void> {
    return Number.isNaN(this.#sum) ? Promise.reject(new Error("a span could not be read")) : Promise.resolve()
  }
}

/** A check that each operation brought so many spans. */
export const arrived = (exporter: { readonly count: number }, each = 1): (operations: number) => string | undefined => {
  const before = exporter.count
  return (operations) =>
    exporter.count - before === operations * each
      ? undefined
      : `${exporter.count - before} of ${operations * each} spans arrived`
}
