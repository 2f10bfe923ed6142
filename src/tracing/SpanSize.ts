/**
 * How many bytes a span takes in an OTLP request, reckoned without encoding it, and how many in the heap.
 *
 * The first follows OpenTelemetry's stock serialiser field by field; a property holds the two together.
 */
import type * as Otel from "@opentelemetry/api"
import type { Resource } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"

/** The bytes that a span adds to the request in which its resource and scope are already told. */
export const ofSpan = (span: ReadableSpan): number => {
  const context = span.spanContext()
  const { parentSpanContext } = span
  const ids = field(context.traceId.length / 2) + field(context.spanId.length / 2)
  const parent = parentSpanContext?.spanId ? field(parentSpanContext.spanId.length / 2) : 0
  const kindAndTimes = tag + 1 + 2 * (tag + fixed64)
  // Fields from 16 on have a tag of two bytes.
  const flags = 2 * tag + fixed32
  let size = ids + parent + traceState(context) + text(span.name) + kindAndTimes + flags +
    ofAttributes(span.attributes) +
    count(span.droppedAttributesCount) +
    count(span.droppedEventsCount) +
    count(span.droppedLinksCount) +
    field(optionalText(span.status.message) + tag + 1)
  for (const event of span.events) {
    size += field(
      tag + fixed64 + text(event.name) + ofAttributes(event.attributes) + count(event.droppedAttributesCount)
    )
  }
  for (const { attributes, context, droppedAttributesCount } of span.links) {
    size += field(
      field(context.traceId.length / 2) + field(context.spanId.length / 2) + traceState(context) +
        ofAttributes(attributes) + count(droppedAttributesCount) + tag + fixed32
    )
  }
  return field(size)
}

/**
 * About the bytes that a scrubbed span takes in the heap, `encoded` being those that it adds to a request.
 *
 * Many small parts take far more room as objects than they do encoded: an event of 38 bytes takes 300. The sizes of
 * objects were measured in Node 24, with the texts that are in them counted as encoded.
 */
export const inHeap = (span: ReadableSpan, encoded: number): number => {
  let size = encoded + objectBytes + attributesInHeap(span.attributes)
  for (const { attributes } of span.events) size += partBytes + attributesInHeap(attributes)
  for (const { attributes } of span.links) size += partBytes + attributesInHeap(attributes)
  return size
}

const attributesInHeap = (attributes: Otel.Attributes | undefined): number => {
  let size = 0
  for (const key in attributes) {
    const value = attributes[key]
    size += attributeBytes + (Array.isArray(value) ? value.length * itemBytes : 0)
  }
  return size
}

// A span, its two contexts, times and lists.
const objectBytes = 1_000
// An event or link with its time or context and the object of its attributes.
const partBytes = 250
const attributeBytes = 50
// A short text in a list.
const itemBytes = 32

/**
 * At most the bytes of a request beside its spans: it tells each resource once, and each scope once in a resource.
 *
 * The answer is what `span` adds to it, given the spans before it.
 */
export const envelope = (): (span: ReadableSpan) => number => {
  const told = new Map<Resource, Set<Scope>>()
  return ({ instrumentationScope, resource }) => {
    let size = 0
    let scopes = told.get(resource)
    if (scopes === undefined) {
      told.set(resource, scopes = new Set())
      size += remembered(resource, ofResource)
    }
    if (!scopes.has(instrumentationScope)) {
      scopes.add(instrumentationScope)
      size += remembered(instrumentationScope, ofScope)
    }
    return size
  }
}

/** At most the bytes of a request beside its only span. */
export const ofEnvelope = ({ instrumentationScope, resource }: ReadableSpan): number =>
  remembered(resource, ofResource) + remembered(instrumentationScope, ofScope)

type Scope = ReadableSpan["instrumentationScope"]

const tag = 1
const fixed32 = 4
const fixed64 = 8

/** A tag, and a length that is not known yet: no request is as long as five bytes can tell. */
const nesting = tag + 5

// A program has one resource and a handful of scopes, for ever.
const sizes = new WeakMap<object, number>()

const remembered = <A extends object>(value: A, reckon: (value: A) => number): number => {
  const known = sizes.get(value)
  if (known !== undefined) return known
  const size = reckon(value)
  sizes.set(value, size)
  return size
}

const ofResource = ({ attributes, schemaUrl }: Resource): number =>
  nesting + field(ofAttributes(attributes) + tag + 1) + optionalText(schemaUrl)

const ofScope = ({ name, schemaUrl, version }: Scope): number =>
  nesting + field(text(name) + optionalText(version)) + optionalText(schemaUrl)

const ofAttributes = (attributes: Otel.Attributes | undefined): number => {
  let size = 0
  for (const key in attributes) size += field(text(key) + field(ofValue(attributes[key])))
  return size
}

type Value = Otel.AttributeValue | null | undefined

const ofValue = (value: Value): number => {
  switch (typeof value) {
    case "string":
      return text(value)
    case "boolean":
      return tag + 1
    case "number":
      return tag + (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? varint(value) : fixed64)
    default:
      return Array.isArray(value) ? ofArray(value) : 0
  }
}

const ofArray = (values: ReadonlyArray<Value>): number => {
  let size = 0
  for (const value of values) size += field(ofValue(value))
  return field(size)
}

const traceState = (context: Otel.SpanContext): number => optionalText(context.traceState?.serialize())

const text = (value: string): number => field(Buffer.byteLength(value))

const optionalText = (value: string | undefined): number => value ? text(value) : 0

const count = (value: number | undefined): number => tag + varint(value ?? 0)

/** A field that tells its length, as most do. */
const field = (length: number): number => tag + varint(length) + length

/** Seven bits a byte; negative numbers are written as unsigned ones of 64 bits. */
const varint = (value: number): number => {
  if (value < 0) return 10
  let size = 1
  for (let rest = value; rest >= 0x80; rest /= 0x80) size++
  return size
}
