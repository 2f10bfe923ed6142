import { Observation } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE
} from "@opentelemetry/semantic-conventions"
import * as Cause from "effect/Cause"
import * as FastCheck from "fast-check"
import * as Outcome from "../../src/observation/Outcome.ts"

const values = FastCheck.oneof(
  FastCheck.anything(),
  FastCheck.record({ _tag: FastCheck.string(), message: FastCheck.string() }),
  FastCheck.string().map((name) => Object.assign(new Error("boom"), { name }))
)
const reasons = FastCheck.oneof(
  values.map((error) => Cause.fail(error)),
  values.map((defect) => Cause.die(defect)),
  FastCheck.nat().map((fiber) => Cause.interrupt(fiber))
)
const causes = FastCheck.array(reasons, { maxLength: 4 }).map((all) =>
  all.reduce((whole, one) => Cause.combine<unknown, unknown>(whole, one), Cause.empty as Cause.Cause<unknown>)
)

describe("What a failure leaves on a span", () => {
  it("is under the names of OpenTelemetry's conventions", () => {
    const { attributes, error, exceptions } = Outcome.ofCause(Cause.die(new TypeError("x is undefined")), undefined)
    assert.deepStrictEqual(attributes, { "effect.outcome": "defect", [ATTR_ERROR_TYPE]: "TypeError" })
    assert.strictEqual(error, "x is undefined")
    assert.deepStrictEqual(exceptions.map((one) => Object.keys(one).sort()), [
      [Outcome.outcomeAttribute, ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE, ATTR_EXCEPTION_TYPE].sort()
    ])
  })

  it("agrees with the status and the error type that observations tell, whatever failed", () => {
    FastCheck.assert(FastCheck.property(causes, (cause) => {
      const { attributes, error, exceptions } = Outcome.ofCause(cause, undefined)
      const failures = cause.reasons.filter(({ _tag }) => _tag !== "Interrupt")
      assert.strictEqual(attributes[ATTR_ERROR_TYPE], Observation.errorTypeOfCause(cause))
      assert.strictEqual(exceptions.length, failures.length)
      assert.strictEqual(error !== undefined, failures.length > 0)
      if (cause.reasons.length === 0) assert.deepStrictEqual(attributes, {})
      else assert.strictEqual(attributes[Outcome.outcomeAttribute], Observation.statusOfCause(cause))
    }))
  })

  it("is an error for an interruption only where a server answered with a 5xx", () => {
    const told = (status: unknown) => {
      const { attributes, error } = Outcome.ofCause(Cause.interrupt(1), status)
      return [attributes[ATTR_ERROR_TYPE], error]
    }
    assert.deepStrictEqual(told(503), ["503", "interrupted"])
    for (const status of [200, 499, undefined, "503"]) assert.deepStrictEqual(told(status), [undefined, undefined])
  })
})
