// What a scraped program is told to look at, and what it has seen.

/** Told to the program before a scrape. */
export interface Watch {
  /** A number of its own, which comes back with what was seen. */
  readonly watch: number
  readonly how: "time" | "turns" | "memory"
}

/** What was seen of one scrape; each way to look sees its own. */
export interface Seen {
  /** From the request to the last byte of the answer. */
  readonly millis: number
  /** Processor time of all threads meanwhile. */
  readonly cpuMillis: number
  /** Milliseconds of the longest turn of the event loop. */
  readonly longest: number
  /** Bytes of heap and buffers that the metrics hold between scrapes. */
  readonly held: number
  /** Bytes of heap and buffers that the scrape took at most beside those. */
  readonly peak: number
  /** Bytes by which the resident set grew at most, where the system tells. */
  readonly resident: number
}

export const isWatch = (message: unknown): message is Watch =>
  typeof message === "object" && message !== null && "watch" in message && "how" in message
