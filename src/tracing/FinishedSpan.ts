/**
 * One of our spans that has ended, as the pipeline and exporters of OpenTelemetry read it: each part is made when it is
 * asked for, once.
 */
import type * as Otel from "@opentelemetry/api"
import type { Resource } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import type * as Tracer from "effect/Tracer"
import type { EndedSpan } from "./EndedSpan.ts"
import * as ParentContext from "./ParentContext.ts"
import { Span } from "./Span.ts"
import * as SpanAttributes from "./SpanAttributes.ts"
import * as SpanIds from "./SpanIds.ts"

type Scope = ReadableSpan["instrumentationScope"]

const kinds: Readonly<Record<Tracer.SpanKind, Otel.SpanKind>> = {
  internal: 0,
  server: 1,
  client: 2,
  producer: 3,
  consumer: 4
}

const noAttributes: ReadonlyArray<never> = []

/** See the module. */
export class FinishedSpan implements ReadableSpan, EndedSpan {
  readonly span: Span
  readonly resource: Resource
  readonly instrumentationScope: Scope
  readonly parentId0: number
  readonly parentId1: number
  #context: Otel.SpanContext | undefined = undefined
  // That of a parent which is not one of ours: ours is asked for when somebody wants its text.
  readonly #foreignParent: Otel.SpanContext | undefined
  #attributes: Otel.Attributes | undefined = undefined

  constructor(span: Span, resource: Resource, scope: Scope) {
    this.span = span
    this.resource = resource
    this.instrumentationScope = scope
    const parent = span.traceParent
    if (parent instanceof Span) {
      this.parentId0 = parent.word0
      this.parentId1 = parent.word1
      this.#foreignParent = undefined
    } else {
      const context = parent === undefined ? undefined : ParentContext.toSpanContext(parent, span.annotations)
      this.parentId0 = context === undefined ? 0 : SpanIds.word(context.spanId, 0)
      this.parentId1 = context === undefined ? 0 : SpanIds.word(context.spanId, 8)
      this.#foreignParent = context
    }
  }

  get name(): string {
    return this.span.name
  }

  get kind(): Otel.SpanKind {
    return kinds[this.span.kind]
  }

  get traceId0(): number {
    return this.span.trace.word0
  }

  get traceId1(): number {
    return this.span.trace.word1
  }

  get traceId2(): number {
    return this.span.trace.word2
  }

  get traceId3(): number {
    return this.span.trace.word3
  }

  get spanId0(): number {
    return this.span.word0
  }

  get spanId1(): number {
    return this.span.word1
  }

  get traceFlags(): number {
    return 1
  }

  get traceState(): Otel.TraceState | undefined {
    return this.span.trace.state
  }

  get parentFlags(): number {
    return this.#foreignParent === undefined ?
      this.span.traceParent?.sampled === true ? 1 : 0
      : this.#foreignParent.traceFlags
  }

  get parentIsRemote(): boolean | undefined {
    return this.span.traceParent === undefined ? undefined : this.#foreignParent?.isRemote === true
  }

  get parentState(): Otel.TraceState | undefined {
    return this.#foreignParent === undefined ?
      this.span.traceParent && this.span.trace.state
      : this.#foreignParent.traceState
  }

  spanContext(): Otel.SpanContext {
    if (this.#context !== undefined) return this.#context
    const { spanId, trace: { id, state } } = this.span
    return this.#context = { traceId: id, spanId, traceFlags: 1, ...(state === undefined ? {} : { traceState: state }) }
  }

  /** `undefined` for a root, which TypeScript can't say of a getter that stands for an optional property. */
  get parentSpanContext(): Otel.SpanContext {
    const { traceParent } = this.span
    return this.#foreignParent ?? (traceParent && ParentContext.toSpanContext(traceParent)) as Otel.SpanContext
  }

  get startSeconds(): number {
    return this.span.startSeconds
  }

  get startNanos(): number {
    return this.span.startNanos
  }

  get endSeconds(): number {
    return this.span.endSeconds
  }

  get endNanos(): number {
    return this.span.endNanos
  }

  get startTime(): Otel.HrTime {
    return [this.span.startSeconds, this.span.startNanos]
  }

  get endTime(): Otel.HrTime {
    return [this.span.endSeconds, this.span.endNanos]
  }

  get duration(): Otel.HrTime {
    const seconds = this.span.endSeconds - this.span.startSeconds
    const nanos = this.span.endNanos - this.span.startNanos
    return nanos < 0 ? [seconds - 1, nanos + 1e9] : [seconds, nanos]
  }

  get status(): Otel.SpanStatus {
    const { details: { statusMessage: message }, statusCode: code } = this.span
    return message === undefined ? { code } : { code, message }
  }

  get attributes(): Otel.Attributes {
    return this.#attributes ??= SpanAttributes.toObject(this.span.fixedAttributes, this.span.ownAttributes)
  }

  get sharedAttributes(): ReadonlyArray<unknown> | undefined {
    return this.span.ownAttributes === undefined ? this.span.fixedAttributes ?? noAttributes : undefined
  }

  get listedAttributes(): ReadonlyArray<unknown> {
    const { fixedAttributes, ownAttributes } = this.span
    if (ownAttributes === undefined) return fixedAttributes ?? noAttributes
    return fixedAttributes === undefined ? ownAttributes : [...fixedAttributes, ...ownAttributes]
  }

  get events(): ReadableSpan["events"] {
    return this.span.details.events ?? []
  }

  get links(): Array<Otel.Link> {
    return this.span.details.exportedLinks ?? []
  }

  get ended(): boolean {
    return true
  }

  get droppedAttributesCount(): number {
    return this.span.details.droppedAttributes
  }

  get droppedEventsCount(): number {
    return this.span.details.droppedEvents
  }

  get droppedLinksCount(): number {
    return this.span.details.droppedLinks
  }
}
