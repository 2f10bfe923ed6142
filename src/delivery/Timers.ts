/**
 * The clock work of the pipelines: timers that never keep a program alive by themselves.
 *
 * A seam, because Effect's clock holds the process while it sleeps, and because tests drive the time.
 */

/** Something that was scheduled, and can be called off. */
export type Cancel = () => void

/** How a pipeline waits. */
export interface Timers {
  /** Milliseconds of a clock that never jumps, whatever happens to the time of day. */
  readonly now: () => number
  /** Runs `body` once after `millis`; `holdsProcess` while somebody waits for it. */
  readonly after: (millis: number, body: () => void, holdsProcess?: boolean) => Cancel
  /** Runs `body` soon, outside of the caller's stack. */
  readonly soon: (body: () => void) => void
}

/** Node's timers. */
export const live: Timers = {
  now: () => performance.now(),
  after: (millis, body, holdsProcess = false) => {
    const timer = setTimeout(body, millis)
    if (!holdsProcess) timer.unref()
    return () => clearTimeout(timer)
  },
  soon: (body) => {
    setImmediate(body)
  }
}
