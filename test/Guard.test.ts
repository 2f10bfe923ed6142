import { Guard } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"

describe("Guard", () => {
  it("answers with what the body gives and counts nothing while nothing throws", () => {
    const guard = Guard.make()
    expect(guard.run("tracer", () => 1, () => 2)).toBe(1)
    expect([...guard.faults()]).toEqual(Guard.hooks.map((hook) => [hook, 0]))
    expect(guard.last("tracer")).toBeUndefined()
  })

  it("answers with the fallback, counts the fault of the hook and keeps the last one", () => {
    const guard = Guard.make()
    const fail = (fault: unknown) => () => {
      throw fault
    }
    expect(guard.run("logger", fail("first"), () => 2)).toBe(2)
    expect(guard.run("logger", fail("second"), () => 3)).toBe(3)
    guard.count("sink", undefined)
    expect(guard.faults().get("logger")).toBe(2)
    expect(guard.faults().get("sink")).toBe(1)
    expect(guard.faults().get("tracer")).toBe(0)
    expect(guard.last("logger")).toBe("second")
  })

  it("tells of the first fault of each hook, and of no other", () => {
    const told: Array<readonly [Guard.Hook, unknown]> = []
    const guard = Guard.make({ onFirst: (hook, fault) => told.push([hook, fault]) })
    for (const fault of ["first", "second"]) {
      guard.count("sink", fault)
      guard.count("tracer", fault)
    }
    expect(told).toEqual([["sink", "first"], ["tracer", "first"]])
  })

  it("two guards share no counts", () => {
    const [one, other] = [Guard.make(), Guard.make()]
    one.count("recorder", new Error("boom"))
    expect(other.faults().get("recorder")).toBe(0)
  })

  it("a program without the layer has a guard that catches", () => {
    const guard = Context.get(Context.empty(), Guard.CurrentGuard)
    const thrown = () => {
      throw new Error("boom")
    }
    expect(guard.run("recorder", thrown, () => "fallback")).toBe("fallback")
  })
})
