import * as Result from "effect/Result"
import { DecodeError } from "./DecodeError.ts"
import { ProtobufReader } from "./ProtobufReader.ts"
import type {
  Attributes,
  AttributeValue,
  ReceivedSpan,
  Signal,
  SpanEvent,
  SpanKind,
  SpanLink,
  SpanStatus
} from "./ReceivedSpan.ts"

/**
 * OTLP's `ExportTraceServiceRequest` and its response, by the field numbers of opentelemetry-proto 1.x
 * (`collector/trace/v1/trace_service.proto`, `trace/v1/trace.proto`, `common/v1/common.proto`).
 */

const kinds: ReadonlyArray<SpanKind> = ["unspecified", "internal", "server", "client", "producer", "consumer"]
const statusCodes: ReadonlyArray<SpanStatus["code"]> = ["unset", "ok", "error"]
const maxDepth = 64

interface Resource {
  readonly attributes: Attributes
}

const anyValue = (bytes: Uint8Array, depth: number): AttributeValue => {
  if (depth > maxDepth) throw new DecodeError({ format: "otlp", reason: `values nested deeper than ${maxDepth}` })
  const reader = new ProtobufReader(bytes)
  let value: AttributeValue = null
  reader.eachField((field, wire) => {
    switch (field) {
      case 1:
        reader.expect(wire, 2, "string_value")
        value = reader.string()
        return true
      case 2:
        reader.expect(wire, 0, "bool_value")
        value = reader.bool()
        return true
      case 3:
        reader.expect(wire, 0, "int_value")
        value = reader.int64()
        return true
      case 4:
        reader.expect(wire, 1, "double_value")
        value = reader.double()
        return true
      case 5: {
        reader.expect(wire, 2, "array_value")
        const items: Array<AttributeValue> = []
        const list = new ProtobufReader(reader.delimited())
        list.eachField((item) => item === 1 && items.push(anyValue(list.delimited(), depth + 1)) > 0)
        value = items
        return true
      }
      case 6: {
        reader.expect(wire, 2, "kvlist_value")
        const entries: Array<readonly [string, AttributeValue]> = []
        const list = new ProtobufReader(reader.delimited())
        list.eachField((item) => item === 1 && entries.push(keyValue(list.delimited(), depth + 1)) > 0)
        value = Object.fromEntries(entries)
        return true
      }
      case 7:
        reader.expect(wire, 2, "bytes_value")
        value = reader.delimited().slice()
        return true
      default:
        return false
    }
  })
  return value
}

const keyValue = (bytes: Uint8Array, depth: number): readonly [string, AttributeValue] => {
  const reader = new ProtobufReader(bytes)
  let key = ""
  let value: AttributeValue = null
  reader.eachField((field, wire) => {
    if (field === 1) {
      reader.expect(wire, 2, "key")
      key = reader.string()
      return true
    }
    if (field === 2) {
      reader.expect(wire, 2, "value")
      value = anyValue(reader.delimited(), depth)
      return true
    }
    return false
  })
  return [key, value]
}

const id = (bytes: Uint8Array, length: 8 | 16, what: string): string => {
  if (bytes.length !== length || bytes.every((byte) => byte === 0)) {
    throw new DecodeError({
      format: "otlp",
      reason: `${what} is ${Buffer.from(bytes).toString("hex") || "empty"}, allowed are ${length} bytes, not all zero`
    })
  }
  return Buffer.from(bytes).toString("hex")
}

const event = (bytes: Uint8Array): SpanEvent => {
  const reader = new ProtobufReader(bytes)
  const attributes: Array<readonly [string, AttributeValue]> = []
  let timeUnixNano = 0n
  let name = ""
  reader.eachField((field, wire) => {
    switch (field) {
      case 1:
        reader.expect(wire, 1, "time_unix_nano")
        timeUnixNano = reader.fixed64()
        return true
      case 2:
        reader.expect(wire, 2, "event name")
        name = reader.string()
        return true
      case 3:
        reader.expect(wire, 2, "event attributes")
        attributes.push(keyValue(reader.delimited(), 0))
        return true
      default:
        return false
    }
  })
  return { name, timeUnixNano, attributes: Object.fromEntries(attributes) }
}

const link = (bytes: Uint8Array): SpanLink => {
  const reader = new ProtobufReader(bytes)
  const attributes: Array<readonly [string, AttributeValue]> = []
  let traceId = new Uint8Array()
  let spanId = new Uint8Array()
  reader.eachField((field, wire) => {
    if (field !== 1 && field !== 2 && field !== 4) return false
    reader.expect(wire, 2, "link")
    if (field === 1) traceId = new Uint8Array(reader.delimited())
    else if (field === 2) spanId = new Uint8Array(reader.delimited())
    else attributes.push(keyValue(reader.delimited(), 0))
    return true
  })
  return {
    traceId: id(traceId, 16, "the trace id of a link"),
    spanId: id(spanId, 8, "the span id of a link"),
    attributes: Object.fromEntries(attributes)
  }
}

const status = (bytes: Uint8Array): SpanStatus => {
  const reader = new ProtobufReader(bytes)
  let message = ""
  let code = 0
  reader.eachField((field, wire) => {
    if (field === 2) {
      reader.expect(wire, 2, "status message")
      message = reader.string()
      return true
    }
    if (field === 3) {
      reader.expect(wire, 0, "status code")
      code = reader.uint32()
      return true
    }
    return false
  })
  const name = statusCodes[code]
  if (name === undefined) {
    throw new DecodeError({ format: "otlp", reason: `status code ${code}, allowed are 0 (unset), 1 (ok), 2 (error)` })
  }
  return { code: name, message: message === "" ? undefined : message }
}

