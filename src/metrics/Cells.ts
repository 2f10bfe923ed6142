/**
 * The values themselves: one cell a label set, which writes into a row of its metric's numbers.
 *
 * A cell checks what it is given, because what Prometheus can't take (NaN, an infinite or a falling counter) would
 * spoil the series for good. What it refuses is told to the guard; it never throws. Its methods answer whether the
 * record was taken.
 */
import type * as Metrics from "./Metrics.ts"
import type * as Rows from "./Rows.ts"

/** Told about a value that a cell refused. */
export type Refuse = (problem: string) => void

const isFinite = (value: unknown): value is number => typeof value === "number" && value - value === 0

const shown = (value: unknown): string => typeof value === "number" ? String(value) : `a ${typeof value}`

/** A counter's label set. */
export class Counter implements Metrics.CounterCell {
  readonly row: number
  readonly #values: Float64Array
  readonly #at: number
  readonly #refuse: Refuse

  constructor({ at, row, values }: Rows.Place, refuse: Refuse) {
    this.row = row
    this.#values = values
    this.#at = at
    this.#refuse = refuse
  }

  /** Makes it show, at 0. */
  bind(): this {
    if (Number.isNaN(this.#values[this.#at])) this.#values[this.#at] = 0
    return this
  }

  increment(amount: number = 1): boolean {
    if (typeof amount === "number" && amount >= 0) {
      const sum = this.#values[this.#at]! + amount
      if (isFinite(sum)) {
        this.#values[this.#at] = sum
        return true
      }
    }
    this.#refuse(`a counter was incremented by ${shown(amount)}, allowed are finite numbers from 0`)
    return false
  }
}

/** A gauge's label set; it shows when it is first set. */
export class Gauge implements Metrics.GaugeCell {
  readonly row: number
  readonly #values: Float64Array
  readonly #at: number
  readonly #refuse: Refuse

  constructor({ at, row, values }: Rows.Place, refuse: Refuse) {
    this.row = row
    this.#values = values
    this.#at = at
    this.#refuse = refuse
  }

  set(value: number): boolean {
    if (isFinite(value)) {
      this.#values[this.#at] = value
      return true
    }
    this.#refuse(`a gauge was set to ${shown(value)}, allowed are finite numbers`)
    return false
  }

  add(amount: number): boolean {
    if (isFinite(amount)) {
      const present = this.#values[this.#at]!
      const sum = (Number.isNaN(present) ? 0 : present) + amount
      if (isFinite(sum)) {
        this.#values[this.#at] = sum
        return true
      }
    }
    this.#refuse(`a gauge was changed by ${shown(amount)}, allowed are finite numbers`)
    return false
  }
}

/** What the label sets of one histogram have in common. */
export interface Buckets {
  readonly bounds: Float64Array
  readonly refuse: Refuse
}

/**
 * A histogram's label set: the sum, then the observations by bucket, not cumulated, the last one being `+Inf`. Their
 * number is not kept beside them, so that the two can't disagree.
 */
export class Histogram implements Metrics.HistogramCell {
  readonly row: number
  readonly #values: Float64Array
  readonly #at: number
  readonly #buckets: Buckets
  readonly #exemplars: Rows.Place["exemplars"]
  readonly #slot: number

  constructor({ at, exemplars, row, slot, values }: Rows.Place, buckets: Buckets) {
    this.row = row
    this.#values = values
    this.#at = at
    this.#buckets = buckets
    this.#exemplars = exemplars
    this.#slot = slot
  }

  /** Makes it show, without observations. */
  bind(): this {
    if (Number.isNaN(this.#values[this.#at])) this.#values[this.#at] = 0
    return this
  }

  observe(value: number, exemplar?: Metrics.Exemplar | undefined, at?: number | undefined): boolean {
    const values = this.#values
    const first = this.#at
    const { bounds } = this.#buckets
    if (typeof value === "number" && value >= 0) {
      const sum = values[first]! + value
      if (isFinite(sum)) {
        let bucket = 0
        while (bucket < bounds.length && value > bounds[bucket]!) bucket++
        values[first] = sum
        values[first + 1 + bucket]! += 1
        if (exemplar !== undefined) this.#keep(bucket, value, exemplar, at)
        return true
      }
    }
    this.#buckets.refuse(`a histogram observed ${shown(value)}, allowed are finite numbers from 0`)
    return false
  }

  #keep(bucket: number, value: number, exemplar: Metrics.Exemplar, at: number | undefined): void {
    try {
      this.#exemplars.keep(this.#slot + bucket, value, exemplar, at)
    } catch {
      // What it threw may tell anything of the program.
      this.#buckets.refuse("an exemplar of a histogram could not be read")
    }
  }
}

/** A cell of any kind. */
export type Cell = Counter | Gauge | Histogram

/** Stands for a cell whose label set was refused: what is recorded there was counted as a fault already. */
export const detached = {
  increment: (): boolean => false,
  set: (): boolean => false,
  add: (): boolean => false,
  observe: (): boolean => false
}
