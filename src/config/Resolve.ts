import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { ObservabilityConfig, SamplerConfig, ServiceDefaults, TraceDestination } from "../ObservabilityConfig.ts"
import * as Parser from "./Parser.ts"
import type { Problem } from "./Problem.ts"
import * as Unsupported from "./Unsupported.ts"
import { defaultOf, type Definition, type Reader, reader } from "./Variable.ts"
import { Variables } from "./Variables.ts"

type Service = ObservabilityConfig["service"]
type Tracing = ObservabilityConfig["tracing"]

const withoutKeys = (record: Readonly<Record<string, string>>, keys: ReadonlyArray<string>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))

const own = (record: Readonly<Record<string, string>>, key: string): Option.Option<string> =>
  Object.hasOwn(record, key) && record[key] !== "" ? Option.fromUndefinedOr(record[key]) : Option.none()

/** The name that OpenTelemetry's specification has for a service that nobody named, as its SDK for Node gives it. */
const unknownService = "unknown_service:node"

/** What the product says of itself; a blank text says nothing, as in the environment. */
const ofProduct = (as: Definition<string>, text = ""): Option.Option<string> =>
  text.trim() === "" ? Option.none() : Option.some(defaultOf(as, text.trim()))

/**
 * SERVICE_NAME, then OTEL_SERVICE_NAME, then OTEL_RESOURCE_ATTRIBUTES, then the product's own; the other two likewise.
 * The environment has a default of the layer; a version that nobody told is none.
 */
const resolveService = (from: Reader, product: ServiceDefaults | undefined): Service => {
  const attributes = Option.getOrElse(from.read(Variables.OTEL_RESOURCE_ATTRIBUTES), () => ({}))
  const attribute = (key: string, as: Definition<string>): Option.Option<string> =>
    Option.flatMap(own(attributes, key), (value) => {
      const parsed = as.parse(value)
      if (Result.isSuccess(parsed)) return Option.some(parsed.success)
      from.refuse(Variables.OTEL_RESOURCE_ATTRIBUTES, `${key}: ${parsed.failure} (${key} has ${as.allowed})`)
      return Option.none()
    })
  const environment = Option.firstSomeOf([
    from.read(Variables.ENVIRONMENT),
    attribute("deployment.environment.name", Variables.ENVIRONMENT),
    attribute("deployment.environment", Variables.ENVIRONMENT) // the name before semantic conventions 1.27
  ]).pipe(Option.getOrElse(() => Variables.ENVIRONMENT.fallback))
  const rest = withoutKeys(attributes, ["service.name", "service.version", "deployment.environment.name"])
  return {
    name: Option.firstSomeOf([
      from.read(Variables.SERVICE_NAME),
      from.read(Variables.OTEL_SERVICE_NAME),
      attribute("service.name", Variables.SERVICE_NAME),
      ofProduct(Variables.SERVICE_NAME, product?.name)
    ]).pipe(Option.getOrElse(() => unknownService)),
    version: Option.firstSomeOf([
      from.read(Variables.SERVICE_VERSION),
      attribute("service.version", Variables.SERVICE_VERSION),
      ofProduct(Variables.SERVICE_VERSION, product?.version)
    ]).pipe(Option.getOrUndefined),
    environment,
    // Whoever still asks for the old name must not get another answer than under the new one.
    resourceAttributes: "deployment.environment" in rest ? { ...rest, "deployment.environment": environment } : rest
  }
}

/** OTEL_EXPORTER_OTLP_ENDPOINT is a base: the specification appends the signal's path. */
const withTracesPath = (url: URL): string => {
  const out = new URL(url)
  out.pathname = `${out.pathname.replace(/\/$/, "")}/v1/traces`
  return out.href
}

/** The header that carries an address's credentials. */
const authorizationOf = (credentials: Parser.HttpUrl["credentials"]): Record<string, Redacted.Redacted<string>> =>
  credentials === undefined
    ? {}
    : { authorization: Redacted.make(`Basic ${Buffer.from(Redacted.value(credentials)).toString("base64")}`) }

