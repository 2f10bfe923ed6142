/** The view over fixed samples, in a large window and in small ones; the figures are worked out by hand. */
import { Accounting, ErrorTracking } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import { Figures, parse } from "../../../../examples/dawsos/view/Figures.ts"
import * as LiveView from "../../../../examples/dawsos/view/LiveView.ts"
import type { ReceivedEvent } from "../../../../examples/receiver/SentryEnvelope.ts"

const requests = "dawsos_api_request_duration_seconds"
const calls = "dawsos_agent_capability_duration_seconds"

/** A histogram's samples; `counts` are cumulative, the last one is of all. */
const histogram = (name: string, labels: string, bounds: ReadonlyArray<number>, counts: ReadonlyArray<number>) =>
  [
    ...bounds.map((bound, index) => `${name}_bucket{${labels},le="${bound}"} ${counts[index]}`),
    `${name}_bucket{${labels},le="+Inf"} ${counts.at(-1)}`,
    `${name}_count{${labels}} ${counts.at(-1)}`
  ].join("\n")

/** `count` names that differ. */
const several = (count: number, name: string) => Array.from({ length: count }, (_, index) => `${name}_${index}`)

const page = [
  // The middle one at the bound 0.1; 19 in 20 at 0.1 + 0.9 × 3.6/4.
  histogram(requests, "method=\"POST\",endpoint=\"/v1/execute\"", [0.1, 1], [4, 8]),
  // At 1 + 3 × 0.5, and at 1 + 3 × 0.95.
  histogram(requests, "method=\"GET\",endpoint=\"/slow\"", [1, 4], [0, 10]),
  histogram(requests, "method=\"GET\",endpoint=\"/idle\"", [1, 4], [0, 0]),
  ...several(10, "/quick").map((endpoint) =>
    histogram(requests, `method="GET",endpoint="${endpoint}"`, [0.01, 1], [10, 10])
  ),
  "dawsos_api_requests_total{method=\"POST\",endpoint=\"/v1/execute\",status_code=\"200\"} 1",
  "dawsos_api_requests_total{method=\"POST\",endpoint=\"/v1/execute\",status_code=\"500\"} 2",
  "dawsos_api_requests_total{method=\"POST\",endpoint=\"/v1/execute\",status_code=\"503\"} 5",
  "dawsos_api_requests_total{method=\"GET\",endpoint=\"/slow\",status_code=\"200\"} 10",
  histogram(calls, `agent_name="claude",capability="${"explain_at_length_".repeat(3)}"`, [0.2, 1], [4, 4]),
  ...several(9, "quick").map((name) => histogram(calls, `agent_name="claude",capability="${name}"`, [0.01], [1])),
  "dawsos_agent_capability_calls_total{agent_name=\"claude\",capability=\"quick_0\",status=\"error\"} 1",
  "dawsos_agent_capability_calls_total{agent_name=\"claude\",capability=\"quick_0\",status=\"defect\"} 3",
  "dawsos_agent_capability_calls_total{agent_name=\"claude\",capability=\"quick_0\",status=\"degraded\"} 9",
  "dawsos_pricing_pack_status{status=\"fresh\"} 0",
  "dawsos_pricing_pack_status{status=\"stale\"} 1",
  "dawsos_pricing_pack_freshness_seconds 93600",
  "dawsos_alerts_delivered_total{delivery_method=\"webhook\",status=\"success\"} 4",
  "dawsos_alerts_delivered_total{delivery_method=\"inapp\",status=\"success\"} 1",
  "dawsos_alerts_delivered_total{delivery_method=\"inapp\",status=\"error\"} 7",
  "dawsos_db_connections_active 3",
  "dawsos_db_connections_max 20"
].join("\n")

const earlier = [
  "dawsos_api_requests_total{method=\"GET\",endpoint=\"/slow\",status_code=\"200\"} 8",
  `${requests}_count{method="GET",endpoint="/slow"} 8`
].join("\n")

const sink = (name: string): Accounting.SinkAccounting => ({
  name,
  acknowledged: true,
  notSelected: 0,
  exported: 7,
  dropped: { ...Accounting.noneDropped(), unreachable: 2 },
  queued: 1,
  inFlight: 0
})

const lastEvent: ReceivedEvent = {
  type: "event",
  envelopeHeaders: {},
  itemHeaders: {},
  payload: {},
  eventId: "e",
  level: "error",
  message: undefined,
  traceId: "abc",
  spanId: "s",
  envelopeTraceId: "abc",
  exceptions: [{ type: "SqlError", value: "no table\nat line 3" }, { type: "PatternError", value: "it failed" }]
}

const state: LiveView.State = {
  addresses: "API http://127.0.0.1:8000",
  seconds: 130,
  figures: new Figures(parse(page)),
  before: { seconds: 125, figures: new Figures(parse(earlier)) },
  spans: { started: 12, open: 2, unsampled: 0, ended: 10, sinks: [sink("otlp"), sink("sentry")] },
  events: {
    captured: 9,
    sent: 4,
    dropped: { ...ErrorTracking.noEvents.dropped, queue_full: 2, rate_limited: 1 },
    queued: 2
  },
  lastEvent,
  slowestTrace: several(25, "span").join("\n")
}

const texts = (rows: number, changes: Partial<LiveView.State> = {}) =>
  LiveView.render({ ...state, ...changes }, rows).map(({ text }) => text)
/** The cells of the rows of a table, up to the empty line behind it. */
const table = (lines: ReadonlyArray<string>, title: string) => {
  const first = lines.findIndex((line) => line.startsWith(title))
  return lines.slice(first, lines.indexOf("", first)).map((line) => line.trim().split(/\s{2,}/))
}

