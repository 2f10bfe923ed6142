/**
 * Spans to Jaeger in its legacy Thrift forms.
 *
 * Only the translation of spans is `@opentelemetry/exporter-jaeger`'s. Its sender loses a batch for one large span,
 * reports success without an answer, has no deadline, drops query strings and takes its address from variables of its
 * own, so packing and sending are ours. Prefer OTLP where there is a choice: every Jaeger since 1.35 takes it.
 */
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Dgram from "node:dgram"
import * as Net from "node:net"
import type { Guard } from "../Guard.ts"
import type { DropReason } from "./Accounting.ts"
import * as HttpPost from "./HttpPost.ts"
import { inTurns } from "./InTurns.ts"
import * as JaegerThrift from "./JaegerThrift.ts"
import type { ExportResult, SpanSink, SpanSinkError } from "./SpanSink.ts"
import type * as Thrift from "./Thrift.ts"

/** What Jaeger's agent takes as one packet at most, in bytes. */
export const maxPacketBytes = 65_000

/** The agent's port for the binary encoding; every other port is taken for the compact one, as 6831 is. */
const binaryPort = 6832

/** The encoding that an agent expects on a port. */
export const encodingOf = (port: number): Thrift.Encoding => port === binaryPort ? "binary" : "compact"

/** Thrift over HTTP, to a collector's `/api/traces`; the query string of the address is kept. */
export const http = (options: {
  readonly url: string
  readonly headers: Readonly<Record<string, Redacted.Redacted<string>>>
  readonly timeout: Duration.Duration
  readonly guard: Guard
  readonly timers?: HttpPost.Options["timers"]
}): SpanSink => {
  const name = "jaeger"
  const poster = HttpPost.make({
    sink: name,
    url: options.url,
    headers: { ...Record.map(options.headers, Redacted.value), "content-type": "application/x-thrift" },
    timeout: options.timeout,
    timers: options.timers
  })
  // Of the export that was begun last: whether a part of it has arrived, and whether it has come to a request.
  let isPartlyThere = false
  let isPosting = false
  return {
    name,
    acknowledged: true,
    export: (batch, onResent) =>
      Effect.suspend(() => {
        isPartlyThere = false
        isPosting = false
        return Effect.flatMap(inTurns(encode(batch, "binary", options.guard)), ({ faults, groups }) =>
          Effect.reduce(groups, () =>
            nothing(faults), (total, group) => {
            // Who can't be reached for one group is not asked for the next; that one waits along.
            const before = total.left?.find(({ error }) => error.retryable)
            if (before !== undefined) return Effect.succeed(add(total, waitingAlong(group, before.error)))
            const body = JaegerThrift.encodeBatch(group.process, group.bytes)
            const answer = poster.post(body, () => onResent?.(group.spans.length))
            isPosting = true
            return answer.pipe(
              Effect.map(() => {
                isPartlyThere = true
                return add(total, { accepted: group.spans.length, rejected: 0 })
              }),
              Effect.catchTag("SpanSinkError", (error) => Effect.succeed(add(total, waitingAlong(group, error))))
            )
          }))
      }),
    mayHaveLeft: () => isPartlyThere || isPosting && poster.mayHaveLeft(),
    shutdown: poster.close
  }
}

/** Thrift over UDP, to an agent: nobody confirms anything. A span that fits no packet is dropped alone. */
export const udp = (options: {
  readonly host: string
  readonly port: number
  readonly guard: Guard
}): SpanSink => {
  const { guard, host, port } = options
  const encoding = encodingOf(port)
  let socket: Dgram.Socket | undefined
  const open = (): Dgram.Socket => {
    if (socket !== undefined) return socket
    const opened = Dgram.createSocket(Net.isIPv6(host) ? "udp6" : "udp4")
    opened.unref()
    opened.on("error", (error) => guard.count("sink", error))
    socket = opened
    return opened
  }
  const send = (packet: Uint8Array): Effect.Effect<"sent" | "too_large" | "unreachable"> =>
    Effect.callback((resume) => {
      open().send(packet, port, host, (error) => {
        if (error === null) return resume(Effect.succeed("sent"))
        resume(Effect.succeed((error as NodeJS.ErrnoException).code === "EMSGSIZE" ? "too_large" : "unreachable"))
      })
    })
  // Some kernels take less than Jaeger does (macOS: 9,216 bytes), which only sending tells.
  const sendSpans = (process: Uint8Array, spans: ReadonlyArray<Uint8Array>): Effect.Effect<ExportResult> =>
    Effect.flatMap(send(JaegerThrift.encodeEmitBatch(process, spans, encoding)), (outcome) => {
      if (outcome === "sent") return Effect.succeed({ accepted: spans.length, rejected: 0 })
      if (outcome === "unreachable" || spans.length === 1) {
        return Effect.succeed(lost(outcome, spans.length))
      }
      const half = spans.length >> 1
      return Effect.zipWith(
        sendSpans(process, spans.slice(0, half)),
        sendSpans(process, spans.slice(half)),
        add
      )
    })
  return {
    name: "jaeger",
    acknowledged: false,
    export: (batch) =>
      Effect.flatMap(
        Effect.suspend(() => inTurns(encode(batch, encoding, guard))),
        ({ faults, groups }) =>
          Effect.reduce(groups, () => nothing(faults), (total, { bytes, process }) => {
            const { oversized, packets } = pack(bytes, maxPacketBytes - overhead(process, encoding))
            const before = add(total, lost("too_large", oversized))
            return Effect.reduce(packets, () => before, (result, packet) =>
              Effect.map(sendSpans(process, packet), (more) => add(result, more)))
          })
      ),
    shutdown: Effect.sync(() => {
      socket?.close()
      socket = undefined
    })
  }
}

