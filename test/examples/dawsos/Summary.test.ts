import type { Accounting, Metrics } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Summary from "../../../examples/dawsos/Summary.ts"
import { Figures } from "../../../examples/dawsos/view/Figures.ts"
import type { ReceivedEvent } from "../../../examples/receiver/SentryEnvelope.ts"

const sample = (name: string, value: number, labels: Readonly<Record<string, string>> = {}): Metrics.Sample => ({
  name,
  labels,
  value
})

const patterns = ["a", "b", "c", "d", "e"].map((pattern_id) =>
  sample("dawsos_pattern_executions_total", 2, { pattern_id, status: "success" })
)

const samples: ReadonlyArray<Metrics.Sample> = [
  ...Summary.baseFamilies.filter(({ name }) => !/pattern_executions|api_requests|alerts_delivered/.test(name))
    .map(({ kind, name }) => sample(kind === "histogram" ? `${name}_count` : name, 1)),
  ...patterns,
  sample("dawsos_api_requests_total", 30, { status_code: "200" }),
  sample("dawsos_pricing_pack_builds_total", 1, { status: "success" }),
  sample("dawsos_alerts_delivered_total", 1, { status: "success" })
]

const dropped = {
  queue_full: 0,
  too_large: 0,
  rejected: 0,
  timeout: 0,
  unreachable: 0,
  shutdown: 0,
  fault: 0
}

const books = (changes: Partial<Accounting.SinkAccounting> = {}, open = 0): Accounting.Accounting => ({
  started: 5 + open,
  open,
  unsampled: 0,
  ended: 5,
  sinks: [{
    name: "otlp",
    acknowledged: true,
    notSelected: 0,
    exported: 5,
    dropped,
    queued: 0,
    inFlight: 0,
    ...changes
  }]
})

const events = {
  captured: 1,
  sent: 1,
  dropped: { ...dropped, rate_limited: 0, throttled: 0 },
  queued: 0
}

const event: ReceivedEvent = {
  type: "event",
  envelopeHeaders: {},
  itemHeaders: {},
  payload: {},
  eventId: "e",
  level: "error",
  message: undefined,
  traceId: "trace-1",
  spanId: "span-1",
  envelopeTraceId: "trace-1",
  exceptions: [{ type: "Error", value: "down\nmore" }, { type: "Broken", value: "it broke" }]
}

const evidence: Summary.Evidence = {
  fault: undefined,
  faultEnded: false,
  spansGoElsewhere: false,
  figures: new Figures(samples),
  spans: books(),
  events,
  receivedTraces: new Set(["trace-1"]),
  receivedEvents: [event]
}

const results = (changes: Partial<Summary.Evidence> = {}) =>
  Summary.checks({ ...evidence, ...changes }).map(({ result }) => result)

const without = (name: string) => new Figures(samples.filter((each) => each.name !== name))
const index = { families: 0, requests: 1, patterns: 2, packs: 3, alerts: 4, event: 5, spans: 6, events: 7 } as const

/** That one check, and the families where a metric is missing, says something else than ok. */
const only = (check: keyof typeof index, found: ReadonlyArray<string>, expected: string) => {
  assert.strictEqual(found[index[check]], expected)
  assert.deepStrictEqual(
    found.filter((result, at) => at !== index[check] && at !== index.families && result !== "ok"),
    []
  )
}

