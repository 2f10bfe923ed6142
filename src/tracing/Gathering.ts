/**
 * Things that are dealt with a few at a time, soon.
 *
 * What takes a microsecond in a row takes several between a program's own work, since code and data of both have to come
 * to the processor's caches each time anew.
 */
import type { Cancel, Timers } from "../delivery/Timers.ts"

/** How many, how soon, and what is done with them. */
export interface Options<A> {
  /** So many are dealt with at once. */
  readonly most: number
  /** So long the first of them waits for others at most, in milliseconds. */
  readonly delay: number
  readonly timers: Timers
  /** Deals with one that has waited for so many milliseconds; it may not throw. */
  readonly take: (item: A, waited: number) => void
}

/** See the module. */
export class Gathering<A> {
  readonly #options: Options<A>
  #items: Array<A> = []
  // When the first of them came.
  #since = 0
  #timer: Cancel | undefined

  constructor(options: Options<A>) {
    this.#options = options
  }

  /** Lets one wait for others, or deals with all that are there. */
  add(item: A): void {
    const { delay, most, timers } = this.#options
    if (this.#items.push(item) === 1) {
      this.#since = timers.now()
      this.#timer = timers.after(delay, () => this.settle())
    }
    if (this.#items.length >= most) this.settle()
  }

  /** Deals with all that are there, in the order in which they came; what comes meanwhile waits for others. */
  settle(): void {
    const items = this.#items
    if (items.length === 0) return
    const { take, timers } = this.#options
    const waited = timers.now() - this.#since
    this.#items = []
    this.#timer?.()
    this.#timer = undefined
    for (const item of items) take(item, waited)
  }
}
