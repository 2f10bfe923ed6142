/**
 * Writes spans as an `ExportTraceServiceRequest` in protobuf, byte for byte what OpenTelemetry's serialiser would make of
 * them.
 *
 * That one walks each span twice, and wants ids as text, times as pairs and attributes as objects. This one takes records
 * as they are, and stops after each slice of a request so that others get their turn.
 */
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as OtlpMessages from "./OtlpMessages.ts"
import { type Names, names, ProtobufWriter } from "./ProtobufWriter.ts"
import type { Source, SpanRecord } from "./SpanRecord.ts"

/**
 * The most spans of one slice: some forty microseconds, of which no request is the slower. A program that makes spans
 * without a pause fills its queue from slice to slice.
 */
export const sliceSpans = 128

/** A slice ends with the span that makes it so many bytes. */
export const sliceBytes = 64 * 1_024

/** What became of the spans of a request. */
export interface Written {
  /** Nothing where no span could be written. */
  readonly body: Uint8Array | undefined
  readonly count: number
  /** The buffer that the body is in, for the next request once this one has been answered. */
  readonly room: Buffer
}

/** What the requests of a sink share. */
export interface Options {
  /** See {@link names}. */
  readonly names: Names
  /** Told of each span that can't be written; it is left out. */
  readonly onFault: (fault: unknown) => void
}

/** Writes a request, one slice with each step; into `room` where there is one left. */
export function* write(spans: ReadonlyArray<SpanRecord>, options: Options, room?: Buffer): Generator<void, Written> {
  const out = new ProtobufWriter(room ?? Buffer.allocUnsafeSlow(1_024 + 256 * spans.length))
  let count = 0
  let ofSlice = 0
  let sliceStart = 0
  for (const [resource, scopes] of grouped(spans)) {
    const [beforeResource, ofOthers] = [out.length, count]
    const resourceSpans = begin(out, resourceSpansTag)
    out.raw(remembered(resource, ofResource))
    for (const [scope, ofScope] of scopes) {
      const [beforeScope, before] = [out.length, count]
      const scopeSpans = begin(out, scopeSpansTag)
      out.raw(remembered(scope, OtlpMessages.scope))
      for (const span of ofScope) {
        if (ofSlice >= sliceSpans || out.length - sliceStart >= sliceBytes) {
          yield
          ofSlice = 0
          sliceStart = out.length
        }
        ofSlice++
        if (writeSpan(out, span, options)) count++
      }
      if (count > before) end(out, scopeSpans, scope.schemaUrl)
      else out.cut(beforeScope)
    }
    if (count > ofOthers) end(out, resourceSpans, resource.schemaUrl)
    else out.cut(beforeResource)
  }
  return { body: count === 0 ? undefined : out.bytes(), count, room: out.room }
}

const writeSpan = (out: ProtobufWriter, span: SpanRecord, { names, onFault }: Options): boolean => {
  const before = out.length
  try {
    OtlpMessages.span(out, names, span)
    return true
  } catch (fault) {
    out.cut(before)
    onFault(fault)
    return false
  }
}

type Resource = ReadableSpan["resource"]
type Scope = ReadableSpan["instrumentationScope"]

/** The spans by resource and scope, in the order in which these first come. */
const grouped = (
  spans: ReadonlyArray<SpanRecord>
): ReadonlyMap<Resource, ReadonlyMap<Scope, ReadonlyArray<SpanRecord>>> => {
  const resources = new Map<Resource, Map<Scope, Array<SpanRecord>>>()
  let group: Array<SpanRecord> = []
  let before: Source | undefined
  for (const span of spans) {
    const { source } = span
    if (source !== before) group = groupOf(source, resources)
    group.push(span)
    before = source
  }
  return resources
}

const groupOf = (
  { instrumentationScope, resource }: Source,
  resources: Map<Resource, Map<Scope, Array<SpanRecord>>>
): Array<SpanRecord> => {
  let scopes = resources.get(resource)
  if (scopes === undefined) resources.set(resource, scopes = new Map())
  let group = scopes.get(instrumentationScope)
  if (group === undefined) scopes.set(instrumentationScope, group = [])
  return group
}

// `ResourceSpans` and `ScopeSpans` are much the same: one field 1 that tells whose, many fields 2, and a schema's URL.
const [resourceSpansTag, scopeSpansTag, schemaUrlTag] = [0x0a, 0x12, 0x1a]

/** The bytes of a length below 2 MiB. */
const lengthBytes = 3

const begin = (out: ProtobufWriter, tag: number): number => {
  out.reserve()
  out.byte(tag)
  return out.open(lengthBytes)
}

const end = (out: ProtobufWriter, start: number, schemaUrl: string | undefined): void => {
  if (schemaUrl) {
    out.reserve()
    out.byte(schemaUrlTag)
    out.text(schemaUrl)
  }
  out.close(start, lengthBytes)
}

// A program has one resource and a handful of scopes, for ever.
const messages = new WeakMap<object, Uint8Array>()

const remembered = <A extends object>(of: A, write: (out: ProtobufWriter, of: A) => void): Uint8Array => {
  const known = messages.get(of)
  if (known !== undefined) return known
  const out = new ProtobufWriter(Buffer.allocUnsafeSlow(512))
  write(out, of)
  const bytes = out.bytes()
  // What is still being found out is told anew with each request.
  if (!("asyncAttributesPending" in of && of.asyncAttributesPending === true)) messages.set(of, bytes)
  return bytes
}

const ofResource = (out: ProtobufWriter, resource: Resource): void => OtlpMessages.resource(out, names(), resource)
