/**
 * How many bytes a span takes in an OTLP request, reckoned without encoding it, and how many in the heap.
 *
 * The first follows OpenTelemetry's stock serialiser field by field; a property holds the two together.
 */
import type * as Otel from "@opentelemetry/api"
import type { Resource } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import { remembering } from "../scrubber/Memory.ts"
import * as ScrubbedSpan from "./ScrubbedSpan.ts"
import { type KeyValues, noDetails, type Source } from "./SpanRecord.ts"

/** The bytes that a span adds to the request in which its resource and scope are already told. */
export const ofSpan = (span: ReadableSpan): number => {
  const record = ScrubbedSpan.recordOf(span)
  const { details } = record
  const parent = record.hasParent ? spanId : 0
  const kindAndTimes = tag + 1 + 2 * (tag + fixed64)
  // Fields from 16 on have a tag of two bytes.
  const flags = 2 * tag + fixed32
  let size = traceId + spanId + parent + optionalText(details.traceState) + name(record.name) + kindAndTimes + flags +
    ofKeyValues(record.keyValues) +
    count(details.droppedAttributesCount) +
    count(details.droppedEventsCount) +
    count(details.droppedLinksCount) +
    field(optionalText(details.message) + tag + 1)
  for (const event of details.events) {
    size += field(tag + fixed64 + name(event.name) + ofKeyValues(event.keyValues) + count(event.droppedAttributesCount))
  }
  for (const link of details.links) {
    size += field(
      traceId + spanId + optionalText(link.traceState) + ofKeyValues(link.keyValues) +
        count(link.droppedAttributesCount) + tag + fixed32
    )
  }
  return field(size)
}

/**
 * About the bytes that a record takes in the heap while it waits, `encoded` being those that it adds to a request.
 *
 * Small parts take more room as objects than they do encoded: an event of 16 bytes takes 72. The sizes of objects were
 * measured in Node 24, with the texts that are in them counted as encoded; a test holds both together. A record with
 * three attributes takes 322 bytes with its place in the queue, of which 154 are counted as encoded; OpenTelemetry's
 * span takes 925 in the queue of its batch processor.
 */
export const inHeap = (span: ReadableSpan, encoded: number): number => {
  const { details, keyValues } = ScrubbedSpan.recordOf(span)
  const own = encoded + recordBytes + keyValuesInHeap(keyValues)
  if (details === noDetails) return own
  let size = own + detailsBytes + details.parentState.length
  for (const { keyValues } of details.events) size += eventBytes + keyValuesInHeap(keyValues)
  for (const { keyValues } of details.links) size += linkBytes + keyValuesInHeap(keyValues)
  return size
}

const keyValuesInHeap = (keyValues: KeyValues): number => {
  if (keyValues.length === 0) return 0
  let size = listBytes + keyValues.length / 2 * attributeBytes
  for (let i = 1; i < keyValues.length; i += 2) {
    const value = keyValues[i]
    if (Array.isArray(value)) size += listBytes + value.length * itemBytes
  }
  return size
}

/**
 * What a span that waits as bytes takes beside them: its entry, with its place in the queue and in the arena. These are
 * 86 bytes; lists that grow, and their spans' part of all else, make up to 120 of them in a queue of some thousands.
 */
export const encodedEntry = 128

// A record with its place in the queue.
const recordBytes = 172
// The details, with a list of events and one of links.
const detailsBytes = 180
// Each with its place in the list; the ids of a link are texts.
const eventBytes = 75
const linkBytes = 135
const listBytes = 48
// Key and value, with what texts are more than their bytes.
const attributeBytes = 24
// A short text in a list.
const itemBytes = 32

/**
 * At most the bytes of a request beside its spans: it tells each resource once, and each scope once in a resource.
 *
 * The answer is what a span of that source adds to it, given the spans before it.
 */
export const envelope = (): (source: Source) => number => {
  const told = new Map<Resource, Set<Scope>>()
  let last: Source | undefined
  return (source) => {
    const { instrumentationScope, resource } = source
    // As a rule it is the same as before.
    if (last?.resource === resource && last.instrumentationScope === instrumentationScope) return 0
    last = source
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
export const ofEnvelope = ({ instrumentationScope, resource }: Source): number =>
  remembered(resource, ofResource) + remembered(instrumentationScope, ofScope)

type Scope = ReadableSpan["instrumentationScope"]

const tag = 1
const fixed32 = 4
const fixed64 = 8
const traceId = tag + 1 + 16
const spanId = tag + 1 + 8

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

const ofAttributes = (attributes: Otel.Attributes): number => {
  let size = 0
  for (const key of Object.keys(attributes)) size += field(text(key) + field(ofValue(attributes[key])))
  return size
}

const ofKeyValues = (keyValues: KeyValues): number => {
  let size = 0
  for (let i = 0; i < keyValues.length; i += 2) {
    size += field(name(keyValues[i] as string) + field(ofValue(keyValues[i + 1])))
  }
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

const text = (value: string): number => field(Buffer.byteLength(value))

/** Names are few, and the same for thousands of spans. */
const name = remembering(text, 1_024, 128)

const optionalText = (value: string | undefined): number => value ? text(value) : 0

const count = (value: number): number => tag + varint(value)

/** A field that tells its length, as most do. */
const field = (length: number): number => tag + varint(length) + length

/** Seven bits a byte; negative numbers are written as unsigned ones of 64 bits. */
const varint = (value: number): number => {
  if (value < 0) return 10
  let size = 1
  for (let rest = value; rest >= 0x80; rest /= 0x80) size++
  return size
}