const span = (
  bytes: Uint8Array,
  signal: Signal,
  resource: Attributes,
  scope: ReceivedSpan["scope"]
): ReceivedSpan => {
  const reader = new ProtobufReader(bytes)
  const attributes: Array<readonly [string, AttributeValue]> = []
  const events: Array<SpanEvent> = []
  const links: Array<SpanLink> = []
  const ids: Record<1 | 2 | 4, Uint8Array> = { 1: new Uint8Array(), 2: new Uint8Array(), 4: new Uint8Array() }
  const times: Record<7 | 8, bigint> = { 7: 0n, 8: 0n }
  let name = ""
  let kind = 0
  let spanStatus: SpanStatus = { code: "unset", message: undefined }
  reader.eachField((field, wire) => {
    switch (field) {
      case 1:
      case 2:
      case 4:
        reader.expect(wire, 2, "an id")
        ids[field] = reader.delimited()
        return true
      case 5:
        reader.expect(wire, 2, "name")
        name = reader.string()
        return true
      case 6:
        reader.expect(wire, 0, "kind")
        kind = reader.uint32()
        return true
      case 7:
      case 8:
        reader.expect(wire, 1, "a time")
        times[field] = reader.fixed64()
        return true
      case 9:
        reader.expect(wire, 2, "attributes")
        attributes.push(keyValue(reader.delimited(), 0))
        return true
      case 11:
        reader.expect(wire, 2, "events")
        events.push(event(reader.delimited()))
        return true
      case 13:
        reader.expect(wire, 2, "links")
        links.push(link(reader.delimited()))
        return true
      case 15:
        reader.expect(wire, 2, "status")
        spanStatus = status(reader.delimited())
        return true
      default:
        return false
    }
  })
  return {
    signal,
    protocol: "otlp/protobuf",
    traceId: id(ids[1], 16, "trace_id"),
    spanId: id(ids[2], 8, "span_id"),
    parentSpanId: ids[4].length === 0 ? undefined : id(ids[4], 8, "parent_span_id"),
    name,
    kind: kinds[kind] ?? "unspecified",
    startTimeUnixNano: times[7],
    endTimeUnixNano: times[8],
    attributes: Object.fromEntries(attributes),
    events,
    links,
    status: spanStatus,
    resource,
    scope
  }
}

const decodeResource = (bytes: Uint8Array): Resource => {
  const reader = new ProtobufReader(bytes)
  const attributes: Array<readonly [string, AttributeValue]> = []
  reader.eachField((field) => field === 1 && attributes.push(keyValue(reader.delimited(), 0)) > 0)
  return { attributes: Object.fromEntries(attributes) }
}

const decodeScope = (bytes: Uint8Array): ReceivedSpan["scope"] => {
  const reader = new ProtobufReader(bytes)
  let name = ""
  let version = ""
  reader.eachField((field) => {
    if (field === 1) name = reader.string()
    else if (field === 2) version = reader.string()
    return field === 1 || field === 2
  })
  return { name, version: version === "" ? undefined : version }
}

/** The length-delimited fields of a message: `head` is the last field 1, `rest` all fields 2 (whatever their order). */
const headAndRest = (bytes: Uint8Array) => {
  const reader = new ProtobufReader(bytes)
  let head = new Uint8Array() as Uint8Array
  const rest: Array<Uint8Array> = []
  reader.eachField((field, wire) => {
    if (field !== 1 && field !== 2) return false
    reader.expect(wire, 2, `field ${field}`)
    if (field === 1) head = reader.delimited()
    else rest.push(reader.delimited())
    return true
  })
  return { head, rest }
}

/** The spans of an `ExportTraceServiceRequest` in protobuf, in the order in which they were sent. */
export const decode = (
  bytes: Uint8Array,
  signal: Signal
): Result.Result<ReadonlyArray<ReceivedSpan>, DecodeError> => {
  try {
    const spans: Array<ReceivedSpan> = []
    const request = new ProtobufReader(bytes)
    request.eachField((field, wire) => {
      if (field !== 1) return false
      request.expect(wire, 2, "resource_spans")
      const resourceSpans = headAndRest(request.delimited())
      const resource = decodeResource(resourceSpans.head).attributes
      for (const scopeSpans of resourceSpans.rest) {
        const { head, rest } = headAndRest(scopeSpans)
        const scope = decodeScope(head)
        for (const bytes of rest) spans.push(span(bytes, signal, resource, scope))
      }
      return true
    })
    return Result.succeed(spans)
  } catch (error) {
    if (error instanceof DecodeError) return Result.fail(error)
    throw error
  }
}

const varint = (value: bigint): Array<number> => {
  const bytes: Array<number> = []
  let rest = BigInt.asUintN(64, value)
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return bytes
}

/** An `ExportTraceServiceResponse`: empty when everything was taken, else with `partial_success`. */
export const encodeResponse = (
  partialSuccess?: { readonly rejectedSpans: number; readonly errorMessage: string }
): Uint8Array => {
  if (partialSuccess === undefined) return new Uint8Array()
  const message = new TextEncoder().encode(partialSuccess.errorMessage)
  const inner = [
    0x08,
    ...varint(BigInt(partialSuccess.rejectedSpans)),
    0x12,
    ...varint(BigInt(message.length)),
    ...message
  ]
  return Uint8Array.from([0x0a, ...varint(BigInt(inner.length)), ...inner])
}
