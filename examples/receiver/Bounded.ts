/** Keeps the newest values within a count and a total weight; the oldest go first. Appending costs O(1). */
export class Bounded<A> {
  private readonly maxCount: number
  private readonly maxWeight: number
  private readonly weigh: (value: A) => number
  private values: Array<A> = []
  private head = 0
  private weight = 0
  /** How many were given up to stay within the bounds. */
  evicted = 0

  constructor(
    options: { readonly maxCount: number; readonly maxWeight?: number; readonly weigh?: (value: A) => number }
  ) {
    this.maxCount = options.maxCount
    this.maxWeight = options.maxWeight ?? Number.POSITIVE_INFINITY
    this.weigh = options.weigh ?? (() => 0)
  }

  push(value: A): void {
    this.values.push(value)
    this.weight += this.weigh(value)
    while (this.values.length - this.head > this.maxCount || this.weight > this.maxWeight) {
      this.weight -= this.weigh(this.values[this.head]!)
      this.head++
      this.evicted++
    }
    if (this.head > 1024 && this.head * 2 > this.values.length) {
      this.values = this.values.slice(this.head)
      this.head = 0
    }
  }

  toArray(): ReadonlyArray<A> {
    return this.values.slice(this.head)
  }

  clear(): void {
    this.values = []
    this.head = 0
    this.weight = 0
    this.evicted = 0
  }
}
