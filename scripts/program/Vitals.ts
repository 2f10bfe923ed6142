// What a process knows of itself, as the probe tells it.

export interface Vitals {
  /** Used heap in bytes, right after a full garbage collection. */
  readonly heap: number
  /** Memory of buffers and WebAssembly outside of the heap, in bytes. */
  readonly external: number
  /** Resident set size in bytes. */
  readonly rss: number
  /** Sockets, servers, timers and other resources that keep the process alive. */
  readonly handles: number
  /** Open file descriptors, which are there whether they keep the process alive or not; 0 where there is no `/proc`. */
  readonly descriptors: number
  /** Processor time since the start, in milliseconds, without what the probe's own looks took. */
  readonly cpu: number
  /** Delay of the event loop since the last look, in milliseconds; the forced collections are not in it. */
  readonly lag: { readonly p50: number; readonly p99: number; readonly max: number }
}

/** Asks the probe for the vitals. */
export interface Question {
  readonly probe: number
}

/** The answer to a question, by its number. */
export interface Answer extends Question {
  readonly vitals: Vitals
}

export const isQuestion = (message: unknown): message is Question =>
  typeof message === "object" && message !== null && "probe" in message && typeof message.probe === "number"

export const isAnswer = (message: unknown): message is Answer => isQuestion(message) && "vitals" in message
