import { ObservabilityConfig } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { inspect } from "node:util"
import * as BaseDocument from "./integration/BaseDocument.ts"

type Env = Readonly<Record<string, string>>

const read = (env: Env) => ObservabilityConfig.config.parse(ConfigProvider.fromEnvRecord(env))
const accepted = (env: Env) => Effect.runSync(read(env))
const acceptedOf = (product: ObservabilityConfig.ServiceDefaults | undefined, env: Env) =>
  Effect.runSync(ObservabilityConfig.configOf(product).parse(ConfigProvider.fromEnvRecord(env)))
const resultOf = (env: Env) => Effect.runSync(Effect.result(read(env)))

/** The formatted error of an environment that must be refused. */
const refusal = (env: Env): string => {
  const result = resultOf(env)
  assert(Result.isFailure(result), `expected a refusal of ${JSON.stringify(env)}`)
  assert.instanceOf(result.failure, Config.ConfigError)
  return ObservabilityConfig.formatError(result.failure)
}

/** The variables that a formatted error names as refused. */
const refusedIn = (formatted: string): ReadonlyArray<string> =>
  Array.from(formatted.matchAll(/^ {2}- ([A-Z_]+)(?:=| \(a secret)/gm), (match) => match[1] ?? "")

const reveal = (headers: Readonly<Record<string, Redacted.Redacted<string>>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)]))

const otlp = (env: Env) => {
  const { destination } = accepted(env).tracing
  assert(destination._tag === "Otlp")
  return { ...destination, headers: reveal(destination.headers), timeout: Duration.toMillis(destination.timeout) }
}

