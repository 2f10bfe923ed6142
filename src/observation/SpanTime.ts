/**
 * Moments as whole seconds and nanoseconds, exact and without bigints where that can be.
 */
import type * as Clock from "effect/Clock"

// A bigint that is stored as two words of 32 bits and read as such: dividing it would take ten times as long.
const words = new Uint32Array(2)
const stored = new BigUint64Array(words.buffer)

const nanosPerSecond = 1e9
// 2^32 nanoseconds are 4 seconds and so much; 2^48 are 281,474 seconds and so much.
const [nanosOf32, secondsOf32] = [294_967_296, 4]
const [nanosOf48, secondsOf48] = [976_710_656, 281_474]

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
const [low, high] = isLittleEndian ? [0, 1] : [1, 0]

/** The nanoseconds of what is stored, seconds not taken out. No product comes near 2^53. */
const unreduced = (): number => (words[high]! >>> 16) * nanosOf48 + (words[high]! & 0xffff) * nanosOf32 + words[low]!

/** The whole seconds of a moment in nanoseconds since the epoch. */
export const secondsOf = (nanos: bigint): number => {
  stored[0] = nanos
  return (words[high]! >>> 16) * secondsOf48 + (words[high]! & 0xffff) * secondsOf32 +
    Math.floor(unreduced() / nanosPerSecond)
}

/** The nanoseconds of a moment beside its whole seconds. */
export const nanosOf = (nanos: bigint): number => {
  stored[0] = nanos
  return unreduced() % nanosPerSecond
}

/** The moment of both, in nanoseconds since the epoch. */
export const toBigInt = (seconds: number, nanos: number): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanos)

// How long the clock that is followed may differ unseen, in milliseconds, and by how much it may without being followed:
// two of its readings are that far apart at most.
const [lookEach, tolerated] = [10, 0.1]

/** Node's monotonic clock in milliseconds. Bound once: as a method it asks at each call whose it is. */
export const monotonicMillis: () => number = performance.now.bind(performance)

/**
 * Tells the time that a clock of Effect's tells, from Node's monotonic clock: at a tenth of the price.
 *
 * Effect's live clock is the monotonic one, moved onto the wall clock, and moved again when that was set. So it is
 * looked at from time to time and followed to where it has gone.
 */
export class SpanTime {
  /** What `tell` has told. */
  seconds = 0
  nanos = 0
  readonly #followed: Clock.Clock
  readonly #monotonic: () => number
  // What has to be added to the monotonic clock, and when to look again.
  #seconds = 0
  #nanos = 0
  #lookAt = -Infinity

  constructor(followed: Clock.Clock, monotonic: () => number = monotonicMillis) {
    this.#followed = followed
    this.#monotonic = monotonic
  }

  /** The monotonic time in milliseconds. */
  now(): number {
    return this.#monotonic()
  }

  /** Tells the moment of such a reading, just made, as `seconds` and `nanos`. */
  tell(now: number): void {
    if (now >= this.#lookAt) this.#look(now)
    this.#tell(now)
  }

  #tell(millis: number): void {
    const whole = Math.floor(millis / 1e3)
    let seconds = this.#seconds + whole
    let nanos = this.#nanos + Math.round((millis - whole * 1e3) * 1e6)
    while (nanos >= nanosPerSecond) {
      nanos -= nanosPerSecond
      seconds++
    }
    this.seconds = seconds
    this.nanos = nanos
  }

  #look(now: number): void {
    const isFirst = this.#lookAt === -Infinity
    this.#lookAt = now + lookEach
    const told = this.#followed.currentTimeNanosUnsafe()
    this.#tell(this.#monotonic())
    const ahead = (this.seconds - secondsOf(told)) * 1e3 + (this.nanos - nanosOf(told)) / 1e6
    if (isFirst || Math.abs(ahead) > tolerated) this.#follow()
  }

  /** Of several readings, the one between whose sides least has passed is the most exact. */
  #follow(): void {
    let narrowest = Infinity
    for (let attempt = 0; attempt < 4; attempt++) {
      const before = this.#monotonic()
      const told = this.#followed.currentTimeNanosUnsafe()
      const between = this.#monotonic() - before
      if (between >= narrowest) continue
      narrowest = between
      const offset = told - BigInt(Math.round((before + between / 2) * 1e6))
      this.#seconds = secondsOf(offset)
      this.#nanos = nanosOf(offset)
    }
  }
}
