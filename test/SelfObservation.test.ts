import { ErrorTracking } from "@dawsos/observability"
import { selfMetrics } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as SelfObservation from "../src/SelfObservation.ts"

const dropped = { ...ErrorTracking.noEvents.dropped, timeout: 3, rate_limited: 40 }

const collected = (accounting: () => ErrorTracking.ErrorAccounting): Record<string, number> => {
  const values: Record<string, number> = {}
  const service = { ...ErrorTracking.disabled, accounting }
  for (const { collect, definition } of SelfObservation.errorCollectors(selfMetrics("shop"), service)) {
    for (const { labels, value } of typeof collect === "function" ? collect() : []) {
      const name = definition.name.replace("shop_observability_", "")
      values["reason" in labels ? `${name} ${labels["reason"]}` : name] = value
    }
  }
  return values
}

describe("the books of error events as metrics", () => {
  it("tell what was captured, sent, dropped and waits, and how the sending goes", () => {
    const books: ErrorTracking.ErrorAccounting = {
      captured: 100,
      sent: 50,
      dropped,
      queued: 7,
      delivery: { bytes: 4_321, retried: 12, circuit: "open" }
    }
    const values = collected(() => books)
    assert.deepInclude(values, {
      events_captured_total: 100,
      events_sent_total: 50,
      events_queued: 7,
      events_queued_bytes: 4_321,
      events_retried_total: 12,
      events_circuit_state: 1,
      "events_dropped_total timeout": 3,
      "events_dropped_total rate_limited": 40
    })
    assert.strictEqual(
      collected(() => ({ ...books, delivery: { bytes: 0, retried: 0, circuit: "closed" } }))["events_circuit_state"],
      0
    )
  })

  it("say nothing of a sending that there is not", () => {
    const values = collected(() => ErrorTracking.noEvents)
    assert.notProperty(values, "events_circuit_state")
    assert.strictEqual(values["events_captured_total"], 0)
  })
})
