// Errors as a program has them, one incident after the other: none is like one before, and what a request leaves is there
// before its failure is captured.
import * as Incident from "./Incident.ts"

/** How errors are measured: in batches of fewer than any queue on their way holds. */
export const effort = { unit: 50, sampleMillis: 40, rounds: 25 }

/** What captures incidents. */
export interface Capturing {
  /** Has the contexts of the next ones there. */
  readonly prepare: (count: number) => void
  /** Captures so many of them, and waits until they have left. */
  readonly capture: (count: number) => Promise<void>
}

/** How a candidate begins and runs. */
export const candidate = ({ capture, prepare }: Capturing) => ({
  before: prepare,
  run: async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += effort.unit) await capture(Math.min(effort.unit, count - done))
  }
})

/** An incident that is ready to be captured. */
interface Ready<A> {
  readonly context: A
  readonly error: Error
}

/** All incidents in their order, each made ready once: the n-th is the same for everyone. */
export class Incidents<A> {
  readonly #contextOf: (incident: Incident.Incident) => A
  #ready: ReadonlyArray<Ready<A>> = []
  #next = 0
  #made = 0

  constructor(contextOf: (incident: Incident.Incident) => A) {
    this.#contextOf = contextOf
  }

  /** Makes the next ones ready, once all before have been taken. */
  prepare(count: number): void {
    if (this.#next < this.#ready.length) throw new Error("incidents are left")
    this.#ready = Array.from({ length: count }, () => {
      const n = this.#made++
      // Texts as they come out of a request or a database, and not as pieces that whoever reads first puts together.
      const incident = JSON.parse(JSON.stringify(Incident.make(n))) as Incident.Incident
      return { context: this.#contextOf(incident), error: Incident.errorOf(n) }
    })
    this.#next = 0
  }

  take(): Ready<A> {
    const ready = this.#ready[this.#next++]
    if (ready === undefined) throw new Error("no incident is ready")
    return ready
  }
}
