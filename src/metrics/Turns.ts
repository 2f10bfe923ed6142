/**
 * The part of the event loop that expositions may have, all readers together.
 *
 * A page of many lines would hold it for long, so it is written in pieces: after two milliseconds everybody else gets a
 * turn. Who reads the same page over and over again, on many connections say, would still have half of it: what is
 * written more than once is held to a fifth, when it has taken longer than a second Prometheus would.
 */

/** Milliseconds that expositions have in one turn. */
const slice = 2

/** The share of the time that is left to what is written more than once. */
const share = 0.2

/** Milliseconds that it may take before it is held to that. */
const burst = 100

/** Milliseconds that it is made to wait at a time. */
const maxRest = 500

/** Keeps account of what expositions take. */
export class Turns {
  /** Of this turn. */
  #spent = 0
  #next: Promise<void> | undefined
  /** What may be written more than once, at the moment it was accounted for. */
  #left = burst
  #accounted = performance.now()

  /** Waits until there is time for a piece of work, and answers with the moment in which it begins. */
  async enter(isRepeated: boolean): Promise<number> {
    for (;;) {
      const debt = isRepeated ? -this.#account(0) : 0
      if (debt > 0) await new Promise((resume) => setTimeout(resume, Math.min(debt / share, maxRest)))
      else if (this.#next !== undefined && this.#spent >= slice) await this.#next
      else return performance.now()
    }
  }

  /** Accounts for the piece of work that began at `started`. */
  leave(started: number, isRepeated: boolean): void {
    const took = performance.now() - started
    this.#spent += took
    if (isRepeated) this.#account(took)
    this.#next ??= new Promise((resume) =>
      setImmediate(() => {
        this.#spent = 0
        this.#next = undefined
        resume()
      })
    )
  }

  #account(took: number): number {
    const now = performance.now()
    this.#left = Math.min(burst, this.#left + share * (now - this.#accounted)) - took
    this.#accounted = now
    return this.#left
  }
}
