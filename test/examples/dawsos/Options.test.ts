import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { faults } from "../../../examples/dawsos/Faults.ts"
import { parse, tooShort, usage } from "../../../examples/dawsos/Options.ts"

const nothing = { duration: undefined, fault: undefined, faultDuration: undefined, help: false }

describe("the command line", () => {
  it("takes a duration in ms, s, m or h, and runs on without one", () => {
    for (const [text, millis] of [["250ms", 250], ["10s", 10_000], ["1.5m", 90_000], ["1h", 3_600_000]] as const) {
      const options = parse(["--duration", text])
      assert.isObject(options)
      if (typeof options === "object" && options.duration !== undefined) {
        assert.strictEqual(Duration.toMillis(options.duration), millis)
      }
    }
    assert.deepStrictEqual(parse([]), nothing)
  })

  it("says of a run that fails whether it was too short for a healthy program, too", () => {
    const hint = (millis: number) => tooShort({ ...nothing, duration: Duration.millis(millis) })
    assert.include(hint(9_999), "--duration 10s is the shortest to judge it by")
    assert.isUndefined(hint(10_000))
    assert.isUndefined(tooShort(nothing))
  })

  it("takes each fault by its name", () => {
    for (const fault of Object.keys(faults)) {
      assert.deepEqual(parse(["--fault", fault]) as object, { ...nothing, fault })
    }
  })

  it("takes after what time a fault is to end, and no such time without a fault", () => {
    assert.deepEqual(parse(["--fault", "error-storm", "--fault-duration", "60s"]) as object, {
      ...nothing,
      fault: "error-storm",
      faultDuration: Duration.seconds(60)
    })
    assert.include(parse(["--fault-duration", "60s"]), "--fault-duration needs a --fault NAME")
    assert.include(
      parse(["--fault", "error-storm", "--fault-duration", "60"]),
      "--fault-duration 60 is not a number with ms, s, m or h"
    )
    assert.match(usage, /^ {2}--fault-duration 60s +ends the fault/m)
  })

  it("tells how it is used: each fault with its alert, each variable with what is allowed", () => {
    assert.deepStrictEqual(parse(["-h"]), { ...nothing, help: true })
    for (const fault of Object.keys(faults)) assert.include(usage, `  ${fault} `)
    assert.match(usage, /^ {2}PORT +a whole number from 0 to 65535/m)
    assert.match(usage, /^ {2}--duration 10s .*;\n +after less than 10s a healthy program may/m)
  })

  it("says what is wrong: the argument, its value and what is allowed", () => {
    assert.include(parse(["--duration", "10"]), "--duration 10 is not a number with ms, s, m or h")
    assert.include(parse(["--fault", "toString"]), "--fault toString is not one of provider-down")
    assert.include(parse(["--speed"]), "--speed")
  })
})
