/** The HTTP API. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Schema from "effect/Schema"
import { asInternal, Rejected } from "../Errors.ts"
import { AgentRuntime } from "../orchestrator/AgentRuntime.ts"
import { Orchestrator } from "../orchestrator/Orchestrator.ts"
import { Alerts, NewAlert } from "../services/Alerts.ts"
import { Ledger } from "../services/Ledger.ts"
import { Performance } from "../services/Performance.ts"
import { Pricing } from "../services/Pricing.ts"
import { ExecuteRequest, Executor, type User } from "./Executor.ts"

const version = "0.7.0"

const body = <A>(schema: Schema.ConstraintCodec<A, unknown>) =>
  Effect.mapError(
    HttpServerRequest.schemaBodyJson(schema),
    () => new Rejected({ code: "invalid_request", detail: "the body is not the JSON that this route takes" })
  )

const parameter = (name: string) => Effect.map(HttpRouter.params, (params) => params[name] ?? "")

type Method = "GET" | "POST" | "DELETE"

type Handler<E, R> = Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>

export const layer = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const executor = yield* Executor
  const orchestrator = yield* Orchestrator
  const runtime = yield* AgentRuntime
  const pricing = yield* Pricing
  const performance = yield* Performance
  const ledger = yield* Ledger
  const alerts = yield* Alerts

  const route = <E, R>(method: Method, path: HttpRouter.PathInput, handler: Handler<E, R>) =>
    router.add(method, path, asInternal(`${method} ${path}`)(handler))

  const listed = (symbol: string) =>
    Effect.filterOrFail(
      ledger.security(symbol),
      (security) => security !== undefined,
      () => new Rejected({ code: "not_found", detail: "the symbol is not known" })
    )

  /** A route for whom a bearer token knows. */
  const secured = <E, R>(method: Method, path: HttpRouter.PathInput, handler: (user: User) => Handler<E, R>) =>
    route(
      method,
      path,
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
        executor.asUser(headers["authorization"], (user) =>
          asInternal(`${method} ${path}`)(handler(user))))
    )

  yield* route("GET", "/health", Effect.succeed(HttpServerResponse.jsonUnsafe({ status: "ok", version })))

  yield* route(
    "GET",
    "/health/pack",
    Effect.gen(function*() {
      const pack = yield* pricing.latestPack()
      const fresh = pack?.status === "fresh" && pack.fresh_at !== null ? pack.fresh_at.getTime() : undefined
      const age = fresh === undefined ? null : Math.round(((yield* Clock.currentTimeMillis) - fresh) / 1000)
      return HttpServerResponse.jsonUnsafe(
        { status: pack?.status ?? "missing", pack_id: pack?.id ?? null, age_seconds: age },
        { status: fresh === undefined ? 503 : 200 }
      )
    })
  )

  yield* secured(
    "POST",
    "/v1/execute",
    (user) =>
      Effect.flatMap(
        body(ExecuteRequest),
        (request) => Effect.map(executor.execute(user, request), (result) => HttpServerResponse.jsonUnsafe(result))
      )
  )

  yield* route(
    "GET",
    "/api/patterns/list",
    Effect.succeed(HttpServerResponse.jsonUnsafe({
      patterns: orchestrator.patterns.map(({ id, inputs, name, steps }) => ({
        id,
        name,
        inputs,
        capabilities: steps.map((step) => step.capability)
      }))
    }))
  )

  yield* secured(
    "GET",
    "/api/metrics/:portfolio_id",
    Effect.fnUntraced(function*(user) {
      const { id } = yield* executor.owned(yield* parameter("portfolio_id"), user)
      const pack = yield* pricing.latestPack()
      const metrics = yield* performance.summary(id, pack?.id ?? "none")
      return HttpServerResponse.jsonUnsafe({ portfolio_id: id, metrics })
    })
  )

  yield* secured(
    "GET",
    "/api/quotes/:symbol",
    Effect.fnUntraced(function*(user) {
      const symbol = yield* parameter("symbol")
      const ctx = yield* executor.context(user, undefined, false)
      yield* listed(symbol)
      const result = yield* runtime.execute("provider.fetch_quote", { symbol }, ctx, new Map())
      return HttpServerResponse.jsonUnsafe({ quote: result.data, provenance: result.provenance })
    })
  )

  yield* secured(
    "GET",
    "/api/alerts",
    ({ id }) =>
      Effect.map(
        alerts.list(id),
        (rows) => HttpServerResponse.jsonUnsafe({ alerts: rows.map(({ user_id: _, ...alert }) => alert) })
      )
  )

  yield* secured(
    "POST",
    "/api/alerts",
    Effect.fnUntraced(function*(user) {
      const alert = yield* body(NewAlert)
      const { condition } = alert
      if ("portfolio_id" in condition) yield* executor.owned(condition.portfolio_id, user)
      if ("symbol" in condition) yield* listed(condition.symbol)
      return HttpServerResponse.jsonUnsafe({ id: yield* alerts.create(user.id, alert) }, { status: 201 })
    })
  )

  yield* secured(
    "DELETE",
    "/api/alerts/:alert_id",
    Effect.fnUntraced(function*({ id }) {
      if (!(yield* alerts.remove(id, yield* parameter("alert_id")))) {
        return yield* new Rejected({ code: "not_found", detail: "there is no such alert" })
      }
      return HttpServerResponse.empty({ status: 204 })
    })
  )
}))
