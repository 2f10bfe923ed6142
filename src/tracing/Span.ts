/**
 * Our own span: Effect's `Tracer.Span`, cheap to make and to end.
 *
 * It can't be OpenTelemetry's span as well, because the two disagree about `kind`, `attributes`, `links` and `status`:
 * what exporters read is a view (`FinishedSpan`), what third-party code finds active is an adapter (`ActiveSpan`), each made
 * when somebody asks. The fields with the ids and times of a span are for those who write it out.
 */
import type * as Otel from "@opentelemetry/api"
import { SpanStatusCode } from "@opentelemetry/api"
import type * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { Guard } from "../Guard.ts"
import { DirectSpan } from "../observation/DirectTracer.ts"
import * as Outcome from "../observation/Outcome.ts"
import * as SpanTime from "../observation/SpanTime.ts"
import { ActiveSpan } from "./ActiveSpan.ts"
import * as ParentContext from "./ParentContext.ts"
import * as SpanAttributes from "./SpanAttributes.ts"
import * as SpanContexts from "./SpanContexts.ts"
import { SpanDetails } from "./SpanDetails.ts"
import * as SpanIds from "./SpanIds.ts"
import { spanLimits } from "./SpanLimits.ts"
import * as SpanStatus from "./SpanStatus.ts"
import type { Trace } from "./Trace.ts"

/** What made a span and takes it back when it has ended; one for each layer. */
export interface SpanOwner {
  readonly guard: Guard
  /** The layer, to which foreign children of these spans belong too. */
  readonly layer: object
  /** Takes a sampled span that has ended. */
  readonly ended: (span: Span) => void
}

const noDetails = new SpanDetails()

/** See the module. */
export class Span extends DirectSpan {
  /** Third-party code may change it. */
  name: string
  readonly kind: Tracer.SpanKind
  readonly trace: Trace
  /** The id, as two words. */
  readonly word0: number
  readonly word1: number
  readonly sampled: boolean
  readonly parentSpan: Tracer.AnySpan | undefined
  /** Since the epoch: whole seconds, and nanoseconds beside. */
  readonly startSeconds: number
  readonly startNanos: number
  endSeconds = 0
  endNanos = 0
  statusCode: SpanStatusCode = SpanStatusCode.UNSET
  /** Attributes that every span of one place has, as they are exported; shared by these spans. */
  fixedAttributes: ReadonlyArray<unknown> | undefined
  /** Attributes as they are exported, beside the fixed ones. */
  ownAttributes: SpanAttributes.Flat | undefined = undefined
  /** Whether it went to its owner: third-party code can end it before Effect does. */
  isFinished = false
  readonly owner: SpanOwner
  #exit: Exit.Exit<unknown, unknown> | undefined = undefined
  #spanId: string | undefined = undefined
  // Everybody's until there is something to say of this one.
  #details: SpanDetails = noDetails

  constructor(
    owner: SpanOwner,
    name: string,
    kind: Tracer.SpanKind,
    trace: Trace,
    word0: number,
    word1: number,
    sampled: boolean,
    parent: Tracer.AnySpan | undefined,
    startSeconds: number,
    startNanos: number,
    fixedAttributes: ReadonlyArray<unknown> | undefined
  ) {
    super()
    this.owner = owner
    this.name = name
    this.kind = kind
    this.trace = trace
    this.word0 = word0
    this.word1 = word1
    this.sampled = sampled
    this.parentSpan = parent
    this.startSeconds = startSeconds
    this.startNanos = startNanos
    this.fixedAttributes = fixedAttributes
  }

  get traceId(): string {
    return this.trace.id
  }

  get spanId(): string {
    return this.#spanId ??= SpanIds.spanId(this.word0, this.word1)
  }

  get parent(): Option.Option<Tracer.AnySpan> {
    return Option.fromUndefinedOr(this.parentSpan)
  }

  /** The parent that it is exported with: one whose ids are none is the program's, not the trace's. */
  get traceParent(): Tracer.AnySpan | undefined {
    const parent = this.parentSpan
    if (parent === undefined) return undefined
    const isOfTrace = parent instanceof Span
      ? parent.trace.isValid
      : ParentContext.toSpanContext(parent).traceId === this.trace.id
    return isOfTrace ? parent : undefined
  }

