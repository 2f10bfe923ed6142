import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { EventEmitter } from "node:events"
import { FaultSwitch, steeredByParent } from "../../../examples/dawsos/FaultSwitch.ts"

describe("the switch of faults", () => {
  it.effect("suffers what the program was started with until it ends, and tells who waits for that", () =>
    Effect.gen(function*() {
      const suffered = new FaultSwitch("provider-down")
      const waiting = yield* Effect.forkChild(suffered.ended, { startImmediately: true })
      assert.isTrue(suffered.is("provider-down"))
      yield* suffered.end
      yield* Fiber.join(waiting)
      yield* suffered.ended
      assert.strictEqual(suffered.current, undefined)
    }))

  it.effect("tells of each change once it has happened", () =>
    Effect.gen(function*() {
      const suffered = new FaultSwitch(undefined)
      const seen: Array<string | undefined> = []
      yield* suffered.changed.pipe(
        Effect.andThen(Effect.sync(() => seen.push(suffered.current))),
        Effect.forever,
        Effect.forkChild({ startImmediately: true })
      )
      for (const fault of ["error-storm", "error-storm", "provider-down", undefined] as const) {
        suffered.choose(fault)
        yield* Effect.yieldNow
        yield* Effect.yieldNow
      }
      assert.deepStrictEqual(seen, ["error-storm", "provider-down", undefined])
    }))

  it.effect("is steered by a parent's messages, by names of faults alone, as long as the scope is open", () =>
    Effect.gen(function*() {
      const suffered = new FaultSwitch(undefined)
      const parent = new EventEmitter()
      const answers: Array<unknown> = []
      const after = (message: unknown) => {
        parent.emit("message", message)
        return suffered.current
      }
      const channel = Object.assign(parent, { send: (answer: unknown) => answers.push(answer) > 0 })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* steeredByParent(suffered, channel as typeof channel & Pick<NodeJS.Process, "on" | "off" | "send">)
        assert.deepStrictEqual(
          [{ fault: "error-storm" }, { fault: "no-such" }, "error-storm", null, { fault: null }].map(after),
          ["error-storm", "error-storm", "error-storm", "error-storm", undefined]
        )
      }))
      // What is suffered, and not what was asked for: a name that is none is seen by the parent.
      assert.deepStrictEqual(answers, ["error-storm", "error-storm", null].map((suffers) => ({ suffers })))
      assert.strictEqual(parent.listenerCount("message"), 0)
      assert.strictEqual(after({ fault: "error-storm" }), undefined)
    }))
})
