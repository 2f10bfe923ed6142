/**
 * What values are recorded by: a cell writes into the row of its label set. The row has all that counts, so a cell is
 * made for whoever asks, and no others are kept: with thousands of label sets one more place in memory would be waited
 * for.
 *
 * A cell checks what it is given, because what Prometheus can't take (NaN, an infinite or a falling counter) would
 * spoil the series for good. What it refuses is told to the guard; it never throws. Its methods answer whether the
 * record was taken.
 */
import type * as Metrics from "./Metrics.ts"
import type * as Rows from "./Rows.ts"

const isFinite = (value: unknown): value is number => typeof value === "number" && value - value === 0

const shown = (value: unknown): string => typeof value === "number" ? String(value) : `a ${typeof value}`

/** A counter's label set. */
export class Counter implements Metrics.CounterCell {
  readonly #rows: Rows.Rows
  readonly #row: number

  constructor(rows: Rows.Rows, row: number) {
    this.#rows = rows
    this.#row = row
  }

  increment(amount: number = 1): boolean {
    const { refuse, values } = this.#rows
    if (typeof amount === "number" && amount >= 0) {
      const sum = values[this.#row]! + amount
      if (isFinite(sum)) {
        values[this.#row] = sum
        return true
      }
    }
    refuse(`a counter was incremented by ${shown(amount)}, allowed are finite numbers from 0`)
    return false
  }
}

/** A gauge's label set; it shows when it is first set. */
export class Gauge implements Metrics.GaugeCell {
  readonly #rows: Rows.Rows
  readonly #row: number

  constructor(rows: Rows.Rows, row: number) {
    this.#rows = rows
    this.#row = row
  }

  set(value: number): boolean {
    const { refuse, values } = this.#rows
    if (isFinite(value)) {
      values[this.#row] = value
      return true
    }
    refuse(`a gauge was set to ${shown(value)}, allowed are finite numbers`)
    return false
  }

  add(amount: number): boolean {
    const { refuse, values } = this.#rows
    if (isFinite(amount)) {
      const present = values[this.#row]!
      const sum = (Number.isNaN(present) ? 0 : present) + amount
      if (isFinite(sum)) {
        values[this.#row] = sum
        return true
      }
    }
    refuse(`a gauge was changed by ${shown(amount)}, allowed are finite numbers`)
    return false
  }
}

/**
 * A histogram's label set: the sum, then the observations by bucket, not cumulated, the last one being `+Inf`. Their
 * number is not kept beside them, so that the two can't disagree.
 */
export class Histogram implements Metrics.HistogramCell {
  readonly #rows: Rows.Rows
  readonly #row: number

  constructor(rows: Rows.Rows, row: number) {
    this.#rows = rows
    this.#row = row
  }

  observe(value: number, exemplar?: Metrics.Exemplar | undefined, at?: number | undefined): boolean {
    const { bounds, refuse, values, width } = this.#rows
    if (typeof value === "number" && value >= 0) {
      const first = this.#row * width
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
    refuse(`a histogram observed ${shown(value)}, allowed are finite numbers from 0`)
    return false
  }

  #keep(bucket: number, value: number, exemplar: Metrics.Exemplar, at: number | undefined): void {
    const { bounds, exemplars, refuse } = this.#rows
    try {
      exemplars.keep(this.#row * (bounds.length + 1) + bucket, value, exemplar, at)
    } catch {
      // What it threw may tell anything of the program.
      refuse("an exemplar of a histogram could not be read")
    }
  }
}

/** Stands for a cell whose label set was refused: what is recorded there was counted as a fault already. */
export const detached = {
  increment: (): boolean => false,
  set: (): boolean => false,
  add: (): boolean => false,
  observe: (): boolean => false
}
