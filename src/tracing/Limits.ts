/**
 * What the queue of a sink holds, what a request carries, and when something is sent.
 */
import * as Backoff from "../delivery/Backoff.ts"
import * as Circuit from "../delivery/Circuit.ts"

/** See the module. Times in milliseconds, requests in bytes of OTLP's protobuf encoding. */
export interface Limits {
  /** The most spans that a queue holds, those on their way included, since they may come back. */
  readonly maxQueueSize: number
  /** The most bytes that a queue holds, as above: encoded spans and their entries, or records, see `SpanSize.inHeap`. */
  readonly maxQueueBytes: number
  readonly maxExportBatchSize: number
  /** The largest request. A span that is larger all by itself is dropped. */
  readonly maxRequestBytes: number
  /** How long a span waits at most for others to go with. */
  readonly scheduledDelay: number
  /** How long an export may take. */
  readonly exportTimeout: number
  readonly retry: Backoff.Policy
  readonly circuit: Circuit.Policy
}

const mebibyte = 1024 * 1024

/**
 * The defaults of OpenTelemetry's specification for batching. It knows no bounds in bytes: 8 MiB are what 2,048
 * spans of 4 KB take, most of that their texts, and 4 MiB are what gRPC servers receive by default, collectors included; the default of the
 * collector's HTTP receiver is 20 MiB.
 */
export const defaults: Limits = {
  maxQueueSize: 2_048,
  maxQueueBytes: 8 * mebibyte,
  maxExportBatchSize: 512,
  maxRequestBytes: 4 * mebibyte,
  scheduledDelay: 5_000,
  exportTimeout: 30_000,
  retry: Backoff.defaultPolicy,
  circuit: Circuit.defaultPolicy
}

/**
 * By what requests grow again, each time one was not too large. After a 413 they are half as large: behind a proxy that
 * takes a tenth of them, about one in twelve is sent in vain.
 */
export const requestGrowth = 17 / 16

/** A circuit's trial carries this many spans: what it risks is lost if the answer is. */
export const trialBatchSize = 32
