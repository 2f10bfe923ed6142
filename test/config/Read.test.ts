import { ObservabilityConfig } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Read from "../../src/config/Read.ts"
import * as Unsupported from "../../src/config/Unsupported.ts"

const providers: ReadonlyArray<readonly [string, ConfigProvider.ConfigProvider]> = [
  ["nothing", ConfigProvider.fromUnknown({})],
  [
    "an environment",
    ConfigProvider.fromEnvRecord({
      ENABLE_OBSERVABILITY: "true",
      SERVICE_NAME: " shop ",
      OTEL_SERVICE_NAME: "",
      // To Effect it has a text and is a record, of one entry.
      ENVIRONMENT: "production",
      ENVIRONMENT_OLD: "staging",
      METRICS_PORT: "0",
      OTEL_TRACES_EXPORTER: "none",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip"
    })
  ],
  ["an object with numbers and switches", ConfigProvider.fromUnknown({ METRICS_PORT: 9000, OTEL_SDK_DISABLED: true })],
  [
    "an object with lists and objects in the places of texts",
    ConfigProvider.fromUnknown({ SERVICE_NAME: ["a"], ENVIRONMENT: { a: "b" } })
  ],
  [
    "a provider that knows no names, only values",
    ConfigProvider.make((path) =>
      Effect.succeed(path.join(".") === "SERVICE_NAME" ? ConfigProvider.makeValue("shop") : undefined)
    )
  ],
  ["bad values", ConfigProvider.fromUnknown({ METRICS_PORT: "http", SENTRY_DSN: "secret", SERVICE_NAME: "\u0000" })],
  [
    "a source that fails",
    ConfigProvider.make((path) =>
      path.join(".") === "METRICS_PORT"
        ? Effect.fail(new ConfigProvider.SourceError({ message: "the vault is closed" }))
        : Effect.succeed(undefined)
    )
  ]
]

const told = Effect.fnUntraced(function*(reading: Effect.Effect<unknown, Config.ConfigError>) {
  const result = yield* Effect.result(reading)
  if (Result.isSuccess(result)) return result.success
  assert.instanceOf(result.failure, Config.ConfigError)
  return [result.failure.cause._tag, ObservabilityConfig.formatError(result.failure)]
})

describe("the configuration that the layer reads", () => {
  it.effect.each(providers)("is that of ObservabilityConfig.config: %s", ([, provider]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* told(Effect.provideService(Read.read(undefined), ConfigProvider.ConfigProvider, provider)),
        yield* told(ObservabilityConfig.config.parse(provider))
      )
    }))

  it.effect.each(providers)(
    "is that of ObservabilityConfig.configOf for a product that names its service: %s",
    ([, provider]) =>
      Effect.gen(function*() {
        const product = { name: "books", version: "1.4.0" }
        assert.deepStrictEqual(
          yield* told(Effect.provideService(Read.read(product), ConfigProvider.ConfigProvider, provider)),
          yield* told(ObservabilityConfig.configOf(product).parse(provider))
        )
      })
  )

  it.effect("has a warning of each standard variable that the layer does not act on", () =>
    Effect.gen(function*() {
      const env = Object.fromEntries(Unsupported.names.map((name) => [name, "something"]))
      const { warnings } = yield* Effect.provideService(
        Read.read(undefined),
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnvRecord(env)
      )
      // Of a name for all signals and one for traces, only the one that would count.
      const counted = Unsupported.names.filter((name) =>
        !["_COMPRESSION", "_CERTIFICATE"].some((end) => name === `OTEL_EXPORTER_OTLP${end}`)
      )
      assert.deepStrictEqual(warnings.map((line) => line.split("=", 1)[0]), counted)
    }))

  it.effect("fails with what a source says", () =>
    Effect.gen(function*() {
      const [, provider] = providers.at(-1)!
      const failed = yield* told(Effect.provideService(Read.read(undefined), ConfigProvider.ConfigProvider, provider))
      assert.deepStrictEqual(failed, [
        "SourceError",
        "The configuration has a problem:\n  - the vault is closed"
      ])
    }))
})

describe("ObservabilityConfig.config", () => {
  it.effect("may be nested, as any other", () =>
    Effect.gen(function*() {
      const nested = Config.nested(ObservabilityConfig.config, "SHOP")
      const { service } = yield* nested.parse(ConfigProvider.fromEnvRecord({ SHOP_SERVICE_NAME: "shop" }))
      assert.strictEqual(service.name, "shop")
    }))
})
