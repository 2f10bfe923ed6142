import * as Result from "effect/Result"
import { DecodeError } from "./DecodeError.ts"
import type { Attributes, AttributeValue, ReceivedSpan, Signal, SpanEvent, SpanKind, SpanLink } from "./ReceivedSpan.ts"
import * as Thrift from "./ThriftReader.ts"

/**
 * Jaeger's `Batch` by the field numbers of `jaeger.thrift`, and the tags by which OpenTelemetry's Jaeger exporter
 * carries what Jaeger has no field for (status, kind, scope, resource).
 */

const kinds: ReadonlySet<string> = new Set<SpanKind>(["internal", "server", "client", "producer", "consumer"])
const resourcePrefixes = ["service.", "telemetry.sdk.", "deployment."]
const followsFrom = 1

const bad = (what: string, value: unknown): DecodeError =>
  new DecodeError({ format: "jaeger", reason: `${what} is ${value === undefined ? "missing" : typeof value}` })

const text = (struct: Thrift.ThriftStruct, field: number, what: string): string => {
  const value = struct.get(field)
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8")
  throw bad(what, value)
}

const long = (struct: Thrift.ThriftStruct, field: number, what: string): bigint => {
  const value = struct.get(field)
  if (typeof value === "bigint") return value
  throw bad(what, value)
}

const struct = (value: Thrift.ThriftValue | undefined, what: string): Thrift.ThriftStruct => {
  if (value instanceof Map) return value
  throw bad(what, value)
}

const list = (
  value: Thrift.ThriftValue | undefined,
  what: string
): ReadonlyArray<Thrift.ThriftStruct> => {
  if (value === undefined) return []
  if (Array.isArray(value)) return value.map((item: Thrift.ThriftValue) => struct(item, what))
  throw bad(what, value)
}

const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, "0")

const tag = (fields: Thrift.ThriftStruct): readonly [string, AttributeValue] => {
  const key = text(fields, 1, "a tag's key")
  const type = fields.get(2)
  switch (type) {
    case 0:
      return [key, text(fields, 3, `the string of tag ${key}`)]
    case 1: {
      const value = fields.get(4)
      if (typeof value === "number") return [key, value]
      throw bad(`the double of tag ${key}`, value)
    }
    case 2: {
      const value = fields.get(5)
      if (typeof value === "boolean") return [key, value]
      throw bad(`the bool of tag ${key}`, value)
    }
    case 3: {
      const value = long(fields, 6, `the long of tag ${key}`)
      return [key, Number.isSafeInteger(Number(value)) ? Number(value) : value]
    }
    case 4: {
      const value = fields.get(7)
      if (value instanceof Uint8Array) return [key, value.slice()]
      throw bad(`the binary of tag ${key}`, value)
    }
    default:
      throw new DecodeError({ format: "jaeger", reason: `tag ${key} has type ${String(type)}, allowed are 0 to 4` })
  }
}

const tags = (value: Thrift.ThriftValue | undefined): ReadonlyArray<readonly [string, AttributeValue]> =>
  list(value, "tags").map(tag)

const log = (fields: Thrift.ThriftStruct): SpanEvent => {
  const { event, ...attributes } = Object.fromEntries(tags(fields.get(2)))
  return {
    name: event === undefined ? "" : String(event),
    timeUnixNano: long(fields, 1, "a log's timestamp") * 1000n,
    attributes
  }
}

const link = (fields: Thrift.ThriftStruct): SpanLink => ({
  traceId: hex(long(fields, 3, "traceIdHigh of a reference")) + hex(long(fields, 2, "traceIdLow of a reference")),
  spanId: hex(long(fields, 4, "spanId of a reference")),
  attributes: {}
})

const optionalText = (value: AttributeValue | undefined): string | undefined =>
  value === undefined || value === "" ? undefined : String(value)

