/**
 * The traces that fell into buckets last, one slot a bucket.
 *
 * A span that tells its ids as words is kept as words, and text is made of them when a scrape asks; the span itself is
 * not kept, since it holds all that it knows, its parents too. Ids that come as text stay text.
 */
import type * as Metrics from "./Metrics.ts"

/** Words of 32 bits of a trace's id, and of both ids. */
export const traceWords = 4

export const idWords = 6

interface Slots {
  readonly words: Int32Array
  /** The value and the moment of each; a slot whose value is no number is empty. */
  readonly numbers: Float64Array
  /** The ids that came as text, of the trace and the span of each. */
  texts: Array<string | undefined> | undefined
}

const noTexts = (slots: number): Array<string | undefined> => Array.from({ length: 2 * slots }, () => undefined)

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
    if (this.#slots === undefined) return 0
    const { numbers, texts, words } = this.#slots
    return words.byteLength + numbers.byteLength + 8 * (texts?.length ?? 0)
  }

  /** Keeps an exemplar in the place of the one before it. One that can't be read leaves its slot empty, and throws. */
  keep(slot: number, value: number, exemplar: Metrics.Exemplar, at: number | undefined): void {
    const slots = this.#slots ?? this.#allocate()
    const { numbers, texts, words } = slots
    const index = 2 * slot
    numbers[index] = NaN
    if (exemplar.writeIds === undefined) {
      const { spanId, traceId } = exemplar
      // Whoever has no types may pass anything; it would be told as the ids of the one before.
      if (typeof traceId !== "string" || typeof spanId !== "string") return
      const kept = texts ?? (slots.texts = noTexts(this.#count))
      kept[index] = traceId
      kept[index + 1] = spanId
    } else {
      exemplar.writeIds(words, idWords * slot)
      if (texts !== undefined) texts[index] = texts[index + 1] = undefined
    }
    numbers[index + 1] = at ?? this.#now()
    numbers[index] = value
  }

  /** Copies the first `count` slots to another place, `slot` being the first there. */
  copyTo(other: Exemplars, slot: number, count: number): void {
    if (this.#slots === undefined) return
    const { numbers, texts, words } = this.#slots
    const copy = other.#slots ?? other.#allocate()
    copy.words.set(words.subarray(0, idWords * count), idWords * slot)
    copy.numbers.set(numbers.subarray(0, 2 * count), 2 * slot)
    if (texts === undefined) return
    const copied = copy.texts ??= noTexts(other.#count)
    for (let index = 0; index < 2 * count; index++) copied[2 * slot + index] = texts[index]
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

  /** The ids of a slot where they came as text. */
  texts(slot: number): readonly [traceId: string, spanId: string] | undefined {
    const [traceId, spanId] = [this.#slots?.texts?.[2 * slot], this.#slots?.texts?.[2 * slot + 1]]
    return traceId === undefined || spanId === undefined ? undefined : [traceId, spanId]
  }

  /** One of the words of the ids of a slot where they came as words: four of the trace, two of the span. */
  word(slot: number, index: number): number {
    return this.#slots?.words[idWords * slot + index] ?? 0
  }

  #allocate(): Slots {
    return this.#slots = {
      words: new Int32Array(idWords * this.#count),
      numbers: new Float64Array(2 * this.#count).fill(NaN),
      texts: undefined
    }
  }
}
