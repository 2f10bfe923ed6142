import { Catalogue, Metrics, Recorder } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Recorded from "./support/Recorded.ts"

const orders = Catalogue.counter({ name: "shop_orders_total", help: "Orders placed" })

describe("Recorder.record", () => {
  it.effect("writes to the service that it runs under", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const placed = Recorder.record((metrics) => metrics.counter(orders, {}).increment(3))
      yield* Effect.provide(placed, recorded.context)
      expect(recorded.value("shop_orders_total")).toBe(3)
    }))

  it.effect("does nothing without a service, and nothing under one that is disabled", () =>
    Effect.gen(function*() {
      let written = 0
      const record = Recorder.record(() => {
        written++
      })
      yield* record
      yield* Effect.provideService(record, Metrics.Metrics, Metrics.disabled)
      expect(written).toBe(0)
    }))

  it.effect("what the writer throws is counted and not felt", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const broken = Recorder.record(() => {
        throw new Error("boom")
      })
      yield* Effect.provide(broken, recorded.context)
      expect(recorded.faults("recorder")).toBe(1)
    }))

  it("durations are exposed in seconds", () => {
    expect(Recorder.seconds("250 millis")).toBe(0.25)
    expect(Recorder.seconds(1500)).toBe(1.5)
    expect(Recorder.seconds("2 minutes")).toBe(120)
    expect(Recorder.seconds(1_500_000n)).toBe(0.0015)
  })
})
