// Traces reach Jaeger by OTLP, by Thrift over HTTP and by Thrift over UDP, and are the same by all three.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Stack from "./support/Stack.ts"

/** Tags that say by which route a span came, and nothing of the span. */
const ofTheRoute = /^(internal\.span\.format|otel\.scope\.|otel\.library\.)/

const told = (trace: Jaeger.Trace): string =>
  Jaeger.trees(trace).roots.map((root) =>
    Jaeger.outline(root, (span) => {
      const tags = span.tags.flatMap(({ key, type, value }) => ofTheRoute.test(key) ? [] : [`${key}:${type}=${value}`])
      return [span.operationName, ...tags.toSorted()].join(" ")
    })
  ).join("\n")

describe("traces in Jaeger", () => {
  it.live("are the expected tree by each route, found by service, operation, tag and error", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make()
      const jaeger = yield* Jaeger.start(stack)
      const seen = yield* Effect.forEach(Jaeger.routes, (route) =>
        Effect.gen(function*() {
          const service = `dawsos-${route}`
          yield* Effect.scoped(Effect.gen(function*() {
            const backend = yield* Backend.start(stack, {
              env: { ...jaeger.destinations[route], SERVICE_NAME: service }
            })
            yield* backend.warm
            const good = yield* backend.call(Backend.execute("macro_cycles_overview"))
            const bad = yield* backend.call(Backend.execute("buffett_checklist", { security_id: "SPX" }))
            expect([good.status, bad.status]).toEqual([200, 500])
          }))
          const one = (search: Omit<Jaeger.Search, "service">, what: string) =>
            Deadline.eventually(jaeger.find({ service, ...search }), {
              what: `${what} by ${route}`,
              until: (traces) => traces.length > 0
            })
          const [good, ...more] = yield* one(
            { operation: "pattern macro_cycles_overview", tags: { "dawsos.pattern_id": "macro_cycles_overview" } },
            "the trace of the request that succeeds"
          )
          const [bad] = yield* one({ tags: { error: "true", "http.response.status_code": "500" } }, "the failed one")
          const failing = yield* jaeger.find({ service, tags: { error: "true" } })
          expect(more).toEqual([])
          expect(yield* jaeger.services).toContain(service)
          expect(yield* jaeger.find({ service, tags: { "http.response.status_code": "418" } })).toEqual([])
          expect(failing.map(({ traceID }) => traceID)).not.toContain(good?.traceID)
          expect(failing.map(({ traceID }) => traceID)).toContain(bad?.traceID)
          for (const trace of [good, bad]) expect(Jaeger.trees(trace!).orphans).toEqual([])
          console.log(told(good!), "\n", told(bad!))
          return { route, good: told(good!), bad: told(bad!) }
        }))
      const [first] = seen
      for (const { bad, good } of seen) {
        expect(good).toBe(first?.good)
        expect(bad).toBe(first?.bad)
      }
    }))
})
