/**
 * How many events a minute may bring, so that a storm of failures does not become a storm of requests.
 */

/** How many events may pass in a minute. */
export interface Rates {
  /** Of one fingerprint, 10 by default. */
  readonly perFingerprint: number
  /** Of all together, 100 by default. */
  readonly perMinute: number
}

/** Whether an event of a fingerprint may pass at `now`, in milliseconds of a clock that never jumps. */
export type Limiter = (fingerprint: readonly [string, string], now: number) => boolean

const minute = 60_000

/** Lets pass what a sliding minute allows. Remembers only what it let pass, so it is never larger than `perMinute`. */
export const make = (rates: Rates): Limiter => {
  let passed: Array<{ readonly type: string; readonly operation: string; readonly at: number }> = []
  return ([type, operation], now) => {
    if (passed[0] !== undefined && now - passed[0].at >= minute) passed = passed.filter(({ at }) => now - at < minute)
    if (passed.length >= rates.perMinute) return false
    let same = 0
    for (const each of passed) if (each.type === type && each.operation === operation) same++
    if (same >= rates.perFingerprint) return false
    passed.push({ type, operation, at: now })
    return true
  }
}
