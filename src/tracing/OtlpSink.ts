/**
 * Spans over OTLP/HTTP in protobuf: our own writer and our own sender.
 *
 * OpenTelemetry's serialiser takes several times as long, all of it in one turn; here spans are written when they end, and
 * copied when they are sent. Its exporter hides the status, `Retry-After` and the rejected count behind "failed", and keeps
 * retrying while its caller believes that it has given up.
 */
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type { Guard } from "../Guard.ts"
import * as HttpPost from "./HttpPost.ts"
import { inTurns } from "./InTurns.ts"
import * as OtlpMessages from "./OtlpMessages.ts"
import * as OtlpRequest from "./OtlpRequest.ts"
import * as OtlpResponse from "./OtlpResponse.ts"
import * as OtlpWriter from "./OtlpWriter.ts"
import * as ProtobufWriter from "./ProtobufWriter.ts"
import * as ScrubbedSpan from "./ScrubbedSpan.ts"
import { SpanRecord } from "./SpanRecord.ts"
import type { ExportResult, SpanEncoder, SpanSink, SpanSinkError } from "./SpanSink.ts"

/** Where to, and how. */
export interface Options {
  readonly name: string
  /** The full address, `/v1/traces` included. */
  readonly url: string
  readonly headers: Readonly<Record<string, Redacted.Redacted<string>>>
  /** The longest that one request may take. */
  readonly timeout: Duration.Duration
  readonly guard: Guard
  /** Node's timers unless given. */
  readonly timers?: HttpPost.Options["timers"]
  readonly selects?: SpanSink["selects"]
}

/** Makes the sink; it connects with its first batch. */
export const make = (options: Options): SpanSink => {
  const { guard, name } = options
  const poster = HttpPost.make({
    sink: name,
    url: options.url,
    headers: {
      ...Record.map(options.headers, Redacted.value),
      "content-type": "application/x-protobuf",
      "accept": "application/x-protobuf"
    },
    timeout: options.timeout,
    timers: options.timers
  })
  const written: OtlpWriter.Options = {
    names: ProtobufWriter.names(),
    onFault: (fault) => guard.count("sink", fault)
  }
  // The buffer of a request that was answered; the next one takes it, since new memory takes its time.
  let spare: Buffer | undefined
  // Whether the export that is on its way has come to its request: before, the last request is another export's.
  let isPosting = false
  const take = (): Buffer | undefined => {
    const taken = spare
    spare = undefined
    return taken
  }
  const post = (body: Uint8Array, count: number, faults: number, onResent?: (spans: number) => void) => {
    const answer = poster.post(body, () => onResent?.(count))
    isPosting = true
    return Effect.map(answer, (answer) => {
      if (body.buffer.byteLength <= largestSpare) spare = Buffer.from(body.buffer)
      return read(answer, count, faults)
    })
  }
  const encoder: SpanEncoder = {
    encode: (span, out) => OtlpMessages.span(out, written.names, ScrubbedSpan.recordOf(span)),
    export: (batch, onResent) =>
      Effect.suspend(() => {
        isPosting = false
        return Effect.flatMap(
          inTurns(OtlpRequest.write(batch, take())),
          (request) => post(request, batch.spans.length, 0, onResent)
        )
      })
  }
  return {
    name,
    acknowledged: true,
    encoder,
    selects: options.selects,
    export: (batch, onResent) =>
      Effect.suspend(() => {
        isPosting = false
        const request = OtlpWriter.write(recordsOf(batch, guard), written, take())
        return Effect.flatMap(inTurns(request), ({ body, count }): Effect.Effect<ExportResult, SpanSinkError> => {
          const faults = batch.length - count
          if (body === undefined) return Effect.succeed({ accepted: 0, rejected: 0, dropped: { fault: faults } })
          return post(body, count, faults, onResent)
        })
      }),
    mayHaveLeft: () => isPosting && poster.mayHaveLeft(),
    shutdown: poster.close
  }
}

/** A larger buffer is not kept, in bytes. */
const largestSpare = 1_024 * 1_024

/** The records of a batch; a span that can't be read costs itself only. */
const recordsOf = (batch: ReadonlyArray<ReadableSpan>, guard: Guard): ReadonlyArray<SpanRecord> => {
  const records: Array<SpanRecord> = []
  for (const span of batch) {
    if (span instanceof SpanRecord) records.push(span)
    else guard.run("sink", () => records.push(ScrubbedSpan.recordOf(span)), () => 0)
  }
  return records
}

const read = ({ body, contentType }: HttpPost.Answer, count: number, faults: number): ExportResult => {
  const { errorMessage, rejectedSpans } = OtlpResponse.read(body, contentType)
  const rejected = Math.min(count, rejectedSpans)
  return {
    accepted: count - rejected,
    rejected,
    dropped: { fault: faults },
    ...rejected === 0
      ? {}
      : { message: `${rejected} of ${count} spans rejected: ${errorMessage || "no reason given"}` }
  }
}
