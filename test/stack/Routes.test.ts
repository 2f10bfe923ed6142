// Traces reach Jaeger by OTLP, by Thrift over HTTP and by Thrift over UDP, and are the same by all three.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Stack from "./support/Stack.ts"

/** Tags that say by which route a span came, and nothing of the span. */
const ofTheRoute = /^(internal\.span\.format|otel\.scope\.|otel\.library\.)/

/** Tags that differ from run to run. */
const ofTheRun = new Set(["dawsos.request_id", "server.port", "url.full"])

const told = (trace: Jaeger.Trace): string =>
  Jaeger.trees(trace).roots.map((root) =>
    Jaeger.outline(root, (span) => {
      const tags = span.tags.flatMap(({ key, type, value }) => {
        if (ofTheRoute.test(key)) return []
        return [`${key}:${type}=${ofTheRun.has(key) ? "…" : value}`]
      })
      return [span.operationName, ...tags.toSorted()].join(" ")
    })
  ).join("\n")

const series = ["MacroService.get_series", "  select macro_indicators"]

const indented = (lines: ReadonlyArray<string>): ReadonlyArray<string> => lines.map((line) => `  ${line}`)

const before = [
  "POST /v1/execute",
  "  AuditService.log",
  "    insert audit_log",
  "  LedgerService.get_commit_hash",
  "    select transactions",
  "  PricingService.get_latest_pack",
  "    select pricing_packs"
]

/** The request that succeeds: every macro-economic computation of DawsOS. */
const goodTree = [
  ...before,
  "  pattern macro_cycles_overview",
  "    claude.summarize",
  "    cycles.compute_long_term",
  "      CyclesService.compute_long_term",
  ...indented(indented(indented(indented(series)))),
  "    cycles.compute_short_term",
  "      CyclesService.compute_short_term",
  ...indented(indented(indented(indented([...series, ...series])))),
  "    macro.detect_regime",
  "      MacroService.detect_regime",
  ...indented(indented(indented(indented([...series, ...series, ...series])))),
  "    provider.fetch_macro",
  "      fred /series/observations",
  "        GET",
  "  select users"
].join("\n")

/** The request that fails: an index has no fundamentals. */
const badTree = [
  ...before,
  "  pattern buffett_checklist",
  "    fundamentals.load",
  "      LedgerService.get_security",
  "        select securities",
  "      RatingsService.get_fundamentals",
  "        fmp /v3/ratios/{symbol}",
  "          GET",
  "  select users"
].join("\n")

/** The spans that failed, each because of the one below it. */
const failed = ["POST /v1/execute", "pattern buffett_checklist", "fundamentals.load", "RatingsService.get_fundamentals"]

describe("traces in Jaeger", () => {
  it.live("are the expected tree by each route, found by service, operation, tag and error", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make()
      const jaeger = yield* Jaeger.start(stack)
      const byRoute = yield* Effect.forEach(Jaeger.routes, (route) =>
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
          if (good === undefined || bad === undefined) return yield* Effect.die(new Error("a trace is gone"))
          for (const [trace, tree] of [[good, goodTree], [bad, badTree]] as const) {
            const { orphans, roots } = Jaeger.trees(trace)
            const outlines = roots.map((root) => Jaeger.outline(root))
            expect({ route, outlines, orphans }).toEqual({ route, outlines: [tree], orphans: [] })
          }
          const withError = bad.spans.filter((span) => Jaeger.tag(span, "error") === true)
          const seen = withError.map((span) => `${span.operationName} ${Jaeger.tag(span, "otel.status_code")}`)
          expect({ route, failed: seen.toSorted() }).toEqual({
            route,
            failed: failed.map((name) => `${name} ERROR`).toSorted()
          })
          return { good: told(good), bad: told(bad) }
        }))
      const [first] = byRoute
      for (const { bad, good } of byRoute) {
        expect(good).toBe(first?.good)
        expect(bad).toBe(first?.bad)
      }
    }))
})
