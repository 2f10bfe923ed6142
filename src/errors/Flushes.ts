/**
 * The flushes that wait: each for one attempt at every event that was captured before it.
 */
import type { Held } from "./EventQueue.ts"

/** A flush that is waited for. */
export interface Flush {
  /** Counts up with each flush, from 1. */
  readonly number: number
  /** Events from this sequence on are not its concern. */
  readonly before: number
  /** When it waits no longer. */
  readonly until: number
  readonly resume: () => void
}

/** Whether an event was captured before a flush. */
export const concerns = ({ before }: Flush, held: Held): boolean => held.sequence < before

/** Whether a flush needs an attempt at an event. */
export const needs = (flush: Flush, held: Held): boolean => concerns(flush, held) && held.flush < flush.number

/** See the module. */
export class Flushes {
  #last = 0
  #waiting: ReadonlyArray<Flush> = []

  /** Adds a flush, which waits until it is removed or let go on. */
  add(flush: Omit<Flush, "number">): Flush {
    const added = { ...flush, number: ++this.#last }
    this.#waiting = [...this.#waiting, added]
    return added
  }

  remove(flush: Flush): void {
    this.#waiting = this.#waiting.filter((other) => other !== flush)
  }

  /** An attempt at an event is made: no flush so far needs another one. */
  tried(held: Held): void {
    held.flush = this.#last
  }

  /** Whether any flush needs an attempt at an event. */
  need(held: Held): boolean {
    return this.#waiting.some((flush) => needs(flush, held))
  }

  /** Lets those go on that have nothing to wait for. */
  resume(awaits: (flush: Flush) => boolean): void {
    const done = this.#waiting.filter((flush) => !awaits(flush))
    if (done.length === 0) return
    this.#waiting = this.#waiting.filter((flush) => !done.includes(flush))
    for (const { resume } of done) resume()
  }
}
