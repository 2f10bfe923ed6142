import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Circuit from "../../src/delivery/Circuit.ts"

const policy: Circuit.Policy = { failures: 3, open: 30_000, maxOpen: 120_000 }

/** A circuit after `count` failures in a row at `now`. */
const failing = (count: number, now = 0): Circuit.Circuit =>
  Array.from({ length: count }).reduce<Circuit.Circuit>(
    (circuit) => Circuit.failed(policy, circuit, now, 0),
    Circuit.closed
  )

describe("a circuit", () => {
  it("stays closed until enough failures came in a row", () => {
    assert.deepInclude(failing(2), { state: "closed", failures: 2 })
    assert.strictEqual(Circuit.wait(failing(2), 0), 0)
    assert.deepInclude(failing(3), { state: "open", failures: 3 })
  })

  it("lets nothing pass while it is open, then one trial", () => {
    const open = failing(3, 1_000)
    assert.strictEqual(Circuit.wait(open, 1_000), 30_000)
    assert.strictEqual(Circuit.wait(open, 30_999), 1)
    assert.strictEqual(Circuit.wait(open, 31_000), 0)
    assert.strictEqual(Circuit.attempted(open).state, "half_open")
    assert.strictEqual(Circuit.wait(Circuit.attempted(open), 31_000), 0)
    const closed = failing(2)
    assert.strictEqual(Circuit.attempted(closed), closed)
  })

  it("stays open for twice as long after each trial that failed, up to a bound", () => {
    let circuit = failing(3)
    const waits = Array.from({ length: 5 }).map(() => {
      const waited = Circuit.wait(circuit, 0)
      circuit = Circuit.failed(policy, Circuit.attempted(circuit), 0, 0)
      return waited
    })
    assert.deepStrictEqual(waits, [30_000, 60_000, 120_000, 120_000, 120_000])
  })

  it("is open for longer by up to a tenth, by chance", () => {
    const open = Circuit.failed(policy, failing(2), 0, 1)
    assert.strictEqual(Circuit.wait(open, 0), 33_000)
  })

  it("counts a failure of something that was sent in spite of it as no trial", () => {
    const open = failing(3)
    assert.deepInclude(Circuit.failed(policy, open, 5_000, 0), { state: "open", trials: 0, until: 35_000 })
  })

  it("is never open for longer than its bound, whatever happens", () => {
    fc.assert(fc.property(
      fc.array(fc.record({
        kind: fc.constantFrom("fail", "fail", "fail", "attempt", "answer"),
        millis: fc.nat(200_000),
        random: fc.double({ min: 0, max: 1, noNaN: true })
      })),
      (steps) => {
        let circuit = Circuit.closed
        let now = 0
        let inARow = 0
        for (const { kind, millis, random } of steps) {
          now += millis
          if (kind === "answer") circuit = Circuit.closed
          else if (kind === "attempt") circuit = Circuit.attempted(circuit)
          else circuit = Circuit.failed(policy, circuit, now, random)
          inARow = kind === "fail" ? inARow + 1 : kind === "answer" ? 0 : inARow
          assert.strictEqual(circuit.state === "closed", inARow < policy.failures)
          assert.isAtMost(Circuit.wait(circuit, now), policy.maxOpen * 1.1)
        }
      }
    ))
  })
})
