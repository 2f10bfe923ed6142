/**
 * The flushes that wait for a queue: each for one attempt at every span that had ended when it was called.
 */

/** A flush that is waited for. */
export interface Flush {
  /** The sequence of the last span that it waits for. */
  readonly target: number
  /** How many of those have not been tried yet. */
  left: number
  readonly resume: () => void
}

/** See the module. */
export class Flushes {
  #waiting: Array<Flush> = []

  /** Whether anybody waits. */
  get any(): boolean {
    return this.#waiting.length > 0
  }

  /** The sequence of the last span that anybody waits for. */
  get target(): number {
    return this.#waiting.reduce((target, flush) => Math.max(target, flush.target), 0)
  }

  add(flush: Flush): void {
    this.#waiting.push(flush)
  }

  /** Forgets a flush; `false` when it did not wait any more. */
  remove(flush: Flush): boolean {
    const others = this.#waiting.filter((other) => other !== flush)
    const waited = others.length < this.#waiting.length
    this.#waiting = others
    return waited
  }

  /** Spans were tried, or have left the queue in another way. */
  tried(entries: ReadonlyArray<{ readonly sequence: number }>): void {
    for (const flush of this.#waiting) {
      for (const { sequence } of entries) if (sequence <= flush.target) flush.left--
    }
    this.#end((flush) => flush.left <= 0)
  }

  /** Nothing more is going to be tried. */
  end(): void {
    this.#end(() => true)
  }

  #end(ends: (flush: Flush) => boolean): void {
    const ended = this.#waiting.filter(ends)
    if (ended.length === 0) return
    this.#waiting = this.#waiting.filter((flush) => !ended.includes(flush))
    ended.forEach(({ resume }) => resume())
  }
}
