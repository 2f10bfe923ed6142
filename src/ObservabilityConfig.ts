/**
 * Every environment variable of the layer, read once, typed and checked together.
 *
 * The one value to use is {@link config}, or {@link configOf} for a product that names its service; it is an Effect
 * `Config`, so a `ConfigProvider` replaces the environment.
 */
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Problem from "./config/Problem.ts"
import { fromTexts, names } from "./config/Read.ts"
import { Variables } from "./config/Variables.ts"

/** Where ended spans go: OTLP over HTTP in protobuf, or one of Jaeger's Thrift forms. */
export type TraceDestination =
  | {
    readonly _tag: "Otlp"
    /** The full address, `/v1/traces` included, without credentials. */
    readonly url: string
    /** Names in lower case; credentials of the address are here as `authorization`. */
    readonly headers: Readonly<Record<string, Redacted.Redacted<string>>>
    /** The longest that one request may take. */
    readonly timeout: Duration.Duration
  }
  | {
    readonly _tag: "JaegerHttp"
    /** Without credentials. */
    readonly url: string
    /** Credentials of the address, as `authorization`. */
    readonly headers: Readonly<Record<string, Redacted.Redacted<string>>>
  }
  | { readonly _tag: "JaegerUdp"; readonly host: string; readonly port: number }

/** Which traces are kept; `parentBased` follows the caller's decision and applies the rest to roots only. */
export type SamplerConfig =
  | { readonly _tag: "AlwaysOn"; readonly parentBased: boolean }
  | { readonly _tag: "AlwaysOff"; readonly parentBased: boolean }
  | { readonly _tag: "Ratio"; readonly ratio: number; readonly parentBased: boolean }

/** What a product says of its service; it holds where the environment says nothing. */
export interface ServiceDefaults {
  readonly name: string
  readonly version?: string | undefined
}

/** What the environment says about observability, checked; secrets are `Redacted`, so the value may be logged. */
export interface ObservabilityConfig {
  /** `ENABLE_OBSERVABILITY`; `false` unless set. */
  readonly enabled: boolean
  readonly service: {
    /** `unknown_service:node` where neither the environment nor the product names it. */
    readonly name: string
    /** `undefined` where neither the environment nor the product tells it. */
    readonly version: string | undefined
    /** Such as `development` or `production`; `deployment.environment.name` on spans. */
    readonly environment: string
    /** `OTEL_RESOURCE_ATTRIBUTES` without the three fields above. */
    readonly resourceAttributes: Readonly<Record<string, string>>
  }
  readonly tracing: {
    /** `OTEL_SDK_DISABLED`: tracing alone is off. */
    readonly disabled: boolean
    readonly destination: TraceDestination
    /** Which variable chose the destination, for the log line at start. */
    readonly destinationReason: string
    readonly sampler: SamplerConfig
    readonly queue: {
      /** Ended spans that may wait, in spans. */
      readonly maxQueueSize: number
      /** Spans of one export at most; never above `maxQueueSize`. */
      readonly maxExportBatchSize: number
      readonly scheduledDelay: Duration.Duration
      readonly exportTimeout: Duration.Duration
    }
  }
  readonly metrics: {
    readonly host: string
    /** 0 asks for any free port. */
    readonly port: number
    readonly token: Option.Option<Redacted.Redacted<string>>
  }
  readonly sentry: {
    readonly dsn: Option.Option<Redacted.Redacted<string>>
    /** From 0 to 1. */
    readonly tracesSampleRate: number
    /** From 0 to 1. */
    readonly profilesSampleRate: number
  }
  /** What is allowed but probably not meant, a line each, for the log at start. */
  readonly warnings: ReadonlyArray<string>
}

/** One environment variable in words: the source of `.env.example` and of the documentation. */
export interface Variable {
  readonly name: string
  /** The text that stands for it when it is unset; `undefined` where there is none. */
  readonly default: string | undefined
  readonly meaning: string
  /** Completes "Allowed: …". */
  readonly allowed: string
  /** A secret's value is never shown. */
  readonly secret: boolean
  /** The heading that it belongs under. */
  readonly group: string
}

/**
 * Every variable that {@link config} acts on, in the order of the documentation.
 *
 * Use it to generate text about the configuration, never to read the environment.
 */
export const variables: ReadonlyArray<Variable> = Object.values(Variables)
  .map(({ allowed, default: fallback, group, meaning, name, secret }) => ({
    name,
    default: fallback,
    meaning,
    allowed,
    secret,
    group
  }))

// One text for all of them, and made when it is first read: what Effect makes of a schema before it reads is made once,
// and not for the layer, which asks the provider itself.
let texts: Config.Config<Readonly<Record<string, Option.Option<string>>>> | undefined
const reading = (): NonNullable<typeof texts> => {
  if (texts !== undefined) return texts
  const text = Config.option(Config.String())
  return texts = Config.all(Object.fromEntries(names.map((name) => [name, Config.nested(text, name)])))
}

/**
 * {@link config} for a product that names its service: what the layer with this `service` in its vocabulary reads.
 *
 * ```ts
 * import { ObservabilityConfig } from "@dawsos/observability"
 *
 * export const config = ObservabilityConfig.configOf({ name: "books", version: "1.4.0" })
 * ```
 */
export const configOf = (product: ServiceDefaults | undefined): Config.Config<ObservabilityConfig> =>
  Config.flatMap(Config.succeed(undefined), reading).pipe(Config.mapEffect((texts) => fromTexts(texts, product)))

/**
 * The configuration of the layer as one Effect `Config`.
 *
 * Blank values count as unset. Every bad value is reported in one `ConfigError`, each with its variable, its value
 * (never a secret's, nor a URL's credentials) and what is allowed; {@link formatError} prints it. Nothing is checked
 * less because observability is off.
 *
 * ```ts
 * import { ObservabilityConfig } from "@dawsos/observability"
 * import * as ConfigProvider from "effect/ConfigProvider"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const { metrics } = yield* ObservabilityConfig.config
 *   yield* Effect.log(`/metrics listens on ${metrics.host}:${metrics.port}`)
 * })
 *
 * const provided = Effect.provide(program, ConfigProvider.layer(ConfigProvider.fromUnknown({ METRICS_PORT: 0 })))
 * ```
 */
export const config: Config.Config<ObservabilityConfig> = configOf(undefined)

/**
 * A `ConfigError` as one readable block, a line for each bad variable.
 *
 * Use it where the program ends because of its configuration. It reads the errors of any Effect `Config`, not only of
 * {@link config}, and shows no secret of ours.
 *
 * ```ts
 * import { ObservabilityConfig } from "@dawsos/observability"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const program = ObservabilityConfig.config.pipe(
 *   Effect.tapError((error) => Console.error(ObservabilityConfig.formatError(error)))
 * )
 * ```
 */
export const formatError = (error: Config.ConfigError): string => Problem.formatError(error)
