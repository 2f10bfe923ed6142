/**
 * The client of the data providers: own rate limit, circuit breaker, retries that honour `retry-after`, and the last
 * good answer when all of that did not help.
 */
import { ErrorTracking } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Persistable from "effect/persistence/Persistable"
import * as Persistence from "effect/persistence/Persistence"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Provenance } from "../Domain.ts"
import { Settings } from "../Settings.ts"
import { type ProviderName, providers, Simulator } from "./Simulator.ts"

/** A provider gave no usable answer, and no earlier one is kept. */
export class ProviderError extends Schema.TaggedError<ProviderError>()("ProviderError", {
  provider: Schema.String,
  endpoint: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `${this.provider} ${this.endpoint} gave no usable answer`
  }
}

export interface Sourced<A> {
  readonly data: A
  readonly provenance: Provenance
}

const Kept = Schema.Struct({ body: Schema.Unknown, at: Schema.Finite })

class KeptAnswer extends Persistable.Class<{ payload: { readonly url: string } }>()("KeptAnswer", {
  primaryKey: ({ url }) => url,
  success: Kept
}) {}

export interface ProviderRequest<A> {
  readonly provider: ProviderName
  /** The path with its parameters in braces, as metrics and spans are to show it. */
  readonly endpoint: string
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly schema: Schema.ConstraintDecoder<A>
  /** For how long an answer may be given again without asking. */
  readonly maxAge?: Duration.Input
  /**
   * After a provider failed, one request at a time tries it again: waits for that one's outcome, up to 30 seconds,
   * instead of failing at once.
   */
  readonly awaitTrial?: boolean
}

const duringTrial = (error: unknown): boolean =>
  error instanceof CircuitBreaker.CircuitBreakerError && error.reason._tag === "CircuitHalfOpen"

export class Providers extends Context.Service<Providers, {
  readonly fetch: <A>(request: ProviderRequest<A>) => Effect.Effect<Sourced<A>, ProviderError>
}>()("dawsos/Providers") {}

const make = Effect.gen(function*() {
  const settings = yield* Settings
  const simulator = yield* Simulator
  const client = yield* HttpClient.HttpClient
  const limiter = yield* RateLimiter.RateLimiter
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(3),
    openDuration: Settings.scaled(settings, "60 seconds")
  })
  const kept = yield* (yield* Persistence.Persistence).make({ storeId: "dawsos-provider", timeToLive: () => "1 hour" })

  const ask = (request: ProviderRequest<unknown>, url: string) => {
    const { endpoint, provider } = request
    // The key travels in the query because the real providers want it there, made up as it is.
    const get = HttpClientRequest.get(simulator.baseUrl(provider) + url).pipe(
      HttpClientRequest.setUrlParams({ ...request.query, [providers[provider].key]: `simulated-${provider}-key` })
    )
    // Each attempt is observed by itself, and with its time limit inside: a provider that hangs counts as an error.
    const attempts = client.pipe(
      DawsOs.observeProvider({ provider }),
      HttpClient.filterStatusOk,
      HttpClient.transform((attempt) =>
        attempt.pipe(
          Effect.timeout("5 seconds"),
          DawsOs.withUrlTemplate(endpoint),
          DawsOs.withProviderMetrics({ provider, endpoint })
        )
      ),
      HttpClient.retryTransient({
        times: 3,
        schedule: Schedule.exponential(Settings.scaled(settings, "1 second")).pipe(Schedule.jittered)
      })
    )
    return limiter.consume({ key: provider, limit: providers[provider].quota, window: "1 minute" }).pipe(
      Effect.andThen(
        attempts.execute(get).pipe(
          breaker.execute({ key: provider, classify: HttpClient.circuitBreakerClassifier }),
          // Inside the limiter: waiting asks nobody, so it costs no quota.
          Effect.retry({
            while: (error) => request.awaitTrial === true && duringTrial(error),
            schedule: Schedule.spaced("250 millis"),
            times: 120
          })
        )
      ),
      Effect.flatMap((response) => response.json)
    )
  }

  const fetch = Effect.fnUntraced(function*<A>(request: ProviderRequest<A>) {
    const path = request.endpoint.replace(
      /\{(\w+)\}/g,
      (_, name: string) => encodeURIComponent(request.path?.[name] ?? "")
    )
    const key = new KeptAnswer({ url: `${request.provider}${path}?${new URLSearchParams(request.query)}` })
    const decode = Schema.decodeUnknownEffect(request.schema)
    const failed = (cause: unknown) =>
      new ProviderError({ provider: request.provider, endpoint: request.endpoint, cause })

    // A cache that fails costs a call, no answer.
    const found = yield* Effect.orElseSucceed(kept.get(key), () => undefined)
    const last = found !== undefined && Exit.isSuccess(found) ? found.value : undefined
    const now = yield* Clock.currentTimeMillis
    if (
      last !== undefined && now - last.at < Duration.toMillis(Duration.fromInputUnsafe(request.maxAge ?? "5 seconds"))
    ) {
      return { data: yield* Effect.mapError(decode(last.body), failed), provenance: "cached" as const }
    }
    return yield* ask(request, path).pipe(
      // An answer that cannot be kept is an answer all the same.
      Effect.tap((body) => Effect.ignore(kept.set(key, Exit.succeed({ body, at: now })), { log: "Warn" })),
      Effect.flatMap((body) => Effect.map(decode(body), (data) => ({ data, provenance: "real" as const }))),
      Effect.catch((error) =>
        last === undefined
          ? Effect.fail(failed(error))
          : Effect.mapBoth(decode(last.body), {
            onFailure: failed,
            onSuccess: (data) => ({ data, provenance: "stale" as const })
          }).pipe(Effect.tap(ErrorTracking.addBreadcrumb({
            category: "provider",
            level: "warning",
            message: `${request.provider} ${request.endpoint}: the last good answer was given again`
          })))
      )
    )
  })

  return Providers.of({ fetch })
})

export const layer = Layer.effect(Providers, make)
