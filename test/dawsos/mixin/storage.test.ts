import { assert, describe, it } from "@effect/vitest"
import * as Yaml from "yaml"
import { defaults, type Settings } from "../../../src/dawsos/mixin/Settings.ts"
import { storageFiles } from "../../../src/dawsos/mixin/storage.ts"

const read = (path: string, changes: Partial<Settings> = {}) =>
  Yaml.parse(storageFiles({ ...defaults, ...changes }).find((file) => file.path === path)?.content ?? "")

describe("DawsOS's storage of traces", () => {
  it("is Jaeger with a volume, and a gateway before it", () => {
    assert.deepStrictEqual(storageFiles(defaults).map(({ path }) => path), ["jaeger/jaeger.yml", "jaeger/gateway.yml"])
  })

  it("forgets traces after a week, or when it is told to", () => {
    const ttl = (changes: Partial<Settings> = {}) =>
      read("jaeger/jaeger.yml", changes).extensions.jaeger_storage.backends.badger.badger.ttl.spans
    assert.strictEqual(ttl(), "168h")
    assert.strictEqual(ttl({ traceTimeToLive: "1 day" }), "24h")
  })

  it("lets through the gateway what the settings say", () => {
    const policies =
      read("jaeger/gateway.yml", { slowTrace: "3 seconds", traceShare: 0.5 }).processors.tail_sampling.policies
    assert.deepStrictEqual(policies.map(({ name }: { readonly name: string }) => name), ["errors", "slow", "share"])
    assert.strictEqual(policies[1].latency.threshold_ms, 3000)
    assert.strictEqual(policies[2].probabilistic.sampling_percentage, 50)
  })
})
