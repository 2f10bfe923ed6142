/**
 * The copy of an ended span that may leave the process.
 *
 * It shares nothing mutable with the span that it was made from, and holds neither its parent nor its `Exit`.
 */
import type * as Otel from "@opentelemetry/api"
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace-node"
import * as SpanName from "../observation/SpanName.ts"
import { alongRoute } from "../scrubber/Locators.ts"

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
export const make = (span: ReadableSpan, scrubber: SpanScrubber): ReadableSpan => {
  const spanContext = scrubContext(span.spanContext(), scrubber)
  const { parentSpanContext, status } = span
  return {
    name: scrubber.text(SpanName.conventional(span.name, (key) => span.attributes[key])),
    kind: span.kind,
    spanContext: () => spanContext,
    ...(parentSpanContext === undefined ? {} : { parentSpanContext: scrubContext(parentSpanContext, scrubber) }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: status.message === undefined ? status : { code: status.code, message: scrubber.text(status.message) },
    attributes: attributes(alongRoute(span.attributes, span.attributes["http.route"], scrubber.url), scrubber),
    links: span.links.map((link) => scrubLink(link, scrubber)),
    events: span.events.map((event) => scrubEvent(event, scrubber)),
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: scrubScope(span.instrumentationScope, scrubber),
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount
  }
}

/** Attributes as the scrubber would have them, every value one that OpenTelemetry can carry. */
export const attributes = (
  values: Readonly<Record<string, unknown>>,
  scrubber: SpanScrubber
): Otel.Attributes => {
  const scrubbed = scrubber.attributes(values)
  const carried: Otel.Attributes = {}
  for (const key of Object.keys(scrubbed)) {
    const value = scrubbed[key]
    if (value === undefined || value === null) continue
    carried[key] = isCarried(value) ? value : JSON.stringify(value) ?? String(value)
  }
  return carried
}

const isCarried = (value: unknown): value is Otel.AttributeValue => {
  if (isPrimitive(value)) return true
  return Array.isArray(value) &&
    value.every((item) => item === null || item === undefined || (isPrimitive(item) && typeof item === typeof value[0]))
}

const isPrimitive = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"

// Trace state comes from whoever called, and nobody behind an exporter needs it: it goes where anything is found in it.
const scrubContext = (context: Otel.SpanContext, scrubber: SpanScrubber): Otel.SpanContext => {
  if (context.traceState === undefined) return context
  const text = context.traceState.serialize()
  if (scrubber.text(text) === text) return context
  const { traceState: _, ...rest } = context
  return rest
}

type Scope = ReadableSpan["instrumentationScope"]

// A scope is the same for thousands of spans, and the serialiser tells each object once.
const scopes = new WeakMap<SpanScrubber, WeakMap<Scope, Scope>>()

const scrubScope = (scope: Scope, scrubber: SpanScrubber): Scope => {
  const known = scopes.get(scrubber) ?? new WeakMap<Scope, Scope>()
  scopes.set(scrubber, known)
  const scrubbed = known.get(scope) ?? copyScope(scope, scrubber)
  known.set(scope, scrubbed)
  return scrubbed
}

const copyScope = (scope: Scope, scrubber: SpanScrubber): Scope => ({
  name: scrubber.text(scope.name),
  ...(scope.version === undefined ? {} : { version: scrubber.text(scope.version) }),
  ...(scope.schemaUrl === undefined ? {} : { schemaUrl: scrubber.text(scope.schemaUrl) })
})

const scrubEvent = (event: TimedEvent, scrubber: SpanScrubber): TimedEvent => ({
  time: event.time,
  name: scrubber.text(event.name),
  ...(event.attributes === undefined ? {} : { attributes: attributes(event.attributes, scrubber) }),
  ...(event.droppedAttributesCount === undefined ? {} : { droppedAttributesCount: event.droppedAttributesCount })
})

const scrubLink = (link: Otel.Link, scrubber: SpanScrubber): Otel.Link => ({
  context: scrubContext(link.context, scrubber),
  ...(link.attributes === undefined ? {} : { attributes: attributes(link.attributes, scrubber) }),
  ...(link.droppedAttributesCount === undefined ? {} : { droppedAttributesCount: link.droppedAttributesCount })
})
