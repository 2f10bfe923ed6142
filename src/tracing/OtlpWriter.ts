/**
 * Writes spans as an `ExportTraceServiceRequest` in protobuf, byte for byte what OpenTelemetry's serialiser would make of
 * them.
 *
 * That one walks each span twice, and wants ids as text, times as pairs and attributes as objects. This one takes records
 * as they are, and stops after each slice of a request so that others get their turn.
 */
import * as OtlpMessages from "./OtlpMessages.ts"
import * as OtlpRequest from "./OtlpRequest.ts"
import { type Names, ProtobufWriter } from "./ProtobufWriter.ts"
import type { SpanRecord } from "./SpanRecord.ts"

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
  for (const [resource, scopes] of OtlpRequest.grouped(spans)) {
    const [beforeResource, ofOthers] = [out.length, count]
    const resourceSpans = begin(out, OtlpRequest.resourceSpansTag)
    out.raw(OtlpRequest.resourceHead(resource))
    for (const [scope, ofScope] of scopes) {
      const [beforeScope, before] = [out.length, count]
      const scopeSpans = begin(out, OtlpRequest.scopeSpansTag)
      out.raw(OtlpRequest.scopeHead(scope))
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
  return { body: count === 0 ? undefined : out.bytes(), count }
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
    out.byte(OtlpRequest.schemaUrlTag)
    out.text(schemaUrl)
  }
  out.close(start, lengthBytes)
}
