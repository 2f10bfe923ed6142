import { ObservabilityConfig } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Environment from "../../../examples/dawsos/Environment.ts"
import * as Settings from "../../../examples/dawsos/Settings.ts"

const prepare = (env: Readonly<Record<string, string>>, fault?: "collector-down") => Environment.prepare(env, fault)

describe("the environment of the program", () => {
  it.live("is observability on, with a local receiver for each signal, when nothing is set", () =>
    Effect.gen(function*() {
      const { config, events, traces } = yield* prepare({ OTEL_EXPORTER_OTLP_ENDPOINT: " ", ENABLE_OBSERVABILITY: "" })
      assert.isTrue(config.enabled)
      assert.propertyVal(config.tracing.destination, "url", traces?.otlpTracesUrl)
      assert.strictEqual(
        Option.match(config.sentry.dsn, { onNone: () => "", onSome: Redacted.value }),
        events?.sentryDsn
      )
      assert.deepStrictEqual(config.warnings, [])
    }).pipe(Effect.scoped))

  it.live("starts no receiver for a signal that has a destination", () =>
    Effect.gen(function*() {
      const jaeger = yield* prepare({ JAEGER_AGENT_HOST: "localhost", SENTRY_DSN: "your-sentry-dsn-here" })
      assert.deepStrictEqual([jaeger.traces, jaeger.events === undefined], [undefined, false])
      assert.strictEqual(Environment.traceDestination(jaeger), "localhost:6831 (UDP)")
      const keyed = yield* prepare({
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/v1/traces?key=hunter2"
      })
      assert.strictEqual(Environment.traceDestination(keyed), "http://collector:4318/v1/traces?key=[redacted]")
      const sentry = yield* prepare({ SENTRY_DSN: "https://key@sentry.example.com/1", OTEL_SDK_DISABLED: "true" })
      assert.deepStrictEqual([sentry.traces, sentry.events], [undefined, undefined])
      const off = yield* prepare({ ENABLE_OBSERVABILITY: "False" })
      assert.deepStrictEqual([off.config.enabled, off.traces, off.events], [false, undefined, undefined])
    }).pipe(Effect.scoped))

  it.live("cannot take a collector down that is not its own", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        prepare({ JAEGER_ENDPOINT: "http://localhost:14268/api/traces" }, "collector-down")
      )
      assert.include(error.message, "because JAEGER_ENDPOINT is set")
    }).pipe(Effect.scoped))

  it.live("says all that is wrong at once, the layer's variables and the program's own, and no secret", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(prepare({
        METRICS_PORT: "abc",
        PORT: "0x1",
        DATABASE_URL: "mysql://root:hunter2@localhost/db",
        REDIS_URL: "localhost",
        TRAFFIC_RATE: "-1",
        PACK_BUILD_INTERVAL: "0s",
        ALERT_INTERVAL: "5",
        TIME_SCALE: "fast"
      }))
      if (error._tag !== "ConfigError") return assert.fail(error.message)
      const text = ObservabilityConfig.formatError(error)
      assert.deepStrictEqual(text.split("\n").map((line) => line.split(" is not allowed")[0]), [
        "The configuration has 8 problems:",
        "  - METRICS_PORT=\"abc\"",
        "  - PORT=\"0x1\"",
        "  - DATABASE_URL (a secret, not shown)",
        "  - REDIS_URL (a secret, not shown)",
        "  - TRAFFIC_RATE=\"-1\"",
        "  - PACK_BUILD_INTERVAL=\"0s\"",
        "  - ALERT_INTERVAL=\"5\"",
        "  - TIME_SCALE=\"fast\""
      ])
      assert.notInclude(text, "hunter2")
    }).pipe(Effect.scoped))

  it.live("gives the program's settings, with their defaults", () =>
    Effect.gen(function*() {
      const { provider } = yield* prepare({ ENABLE_OBSERVABILITY: "false", ALERT_INTERVAL: "500ms", PORT: "0" })
      const settings = yield* Settings.config.parse(provider)
      assert.strictEqual(settings.port, 0)
      assert.deepStrictEqual(settings.alertInterval, Duration.millis(500))
      assert.deepStrictEqual(settings.packInterval, Duration.seconds(30))
      assert.isUndefined(settings.databaseUrl)
    }).pipe(Effect.scoped))
})
