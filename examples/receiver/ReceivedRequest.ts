import * as Result from "effect/Result"
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib"
import { DecodeError } from "./DecodeError.ts"
import * as JaegerBatch from "./JaegerBatch.ts"
import * as OtlpTraces from "./OtlpTraces.ts"
import type { ReceivedSpan, Signal } from "./ReceivedSpan.ts"
import * as SentryEnvelope from "./SentryEnvelope.ts"

/** What is known of a request before its body; for a datagram the path is empty. */
export interface RequestHead {
  readonly transport: "http" | "udp"
  /** `undefined` for a path that the receiver does not serve. */
  readonly signal: Signal | undefined
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * What became of a request: `stored` (as far as its reply took it), `refused` (the reply stored nothing), `malformed`
 * (its bytes could not be read), `cut` (the body never came whole), `unserved` (no such address here).
 */
export type Outcome = "stored" | "refused" | "malformed" | "cut" | "unserved"

/** A request or datagram with every byte that was received of it. */
export interface ArrivedRequest extends RequestHead {
  /** The body as it came over the wire. */
  readonly raw: Uint8Array
  /** The body without its content encoding; the same memory as `raw` where there is none. */
  readonly body: Uint8Array
}

/** A request and what became of it. */
export interface ReceivedRequest extends ArrivedRequest {
  readonly outcome: Outcome
  /** Why it was malformed, cut or not served. */
  readonly reason: string | undefined
  /**
   * The ids of what it carried and the receiver had in whole, whatever was answered: span ids, event ids. A request that
   * was cut, or could not be read, carried nothing.
   */
  readonly received: ReadonlyArray<string>
  /** Those of them that were kept. */
  readonly accepted: ReadonlyArray<string>
}

/** What a body says: spans, or the items of an envelope. */
export interface Decoded {
  readonly spans: ReadonlyArray<ReceivedSpan>
  readonly items: ReadonlyArray<SentryEnvelope.ReceivedItem>
}

export const nothing: Decoded = { spans: [], items: [] }

/** The ids of what a body says, spans before items; an item that is no event has none, which is an empty text. */
export const idsOf = ({ items, spans }: Decoded): ReadonlyArray<string> => [
  ...spans.map(({ spanId }) => spanId),
  ...items.map((item) => SentryEnvelope.isEvent(item) ? item.eventId ?? "" : "")
]

/** The signal that a path of the HTTP server serves. */
export const signalOf = (path: string): Signal | undefined => {
  const [pathname = ""] = path.split("?", 1)
  if (/^\/api\/[^/]+\/integration\/otlp\/v1\/traces\/?$/.test(pathname)) return "sentryOtlp"
  if (/\/v1\/traces\/?$/.test(pathname)) return "otlp"
  if (/\/api\/traces\/?$/.test(pathname)) return "jaegerHttp"
  if (/\/api\/[^/]+\/envelope\/?$/.test(pathname)) return "sentry"
  return undefined
}

/** Undoes a `Content-Encoding` of gzip, deflate or br, up to `limit` bytes. */
export const decompress = (
  raw: Uint8Array,
  encoding: string | undefined,
  limit: number
): Result.Result<Uint8Array, DecodeError> => {
  const options = { maxOutputLength: limit }
  try {
    switch ((encoding ?? "").trim().toLowerCase()) {
      case "":
      case "identity":
        return Result.succeed(raw)
      case "gzip":
      case "x-gzip":
        return Result.succeed(gunzipSync(raw, options))
      case "deflate":
        return Result.succeed(inflateSync(raw, options))
      case "br":
        return Result.succeed(brotliDecompressSync(raw, options))
      default:
        return Result.fail(
          new DecodeError({
            format: "encoding",
            reason: `Content-Encoding ${encoding}, allowed are gzip, deflate, br, identity`
          })
        )
    }
  } catch (error) {
    return Result.fail(new DecodeError({ format: "encoding", reason: `${encoding}: ${String(error)}` }))
  }
}

const contentType = (request: RequestHead): string =>
  (request.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase()

/** Reads a body as its signal says; also for the recorded requests, whatever became of them. */
export const decode = (request: ArrivedRequest): Result.Result<Decoded, DecodeError> => {
  const ofSpans = Result.map((spans: ReadonlyArray<ReceivedSpan>): Decoded => ({ spans, items: [] }))
  switch (request.signal) {
    case "otlp":
    case "sentryOtlp":
      return contentType(request) === "application/x-protobuf"
        ? ofSpans(OtlpTraces.decode(request.body, request.signal))
        : Result.fail(
          new DecodeError({
            format: "otlp",
            reason: `Content-Type ${contentType(request) || "missing"}, allowed is application/x-protobuf`
          })
        )
    case "jaegerHttp":
      return ofSpans(JaegerBatch.decodeBatch(request.body, request.signal))
    case "jaegerUdp":
      return ofSpans(JaegerBatch.decodeDatagram(request.body, request.signal))
    case "sentry":
      return Result.map(SentryEnvelope.decode(request.body), (items): Decoded => ({ spans: [], items }))
    case undefined:
      return Result.succeed(nothing)
  }
}
