/**
 * The part of the event loop that expositions may have, all readers together.
 *
 * A page of many lines would hold it for long, so it is written in pieces: after two milliseconds, the sending of what is
 * written among them, everybody else gets a turn. Who reads the same page over and over again, on many connections say,
 * would still have half of it: what is written more than once is held to a fifth when it takes longer than a second
 * Prometheus would.
 */

/** Milliseconds that expositions have in one turn. */
const slice = 2

/** The share of the time that is left to what is written more than once. */
const share = 0.2

/** Milliseconds that it may take before it is held to that. */
const burst = 100

/** Milliseconds that it is made to wait at a time, at least and at most. */
const minRest = 1

const maxRest = 500

/** Keeps account of what expositions take. */
export class Turns {
  /** When the first piece of this turn was begun. */
  #began = 0
  #next: Promise<void> | undefined
  /** What may be written more than once, at the moment it was accounted for. */
  #left = burst
  #accounted = performance.now()

  /** Does a piece of work when there is time for it. */
  async work<A>(isRepeated: boolean, body: () => A): Promise<A> {
    for (;;) {
      const debt = isRepeated ? -this.#account(0) : 0
      if (debt > 0) await this.#rest(debt / share)
      else if (this.#isSpent) await this.#next
      else break
    }
    const started = performance.now()
    try {
      return body()
    } finally {
      this.#spend(started)
      if (isRepeated) this.#account(performance.now() - started)
    }
  }

  /** For work that is done piece by piece from now on: what is awaited between two pieces. */
  resting(): () => Promise<void> {
    let since = performance.now()
    return async () => {
      this.#spend(since)
      while (this.#isSpent) await this.#next
      since = performance.now()
    }
  }

  get #isSpent(): boolean {
    return this.#next !== undefined && performance.now() - this.#began >= slice
  }

  #spend(started: number): void {
    if (this.#next !== undefined) return
    this.#began = started
    this.#next = new Promise((resume) =>
      setImmediate(() => {
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

  #rest(millis: number): Promise<void> {
    return new Promise((resume) => void setTimeout(resume, Math.min(Math.max(millis, minRest), maxRest)))
  }
}
