/** The HTTP API. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import { asInternal, Rejected } from "../Errors.ts"
import { AgentRuntime } from "../orchestrator/AgentRuntime.ts"
import { Orchestrator } from "../orchestrator/Orchestrator.ts"
import { Alerts, NewAlert } from "../services/Alerts.ts"
import { Ledger } from "../services/Ledger.ts"
import { Performance } from "../services/Performance.ts"
import { Pricing } from "../services/Pricing.ts"
import { ExecuteRequest, Executor } from "./Executor.ts"

const version = "0.7.0"

const body = <A>(schema: Schema.ConstraintCodec<A, unknown>) =>
  Effect.mapError(
    HttpServerRequest.schemaBodyJson(schema),
    () => new Rejected({ code: "invalid_request", detail: "the body is not the JSON that this route takes" })
  )

const parameter = (name: string) => Effect.map(HttpRouter.params, (params) => params[name] ?? "")

export const layer = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const executor = yield* Executor
  const orchestrator = yield* Orchestrator
  const runtime = yield* AgentRuntime
  const pricing = yield* Pricing
  const performance = yield* Performance
  const ledger = yield* Ledger
  const alerts = yield* Alerts

  const user = Effect.flatMap(
    HttpServerRequest.HttpServerRequest,
    (request) => executor.authenticate(request.headers["authorization"])
  )

  yield* router.add("GET", "/health", HttpServerResponse.jsonUnsafe({ status: "ok", version }))

  yield* router.add(
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
    }).pipe(asInternal("pack health"))
  )

  yield* router.add(
    "POST",
    "/v1/execute",
    Effect.fnUntraced(function*(request) {
      const input = yield* body(ExecuteRequest)
      return HttpServerResponse.jsonUnsafe(yield* executor.execute(request.headers["authorization"], input))
    })
  )

  yield* router.add(
    "GET",
    "/api/patterns/list",
    HttpServerResponse.jsonUnsafe({
      patterns: orchestrator.patterns.map(({ id, inputs, name, steps }) => ({
        id,
        name,
        inputs,
        capabilities: steps.map((step) => step.capability)
      }))
    })
  )

  yield* router.add(
    "GET",
    "/api/metrics/:portfolio_id",
    Effect.gen(function*() {
      const { id } = yield* executor.owned(yield* parameter("portfolio_id"), yield* user)
      const pack = yield* pricing.latestPack()
      const metrics = yield* performance.summary(id, pack?.id ?? "none")
      return HttpServerResponse.jsonUnsafe({ portfolio_id: id, metrics })
    }).pipe(asInternal("portfolio metrics"))
  )

  yield* router.add(
    "GET",
    "/api/quotes/:symbol",
    Effect.gen(function*() {
      const symbol = yield* parameter("symbol")
      const ctx = yield* executor.context(yield* user, undefined, false)
      if ((yield* ledger.security(symbol)) === undefined) {
        return yield* new Rejected({ code: "not_found", detail: "the symbol is not known" })
      }
      const result = yield* runtime.execute("provider.fetch_quote", { symbol }, ctx, new Map())
      return HttpServerResponse.jsonUnsafe({ quote: result.data, provenance: result.provenance })
    }).pipe(asInternal("quote"))
  )

  yield* router.add(
    "GET",
    "/api/alerts",
    Effect.gen(function*() {
      const rows = yield* alerts.list((yield* user).id)
      return HttpServerResponse.jsonUnsafe({ alerts: rows.map(({ user_id: _, ...alert }) => alert) })
    }).pipe(asInternal("alerts"))
  )

  yield* router.add(
    "POST",
    "/api/alerts",
    Effect.gen(function*() {
      const { id } = yield* user
      const alertId = yield* alerts.create(id, yield* body(NewAlert))
      return HttpServerResponse.jsonUnsafe({ id: alertId }, { status: 201 })
    }).pipe(asInternal("alerts"))
  )

  yield* router.add(
    "DELETE",
    "/api/alerts/:alert_id",
    Effect.gen(function*() {
      const { id } = yield* user
      if (!(yield* alerts.remove(id, yield* parameter("alert_id")))) {
        return yield* new Rejected({ code: "not_found", detail: "there is no such alert" })
      }
      return HttpServerResponse.empty({ status: 204 })
    }).pipe(asInternal("alerts"))
  )
}))
