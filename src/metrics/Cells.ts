/**
 * The values themselves: one cell a label set, which writes into a row of its metric's numbers.
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
  readonly #chunk: Rows.Chunk
  readonly #index: number

  constructor({ chunk, index }: Rows.Place) {
    this.#chunk = chunk
    this.#index = index
  }

  get row(): number {
    return this.#chunk.first + this.#index
  }

  /** Makes it show, at 0. */
  bind(): this {
    const { values } = this.#chunk
    if (Number.isNaN(values[this.#index])) values[this.#index] = 0
    return this
  }

  increment(amount: number = 1): boolean {
    const { refuse, values } = this.#chunk
    if (typeof amount === "number" && amount >= 0) {
      const sum = values[this.#index]! + amount
      if (isFinite(sum)) {
        values[this.#index] = sum
        return true
      }
    }
    refuse(`a counter was incremented by ${shown(amount)}, allowed are finite numbers from 0`)
    return false
  }
}

/** A gauge's label set; it shows when it is first set. */
export class Gauge implements Metrics.GaugeCell {
  readonly #chunk: Rows.Chunk
  readonly #index: number

  constructor({ chunk, index }: Rows.Place) {
    this.#chunk = chunk
    this.#index = index
  }

  get row(): number {
    return this.#chunk.first + this.#index
  }

  set(value: number): boolean {
    const { refuse, values } = this.#chunk
    if (isFinite(value)) {
      values[this.#index] = value
      return true
    }
    refuse(`a gauge was set to ${shown(value)}, allowed are finite numbers`)
    return false
  }

  add(amount: number): boolean {
    const { refuse, values } = this.#chunk
    if (isFinite(amount)) {
      const present = values[this.#index]!
      const sum = (Number.isNaN(present) ? 0 : present) + amount
      if (isFinite(sum)) {
        values[this.#index] = sum
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
  readonly #chunk: Rows.Chunk
  readonly #index: number

  constructor({ chunk, index }: Rows.Place) {
    this.#chunk = chunk
    this.#index = index
  }

  get row(): number {
    return this.#chunk.first + this.#index
  }

  /** Makes it show, without observations. */
  bind(): this {
    const { bounds, values } = this.#chunk
    const first = this.#index * (bounds.length + 2)
    if (Number.isNaN(values[first])) values[first] = 0
    return this
  }

  observe(value: number, exemplar?: Metrics.Exemplar | undefined, at?: number | undefined): boolean {
    const { bounds, refuse, values } = this.#chunk
    if (typeof value === "number" && value >= 0) {
      const first = this.#index * (bounds.length + 2)
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
    const { bounds, exemplars, refuse } = this.#chunk
    try {
      exemplars.keep(this.#index * (bounds.length + 1) + bucket, value, exemplar, at)
    } catch {
      // What it threw may tell anything of the program.
      refuse("an exemplar of a histogram could not be read")
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
