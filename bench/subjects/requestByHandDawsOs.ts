// Stands in for `@dawsos/observability/dawsos` where the reference program is wired by hand: the same combinators at the
// same places, made of `Effect.withSpan` and `prom-client`.
import type * as DawsOs from "@dawsos/observability/dawsos"
import { metrics } from "@dawsos/observability/dawsos"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as ByHand from "../peers/ByHand.ts"
import * as CapturedByHand from "../peers/CapturedByHand.ts"

export const withPatternMetrics = ByHand.combinator<{ readonly patternId: string }>({
  span: ({ patternId }) => ({ name: `pattern ${patternId}`, attributes: { "dawsos.pattern_id": patternId } }),
  total: ByHand.counter(metrics.patternExecutionsTotal),
  duration: ByHand.histogram(metrics.patternExecutionDuration),
  labels: ({ patternId }) => ({ pattern_id: patternId })
})

export const withCapabilityMetrics = ByHand.combinator<{ readonly agent: string; readonly capability: string }>({
  span: ({ agent, capability }) => ({
    name: capability,
    attributes: { "dawsos.agent": agent, "dawsos.capability": capability }
  }),
  total: ByHand.counter(metrics.agentCapabilityCallsTotal),
  duration: ByHand.histogram(metrics.agentCapabilityDuration),
  labels: ({ agent, capability }) => ({ agent_name: agent, capability })
})

export const withServiceMetrics = ByHand.combinator<{ readonly service: string; readonly method: string }>({
  span: ({ method, service }) => ({
    name: `${service}.${method}`,
    attributes: { "dawsos.service": service, "code.function.name": `${service}.${method}` }
  }),
  total: ByHand.counter(metrics.serviceCallsTotal),
  duration: ByHand.histogram(metrics.serviceCallDuration),
  labels: ({ method, service }) => ({ service_name: service, method })
})

export const withProviderMetrics = ByHand.combinator<{ readonly provider: string; readonly endpoint: string }>({
  span: ({ endpoint, provider }) => ({
    name: `${provider} ${endpoint}`,
    kind: "client",
    attributes: { "dawsos.provider": provider, "url.template": endpoint }
  }),
  total: ByHand.counter(metrics.providerRequestsTotal),
  duration: ByHand.histogram(metrics.providerRequestDuration),
  labels: ({ endpoint, provider }) => ({ provider, endpoint })
})

/** How statements are counted; by what ends their spans. */
export const statements: ByHand.Statements = {
  total: ByHand.counter(metrics.dbQueriesTotal),
  duration: ByHand.histogram(metrics.dbQueryDuration)
}

const connectionsMax = ByHand.gauge(metrics.dbConnectionsMax)

export const observeSql: typeof DawsOs.observeSql = ({ maxConnections } = {}) => (database) => {
  if (maxConnections !== undefined) connectionsMax.set(maxConnections)
  return database
}

const rateLimitRemaining = ByHand.gauge(metrics.providerRateLimitRemaining)
const rateLimitLimit = ByHand.gauge(metrics.providerRateLimitLimit)

export const observeProvider =
  ({ provider }: { readonly provider: string }) =>
  <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
    HttpClient.transform(client, (attempt) =>
      attempt.pipe(
        Effect.tap(({ headers }) =>
          Effect.sync(() => {
            rateLimitRemaining.set({ provider }, Number(headers["x-ratelimit-remaining"] ?? 0))
            rateLimitLimit.set({ provider }, Number(headers["x-ratelimit-limit"] ?? 0))
          })
        ),
        Effect.provideService(UrlParams.CurrentRedactedNames, [/api_?key/i])
      ))

export const withUrlTemplate = (template: string): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =>
  Effect.annotateSpans("url.template", template)

export const layerRedis: typeof DawsOs.layerRedis = Layer.effect(Redis.Redis, Redis.Redis)

const requests = ByHand.counter(metrics.apiRequestsTotal)
const requestDuration = ByHand.histogram(metrics.apiRequestDuration)

/** Observes a request by its route, which the router tells its span alone. */
const observed = HttpRouter.middleware(
  (handler) =>
    Effect.gen(function*() {
      const begin = performance.now()
      const { method, url } = yield* HttpServerRequest.HttpServerRequest
      if (url.startsWith("/health")) return yield* handler
      const span = yield* Effect.orDie(Effect.currentSpan)
      const record = ({ status }: HttpServerResponse.HttpServerResponse): void => {
        const endpoint = String(span.attributes.get("http.route") ?? "unmatched").replace(/:(\w+)/g, "{$1}")
        requests.inc({ method, endpoint, status_code: String(status) })
        requestDuration.observe({
          labels: { method, endpoint },
          value: (performance.now() - begin) / 1000,
          exemplarLabels: { trace_id: span.traceId }
        })
      }
      return yield* Effect.onExit(CapturedByHand.withCapture(handler), (exit) =>
        exit._tag === "Success"
          ? Effect.sync(() => record(exit.value))
          : Effect.map(HttpServerError.causeResponse(exit.cause), ([response]) => record(response)))
    }),
  { global: true }
)

const untraced = HttpMiddleware.layerTracerDisabledForUrls(["/health", "/health/pack"])

const served = (
  app: Layer.Layer<unknown, unknown, unknown>,
  options?: Parameters<typeof HttpRouter.serve>[1]
) => Layer.provide(HttpRouter.serve(Layer.merge(app, observed), options), untraced)

// One signature with the one it stands in for, whose types compute requirements from the app.
export const serve = served as unknown as typeof DawsOs.serve

const packStatus = ByHand.gauge(metrics.pricingPackStatus)
const packSize = ByHand.gauge(metrics.pricingPackSizeBytes)
const packFreshness = ByHand.gauge(metrics.pricingPackFreshness)
const packBuilds = ByHand.counter(metrics.pricingPackBuildsTotal)
const packBuildDuration = ByHand.histogram(metrics.pricingPackBuildDuration)
const alertsEvaluated = ByHand.counter(metrics.alertsEvaluatedTotal)
const alertsDelivered = ByHand.counter(metrics.alertsDeliveredTotal)

export const updatePricingPackMetrics: typeof DawsOs.updatePricingPackMetrics = ({ freshSince, sizeBytes, status }) =>
  Effect.sync(() => {
    if (sizeBytes !== undefined) packSize.set(sizeBytes)
    if (freshSince !== undefined) packFreshness.set((Date.now() - DateTime.toEpochMillis(freshSince)) / 1000)
    if (status !== undefined) packStatus.set({ status }, 1)
  })

export const recordPricingPackBuild: typeof DawsOs.recordPricingPackBuild = ({ duration, status }) =>
  Effect.sync(() => {
    packBuilds.inc({ status })
    packBuildDuration.observe({ value: Duration.toSeconds(duration) })
  })

export const recordAlertEvaluated: typeof DawsOs.recordAlertEvaluated = ({ alertType, status }) =>
  Effect.sync(() => alertsEvaluated.inc({ alert_type: alertType, status }))

export const recordAlertDelivered: typeof DawsOs.recordAlertDelivered = ({ deliveryMethod, status }) =>
  Effect.sync(() => alertsDelivered.inc({ delivery_method: deliveryMethod, status }))