  get status(): Tracer.SpanStatus {
    return this.#exit === undefined ? new SpanStatus.Started(this) : new SpanStatus.Ended(this, this.#exit)
  }

  /** What third-party code finds active inside of this span. */
  get span(): Otel.Span {
    return this.#detailed().active ??= new ActiveSpan(this)
  }

  get [SpanContexts.Owner](): object {
    return this.owner.layer
  }

  /** What few spans have. */
  get details(): Readonly<SpanDetails> {
    return this.#details
  }

  get annotations(): Context.Context<never> {
    return this.#details.annotations
  }

  set annotations(annotations: Context.Context<never>) {
    this.#detailed().annotations = annotations
  }

  get links(): ReadonlyArray<Tracer.SpanLink> {
    return this.#details.links
  }

  set links(links: ReadonlyArray<Tracer.SpanLink>) {
    this.#detailed().links = links
  }

  get attributes(): ReadonlyMap<string, unknown> {
    return this.#readable()
  }

  get hasEnded(): boolean {
    return this.#exit !== undefined
  }

  /** Writes its ids as words: four of the trace, two of the span. */
  writeIds(into: Int32Array, at: number): void {
    const { trace } = this
    into[at] = trace.word0
    into[at + 1] = trace.word1
    into[at + 2] = trace.word2
    into[at + 3] = trace.word3
    into[at + 4] = this.word0
    into[at + 5] = this.word1
  }

