/**
 * How long to wait before something is sent once more: exponential backoff with equal jitter.
 *
 * Pure: the chance is an argument, so that a test decides it.
 */

/** When to try again, and how often; times in milliseconds. */
export interface Policy {
  /** The longest wait after the first failure; each further one doubles it. */
  readonly initial: number
  /** No wait is longer, unless the receiver asks for it. */
  readonly max: number
  /** How often a thing is sent before it is given up, the first time included. */
  readonly attempts: number
}

/**
 * 1 s, doubling, at most 5 s, five attempts. OpenTelemetry's specification leaves the numbers open: attempts, first
 * and longest wait are those of its exporters for Java and JavaScript. What lasts longer is for the circuit.
 */
export const defaultPolicy: Policy = { initial: 1_000, max: 5_000, attempts: 5 }

/**
 * The milliseconds to wait after `failures` failures in a row, `random` being a chance from 0 to 1.
 *
 * Half of the wait is certain, so that nobody comes back at once, and half is chance, so that the many processes that
 * lost one receiver don't come back together. By the default policy the second wait is from 1,000 to 2,000 ms.
 */
export const delay = (policy: Policy, failures: number, random: number): number => {
  const longest = Math.min(policy.max, policy.initial * 2 ** (Math.max(1, failures) - 1))
  return longest / 2 + longest / 2 * random
}