const head = (title: string) => [title, "calls", "per s", "p50", "p95", "errors"]
const slow = ["GET /slow", "10", "0.4", "2.50 s", "3.85 s"]
const execute = ["POST /v1/execute", "8", "1.6", "100 ms", "910 ms", "2"]
const quick = (index: number) => [`GET /quick_${index}`, "10", "2.0", "5 ms", "9.5 ms"]
// Its name is cut to 48 characters.
const explain = ["claude explain_at_length_explain_at_length_expla", "4", "0.8", "100 ms", "190 ms"]
const quickCall = (index: number, ...errors: ReadonlyArray<string>) => [
  `claude quick_${index}`,
  "1",
  "0.2",
  "5 ms",
  "9.5 ms",
  ...errors
]

describe("the live view", () => {
  it("begins with the figures of the whole program and where to look", () => {
    const [headline, addresses] = texts(60)
    // 10 requests more than 5 seconds before, 2 of 18 failed; 503 is no failure.
    assert.strictEqual(
      headline,
      "2 min up  ·  18 requests, 2.0/s, 11.1 % errors  ·  pack stale, 26.0 h old  ·  5 alerts delivered  ·  " +
        "database 3/20 busy"
    )
    assert.strictEqual(addresses, "API http://127.0.0.1:8000")
  })

  it("shows the slowest routes and capabilities that were called, with rates of the last seconds", () => {
    const lines = texts(60)
    assert.deepStrictEqual(table(lines, "route"), [
      head("route"),
      slow,
      execute,
      ...[0, 1, 2, 3, 4, 5, 6].map(quick),
      ["… 3 more"]
    ])
    assert.deepStrictEqual(table(lines, "capability"), [
      head("capability (slowest)"),
      explain,
      quickCall(0, "4"),
      ...[1, 2, 3, 4, 5, 6].map((index) => quickCall(index)),
      ["… 2 more"]
    ])
  })

  it("aligns its columns", () => {
    const rows = texts(60).filter((line) => /^(route|GET|POST|capability|claude)/.test(line))
    assert.lengthOf(rows, 19)
    assert.deepStrictEqual([...new Set(rows.map((line) => line.length))], [98])
  })

  it("ends with the books of spans and events, the last error with its cause, and the slowest request", () => {
    const lines = texts(60)
    const books = lines.indexOf("spans: started 12, open 2, unsampled 0, ended 10")
    assert.deepStrictEqual(lines.slice(books + 1, books + 9), [
      "  otlp: exported 7, dropped 2 (unreachable 2), not selected 0, queued 1, in flight 0",
      "  sentry: exported 7, dropped 2 (unreachable 2), not selected 0, queued 1, in flight 0",
      "events: captured 9, sent 4, dropped 3, queued 2",
      "last error  trace abc  PatternError: it failed (SqlError: no table)",
      "",
      "slowest request",
      "  span_0",
      "  span_1"
    ])
    assert.deepStrictEqual(lines.slice(-2), ["  span_19", "  … 5 more spans"])
  })

  it("fills a window of 45 lines to its last one, with what of the trace has room", () => {
    const lines = texts(45)
    assert.lengthOf(lines, 45)
    assert.deepStrictEqual(lines.slice(-2), ["  span_10", "  … 14 more spans"])
  })

  it("has shorter tables and no trace in a window of 20 lines, and no line more", () => {
    const lines = texts(20, { spans: { ...state.spans, sinks: [sink("otlp")] } })
    assert.lengthOf(lines, 20)
    assert.deepStrictEqual(table(lines, "route"), [head("route"), slow, execute, quick(0), quick(1), ["… 8 more"]])
    assert.deepStrictEqual(table(lines, "capability"), [
      head("capability (slowest)"),
      explain,
      quickCall(0, "4"),
      quickCall(1),
      ["… 7 more"]
    ])
    assert.match(lines.at(-1) ?? "", /^last error/)
  })

  it("fits a terminal of 24 lines with two destinations for spans", () => {
    const lines = texts(23)
    assert.isAtMost(lines.length, 23)
    assert.match(lines.at(-1) ?? "", /^last error/)
  })

  it("marks what failed in red, titles in bold", () => {
    const styled = (style: string) =>
      LiveView.render(state, 60).filter((line) => line.style === style).map(({ text }) => text.split(/\s{2,}/)[0])
    assert.deepStrictEqual(styled("red"), ["POST /v1/execute", "claude quick_0", "last error"])
    assert.deepStrictEqual(styled("bold"), ["2 min up", "route", "capability (slowest)", "slowest request"])
  })

  it("says so little before anything happened", () => {
    const nothing = new Figures([])
    const lines = texts(60, {
      seconds: 0,
      figures: nothing,
      before: { seconds: 0, figures: nothing },
      spans: Accounting.empty,
      events: ErrorTracking.noEvents,
      lastEvent: undefined,
      slowestTrace: undefined
    })
    assert.strictEqual(
      lines[0],
      "0 s up  ·  0 requests, 0.0/s, 0.0 % errors  ·  pack missing  ·  0 alerts delivered  ·  database 0/0 busy"
    )
    assert.deepStrictEqual(lines.slice(2).map((line) => line.split(/\s{2,}/)[0]), [
      "",
      "route",
      "",
      "capability (slowest)",
      "",
      "spans: started 0, open 0, unsampled 0, ended 0",
      "events: captured 0, sent 0, dropped 0, queued 0"
    ])
  })
})
