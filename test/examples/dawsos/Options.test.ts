import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { faults } from "../../../examples/dawsos/Faults.ts"
import { parse, usage } from "../../../examples/dawsos/Options.ts"

describe("the command line", () => {
  it("takes a duration in ms, s, m or h, and runs on without one", () => {
    for (const [text, millis] of [["250ms", 250], ["10s", 10_000], ["1.5m", 90_000], ["1h", 3_600_000]] as const) {
      const options = parse(["--duration", text])
      assert.isObject(options)
      if (typeof options === "object" && options.duration !== undefined) {
        assert.strictEqual(Duration.toMillis(options.duration), millis)
      }
    }
    assert.deepStrictEqual(parse([]), { duration: undefined, fault: undefined, help: false })
  })

  it("takes each fault by its name", () => {
    for (const fault of Object.keys(faults)) {
      assert.deepEqual(parse(["--fault", fault]) as object, { duration: undefined, fault, help: false })
    }
  })

  it("tells how it is used: each fault with its alert, each variable with what is allowed", () => {
    assert.deepStrictEqual(parse(["-h"]), { duration: undefined, fault: undefined, help: true })
    for (const fault of Object.keys(faults)) assert.include(usage, `  ${fault} `)
    assert.match(usage, /^ {2}PORT +a whole number from 0 to 65535/m)
  })

  it("says what is wrong: the argument, its value and what is allowed", () => {
    assert.include(parse(["--duration", "10"]), "--duration 10 is not a number with ms, s, m or h")
    assert.include(parse(["--fault", "toString"]), "--fault toString is not one of provider-down")
    assert.include(parse(["--speed"]), "--speed")
  })
})
