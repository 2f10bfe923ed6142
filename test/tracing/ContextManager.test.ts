import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import { ContextManager } from "../../src/tracing/ContextManager.ts"

const key = Otel.createContextKey("a test's")
const marked = (text: string): Otel.Context => Otel.ROOT_CONTEXT.setValue(key, text)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe("a context that is attached", () => {
  it("is active from then on, across asynchronous work, until it is disposed of", async () => {
    const manager = new ContextManager().enable()
    const seen: Array<unknown> = []
    const look = () => seen.push(manager.active().getValue(key))
    const outer = manager.attach(marked("outer"))
    await turn()
    look()
    const inner = manager.attach(marked("inner"))
    await turn()
    look()
    inner.dispose()
    look()
    manager.with(marked("with"), look)
    outer.dispose()
    look()
    assert.deepStrictEqual(seen, ["outer", "inner", "outer", "with", undefined])
    assert.strictEqual(manager.active(), Otel.ROOT_CONTEXT)
  })

  it("is gone with a manager that is disabled", () => {
    const manager = new ContextManager().enable()
    manager.attach(marked("left"))
    manager.disable()
    assert.strictEqual(manager.active(), Otel.ROOT_CONTEXT)
  })
})
