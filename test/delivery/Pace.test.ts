import { assert, describe, it } from "@effect/vitest"
import * as Pace from "../../src/delivery/Pace.ts"

const make = () =>
  new Pace.Pace({
    backoff: { initial: 1_000, max: 5_000, attempts: 5 },
    circuit: { failures: 3, open: 30_000, maxOpen: 120_000 },
    random: () => 1
  })

describe("a pace", () => {
  it("waits longer with each failure, and no longer once there is an answer", () => {
    const pace = make()
    assert.strictEqual(pace.wait(100, "routine"), 0)
    pace.failed(100)
    assert.strictEqual(pace.wait(100, "routine"), 1_000)
    assert.strictEqual(pace.wait(1_099, "routine"), 1)
    assert.strictEqual(pace.wait(1_100, "routine"), 0)
    pace.failed(1_100)
    assert.strictEqual(pace.wait(1_100, "routine"), 2_000)
    pace.answered()
    assert.strictEqual(pace.wait(1_100, "routine"), 0)
    pace.failed(1_100)
    assert.strictEqual(pace.wait(1_100, "routine"), 1_000)
  })

  it("opens its circuit after failures in a row, lets one trial pass, and closes it with an answer", () => {
    const pace = make()
    for (const now of [0, 1, 2]) pace.failed(now)
    assert.deepInclude(pace.circuit, { state: "open", failures: 3 })
    assert.strictEqual(pace.wait(2, "routine"), 33_000)
    assert.strictEqual(pace.wait(33_002, "routine"), 0)
    pace.attempted()
    assert.strictEqual(pace.circuit.state, "half_open")
    pace.answered()
    assert.deepInclude(pace.circuit, { state: "closed", failures: 0 })
  })

  it("makes a flush wait for the circuit only, and the last attempt for neither", () => {
    const pace = make()
    pace.failed(0)
    assert.strictEqual(pace.wait(0, "flush"), 0)
    pace.failed(0)
    pace.failed(0)
    assert.strictEqual(pace.wait(0, "flush"), 33_000)
    assert.strictEqual(pace.wait(0, "last"), 0)
  })

  it("grants the receiver's longest wish, whoever asks, until it is told to take no heed of it", () => {
    const pace = make()
    pace.pause(10_000)
    pace.pause(4_000)
    pace.answered()
    for (const urgency of ["routine", "flush", "last"] as const) {
      assert.strictEqual(pace.wait(0, urgency), 10_000)
      assert.strictEqual(pace.wait(10_000, urgency), 0)
    }
    assert.strictEqual(pace.pausedUntil, 10_000)
    pace.resume()
    assert.strictEqual(pace.wait(0, "routine"), 0)
  })
})
