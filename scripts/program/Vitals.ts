// What a process knows of itself, as the probe tells it.

export interface Vitals {
  /** Used heap in bytes, right after a full garbage collection if one was asked for. */
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
  /** Whether garbage is collected before: a program that goes on afterwards does so with a young generation made small. */
  readonly collect: boolean
}

/** The answer to a question, by its number. */
export interface Answer extends Pick<Question, "probe"> {
  readonly vitals: Vitals
}

const isNumbered = (message: unknown): message is Pick<Question, "probe"> =>
  typeof message === "object" && message !== null && "probe" in message && typeof message.probe === "number"

export const isQuestion = (message: unknown): message is Question =>
  isNumbered(message) && "collect" in message && typeof message.collect === "boolean"

export const isAnswer = (message: unknown): message is Answer => isNumbered(message) && "vitals" in message
