import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { holds, resolve, type Scope } from "../../../../examples/dawsos/orchestrator/Templates.ts"

const scope: Scope = {
  inputs: { portfolio_id: "p1", days: 252, create_alert: true },
  ctx: { base_currency: "EUR" },
  state: { impact: { sentiment: -0.4, rows: [1, 2] }, empty: [] }
}
const value = (template: unknown) => Result.getOrThrow(resolve(template, scope))
const failure = (template: unknown) => Result.getOrThrow(Result.flip(resolve(template, scope)))

describe("templates", () => {
  it("keep the type of a value that stands alone", () => {
    assert.strictEqual(value("{{inputs.days}}"), 252)
    assert.deepStrictEqual(value("{{ state.impact.rows }}"), [1, 2])
  })

  it("become text inside of text", () =>
    assert.strictEqual(value("{{inputs.portfolio_id}} in {{ctx.base_currency}}"), "p1 in EUR"))

  it("are filled in at any depth", () =>
    assert.deepStrictEqual(value({ a: [{ b: "{{state.impact.sentiment}}" }, 7] }), { a: [{ b: -0.4 }, 7] }))

  it("fail with the path and the key that is not there", () => {
    assert.strictEqual(failure("{{state.impact.weight}}").message, "{{state.impact.weight}}: there is no weight")
    assert.strictEqual(failure("about {{inputs.nothing}}").message, "{{inputs.nothing}}: there is no nothing")
  })

  it("do not reach what objects inherit", () => {
    assert.include(failure("{{state.constructor}}").message, "constructor")
    assert.include(failure("{{inputs.__proto__.polluted}}").message, "__proto__")
  })

  it("leave everything without a template as it was", () => {
    fc.assert(fc.property(fc.jsonValue().filter((json) => !JSON.stringify(json).includes("{{")), (json) => {
      const data = JSON.parse(JSON.stringify(json))
      assert.deepStrictEqual(value(data), data)
    }))
  })

  it("never throw", () => {
    const part = fc.constantFrom("{{", "}}", "state.impact", "inputs.days", " ", ".", "x")
    fc.assert(fc.property(fc.array(part), (parts) => {
      resolve(parts.join(""), scope)
      holds(parts.join(""), scope)
    }))
  })
})

describe("conditions", () => {
  const cases: ReadonlyArray<readonly [string, boolean]> = [
    ["{{inputs.create_alert}}", true],
    ["{{state.empty.length}} > 0", false],
    ["{{state.impact.sentiment}} < -0.3", true],
    ["{{state.impact.sentiment}} >= 0", false],
    ["{{state.impact.sentiment}} <= {{state.impact.sentiment}}", true],
    ["{{inputs.days}} == 252", true],
    ["{{inputs.portfolio_id}} != {{ctx.base_currency}}", true]
  ]
  for (const [condition, expected] of cases) {
    it(`${condition} is ${expected}`, () => assert.strictEqual(Result.getOrThrow(holds(condition, scope)), expected))
  }

  it("that cannot be read or compared are errors, not false", () => {
    for (
      const condition of [
        "",
        "sentiment",
        "true",
        "{{inputs.days}} > 1 and {{inputs.days}} < 300",
        "{{state.nothing}} > 1",
        "{{ctx.base_currency}} > 1"
      ]
    ) {
      assert.isTrue(Result.isFailure(holds(condition, scope)), condition)
    }
  })
})
