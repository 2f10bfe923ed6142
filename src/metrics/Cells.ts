/**
 * The values themselves: one cell a label set.
 *
 * A cell checks what it is given, because what Prometheus can't take (NaN, an infinite or a falling counter) would
 * spoil the series for good. What it refuses is told to the guard; it never throws. Its methods answer whether the
 * record was taken.
 */
import type * as Metrics from "./Metrics.ts"

/** Told about a value that a cell refused. */
export type Refuse = (problem: string) => void

const isFinite = (value: unknown): value is number => typeof value === "number" && value - value === 0

const shown = (value: unknown): string => typeof value === "number" ? String(value) : `a ${typeof value}`

/** A counter's label set. */
export class Counter implements Metrics.CounterCell {
  readonly kind = "counter"
  value = 0
  readonly #refuse: Refuse

  constructor(refuse: Refuse) {
    this.#refuse = refuse
  }

  increment(amount: number = 1): boolean {
    if (isFinite(amount) && amount >= 0 && isFinite(this.value + amount)) {
      this.value += amount
      return true
    }
    this.#refuse(`a counter was incremented by ${shown(amount)}, allowed are finite numbers from 0`)
    return false
  }
}

/** A gauge's label set; `undefined` until it is first set. */
export class Gauge implements Metrics.GaugeCell {
  readonly kind = "gauge"
  value: number | undefined = undefined
  readonly #refuse: Refuse

  constructor(refuse: Refuse) {
    this.#refuse = refuse
  }

  set(value: number): boolean {
    if (isFinite(value)) {
      this.value = value
      return true
    }
    this.#refuse(`a gauge was set to ${shown(value)}, allowed are finite numbers`)
    return false
  }

  add(amount: number): boolean {
    if (isFinite(amount) && isFinite((this.value ?? 0) + amount)) {
      this.value = (this.value ?? 0) + amount
      return true
    }
    this.#refuse(`a gauge was changed by ${shown(amount)}, allowed are finite numbers`)
    return false
  }
}

/** The trace that fell into a bucket last. */
export interface BucketExemplar extends Metrics.Exemplar {
  readonly value: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** A histogram's label set. The number of observations is the sum of its buckets, so that they can't disagree. */
export class Histogram implements Metrics.HistogramCell {
  readonly kind = "histogram"
  readonly bounds: ReadonlyArray<number>
  /** Observations by bucket, not cumulated; the last one is `+Inf`. */
  readonly counts: Float64Array
  sum = 0
  readonly exemplars: Array<BucketExemplar | undefined> = []
  readonly #refuse: Refuse
  readonly #now: () => number

  constructor(bounds: ReadonlyArray<number>, refuse: Refuse, now: () => number) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
    this.#refuse = refuse
    this.#now = now
  }

  observe(value: number, exemplar?: Metrics.Exemplar | undefined): boolean {
    if (!isFinite(value) || value < 0 || !isFinite(this.sum + value)) {
      this.#refuse(`a histogram observed ${shown(value)}, allowed are finite numbers from 0`)
      return false
    }
    let bucket = 0
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++
    this.counts[bucket]! += 1
    this.sum += value
    if (exemplar !== undefined) {
      this.exemplars[bucket] = { traceId: exemplar.traceId, spanId: exemplar.spanId, value, at: this.#now() }
    }
    return true
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
