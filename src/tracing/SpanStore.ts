/**
 * How spans wait for their sink: as records, or as the bytes that the sink makes of them. Where they stand in line is the
 * business of `SpanBuffer`.
 */
import { SpanStatusCode } from "@opentelemetry/api"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import type * as Effect from "effect/Effect"
import * as ScrubbedSpan from "./ScrubbedSpan.ts"
import { type Range, SpanArena } from "./SpanArena.ts"
import type { Source } from "./SpanRecord.ts"
import type { EncodedSpan, EncodedSpans, ExportResult, SpanEncoder, SpanSink, SpanSinkError } from "./SpanSink.ts"
import * as SpanSize from "./SpanSize.ts"

/** A span that waits or is on its way. */
export interface Entry {
  /** The span itself, where it is kept. */
  readonly span: ReadableSpan | undefined
  /** Whose it is. */
  readonly source: Source
  /** Whether it tells of a failure: of those, traces are looked at. */
  readonly isFailed: boolean
  /** What it adds to a request, in bytes. */
  readonly length: number
  /** What it takes of the queue's room, in bytes. */
  readonly room: number
  /** Counts up with each span that waits; 0 before. */
  sequence: number
  /** How often it was sent in vain; nothing before the first time, which few spans see. */
  attempts?: number
}

/** What an export says of its spans. */
export type Exporting = Effect.Effect<ExportResult, SpanSinkError>

/** See the module. A store is given back its own entries only. */
export abstract class SpanStore {
  /** The entry of a scrubbed span, which is to be kept or discarded before the next. It throws where there can't be one. */
  abstract entryOf(span: ReadableSpan): Entry
  /** Keeps the span until it is released. */
  abstract keep(entry: Entry): void
  /** Forgets a span that was not kept. */
  abstract discard(): void
  abstract release(entry: Entry): void
  /** Sends spans. */
  abstract export(entries: ReadonlyArray<Entry>, onResent: (spans: number) => void): Exporting
}

/** Whether a span tells of a failure. */
export const isFailed = (span: ReadableSpan): boolean => span.status.code === SpanStatusCode.ERROR

// Entries are made by constructors. V8 puts object literals that tend to survive straight among its old objects, where
// each keeps its record, and what that holds, past its end until the next full collection: four times the collecting.

/** A span that waits as it is. */
class RecordEntry implements Entry {
  readonly span: ReadableSpan
  readonly length: number
  sequence = 0
  declare attempts?: number

  constructor(span: ReadableSpan, length: number) {
    this.span = span
    this.length = length
  }

  get source(): Source {
    return this.span
  }

  get isFailed(): boolean {
    return isFailed(this.span)
  }

  /**
   * As an object a span may be far larger than encoded. Reckoned anew, since thousands of spans that wait would each keep
   * the number.
   */
  get room(): number {
    return SpanSize.inHeap(this.span, this.length)
  }
}

/** Spans as they are, for a sink that encodes them when it sends them. */
class RecordStore extends SpanStore {
  readonly #sink: SpanSink

  constructor(sink: SpanSink) {
    super()
    this.#sink = sink
  }

  entryOf(span: ReadableSpan): RecordEntry {
    return new RecordEntry(span, SpanSize.ofSpan(span))
  }

  keep(): void {}

  discard(): void {}

  release(): void {}

  export(entries: ReadonlyArray<RecordEntry>, onResent: (spans: number) => void): Exporting {
    return this.#sink.export(entries.map(({ span }) => span), onResent)
  }
}

/** A span that waits as bytes. */
class EncodedEntry implements Entry, EncodedSpan, Range {
  readonly source: Source
  readonly isFailed: boolean
  offset = 0
  readonly length: number
  sequence = 0
  declare attempts?: number

  constructor(span: ReadableSpan & { readonly source: Source }, length: number) {
    this.source = span.source
    this.isFailed = isFailed(span)
    this.length = length
  }

  get span(): undefined {
    return undefined
  }

  get room(): number {
    return this.length + SpanSize.encodedEntry
  }
}

/** Spans as the bytes that they will be in a request. */
class EncodedStore extends SpanStore {
  readonly #encoder: SpanEncoder
  readonly #arena: SpanArena

  constructor(encoder: SpanEncoder, bound: number) {
    super()
    this.#encoder = encoder
    this.#arena = new SpanArena(bound)
  }

  entryOf(span: ReadableSpan): EncodedEntry {
    const record = ScrubbedSpan.recordOf(span)
    return new EncodedEntry(record, this.#arena.write(this.#encoder.encode, record))
  }

  keep(entry: EncodedEntry): void {
    this.#arena.keep(entry)
  }

  discard(): void {
    this.#arena.discard()
  }

  release(entry: EncodedEntry): void {
    this.#arena.release(entry)
  }

  export(entries: ReadonlyArray<EncodedEntry>, onResent: (spans: number) => void): Exporting {
    const arena = this.#arena
    const batch: EncodedSpans = {
      get buffer() {
        return arena.buffer
      },
      spans: entries
    }
    return this.#encoder.export(batch, onResent)
  }
}

/** The store of a sink that holds so many bytes. */
export const make = (sink: SpanSink, maxBytes: number): SpanStore =>
  sink.encoder === undefined ? new RecordStore(sink) : new EncodedStore(sink.encoder, maxBytes)
