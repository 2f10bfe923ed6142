import { JaegerConfig } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as Yaml from "yaml"

const store: JaegerConfig.Store = { folder: "/badger", timeToLive: "7 days", memoryMiB: 800 }
const gateway: JaegerConfig.Gateway = {
  to: "http://jaeger:4318",
  decisionWait: "10 seconds",
  slow: "1200 millis",
  share: 0.07,
  memoryMiB: 400
}

/** Names in pipelines that are defined nowhere, and definitions that no pipeline uses. */
const loose = (config: ReturnType<typeof Yaml.parse>): ReadonlyArray<string> => {
  const { extensions, pipelines: { traces } } = config.service
  const difference = (used: ReadonlyArray<string>, defined: object): ReadonlyArray<string> => [
    ...new Set(used).symmetricDifference(new Set(Object.keys(defined)))
  ]
  return [
    ...difference(extensions, config.extensions),
    ...difference(traces.receivers, config.receivers),
    ...difference(traces.processors, config.processors),
    ...difference(traces.exporters, config.exporters)
  ]
}

/** Every endpoint of a configuration by the keys on the way to it. */
const endpoints = (value: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<readonly [string, string]> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) =>
      key === "endpoint" ? [[path.join("."), String(inner)] as const] : endpoints(inner, [...path, key])
    )
    : []

describe("JaegerConfig", () => {
  it("keeps traces on a volume for as long as it is told", () => {
    const config = Yaml.parse(JaegerConfig.store(store))
    assert.deepStrictEqual(config.extensions.jaeger_storage.backends.badger.badger, {
      ephemeral: false,
      directories: { keys: "/badger/keys", values: "/badger/values" },
      ttl: { spans: "168h" }
    })
    assert.strictEqual(config.exporters.jaeger_storage_exporter.trace_storage, "badger")
    assert.strictEqual(config.extensions.jaeger_query.storage.traces, "badger")
    const days = Yaml.parse(JaegerConfig.store({ ...store, timeToLive: "90 minutes" }))
    assert.deepStrictEqual(days.extensions.jaeger_storage.backends.badger.badger.ttl, { spans: "5400s" })
  })

  it("listens for OTLP and each form of Thrift on Jaeger's own ports", () => {
    assert.deepStrictEqual(Object.fromEntries(endpoints(Yaml.parse(JaegerConfig.store(store)))), {
      "receivers.otlp.protocols.grpc": "0.0.0.0:4317",
      "receivers.otlp.protocols.http": "0.0.0.0:4318",
      "receivers.jaeger.protocols.thrift_http": "0.0.0.0:14268",
      "receivers.jaeger.protocols.thrift_compact": "0.0.0.0:6831",
      "receivers.jaeger.protocols.thrift_binary": "0.0.0.0:6832",
      "extensions.healthcheckv2.http": "0.0.0.0:13133",
      "extensions.jaeger_query.http": "0.0.0.0:16686",
      "extensions.jaeger_query.grpc": "0.0.0.0:16685"
    })
  })

  it("limits memory first, then decides on whole traces, then makes batches", () => {
    const { processors, service } = Yaml.parse(JaegerConfig.gateway(gateway))
    assert.deepStrictEqual(service.pipelines.traces.processors, ["memory_limiter", "tail_sampling", "batch"])
    assert.deepStrictEqual(processors.memory_limiter, { check_interval: "1s", limit_mib: 400, spike_limit_mib: 80 })
    assert.strictEqual(processors.tail_sampling.decision_wait, "10s")
    assert.deepStrictEqual(processors.tail_sampling.policies, [
      { name: "errors", type: "status_code", status_code: { status_codes: ["ERROR"] } },
      { name: "slow", type: "latency", latency: { threshold_ms: 1200 } },
      { name: "share", type: "probabilistic", probabilistic: { sampling_percentage: 7 } }
    ])
    assert.deepStrictEqual(Yaml.parse(JaegerConfig.store(store)).service.pipelines.traces.processors, [
      "memory_limiter",
      "batch"
    ])
  })

  it("passes on to the store by OTLP", () => {
    assert.strictEqual(Yaml.parse(JaegerConfig.gateway(gateway)).exporters.otlphttp.endpoint, "http://jaeger:4318")
  })

  it("defines what its pipelines use, and nothing else", () => {
    assert.deepStrictEqual(loose(Yaml.parse(JaegerConfig.store(store))), [])
    assert.deepStrictEqual(loose(Yaml.parse(JaegerConfig.gateway(gateway))), [])
  })

  it("refuses what Jaeger would refuse, and says what is allowed", () => {
    const stores: ReadonlyArray<readonly [Partial<JaegerConfig.Store>, string]> = [
      [{ folder: "badger" }, "store: the folder was badger, allowed are absolute paths without a slash at their end"],
      [{ folder: "/badger/" }, "the folder was /badger/"],
      [{ memoryMiB: 10 }, "store: memoryMiB was 10, allowed are whole numbers from 64"],
      [{ timeToLive: 0 }, "timeToLive: a length of time was 0"]
    ]
    for (const [changes, message] of stores) {
      assert.throws(() => JaegerConfig.store({ ...store, ...changes }), message)
    }
    const gateways: ReadonlyArray<readonly [Partial<JaegerConfig.Gateway>, string]> = [
      [{ to: "jaeger:4318" }, "gateway: the address was jaeger:4318, allowed are http and https addresses"],
      [{ share: 1.1 }, "gateway: the share was 1.1, allowed are numbers from 0 to 1"],
      [{ share: Number.NaN }, "the share was NaN"],
      [{ traces: 0 }, "gateway: traces was 0, allowed are whole numbers from 1"],
      [{ decisionWait: "10 millis" }, "decisionWait was 10ms, allowed are 1s and more"],
      [{ memoryMiB: 0.5 }, "gateway: memoryMiB was 0.5"]
    ]
    for (const [changes, message] of gateways) {
      assert.throws(() => JaegerConfig.gateway({ ...gateway, ...changes }), message)
    }
  })
})
