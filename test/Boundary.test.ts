import { Boundary } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"

const breadcrumb = (message: string): Boundary.Breadcrumb => ({
  category: "test",
  message,
  level: "info",
  timestamp: 0
})

const requestOf = (source: object) => Context.make(HttpServerRequest.HttpServerRequest, { source } as never)

describe("Boundary", () => {
  it("knows the key under which effect/http provides the request", () => {
    assert.strictEqual(Boundary.httpServerRequestKey, HttpServerRequest.HttpServerRequest.key)
  })

  it("keeps what the innermost recorder knows of a failure, and fills in the rest further out", () => {
    const boundary = new Boundary.Boundary("job", "job")
    const error = new Error("boom")
    boundary.recordFailure(error, { operation: "inner", tags: { a: "inner" } })
    boundary.recordFailure(error, { operation: "outer", spanId: "s", tags: { a: "outer", b: "outer" } })
    assert.deepStrictEqual(boundary.failure(error), {
      operation: "inner",
      spanId: "s",
      tags: { a: "inner", b: "outer" }
    })
  })

  it("keeps the context of each failure and defect of a cause, and none for an interruption", () => {
    const boundary = new Boundary.Boundary("job", "job")
    const context = { operation: "fetch quote", spanId: "s" }
    boundary.recordCause(Cause.combine(Cause.combine(Cause.fail("a"), Cause.die("b")), Cause.interrupt(7)), context)
    assert.deepStrictEqual(["a", "b", 7, undefined].map((error) => boundary.failure(error)), [
      context,
      context,
      undefined,
      undefined
    ])
  })

  it("does not let what an inner recorder leaves undefined hide what an outer one knows", () => {
    const boundary = new Boundary.Boundary("job", "job")
    const error = new Error("boom")
    boundary.recordFailure(error, { operation: "inner", traceId: undefined, user: undefined, tags: undefined })
    boundary.recordFailure(error, { traceId: "t", user: { id: "u" }, tags: { b: "outer" } })
    assert.deepStrictEqual(boundary.failure(error), {
      operation: "inner",
      traceId: "t",
      user: { id: "u" },
      tags: { b: "outer" }
    })
  })

  it("forgets the oldest failures, reports and breadcrumbs when there are too many", () => {
    const boundary = new Boundary.Boundary("job", "job")
    for (let i = 0; i <= Boundary.maxFailures; i++) {
      boundary.recordFailure(i, { operation: String(i) })
      boundary.markReported(i, String(i))
    }
    for (let i = 0; i <= Boundary.maxBreadcrumbs; i++) boundary.addBreadcrumb(breadcrumb(String(i)))
    assert.strictEqual(boundary.failure(0), undefined)
    assert.deepStrictEqual(boundary.failure(Boundary.maxFailures), { operation: String(Boundary.maxFailures) })
    assert.strictEqual(boundary.reported.size, Boundary.maxFailures)
    assert.strictEqual(boundary.reported.has(0), false)
    assert.strictEqual(boundary.breadcrumbs.length, Boundary.maxBreadcrumbs)
    assert.strictEqual(boundary.breadcrumbs[0]?.message, "1")
  })

  it("tells its last breadcrumbs in their order, however many there were, and makes them only when it is asked", () => {
    let made = 0
    for (const count of [0, 1, 49, 50, 51, 99, 100, 101]) {
      const boundary = new Boundary.Boundary("job", "job")
      for (let i = 0; i < count; i++) {
        boundary.addBreadcrumb(
          i % 2 === 0 ? breadcrumb(String(i)) : {
            toBreadcrumb: () => {
              made++
              return breadcrumb(String(i))
            }
          }
        )
      }
      const kept = Math.min(count, Boundary.maxBreadcrumbs)
      assert.strictEqual(made, 0)
      assert.deepStrictEqual(
        boundary.breadcrumbs.map(({ message }) => message),
        Array.from({ length: kept }, (_, i) => String(count - kept + i))
      )
      made = 0
    }
  })

  it.effect("is found by the request, whatever boundary was current when the server was built", () =>
    Effect.gen(function*() {
      const source = {}
      const request = new Boundary.Boundary("http", "GET unmatched")
      Boundary.bindRequest(source, request)
      const captured = new Boundary.Boundary("job", "main")
      const found = yield* Effect.withFiber((fiber) => Effect.succeed(Boundary.ofFiber(fiber))).pipe(
        Effect.provide(requestOf(source)),
        Effect.provideService(Boundary.CurrentBoundary, captured)
      )
      assert.strictEqual(found, request)
    }))

  it.effect("is that of a job which began inside the request", () =>
    Effect.gen(function*() {
      const source = {}
      Boundary.bindRequest(source, new Boundary.Boundary("http", "GET unmatched"))
      const operation = yield* Effect.withFiber((fiber) => {
        const job = Boundary.makeJob("job", fiber)
        return Effect.withFiber((inner) => Effect.succeed(Boundary.ofFiber(inner)?.operation)).pipe(
          Effect.provideService(Boundary.CurrentBoundary, job)
        )
      }).pipe(Effect.provide(requestOf(source)))
      assert.strictEqual(operation, "job")
    }))

  it.effect("is none where no request and no job is running", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Effect.withFiber((fiber) => Effect.succeed(Boundary.ofFiber(fiber))), undefined)
    }))
})
