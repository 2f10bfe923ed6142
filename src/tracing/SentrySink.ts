/**
 * Spans to Sentry: its OTLP endpoint, computed from the DSN without Sentry's SDK, for a share of the traces.
 */
import type * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type { Guard } from "../Guard.ts"
import * as OtlpSink from "./OtlpSink.ts"
import * as Sampler from "./Sampler.ts"
import type { SpanSink } from "./SpanSink.ts"

/** Where Sentry takes OTLP, with the header that names the project's key. */
export interface Endpoint {
  readonly url: string
  readonly headers: Readonly<Record<string, Redacted.Redacted<string>>>
}

/**
 * The OTLP endpoint of a DSN (`https://key@host/path/project`), or nothing when it is no DSN.
 *
 * The same as `getOtlpTracesEndpoint` of Sentry's SDK 11; a contract test holds it.
 */
export const endpoint = (dsn: Redacted.Redacted<string>): Endpoint | undefined => {
  const text = Redacted.value(dsn)
  if (!URL.canParse(text)) return undefined
  const { host, pathname, protocol, username } = new URL(text)
  const segments = pathname.split("/").filter((segment) => segment !== "")
  const project = segments.pop()
  if ((protocol !== "https:" && protocol !== "http:") || username === "" || project === undefined) return undefined
  const path = segments.map((segment) => `/${segment}`).join("")
  return {
    url: `${protocol}//${host}${path}/api/${project}/integration/otlp/v1/traces/`,
    headers: { "x-sentry-auth": Redacted.make(`Sentry sentry_version=7, sentry_key=${username}`) }
  }
}

/**
 * Makes the sink, which takes `sampleRate` of all traces; nothing without a usable DSN. Their ids decide, as everywhere
 * else, unless `trustTraceIds` is false: then callers can't choose which are taken.
 */
export const make = (options: {
  readonly dsn: Redacted.Redacted<string>
  readonly sampleRate: number
  readonly timeout: Duration.Duration
  readonly guard: Guard
  readonly trustTraceIds: boolean
}): SpanSink | undefined => {
  const { dsn, guard, sampleRate, timeout, trustTraceIds } = options
  const place = endpoint(dsn)
  if (place === undefined) return undefined
  const sampled = (trustTraceIds ? Sampler.byTraceId : Sampler.byKeyedTraceId)(sampleRate)
  return OtlpSink.make({
    name: "sentry",
    ...place,
    timeout,
    guard,
    selects: (span) => sampled(span.spanContext().traceId)
  })
}