const span = (
  fields: Thrift.ThriftStruct,
  signal: Signal,
  protocol: Thrift.ThriftProtocol,
  process: Attributes
): ReceivedSpan => {
  const own = new Map(tags(fields.get(10)))
  const statusCode = own.get("otel.status_code")
  const kind = own.get("span.kind")
  const carriers = new Set(["otel.status_code", "otel.status_description", "otel.library.name", "otel.library.version"])
  if (statusCode === "ERROR" && own.get("error") === true) carriers.add("error")
  if (typeof kind === "string" && kinds.has(kind)) carriers.add("span.kind")
  const ofResource = (key: string) => resourcePrefixes.some((prefix) => key.startsWith(prefix))
  const entries = [...own].filter(([key]) => !carriers.has(key))

  const references = list(fields.get(6), "references")
  const parent = long(fields, 4, "parentSpanId")
  const start = long(fields, 8, "startTime") * 1000n
  return {
    signal,
    protocol: `thrift/${protocol}`,
    traceId: hex(long(fields, 2, "traceIdHigh")) + hex(long(fields, 1, "traceIdLow")),
    spanId: hex(long(fields, 3, "spanId")),
    parentSpanId: parent === 0n ? undefined : hex(parent),
    name: text(fields, 5, "operationName"),
    kind: typeof kind === "string" && kinds.has(kind) ? kind as SpanKind : "internal",
    startTimeUnixNano: start,
    endTimeUnixNano: start + long(fields, 9, "duration") * 1000n,
    attributes: Object.fromEntries(entries.filter(([key]) => !ofResource(key))),
    events: list(fields.get(11), "logs").map(log),
    links: references.filter((reference) => reference.get(1) === followsFrom).map(link),
    status: {
      code: statusCode === "ERROR" ? "error" : statusCode === "OK" ? "ok" : "unset",
      message: optionalText(own.get("otel.status_description"))
    },
    resource: { ...process, ...Object.fromEntries(entries.filter(([key]) => ofResource(key))) },
    scope: {
      name: optionalText(own.get("otel.library.name")) ?? "",
      version: optionalText(own.get("otel.library.version"))
    }
  }
}

const spans = (
  batch: Thrift.ThriftStruct,
  signal: Signal,
  protocol: Thrift.ThriftProtocol
): ReadonlyArray<ReceivedSpan> => {
  const process = struct(batch.get(1), "the process of a batch")
  const resource = Object.fromEntries([
    ...tags(process.get(2)),
    ["service.name", text(process, 1, "serviceName")] as const
  ])
  return list(batch.get(2), "the spans of a batch").map((fields) => span(fields, signal, protocol, resource))
}

const attempt = (
  decode: () => ReadonlyArray<ReceivedSpan>
): Result.Result<ReadonlyArray<ReceivedSpan>, DecodeError> => {
  try {
    return Result.succeed(decode())
  } catch (error) {
    if (error instanceof DecodeError) return Result.fail(error)
    throw error
  }
}

/** The spans of a bare `Batch`, as Jaeger's collector takes it in the body of `POST /api/traces` (binary protocol). */
export const decodeBatch = (
  bytes: Uint8Array,
  signal: Signal
): Result.Result<ReadonlyArray<ReceivedSpan>, DecodeError> =>
  attempt(() => {
    const reader = new Thrift.ThriftReader(bytes, "binary")
    const batch = reader.struct()
    if (!reader.done) throw reader.error("bytes after the batch")
    return spans(batch, signal, reader.protocol)
  })

/** The spans of one datagram: the message `Agent.emitBatch`, compact or binary. */
export const decodeDatagram = (
  bytes: Uint8Array,
  signal: Signal
): Result.Result<ReadonlyArray<ReceivedSpan>, DecodeError> =>
  attempt(() => {
    const reader = new Thrift.ThriftReader(bytes, Thrift.protocolOf(bytes))
    const { body, name } = reader.message()
    if (name !== "emitBatch") {
      throw new DecodeError({ format: "jaeger", reason: `method ${JSON.stringify(name)}, expected emitBatch` })
    }
    if (!reader.done) throw reader.error("bytes after the message")
    return spans(struct(body.get(1), "the batch"), signal, reader.protocol)
  })
