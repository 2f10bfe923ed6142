import * as Option from "effect/Option"
import type { ObservabilityConfig } from "../ObservabilityConfig.ts"
import * as Problem from "./Problem.ts"
import type { Reader } from "./Variable.ts"

type Tracing = Pick<ObservabilityConfig["tracing"], "destination" | "disabled">

/** A standard variable of OpenTelemetry that changes nothing here: who sets it expects something else. */
interface Unsupported {
  /** The names that it goes by; one that is set beats those after it. */
  readonly names: ReadonlyArray<string>
  /** Whether the layer does anyway what the value, in lower case, asks for. */
  readonly isDone: (value: string, tracing: Tracing) => boolean
  /** What the layer does, and what to set in its place. */
  readonly instead: string
}

const unsupported: ReadonlyArray<Unsupported> = [
  {
    names: ["OTEL_TRACES_EXPORTER"],
    isDone: (value, { destination, disabled }) =>
      disabled || value === (destination._tag === "Otlp" ? "otlp" : "jaeger"),
    instead:
      "spans go to the first destination that is set, else by OTLP to localhost. Set OTEL_EXPORTER_OTLP_ENDPOINT " +
      "or JAEGER_ENDPOINT for another one, or OTEL_SDK_DISABLED=true for none."
  },
  {
    names: ["OTEL_METRICS_EXPORTER"],
    isDone: (value) => value === "prometheus" || value === "none",
    instead:
      "metrics are pushed nowhere. Have Prometheus, or a collector, scrape /metrics on METRICS_HOST and METRICS_PORT."
  },
  {
    names: ["OTEL_LOGS_EXPORTER"],
    isDone: (value) => value === "console" || value === "none",
    instead: "log lines are written to the console and sent nowhere. Have a collector read them there."
  },
  {
    names: ["OTEL_PROPAGATORS"],
    isDone: (value) => value === "tracecontext",
    instead:
      "trace context goes out as W3C's traceparent, by Effect's HTTP client as b3 too, and no baggage is sent on. " +
      "Set it to tracecontext, or not at all."
  },
  {
    names: ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"],
    isDone: (value) => value === "none",
    instead: "spans are sent uncompressed. Have a collector beside the program compress what goes further."
  },
  {
    names: ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"],
    isDone: () => false,
    instead:
      "certificates are checked by Node. Name the file in NODE_EXTRA_CA_CERTS, which Node adds to those it trusts."
  }
]

/** The variables that are read to warn of them, and for nothing else. */
export const names: ReadonlyArray<string> = unsupported.flatMap(({ names }) => names)

/** A line for each variable that asks for what the layer does not do. */
export const warnings = (from: Reader, tracing: Tracing): ReadonlyArray<string> =>
  unsupported.flatMap(({ instead, isDone, names }) => {
    const [first] = names.flatMap((name) =>
      Option.toArray(Option.map(from.text({ name }), (value) => ({ name, value })))
    )
    if (first === undefined || isDone(first.value.toLowerCase(), tracing)) return []
    return [`${first.name}=${Problem.show(first.value)} has no effect: ${instead}`]
  })
