/**
 * One of our spans as third-party code finds it active: OpenTelemetry's `Span`, whose methods work on ours.
 */
import type * as Otel from "@opentelemetry/api"
import type { Span } from "./Span.ts"

const isTime = (value: unknown): value is Otel.TimeInput =>
  typeof value === "number" || value instanceof Date || (Array.isArray(value) && typeof value[0] === "number")

const millisToHrTime = (millis: number): Otel.HrTime => [
  Math.trunc(millis / 1000),
  Math.round((millis % 1000) * 1e6)
]

/** A time as third-party code may give it: an `HrTime`, a `Date`, milliseconds since the epoch or since the start. */
const hrTime = (time: Otel.TimeInput | undefined): Otel.HrTime => {
  if (Array.isArray(time)) return time
  if (time instanceof Date) return millisToHrTime(time.getTime())
  if (time === undefined) return millisToHrTime(Date.now())
  return millisToHrTime(time <= performance.now() ? performance.timeOrigin + time : time)
}

const reading = (body: () => void, span: Span): void => span.owner.guard.run("tracer", body, () => {})

/** See the module. */
export class ActiveSpan implements Otel.Span {
  readonly #span: Span
  #context: Otel.SpanContext | undefined

  constructor(span: Span) {
    this.#span = span
  }

  spanContext(): Otel.SpanContext {
    if (this.#context !== undefined) return this.#context
    const { sampled, spanId, trace } = this.#span
    return this.#context = {
      traceId: trace.id,
      spanId,
      traceFlags: sampled ? 1 : 0,
      ...(trace.state === undefined ? {} : { traceState: trace.state })
    }
  }

  isRecording(): boolean {
    return this.#span.sampled && !this.#span.isFinished
  }

  setAttribute(key: string, value: unknown): this {
    // What OpenTelemetry can't carry it leaves out, where Effect makes text of it.
    if (value === null || value === undefined || typeof value === "function") return this
    this.#span.attribute(key, value)
    return this
  }

  setAttributes(attributes: Otel.Attributes): this {
    reading(() => {
      for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key])
    }, this.#span)
    return this
  }

  addEvent(name: string, attributesOrTime?: Otel.Attributes | Otel.TimeInput, time?: Otel.TimeInput): this {
    if (!this.isRecording()) return this
    reading(() => {
      const [attributes, at] = isTime(attributesOrTime)
        ? [undefined, time ?? attributesOrTime]
        : [attributesOrTime, time]
      this.#span.recordEvent(name, hrTime(at), attributes)
    }, this.#span)
    return this
  }

  addLink(link: Otel.Link): this {
    if (!this.isRecording()) return this
    reading(() => this.#span.recordLink(link.context, link.attributes), this.#span)
    return this
  }

  addLinks(links: Array<Otel.Link>): this {
    for (const link of links) this.addLink(link)
    return this
  }

  setStatus({ code, message }: Otel.SpanStatus): this {
    this.#span.recordStatus(code, typeof message === "string" ? message : undefined)
    return this
  }

  updateName(name: string): this {
    if (!this.#span.isFinished) this.#span.name = name
    return this
  }

  recordException(exception: Otel.Exception, time?: Otel.TimeInput): void {
    if (!this.isRecording()) return
    reading(() => {
      const attributes = ofException(exception)
      if (Object.keys(attributes).length > 0) this.#span.recordEvent("exception", hrTime(time), attributes)
    }, this.#span)
  }

  end(time?: Otel.TimeInput): void {
    reading(() => {
      const [seconds, nanos] = hrTime(time)
      this.#span.finish(seconds, nanos)
    }, this.#span)
  }
}

const ofException = (exception: Otel.Exception): Record<string, string> => {
  if (typeof exception === "string") return { "exception.message": exception }
  const { code, message, name, stack } = exception
  const type = code ? String(code) : name
  return {
    ...(type ? { "exception.type": type } : {}),
    ...(message ? { "exception.message": message } : {}),
    ...(stack ? { "exception.stacktrace": stack } : {})
  }
}
