import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { performance } from "node:perf_hooks"
import type { ArrivedRequest, Decoded, RequestHead } from "./ReceivedRequest.ts"

/**
 * How the receiver answers: data, so that a fault test reads as a table.
 *
 * What a collector keeps and what it answers are two things. `stores` says whether the spans and events of the request
 * count as received: by default they do when the answer says so (a status below 400), and they do not when no answer
 * is given; `{ stores: true }` on a hang or a reset makes the lost answer of a collector that had taken the spans.
 */
export type Reply =
  | { readonly _tag: "Ok" }
  | {
    readonly _tag: "Status"
    readonly code: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | Uint8Array
    readonly stores: boolean
  }
  | { readonly _tag: "PartialSuccess"; readonly rejected: number | ReadonlySet<string>; readonly message: string }
  | { readonly _tag: "Garbage"; readonly body: Uint8Array; readonly stores: boolean }
  | { readonly _tag: "SlowDrip"; readonly every: Duration.Duration; readonly bytes: number; readonly stores: boolean }
  | { readonly _tag: "Hang"; readonly reads: boolean; readonly stores: boolean }
  | { readonly _tag: "Reset"; readonly at: ResetPoint; readonly stores: boolean }
  | { readonly _tag: "Delay"; readonly duration: Duration.Duration; readonly reply: Reply }
  | { readonly _tag: "Gate"; readonly gate: Effect.Effect<unknown, unknown>; readonly reply: Reply }
  | { readonly _tag: "Inspect"; readonly choose: (request: ArrivedRequest, decoded: Decoded) => Reply }

/**
 * Where a connection is reset: after the headers, after the first bytes of the request's body, after the whole
 * request, or in the middle of the answer.
 */
export type ResetPoint = "headers" | "request-body" | "answer" | "answer-body"

/** Chooses the reply to the `n`th request (from 1) of a signal since the responder was set. */
export type Responder = (request: RequestHead, n: number) => Reply

/** Takes the request and says so, as the protocol wants it (200, for Jaeger 202). The default. */
export const ok: Reply = { _tag: "Ok" }

/** Answers with a status, headers (say `{ "retry-after": "2" }`) and a body; stores nothing from 400 on. */
export const status = (
  code: number,
  headers: Readonly<Record<string, string>> = {},
  options: { readonly body?: string | Uint8Array; readonly stores?: boolean } = {}
): Reply => ({
  _tag: "Status",
  code,
  headers,
  body: options.body ?? "",
  stores: options.stores ?? code < 400
})

/**
 * OTLP's partial success: 200, but some spans of the request are refused and not stored: the last `rejected` of them, or
 * those with the given span ids.
 */
export const partialSuccess = (
  rejected: number | ReadonlySet<string>,
  message = "rejected by the receiver"
): Reply => ({ _tag: "PartialSuccess", rejected, message })

/** 200 with a body that is no valid response of any protocol; the spans are stored unless told otherwise. */
export const garbage = (
  options: { readonly body?: Uint8Array; readonly stores?: boolean } = {}
): Reply => ({
  _tag: "Garbage",
  body: options.body ?? Uint8Array.from({ length: 64 }, () => 0xff),
  stores: options.stores ?? true
})

/** A valid answer of `bytes` bytes (64), one byte every so often (1 second). */
export const slowDrip = (
  options: { readonly every?: Duration.Input; readonly bytes?: number; readonly stores?: boolean } = {}
): Reply => ({
  _tag: "SlowDrip",
  every: Duration.fromInputUnsafe(options.every ?? "1 second"),
  bytes: options.bytes ?? 64,
  stores: options.stores ?? true
})

/** Accepts and never answers; with `reads: false` it does not read the body either. */
export const hang = (options: { readonly reads?: boolean; readonly stores?: boolean } = {}): Reply => ({
  _tag: "Hang",
  reads: options.reads ?? true,
  stores: options.stores ?? false
})

/** Resets the TCP connection (RST) at a point of the exchange, `answer` by default. */
export const resetConnection = (
  options: { readonly at?: ResetPoint; readonly stores?: boolean } = {}
): Reply => ({ _tag: "Reset", at: options.at ?? "answer", stores: options.stores ?? false })

/** Answers later, on the real clock; what `reply` stores is stored when the request has arrived. */
export const delay = (duration: Duration.Input, reply: Reply = ok): Reply => ({
  _tag: "Delay",
  duration: Duration.fromInputUnsafe(duration),
  reply
})

/** Answers once `gate` has ended (a latch, a deferred), for tests without time; stores as `delay` does. */
export const gate = (gate: Effect.Effect<unknown, unknown>, reply: Reply = ok): Reply => ({ _tag: "Gate", gate, reply })

/** Chooses by the whole request and what it says, once its body has arrived. */
export const inspect = (choose: (request: ArrivedRequest, decoded: Decoded) => Reply): Reply => ({
  _tag: "Inspect",
  choose
})

/** Answers 413 to a body of more than `bytes` bytes as sent, and otherwise as told. */
export const tooLargeOver = (bytes: number, otherwise: Reply = ok): Reply =>
  inspect(({ raw }) => raw.byteLength > bytes ? status(413) : otherwise)

/** Changes between two replies every so often (1 second) by the real clock, beginning with the bad one. */
export const flapping = (
  bad: Reply,
  options: { readonly every?: Duration.Input; readonly good?: Reply } = {}
): Responder => {
  const period = Duration.toMillis(Duration.fromInputUnsafe(options.every ?? "1 second"))
  const start = performance.now()
  return () => Math.floor((performance.now() - start) / period) % 2 === 0 ? bad : options.good ?? ok
}

/** The given replies one after the other, then `rest` for ever: `sequence([status(503), status(429)], ok)`. */
export const sequence = (replies: ReadonlyArray<Reply>, rest: Reply = ok): Responder => (_request, n) =>
  replies[n - 1] ?? rest

/** Which of the spans or items of a request a reply takes, by their ids; an `inspect` must have been asked before. */
export const accepts = (reply: Reply, ids: ReadonlyArray<string>): ReadonlyArray<boolean> => {
  switch (reply._tag) {
    case "Ok":
      return ids.map(() => true)
    case "PartialSuccess": {
      const { rejected } = reply
      return ids.map((id, index) => typeof rejected === "number" ? index < ids.length - rejected : !rejected.has(id))
    }
    case "Delay":
    case "Gate":
      return accepts(reply.reply, ids)
    case "Inspect":
      return ids.map(() => false)
    default:
      return ids.map(() => reply.stores)
  }
}

/** The reply with the number of spans that it refuses in place of their ids, as it goes over the wire. */
export const counted = (reply: Reply, refused: number): Reply => {
  switch (reply._tag) {
    case "PartialSuccess":
      return typeof reply.rejected === "number" ? reply : { ...reply, rejected: refused }
    case "Delay":
    case "Gate":
      return { ...reply, reply: counted(reply.reply, refused) }
    default:
      return reply
  }
}
