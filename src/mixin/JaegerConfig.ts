/**
 * Jaeger's configuration as data. Jaeger v2 is an OpenTelemetry Collector: a store that receives, keeps and shows traces,
 * and a gateway before it that keeps what is worth keeping.
 *
 * @example
 * import { JaegerConfig } from "@dawsos/observability/mixin"
 *
 * export const store = JaegerConfig.store({ folder: "/badger", timeToLive: "7 days", memoryMiB: 800 })
 * export const gateway = JaegerConfig.gateway({
 *   to: "http://jaeger:4318",
 *   decisionWait: "10 seconds",
 *   slow: "1 second",
 *   share: 0.1,
 *   memoryMiB: 400
 * })
 */
import type * as Duration from "effect/Duration"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"
import * as Yaml from "./Yaml.ts"

/** The ports that a configuration listens on, all of them Jaeger's own. */
export const ports = {
  /** Web pages and query API. */
  query: 16_686,
  queryGrpc: 16_685,
  otlpGrpc: 4317,
  otlpHttp: 4318,
  thriftHttp: 14_268,
  thriftCompact: 6831,
  thriftBinary: 6832,
  /** Jaeger's own metrics. */
  metrics: 8888,
  /** `/status` answers 200 while all is well. */
  health: 13_133
} as const

/** A Jaeger that keeps traces on its own disk, in Badger. */
export interface Store {
  /** Where they are kept: a folder of a volume. */
  readonly folder: string
  /** After how long a span is forgotten. */
  readonly timeToLive: Duration.Input
  /** Mebibytes of memory from which on spans are refused, so that senders keep them; below the container's limit. */
  readonly memoryMiB: number
}

/** A Jaeger that keeps nothing: it waits for the whole of a trace, decides, and passes on. */
export interface Gateway {
  /** OTLP over HTTP of the store, without `/v1/traces`. */
  readonly to: string
  /** How long after its first span a trace is decided on. Longer traces are decided on by what has arrived. */
  readonly decisionWait: Duration.Input
  /** Traces that last longer are kept. */
  readonly slow: Duration.Input
  /** The share of the other traces that is kept, from 0 to 1. Traces with an error are kept always. */
  readonly share: number
  /** How many traces wait at the same time; past it the oldest are decided on too early. Default 50,000. */
  readonly traces?: number | undefined
  /** Mebibytes of memory from which on spans are refused, so that senders keep them; below the container's limit. */
  readonly memoryMiB: number
}

/** A length of time as Go reads it, which knows no unit above the hour. */
const length = (milliseconds: number): string =>
  milliseconds % 3_600_000 === 0
    ? `${milliseconds / 3_600_000}h`
    : milliseconds % 1000 === 0
    ? `${milliseconds / 1000}s`
    : `${milliseconds}ms`

const any = (port: number): string => `0.0.0.0:${port}`

const health: Yaml.Value = {
  use_v2: true,
  http: { endpoint: any(ports.health), status: { enabled: true, path: "/status" } }
}

const telemetry = (name: string): Yaml.Value => ({
  resource: { "service.name": name },
  metrics: {
    level: "detailed",
    readers: [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: ports.metrics } } } }]
  },
  logs: { level: "info" }
})

const otlp: Yaml.Value = {
  protocols: { grpc: { endpoint: any(ports.otlpGrpc) }, http: { endpoint: any(ports.otlpHttp) } }
}

/** Refuses spans before the process is killed for its memory; the fifth above is what arrives between two looks. */
const memoryLimiter = (where: string, mebibytes: number): Yaml.Value => {
  if (!Number.isSafeInteger(mebibytes) || mebibytes < 64) {
    refuse(where, `memoryMiB was ${mebibytes}, allowed are whole numbers from 64`)
  }
  return { check_interval: "1s", limit_mib: mebibytes, spike_limit_mib: Math.floor(mebibytes / 5) }
}

const batch: Yaml.Value = { timeout: "200ms", send_batch_size: 512, send_batch_max_size: 1024 }

