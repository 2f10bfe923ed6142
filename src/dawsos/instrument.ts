/** The instrumentation of Effect's own modules, recording the metrics of DawsOS. */
import type * as Layer from "effect/Layer"
import type * as Redis from "effect/persistence/Redis"
import * as InstrumentHttpClient from "../instrument/HttpClient.ts"
import * as InstrumentHttpServer from "../instrument/HttpServer.ts"
import * as InstrumentRedis from "../instrument/Redis.ts"
import * as InstrumentSql from "../instrument/Sql.ts"
import { tables } from "./known.ts"
import { metrics } from "./metrics.ts"

export { withUrlTemplate } from "../instrument/HttpClient.ts"

/**
 * A drop-in for `HttpRouter.serve` that observes requests by route template.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 * import * as HttpRouter from "effect/http/HttpRouter"
 * import * as HttpServerResponse from "effect/http/HttpServerResponse"
 *
 * const Api = HttpRouter.add("GET", "/api/quotes/:symbol", Effect.succeed(HttpServerResponse.text("42")))
 *
 * export const Server = DawsOs.serve(Api)
 */
export const serve = InstrumentHttpServer.serve({
  requests: metrics.apiRequestsTotal,
  duration: metrics.apiRequestDuration,
  prefix: "dawsos"
})

/**
 * Observes the SQL client of a layer; `maxConnections` is the size of its pool, 10 unless set.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as PgClient from "@effect/sql-pg/PgClient"
 *
 * export const Database = PgClient.layer({ host: "127.0.0.1", database: "dawsos", maxConnections: 20 }).pipe(
 *   DawsOs.observeSql({ maxConnections: 20 })
 * )
 */
export const observeSql = (options: { readonly maxConnections?: number | undefined } = {}) =>
  InstrumentSql.observe({
    queries: metrics.dbQueriesTotal,
    errors: metrics.dbQueryErrorsTotal,
    duration: metrics.dbQueryDuration,
    connectionsActive: metrics.dbConnectionsActive,
    connectionsMax: metrics.dbConnectionsMax,
    tables,
    maxConnections: options.maxConnections
  })

/**
 * Observes the Redis that is below it: one span and one count for each command. A program with two of them provides it
 * to each: what is above the one never talks to the other.
 */
export const layerRedis: Layer.Layer<Redis.Redis, never, Redis.Redis> = InstrumentRedis.layer({
  commands: metrics.redisCommandsTotal,
  duration: metrics.redisCommandDuration,
  prefix: "dawsos"
})

/**
 * Wraps the HTTP client of one provider: each attempt is counted by URL template (`withUrlTemplate`), unless
 * `withProviderMetrics` around it does so, and the quota is read from the answer's headers.
 */
export const observeProvider = (options: {
  readonly provider: string
  readonly sensitiveParameters?: ReadonlyArray<string | RegExp> | undefined
}) =>
  InstrumentHttpClient.observe({
    provider: options.provider,
    sensitiveParameters: options.sensitiveParameters,
    requests: metrics.providerRequestsTotal,
    duration: metrics.providerRequestDuration,
    rateLimitRemaining: metrics.providerRateLimitRemaining,
    rateLimitLimit: metrics.providerRateLimitLimit
  })
