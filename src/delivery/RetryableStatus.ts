/**
 * Which answers of a receiver mean that the same request may be taken later.
 */

// https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes, and as true of Sentry behind a proxy.
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Whether sending the same again can help after an answer with this status. */
export const isRetryable = (status: number): boolean => retryable.has(status)
