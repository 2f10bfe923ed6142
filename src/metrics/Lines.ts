/** Bytes of an exposition, put together line by line in a buffer that is used again and again. */
import * as Shapes from "../Shapes.ts"

/** Bytes of a chunk: sending one takes as long as writing it, and it is little enough that many readers hold little. */
export const chunkSize = 128 * 1024

/** The longest text of a number. */
export const maxNumber = 24

const zero = 48
const point = 46
const hexadecimal = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))

/** Longer parts are copied by the platform, shorter ones sooner byte by byte than it is called. */
const short = 24

/** A buffer that is being filled. Whoever writes has made sure of the room. */
export class Lines {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity: number = chunkSize) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** What was written; the bytes are those of the buffer. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0
  }

  /** Whether so much fits in beside what was written; an empty buffer grows until it does. */
  fits(size: number): boolean {
    if (this.#length + size <= this.#bytes.length) return true
    if (this.#length > 0) return false
    this.#bytes = new Uint8Array(size)
    return true
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value
  }

  copy(from: Uint8Array, start: number = 0, end: number = from.length): void {
    const bytes = this.#bytes
    if (end - start > short) {
      bytes.set(from.subarray(start, end), this.#length)
      this.#length += end - start
    } else for (let index = start; index < end; index++) bytes[this.#length++] = from[index]!
  }

  /** Writes once more what was written from `start` to `end`. */
  repeat(start: number, end: number): void {
    this.#bytes.copyWithin(this.#length, start, end)
    this.#length += end - start
  }

  ascii(text: string): void {
    const bytes = this.#bytes
    for (let index = 0; index < text.length; index++) bytes[this.#length++] = text.charCodeAt(index)
  }

  /** Writes a finite number as JavaScript does, which both formats read. */
  number(value: number): void {
    if (value !== value >>> 0) return this.ascii(String(value))
    // Most are counts; no text is made of these.
    let end = this.#length + 1
    for (let bound = 10; value >= bound; bound *= 10) end++
    let rest = value >>> 0
    for (let at = end - 1; at >= this.#length; at--) {
      const tenth = (rest / 10) >>> 0
      this.#bytes[at] = zero + rest - 10 * tenth
      rest = tenth
    }
    this.#length = end
  }

  /** Writes thousandths as a number: milliseconds as seconds. */
  thousandths(value: number): void {
    const whole = Math.floor(value / 1000)
    const rest = value - 1000 * whole
    if (whole !== whole >>> 0 || rest !== rest >>> 0) return this.number(value / 1000)
    this.number(whole)
    this.byte(point)
    for (let unit = 100; unit >= 1; unit /= 10) this.byte(zero + Math.floor(rest / unit) % 10)
  }

  /** Writes a word of 32 bits as eight hexadecimal digits. */
  word(value: number): void {
    const bytes = this.#bytes
    for (let shift = 28; shift >= 0; shift -= 4) bytes[this.#length++] = hexadecimal[value >>> shift & 15]!
  }
}

Shapes.keep(new Lines(0))
