/**
 * A request of OTLP around spans that are encoded already: it tells whose they are, each resource and scope once, and
 * copies them.
 */
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as OtlpMessages from "./OtlpMessages.ts"
import { lengthBytes, names, ProtobufWriter } from "./ProtobufWriter.ts"
import type { Source } from "./SpanRecord.ts"
import type { EncodedSpan, EncodedSpans } from "./SpanSink.ts"

type Resource = Source["resource"]
type Scope = Source["instrumentationScope"]

// `ResourceSpans` and `ScopeSpans` are much the same: one field 1 that tells whose, many fields 2, and a schema's URL.
export const [resourceSpansTag, scopeSpansTag, schemaUrlTag] = [0x0a, 0x12, 0x1a]

/** A new buffer is a multiple of so many bytes, so that the next request fits as well. */
const block = 64 * 1_024

/** Spans of one scope, with what stands around them. */
interface ScopeSpans {
  readonly head: Uint8Array
  readonly spans: ReadonlyArray<EncodedSpan>
  readonly tail: Uint8Array
  /** The bytes of all that. */
  readonly length: number
}

/** Scopes of one resource, likewise. */
interface ResourceSpans {
  readonly head: Uint8Array
  readonly scopes: ReadonlyArray<ScopeSpans>
  readonly tail: Uint8Array
  readonly length: number
}

/** Some sixty microseconds, of which no other request is the slower: most requests take one slice. */
export const sliceBytes = 128 * 1_024

/** Writes the request, one slice with each step; into `room` where that is large enough. */
export function* write(batch: EncodedSpans, room?: Buffer): Generator<void, Uint8Array> {
  const resources: Array<ResourceSpans> = []
  let length = 0
  for (const [resource, scopes] of grouped(batch.spans)) {
    const measured = measureResource(resource, scopes)
    resources.push(measured)
    length += withLength(measured.length)
  }
  const fits = room !== undefined && room.length >= length
  const out = new ProtobufWriter(fits ? room : Buffer.allocUnsafeSlow(Math.ceil(length / block) * block))
  const slice = { end: sliceBytes }
  for (const { head, length, scopes, tail } of resources) {
    begin(out, resourceSpansTag, length, head)
    for (const { head, length, spans, tail } of scopes) {
      begin(out, scopeSpansTag, length, head)
      yield* copy(out, batch, spans, slice)
      out.exactly(tail)
    }
    out.exactly(tail)
  }
  return out.bytes()
}

const measureResource = (
  resource: Resource,
  scopes: ReadonlyMap<Scope, ReadonlyArray<EncodedSpan>>
): ResourceSpans => {
  const [head, tail] = [resourceHead(resource), schemaUrlOf(resource)]
  const measured = [...scopes].map(([scope, spans]) => measureScope(scope, spans))
  const length = measured.reduce((sum, { length }) => sum + withLength(length), head.length + tail.length)
  return { head, scopes: measured, tail, length }
}

const measureScope = (scope: Scope, spans: ReadonlyArray<EncodedSpan>): ScopeSpans => {
  const [head, tail] = [scopeHead(scope), schemaUrlOf(scope)]
  const length = spans.reduce((sum, { length }) => sum + length, head.length + tail.length)
  return { head, spans, tail, length }
}

/** The bytes of a message with its tag and length. */
const withLength = (length: number): number => 1 + lengthBytes(length) + length

const begin = (out: ProtobufWriter, tag: number, length: number, head: Uint8Array): void => {
  out.byte(tag)
  out.varint32(length)
  out.exactly(head)
}

/** Copies the spans, those that lie next to one another at once; between two steps they may move. */
function* copy(
  out: ProtobufWriter,
  batch: EncodedSpans,
  spans: ReadonlyArray<EncodedSpan>,
  slice: { end: number }
): Generator<void> {
  let [start, end] = [0, 0]
  for (const span of spans) {
    const isFull = out.length + end - start >= slice.end
    if (isFull || span.offset !== end) {
      out.exactly(batch.buffer.subarray(start, end))
      if (isFull) {
        yield
        slice.end = out.length + sliceBytes
      }
      start = span.offset
    }
    end = span.offset + span.length
  }
  out.exactly(batch.buffer.subarray(start, end))
}

/** What belongs to a resource and a scope, by these, in the order in which they first come. */
export const grouped = <A extends { readonly source: Source }>(
  spans: ReadonlyArray<A>
): ReadonlyMap<Resource, ReadonlyMap<Scope, ReadonlyArray<A>>> => {
  const resources = new Map<Resource, Map<Scope, Array<A>>>()
  let group: Array<A> = []
  let before: Source | undefined
  for (const span of spans) {
    const { source } = span
    if (source !== before) group = groupOf(source, resources)
    group.push(span)
    before = source
  }
  return resources
}

const groupOf = <A>(
  { instrumentationScope, resource }: Source,
  resources: Map<Resource, Map<Scope, Array<A>>>
): Array<A> => {
  let scopes = resources.get(resource)
  if (scopes === undefined) resources.set(resource, scopes = new Map())
  let group = scopes.get(instrumentationScope)
  if (group === undefined) scopes.set(instrumentationScope, group = [])
  return group
}

// A program has one resource and a handful of scopes, for ever.
const messages = new WeakMap<object, Uint8Array>()

const remembered = <A extends object>(of: A, write: (out: ProtobufWriter, of: A) => void): Uint8Array => {
  const known = messages.get(of)
  if (known !== undefined) return known
  const bytes = written((out) => write(out, of))
  // What is still being found out is told anew with each request.
  if (!("asyncAttributesPending" in of && of.asyncAttributesPending === true)) messages.set(of, bytes)
  return bytes
}

const written = (write: (out: ProtobufWriter) => void): Uint8Array => {
  const out = new ProtobufWriter(Buffer.allocUnsafeSlow(512))
  write(out)
  return out.bytes()
}

const ofResource = (out: ProtobufWriter, resource: Resource): void => OtlpMessages.resource(out, names(), resource)

/** The field that tells a resource. */
export const resourceHead = (resource: Resource): Uint8Array => remembered(resource, ofResource)

/** The field that tells a scope. */
export const scopeHead = (scope: Scope): Uint8Array => remembered(scope, OtlpMessages.scope)

const nothing = new Uint8Array()

const schemaUrlOf = ({ schemaUrl }: Pick<ReadableSpan["resource"], "schemaUrl">): Uint8Array =>
  schemaUrl
    ? written((out) => {
      out.byte(schemaUrlTag)
      out.text(schemaUrl)
    })
    : nothing
