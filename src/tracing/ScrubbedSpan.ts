/**
 * The record of an ended span that may leave the process.
 *
 * It shares nothing mutable with the span that it was made from, and holds neither its parent nor its `Exit`.
 */
import type * as Otel from "@opentelemetry/api"
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace-node"
import * as SpanName from "../observation/SpanName.ts"
import * as Listed from "../scrubber/Listed.ts"
import { alongRoute, listedAlongRoute } from "../scrubber/Locators.ts"
import { copy, type Recent, recent, remembering } from "../scrubber/Memory.ts"
import * as EndedSpan from "./EndedSpan.ts"
import * as SpanAttributes from "./SpanAttributes.ts"
import {
  type Details,
  type EventRecord,
  type KeyValues,
  type LinkRecord,
  noDetails,
  none,
  type Source,
  SpanRecord
} from "./SpanRecord.ts"

/** What scrubbing a span takes; the layer's `Scrubber` is one. */
export interface SpanScrubber {
  readonly text: (text: string) => string
  readonly attributes: (attributes: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
  /** A URL, with the template of the route that it matched. */
  readonly url: (value: string, route?: string) => string
}

/**
 * Copies `span` as the scrubber would have it: name, attributes, status message, events, links, instrumentation scope.
 * Spans of requests and statements get the names of OpenTelemetry's semantic conventions (`{method} {route}`,
 * `{operation} {table}`), and the URL that it shows is judged by the names of that route's parameters.
 */
export const make = (span: ReadableSpan | EndedSpan.EndedSpan, scrubber: SpanScrubber): SpanRecord => {
  const ended = EndedSpan.of(span)
  const known = knownTo(scrubber)
  const { keyValues, name } = tellOnce(ended, scrubber, known)
  return new SpanRecord(ended, {
    name,
    keyValues,
    details: scrubDetails(ended, scrubber),
    source: sourceOf(ended, scrubber, known)
  })
}

/** What scrubbing made of a name and of attributes. */
interface Told {
  readonly name: string
  readonly keyValues: KeyValues
}

interface ToldBefore extends Told {
  /** The name that was given. */
  readonly given: string
}

/** What a span said in which nothing was found, in texts of its own. */
interface Said extends ToldBefore {
  /** How many there were of this key. */
  readonly times: number
}

/** What a scrubber was given before and is given again: it makes the same of it each time. */
interface Known {
  /** Scrubs the name of a span. */
  readonly name: (name: string) => string
  readonly listed: Listed.ScrubListed
  readonly lists: WeakMap<ReadonlyArray<unknown>, ToldBefore>
  /** By the text of the statement, or by the name. */
  readonly said: Recent<Said>
  readonly sources: WeakMap<Source["resource"], WeakMap<Scope, Source>>
  /** As a rule it is the same as before. */
  lastScope: Scope | undefined
  lastSource: Source | undefined
}

// A program has a fixed number of statements and of names of spans: so many of them, of so many characters.
const keysOfSaid = [512, 1_000] as const

/** What is remembered of a span has so many characters at most. */
const longestSaid = 2_048

/** How often something else is remembered of the same key: what differs from span to span is not. */
const mostSaid = 8

// Names of spans are templates, or from a bounded set: so many of them, of so many characters.
const names = [1_000, 200] as const

const knowledge = new WeakMap<SpanScrubber, Known>()

const knownTo = (scrubber: SpanScrubber): Known => {
  let known = knowledge.get(scrubber)
  if (known === undefined) {
    known = {
      name: remembering(scrubber.text, ...names),
      listed: Listed.of(scrubber.attributes),
      lists: new WeakMap(),
      said: recent(...keysOfSaid),
      sources: new WeakMap(),
      lastScope: undefined,
      lastSource: undefined
    }
    knowledge.set(scrubber, known)
  }
  return known
}

/** Spans of one place of use share the very list of their attributes, and as a rule their name. */
const tellOnce = (span: EndedSpan.EndedSpan, scrubber: SpanScrubber, known: Known): Told => {
  const { sharedAttributes } = span
  if (sharedAttributes === undefined) return tellAgain(span, scrubber, known)
  if (sharedAttributes.length === 0) return { name: known.name(span.name), keyValues: none }
  const { lists } = known
  const before = lists.get(sharedAttributes)
  if (before?.given === span.name) return before
  const told = { given: span.name, ...tellAgain(span, scrubber, known) }
  lists.set(sharedAttributes, told)
  return told
}

/**
 * The runs of a statement, or spans of a name, say the same, or much of it, in a list each. They share the one in which
 * nothing was found to be scrubbed; of what says something else the rest is searched.
 */
const tellAgain = (span: EndedSpan.EndedSpan, scrubber: SpanScrubber, known: Known): Told => {
  const { listedAttributes: given, name } = span
  if (given === undefined) return tellRecord(span, scrubber, known)
  const isPlain = !isOfInstrumentation(given)
  const key = isPlain ? name : keyOf(given) ?? name
  const said = known.said.get(key)
  const before = said?.given === name ? said : undefined
  if (before !== undefined && isSame(before.keyValues, given)) return before
  const told = tellListed(given, name, isPlain, before?.keyValues, scrubber, known) ??
    tellRecord(span, scrubber, known)
  const times = said?.times ?? 0
  if (times < mostSaid && isSame(told.keyValues, given) && isShort(name, given)) {
    const [own, keyValues] = [copy(name), told.keyValues.map(copied)]
    known.said.set(key, { given: own, name: told.name === name ? own : copy(told.name), keyValues, times: times + 1 })
  }
  return told
}

/** Whether there is anything in it that is looked for below: in one look, since most spans have nothing of it. */
const isOfInstrumentation = (given: ReadonlyArray<unknown>): boolean => {
  for (let i = 0; i < given.length; i += 2) {
    const key = given[i]
    if (key === statementKey || SpanName.decides(key)) return true
  }
  return false
}

const statementKey = "db.query.text"

/** The text of a statement. */
const keyOf = (given: ReadonlyArray<unknown>): string | undefined => {
  const statement = valueOf(given, statementKey)
  return typeof statement === "string" ? statement : undefined
}

const valueOf = (given: ReadonlyArray<unknown>, key: string): unknown => {
  const index = SpanAttributes.indexOf(given, key)
  // A list that is asked for what is at -1 looks for a property of that name.
  return index < 0 ? undefined : given[index]
}

const copied = (value: Otel.AttributeValue): Otel.AttributeValue => typeof value === "string" ? copy(value) : value

const isShort = (name: string, given: ReadonlyArray<unknown>): boolean => {
  let { length } = name
  for (const value of given) length += typeof value === "string" ? value.length : 1
  return length <= longestSaid
}

const isSame = (one: ReadonlyArray<unknown>, other: ReadonlyArray<unknown>): boolean => {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

/** Most spans of our own tracer: no object is made of their attributes. */
const tellListed = (
  given: ReadonlyArray<unknown>,
  name: string,
  isPlain: boolean,
  clean: KeyValues | undefined,
  { url }: SpanScrubber,
  known: Known
): Told | undefined => {
  const scrubbed = known.listed(isPlain ? given : listedAlongRoute(given, valueOf(given, "http.route"), url), clean)
  if (scrubbed === undefined) return undefined
  return {
    name: isPlain ? known.name(name) : tellName(name, (key) => valueOf(given, key), known),
    keyValues: allCarried(scrubbed)
  }
}

const tellRecord = ({ attributes, name }: EndedSpan.EndedSpan, scrubber: SpanScrubber, known: Known): Told => ({
  name: tellName(name, (key) => attributes[key], known),
  keyValues: keyValues(alongRoute(attributes, attributes["http.route"], scrubber.url), scrubber)
})

const tellName = (name: string, attribute: (key: string) => unknown, known: Known): string =>
  known.name(SpanName.conventional(name, attribute))

/** The record of a span, however it comes: one that is none yet is copied as it is. */
export const recordOf = (span: ReadableSpan): SpanRecord => span instanceof SpanRecord ? span : make(span, letPass)

/** Changes nothing. */
export const letPass: SpanScrubber = {
  text: (text) => text,
  attributes: (attributes) => attributes,
  url: (value) => value
}

/** Attributes as the scrubber would have them, every value one that OpenTelemetry can carry. */
export const attributes = (values: Readonly<Record<string, unknown>>, scrubber: SpanScrubber): Otel.Attributes => {
  const carried: Otel.Attributes = {}
  const flat = keyValues(values, scrubber)
  for (let i = 0; i < flat.length; i += 2) carried[flat[i] as string] = flat[i + 1]
  return carried
}

const keyValues = (values: Readonly<Record<string, unknown>> | undefined, scrubber: SpanScrubber): KeyValues => {
  if (values === undefined) return none
  const scrubbed = scrubber.attributes(values)
  const keys = Object.keys(scrubbed)
  if (keys.length === 0) return none
  // Made as long as it will be, since a list that grows keeps room for more; `Array.from` takes ten times as long.
  // oxlint-disable-next-line unicorn/no-new-array
  const flat = new Array<Otel.AttributeValue>(2 * keys.length)
  let length = 0
  for (const key of keys) {
    const value = scrubbed[key]
    if (value === undefined || value === null) continue
    flat[length++] = key
    flat[length++] = carried(value)
  }
  if (length < flat.length) flat.length = length
  return flat
}

/** The same in place. */
const allCarried = (scrubbed: Array<unknown>): KeyValues => {
  let length = 0
  for (let i = 1; i < scrubbed.length; i += 2) {
    const value = scrubbed[i]
    if (value === undefined || value === null) continue
    scrubbed[length++] = scrubbed[i - 1]
    scrubbed[length++] = carried(value)
  }
  if (length === 0) return none
  if (length < scrubbed.length) scrubbed.length = length
  return scrubbed as Array<Otel.AttributeValue>
}

const carried = (value: {}): Otel.AttributeValue => isCarried(value) ? value : JSON.stringify(value) ?? String(value)

// OpenTelemetry's lists are of one kind, and may have gaps.
const isCarried = (value: unknown): value is Otel.AttributeValue => {
  if (isPrimitive(value)) return true
  if (!Array.isArray(value)) return false
  const kind = typeof value.find(isPrimitive)
  return value.every((item) => item === null || item === undefined || typeof item === kind && isPrimitive(item))
}

const isPrimitive = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"

const scrubDetails = (span: EndedSpan.EndedSpan, scrubber: SpanScrubber): Details => {
  const { droppedAttributesCount, droppedEventsCount, droppedLinksCount, events, links, status: { message } } = span
  const traceState = scrubTraceState(span.traceState, scrubber)
  // A child has its parent's, unless a sampler has changed it.
  const parentState = span.parentState === span.traceState ? traceState : scrubTraceState(span.parentState, scrubber)
  const hasParts = events.length > 0 || links.length > 0
  const hasDropped = droppedAttributesCount > 0 || droppedEventsCount > 0 || droppedLinksCount > 0
  const hasWords = message !== undefined || traceState !== "" || parentState !== ""
  if (!hasParts && !hasDropped && !hasWords) return noDetails
  return {
    message: message === undefined ? undefined : scrubber.text(message),
    traceState,
    parentState,
    events: events.length === 0 ? none : events.map((event) => scrubEvent(event, scrubber)),
    links: links.length === 0 ? none : links.map((link) => scrubLink(link, scrubber)),
    droppedAttributesCount,
    droppedEventsCount,
    droppedLinksCount
  }
}

// Trace state comes from whoever called, and nobody behind an exporter needs it: it goes where anything is found in it.
const scrubTraceState = (traceState: Otel.TraceState | undefined, scrubber: SpanScrubber): string => {
  if (traceState === undefined) return ""
  const text = traceState.serialize()
  return scrubber.text(text) === text ? text : ""
}

type Scope = ReadableSpan["instrumentationScope"]

// Whose a span is, is the same for thousands of spans, and a request tells each object once.
const sourceOf = (span: EndedSpan.EndedSpan, scrubber: SpanScrubber, known: Known): Source => {
  const { instrumentationScope, resource } = span
  const { lastScope, lastSource, sources } = known
  if (lastScope === instrumentationScope && lastSource?.resource === resource) return lastSource
  let ofResource = sources.get(resource)
  if (ofResource === undefined) sources.set(resource, ofResource = new WeakMap())
  let source = ofResource.get(instrumentationScope)
  if (source === undefined) {
    source = { resource, instrumentationScope: copyScope(instrumentationScope, scrubber) }
    ofResource.set(instrumentationScope, source)
  }
  known.lastScope = instrumentationScope
  return known.lastSource = source
}

const copyScope = (scope: Scope, scrubber: SpanScrubber): Scope => ({
  name: scrubber.text(scope.name),
  ...(scope.version === undefined ? {} : { version: scrubber.text(scope.version) }),
  ...(scope.schemaUrl === undefined ? {} : { schemaUrl: scrubber.text(scope.schemaUrl) })
})

const scrubEvent = (event: TimedEvent, scrubber: SpanScrubber): EventRecord => ({
  name: scrubber.text(event.name),
  seconds: event.time[0],
  nanos: event.time[1],
  keyValues: keyValues(event.attributes, scrubber),
  droppedAttributesCount: event.droppedAttributesCount ?? 0
})

const scrubLink = ({ attributes, context, droppedAttributesCount }: Otel.Link, scrubber: SpanScrubber): LinkRecord => ({
  traceId: context.traceId,
  spanId: context.spanId,
  traceFlags: context.traceFlags,
  isRemote: context.isRemote,
  traceState: scrubTraceState(context.traceState, scrubber),
  keyValues: keyValues(attributes, scrubber),
  droppedAttributesCount: droppedAttributesCount ?? 0
})
