/**
 * How long collectors may hold the event loop, which nothing can take back from a function while it runs: one that
 * holds it too long again and again is left alone, and all of one scrape together have a share.
 */

/** Milliseconds that one collector may hold the event loop at a scrape. */
export const maxHeld = 500

/**
 * Milliseconds that those of one scrape may hold it together: with the second that effects have, and the last one that
 * was begun, below the 4 s after which the generated Prometheus gives up.
 */
const maxHeldTogether = 2_000

/** Milliseconds that a collector is left alone after it was too slow twice in a row; then twice as long each time. */
const firstRest = 60_000

const longestRest = 3_600_000

/** Whether those who are asked one after the other since `started` have had what is theirs. */
export const isSpent = (started: number): boolean => performance.now() - started > maxHeldTogether

/** What is known of how slow one collector is. */
export class Patience {
  /** How often in a row it was too slow. */
  #late = 0
  #restsUntil = 0

  /** Whether it was too slow the last time; such a one is asked after all others. */
  get isTried(): boolean {
    return this.#late > 0
  }

  /** Whether it is to be left alone. */
  get isAtEnd(): boolean {
    return performance.now() < this.#restsUntil
  }

  /** Runs what holds the event loop, and judges how long it did. */
  during<A>(body: () => A): A {
    const started = performance.now()
    try {
      return body()
    } finally {
      const ended = performance.now()
      this.#late = ended - started > maxHeld ? this.#late + 1 : 0
      // Once may be the machine's fault.
      if (this.#late > 1) this.#restsUntil = ended + Math.min(firstRest * 2 ** (this.#late - 2), longestRest)
    }
  }
}