/** The text of the configuration of a Jaeger that keeps traces. Raises `MixinError` for what it would refuse. */
export const store = (
  options: Store,
  header = "Generated: Jaeger, which receives, keeps and shows traces."
): string => {
  if (!/^\/.*[^/]$/.test(options.folder)) {
    refuse("store", `the folder was ${options.folder}, allowed are absolute paths without a slash at their end`)
  }
  const timeToLive = PromQL.milliseconds("timeToLive", options.timeToLive)
  return Yaml.file(header, {
    service: {
      extensions: ["jaeger_storage", "jaeger_query", "healthcheckv2"],
      pipelines: {
        traces: {
          receivers: ["otlp", "jaeger"],
          processors: ["memory_limiter", "batch"],
          exporters: ["jaeger_storage_exporter"]
        }
      },
      telemetry: telemetry("jaeger")
    },
    receivers: {
      otlp,
      jaeger: {
        protocols: {
          thrift_http: { endpoint: any(ports.thriftHttp) },
          thrift_compact: { endpoint: any(ports.thriftCompact) },
          thrift_binary: { endpoint: any(ports.thriftBinary) }
        }
      }
    },
    processors: { memory_limiter: memoryLimiter("store", options.memoryMiB), batch },
    exporters: { jaeger_storage_exporter: { trace_storage: "badger" } },
    extensions: {
      healthcheckv2: health,
      jaeger_query: {
        storage: { traces: "badger" },
        // Otherwise it traces its own queries, and sends the traces to an address of its own choosing.
        enable_tracing: false,
        http: { endpoint: any(ports.query) },
        grpc: { endpoint: any(ports.queryGrpc) }
      },
      jaeger_storage: {
        backends: {
          badger: {
            badger: {
              ephemeral: false,
              directories: { keys: `${options.folder}/keys`, values: `${options.folder}/values` },
              ttl: { spans: length(timeToLive) }
            }
          }
        }
      }
    }
  })
}

/** The text of the configuration of a gateway. Raises `MixinError` for what it would refuse. */
export const gateway = (
  options: Gateway,
  header = "Generated: a gateway before Jaeger, which keeps errors, slow traces and a share of the rest."
): string => {
  if (!URL.canParse(options.to) || !/^https?:$/.test(new URL(options.to).protocol)) {
    refuse("gateway", `the address was ${options.to}, allowed are http and https addresses`)
  }
  if (!(options.share >= 0 && options.share <= 1)) {
    refuse("gateway", `the share was ${options.share}, allowed are numbers from 0 to 1`)
  }
  const traces = options.traces ?? 50_000
  if (!Number.isSafeInteger(traces) || traces < 1) {
    refuse("gateway", `traces was ${traces}, allowed are whole numbers from 1`)
  }
  const wait = PromQL.milliseconds("decisionWait", options.decisionWait)
  if (wait < 1000) refuse("gateway", `decisionWait was ${length(wait)}, allowed are 1s and more`)
  return Yaml.file(header, {
    service: {
      extensions: ["healthcheckv2"],
      pipelines: {
        traces: {
          receivers: ["otlp"],
          processors: ["memory_limiter", "tail_sampling", "batch"],
          exporters: ["otlphttp"]
        }
      },
      telemetry: telemetry("gateway")
    },
    receivers: { otlp },
    processors: {
      memory_limiter: memoryLimiter("gateway", options.memoryMiB),
      tail_sampling: {
        decision_wait: length(wait),
        num_traces: traces,
        // Spans that come after the decision share its fate.
        decision_cache: { sampled_cache_size: traces * 10, non_sampled_cache_size: traces * 10 },
        policies: [
          { name: "errors", type: "status_code", status_code: { status_codes: ["ERROR"] } },
          {
            name: "slow",
            type: "latency",
            latency: { threshold_ms: PromQL.milliseconds("slow", options.slow) }
          },
          {
            name: "share",
            type: "probabilistic",
            probabilistic: { sampling_percentage: Number((options.share * 100).toFixed(6)) }
          }
        ]
      },
      batch
    },
    exporters: { otlphttp: { endpoint: options.to } },
    extensions: { healthcheckv2: health }
  })
}
