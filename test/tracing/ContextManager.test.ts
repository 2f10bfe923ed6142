import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { ContextManager } from "../../src/tracing/ContextManager.ts"
import * as SpanContexts from "../../src/tracing/SpanContexts.ts"

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

describe("fibers that are followed", () => {
  const fiber = (id: number, span: Tracer.AnySpan | undefined) =>
    ({ id, cache: { span } }) as Fiber.Fiber<unknown, unknown>
  const spanOf = (id: number): Tracer.AnySpan =>
    Tracer.externalSpan({ traceId: "a".repeat(32), spanId: String(id).padStart(16, "0") })

  /** How many objects hang on one another in what is entered. */
  const depth = (entered: unknown): number =>
    typeof entered === "object" && entered !== null ? 1 + depth(Reflect.get(entered, "under")) : 0

  it("keep nothing of those that they were started by, however many were before", () => {
    const manager = new ContextManager().enable()
    const { watcher } = manager
    for (let id = 1; id <= 100; id++) watcher.begins(fiber(id, spanOf(id)), watcher.entered())
    assert.isAtMost(depth(watcher.entered()), 3)
    manager.disable()
  })

  it("have nothing entered for a span that stands for the caller that is there already", () => {
    const manager = new ContextManager().enable()
    const { watcher } = manager
    const caller = spanOf(1)
    watcher.begins(fiber(1, caller), watcher.entered())
    const entered = watcher.entered()
    for (const span of [{ ...spanOf(2), [SpanContexts.Caller]: caller }, caller]) watcher.spanChanged(fiber(1, span))
    assert.strictEqual(watcher.changes, 1)
    assert.strictEqual(watcher.entered(), entered)
    manager.disable()
  })

  it("have their span over what a third party set, and that again when they have none any more", () => {
    const manager = new ContextManager().enable()
    const { watcher } = manager
    const spanId = () => Otel.trace.getSpanContext(manager.entered())?.spanId
    manager.with(marked("third party's"), () => {
      watcher.begins(fiber(1, spanOf(1)), watcher.entered())
      assert.deepStrictEqual([spanId(), manager.entered().getValue(key)], [spanOf(1).spanId, "third party's"])
      watcher.spanChanged(fiber(1, spanOf(2)))
      assert.strictEqual(spanId(), spanOf(2).spanId)
      watcher.spanChanged(fiber(1, undefined))
      assert.strictEqual(manager.entered(), manager.thirdParty())
      assert.strictEqual(manager.entered().getValue(key), "third party's")
    })
    assert.strictEqual(manager.entered(), Otel.ROOT_CONTEXT)
  })
})
