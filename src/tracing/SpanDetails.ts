/**
 * What few of our spans have. The others need no room for it: how large a span is makes much of what it costs, since all
 * that is allocated is memory that no cache holds.
 */
import type * as Otel from "@opentelemetry/api"
import type { TimedEvent } from "@opentelemetry/sdk-trace-node"
import * as Context from "effect/Context"
import type * as Tracer from "effect/Tracer"
import type { ActiveSpan } from "./ActiveSpan.ts"

const noAnnotations = Context.empty()
const noLinks: ReadonlyArray<never> = []

/** See the module. */
export class SpanDetails {
  annotations: Context.Context<never> = noAnnotations
  links: ReadonlyArray<Tracer.SpanLink> = noLinks
  /** What the program reads; made when it does, or when a value is not exported as it is. */
  attributes: Map<string, unknown> | undefined = undefined
  /** What third-party code finds active inside of the span. */
  active: ActiveSpan | undefined = undefined
  statusMessage: string | undefined = undefined
  events: Array<TimedEvent> | undefined = undefined
  exportedLinks: Array<Otel.Link> | undefined = undefined
  droppedAttributes = 0
  droppedEvents = 0
  droppedLinks = 0
}
