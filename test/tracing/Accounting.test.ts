import { Accounting } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"

const sink: Accounting.SinkAccounting = {
  name: "otlp",
  acknowledged: true,
  notSelected: 1,
  exported: 4,
  dropped: { ...Accounting.noneDropped(), timeout: 2, queue_full: 1 },
  queued: 1,
  inFlight: 1
}

const balanced: Accounting.Accounting = { started: 13, open: 2, unsampled: 1, ended: 10, sinks: [sink] }

describe("the accounting", () => {
  it("names nothing while the equations hold", () => {
    assert.deepStrictEqual(Accounting.imbalances(balanced), [])
    assert.deepStrictEqual(Accounting.imbalances(Accounting.empty), [])
  })

  it("names each equation that does not hold", () => {
    const wrong = Accounting.imbalances({ ...balanced, started: 14, sinks: [{ ...sink, exported: 5 }] })
    assert.strictEqual(wrong.length, 2)
    assert.match(wrong[0] ?? "", /started 14/)
    assert.match(wrong[1] ?? "", /otlp: ended 10/)
  })

  it("reads as one line that names the losses and says where nobody confirms", () => {
    assert.strictEqual(
      Accounting.format({ ...balanced, sinks: [sink, { ...sink, name: "jaeger", acknowledged: false }] }),
      "spans: started 13, open 2, unsampled 1, ended 10; " +
        "otlp: exported 4, dropped 3 (queue_full 1, timeout 2), not selected 1, queued 1, in flight 1; " +
        "jaeger: exported (unacknowledged) 4, dropped 3 (queue_full 1, timeout 2), not selected 1, queued 1, in flight 1"
    )
  })
})
