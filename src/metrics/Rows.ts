/**
 * The numbers of one metric: a row of floats for each label set.
 *
 * Rows instead of objects, because what many label sets record then lies close together, and because all of it can be
 * copied in one go when a scrape wants the numbers of one moment.
 */
import * as Exemplars from "./Exemplars.ts"

/** Rows that there is room for at first; there is room for twice as many whenever it is used up. */
const firstRows = 4

/** What the rows of a metric have in common. */
export interface Shape {
  /** The bounds of a histogram, whose rows are a sum and the observations by bucket; other metrics have one number. */
  readonly bounds: Float64Array | undefined
  /** Told about a value that a cell refused. */
  readonly refuse: (problem: string) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
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
  readonly bounds: Float64Array
  readonly refuse: Shape["refuse"]
  /** Numbers of a row. */
  readonly width: number
  /** Exemplars of a row, one a bucket. */
  readonly #slots: number
  readonly #now: Shape["now"]
  #values: Float64Array
  #exemplars: Exemplars.Exemplars
  #count = 0

  constructor({ bounds, now, refuse }: Shape) {
    this.bounds = bounds ?? noBounds
    this.refuse = refuse
    this.#slots = bounds === undefined ? 0 : bounds.length + 1
    this.width = 1 + this.#slots
    this.#now = now
    this.#values = new Float64Array(firstRows * this.width)
    this.#exemplars = new Exemplars.Exemplars(firstRows * this.#slots, now)
  }

  get count(): number {
    return this.#count
  }

  /** All numbers; those of a row begin at its number times `width`. Not to be kept: more rows may need another array. */
  get values(): Float64Array {
    return this.#values
  }

  /** One slot a bucket. Not to be kept either. */
  get exemplars(): Exemplars.Exemplars {
    return this.#exemplars
  }

  /** Adds a row that does not show yet, and answers with its number; its other numbers are 0. */
  add(): number {
    const row = this.#count
    if (row * this.width === this.#values.length) this.#grow(2 * row)
    this.#values[row * this.width] = NaN
    this.#count = row + 1
    return row
  }

  /** Makes a row show, at 0, if it does not yet. */
  bind(row: number): void {
    const first = row * this.width
    if (!isPresent(this.#values[first]!)) this.#values[first] = 0
  }

  /** All numbers as they are now; exemplars take more than they do, and are copied where they are shown. */
  copy(exemplars: boolean): Copy {
    const rows = this.#count
    return {
      rows,
      values: this.#values.slice(0, rows * this.width),
      exemplars: exemplars && !this.#exemplars.isEmpty ? this.#exemplarsFor(rows, rows) : undefined
    }
  }

  #grow(capacity: number): void {
    const values = new Float64Array(capacity * this.width)
    values.set(this.#values)
    this.#values = values
    this.#exemplars = this.#exemplarsFor(capacity, this.#count)
  }

  /** Room for the exemplars of so many rows, with those of the first `used` ones. */
  #exemplarsFor(rows: number, used: number): Exemplars.Exemplars {
    const copy = new Exemplars.Exemplars(rows * this.#slots, this.#now)
    this.#exemplars.copyTo(copy, used * this.#slots)
    return copy
  }
}
