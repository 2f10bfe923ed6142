/**
 * The spans that wait for a sink, bounded by count and by bytes; failed spans are dropped last.
 *
 * Spans keep their room while they are on their way, since they may come back. Each operation takes a time that does not
 * depend on how many spans wait.
 */
import * as MutableList from "effect/MutableList"
import * as SpanSize from "./SpanSize.ts"
import type { Entry, SpanStore } from "./SpanStore.ts"

/** What a buffer holds. */
export interface Bounds {
  readonly maxQueueSize: number
  readonly maxQueueBytes: number
}

/** Counts that a span was sent in vain once more. */
export const attempted = (entry: Entry): number => entry.attempts = (entry.attempts ?? 0) + 1

/** Spans in order, with their bytes. */
interface Line {
  readonly entries: MutableList.MutableList<Entry>
  bytes: number
  room: number
}

const line = (): Line => ({ entries: MutableList.make(), bytes: 0, room: 0 })

const none: ReadonlyArray<never> = []

const first = ({ entries: { head } }: Line): Entry | undefined => head?.array[head.offset]

/** The size of a request with half as much of these spans, in bytes: its envelope is told again. */
export const halfRequest = (entries: ReadonlyArray<Entry>): number => {
  const envelope = SpanSize.envelope()
  return entries.reduce((sum, { length, source }) => sum + length / 2 + envelope(source), 0)
}

/** See the module. */
export class SpanBuffer {
  readonly #bounds: Bounds
  // Told of each span that leaves.
  readonly #store: Pick<SpanStore, "release">
  // Two lines, so that the oldest span that did not fail is found at once.
  readonly #failed = line()
  readonly #others = line()
  #size = 0
  #room = 0
  #last = 0

  constructor(bounds: Bounds, store: Pick<SpanStore, "release">) {
    this.#bounds = bounds
    this.#store = store
  }

  /** Spans that take room: those that wait, and those that were taken. */
  get size(): number {
    return this.#size
  }

  /** The room that these take, in bytes. */
  get room(): number {
    return this.#room
  }

  /** Spans that wait. */
  get waiting(): number {
    return this.#failed.entries.length + this.#others.entries.length
  }

  /** What these add to requests, in bytes. */
  get waitingBytes(): number {
    return this.#failed.bytes + this.#others.bytes
  }

  /** The room that these take, in bytes. */
  get waitingRoom(): number {
    return this.#failed.room + this.#others.room
  }

  /** The sequence of the span that came last. */
  get last(): number {
    return this.#last
  }

  /** The sequence of the span that has waited longest. */
  get oldest(): number | undefined {
    return first(this.#next())?.sequence
  }

  /** Whether a span finds that much room, where a failed one may take that of others. */
  hasRoom(room: number, failed: boolean): boolean {
    const yielding = failed ? this.#others : undefined
    return this.#fits(this.#size - (yielding?.entries.length ?? 0), this.#room - (yielding?.room ?? 0) + room)
  }

  /** Adds a span that has room, and gives those that had to make it. */
  add(entry: Entry): ReadonlyArray<Entry> {
    const { length, room } = entry
    const displaced = this.#fits(this.#size, this.#room + room) ? none : this.#makeRoom(room)
    entry.sequence = ++this.#last
    const to = this.#lineOf(entry)
    MutableList.append(to.entries, entry)
    to.bytes += length
    to.room += room
    this.#size++
    this.#room += room
    return displaced
  }

  /** Takes the spans of one request, oldest first: at most so many, and no more bytes unless it is one span. */
  take(maxCount: number, maxBytes: number): Array<Entry> {
    const batch: Array<Entry> = []
    const envelope = SpanSize.envelope()
    let size = 0
    for (;;) {
      const from = this.#next()
      const entry = first(from)
      if (entry === undefined) return batch
      size += entry.length + envelope(entry.source)
      if (batch.length > 0 && (batch.length >= maxCount || size > maxBytes)) return batch
      this.#shift(from)
      batch.push(entry)
    }
  }

  /** Gives up the room of spans that were taken. */
  release(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) this.#leave(entry)
  }

  /** Lets spans that were taken wait again, before all others. */
  putBack(entries: ReadonlyArray<Entry>): void {
    if (entries.length === 0) return
    const ordered = entries.toSorted((left, right) => left.sequence - right.sequence)
    for (const to of [this.#failed, this.#others]) {
      const own = ordered.filter((entry) => this.#lineOf(entry) === to)
      MutableList.prependAll(to.entries, own)
      for (const entry of own) {
        to.bytes += entry.length
        to.room += entry.room
      }
    }
  }

  /** Empties the buffer of those that wait, and tells how many there were. */
  clear(): number {
    const { waiting } = this
    for (const from of [this.#failed, this.#others]) {
      for (let entry = this.#shift(from); entry !== undefined; entry = this.#shift(from)) this.#leave(entry)
    }
    return waiting
  }

  #makeRoom(room: number): ReadonlyArray<Entry> {
    const displaced: Array<Entry> = []
    while (!this.#fits(this.#size, this.#room + room)) {
      const entry = this.#shift(this.#others)
      if (entry === undefined) break
      displaced.push(entry)
      this.#leave(entry)
    }
    return displaced
  }

  #fits(size: number, room: number): boolean {
    return size < this.#bounds.maxQueueSize && room <= this.#bounds.maxQueueBytes
  }

  #lineOf(entry: Entry): Line {
    return entry.isFailed ? this.#failed : this.#others
  }

  /** The line of which it is the turn. */
  #next(): Line {
    const failed = first(this.#failed)?.sequence ?? Infinity
    const other = first(this.#others)?.sequence ?? Infinity
    return failed < other ? this.#failed : this.#others
  }

  #shift(from: Line): Entry | undefined {
    const entry = MutableList.take(from.entries)
    if (entry === MutableList.Empty) return undefined
    from.bytes -= entry.length
    from.room -= entry.room
    return entry
  }

  #leave(entry: Entry): void {
    this.#size--
    this.#room -= entry.room
    this.#store.release(entry)
  }
}
