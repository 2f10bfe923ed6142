/**
 * What Sentry's answer to one event, or its absence, means for the event.
 *
 * Sentry says how long it wants nothing in `X-Sentry-Rate-Limits`, for each kind of data; the SDK would keep that to
 * itself and drop what comes meanwhile, so it is read here.
 * (https://develop.sentry.dev/sdk/foundations/transport/rate-limiting/)
 */
import * as Duration from "effect/Duration"
import * as RetryableStatus from "../delivery/RetryableStatus.ts"
import * as RetryAfter from "../delivery/RetryAfter.ts"
import * as EventSink from "./EventSink.ts"

/** What is read of an answer. */
export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly rateLimits: string | undefined
}

/** What a 429 that names no time means, by Sentry's own rule, in milliseconds. */
const defaultPause = 60_000

/** How long no error event is wanted: the longest of the limits that mean errors, as `60:error;session:key, 2700::org`. */
const rateLimit = (header: string): number | undefined => {
  let longest: number | undefined
  for (const limit of header.split(",")) {
    const [seconds = "", categories = ""] = limit.trim().split(":")
    if (categories !== "" && !categories.split(";").includes("error")) continue
    const parsed = Number.parseFloat(seconds)
    const millis = Number.isNaN(parsed) ? defaultPause : Math.max(0, parsed * 1000)
    longest = Math.max(longest ?? 0, millis)
  }
  return longest
}

const durationOf = (millis: number | undefined): Duration.Duration | undefined =>
  millis === undefined ? undefined : Duration.millis(millis)

/** What an answer means; `now` is the time of day in milliseconds since the epoch. */
export const of = ({ rateLimits, retryAfter, status }: Answer, now: number): EventSink.SendResult => {
  const asked = rateLimits === undefined ? RetryAfter.parse(retryAfter, now) : rateLimit(rateLimits)
  const pause = durationOf(asked)
  if (status >= 200 && status < 300) return pause === undefined ? EventSink.sent : { ...EventSink.sent, pause }
  if (status === 429) {
    return EventSink.retryable("throttled", pause ?? durationOf(rateLimits === undefined ? defaultPause : undefined))
  }
  if (RetryableStatus.isRetryable(status)) return EventSink.retryable("rejected", pause)
  return EventSink.dropped(status === 413 ? "too_large" : "rejected")
}

/**
 * What it means that no answer came: an event that has left as a whole may have arrived, and must not be sent again;
 * one that has not was not taken in.
 */
export const lost = (hasLeft: boolean): EventSink.SendResult =>
  hasLeft ? EventSink.dropped("timeout") : EventSink.retryable("unreachable")