const refuseProtocols = (from: Reader): void => {
  const general = from.read(Variables.OTEL_EXPORTER_OTLP_PROTOCOL)
  const traces = from.read(Variables.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL)
  const reasons = {
    "grpc": "gRPC is not spoken here, since it needs a second HTTP stack; a collector takes http/protobuf on port 4318",
    "http/json": "spans are sent in protobuf, which every OTLP receiver must take and which is smaller"
  }
  // A collector's other signals may speak what spans do not, as long as spans have a protocol of their own.
  const [variable, value] = Option.isSome(traces)
    ? [Variables.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, traces.value] as const
    : [Variables.OTEL_EXPORTER_OTLP_PROTOCOL, Option.getOrElse(general, () => "http/protobuf" as const)] as const
  if (value !== "http/protobuf") from.refuse(variable, reasons[value])
}

const resolveDestination = (
  from: Reader,
  warn: (line: string) => void
): Pick<Tracing, "destination" | "destinationReason"> => {
  refuseProtocols(from)
  const headers = {
    ...Option.getOrElse(from.read(Variables.OTEL_EXPORTER_OTLP_HEADERS), () => ({})),
    ...Option.getOrElse(from.read(Variables.OTEL_EXPORTER_OTLP_TRACES_HEADERS), () => ({}))
  }
  const timeoutOfAll = from.readOrDefault(Variables.OTEL_EXPORTER_OTLP_TIMEOUT)
  const timeout = Option.getOrElse(from.read(Variables.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT), () => timeoutOfAll)
  const otlp = ({ credentials, url }: Parser.HttpUrl, href: string, variable: string): TraceDestination => {
    if (url.port === "4317") {
      warn(`${variable} has port 4317, which is gRPC's on most collectors; OTLP over HTTP usually listens on 4318.`)
    }
    return { _tag: "Otlp", url: href, headers: { ...authorizationOf(credentials), ...headers }, timeout }
  }
  const ofTraces = from.read(Variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
  const ofAll = from.read(Variables.OTEL_EXPORTER_OTLP_ENDPOINT)
  const jaeger = from.read(Variables.JAEGER_ENDPOINT)
  const agentHost = from.read(Variables.JAEGER_AGENT_HOST)
  const agentPort = from.readOrDefault(Variables.JAEGER_AGENT_PORT)
  if (Option.isNone(agentHost) && from.differsFromDefault(Variables.JAEGER_AGENT_PORT)) {
    warn("JAEGER_AGENT_PORT has no effect without JAEGER_AGENT_HOST.")
  }

  // In the order of precedence.
  const candidates = [
    [
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      Option.map(ofTraces, (url) => () => otlp(url, url.url.href, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
    ],
    [
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      Option.map(ofAll, (url) => () => otlp(url, withTracesPath(url.url), "OTEL_EXPORTER_OTLP_ENDPOINT"))
    ],
    [
      "JAEGER_ENDPOINT",
      Option.map(jaeger, ({ credentials, url }) => (): TraceDestination => ({
        _tag: "JaegerHttp",
        url: url.href,
        headers: authorizationOf(credentials)
      }))
    ],
    [
      "JAEGER_AGENT_HOST",
      Option.map(agentHost, (host) => (): TraceDestination => ({ _tag: "JaegerUdp", host, port: agentPort }))
    ]
  ] as const
  const [chosen, ...unused] = candidates.flatMap(([name, make]) =>
    Option.isSome(make) ? [{ name, make: make.value }] : []
  )
  if (chosen === undefined) {
    return {
      destination: { _tag: "Otlp", url: "http://localhost:4318/v1/traces", headers, timeout },
      destinationReason: "the default, since no destination is set"
    }
  }
  return {
    destination: chosen.make(),
    destinationReason: unused.length === 0
      ? `${chosen.name} is set`
      : `${chosen.name} is set, which comes before ${unused.map(({ name }) => name).join(" and ")}`
  }
}

const resolveSampler = (from: Reader, warn: (line: string) => void): SamplerConfig => {
  const { parentBased, root } = from.readOrDefault(Variables.OTEL_TRACES_SAMPLER)
  const ratio = from.readOrDefault(Variables.OTEL_TRACES_SAMPLER_ARG)
  if (root === "Ratio") return { _tag: root, ratio, parentBased }
  if (from.differsFromDefault(Variables.OTEL_TRACES_SAMPLER_ARG)) {
    warn(
      "OTEL_TRACES_SAMPLER_ARG has no effect unless OTEL_TRACES_SAMPLER is traceidratio or parentbased_traceidratio."
    )
  }
  return { _tag: root, parentBased }
}

const resolveQueue = (from: Reader): Tracing["queue"] => {
  const maxQueueSize = from.readOrDefault(Variables.OTEL_BSP_MAX_QUEUE_SIZE)
  const batch = from.read(Variables.OTEL_BSP_MAX_EXPORT_BATCH_SIZE)
  if (Option.isSome(batch) && batch.value > maxQueueSize) {
    from.refuse(
      Variables.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
      `more than OTEL_BSP_MAX_QUEUE_SIZE, which is ${maxQueueSize}`
    )
  }
  return {
    maxQueueSize,
    // A queue made shorter than the default batch shortens the batch: nobody asked for more.
    maxExportBatchSize: Option.getOrElse(
      batch,
      () => Math.min(maxQueueSize, Variables.OTEL_BSP_MAX_EXPORT_BATCH_SIZE.fallback)
    ),
    scheduledDelay: from.readOrDefault(Variables.OTEL_BSP_SCHEDULE_DELAY),
    exportTimeout: from.readOrDefault(Variables.OTEL_BSP_EXPORT_TIMEOUT)
  }
}

const resolveSentry = (from: Reader, warn: (line: string) => void): ObservabilityConfig["sentry"] => {
  const dsn = from.read(Variables.SENTRY_DSN)
  if (Option.isSome(dsn) && dsn.value === undefined) {
    warn(`SENTRY_DSN is the placeholder ${Parser.dsnPlaceholder}, which means "not set": error tracking is off.`)
  }
  return {
    dsn: Option.flatMap(dsn, Option.fromUndefinedOr),
    tracesSampleRate: from.readOrDefault(Variables.SENTRY_TRACES_SAMPLE_RATE),
    profilesSampleRate: from.readOrDefault(Variables.SENTRY_PROFILES_SAMPLE_RATE)
  }
}

/** The configuration from the variables' texts and what the product says of itself, or every problem in the texts. */
export const resolve = (
  raw: Readonly<Record<string, Option.Option<string>>>,
  product: ServiceDefaults | undefined
): Result.Result<ObservabilityConfig, readonly [Problem, ...Array<Problem>]> => {
  const from = reader(raw)
  const warnings: Array<string> = []
  const warn = (line: string): void => void warnings.push(line)
  const enabled = from.readOrDefault(Variables.ENABLE_OBSERVABILITY)
  const service = resolveService(from, product)
  // Where nothing is sent, nothing is mixed up either.
  if (enabled && service.name === unknownService) {
    warn(
      `The service has no name: spans, log lines and error events are those of ${unknownService}. Set SERVICE_NAME, or ` +
        "give Observability.layer a vocabulary with `service`."
    )
  }
  const tracing: Tracing = {
    disabled: from.readOrDefault(Variables.OTEL_SDK_DISABLED),
    ...resolveDestination(from, warn),
    sampler: resolveSampler(from, warn),
    queue: resolveQueue(from)
  }
  warnings.push(...Unsupported.warnings(from, tracing))
  const resolved: ObservabilityConfig = {
    enabled,
    service,
    tracing,
    metrics: {
      host: from.readOrDefault(Variables.METRICS_HOST),
      port: from.readOrDefault(Variables.METRICS_PORT),
      token: from.read(Variables.METRICS_TOKEN)
    },
    sentry: resolveSentry(from, warn),
    warnings
  }
  const [first, ...rest] = from.problems
  return first === undefined ? Result.succeed(resolved) : Result.fail([first, ...rest])
}
