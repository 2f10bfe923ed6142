import * as DawsOs from "@dawsos/observability/dawsos"
import { defaults, files, scraping } from "@dawsos/observability/dawsos/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import * as Yaml from "yaml"

const [sources, provider] = (await files())
  .filter(({ path }) => path.startsWith("grafana/provisioning/"))
  .map(({ content }) => Yaml.parse(content) as unknown)

interface Sources {
  readonly datasources: ReadonlyArray<{
    readonly url: string
    readonly jsonData: {
      readonly timeInterval?: string
      readonly tracesToMetrics?: {
        readonly tags: ReadonlyArray<{ readonly key: string; readonly value: string }>
        readonly queries: ReadonlyArray<{ readonly query: string }>
      }
    }
  }>
}
const [prometheus, jaeger] = (sources as Sources).datasources
const spans = jaeger?.jsonData.tracesToMetrics ?? assert.fail("spans lead to no metrics")

interface Compose {
  readonly services: Readonly<Record<string, { readonly ports?: unknown; readonly volumes?: ReadonlyArray<string> }>>
}
const compose = Yaml.parse(
  readFileSync(Path.join(import.meta.dirname, "../../../docker-compose.observability.yml"), "utf8"),
  { merge: true }
) as Compose

describe("The files of DawsOS", () => {
  it("say at their top where their settings are written, which a user's program sets", async () => {
    for (const source of [defaults.source, "deployment/monitoring.ts"]) {
      for (const { content, path } of await files({ ...defaults, source })) {
        const headed = /\.(yml|md)$/.test(path) && !path.startsWith("grafana/")
        if (headed) assert.include(content, `Generated from ${source}`, path)
        if (source !== defaults.source) assert.notInclude(content, defaults.source, path)
      }
    }
  })
})

describe("What Grafana of DawsOS starts with", () => {
  it("takes rates over as many samples as Prometheus scrapes", () => {
    assert.strictEqual(scraping(defaults).interval, "5 seconds")
    assert.strictEqual(prometheus?.jsonData.timeInterval, "5s")
  })

  it("reaches the services of the compose file by their names, and dashboards where they are mounted", () => {
    const hosts = (sources as Sources).datasources.map(({ url }) => new URL(url).hostname)
    assert.deepStrictEqual(hosts.filter((host) => compose.services[host] === undefined), [])
    const [{ options }] =
      (provider as { readonly providers: readonly [{ readonly options: { readonly path: string } }] })
        .providers
    const mounted = compose.services.grafana?.volumes ?? []
    assert.include(mounted, `./observability/grafana/dashboards:${options.path}:ro`)
    assert.include(mounted, "./observability/grafana/provisioning:/etc/grafana/provisioning:ro")
  })

  it.effect("leads from spans by the attributes that they have to the labels that metrics have", () =>
    Effect.gen(function*() {
      const attributes = new Set<string>()
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          const attribute = span.attribute.bind(span)
          span.attribute = (key, value) => {
            attributes.add(key)
            attribute(key, value)
          }
          return span
        }
      })
      yield* Effect.void.pipe(
        DawsOs.withPatternMetrics({ patternId: "p" }),
        DawsOs.withCapabilityMetrics({ agent: "a", capability: "c" }),
        DawsOs.withServiceMetrics({ service: "s", method: "m" }),
        DawsOs.withProviderMetrics({ provider: "p", endpoint: "/e" }),
        DawsOs.withDatabaseMetrics({ operation: "select", table: "t" }),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      assert.deepStrictEqual(spans.tags.filter(({ key }) => !attributes.has(key)), [])
      const labels = new Set(
        Object.values(DawsOs.catalogue.metrics)
          .filter(({ name }) => spans.queries.some(({ query }) => query.includes(`${name}{$$__tags}`)))
          .flatMap(({ labels }) => Object.keys(labels))
      )
      assert.deepStrictEqual(spans.tags.filter(({ value }) => !labels.has(value)), [])
      assert.strictEqual(spans.queries.length, 5)
    }))
})
