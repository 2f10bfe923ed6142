/**
 * The traces that fell into buckets last, one slot a bucket.
 *
 * A span that tells its ids as words is kept as words, and text is made of them when a scrape asks; the span itself is
 * not kept, since it holds all that it knows, its parents too. Ids that come as text are read when a scrape asks, since
 * most are replaced by others before that.
 */
import type * as Metrics from "./Metrics.ts"

/** Words of 32 bits of a trace's id, and of both ids. */
export const traceWords = 4

export const idWords = 6

/** Ids that are no hexadecimal words. */
type Odd = readonly [traceId: string, spanId: string]

interface Slots {
  readonly words: Int32Array
  /** The value and the moment of each; a slot whose value is no number is empty. */
  readonly numbers: Float64Array
  /** The ids of each that came as text and were not read yet. */
  texts: Array<string | undefined> | undefined
  odd: Map<number, Odd> | undefined
}

const digitsOfWord = 8

// Ids are hex digits; anything else is none. Prometheus would refuse the whole scrape for a NUL here, and OpenMetrics
// allows an exemplar's labels no more than 128 characters together.
const idPattern = /^[0-9A-Za-z_-]{1,50}$/

/** The value of a lower-case hexadecimal digit; 16 and above for what is none. */
const digitOf = (code: number): number =>
  code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : 16

/** Reads as many words as `count` says; false where the text is not made of them. */
const readWords = (text: string, words: Int32Array, at: number, count: number): boolean => {
  if (text.length !== count * digitsOfWord) return false
  for (let word = 0, index = 0; word < count; word++) {
    let value = 0
    for (const end = index + digitsOfWord; index < end; index++) {
      const digit = digitOf(text.charCodeAt(index))
      if (digit > 15) return false
      value = value << 4 | digit
    }
    words[at + word] = value
  }
  return true
}

/** Exemplars by slot. They take no memory before the first one is kept. */
export class Exemplars {
  readonly #count: number
  readonly #now: () => number
  #slots: Slots | undefined

  constructor(count: number, now: () => number) {
    this.#count = count
    this.#now = now
  }

  get isEmpty(): boolean {
    return this.#slots === undefined
  }

  get byteLength(): number {
    return this.#slots === undefined ? 0 : this.#slots.words.byteLength + this.#slots.numbers.byteLength
  }

  /** Keeps an exemplar in the place of the one before it. One that can't be read leaves its slot empty, and throws. */
  keep(slot: number, value: number, exemplar: Metrics.Exemplar, at: number | undefined): void {
    const slots = this.#slots ?? this.#allocate()
    const { numbers, texts } = slots
    const index = 2 * slot
    numbers[index] = NaN
    if (exemplar.writeIds === undefined) {
      const { spanId, traceId } = exemplar
      // Whoever has no types may pass anything; it would be told as the ids of the one before.
      if (typeof traceId !== "string" || typeof spanId !== "string") return
      const kept = texts ?? this.#allocateTexts(slots)
      kept[index] = traceId
      kept[index + 1] = spanId
    } else {
      exemplar.writeIds(slots.words, idWords * slot)
      if (texts !== undefined) texts[index] = undefined
      if (slots.odd !== undefined) slots.odd.delete(slot)
    }
    numbers[index + 1] = at ?? this.#now()
    numbers[index] = value
  }

  /** Copies the first `count` slots to others that are empty. */
  copyTo(other: Exemplars, count: number): void {
    if (this.#slots === undefined) return
    this.#read(this.#slots)
    const { numbers, odd, words } = this.#slots
    const copy = other.#allocate()
    copy.words.set(words.subarray(0, idWords * count))
    copy.numbers.set(numbers.subarray(0, 2 * count))
    if (odd !== undefined) copy.odd = new Map(odd)
  }

  /** The value of a slot; `undefined` where it is empty. */
  value(slot: number): number | undefined {
    const value = this.#slots?.numbers[2 * slot]
    return value === undefined || Number.isNaN(value) ? undefined : value
  }

  /** The moment of a slot. */
  at(slot: number): number {
    return this.#slots?.numbers[2 * slot + 1] ?? 0
  }

  /** The ids of a slot where they are no words. */
  odd(slot: number): Odd | undefined {
    return this.#slots?.odd?.get(slot)
  }

  /** One of the words of the ids of a slot: four of the trace, two of the span. */
  word(slot: number, index: number): number {
    return this.#slots?.words[idWords * slot + index] ?? 0
  }

  #allocate(): Slots {
    return this.#slots = {
      words: new Int32Array(idWords * this.#count),
      numbers: new Float64Array(2 * this.#count).fill(NaN),
      texts: undefined,
      odd: undefined
    }
  }

  #allocateTexts(slots: Slots): Array<string | undefined> {
    const texts: Array<string | undefined> = slots.texts = []
    texts.length = 2 * this.#count
    return texts
  }

  /** Reads the ids that came as text since it was last done. */
  #read(slots: Slots): void {
    const { numbers, texts, words } = slots
    if (texts === undefined) return
    for (let index = 0; index < texts.length; index += 2) {
      const [traceId, spanId] = [texts[index], texts[index + 1]]
      if (traceId === undefined || spanId === undefined) continue
      const slot = index / 2
      const first = idWords * slot
      texts[index] = texts[index + 1] = undefined
      slots.odd?.delete(slot)
      if (
        readWords(traceId, words, first, traceWords) &&
        readWords(spanId, words, first + traceWords, idWords - traceWords)
      ) continue
      if (idPattern.test(traceId) && idPattern.test(spanId)) (slots.odd ??= new Map()).set(slot, [traceId, spanId])
      else numbers[index] = NaN
    }
  }
}