/** The spans of one resource; a layer has one, a foreign provider's sink may see several. */
interface Group {
  readonly process: Uint8Array
  readonly spans: Array<ReadableSpan>
  /** Each span encoded, in the same order. */
  readonly bytes: Array<Uint8Array>
}

interface Encoded {
  readonly groups: ReadonlyArray<Group>
  readonly faults: number
}

/** The spans that are encoded in one turn of the event loop: the translation takes its time. */
const sliceSpans = 16

/** Encodes each span by itself, under its resource; one that can't be encoded costs itself only. */
function* encode(
  batch: ReadonlyArray<ReadableSpan>,
  encoding: Thrift.Encoding,
  guard: Guard
): Generator<void, Encoded> {
  const groups = new Map<ReadableSpan["resource"], Group>()
  let faults = 0
  for (const [index, span] of batch.entries()) {
    if (index > 0 && index % sliceSpans === 0) yield
    guard.run("sink", () => {
      const bytes = JaegerThrift.encodeSpan(span, encoding)
      let group = groups.get(span.resource)
      if (group === undefined) {
        group = { process: JaegerThrift.encodeProcess(span.resource.attributes, encoding), spans: [], bytes: [] }
        groups.set(span.resource, group)
      }
      group.spans.push(span)
      group.bytes.push(bytes)
    }, () => {
      faults++
    })
  }
  return { groups: [...groups.values()], faults }
}

/** Fills packets in order; what fits none is counted. */
export const pack = (
  spans: ReadonlyArray<Uint8Array>,
  room: number
): { readonly packets: ReadonlyArray<ReadonlyArray<Uint8Array>>; readonly oversized: number } => {
  const packets: Array<ReadonlyArray<Uint8Array>> = []
  let oversized = 0
  let packet: Array<Uint8Array> = []
  let size = 0
  for (const span of spans) {
    if (span.byteLength > room) {
      oversized++
      continue
    }
    if (size + span.byteLength > room) {
      packets.push(packet)
      packet = []
      size = 0
    }
    packet.push(span)
    size += span.byteLength
  }
  if (packet.length > 0) packets.push(packet)
  return { packets, oversized }
}

// An empty message, and what the length of a long list adds to it.
const overhead = (process: Uint8Array, encoding: Thrift.Encoding): number =>
  JaegerThrift.encodeEmitBatch(process, [], encoding).byteLength + 4

const lost = (reason: DropReason, count: number): ExportResult => ({
  accepted: 0,
  rejected: 0,
  dropped: { [reason]: count }
})

const nothing = (faults: number): ExportResult => lost("fault", faults)

const waitingAlong = ({ spans }: Group, error: SpanSinkError): ExportResult => ({
  accepted: 0,
  rejected: 0,
  left: [{ spans, error }]
})

const add = (left: ExportResult, right: ExportResult): ExportResult => {
  const dropped = { ...left.dropped }
  for (const [reason, count] of Object.entries(right.dropped ?? {}) as Array<[keyof typeof dropped, number]>) {
    dropped[reason] = (dropped[reason] ?? 0) + count
  }
  return {
    accepted: left.accepted + right.accepted,
    rejected: left.rejected + right.rejected,
    dropped,
    left: [...left.left ?? [], ...right.left ?? []]
  }
}
