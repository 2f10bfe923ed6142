/**
 * Writes protobuf's wire format into one buffer that grows.
 *
 * A message tells its length before its content: a byte is kept free for it, and the content moves where that does not
 * do. Names are few and the same for thousands of messages: their bytes are remembered.
 */
import { remembering } from "../scrubber/Memory.ts"

/** Bytes of names with their length before them, for all writers of one sink. */
export type Names = (name: string) => Uint8Array

/** How many names are remembered, and how long they may be: at most 300 KB. */
const [mostNames, longestName] = [1_024, 128]

/** Remembers names, until there are too many of them. */
export const names = (): Names =>
  remembering(
    (name) => {
      const writer = new ProtobufWriter(Buffer.allocUnsafeSlow(8 + 3 * name.length))
      writer.text(name)
      return writer.bytes()
    },
    mostNames,
    longestName
  )

/** The room that there always is behind a text or bytes, for the tags and numbers that follow. */
const spare = 64

/** Texts up to this length are copied here; Node is faster with longer ones, but takes its time to begin. */
const shortText = 48

/** Longer texts are measured before they are written: room for three bytes a character would be too much. */
const longText = 4_096

const twoTo32 = 2 ** 32

/** How many bytes a length takes; none takes more than five. */
export const lengthBytes = (length: number): number => {
  let bytes = 1
  for (let rest = length; rest >= 0x80; rest >>>= 7) bytes++
  return bytes
}

/** See the module. */
export class ProtobufWriter {
  #bytes: Buffer
  #at = 0
  // What is before this will not become more: room is made for what comes behind it.
  #from = 0
  // Of the second that was written last: most moments of a request share it.
  #second = 0
  #secondLow = 0
  #secondHigh = 0

  /** Writes into `room` until it is full, and then into larger ones; `length` bytes are there already. */
  constructor(room: Buffer, length = 0) {
    this.#bytes = room
    this.#at = length
  }

  /** The whole buffer that it writes into now. */
  get room(): Buffer {
    return this.#bytes
  }

  /** How many bytes there are so far. */
  get length(): number {
    return this.#at
  }

  /** What was written, for as long as nothing more is. */
  bytes(): Uint8Array {
    this.check()
    return this.#bytes.subarray(0, this.#at)
  }

  /** Forgets what came after so many bytes. */
  cut(length: number): void {
    this.#at = length
  }

  /** Writes something new behind what is there: room is made by what that takes. */
  begin(): void {
    this.#from = this.#at
  }

