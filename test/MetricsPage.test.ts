import { type Catalogue, Metrics } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { selfMetrics } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { metricsPage, recordedBy } from "../scripts/generate/MetricsPage.ts"

const page = metricsPage()

/** A service that keeps the names of the metrics that were written. */
const spy = (names: Set<string>): Metrics.Service => ({
  ...Metrics.disabled,
  enabled: true,
  counter: ({ name }) => ({ increment: () => void names.add(name) }),
  gauge: ({ name }) => ({ set: () => void names.add(name), add: () => void names.add(name) }),
  histogram: ({ name }) => ({ observe: () => void names.add(name) })
})

const failed = Effect.fail("no")
const duration = "1 second"
const status = "success"

/** Each combinator and recorder, made to write everything that it can. */
const uses: Readonly<Record<string, Effect.Effect<unknown, unknown>>> = {
  withPatternMetrics: DawsOs.withPatternMetrics(failed, { patternId: "p" }),
  withCapabilityMetrics: DawsOs.withCapabilityMetrics(failed, { agent: "a", capability: "c" }),
  withServiceMetrics: DawsOs.withServiceMetrics(failed, { service: "s", method: "m" }),
  withProviderMetrics: DawsOs.withProviderMetrics(failed, { provider: "p", endpoint: "/e" }),
  withDatabaseMetrics: DawsOs.withDatabaseMetrics(failed, { operation: "SELECT", table: "t" }),
  recordApiRequest: DawsOs.recordApiRequest({ method: "GET", endpoint: "/", statusCode: 200, duration }),
  recordPatternExecution: DawsOs.recordPatternExecution({ patternId: "p", status, duration }),
  recordAgentCapability: DawsOs.recordAgentCapability({ agent: "a", capability: "c", status, duration }),
  recordServiceCall: DawsOs.recordServiceCall({ service: "s", method: "m", status, duration }),
  recordDbQuery: DawsOs.recordDbQuery({ operation: "SELECT", table: "t", duration, failed: true }),
  recordProviderRequest: DawsOs.recordProviderRequest({ provider: "p", endpoint: "/e", status, duration }),
  recordProviderRateLimit: DawsOs.recordProviderRateLimit({ provider: "p", remaining: 1, limit: 2 }),
  recordPricingPackBuild: DawsOs.recordPricingPackBuild({ status, duration }),
  updatePricingPackMetrics: DawsOs.updatePricingPackMetrics({
    sizeBytes: 1,
    freshSince: DateTime.makeUnsafe(0),
    status: "fresh"
  }),
  updateDbConnections: DawsOs.updateDbConnections({ active: 1, max: 2 }),
  recordAlertEvaluated: DawsOs.recordAlertEvaluated({ alertType: "t", status: "triggered" }),
  recordAlertDelivered: DawsOs.recordAlertDelivered({ deliveryMethod: "m", status }),
  recordSystemInfo: DawsOs.recordSystemInfo({ version: "1", environment: "e", nodeVersion: "24" })
}

const recorders = Object.keys(DawsOs).filter((name) => /^(record|update|with.*Metrics$)/.test(name))

describe("docs/metrics.md", () => {
  it("is what the catalogue generates", () => {
    const file = readFileSync(new URL("../docs/metrics.md", import.meta.url), "utf8")
    assert.strictEqual(file, page, "run `npm run generate`")
  })

  it("tells of every metric its name, type, help, labels and, of a histogram, its buckets with their reason", () => {
    const own = Object.values(selfMetrics("dawsos"))
    for (const definition of [...Object.values(DawsOs.metrics), ...own] as ReadonlyArray<Catalogue.Definition>) {
      const [, section] = page.split(`### ${definition.name}\n`)
      const text = section?.split("\n### ")[0] ?? ""
      assert.include(text, `${definition.help}.`)
      assert.include(text, `- Type: ${definition.kind}`)
      if (definition.unit !== undefined) assert.include(text, `- Unit: ${definition.unit}`)
      for (const [name, label] of Object.entries(definition.labels)) {
        assert.include(text, label._tag === "Bounded" ? `\`${name}\`: up to ${label.max} values` : `\`${name}\`: \``)
      }
      if (definition.kind === "histogram") {
        assert.include(text, `${definition.buckets.join(", ")}. Why: ${definition.bucketsReason}.`)
      }
    }
  })

  it.effect("names for each metric exactly the combinators and recorders that write it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(Object.keys(uses).sort(), recorders.toSorted())
      for (const [name, use] of Object.entries(uses)) {
        const written = new Set<string>()
        yield* Effect.exit(use).pipe(Effect.provideService(Metrics.Metrics, spy(written)))
        const told = Object.entries(DawsOs.metrics).filter(([key]) =>
          recordedBy[key as keyof typeof recordedBy].includes(name)
        )
        assert.deepStrictEqual([...written].sort(), told.map(([, metric]) => metric.name).sort(), name)
      }
    }))

  it("names nothing that is not there to be used", () => {
    const exported = new Set(Object.keys(DawsOs))
    assert.deepStrictEqual(Object.values(recordedBy).flat().filter((name) => !exported.has(name)), [])
  })
})
