/**
 * The configuration that holds here: the environment over this program's defaults, and a local receiver for each signal
 * that has no destination.
 */
import { ObservabilityConfig, Scrubber } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import type * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { existsSync } from "node:fs"
import * as Receiver from "../receiver/Receiver.ts"
import { Unavailable } from "./Errors.ts"
import type { Fault } from "./Faults.ts"
import * as Settings from "./Settings.ts"

/** Observability is on unless somebody says otherwise, and spans are sent soon: someone is watching. */
const defaults = { ENABLE_OBSERVABILITY: "true", OTEL_BSP_SCHEDULE_DELAY: "1000" }

const traceDestinations = [
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "JAEGER_ENDPOINT",
  "JAEGER_AGENT_HOST"
]

export interface Environment {
  readonly provider: ConfigProvider.ConfigProvider
  readonly config: ObservabilityConfig.ObservabilityConfig
  /** Where spans arrive, unless they go to a real destination. */
  readonly traces: Receiver.Shape | undefined
  /** Where error events arrive, unless they go to a real Sentry. */
  readonly events: Receiver.Shape | undefined
}

/** Reads `.env` where there is one; what the environment has already stays. */
export const loadEnvFile = (): void => {
  if (existsSync(".env")) process.loadEnvFile(".env")
}

/** The layer's configuration and the program's own, the problems of both together. */
const checked = Effect.fnUntraced(function*(provider: ConfigProvider.ConfigProvider) {
  const layer = yield* Effect.result(ObservabilityConfig.configOf(DawsOs.vocabulary.service).parse(provider))
  const own = yield* Effect.result(Settings.config.parse(provider))
  const failures = [...Option.toArray(Result.getFailure(layer)), ...Option.toArray(Result.getFailure(own))]
  const issues = failures.flatMap(({ cause }) => cause._tag === "SchemaError" ? [cause.issue] : [])
  const [first, ...rest] = issues
  if (first !== undefined) return yield* Effect.fail<Config.ConfigError>(Settings.configError([first, ...rest]))
  return yield* Effect.fromResult(layer)
})

/** Checks the environment and starts the receivers that it leaves room for. */
export const prepare = Effect.fnUntraced(
  function*(environment: Readonly<Record<string, string | undefined>>, fault: Fault | undefined) {
    // A blank value counts as not set, for the defaults too.
    const given = Object.fromEntries(
      Object.entries(environment).filter((entry): entry is [string, string] => (entry[1] ?? "").trim() !== "")
    )
    const env: Record<string, string> = { ...defaults, ...given }
    const config = yield* checked(ConfigProvider.fromEnv({ env }))
    const destination = traceDestinations.find((name) => name in given)
    if (fault === "collector-down" && (!config.enabled || config.tracing.disabled || destination !== undefined)) {
      const why = destination === undefined ? "tracing is off" : `spans go elsewhere, because ${destination} is set`
      return yield* new Unavailable({ message: `--fault collector-down needs the local receiver, but ${why}` })
    }
    const traces = !config.enabled || config.tracing.disabled || destination !== undefined
      ? undefined
      : yield* Receiver.make({ signals: ["otlp"] })
    const events = !config.enabled || Option.isSome(config.sentry.dsn)
      ? undefined
      : yield* Receiver.make({ signals: ["sentry", "sentryOtlp"] })
    if (traces !== undefined) env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = traces.otlpTracesUrl
    if (events !== undefined) env["SENTRY_DSN"] = events.sentryDsn
    const provider = ConfigProvider.fromEnv({ env })
    return { provider, config: yield* checked(provider), traces, events } satisfies Environment
  }
)

const scrubber = Scrubber.make()

/** Where spans go, for people: a key may travel in the query of an address. */
export const traceDestination = ({ config, traces }: Environment): string => {
  const { destination, disabled } = config.tracing
  if (!config.enabled || disabled) return "nowhere, tracing is off"
  if (traces !== undefined) return `local receiver ${traces.otlpTracesUrl}`
  return destination._tag === "JaegerUdp"
    ? `${destination.host}:${destination.port} (UDP)`
    : scrubber.url(destination.url)
}

/** Where error events go, for people. */
export const eventDestination = ({ config, events }: Environment): string =>
  !config.enabled ? "nowhere, error tracking is off" : events === undefined
    ? "the Sentry of SENTRY_DSN"
    : `local receiver http://${events.host}:${events.port}`