  /** Makes room for tags and numbers, which count on it: those between two texts need not ask. */
  reserve(count = spare): void {
    if (this.#at + count > this.#bytes.length) this.#grow(count)
  }

  /** What is written past the end of a buffer vanishes without a word: here it says so. */
  check(): void {
    if (this.#at > this.#bytes.length) throw new RangeError(`${this.#at} bytes in a room of ${this.#bytes.length}`)
  }

  #grow(count: number): void {
    this.check()
    const written = this.#at - this.#from
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length + written, this.#at + count))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }

  /** Begins a message, with so many bytes kept for its length, and gives the place that `close` wants. */
  open(reserved = 1): number {
    this.#at += reserved
    return this.#at
  }

  /** Ends a message. */
  close(start: number, reserved = 1): void {
    const length = this.#at - start
    if (reserved === 1 && length < 0x80) {
      this.#bytes[start - 1] = length
      return
    }
    const needed = lengthBytes(length)
    if (needed !== reserved) {
      this.reserve(needed)
      this.#bytes.copyWithin(start - reserved + needed, start, this.#at)
    }
    this.#at = start - reserved
    this.varint32(length)
    this.#at += length
  }

  /** One byte: a tag, or a number below 128. */
  byte(value: number): void {
    this.#bytes[this.#at++] = value
  }

  /** An unsigned number below 2^32. */
  varint32(value: number): void {
    const bytes = this.#bytes
    let at = this.#at
    let rest = value
    while (rest > 0x7f) {
      bytes[at++] = rest & 0x7f | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.#at = at
  }

  /** A whole number of 64 bits; a negative one as its complement. */
  int64(value: number): void {
    if (value >= 0 && value < twoTo32) return this.varint32(value)
    // What is exact as a number is exact in both halves.
    let high = Math.floor(value / twoTo32)
    let low = value - high * twoTo32
    high >>>= 0
    const bytes = this.#bytes
    let at = this.#at
    while (high > 0 || low > 0x7f) {
      bytes[at++] = low & 0x7f | 0x80
      low = (low >>> 7 | high << 25) >>> 0
      high >>>= 7
    }
    bytes[at++] = low
    this.#at = at
  }

  /** Four bytes, the lowest first. */
  fixed32(value: number): void {
    const bytes = this.#bytes
    const at = this.#at
    bytes[at] = value
    bytes[at + 1] = value >>> 8
    bytes[at + 2] = value >>> 16
    bytes[at + 3] = value >>> 24
    this.#at = at + 4
  }

  double(value: number): void {
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  /** A moment as nanoseconds since 1970, in eight bytes. */
  time(seconds: number, nanos: number): void {
    if (seconds !== this.#second) this.#readSecond(seconds)
    const low = this.#secondLow + nanos
    this.fixed32(low)
    this.fixed32(this.#secondHigh + Math.floor(low / twoTo32))
  }

  /** The nanoseconds of a second in halves: a product of them all would not be exact. */
  #readSecond(seconds: number): void {
    const low = (seconds & 0xffff) * 1e9
    const high = (seconds / 0x10000 >>> 0) * 1e9
    const lows = low % twoTo32 + high % 0x10000 * 0x10000
    this.#secondLow = lows % twoTo32
    this.#secondHigh = Math.floor(low / twoTo32) + Math.floor(high / 0x10000) + Math.floor(lows / twoTo32)
    this.#second = seconds
  }

  /** Eight bytes of an id, from two of its words. */
  words(word0: number, word1: number): void {
    const bytes = this.#bytes
    const at = this.#at
    bytes[at] = word0 >>> 24
    bytes[at + 1] = word0 >>> 16
    bytes[at + 2] = word0 >>> 8
    bytes[at + 3] = word0
    bytes[at + 4] = word1 >>> 24
    bytes[at + 5] = word1 >>> 16
    bytes[at + 6] = word1 >>> 8
    bytes[at + 7] = word1
    this.#at = at + 8
  }

  /** Bytes as they are, whatever room there is. */
  raw(source: Uint8Array): void {
    const { length } = source
    this.reserve(length + spare)
    const at = this.#at
    if (length > shortText) this.#bytes.set(source, at)
    else {
      const bytes = this.#bytes
      for (let i = 0; i < length; i++) bytes[at + i] = source[i]!
    }
    this.#at = at + length
  }

  /** Bytes as they are, for which there is room. */
  exactly(source: Uint8Array): void {
    this.#bytes.set(source, this.#at)
    this.#at += source.length
  }

  /** A text with its length before it, whatever room there is; lone surrogates become U+FFFD. */
  text(value: string): void {
    const { length } = value
    if (length > shortText) return this.#longText(value)
    this.reserve(3 * length + spare)
    const bytes = this.#bytes
    const start = this.#at + 1
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return this.#longText(value)
      bytes[start + i] = code
    }
    bytes[start - 1] = length
    this.#at = start + length
  }

  #longText(value: string): void {
    const most = value.length > longText ? Buffer.byteLength(value) : 3 * value.length
    this.reserve(most + spare)
    // Most texts are as long as their bytes.
    const reserved = lengthBytes(value.length)
    const start = this.open(reserved)
    this.#at += this.#bytes.write(value, start, "utf8")
    this.close(start, reserved)
  }
}