  attribute(key: string, value: unknown): void {
    if (this.#exit !== undefined) return
    if (SpanAttributes.isPlain(value)) {
      this.record(key, value)
      this.#details.attributes?.set(key, value)
      return
    }
    try {
      if (this.sampled) this.record(key, SpanAttributes.carried(value))
      this.#readable().set(key, value)
    } catch (fault) {
      this.owner.guard.count("tracer", fault)
    }
  }

  attributeOf(whole: ReadonlyArray<unknown> | undefined, key: string, value: string): void {
    const isTaken = whole !== undefined && this.ownAttributes === undefined && !this.isFinished &&
      this.#details.attributes === undefined
    if (isTaken) this.fixedAttributes = whole
    else this.attribute(key, value)
  }

  beginWith(attributes: Array<unknown>): void {
    this.ownAttributes = attributes
  }

  /** Sets an attribute that OpenTelemetry can carry, as it is exported; the program does not see it. */
  record(key: string, value: Otel.AttributeValue): void {
    if (this.isFinished || key === "") return
    const { fixedAttributes } = this
    if (fixedAttributes !== undefined && SpanAttributes.indexOf(fixedAttributes, key) >= 0) {
      // One of these is another's: from now on all are its own.
      this.ownAttributes = [...fixedAttributes, ...(this.ownAttributes ?? [])]
      this.fixedAttributes = undefined
    }
    const own = this.ownAttributes
    if (own === undefined) {
      this.ownAttributes = [key, value]
      return
    }
    const index = SpanAttributes.indexOf(own, key)
    if (index >= 0) {
      own[index] = value
    } else if (own.length + (this.fixedAttributes?.length ?? 0) < 2 * spanLimits.attributeCountLimit) {
      own.push(key, value)
    } else {
      // The program reads it all the same.
      this.#readable()
      this.#detailed().droppedAttributes++
    }
  }

  event(name: string, startTime: bigint, attributes?: Record<string, unknown>): void {
    if (this.#exit !== undefined || !this.sampled) return
    try {
      this.recordEvent(name, [SpanTime.secondsOf(startTime), SpanTime.nanosOf(startTime)], attributes)
    } catch (fault) {
      this.owner.guard.count("tracer", fault)
    }
  }

  /** Adds an event; too many push out the oldest. */
  recordEvent(name: string, time: Otel.HrTime, given: Readonly<Record<string, unknown>> | undefined): void {
    if (this.isFinished) return
    const { attributes, dropped } = SpanAttributes.bounded(given, spanLimits.attributePerEventCountLimit)
    const details = this.#detailed()
    const events = details.events ??= []
    if (events.length >= spanLimits.eventCountLimit) {
      events.shift()
      details.droppedEvents++
    }
    events.push({ name, attributes, time, droppedAttributesCount: dropped })
  }

  addLinks(links: ReadonlyArray<Tracer.SpanLink>): void {
    if (this.#exit !== undefined) return
    this.links = [...this.links, ...links]
    if (!this.sampled) return
    try {
      for (const { attributes, span } of links) this.recordLink(ParentContext.toSpanContext(span), attributes)
    } catch (fault) {
      this.owner.guard.count("tracer", fault)
    }
  }

  /** Adds a link; too many push out the oldest. */
  recordLink(context: Otel.SpanContext, given: Readonly<Record<string, unknown>> | undefined): void {
    if (this.isFinished) return
    const { attributes, dropped } = SpanAttributes.bounded(given, spanLimits.attributePerLinkCountLimit)
    const details = this.#detailed()
    const links = details.exportedLinks ??= []
    if (links.length >= spanLimits.linkCountLimit) {
      links.shift()
      details.droppedLinks++
    }
    links.push({
      context,
      ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      ...(dropped === 0 ? {} : { droppedAttributesCount: dropped })
    })
  }

  /** OpenTelemetry's rules: what is OK stays so, and nothing goes back to unset. */
  recordStatus(code: SpanStatusCode, message: string | undefined): void {
    if (this.isFinished || code === SpanStatusCode.UNSET || this.statusCode === SpanStatusCode.OK) return
    this.statusCode = code
    const told = code === SpanStatusCode.ERROR ? message : undefined
    if (told !== this.#details.statusMessage) this.#detailed().statusMessage = told
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    if (this.#exit === undefined) this.endAt(SpanTime.secondsOf(endTime), SpanTime.nanosOf(endTime), exit)
  }

  /** Ends it; what its failure has to say is read now, so that nobody has to keep it. */
  endAt(seconds: number, nanos: number, exit: Exit.Exit<unknown, unknown>): void {
    if (this.#exit !== undefined) return
    this.#exit = exit
    if (exit._tag === "Failure") this.onFailure?.(this, exit)
    if (this.isFinished) {
      // The program may ask when it ended, which is not when third-party code said so.
      return
    }
    if (this.sampled) {
      if (exit._tag === "Success") this.recordStatus(SpanStatusCode.OK, undefined)
      else this.#fail(exit, [seconds, nanos])
    }
    this.finish(seconds, nanos)
  }

  /** Hands it to its owner, once. */
  finish(seconds: number, nanos: number): void {
    if (this.isFinished) return
    const isBefore = seconds < this.startSeconds || (seconds === this.startSeconds && nanos < this.startNanos)
    this.endSeconds = isBefore ? this.startSeconds : seconds
    this.endNanos = isBefore ? this.startNanos : nanos
    this.isFinished = true
    if (this.sampled) this.owner.ended(this)
  }

  #fail(exit: Exit.Failure<unknown, unknown>, time: Otel.HrTime): void {
    try {
      const serverStatus = this.kind === "server" ? this.#readable().get("http.response.status_code") : undefined
      const { attributes, error, exceptions } = Outcome.ofCause(exit.cause, serverStatus)
      for (const exception of exceptions) this.recordEvent("exception", time, exception)
      for (const key in attributes) this.record(key, attributes[key]!)
      if (error !== undefined) this.recordStatus(SpanStatusCode.ERROR, error)
    } catch (fault) {
      this.owner.guard.count("tracer", fault)
      this.recordStatus(SpanStatusCode.ERROR, "the failure could not be read")
    }
  }

  #detailed(): SpanDetails {
    return this.#details === noDetails ? this.#details = new SpanDetails() : this.#details
  }

  #readable(): Map<string, unknown> {
    const details = this.#detailed()
    if (details.attributes !== undefined) return details.attributes
    const readable = new Map<string, unknown>()
    for (const flat of [this.fixedAttributes, this.ownAttributes]) {
      if (flat === undefined) continue
      for (let index = 0; index < flat.length; index += 2) {
        if (flat[index + 1] !== undefined) readable.set(flat[index] as string, flat[index + 1])
      }
    }
    return details.attributes = readable
  }
}
