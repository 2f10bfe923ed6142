/**
 * How long a receiver asks to wait, by the header `Retry-After`.
 */
import * as Duration from "effect/Duration"

/** How long a server may ask us to wait; one that says a week has not thought of us. */
export const maxRetryAfter: Duration.Duration = Duration.minutes(5)

/**
 * `Retry-After` in either of its forms, between 0 and {@link maxRetryAfter}; nothing when it can't be read.
 *
 * `now` is the time of day in milliseconds since the epoch: the header may name a date.
 *
 * @example
 * import * as RetryAfter from "./RetryAfter.ts"
 *
 * export const wait = RetryAfter.parse("120", Date.now()) // two minutes
 */
export const parse = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined) return undefined
  const text = header.trim()
  // `Date.parse` alone takes a negative number for a year.
  const millis = /^\d+$/.test(text)
    ? Number(text) * 1000
    : /^[A-Za-z]+, .+ GMT$/.test(text)
    ? Date.parse(text) - now
    : NaN
  if (Number.isNaN(millis)) return undefined
  return Duration.min(Duration.millis(Math.max(0, millis)), maxRetryAfter)
}
