/**
 * The numbers of one metric: a row of floats for each label set.
 *
 * Rows instead of objects, because what many label sets record then lies close together, and because all of it can be
 * copied in one go when a scrape wants the numbers of one moment. They are added in chunks: no row ever moves, so that
 * a cell can keep its place while others are added.
 */
import * as Exemplars from "./Exemplars.ts"

/** Rows of the first chunk; each further one has twice as many as the one before it, up to the largest. */
const firstChunk = 4

const largestChunk = 1024

/** What the rows of a metric have in common. */
export interface Shape {
  /** The bounds of a histogram, whose rows are a sum and the observations by bucket; other metrics have one number. */
  readonly bounds: Float64Array | undefined
  /** Told about a value that a cell refused. */
  readonly refuse: (problem: string) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Rows that were added together. */
export interface Chunk {
  /** The number of its first row among all. */
  readonly first: number
  readonly capacity: number
  readonly values: Float64Array
  /** One slot a bucket. */
  readonly exemplars: Exemplars.Exemplars
  readonly bounds: Float64Array
  readonly refuse: Shape["refuse"]
}

/** Where a row lies: it is all that a cell has to know, and many cells are small. */
export interface Place {
  readonly chunk: Chunk
  /** Its number within the chunk. */
  readonly index: number
}

const noBounds = new Float64Array(0)

/** The numbers of one moment, row after row. */
export interface Copy {
  readonly rows: number
  readonly values: Float64Array
  readonly exemplars: Exemplars.Exemplars | undefined
}

/** Whether a row shows. A gauge that was not set, and a series that nobody has bound, begins with what is no number. */
export const isPresent = (first: number): boolean => !Number.isNaN(first)

/** The rows of one metric. */
export class Rows {
  readonly #shape: Shape
  /** Numbers and exemplars a row. */
  readonly #width: number
  readonly #slots: number
  readonly #chunks: Array<Chunk> = []
  #count = 0

  constructor(shape: Shape) {
    this.#shape = shape
    this.#slots = shape.bounds === undefined ? 0 : shape.bounds.length + 1
    this.#width = 1 + this.#slots
  }

  get count(): number {
    return this.#count
  }

  /** Adds a row that does not show yet; its other numbers are 0. */
  add(): Place {
    const last = this.#chunks.at(-1)
    const chunk = last !== undefined && this.#count < last.first + last.capacity ? last : this.#grow(last)
    const index = this.#count++ - chunk.first
    chunk.values[index * this.#width] = NaN
    return { chunk, index }
  }

  /** All numbers as they are now; exemplars take more than they do, and are copied where they are shown. */
  copy(exemplars: boolean): Copy {
    const [width, slots] = [this.#width, this.#slots]
    const values = new Float64Array(this.#count * width)
    const kept = exemplars && this.#chunks.some((chunk) => !chunk.exemplars.isEmpty)
      ? new Exemplars.Exemplars(this.#count * slots, this.#shape.now)
      : undefined
    for (const chunk of this.#chunks) {
      const used = Math.min(chunk.capacity, this.#count - chunk.first)
      values.set(chunk.values.subarray(0, used * width), chunk.first * width)
      if (kept !== undefined) chunk.exemplars.copyTo(kept, chunk.first * slots, used * slots)
    }
    return { rows: this.#count, values, exemplars: kept }
  }

  #grow(last: Chunk | undefined): Chunk {
    const { bounds = noBounds, now, refuse } = this.#shape
    const capacity = last === undefined ? firstChunk : Math.min(2 * last.capacity, largestChunk)
    const chunk = {
      first: this.#count,
      capacity,
      values: new Float64Array(capacity * this.#width),
      exemplars: new Exemplars.Exemplars(capacity * this.#slots, now),
      bounds,
      refuse
    }
    this.#chunks.push(chunk)
    return chunk
  }
}
