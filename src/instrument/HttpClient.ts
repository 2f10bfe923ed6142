/**
 * Observes an Effect HTTP client: each attempt once, by URL template, with the quota that the answer's headers tell.
 *
 * Effect's client opens the span of a request; this counts it, unless an observation of the same metric around it does
 * so already (`withProviderMetrics`). It keeps keys that travel in the query out of spans and error messages.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { dual } from "effect/Function"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import type * as Catalogue from "../Catalogue.ts"
import * as Guard from "../Guard.ts"
import * as Metrics from "../metrics/Metrics.ts"
import * as Observation from "../Observation.ts"

/** The labels of a counter of requests to providers. */
export type RequestLabels = {
  readonly provider: Catalogue.Bounded
  readonly endpoint: Catalogue.Bounded
  readonly status: Catalogue.OneOf<Observation.Status>
}

/** What is recorded of the requests of one client. */
export interface Options {
  /** Who answers, as a label: one client for each provider. */
  readonly provider: string
  readonly requests: Catalogue.Counter<RequestLabels>
  readonly duration: Catalogue.Histogram<
    { readonly provider: Catalogue.Bounded; readonly endpoint: Catalogue.Bounded }
  >
  readonly rateLimitRemaining: Catalogue.Gauge<{ readonly provider: Catalogue.Bounded }>
  readonly rateLimitLimit: Catalogue.Gauge<{ readonly provider: Catalogue.Bounded }>
  /** Query parameters that hold keys, beside those that `sensitiveParameters` lists. */
  readonly sensitiveParameters?: ReadonlyArray<string | RegExp> | undefined
}

/** Query parameters whose values are kept out of spans and messages, in any case. */
export const sensitiveParameters: ReadonlyArray<RegExp> = [
  /^(x[-_])?api[-_]?key$/i,
  /^(access|auth|refresh|id)?[-_]?token$/i,
  /^(client[-_]?)?secret$/i,
  /^pass(word)?$/i,
  /^(sig|signature)$/i,
  /^key$/i
]

/** The endpoint of a request whose URL template nobody told. */
export const untemplated = "untemplated"

const CurrentUrlTemplate: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@dawsos/observability/UrlTemplate",
  { defaultValue: () => undefined }
)

/**
 * Tells the URL template of the requests that an effect makes, such as `/v3/quote/{symbol}`: the low-cardinality name
 * that Effect's client can't know.
 */
export const withUrlTemplate: {
  (template: string): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, template: string): Effect.Effect<A, E, R>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, template: string): Effect.Effect<A, E, R> =>
    Effect.provideService(self, CurrentUrlTemplate, template)
)

const headerNumber = (
  headers: Readonly<Record<string, string | undefined>>,
  names: ReadonlyArray<string>
): number | undefined => {
  for (const name of names) {
    const text = headers[name]
    // Some send "100, 100;w=60": the first number is the value, the rest is policy.
    const value = text === undefined ? undefined : /^\s*(\d{1,15})\b/.exec(text)?.[1]
    if (value !== undefined) return Number(value)
  }
  return undefined
}

const recordQuota = (
  metrics: Metrics.Service,
  response: HttpClientResponse.HttpClientResponse,
  options: Options
): void => {
  const labels = { provider: options.provider }
  const remaining = headerNumber(response.headers, ["x-ratelimit-remaining", "ratelimit-remaining"])
  const limit = headerNumber(response.headers, ["x-ratelimit-limit", "ratelimit-limit"])
  if (remaining !== undefined) metrics.gauge(options.rateLimitRemaining, labels).set(remaining)
  if (limit !== undefined) metrics.gauge(options.rateLimitLimit, labels).set(limit)
}

// The message of a client error is a getter that redacts by the names of the fiber that reads it: read outside of one
// (a logger, an error tracker) it would show the keys. It is fixed here, while the right names are at hand.
const pinMessage = (exit: Exit.Exit<unknown, unknown>): void => {
  if (exit._tag === "Success") return
  for (const reason of exit.cause.reasons) {
    if (reason._tag !== "Fail" || !HttpClientError.isHttpClientError(reason.error)) continue
    for (const error of [reason.error, reason.error.reason]) {
      Object.defineProperty(error, "message", { value: error.message, configurable: true, enumerable: false })
    }
  }
}

const statusOf = (exit: Exit.Exit<HttpClientResponse.HttpClientResponse, unknown>): Observation.Status =>
  exit._tag === "Success" && exit.value.status >= 400 ? "error" : Observation.statusOf(exit)

const record = (
  fiber: Fiber.Fiber<unknown, unknown>,
  exit: Exit.Exit<HttpClientResponse.HttpClientResponse, unknown>,
  nanos: bigint,
  options: Options
): void => {
  const status = statusOf(exit)
  const endpoint = fiber.getRef(CurrentUrlTemplate) ?? untemplated
  const metrics = Context.getOrUndefined(fiber.context, Metrics.Metrics)
  if (metrics !== undefined && metrics.enabled) {
    if (exit._tag === "Success") recordQuota(metrics, exit.value, options)
    if (!Observation.isRecorded(fiber, options.requests)) {
      const labels = { provider: options.provider, endpoint }
      const span = fiber.cache.span
      metrics.counter(options.requests, { ...labels, status }).increment()
      metrics.histogram(options.duration, labels).observe(
        Number(nanos) / 1e9,
        span !== undefined && span.sampled ? { traceId: span.traceId, spanId: span.spanId } : undefined
      )
    }
  }
  Observation.announce(fiber, {
    category: "http.client",
    name: `${options.provider} ${endpoint}`,
    status,
    durationMillis: Number(nanos) / 1e6,
    ...(exit._tag === "Success" ? { attributes: { "http.response.status_code": exit.value.status } } : {})
  })
}

/**
 * Wraps a client so that each request that it sends is observed.
 *
 * Put retries around the wrapped client, so that each attempt counts once. The duration ends with the headers of the
 * answer. A status of 400 and above counts as `error`.
 */
export const observe: {
  (options: Options): <E, R>(client: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E, R>
  <E, R>(client: HttpClient.HttpClient.With<E, R>, options: Options): HttpClient.HttpClient.With<E, R>
} = dual(2, <E, R>(client: HttpClient.HttpClient.With<E, R>, options: Options): HttpClient.HttpClient.With<E, R> => {
  const names = [...sensitiveParameters, ...options.sensitiveParameters ?? []]
  return HttpClient.transform(client, (effect) =>
    Effect.withFiber((fiber) => {
      const guard = fiber.getRef(Guard.CurrentGuard)
      const clock = fiber.getRef(Clock.Clock)
      const start = clock.currentTimeNanosUnsafe()
      const redacted = [...fiber.getRef(UrlParams.CurrentRedactedNames), ...names]
      return Effect.updateContext(
        Effect.onExitPrimitive(effect, (exit) => {
          guard.run("instrument", () => pinMessage(exit), () => undefined)
          guard.run("instrument", () =>
            record(fiber, exit, clock.currentTimeNanosUnsafe() - start, options), () =>
            undefined)
          return undefined
        }),
        (context: Context.Context<R>) =>
          Context.add(context, UrlParams.CurrentRedactedNames, redacted)
      )
    }))
})

/** Observes the HTTP client that is below it. */
export const layer = (options: Options): Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> =>
  Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, observe(options)))
