/**
 * A circuit breaker: after some failures in a row nothing is sent to a receiver for a while, then one trial is made.
 *
 * Pure: a circuit is a value, time (milliseconds of any clock that never jumps) and chance are arguments.
 */

/** When a circuit opens, and for how long; times in milliseconds. */
export interface Policy {
  /** Failures in a row that open it. */
  readonly failures: number
  /** How long it is open at first; each trial that fails doubles it. */
  readonly open: number
  /** It is never open for longer. */
  readonly maxOpen: number
}

/**
 * Five failures, 10 s, doubling up to half a minute: a trial costs one small request, whereas what waits is lost once the
 * queue is full, so a receiver that is back should be noticed soon.
 */
export const defaultPolicy: Policy = { failures: 5, open: 10_000, maxOpen: 30_000 }

/** `closed`: all is sent. `open`: nothing is. `half_open`: a trial is on its way. */
export type State = "closed" | "open" | "half_open"

/** What is known of a receiver. */
export interface Circuit {
  readonly state: State
  /** Failures in a row. */
  readonly failures: number
  /** Trials that failed since it opened. */
  readonly trials: number
  /** When a trial may be made, where it is open. */
  readonly until: number
}

/** The circuit before anything was sent, and after each answer of the receiver. */
export const closed: Circuit = { state: "closed", failures: 0, trials: 0, until: 0 }

/** The milliseconds until something may be sent: 0 when it may be now. */
export const wait = (circuit: Circuit, now: number): number =>
  circuit.state === "open" ? Math.max(0, circuit.until - now) : 0

/** Something is about to be sent: for a circuit that is open this is the trial. */
export const attempted = (circuit: Circuit): Circuit =>
  circuit.state === "open" ? { ...circuit, state: "half_open" } : circuit

/**
 * It failed at `now`. A chance of up to a tenth is added to the time that the circuit stays open, so that the processes
 * that lost one receiver don't try it at the same moment.
 */
export const failed = (policy: Policy, circuit: Circuit, now: number, random: number): Circuit => {
  const failures = circuit.failures + 1
  if (circuit.state === "closed" && failures < policy.failures) return { ...circuit, failures }
  const trials = circuit.state === "half_open" ? circuit.trials + 1 : circuit.trials
  const open = Math.min(policy.maxOpen, policy.open * 2 ** trials)
  return { state: "open", failures, trials, until: now + open + open / 10 * random }
}
