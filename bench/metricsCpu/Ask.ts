// What a program is asked whose processor time is looked at, and what it answers.

/**
 * Asks for the processor time of so many requests, of so much time in which a timer wakes the process as often as
 * requests would, or of all so far where nothing is to be done.
 */
export interface Ask {
  /** A number of its own, which comes back with the answer. */
  readonly ask: number
  readonly requests?: number | undefined
  readonly awakeMillis?: number | undefined
}

/** The answer. */
export interface Used {
  /** Microseconds of all threads. */
  readonly micros: number
  /** Spans that ended meanwhile. */
  readonly spans: number
}

export const isAsk = (message: unknown): message is Ask =>
  typeof message === "object" && message !== null && "ask" in message && typeof message.ask === "number"
