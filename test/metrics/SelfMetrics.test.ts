import { Catalogue } from "@dawsos/observability"
import { selfMetrics } from "@dawsos/observability/mixin"
import { describe, expect, it } from "@effect/vitest"

describe("The layer's own metrics", () => {
  it("are named after the vocabulary, and make a catalogue without clashes", () => {
    const definitions = Object.values(selfMetrics("shop"))
    for (const { name } of definitions) expect(name).toMatch(/^shop_observability_[a-z_]+$/)
    // Under another prefix, because a catalogue keeps these names for the layer.
    expect(() => Catalogue.make({ prefix: "other", metrics: selfMetrics("shop") })).not.toThrow()
    expect(() => Catalogue.make({ prefix: "shop", metrics: selfMetrics("shop") })).toThrow(/the layer's own/)
  })

  it("tell of spans by sink and reason, of error events, and of what the layer holds back", () => {
    const described = Object.values(selfMetrics("p")).map(({ kind, labels, name }) =>
      `${kind} ${name.replace("p_observability_", "")}{${Object.keys(labels).join()}}`
    )
    expect(described).toEqual([
      "counter spans_started_total{}",
      "counter spans_ended_total{}",
      "counter spans_unsampled_total{}",
      "gauge spans_open{}",
      "counter spans_exported_total{sink}",
      "counter spans_dropped_total{sink,reason}",
      "counter spans_not_selected_total{sink}",
      "gauge spans_queued{sink}",
      "gauge spans_in_flight{sink}",
      "gauge spans_queued_bytes{sink}",
      "counter spans_retried_total{sink}",
      "counter spans_resent_total{sink}",
      "gauge spans_circuit_state{sink}",
      "counter events_captured_total{}",
      "counter events_sent_total{}",
      "counter events_dropped_total{reason}",
      "gauge events_queued{}",
      "gauge events_queued_bytes{}",
      "counter events_retried_total{}",
      "gauge events_circuit_state{}",
      "counter label_overflow_total{metric,label}",
      "counter faults_total{hook}",
      "counter name_clashes_total{source}",
      "counter scrapes_total{format}",
      "counter scrape_refusals_total{reason}",
      "counter scrape_errors_total{metric}",
      "gauge scrape_duration_seconds{}",
      "gauge scrape_size_bytes{}"
    ])
  })
})
