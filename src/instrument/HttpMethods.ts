/**
 * The methods of HTTP as label values.
 */
/** The methods that are told apart; any other is `_OTHER`, as OpenTelemetry's semantic conventions have it. */
export const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "_OTHER"] as const

/** One of `methods`. */
export type Method = (typeof methods)[number]

/** A method as its label value. */
export const methodLabel = (method: string): Method =>
  (methods as ReadonlyArray<string>).includes(method) ? method as Method : "_OTHER"
