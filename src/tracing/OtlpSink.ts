/**
 * Spans over OTLP/HTTP in protobuf: OpenTelemetry's stock serialiser, our own sender.
 *
 * OpenTelemetry's exporter hides the status, `Retry-After` and the rejected count behind "failed", and keeps retrying
 * while its caller believes that it has given up.
 */
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type { Guard } from "../Guard.ts"
import * as HttpPost from "./HttpPost.ts"
import type { ExportResult, SpanSink } from "./SpanSink.ts"

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
  return {
    name,
    acknowledged: true,
    selects: options.selects,
    export: (batch, onResent) =>
      Effect.suspend(() => {
        const { body, count } = encode(batch, guard)
        const faults = batch.length - count
        if (body === undefined) return Effect.succeed({ accepted: 0, rejected: 0, dropped: { fault: faults } })
        return Effect.map(poster.post(body, () => onResent?.(count)), (answer): ExportResult => {
          const { message, spans } = partialSuccess(answer)
          const rejected = Math.min(count, spans)
          return {
            accepted: count - rejected,
            rejected,
            dropped: { fault: faults },
            ...rejected === 0
              ? {}
              : { message: `${rejected} of ${count} spans rejected: ${message || "no reason given"}` }
          }
        })
      }),
    mayHaveLeft: poster.mayHaveLeft,
    shutdown: poster.close
  }
}

interface Encoded {
  readonly body: Uint8Array | undefined
  readonly count: number
}

/** Encodes a batch; a span that the serialiser can't take costs itself only. */
const encode = (batch: ReadonlyArray<ReadableSpan>, guard: Guard): Encoded => {
  const serialise = (spans: ReadonlyArray<ReadableSpan>): Uint8Array | undefined =>
    ProtobufTraceSerializer.serializeRequest([...spans])
  try {
    return { body: serialise(batch), count: batch.length }
  } catch {
    const sound = batch.filter((span) => guard.run("sink", () => serialise([span]) !== undefined, () => false))
    return { body: sound.length === 0 ? undefined : serialise(sound), count: sound.length }
  }
}

/** How many spans the answer says were rejected, and why; an answer that can't be read says nothing. */
export const partialSuccess = (answer: HttpPost.Answer): { readonly spans: number; readonly message: string } => {
  if (answer.body.byteLength === 0) return { spans: 0, message: "" }
  try {
    const response = answer.contentType.includes("json")
      ? JSON.parse(Buffer.from(answer.body).toString("utf8"))
      : ProtobufTraceSerializer.deserializeResponse(answer.body)
    const { errorMessage, rejectedSpans } = response?.partialSuccess ?? {}
    const rejected = Number(rejectedSpans ?? 0)
    return {
      spans: Number.isFinite(rejected) && rejected > 0 ? Math.trunc(rejected) : 0,
      message: typeof errorMessage === "string" ? errorMessage : ""
    }
  } catch {
    return { spans: 0, message: "" }
  }
}
