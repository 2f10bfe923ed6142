/**
 * Observes an Effect HTTP client: each attempt once, by URL template, with the quota that the answer's headers tell.
 *
 * Effect's client opens the span of a request; this counts it, unless an observation of the same metric around it does
 * so already (`withProviderMetrics`). Keys that travel in the query are kept out of spans, error messages and causes.
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
import * as References from "effect/References"
import type * as Catalogue from "../Catalogue.ts"
import * as Guard from "../Guard.ts"
import * as Metrics from "../metrics/Metrics.ts"
import * as Observation from "../Observation.ts"
import * as GuardedSpan from "../observation/GuardedSpan.ts"
import * as HttpSecrets from "./HttpSecrets.ts"

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

type Headers = Readonly<Record<string, string | undefined>>

const numberOf = (text: string | undefined, pattern: RegExp): number | undefined => {
  const value = text === undefined ? undefined : pattern.exec(text)?.[1]
  return value === undefined ? undefined : Number(value)
}

// Some send "100, 100;w=60": the first number is the value, the rest is policy.
const first = /^\s*(\d{1,15})\b/

const headerNumber = (headers: Headers, names: ReadonlyArray<string>): number | undefined => {
  for (const name of names) {
    const value = numberOf(headers[name], first)
    if (value !== undefined) return value
  }
  return undefined
}

/** What an answer's headers say of the quota, in requests. */
export interface Quota {
  readonly remaining: number | undefined
  readonly limit: number | undefined
}

/**
 * Reads `X-RateLimit-Remaining` and `-Limit` in the spellings in use, and the fields of the IETF draft
 * (`RateLimit: "default";r=50`, with `RateLimit-Policy: "default";q=100`; before, `RateLimit: limit=100, remaining=50`).
 */
export const quotaOf = (headers: Headers): Quota => ({
  remaining: headerNumber(headers, ["x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"]) ??
    numberOf(headers["ratelimit"], /\b(?:r|remaining)=(\d{1,15})\b/),
  limit: headerNumber(headers, ["x-ratelimit-limit", "x-rate-limit-limit", "ratelimit-limit"]) ??
    numberOf(headers["ratelimit"], /\blimit=(\d{1,15})\b/) ??
    numberOf(headers["ratelimit-policy"], /\bq=(\d{1,15})\b/)
})

type Ended = Exit.Exit<HttpClientResponse.HttpClientResponse, unknown>

/** The answer, which a client that refuses some statuses has made a failure. */
const responseOf = (exit: Ended): HttpClientResponse.HttpClientResponse | undefined => {
  if (exit._tag === "Success") return exit.value
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail" && HttpClientError.isHttpClientError(reason.error)) return reason.error.response
  }
  return undefined
}

const record = (
  fiber: Fiber.Fiber<unknown, unknown>,
  guard: Guard.Guard,
  exit: Ended,
  nanos: number,
  options: Options
): void => {
  const { provider } = options
  const response = responseOf(exit)
  const status = exit._tag === "Success" && exit.value.status >= 400 ? "error" : Observation.statusOf(exit)
  const endpoint = fiber.getRef(CurrentUrlTemplate) ?? untemplated
  const metrics = Context.getOrUndefined(fiber.context, Metrics.Metrics)
  if (metrics?.enabled === true) {
    const { limit, remaining } = response === undefined ? noQuota : quotaOf(response.headers)
    if (remaining !== undefined) metrics.gauge(options.rateLimitRemaining, { provider }).set(remaining)
    if (limit !== undefined) metrics.gauge(options.rateLimitLimit, { provider }).set(limit)
    if (!Observation.isRecorded(fiber, options.requests)) {
      metrics.counter(options.requests, { provider, endpoint, status }).increment()
    }
    if (!Observation.isRecorded(fiber, options.duration)) {
      metrics.histogram(options.duration, { provider, endpoint }).observe(
        nanos / 1e9,
        GuardedSpan.exemplar(fiber, guard, fiber.cache.span)
      )
    }
  }
  Observation.announce(fiber, {
    category: "http.client",
    name: `${provider} ${endpoint}`,
    status,
    durationMillis: nanos / 1e6,
    ...(response === undefined ? {} : { attributes: { "http.response.status_code": response.status } })
  })
}

const noQuota: Quota = { remaining: undefined, limit: undefined }

const noop = (): void => {}

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
  const hiding = HttpClient.mapRequestEffect(client, (request) =>
    Effect.withFiber((fiber) => {
      const all = [...fiber.getRef(UrlParams.CurrentRedactedNames), ...names]
      const guard = fiber.getRef(Guard.CurrentGuard)
      return Effect.succeed(guard.run("scrubber", () => HttpSecrets.hide(request, all), () => request))
    }))
  return HttpClient.transform(hiding, (effect) =>
    Effect.withFiber((fiber) => {
      const guard = fiber.getRef(Guard.CurrentGuard)
      const clock = fiber.getRef(Clock.Clock)
      const start = clock.monotonicTimeNanosUnsafe()
      const template = fiber.getRef(CurrentUrlTemplate)
      return Effect.onExitPrimitive(
        Effect.updateContext(effect, (context: Context.Context<R>) => {
          const redacting = Context.add(
            context,
            UrlParams.CurrentRedactedNames,
            [...Context.get(context, UrlParams.CurrentRedactedNames), ...names]
          )
          return template === undefined ? redacting : Context.add(
            redacting,
            References.TracerSpanAnnotations,
            { ...Context.get(context, References.TracerSpanAnnotations), "url.template": template }
          )
        }),
        (exit) => {
          const nanos = Number(clock.monotonicTimeNanosUnsafe() - start)
          guard.run("scrubber", () => HttpSecrets.cleanCauses(exit), noop)
          guard.run("instrument", () => record(fiber, guard, exit, nanos, options), noop)
          return undefined
        }
      )
    }))
})

/** Observes the HTTP client that is below it, each where it is provided: one value may stand over several. */
export const layer = (options: Options): Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> =>
  Layer.fresh(Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, observe(options))))
