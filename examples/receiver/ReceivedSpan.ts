/**
 * What the receiver is told, in one shape whatever the protocol.
 */

/** The kinds of address the receiver serves; each can be given its own replies. */
export type Signal = "otlp" | "sentryOtlp" | "jaegerHttp" | "jaegerUdp" | "sentry"

/** Every signal, for loops. */
export const signals: ReadonlyArray<Signal> = ["otlp", "sentryOtlp", "jaegerHttp", "jaegerUdp", "sentry"]

/** The encoding that a message arrived in; a real Jaeger takes compact Thrift on UDP 6831 and binary on 6832. */
export type Protocol = "otlp/protobuf" | "thrift/binary" | "thrift/compact" | "sentry/envelope"

export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ReadonlyArray<AttributeValue>
  | { readonly [key: string]: AttributeValue }

export type Attributes = { readonly [key: string]: AttributeValue }

export type SpanKind = "unspecified" | "internal" | "server" | "client" | "producer" | "consumer"

export interface SpanStatus {
  readonly code: "unset" | "ok" | "error"
  readonly message: string | undefined
}

export interface SpanEvent {
  readonly name: string
  readonly timeUnixNano: bigint
  readonly attributes: Attributes
}

export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
  readonly attributes: Attributes
}

/**
 * One span as it was received. Times are nanoseconds since 1970 (Thrift carries microseconds, and milliseconds for
 * events), ids are lower-case hex. Thrift has no resource of its own beyond the process: there `resource` holds the
 * process tags and the span tags under `service.`, `telemetry.sdk.`, `deployment.`, and arrays arrive as strings.
 */
export interface ReceivedSpan {
  readonly signal: Signal
  readonly protocol: Protocol
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: SpanKind
  readonly startTimeUnixNano: bigint
  readonly endTimeUnixNano: bigint
  readonly attributes: Attributes
  readonly events: ReadonlyArray<SpanEvent>
  readonly links: ReadonlyArray<SpanLink>
  readonly status: SpanStatus
  readonly resource: Attributes
  readonly scope: { readonly name: string; readonly version: string | undefined }
}
