import * as Parser from "./Parser.ts"
import { optional, withDefault } from "./Variable.ts"

const layer = "The layer"
const service = "The service"
const destination = "Tracing: where spans go (the first that is set wins, in this order)"
const otlp = "Tracing: OTLP"
const sampling = "Tracing: sampling and the span queue"
const metrics = "Metrics"
const sentry = "Error tracking"

// Sentry takes releases of at most 200 characters and environments of at most 64; a release is `name@version`.
const longestName = 100
const longestVersion = 99
const longestEnvironment = 64

// A span takes some 500 bytes: a longer queue would be a memory leak with a name.
const longestQueue = 1_000_000

/** Every variable, in the order of the documentation. */
export const Variables = {
  ENABLE_OBSERVABILITY: withDefault({
    name: "ENABLE_OBSERVABILITY",
    group: layer,
    default: "false",
    meaning: "Turns tracing, metrics and error tracking on. Off, the layer opens no port and loads no vendor SDK.",
    parser: Parser.boolean
  }),

  OTEL_SDK_DISABLED: withDefault({
    name: "OTEL_SDK_DISABLED",
    group: layer,
    default: "false",
    meaning: "Turns tracing alone off; metrics and error tracking stay as they are.",
    parser: Parser.boolean
  }),

  SERVICE_NAME: optional({
    name: "SERVICE_NAME",
    group: service,
    meaning:
      "The service's name on spans, log lines and error events. Beats OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES; " +
      "where none of them names it, the product's vocabulary does.",
    parser: Parser.text(longestName)
  }),

  OTEL_SERVICE_NAME: optional({
    name: "OTEL_SERVICE_NAME",
    group: service,
    meaning: "The service's name where SERVICE_NAME is not set. Beats service.name in OTEL_RESOURCE_ATTRIBUTES.",
    parser: Parser.text(longestName)
  }),

  SERVICE_VERSION: optional({
    name: "SERVICE_VERSION",
    group: service,
    meaning: "The service's version; error events carry the release SERVICE_NAME@SERVICE_VERSION. Beats " +
      "OTEL_RESOURCE_ATTRIBUTES; where neither tells it, the product's vocabulary does.",
    parser: Parser.text(longestVersion)
  }),

  ENVIRONMENT: withDefault({
    name: "ENVIRONMENT",
    group: service,
    default: "development",
    meaning: "Where the service runs, such as development, staging or production.",
    parser: Parser.text(longestEnvironment)
  }),

  OTEL_RESOURCE_ATTRIBUTES: optional({
    name: "OTEL_RESOURCE_ATTRIBUTES",
    group: service,
    meaning:
      "Further attributes of every span's resource, such as team=risk,region=eu. service.name, service.version and " +
      "deployment.environment.name in it count where the variables above are not set.",
    parser: Parser.attributes
  }),

  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optional({
    name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    group: destination,
    meaning: "Spans go here by OTLP over HTTP; the address is used as it is, /v1/traces included.",
    parser: Parser.httpUrl
  }),

  OTEL_EXPORTER_OTLP_ENDPOINT: optional({
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    group: destination,
    meaning:
      "Spans go to this address with /v1/traces appended, by OTLP over HTTP. With no destination set at all they go " +
      "to http://localhost:4318/v1/traces.",
    parser: Parser.httpUrl
  }),

  JAEGER_ENDPOINT: optional({
    name: "JAEGER_ENDPOINT",
    group: destination,
    meaning: "Spans go here as Jaeger's Thrift over HTTP, such as http://localhost:14268/api/traces.",
    parser: Parser.httpUrl
  }),

  JAEGER_AGENT_HOST: optional({
    name: "JAEGER_AGENT_HOST",
    group: destination,
    meaning: "Spans go to this host as Jaeger's Thrift over UDP, unacknowledged.",
    parser: Parser.host
  }),

  JAEGER_AGENT_PORT: withDefault({
    name: "JAEGER_AGENT_PORT",
    group: destination,
    default: "6831",
    meaning: "The UDP port on JAEGER_AGENT_HOST.",
    parser: Parser.integer(1, 65_535)
  }),

  OTEL_EXPORTER_OTLP_HEADERS: optional({
    name: "OTEL_EXPORTER_OTLP_HEADERS",
    group: otlp,
    meaning: "Headers of every OTLP request, such as an API key.",
    secret: true,
    parser: Parser.headers
  }),

  OTEL_EXPORTER_OTLP_TRACES_HEADERS: optional({
    name: "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    group: otlp,
    meaning: "Headers of OTLP requests with spans; they beat OTEL_EXPORTER_OTLP_HEADERS header by header.",
    secret: true,
    parser: Parser.headers
  }),

  OTEL_EXPORTER_OTLP_PROTOCOL: withDefault({
    name: "OTEL_EXPORTER_OTLP_PROTOCOL",
    group: otlp,
    default: "http/protobuf",
    meaning: "The protocol of OTLP. Only http/protobuf is spoken here; grpc and http/json are refused.",
    parser: Parser.protocol
  }),

  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: optional({
    name: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    group: otlp,
    meaning: "The protocol of OTLP for spans; beats OTEL_EXPORTER_OTLP_PROTOCOL.",
    parser: Parser.protocol
  }),

  OTEL_EXPORTER_OTLP_TIMEOUT: withDefault({
    name: "OTEL_EXPORTER_OTLP_TIMEOUT",
    group: otlp,
    default: "10000", // OpenTelemetry's default
    meaning: "How long one OTLP request may take, in milliseconds.",
    parser: Parser.milliseconds
  }),

  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: optional({
    name: "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    group: otlp,
    meaning: "The same for requests with spans; beats OTEL_EXPORTER_OTLP_TIMEOUT.",
    parser: Parser.milliseconds
  }),

  OTEL_TRACES_SAMPLER: withDefault({
    name: "OTEL_TRACES_SAMPLER",
    group: sampling,
    default: "parentbased_always_on", // OpenTelemetry's default
    meaning: "Which traces are kept. The parentbased_ forms follow the caller's decision and decide for roots only.",
    parser: Parser.sampler
  }),

  OTEL_TRACES_SAMPLER_ARG: withDefault({
    name: "OTEL_TRACES_SAMPLER_ARG",
    group: sampling,
    default: "1", // OpenTelemetry's default
    meaning: "The share of traces that a traceidratio sampler keeps.",
    parser: Parser.ratio
  }),

  OTEL_BSP_MAX_QUEUE_SIZE: withDefault({
    name: "OTEL_BSP_MAX_QUEUE_SIZE",
    group: sampling,
    default: "2048", // OpenTelemetry's default
    meaning: "How many ended spans may wait for export; past it they are dropped and counted.",
    parser: Parser.integer(1, longestQueue)
  }),

  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: withDefault({
    name: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    group: sampling,
    default: "512", // OpenTelemetry's default
    meaning: "How many spans one export carries at most.",
    parser: Parser.integer(1, longestQueue, ", at most OTEL_BSP_MAX_QUEUE_SIZE")
  }),

  OTEL_BSP_SCHEDULE_DELAY: withDefault({
    name: "OTEL_BSP_SCHEDULE_DELAY",
    group: sampling,
    default: "5000", // OpenTelemetry's default
    meaning: "How long a span waits for a batch to fill, in milliseconds.",
    parser: Parser.milliseconds
  }),

  OTEL_BSP_EXPORT_TIMEOUT: withDefault({
    name: "OTEL_BSP_EXPORT_TIMEOUT",
    group: sampling,
    default: "30000", // OpenTelemetry's default
    meaning: "How long one export may take as a whole, in milliseconds.",
    parser: Parser.milliseconds
  }),

  METRICS_HOST: withDefault({
    name: "METRICS_HOST",
    group: metrics,
    default: "127.0.0.1",
    meaning:
      "The address that /metrics listens on: loopback, unless you decide to open it (0.0.0.0 is every interface).",
    parser: Parser.host
  }),

  METRICS_PORT: withDefault({
    name: "METRICS_PORT",
    group: metrics,
    default: "8001",
    meaning: "The port of /metrics.",
    parser: Parser.integer(0, 65_535, "; 0 takes any free port")
  }),

  METRICS_TOKEN: optional({
    name: "METRICS_TOKEN",
    group: metrics,
    meaning: "The bearer token that a scrape of /metrics must bring; without it nobody is asked.",
    secret: true,
    parser: Parser.bearerToken
  }),

  SENTRY_DSN: optional({
    name: "SENTRY_DSN",
    group: sentry,
    meaning: "Where error events go; without it error tracking is off.",
    secret: true,
    parser: Parser.dsn
  }),

  SENTRY_TRACES_SAMPLE_RATE: withDefault({
    name: "SENTRY_TRACES_SAMPLE_RATE",
    group: sentry,
    default: "0.1",
    meaning: "The share of traces whose spans go to Sentry too, chosen by trace id.",
    parser: Parser.ratio
  }),

  SENTRY_PROFILES_SAMPLE_RATE: withDefault({
    name: "SENTRY_PROFILES_SAMPLE_RATE",
    group: sentry,
    default: "0.1",
    meaning: "The share of processes that are profiled, where @sentry/profiling-node is installed.",
    parser: Parser.ratio
  })
}
