/**
 * How long a receiver asks to wait, by the header `Retry-After`.
 */

/** How long a server may ask us to wait, in milliseconds: five minutes. One that says a week has not thought of us. */
export const maxWait = 300_000

/**
 * `Retry-After` in either of its forms as milliseconds between 0 and {@link maxWait}; nothing when it can't be read.
 *
 * `now` is the time of day in milliseconds since the epoch: the header may name a date. `120` is 120,000 at any time.
 */
export const parse = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined
  const text = header.trim()
  // `Date.parse` alone takes a negative number for a year.
  const millis = /^\d+$/.test(text)
    ? Number(text) * 1000
    : /^[A-Za-z]+, .+ GMT$/.test(text)
    ? Date.parse(text) - now
    : NaN
  return Number.isNaN(millis) ? undefined : Math.min(Math.max(0, millis), maxWait)
}