describe("ObservabilityConfig", () => {
  describe("what is read", () => {
    it("has the documented defaults when nothing is set", () => {
      assert.deepStrictEqual(accepted({}), {
        enabled: false,
        service: {
          name: "unknown_service:node",
          version: undefined,
          environment: "development",
          resourceAttributes: {}
        },
        tracing: {
          disabled: false,
          destination: {
            _tag: "Otlp",
            url: "http://localhost:4318/v1/traces",
            headers: {},
            timeout: Duration.seconds(10)
          },
          destinationReason: "the default, since no destination is set",
          sampler: { _tag: "AlwaysOn", parentBased: true },
          queue: {
            maxQueueSize: 2048,
            maxExportBatchSize: 512,
            scheduledDelay: Duration.seconds(5),
            exportTimeout: Duration.seconds(30)
          }
        },
        metrics: { host: "127.0.0.1", port: 8001, token: Option.none() },
        sentry: { dsn: Option.none(), tracesSampleRate: 0.1, profilesSampleRate: 0.1 },
        warnings: []
      })
    })

    it("reads the base document's .env block verbatim, with a warning about the placeholder DSN", () => {
      const config = Effect.runSync(
        ObservabilityConfig.config.parse(ConfigProvider.fromDotEnvContents(BaseDocument.env))
      )
      assert.isTrue(config.enabled)
      assert.deepStrictEqual(config.tracing.destination, {
        _tag: "JaegerHttp",
        url: "http://localhost:14268/api/traces",
        headers: {}
      })
      assert.strictEqual(
        config.tracing.destinationReason,
        "JAEGER_ENDPOINT is set, which comes before JAEGER_AGENT_HOST"
      )
      assert.isTrue(Option.isNone(config.sentry.dsn))
      assert.lengthOf(config.warnings, 1)
      assert.match(config.warnings[0] ?? "", /^SENTRY_DSN is the placeholder/)
    })

    it.effect("comes from the ConfigProvider in the context when it is yielded", () =>
      Effect.gen(function*() {
        const config = yield* ObservabilityConfig.config
        assert.strictEqual(config.service.name, "from-context")
      }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ SERVICE_NAME: "from-context" })))))

    it("takes the numbers and booleans of a structured provider as it takes an environment's texts", () => {
      const provider = ConfigProvider.fromUnknown({
        ENABLE_OBSERVABILITY: true,
        METRICS_PORT: 0,
        SENTRY_TRACES_SAMPLE_RATE: 0.0000001,
        OTEL_BSP_SCHEDULE_DELAY: 250
      })
      const config = Effect.runSync(ObservabilityConfig.config.parse(provider))
      assert.isTrue(config.enabled)
      assert.strictEqual(config.metrics.port, 0)
      assert.strictEqual(config.sentry.tracesSampleRate, 0.0000001)
      assert.strictEqual(Duration.toMillis(config.tracing.queue.scheduledDelay), 250)
    })

    it("counts a blank value as unset and drops blanks around a value", () => {
      const config = accepted({ METRICS_PORT: "", SERVICE_NAME: "  ", METRICS_HOST: " ::1 ", JAEGER_ENDPOINT: "" })
      assert.strictEqual(config.metrics.port, 8001)
      assert.strictEqual(config.service.name, "unknown_service:node")
      assert.strictEqual(config.metrics.host, "::1")
    })

    it("does not take a longer variable's name for the variable itself", () => {
      // In an environment OTEL_TRACES_SAMPLER_ARG makes OTEL_TRACES_SAMPLER a record without a value.
      const config = accepted({ OTEL_TRACES_SAMPLER_ARG: "1", SENTRY_DSN_BACKUP: "x", METRICS_PORT_OLD: "abc" })
      assert.deepStrictEqual(config, accepted({}))
    })

    it("reads booleans in any case", () => {
      for (const text of ["true", "True", "TRUE", "yes", "On", "1", "y"]) {
        assert.isTrue(accepted({ ENABLE_OBSERVABILITY: text }).enabled, text)
        assert.isTrue(accepted({ OTEL_SDK_DISABLED: text }).tracing.disabled, text)
      }
      for (const text of ["false", "False", "FALSE", "no", "OFF", "0", "n"]) {
        assert.isFalse(accepted({ ENABLE_OBSERVABILITY: text }).enabled, text)
      }
    })

    it("turns off tracing alone for OTEL_SDK_DISABLED", () => {
      const config = accepted({ ENABLE_OBSERVABILITY: "true", OTEL_SDK_DISABLED: "true" })
      assert.isTrue(config.enabled)
      assert.isTrue(config.tracing.disabled)
    })
  })

  describe("the service", () => {
    it("is named by SERVICE_NAME, then OTEL_SERVICE_NAME, then OTEL_RESOURCE_ATTRIBUTES, then the product", () => {
      const all = { SERVICE_NAME: "a", OTEL_SERVICE_NAME: "b", OTEL_RESOURCE_ATTRIBUTES: "service.name=c" }
      const { OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, SERVICE_NAME } = all
      assert.strictEqual(accepted(all).service.name, "a")
      assert.strictEqual(accepted({ SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES }).service.name, "a")
      assert.strictEqual(accepted({ OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES }).service.name, "b")
      assert.strictEqual(accepted({ OTEL_RESOURCE_ATTRIBUTES }).service.name, "c")
      assert.strictEqual(acceptedOf({ name: "d" }, {}).service.name, "d")
      for (const [name, value] of Object.entries(all)) {
        assert.notStrictEqual(acceptedOf({ name: "d" }, { [name]: value }).service.name, "d", name)
      }
    })

    it("is OpenTelemetry's unknown service where nobody names it, with a warning when something is sent under it", () => {
      const warningsOf = (...of: Parameters<typeof acceptedOf>) => acceptedOf(...of).warnings
      const on = { ENABLE_OBSERVABILITY: "true" }
      assert.strictEqual(accepted(on).service.name, "unknown_service:node")
      assert.match(
        warningsOf(undefined, on).join(),
        /^The service has no name: .* unknown_service:node\. Set SERVICE_NAME/
      )
      assert.deepStrictEqual(warningsOf(undefined, { ...on, OTEL_SERVICE_NAME: "b" }), [])
      assert.deepStrictEqual(warningsOf({ name: "d" }, on), [])
      assert.deepStrictEqual(warningsOf({ name: " " }, on), warningsOf(undefined, on))
      assert.deepStrictEqual(warningsOf(undefined, {}), [])
    })

    it("has the product's version where the environment tells none, and none where neither does", () => {
      const product = { name: "d", version: "1" }
      assert.strictEqual(acceptedOf(product, {}).service.version, "1")
      assert.strictEqual(acceptedOf(product, { SERVICE_VERSION: "2" }).service.version, "2")
      assert.strictEqual(acceptedOf(product, { OTEL_RESOURCE_ATTRIBUTES: "service.version=3" }).service.version, "3")
      assert.isUndefined(acceptedOf({ name: "d" }, {}).service.version)
      assert.isUndefined(accepted({ SERVICE_NAME: "a" }).service.version)
    })

    it("is DawsOS's as in the base document where the vocabulary is DawsOS's", () => {
      const { name, version } = acceptedOf(DawsOs.vocabulary.service, {}).service
      assert.deepStrictEqual([name, version], ["dawsos-backend", "0.7.0"])
    })

    it("may not have a name in code that SERVICE_NAME would refuse", () => {
      assert.throws(() => acceptedOf({ name: "two\nlines" }, {}), "The default of SERVICE_NAME is not allowed")
      assert.throws(() => acceptedOf({ name: "d", version: "v".repeat(100) }, {}), "The default of SERVICE_VERSION")
    })

    it("takes version and environment from OTEL_RESOURCE_ATTRIBUTES where they have no variable, and keeps the rest", () => {
      const OTEL_RESOURCE_ATTRIBUTES =
        "service.version=9,deployment.environment.name=staging,team=r%C3%AAve%2C%201,region=eu,"
      assert.deepStrictEqual(accepted({ OTEL_RESOURCE_ATTRIBUTES }).service, {
        name: "unknown_service:node",
        version: "9",
        environment: "staging",
        resourceAttributes: { team: "rêve, 1", region: "eu" }
      })
      const beaten = accepted({ OTEL_RESOURCE_ATTRIBUTES, SERVICE_VERSION: "10", ENVIRONMENT: "production" }).service
      assert.strictEqual(beaten.version, "10")
      assert.strictEqual(beaten.environment, "production")
    })

    it("gives the older attribute deployment.environment the same value as the environment", () => {
      const OTEL_RESOURCE_ATTRIBUTES = "deployment.environment=staging"
      const alone = accepted({ OTEL_RESOURCE_ATTRIBUTES }).service
      assert.strictEqual(alone.environment, "staging")
      assert.deepStrictEqual(alone.resourceAttributes, { "deployment.environment": "staging" })
      const beaten = accepted({ OTEL_RESOURCE_ATTRIBUTES, ENVIRONMENT: "production" }).service
      assert.deepStrictEqual(beaten.resourceAttributes, { "deployment.environment": "production" })
    })

    it("keeps an attribute named __proto__ an ordinary attribute", () => {
      const { resourceAttributes } = accepted({ OTEL_RESOURCE_ATTRIBUTES: "__proto__=x" }).service
      assert.deepStrictEqual(Object.entries(resourceAttributes), [["__proto__", "x"]])
    })

    it("refuses a name out of OTEL_RESOURCE_ATTRIBUTES that SERVICE_NAME would refuse", () => {
      const formatted = refusal({ OTEL_RESOURCE_ATTRIBUTES: `service.name=${"x".repeat(101)}` })
      assert.include(formatted, "service.name: it has 101 characters")
    })
  })

  describe("the destination of spans", () => {
    const ladder = [
      ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a:1/in", { _tag: "Otlp", url: "http://a:1/in" }],
      ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://b:2", { _tag: "Otlp", url: "http://b:2/v1/traces" }],
      ["JAEGER_ENDPOINT", "http://c:3/api/traces", { _tag: "JaegerHttp", url: "http://c:3/api/traces" }],
      ["JAEGER_AGENT_HOST", "d", { _tag: "JaegerUdp", host: "d", port: 6831 }]
    ] as const

    it("is chosen by the first variable that is set, and the reason names it", () => {
      for (const [index, [name, , expected]] of ladder.entries()) {
        const env = Object.fromEntries(ladder.slice(index).map(([name, value]) => [name, value]))
        const { destination, destinationReason } = accepted(env).tracing
        assert.strictEqual(destination._tag, expected._tag)
        assert.include(destination, expected)
        assert.isTrue(destinationReason.startsWith(`${name} is set`), destinationReason)
      }
      assert.strictEqual(accepted({ JAEGER_AGENT_HOST: "d" }).tracing.destinationReason, "JAEGER_AGENT_HOST is set")
    })

    it("appends /v1/traces to the base address only, whatever its path and query", () => {
      const urlOf = (base: string) => otlp({ OTEL_EXPORTER_OTLP_ENDPOINT: base }).url
      assert.strictEqual(urlOf("https://c.example/otlp"), "https://c.example/otlp/v1/traces")
      assert.strictEqual(urlOf("https://c.example/otlp/"), "https://c.example/otlp/v1/traces")
      assert.strictEqual(urlOf("https://c.example?tenant=1"), "https://c.example/v1/traces?tenant=1")
      assert.strictEqual(otlp({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c.example" }).url, "http://c.example/")
    })

    it("sends the credentials of an OTLP address as a redacted header, unless a header says otherwise", () => {
      const OTEL_EXPORTER_OTLP_ENDPOINT = "http://ann:p%40ss@collector:4318"
      const destination = otlp({ OTEL_EXPORTER_OTLP_ENDPOINT })
      assert.strictEqual(destination.url, "http://collector:4318/v1/traces")
      assert.deepStrictEqual(destination.headers, {
        authorization: `Basic ${Buffer.from("ann:p@ss").toString("base64")}`
      })
      assert.deepStrictEqual(
        otlp({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Bearer x" }).headers,
        { authorization: "Bearer x" }
      )
    })

    it("sends the credentials of a Jaeger address as a redacted header, and no header that is meant for OTLP", () => {
      const { destination } = accepted({
        JAEGER_ENDPOINT: "http://ann:p%40ss@jaeger:14268/api/traces",
        OTEL_EXPORTER_OTLP_HEADERS: "x-key=1"
      }).tracing
      assert(destination._tag === "JaegerHttp")
      assert.strictEqual(destination.url, "http://jaeger:14268/api/traces")
      assert.deepStrictEqual(reveal(destination.headers), {
        authorization: `Basic ${Buffer.from("ann:p@ss").toString("base64")}`
      })
    })

    it("decodes headers, and the ones for traces beat the general ones by name in any case", () => {
      assert.deepStrictEqual(
        otlp({
          OTEL_EXPORTER_OTLP_HEADERS: "X-Key=general, Authorization = Basic%20YTpi== ,keep=a=b",
          OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-key=traces"
        }).headers,
        { "x-key": "traces", "authorization": "Basic YTpi==", "keep": "a=b" }
      )
    })

    it("takes the timeout for traces before the general one", () => {
      assert.strictEqual(otlp({ OTEL_EXPORTER_OTLP_TIMEOUT: "2000" }).timeout, 2000)
      assert.strictEqual(
        otlp({ OTEL_EXPORTER_OTLP_TIMEOUT: "2000", OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "3000" }).timeout,
        3000
      )
    })

    it("warns of port 4317, and of a port that nothing uses", () => {
      const warningsOf = (env: Env) => accepted(env).warnings.join("\n")
      assert.match(warningsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4317" }), /4317.*gRPC/)
      assert.match(warningsOf({ JAEGER_AGENT_PORT: "6832" }), /JAEGER_AGENT_PORT has no effect/)
      assert.strictEqual(warningsOf({ JAEGER_AGENT_PORT: "6832", JAEGER_AGENT_HOST: "h" }), "")
    })

    it("accepts http/protobuf alone, and says why not another protocol", () => {
      assert.isTrue(Result.isSuccess(resultOf({ OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" })))
      assert.match(refusal({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }), /OTEL_EXPORTER_OTLP_PROTOCOL="grpc".*gRPC is not/)
      assert.match(refusal({ OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }), /sent in protobuf.*Allowed: http\/protobuf/)
      assert.match(refusal({ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc" }), /OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="grpc"/)
      assert.match(refusal({ OTEL_EXPORTER_OTLP_PROTOCOL: "soap" }), /not a protocol of OTLP/)
    })

    it("lets the general protocol be grpc when traces have http/protobuf for themselves", () => {
      const env = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf" }
      assert.isTrue(Result.isSuccess(resultOf(env)))
    })
  })

  describe("a standard variable that the layer does not act on", () => {
    const warned: ReadonlyArray<readonly [name: string, value: string, instead: RegExp]> = [
      ["OTEL_TRACES_EXPORTER", "none", /OTEL_SDK_DISABLED=true for none/],
      ["OTEL_TRACES_EXPORTER", "otlp,console", /Set OTEL_EXPORTER_OTLP_ENDPOINT or JAEGER_ENDPOINT/],
      ["OTEL_METRICS_EXPORTER", "otlp", /scrape \/metrics on METRICS_HOST and METRICS_PORT/],
      ["OTEL_LOGS_EXPORTER", "otlp", /written to the console and sent nowhere/],
      ["OTEL_PROPAGATORS", "tracecontext,baggage", /no baggage is sent on\. Set it to tracecontext/],
      ["OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", /sent uncompressed/],
      ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip", /sent uncompressed/],
      ["OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem", /Name the file in NODE_EXTRA_CA_CERTS/]
    ]

    it("is warned of by its name, its value and what to do instead, on or off", () => {
      for (const [name, value, instead] of warned) {
        for (const rest of [{}, { ENABLE_OBSERVABILITY: "true", SERVICE_NAME: "a" }]) {
          const [line, ...more] = accepted({ [name]: value, ...rest }).warnings
          assert.isTrue(line?.startsWith(`${name}="${value}" has no effect: `), line)
          assert.match(line ?? "", instead)
          assert.deepStrictEqual(more, [])
        }
      }
    })

    it("is no reason to warn where it asks for what is done anyway, in any case, or is blank", () => {
      const done: ReadonlyArray<Env> = [
        { OTEL_TRACES_EXPORTER: "OTLP" },
        { OTEL_TRACES_EXPORTER: "jaeger", JAEGER_ENDPOINT: "http://jaeger:14268/api/traces" },
        { OTEL_TRACES_EXPORTER: "none", OTEL_SDK_DISABLED: "true" },
        { OTEL_METRICS_EXPORTER: "prometheus" },
        { OTEL_METRICS_EXPORTER: "none" },
        { OTEL_LOGS_EXPORTER: "none" },
        { OTEL_LOGS_EXPORTER: "console" },
        { OTEL_PROPAGATORS: "tracecontext" },
        { OTEL_EXPORTER_OTLP_COMPRESSION: "none" },
        { OTEL_EXPORTER_OTLP_CERTIFICATE: " " }
      ]
      for (const env of done) assert.deepStrictEqual(accepted(env).warnings, [], JSON.stringify(env))
    })

    it("is judged by the name for traces where there is one", () => {
      const env = { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip", OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none" }
      assert.deepStrictEqual(accepted(env).warnings, [])
    })

    it("is warned of where spans go to Jaeger and it says OTLP", () => {
      const { warnings } = accepted({ OTEL_TRACES_EXPORTER: "otlp", JAEGER_AGENT_HOST: "jaeger" })
      assert.match(warnings.join(), /^OTEL_TRACES_EXPORTER="otlp" has no effect/)
    })

    it("is shown in one line, without credentials", () => {
      const [line] = accepted({ OTEL_TRACES_EXPORTER: "http://me:hunter2@collector\nx" }).warnings
      assert.notInclude(line ?? "hunter2", "hunter2")
      assert.notInclude(line ?? "\n", "\n")
    })
  })

  describe("sampling and the queue", () => {
    it("knows OpenTelemetry's samplers", () => {
      const samplerOf = (name: string) =>
        accepted({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: "0.25" }).tracing.sampler
      assert.deepStrictEqual(samplerOf("always_on"), { _tag: "AlwaysOn", parentBased: false })
      assert.deepStrictEqual(samplerOf("always_off"), { _tag: "AlwaysOff", parentBased: false })
      assert.deepStrictEqual(samplerOf("traceidratio"), { _tag: "Ratio", ratio: 0.25, parentBased: false })
      assert.deepStrictEqual(samplerOf("parentbased_always_on"), { _tag: "AlwaysOn", parentBased: true })
      assert.deepStrictEqual(samplerOf("parentbased_always_off"), { _tag: "AlwaysOff", parentBased: true })
      assert.deepStrictEqual(samplerOf("ParentBased_TraceIdRatio"), { _tag: "Ratio", ratio: 0.25, parentBased: true })
      assert.deepStrictEqual(accepted({ OTEL_TRACES_SAMPLER: "traceidratio" }).tracing.sampler, {
        _tag: "Ratio",
        ratio: 1,
        parentBased: false
      })
    })

    it("refuses a sampler that it does not have, by its reason", () => {
      for (const name of ["jaeger_remote", "parentbased_jaeger_remote", "xray"]) {
        assert.match(refusal({ OTEL_TRACES_SAMPLER: name }), /asks a server how to sample is not supported/)
      }
      assert.match(refusal({ OTEL_TRACES_SAMPLER: "constructor" }), /not a sampler.*Allowed: always_on, always_off/)
    })

    it("warns of a sampling ratio that no sampler reads", () => {
      assert.match(
        accepted({ OTEL_TRACES_SAMPLER_ARG: "0.5" }).warnings.join(),
        /OTEL_TRACES_SAMPLER_ARG has no effect/
      )
    })

    it("reads OTEL_BSP_* in milliseconds and spans", () => {
      const { queue } = accepted({
        OTEL_BSP_SCHEDULE_DELAY: "100",
        OTEL_BSP_EXPORT_TIMEOUT: "200",
        OTEL_BSP_MAX_QUEUE_SIZE: "64",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "32"
      }).tracing
      assert.deepStrictEqual(queue, {
        maxQueueSize: 64,
        maxExportBatchSize: 32,
        scheduledDelay: Duration.millis(100),
        exportTimeout: Duration.millis(200)
      })
    })

    it("shortens the default batch to a shorter queue, and refuses a batch that is longer on purpose", () => {
      assert.strictEqual(accepted({ OTEL_BSP_MAX_QUEUE_SIZE: "100" }).tracing.queue.maxExportBatchSize, 100)
      const formatted = refusal({ OTEL_BSP_MAX_QUEUE_SIZE: "100", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "101" })
      assert.include(formatted, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=\"101\"")
      assert.include(formatted, "OTEL_BSP_MAX_QUEUE_SIZE, which is 100")
    })
  })

  describe("bad values", () => {
    const bad: ReadonlyArray<readonly [name: string, value: string, shown?: string]> = [
      ["ENABLE_OBSERVABILITY", "maybe"],
      ["OTEL_SDK_DISABLED", "tru"],
      ["METRICS_PORT", "abc"],
      ["METRICS_PORT", "70000"],
      ["METRICS_PORT", "0x1"],
      ["METRICS_PORT", "-1"],
      ["METRICS_PORT", "80.0"],
      ["METRICS_PORT", "1e3"],
      ["METRICS_PORT", "٨"],
      ["METRICS_HOST", "http://localhost"],
      ["METRICS_HOST", "256.1.1.1"],
      ["METRICS_HOST", "localhost:8001"],
      ["METRICS_HOST", "*"],
      ["METRICS_HOST", "[127.0.0.1]"],
      ["JAEGER_AGENT_PORT", "0"],
      ["JAEGER_AGENT_HOST", "-host"],
      ["JAEGER_ENDPOINT", "localhost:14268"],
      ["JAEGER_ENDPOINT", "ftp://localhost/api/traces"],
      ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://"],
      ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "not a url"],
      ["OTEL_EXPORTER_OTLP_TIMEOUT", "10s"],
      ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"],
      ["OTEL_BSP_SCHEDULE_DELAY", "2147483648"],
      ["OTEL_BSP_EXPORT_TIMEOUT", "∞"],
      ["OTEL_BSP_MAX_QUEUE_SIZE", "0"],
      ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"],
      ["OTEL_TRACES_SAMPLER_ARG", "2"],
      ["SENTRY_TRACES_SAMPLE_RATE", "2"],
      ["SENTRY_TRACES_SAMPLE_RATE", "-1"],
      ["SENTRY_TRACES_SAMPLE_RATE", "10%"],
      ["SENTRY_PROFILES_SAMPLE_RATE", "NaN"],
      ["SENTRY_PROFILES_SAMPLE_RATE", "0x1"],
      ["SERVICE_NAME", "two\nlines"],
      ["ENVIRONMENT", "e".repeat(65)],
      ["SERVICE_VERSION", "v".repeat(100)],
      ["OTEL_RESOURCE_ATTRIBUTES", "no-equals-sign", "<entry 1>"],
      ["OTEL_RESOURCE_ATTRIBUTES", "=x", "<entry 1>"],
      ["OTEL_RESOURCE_ATTRIBUTES", "team=risk, region = eu,,a=100%", "team=risk, region = eu,,<entry 4>"],
      ["OTEL_RESOURCE_ATTRIBUTES", "api_key=hun,ter2", "api_key=<redacted>,<entry 2>"],
      ["OTEL_RESOURCE_ATTRIBUTES", "pass%77ord=x,b", "password=<redacted>,<entry 2>"],
      ["OTEL_RESOURCE_ATTRIBUTES", "contact=ann@example.org,b", "contact=<redacted>,<entry 2>"]
    ]

    it("are refused with the variable, the value and what is allowed", () => {
      for (const [name, value, shown = value] of bad) {
        const formatted = refusal({ [name]: value })
        assert.deepStrictEqual(refusedIn(formatted), [name], `${name}=${value}`)
        assert.include(formatted, `${name}=${JSON.stringify(shown)} is not allowed: `)
        const variable = ObservabilityConfig.variables.find((variable) => variable.name === name)
        assert.include(formatted, `Allowed: ${variable?.allowed}.`)
      }
    })

    it("are refused for a control character anywhere, or half a character, and for no other sign", () => {
      for (const sign of ["\0", "\t", "\u001f", "\u007f", "\u0085", "\u009f", "\ud83d", "\udcc8"]) {
        assert.include(refusal({ SERVICE_NAME: `a${sign}b` }), "it contains a control character", JSON.stringify(sign))
      }
      for (const sign of [" ", "~", "\u00a0", "é", "📈"]) {
        assert.strictEqual(accepted({ SERVICE_NAME: `a${sign}b` }).service.name, `a${sign}b`)
      }
    })

    it("are all reported at once, also while observability is off", () => {
      const env = Object.fromEntries(bad.map(([name, value]) => [name, value]))
      const formatted = refusal({
        ...env,
        SENTRY_DSN: "nonsense",
        METRICS_TOKEN: "two words",
        OTEL_TRACES_SAMPLER: "x"
      })
      assert.sameMembers(
        refusedIn(formatted) as Array<string>,
        [...Object.keys(env), "SENTRY_DSN", "METRICS_TOKEN", "OTEL_TRACES_SAMPLER"]
      )
      assert.match(formatted, /^The configuration has \d+ problems:\n/)
      const off = refusal({ ENABLE_OBSERVABILITY: "false", METRICS_PORT: "abc", SENTRY_TRACES_SAMPLE_RATE: "2" })
      assert.sameMembers(refusedIn(off) as Array<string>, ["METRICS_PORT", "SENTRY_TRACES_SAMPLE_RATE"])
    })

    it("read as one block", () => {
      assert.strictEqual(
        refusal({ METRICS_PORT: "abc", SENTRY_DSN: "https://k@sentry.example/team" }),
        `The configuration has 2 problems:
  - METRICS_PORT="abc" is not allowed: not a whole number in decimal digits. Allowed: a whole number from 0 to 65535 in decimal digits; 0 takes any free port.
  - SENTRY_DSN (a secret, not shown) is not allowed: it does not end in a numeric project id. Allowed: https://PUBLIC_KEY@HOST/PROJECT_ID (http too), or the placeholder your-sentry-dsn-here, which means "not set".`
      )
    })

    it("cannot forge lines or flood the log", () => {
      const formatted = refusal({ METRICS_PORT: `1\n  - FAKE="x" is fine\u202e\u001b[2K${"9".repeat(10_000)}` })
      assert.lengthOf(formatted.split("\n"), 2)
      assert.notInclude(formatted, "\u001b")
      assert.notInclude(formatted, "\u202e")
      assert.isBelow(formatted.length, 500)
    })

    it("keep ConfigError's own rendering useful, since a program may print that", () => {
      const result = resultOf({ METRICS_PORT: "abc", ENABLE_OBSERVABILITY: "maybe" })
      assert(Result.isFailure(result))
      assert.include(result.failure.message, "METRICS_PORT=\"abc\" is not allowed")
      assert.include(result.failure.message, "ENABLE_OBSERVABILITY=\"maybe\" is not allowed")
    })

    it("are no reason for a fallback: Config.withDefault does not hide them", () => {
      const withDefault = ObservabilityConfig.config.pipe(Config.withDefault("hidden"))
      const provider = ConfigProvider.fromUnknown({ METRICS_PORT: "abc" })
      assert.isTrue(Result.isFailure(Effect.runSync(Effect.result(withDefault.parse(provider)))))
    })
  })

  describe("formatError", () => {
    it("also prints the errors of a program's own Config", () => {
      const own = Config.all({ port: Config.nested(Config.Port("PORT"), "APP") })
      const provider = ConfigProvider.fromUnknown({ APP: { PORT: "0" } })
      const error = Effect.runSync(Effect.flip(own.parse(provider)))
      assert.match(ObservabilityConfig.formatError(error), /^The configuration has a problem:\n {2}- APP_PORT: .*/)
    })

    it("prints why a provider could not be read", () => {
      const provider = ConfigProvider.make(() =>
        Effect.fail(new ConfigProvider.SourceError({ message: "vault sealed" }))
      )
      const error = Effect.runSync(Effect.flip(ObservabilityConfig.config.parse(provider)))
      assert.strictEqual(ObservabilityConfig.formatError(error), "The configuration has a problem:\n  - vault sealed")
    })
  })

  describe("secrets", () => {
    const dsn = "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/42"

    it("are readable on purpose only", () => {
      const config = accepted({
        SENTRY_DSN: dsn,
        METRICS_TOKEN: "tok-en",
        OTEL_EXPORTER_OTLP_HEADERS: "api-key=hea-der",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://user:pass-word@c:4318"
      })
      const jaeger = accepted({ JAEGER_ENDPOINT: "http://user:pass-word@c:14268" })
      assert.strictEqual(Redacted.value(Option.getOrThrow(config.sentry.dsn)), dsn)
      assert.strictEqual(Redacted.value(Option.getOrThrow(config.metrics.token)), "tok-en")
      const authorization = Buffer.from("user:pass-word").toString("base64")
      const printed = [config, jaeger].flatMap((one) => [
        JSON.stringify(one),
        inspect(one, { depth: null, showHidden: true }),
        String(one)
      ])
      for (const text of printed) {
        for (const secret of [dsn, "0123456789abcdef", "tok-en", "hea-der", "pass-word", authorization]) {
          assert.notInclude(text, secret)
        }
      }
    })

    it("may be a DSN of any Sentry", () => {
      for (
        const value of [
          dsn,
          "http://key:secret@sentry.internal:9000/1",
          "https://key@host/prefix/path/77",
          "HTTPS://k@[::1]:9000/7"
        ]
      ) assert.isTrue(Option.isSome(accepted({ SENTRY_DSN: value }).sentry.dsn), value)
    })

    it("are refused as a DSN without showing it", () => {
      for (
        const value of [
          "https://o1.ingest.sentry.io/42",
          "https://hunter2@o1.ingest.sentry.io",
          "https://hunter2@o1.ingest.sentry.io/abc",
          "https://hunter2@o1.ingest.sentry.io/42?x=1",
          "ftp://hunter2@o1.ingest.sentry.io/42",
          "https:hunter2@o1.ingest.sentry.io/42",
          "https://k:hunter2%21@o1.ingest.sentry.io/42",
          "https://hunter2%21@o1.ingest.sentry.io/42",
          "hunter2"
        ]
      ) {
        const formatted = refusal({ SENTRY_DSN: value })
        assert.deepStrictEqual(refusedIn(formatted), ["SENTRY_DSN"])
        assert.notInclude(formatted, "hunter2")
      }
    })

    it("take the placeholder in any case for an unset DSN", () => {
      assert.isTrue(Option.isNone(accepted({ SENTRY_DSN: "YOUR-SENTRY-DSN-HERE" }).sentry.dsn))
    })

    it("stay out of messages about headers, tokens and addresses", () => {
      for (
        const env of [
          { OTEL_EXPORTER_OTLP_HEADERS: "hunter2" },
          { OTEL_EXPORTER_OTLP_HEADERS: "bad name=hunter2" },
          { OTEL_EXPORTER_OTLP_TRACES_HEADERS: "ok=hunter2%0d%0aevil: 1" },
          { OTEL_EXPORTER_OTLP_TRACES_HEADERS: "ok=hunter2%" },
          { METRICS_TOKEN: "hunter2 hunter2" },
          { JAEGER_ENDPOINT: "ftp://user:hunter2@jaeger:14268/api/traces" },
          { OTEL_RESOURCE_ATTRIBUTES: "password=hunter2,b" },
          { OTEL_RESOURCE_ATTRIBUTES: "team=risk,token=a,hunter2" },
          { JAEGER_ENDPOINT: "user:hunter2@jaeger" },
          { OTEL_EXPORTER_OTLP_ENDPOINT: "grpc://user:a@hunter2@collector" },
          { OTEL_EXPORTER_OTLP_ENDPOINT: "ws://collector/?api-key=hunter2" }
        ] satisfies ReadonlyArray<Env>
      ) {
        const result = resultOf(env)
        assert(Result.isFailure(result), JSON.stringify(env))
        const texts = [
          ObservabilityConfig.formatError(result.failure),
          String(result.failure),
          inspect(result.failure, { depth: null, showHidden: true })
        ]
        for (const text of texts) assert.notInclude(text, "hunter2", JSON.stringify(env))
        assert.deepStrictEqual(refusedIn(texts[0] ?? ""), Object.keys(env))
      }
    })
  })

  describe("for any input", () => {
    const names = ObservabilityConfig.variables.map(({ name }) => name)
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.double().map(String),
      fc.bigInt().map(String),
      fc.constantFrom("a=b,c", "%", "%zz=1", "[::1]", "__proto__", "constructor", "true", "0.5", "grpc", "@", "://@")
    )
    const environments = fc.dictionary(fc.constantFrom(...names), text, {
      maxKeys: names.length,
      noNullPrototype: true
    })

    it("the answer is a configuration, or a ConfigError that names set variables only", () => {
      fc.assert(
        fc.property(environments, (env) => {
          const result = resultOf(env)
          if (Result.isSuccess(result)) return
          assert.instanceOf(result.failure, Config.ConfigError)
          const refused = refusedIn(ObservabilityConfig.formatError(result.failure))
          assert.isNotEmpty(refused)
          for (const name of refused) assert.property(env, name)
          assert.lengthOf(ObservabilityConfig.formatError(result.failure).split("\n"), refused.length + 1)
        }),
        { numRuns: 500 }
      )
    })

    it("every variable that is refused alone is refused in company", () => {
      fc.assert(
        fc.property(environments, (env) => {
          const alone = Object.entries(env).filter(([name, value]) => Result.isFailure(resultOf({ [name]: value })))
            .map(([name]) => name)
            // These two are judged together with another variable, which can make them right.
            .filter((name) => name !== "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" && name !== "OTEL_EXPORTER_OTLP_PROTOCOL")
          if (alone.length > 0) assert.includeMembers(refusedIn(refusal(env)) as Array<string>, alone)
        }),
        { numRuns: 200 }
      )
    })

    it("values of any type in a structured provider neither throw nor defect", () => {
      const anything = fc.dictionary(fc.constantFrom(...names), fc.anything(), { maxKeys: 8 })
      fc.assert(
        fc.property(anything, (root) => {
          const exit = Effect.runSync(Effect.result(ObservabilityConfig.config.parse(ConfigProvider.fromUnknown(root))))
          if (Result.isFailure(exit)) assert.isNotEmpty(refusedIn(ObservabilityConfig.formatError(exit.failure)))
        }),
        { numRuns: 300 }
      )
    })

    it("no secret shows in an error or in a printed configuration", () => {
      const secret = fc.string({ unit: fc.constantFrom(..."abcdef0123456789"), minLength: 16, maxLength: 24 })
        .map((tail) => `S3cr3t${tail}`)
      const placed = fc.record({
        SENTRY_DSN: fc.constantFrom("https://S@h/1", "https://S@h/x", "S", "https://k:S@h/1", "x S"),
        METRICS_TOKEN: fc.constantFrom("S", "a S", "S\u0000", "é S"),
        OTEL_EXPORTER_OTLP_HEADERS: fc.constantFrom("k=S", "S", "k k=S", "k=S%", "k=%00S", "S=1"),
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: fc.constantFrom("k=S", "S", ",,S", "a=1,S"),
        OTEL_EXPORTER_OTLP_ENDPOINT: fc.constantFrom(
          "http://u:S@h",
          "u:S@h",
          "ftp://S@h",
          "http://u:S@h:99999",
          "h?k=S"
        ),
        OTEL_RESOURCE_ATTRIBUTES: fc.constantFrom("password=S,b", "b,api_key=S", "token=a,S", "secret=S%", "S", "=S"),
        JAEGER_ENDPOINT: fc.constantFrom("http://u:S@h", "http://S@h", "https:/u:S@", "//u:S@h")
      }, { requiredKeys: [] })
      fc.assert(
        fc.property(secret, placed, fc.constantFrom("8001", "bad"), (secret, template, port) => {
          const env = Object.fromEntries(
            Object.entries(template).map(([name, value]) => [name, value.replaceAll("S", secret)])
          )
          const result = resultOf({ ...env, METRICS_PORT: port })
          const printed = Result.isSuccess(result)
            ? [JSON.stringify(result.success), inspect(result.success, { depth: null, showHidden: true })].map((text) =>
              // A header's name is no secret.
              text.replaceAll(`"${secret.toLowerCase()}":`, "").replaceAll(`${secret.toLowerCase()}:`, "")
            )
            : [
              ObservabilityConfig.formatError(result.failure),
              JSON.stringify(result.failure),
              inspect(result.failure, { depth: null, showHidden: true })
            ]
          const base64 = Buffer.from(`u:${secret}`).toString("base64")
          for (const text of printed) {
            assert.notInclude(text.toLowerCase(), secret.toLowerCase())
            assert.notInclude(text, base64)
          }
        }),
        { numRuns: 500 }
      )
    })

    it("a valid port, ratio, pair list or header list survives reading", () => {
      fc.assert(fc.property(fc.integer({ min: 0, max: 65535 }), (port) => {
        assert.strictEqual(accepted({ METRICS_PORT: String(port) }).metrics.port, port)
      }))
      fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (ratio) => {
        const { tracesSampleRate } = accepted({ SENTRY_TRACES_SAMPLE_RATE: String(ratio) }).sentry
        assert.strictEqual(tracesSampleRate, ratio)
      }))
      const key = fc.string({ unit: "binary", minLength: 1, maxLength: 10 }).filter((text) =>
        !/\p{Cs}/u.test(text) && !/^(service\.|deployment\.)/.test(text)
      )
      const value = fc.string({ unit: "binary", maxLength: 10 }).filter((text) => !/\p{Cs}/u.test(text))
      fc.assert(fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([key]) => key }), (entries) => {
        const encoded = entries.map((pair) => pair.map(encodeURIComponent).join("=")).join(",")
        const { resourceAttributes } = accepted({ OTEL_RESOURCE_ATTRIBUTES: encoded }).service
        assert.deepStrictEqual(
          Object.entries(resourceAttributes).toSorted(),
          Object.entries(Object.fromEntries(entries)).toSorted()
        )
      }))
      const header = fc.string({ unit: fc.constantFrom(..." \t,;=%\"aZ9ÿ"), maxLength: 12 })
      fc.assert(fc.property(header, (value) => {
        const headers = otlp({ OTEL_EXPORTER_OTLP_HEADERS: `X-A=${encodeURIComponent(value)}` }).headers
        assert.deepStrictEqual(headers, { "x-a": value })
      }))
    })
  })

  it("describes each variable once, with a default that is allowed", () => {
    const names = ObservabilityConfig.variables.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
    for (const { default: value, name } of ObservabilityConfig.variables) {
      if (value !== undefined) assert.deepStrictEqual(accepted({ [name]: value }), accepted({}), name)
    }
  })
})
