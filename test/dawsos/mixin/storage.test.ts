import { defaults, files, type Settings } from "@dawsos/observability/dawsos/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as Yaml from "yaml"

const read = async (path: string, changes: Partial<Settings> = {}) =>
  Yaml.parse((await files({ ...defaults, ...changes })).find((file) => file.path === path)?.content ?? "")

describe("DawsOS's storage of traces", () => {
  it("is Jaeger with a volume, and a gateway before it", async () => {
    const paths = (await files()).map(({ path }) => path).filter((path) => path.startsWith("jaeger/"))
    assert.deepStrictEqual(paths, ["jaeger/jaeger.yml", "jaeger/gateway.yml"])
  })

  it("forgets traces after a week, or when it is told to", async () => {
    const ttl = async (changes: Partial<Settings> = {}) =>
      (await read("jaeger/jaeger.yml", changes)).extensions.jaeger_storage.backends.badger.badger.ttl.spans
    assert.strictEqual(await ttl(), "168h")
    assert.strictEqual(await ttl({ traceTimeToLive: "1 day" }), "24h")
  })

  it("lets through the gateway what the settings say", async () => {
    const gateway = await read("jaeger/gateway.yml", { slowTrace: "3 seconds", traceShare: 0.5 })
    const { policies } = gateway.processors.tail_sampling
    assert.deepStrictEqual(policies.map(({ name }: { readonly name: string }) => name), ["errors", "slow", "share"])
    assert.strictEqual(policies[1].latency.threshold_ms, 3000)
    assert.strictEqual(policies[2].probabilistic.sampling_percentage, 50)
  })
})
