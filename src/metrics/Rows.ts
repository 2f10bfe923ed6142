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

/** Where a row lies. */
export interface Place {
  readonly row: number
  readonly values: Float64Array
  /** The index of its first number. */
  readonly at: number
  readonly exemplars: Exemplars.Exemplars
  /** The index of its first exemplar. */
  readonly slot: number
}

interface Chunk {
  readonly values: Float64Array
  readonly exemplars: Exemplars.Exemplars
  readonly capacity: number
  used: number
}

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
  /** Numbers a row. */
  readonly width: number
  /** Exemplars a row. */
  readonly slots: number
  readonly #now: () => number
  readonly #chunks: Array<Chunk> = []
  #count = 0

  constructor(width: number, slots: number, now: () => number) {
    this.width = width
    this.slots = slots
    this.#now = now
  }

  get count(): number {
    return this.#count
  }

  /** Adds a row that does not show yet; its other numbers are 0. */
  add(): Place {
    let chunk = this.#chunks.at(-1)
    if (chunk === undefined || chunk.used === chunk.capacity) {
      const capacity = chunk === undefined ? firstChunk : Math.min(2 * chunk.capacity, largestChunk)
      chunk = {
        values: new Float64Array(capacity * this.width),
        exemplars: new Exemplars.Exemplars(capacity * this.slots, this.#now),
        capacity,
        used: 0
      }
      this.#chunks.push(chunk)
    }
    const place = {
      row: this.#count++,
      values: chunk.values,
      at: chunk.used * this.width,
      exemplars: chunk.exemplars,
      slot: chunk.used * this.slots
    }
    chunk.used++
    chunk.values[place.at] = NaN
    return place
  }

  /** All numbers as they are now; `exemplars` costs more than they do and is asked for where it is shown. */
  copy(exemplars: boolean): Copy {
    const values = new Float64Array(this.#count * this.width)
    const kept = exemplars && this.#chunks.some((chunk) => !chunk.exemplars.isEmpty)
      ? new Exemplars.Exemplars(this.#count * this.slots, this.#now)
      : undefined
    let row = 0
    for (const chunk of this.#chunks) {
      values.set(
        chunk.used === chunk.capacity ? chunk.values : chunk.values.subarray(0, chunk.used * this.width),
        row * this.width
      )
      if (kept !== undefined) chunk.exemplars.copyTo(kept, row * this.slots, chunk.used * this.slots)
      row += chunk.used
    }
    return { rows: this.#count, values, exemplars: kept }
  }
}
