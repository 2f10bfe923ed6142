import { Accounting } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ReceivedSpan } from "../examples/receiver/ReceivedSpan.ts"
import * as Receiver from "../examples/receiver/Receiver.ts"
import type { Destination } from "./integration/Harness.ts"
import * as Harness from "./integration/Harness.ts"
import * as ExpositionText from "./support/ExpositionText.ts"

const one = (spans: ReadonlyArray<ReceivedSpan>, name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name)
  assert.strictEqual(found.length, 1, `${name} among ${spans.map((span) => span.name).join(", ")}`)
  return found[0]!
}

const openMetrics = "application/openmetrics-text; version=1.0.0"

const destinations: ReadonlyArray<Destination> = ["otlp", "jaegerHttp", "jaegerUdp"]

describe("the layer, from one request", () => {
  for (const destination of destinations) {
    it.live(`gives one trace, one count, one event and matching log lines, to ${destination} and Sentry`, () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const app = yield* Harness.start(Harness.environment(receiver, destination))
        const answer = yield* app.get(`/api/metrics/${Harness.secrets.portfolioId}`)
        assert.strictEqual(answer.status, 500)
        const accounting = yield* app.tracing.flush
        assert.deepStrictEqual(Accounting.imbalances(accounting), [])
        const events = yield* app.errors.flush
        assert.deepInclude(events, { captured: 1, sent: 1, queued: 0 })

        const all = yield* receiver.awaitSpans(2, destination)
        const spans = all.filter((span) => span.signal === destination)
        const server = one(spans, "GET /api/metrics/{portfolio_id}")
        const capability = one(spans, "metrics.compute_twr")
        assert.strictEqual(spans.length, 2)
        assert.strictEqual(server.kind, "server")
        assert.strictEqual(server.parentSpanId, undefined)
        assert.strictEqual(capability.parentSpanId, server.spanId)
        assert.strictEqual(capability.traceId, server.traceId)
        // Sentry's share of the traces is all of them here.
        assert.strictEqual(all.filter((span) => span.signal === "sentryOtlp").length, 2)

        const [event, ...others] = yield* receiver.awaitEvents(1)
        assert.deepStrictEqual(others, [])
        assert.strictEqual(event?.traceId, server.traceId)
        assert.strictEqual(event?.envelopeTraceId, server.traceId)
        assert.strictEqual(event?.spanId, capability.spanId)
        const breadcrumbs = event?.payload["breadcrumbs"] as ReadonlyArray<{ readonly category: string }>
        assert.strictEqual(breadcrumbs.filter(({ category }) => category === "log").length, 1)

        const exposition = ExpositionText.parse(yield* app.scrape(), "prometheus")
        const counted = exposition.families.get("dawsos_api_requests_total")?.samples.filter(({ value }) => value > 0)
        const labels = { method: "GET", endpoint: "/api/metrics/{portfolio_id}", status_code: "500" }
        assert.deepStrictEqual(counted, [{ name: "dawsos_api_requests_total", labels, value: 1, exemplar: undefined }])
        assert.strictEqual(
          exposition.value("dawsos_agent_capability_calls_total", {
            agent_name: "financial_analyst",
            capability: "metrics.compute_twr",
            status: "defect"
          }),
          1
        )
        assert.strictEqual(exposition.value("dawsos_observability_spans_started_total"), 2)
        assert.strictEqual(exposition.value("dawsos_observability_events_sent_total"), 1)

        const withExemplars = ExpositionText.parse(yield* app.scrape(openMetrics), "openmetrics")
        const exemplars = ["dawsos_api_request_duration_seconds", "dawsos_agent_capability_duration_seconds"].map(
          (name) =>
            withExemplars.families.get(name)!.samples.flatMap(({ exemplar }) =>
              exemplar === undefined ? [] : [exemplar.labels["trace_id"]]
            )
        )
        assert.deepStrictEqual(exemplars, [[server.traceId], [server.traceId]])

        const warning = app.log().find(({ level }) => level === "Warn")
        assert.strictEqual(warning?.trace_id, capability.traceId)
        assert.strictEqual(warning?.span_id, capability.spanId)
      }))
  }

  it.live("lets no id, e-mail address or key out, in any sink's bytes, on /metrics or in the log", () =>
    Effect.gen(function*() {
      for (const destination of destinations) {
        const receiver = yield* Receiver.make()
        const app = yield* Harness.start(Harness.environment(receiver, destination))
        yield* app.get(`/api/metrics/${Harness.secrets.portfolioId}?email=${Harness.secrets.email}`)
        const quote = yield* app.get(`/api/quotes/AAPL?apikey=${Harness.secrets.apiKey}`)
        assert.include(quote.text, "42")
        yield* app.tracing.flush
        yield* app.errors.flush
        // Server, capability, provider, client and the provider's own server span beside the two of the failed request.
        yield* receiver.awaitSpans(7, destination)
        yield* receiver.awaitEvents(1)
        const { evicted } = yield* receiver.totals
        assert.strictEqual(evicted.requests, 0)
        const outlets = [...app.lines, yield* app.scrape(), yield* app.scrape(openMetrics)].join("\n")
        for (const [name, secret] of Object.entries(Harness.secrets)) {
          assert.deepStrictEqual(
            (yield* receiver.requestsContaining(secret)).map(({ signal }) => signal),
            [],
            `${name} through ${destination}`
          )
          assert.notInclude(outlets, secret, name)
        }
        // The search finds what is there.
        assert.isNotEmpty(yield* receiver.requestsContaining("metrics.compute_twr"))
      }
    }))
})