describe("the summary of a run", () => {
  it("is all ok when everything was there", () => {
    assert.deepStrictEqual(results(), Array.from({ length: 8 }, () => "ok"))
    assert.strictEqual(
      Summary.checks(evidence)[index.event]?.text,
      "1 error events received, the traces of 1 too; trace trace-1  Broken: it broke (Error: down)"
    )
  })

  it("names the 20 metrics of the base document, and those without a sample", () => {
    assert.lengthOf(new Set(Summary.baseFamilies.map(({ name }) => name)), 20)
    const [families] = Summary.checks({ ...evidence, figures: without("dawsos_pricing_pack_freshness_seconds") })
    assert.deepStrictEqual(families, {
      result: "FAILED",
      text: "19 of 20 metrics of the base document have samples; missing: dawsos_pricing_pack_freshness_seconds"
    })
  })

  it("fails where something did not happen", () => {
    const few = (name: string, value: number) =>
      new Figures(samples.map((each) => each.name === name ? { ...each, value } : each))
    only("requests", results({ figures: few("dawsos_api_requests_total", 29) }), "FAILED")
    const failing = (name: string, labels: Readonly<Record<string, string>>) =>
      new Figures(samples.map((each) => each.name === name ? { ...each, labels: { ...each.labels, ...labels } } : each))
    only("requests", results({ figures: failing("dawsos_api_requests_total", { status_code: "500" }) }), "FAILED")
    only("patterns", results({ figures: failing("dawsos_pattern_executions_total", { status: "error" }) }), "FAILED")
    only("patterns", results({ figures: failing("dawsos_pattern_executions_total", { status: "degraded" }) }), "ok")
    only("patterns", results({ figures: new Figures(samples.filter((each) => each !== patterns[0])) }), "FAILED")
    only("packs", results({ figures: without("dawsos_pricing_pack_builds_total") }), "FAILED")
    only("alerts", results({ figures: without("dawsos_alerts_delivered_total") }), "FAILED")
    only("event", results({ receivedEvents: [] }), "FAILED")
    only("event", results({ receivedTraces: new Set(["another"]) }), "FAILED")
  })

  it("fails where the books do not balance, something is left, or something was lost on the way to its own receiver", () => {
    only("spans", results({ spans: books({ exported: 4 }) }), "FAILED")
    only("spans", results({ spans: books({}, 1) }), "FAILED")
    only("spans", results({ spans: books({ exported: 4, queued: 1 }) }), "FAILED")
    only("spans", results({ spans: books({ exported: 4, inFlight: 1 }) }), "FAILED")
    const lost = books({ exported: 4, dropped: { ...dropped, unreachable: 1 } })
    only("spans", results({ spans: lost }), "FAILED")
    only("spans", results({ spans: { ...lost, sinks: [], started: 0, ended: 0 } }), "FAILED")
    only("events", results({ events: { ...events, sent: 0, queued: 1 } }), "FAILED")
    only("events", results({ events: { ...events, sent: 0 } }), "FAILED")
    // A real destination may be down; the local receiver may not, whatever is sampled.
    only("event", results({ spans: lost, receivedTraces: "gone", spansGoElsewhere: true }), "not checked")
    assert.strictEqual(results({ spans: lost, receivedTraces: "not all sampled" })[index.spans], "FAILED")
  })

  it("does not check what a real destination got", () => {
    only("event", results({ receivedEvents: "events go elsewhere" }), "not checked")
  })

  it("asks that a fault shows, and excuses what it spoils", () => {
    const stale = samples.map((each) =>
      each.name === "dawsos_pricing_pack_freshness_seconds" ? { ...each, value: 93_600 } : each
    ).filter((each) => each.name !== "dawsos_pricing_pack_builds_total")
    const found = results({ fault: "pack-stale", figures: new Figures(stale) })
    assert.strictEqual(found[index.packs], "not checked")
    assert.strictEqual(found.at(-1), "ok")
    assert.strictEqual(results({ fault: "pack-stale" }).at(-1), "FAILED")
    assert.strictEqual(results({ fault: "pack-stale", faultEnded: true }).at(-1), "not checked")
    const single = new Figures([...samples, sample("dawsos_db_connections_max", 1)])
    assert.deepStrictEqual(Summary.checks({ ...evidence, fault: "database-exhausted", figures: single }).at(-1), {
      result: "not checked",
      text: "--fault database-exhausted → DatabaseConnectionsHigh: the embedded database has one connection"
    })
    assert.strictEqual(results({ fault: "provider-down", receivedEvents: [] })[index.event], "FAILED")
  })
})
