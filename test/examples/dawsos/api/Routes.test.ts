/** The API over HTTP with the whole program behind it, seen through the test layer. */
import { Metrics } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { containing, span, TestErrors, TestMetrics, TestTracing } from "@dawsos/observability/testing"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { createHash } from "node:crypto"
import { inspect } from "node:util"
import { demoPortfolios, demoUsers } from "../../../../examples/dawsos/database/Seed.ts"
import * as Program from "../../../../examples/dawsos/Program.ts"
import { at } from "../at.ts"
import { settings } from "../settings.ts"

const [growth, , balanced] = demoPortfolios

interface Answer {
  readonly status: number
  readonly requestId: string | null
  readonly text: string
  readonly json: unknown
}

const request = (
  method: string,
  path: string,
  options: { readonly token?: string | null; readonly body?: unknown; readonly headers?: Record<string, string> } = {}
) =>
  Effect.flatMap(HttpServer.HttpServer, ({ address }) =>
    Effect.promise(async (): Promise<Answer> => {
      const { body, headers, token = "demo-ada" } = options
      const response = await fetch(`http://127.0.0.1:${"port" in address ? address.port : 0}${path}`, {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
      const text = await response.text()
      return {
        status: response.status,
        requestId: response.headers.get("x-request-id"),
        text,
        json: text.startsWith("{") ? JSON.parse(text) : undefined
      }
    }))

const execute = (pattern_id: string, inputs: unknown = {}, headers: Record<string, string> = {}) =>
  request("POST", "/v1/execute", { body: { pattern_id, inputs }, headers })

const alert = (condition: unknown) =>
  request("POST", "/api/alerts", { body: { condition, delivery_method: "inapp", cooldown_minutes: 60 } })

const requests = DawsOs.metrics.apiRequestsTotal
const pattern = (status: "success" | "error" | "degraded") =>
  [DawsOs.metrics.patternExecutionsTotal, { pattern_id: "buffett_checklist", status }] as const

/** The server counts a request and ends its span after the client has the answer. */
const eventually = <A, R>(check: Effect.Effect<A, never, R>) =>
  check.pipe(
    Effect.catchDefect(Effect.fail),
    Effect.retry({ times: 250, schedule: Schedule.spaced("20 millis") }),
    Effect.orDie
  )

const expectValue: typeof TestMetrics.expectValue = (definition, labels, expected) =>
  eventually(TestMetrics.expectValue(definition, labels, expected))
const expectTrace: typeof TestTracing.expectTrace = (expectation) => eventually(TestTracing.expectTrace(expectation))

const warm = Effect.repeat(request("GET", "/health/pack"), {
  until: ({ status }) => status === 200,
  schedule: Schedule.spaced("50 millis")
})

layer(
  Program.layer.pipe(Layer.provide(settings()), Layer.provideMerge(DawsOs.layerTest)),
  { excludeTestServices: true, timeout: "60 seconds" }
)("the API", (it) => {
  it.effect("answers what is expected to go wrong with its code, counts it, and reports none of it", () =>
    Effect.gen(function*() {
      yield* warm
      const body = { pattern_id: "portfolio_overview", inputs: { portfolio_id: balanced.id } }
      const expected = [
        [yield* request("POST", "/v1/execute", { body, token: "demo-nobody" }), 401, "unauthorized"],
        [yield* request("POST", "/v1/execute", { body, token: null }), 401, "unauthorized"],
        [yield* request("POST", "/v1/execute", { body }), 403, "forbidden"],
        [yield* request("POST", "/v1/execute", { body: "{" }), 400, "invalid_request"],
        [yield* execute("no_such_pattern"), 404, "pattern_not_found"],
        [yield* execute("buffett_checklist", { security_id: 7 }), 400, "pattern_invalid"],
        [yield* request("GET", "/api/quotes/NOPE"), 404, "not_found"],
        [yield* request("DELETE", "/api/alerts/none"), 404, "not_found"],
        [yield* request("POST", "/api/alerts", { body: { condition: {} } }), 400, "invalid_request"],
        [yield* alert({ alert_type: "price", symbol: "IBM" }), 400, "invalid_request"],
        [yield* alert({ alert_type: "price", symbol: "NOPE", above: 1 }), 404, "not_found"],
        [yield* alert({ alert_type: "macro", indicator: "NOPE", above: 1 }), 400, "invalid_request"],
        [yield* alert({ alert_type: "drawdown_limit", portfolio_id: balanced.id, below: 0 }), 403, "forbidden"]
      ] as const
      for (const [answer, status, code] of expected) {
        assert.deepStrictEqual([answer.status, at(answer.json, "error", "code")], [status, code])
      }
      yield* expectValue(requests, { method: "POST", endpoint: "/v1/execute", status_code: "401" }, 2)
      yield* expectValue(requests, { method: "POST", endpoint: "/v1/execute", status_code: "403" }, 1)
      yield* expectValue(
        requests,
        { method: "GET", endpoint: "/api/quotes/{symbol}", status_code: "404" },
        1
      )
      yield* TestErrors.expectNoEvents
    }))

  it.effect("executes a pattern in one trace: the request, its pattern, capabilities, services, provider, statements", () =>
    Effect.gen(function*() {
      yield* warm
      const answer = yield* execute("buffett_checklist", { security_id: "MSFT" }, { "x-request-id": "request-7" })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.requestId, "request-7")
      assert.strictEqual(at(answer.json, "meta", "request_id"), "request-7")
      assert.strictEqual(at(answer.json, "degraded"), false)
      yield* expectTrace(span(
        /^POST/,
        { kind: "server", "http.route": "/v1/execute", "http.response.status_code": 200 },
        containing(
          span("pattern buffett_checklist", { status: "success" }, [
            span(
              "fundamentals.load",
              containing(
                span("RatingsService.get_fundamentals", [
                  span("fmp /v3/ratios/{symbol}", { kind: "client" }, [span(/^GET|http\.client/)])
                ])
              )
            ),
            span("ratings.dividend_safety", []),
            span("ratings.moat_strength", []),
            span("ratings.resilience", []),
            span("ratings.aggregate", []),
            span("ai.explain", [])
          ]),
          span("AuditService.log")
        )
      ))
      const root = (yield* TestTracing.spans).find(({ traceId }) => traceId === at(answer.json, "meta", "trace_id"))
      assert.strictEqual(root?.kind, "server")
      yield* expectValue(...pattern("success"), 1)
      const spans = inspect(yield* TestTracing.spans, { depth: null })
      assert.notInclude(spans, "simulated-fmp-key")
      assert.notInclude(spans, demoUsers[0].id)
    }))

  it.effect("reports a failed agent once, with user, pattern, request and trace, and tells the client the code only", () =>
    Effect.gen(function*() {
      yield* warm
      const answer = yield* execute("buffett_checklist", { security_id: "SPX" })
      assert.strictEqual(answer.status, 500)
      assert.deepStrictEqual(answer.json, {
        error: { code: "agent_execution_error", message: "pattern buffett_checklist failed at fundamentals.load" }
      })
      const events = yield* TestErrors.events
      assert.lengthOf(events, 1)
      const event = yield* TestErrors.expectEvent({
        type: "PatternExecutionError",
        tags: { pattern: "buffett_checklist", route: "/v1/execute" }
      })
      assert.strictEqual(event.user?.id, createHash("sha256").update(demoUsers[0].id).digest("hex").slice(0, 8))
      assert.strictEqual(event.user?.role, "owner")
      const failed = (yield* TestTracing.spans).find(({ spanId }) => spanId === event.trace?.spanId)
      assert.strictEqual(failed?.traceId, event.trace?.traceId)
      assert.notInclude(JSON.stringify(event), demoUsers[0].email)
      yield* expectValue(...pattern("error"), 1)
    }))

  it.effect("goes through the life of an alert, and lists what there is", () =>
    Effect.gen(function*() {
      const condition = { alert_type: "price", symbol: "IBM", below: 10 }
      const created = yield* request("POST", "/api/alerts", {
        body: { condition, delivery_method: "inapp", cooldown_minutes: 60 }
      })
      assert.strictEqual(created.status, 201)
      const listed = yield* request("GET", "/api/alerts")
      assert.include(listed.text, String(at(created.json, "id")))
      assert.strictEqual((yield* request("DELETE", `/api/alerts/${at(created.json, "id")}`)).status, 204)
      yield* expectValue(
        requests,
        { method: "DELETE", endpoint: "/api/alerts/{alert_id}", status_code: "204" },
        1
      )
      assert.isDefined(at((yield* request("GET", "/api/patterns/list")).json, "patterns", 5, "id"))
      const metrics = yield* request("GET", `/api/metrics/${growth.id}`)
      // As `../expected.py` has them.
      const expected = {
        twr: 3.247655969916302,
        annualised: 0.3230531483950192,
        periods: 62,
        mwr: 0.26997172480001574,
        sharpe: 0.9490869771919632,
        volatility: 0.33830153867196266,
        max_drawdown: -0.5300429324564151
      }
      for (const [name, figure] of Object.entries(expected)) {
        assert.closeTo(Number(at(metrics.json, "metrics", name)), figure, 1e-9, name)
      }
      assert.strictEqual(at((yield* request("GET", "/health", { token: null })).json, "status"), "ok")
    }))

  it.effect("records nothing under labels that the catalogue does not know", () =>
    Effect.gen(function*() {
      const service = yield* Metrics.Metrics
      const {
        agentCapabilityCallsTotal,
        dbQueriesTotal,
        patternExecutionsTotal,
        providerRequestsTotal,
        serviceCallsTotal
      } = DawsOs.metrics
      for (
        const { known, name } of [
          agentCapabilityCallsTotal,
          patternExecutionsTotal,
          providerRequestsTotal,
          serviceCallsTotal
        ]
      ) {
        const sets = new Set(known.map((labels) => JSON.stringify(Object.entries(labels).sort())))
        const unknown = service.samples()
          .filter((sample) => sample.name === name && !sets.has(JSON.stringify(Object.entries(sample.labels).sort())))
        assert.deepStrictEqual(unknown, [])
      }
      const tables = new Set(dbQueriesTotal.known.map(({ table }) => table))
      const served = service.samples().filter(({ labels, name }) =>
        name === dbQueriesTotal.name && labels["operation"] === "select" && !tables.has(labels["table"] ?? "")
      )
      // What the migrator asks before the program serves anybody.
      assert.deepStrictEqual(served.map(({ labels }) => labels["table"]).sort(), ["other"])
    }))
})
