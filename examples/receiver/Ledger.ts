import * as Effect from "effect/Effect"
import { Bounded } from "./Bounded.ts"
import type { Decoded, ReceivedRequest } from "./ReceivedRequest.ts"
import type { ReceivedSpan, Signal } from "./ReceivedSpan.ts"
import type { ReceivedEvent, ReceivedItem } from "./SentryEnvelope.ts"
import { isEvent } from "./SentryEnvelope.ts"

/** How much the receiver keeps; beyond it the oldest goes and `Totals.evicted` counts it. */
export interface Limits {
  /** Spans kept (10,000). */
  readonly spans: number
  /** Envelope items kept, events and others each (1,000). */
  readonly items: number
  /** Requests kept (2,000). */
  readonly requests: number
  /** Bytes of all requests kept, head, raw and decompressed (16 MiB). */
  readonly requestBytes: number
  /** Bytes of one body, as sent and decompressed (32 MiB); a larger one is answered 413. */
  readonly bodyBytes: number
}

export const defaultLimits: Limits = {
  spans: 10_000,
  items: 1_000,
  requests: 2_000,
  requestBytes: 16 * 1024 * 1024,
  bodyBytes: 32 * 1024 * 1024
}

/** What was received since the start or the last `clear`, kept or not. */
export interface Totals {
  /** Requests and datagrams of which anything was received. */
  readonly requests: number
  /** Requests by signal; those without an address here are in `requests` only. */
  readonly requestsOf: Readonly<Record<Signal, number>>
  /** Spans stored. */
  readonly spans: number
  /** Spans stored, by signal. */
  readonly spansOf: Readonly<Record<Signal, number>>
  /** Error events stored. */
  readonly events: number
  /** Envelope items stored, of any type. */
  readonly items: number
  /** Spans and items that a reply did not take. */
  readonly refused: number
  /** Requests that could not be read, were cut, or had no such address. */
  readonly unreadable: number
  /** What the receiver itself could not do: errors of its sockets, a responder that throws. */
  readonly faults: number
  /** What no longer is kept. */
  readonly evicted: {
    readonly spans: number
    readonly events: number
    readonly items: number
    readonly requests: number
  }
}

const includes = (bytes: Uint8Array, needle: Buffer): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(needle)

const size = (request: ReceivedRequest): number => {
  let bytes = request.raw.length + (request.body === request.raw ? 0 : request.body.length) + request.path.length
  for (const key in request.headers) bytes += key.length + request.headers[key]!.length
  return bytes
}

const bySignal = (): Record<Signal, number> => ({ otlp: 0, sentryOtlp: 0, jaegerHttp: 0, jaegerUdp: 0, sentry: 0 })

const zero = () => ({
  requests: 0,
  requestsOf: bySignal(),
  spans: 0,
  spansOf: bySignal(),
  events: 0,
  items: 0,
  refused: 0,
  unreadable: 0,
  faults: 0
})

/** The receiver's memory: bounded, counted, and able to wake who waits for more. */
export class Ledger {
  readonly spans: Bounded<ReceivedSpan>
  readonly events: Bounded<ReceivedEvent>
  readonly items: Bounded<ReceivedItem>
  readonly requests: Bounded<ReceivedRequest>
  private counts = zero()
  private readonly waiters = new Set<() => boolean>()

  constructor(limits: Limits) {
    this.spans = new Bounded({ maxCount: limits.spans })
    this.events = new Bounded({ maxCount: limits.items })
    this.items = new Bounded({ maxCount: limits.items })
    this.requests = new Bounded({ maxCount: limits.requests, maxWeight: limits.requestBytes, weigh: size })
  }

  /** Records a request, with what was accepted of it, and how much was not. */
  record(request: ReceivedRequest, { items, spans }: Decoded, refused: number): void {
    this.requests.push(request)
    this.counts.requests++
    if (request.signal !== undefined) {
      this.counts.requestsOf[request.signal]++
      this.counts.spansOf[request.signal] += spans.length
    }
    if (request.outcome !== "stored" && request.outcome !== "refused") this.counts.unreadable++
    this.counts.refused += refused
    for (const span of spans) this.spans.push(span)
    this.counts.spans += spans.length
    for (const item of items) {
      this.items.push(item)
      this.counts.items++
      if (isEvent(item)) {
        this.events.push(item)
        this.counts.events++
      }
    }
    // Not at once: who waits shall not run inside the server's callback, before the answer is on its way.
    if (this.waiters.size > 0) queueMicrotask(() => this.waiters.forEach((check) => check()))
  }

  fault(): void {
    this.counts.faults++
  }

  totals(): Totals {
    return {
      ...this.counts,
      requestsOf: { ...this.counts.requestsOf },
      spansOf: { ...this.counts.spansOf },
      evicted: {
        spans: this.spans.evicted,
        events: this.events.evicted,
        items: this.items.evicted,
        requests: this.requests.evicted
      }
    }
  }

  /** Ends as soon as the totals satisfy `predicate`; looks when something is recorded, not by the clock. */
  until(predicate: (totals: Totals) => boolean): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const check = () => {
        try {
          if (!predicate(this.totals())) return false
          resume(Effect.void)
        } catch (error) {
          resume(Effect.die(error))
        }
        this.waiters.delete(check)
        return true
      }
      if (check()) return
      this.waiters.add(check)
      return Effect.sync(() => {
        this.waiters.delete(check)
      })
    })
  }

  /** Every request kept of which the text is part: path, headers, body as sent and decompressed. */
  containing(text: string): ReadonlyArray<ReceivedRequest> {
    const needle = Buffer.from(text)
    return this.requests.toArray().filter((request) =>
      request.path.includes(text)
      || Object.entries(request.headers).some(([key, value]) => key.includes(text) || value.includes(text))
      || includes(request.raw, needle)
      || includes(request.body, needle)
    )
  }

  clear(): void {
    this.spans.clear()
    this.events.clear()
    this.items.clear()
    this.requests.clear()
    this.counts = zero()
  }
}
