/** What the metrics server turns away: counted by reason, and told in the log once for each. */

/** Why a request or a connection was turned away, with what the log says of the first one. */
export const reasons = {
  unauthorized: "a scraper without the right token (METRICS_TOKEN) was answered with 401",
  not_found: "a request for another path than /metrics and /healthz was answered with 404",
  method_not_allowed: "a request with another method than GET and HEAD was answered with 405",
  malformed: "a request that is no HTTP was answered with 400",
  headers_too_large: "a request with more than 16 KiB of headers was answered with 431",
  slow_request: "a client that did not send its request in time was cut off",
  slow_reader: "a client that did not read its answer in time was cut off",
  busy: "slow readers hold too much of earlier scrapes; a scrape was answered with 503",
  too_many_connections: "a connection beyond the bound was closed"
} as const

/** One of `reasons`. */
export type Reason = keyof typeof reasons

/** The reasons in the order in which they are exposed. */
export const all = Object.keys(reasons) as ReadonlyArray<Reason>

/** Tells of what is turned away. */
export type Refuse = (reason: Reason) => void

/** Counts each refusal, and logs the first one of a kind: whoever floods the port must not flood the log. */
export const make = (count: Refuse, warn: (line: string) => void): Refuse => {
  const told = new Set<Reason>()
  return (reason) => {
    count(reason)
    if (told.has(reason)) return
    told.add(reason)
    warn(`metrics server: ${reasons[reason]}; further ones are counted only`)
  }
}
