/**
 * The memory in which encoded spans wait: one buffer outside of the heap of objects, with the spans in the order in which
 * they came.
 *
 * They leave in about that order. What leaves from between others leaves a hole; the others move together when room is
 * needed and holes are a fifth of everything, so that for each byte that comes four are moved at most.
 */
import { ProtobufWriter } from "./ProtobufWriter.ts"

/** Where a span is; its offset changes when spans move. */
export interface Range {
  offset: number
  readonly length: number
}

/** The first buffer, in bytes; half of it is what is kept free for a span beside the length of those before. */
const smallest = 16 * 1_024

/** A larger buffer is let go when nothing is in it, in bytes. */
const largestEmpty = 1_024 * 1_024

/** What holes are of everything when spans are moved. */
const holes = 1 / 5

/** The offset of a range that has left. */
const nowhere = -1

/** How many ranges that have left may be remembered beside as many as there are. */
const mostStale = 1_024

/** See the module. */
export class SpanArena {
  // A buffer grows no further than this without need: with the bound in it, a fifth of it are holes.
  readonly #most: number
  #writer: ProtobufWriter | undefined
  // Everything before belongs to spans that were kept, and to holes.
  #end = 0
  // In order; some have left.
  #ranges: Array<Range> = []
  #count = 0
  #bytes = 0
  // The longest since it was empty: the next one is hardly longer.
  #longest = 0

  /** For spans of so many bytes at once; one more is written before it is known how long it is. */
  constructor(bound: number) {
    this.#most = bound / (1 - holes)
  }

  /** The bytes of the spans that are kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** The size of the buffer. */
  get capacity(): number {
    return this.#writer?.room.length ?? 0
  }

  /** What ranges are in, until something is written. */
  get buffer(): Buffer {
    return this.#writer?.room ?? nothing
  }

  /**
   * Writes a span behind the others, and gives how many bytes it takes. It is kept or discarded before the next one is
   * written. Should `write` throw, nothing was written.
   */
  write<A>(write: (span: A, out: ProtobufWriter) => void, span: A): number {
    const out = this.#roomy()
    out.begin()
    try {
      write(span, out)
      out.check()
    } catch (fault) {
      this.discard()
      throw fault
    }
    return out.length - this.#end
  }

  /** Keeps what was written, and tells the range where that is. */
  keep(range: Range): void {
    range.offset = this.#end
    this.#end += range.length
    this.#ranges.push(range)
    this.#count++
    this.#bytes += range.length
    this.#longest = Math.max(this.#longest, range.length)
  }

  /** Forgets what was written and not kept. */
  discard(): void {
    this.#writer?.cut(this.#end)
    if (this.#count === 0) this.#rest()
    // One that is far too long has made the buffer so large: what is needed otherwise is less than twice the most.
    else if (this.capacity > 2 * this.#most) this.#moveTo(Buffer.allocUnsafeSlow(Math.ceil(this.#most)))
  }

  /** Lets a span go that was kept. */
  release(range: Range): void {
    range.offset = nowhere
    this.#count--
    this.#bytes -= range.length
    if (this.#count === 0) {
      this.#ranges = []
      // What is written now has its place behind those that just left.
      if (this.#writer?.length === this.#end) this.#rest()
    } else if (this.#ranges.length > 2 * this.#count + mostStale) this.#forgetStale()
  }

  /** Begins anew where nothing is left. */
  #rest(): void {
    this.#end = 0
    this.#longest = 0
    if (this.capacity > largestEmpty) this.#writer = undefined
    else this.#writer?.cut(0)
  }

  /** The writer, with room for a span like those before. */
  #roomy(): ProtobufWriter {
    const out = this.#writer ??= new ProtobufWriter(Buffer.allocUnsafeSlow(smallest))
    const { capacity } = this
    const free = this.#longest + smallest / 2
    if (this.#end + free <= capacity) return out
    const needed = this.#bytes + free
    const pays = capacity >= this.#most || this.#end - this.#bytes >= this.#end * holes
    if (pays && needed <= capacity) return this.#moveTo(out.room)
    return this.#moveTo(Buffer.allocUnsafeSlow(Math.ceil(Math.max(needed, Math.min(2 * capacity, this.#most)))))
  }

  /** Moves the spans together, into a buffer that may be the one in which they are; neighbours in one go. */
  #moveTo(room: Buffer): ProtobufWriter {
    this.#forgetStale()
    const from = this.buffer
    let [runStart, runEnd, at] = [0, 0, 0]
    for (const range of this.#ranges) {
      if (range.offset !== runEnd) {
        at += from.copy(room, at, runStart, runEnd)
        runStart = range.offset
      }
      runEnd = range.offset + range.length
      range.offset += at - runStart
    }
    this.#end = at + from.copy(room, at, runStart, runEnd)
    return this.#writer = new ProtobufWriter(room, this.#end)
  }

  #forgetStale(): void {
    if (this.#ranges.length > this.#count) this.#ranges = this.#ranges.filter(({ offset }) => offset !== nowhere)
  }
}

const nothing = Buffer.alloc(0)
