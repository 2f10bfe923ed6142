// The stack that a user wires by hand: `@effect/opentelemetry` with a `BatchSpanProcessor` and the protobuf exporter,
// AsyncLocalStorage for third-party instrumentation, `prom-client` with exemplars, `@sentry/node` for errors.
import { type Catalogue, Observation } from "@dawsos/observability"
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import * as Otel from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { hrTimeToMilliseconds } from "@opentelemetry/core"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto"
import { BatchSpanProcessor, type ReadableSpan, type SpanProcessor } from "@opentelemetry/sdk-trace-node"
import * as Sentry from "@sentry/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Tracer from "effect/Tracer"
import { createServer } from "node:http"
import type * as Net from "node:net"
import * as Prom from "prom-client"

/** All metrics, in the format that has exemplars. */
export const registry = new Prom.Registry<Prom.OpenMetricsContentType>()
registry.setContentType(Prom.Registry.OPENMETRICS_CONTENT_TYPE)

const labelNames = (definition: Catalogue.Definition): ReadonlyArray<string> => Object.keys(definition.labels)

/** A counter with the name and labels of a definition. */
export const counter = (definition: Catalogue.Counter): Prom.Counter => {
  const { help, name } = definition
  return new Prom.Counter({ name, help, labelNames: labelNames(definition), registers: [registry] })
}

/** A gauge with the name and labels of a definition. */
export const gauge = (definition: Catalogue.Gauge): Prom.Gauge => {
  const { help, name } = definition
  return new Prom.Gauge({ name, help, labelNames: labelNames(definition), registers: [registry] })
}

/** A histogram with the name, labels and buckets of a definition. */
export const histogram = (definition: Catalogue.Histogram): Prom.Histogram => {
  const { buckets, help, name } = definition
  return new Prom.Histogram({
    name,
    help,
    labelNames: labelNames(definition),
    buckets: [...buckets],
    enableExemplars: true,
    registers: [registry]
  })
}

type Labels = Readonly<Record<string, string>>

/** What is recorded of one kind of operation. */
export interface Kind<Input> {
  readonly span: (
    input: Input
  ) => {
    readonly name: string
    readonly kind?: Tracer.SpanKind
    readonly attributes: Readonly<Record<string, unknown>>
  }
  readonly total: Prom.Counter
  readonly duration: Prom.Histogram
  /** Those of the histogram; the counter has the status beside them. */
  readonly labels: (input: Input) => Labels
}

/** A combinator with the interface of this package's: `Effect.withSpan`, a counter, a histogram with an exemplar. */
export const combinator = <Input>(kind: Kind<Input>): Observation.Combinator<Input> => {
  const observe = <A, E, R>(
    self: Effect.Effect<A, E, R>,
    input: Input,
    options: Observation.Options<A> | undefined
  ): Effect.Effect<A, E, R> => {
    const { name, ...span } = kind.span(input)
    const labels = kind.labels(input)
    return Effect.withSpan(
      Effect.suspend(() => {
        const begin = performance.now()
        return Effect.onExit(self, (exit) =>
          Effect.map(Effect.orDie(Effect.currentSpan), (current) => {
            const status = Observation.statusOf(exit, options?.degraded)
            current.attribute("dawsos.status", status)
            kind.total.inc({ ...labels, status })
            kind.duration.observe({
              labels,
              value: (performance.now() - begin) / 1000,
              exemplarLabels: { trace_id: current.traceId }
            })
          }))
      }),
      name,
      span
    )
  }
  function combine(...args: ReadonlyArray<unknown>): unknown {
    // The overloads of `Combinator` are the only ways in, and an input is no effect.
    if (Effect.isEffect(args[0])) {
      const [self, input, options] = args as readonly [Effect.Effect<unknown>, Input, Observation.Options | undefined]
      return observe(self, input, options)
    }
    const [input, options] = args as readonly [Input, Observation.Options | undefined]
    return (self: Effect.Effect<unknown>) => observe(self, input, options)
  }
  return combine as Observation.Combinator<Input>
}

/** How a statement is counted. */
export interface Statements {
  readonly total: Prom.Counter
  readonly duration: Prom.Histogram
}

/**
 * Counts spans, and the statements among them by operation and table: Effect's SQL client has no hook for the end of a
 * statement, but a span has.
 */
class Counting implements SpanProcessor {
  ended = 0
  readonly #statements: Statements
  readonly #labels = new Map<string, Labels>()

  constructor(statements: Statements) {
    this.#statements = statements
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    this.ended++
    const text = span.attributes["db.query.text"]
    if (typeof text !== "string") return
    const labels = this.#labelsOf(text)
    this.#statements.total.inc(labels)
    this.#statements.duration.observe({
      labels,
      value: hrTimeToMilliseconds(span.duration) / 1000,
      exemplarLabels: { trace_id: span.spanContext().traceId }
    })
  }

  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  shutdown(): Promise<void> {
    return Promise.resolve()
  }

  #labelsOf(text: string): Labels {
    const known = this.#labels.get(text)
    if (known !== undefined) return known
    const operation = /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? "other"
    const table = /\b(?:from|into|update|join)\s+"?(\w+)/i.exec(text)?.[1] ?? "none"
    const labels = { operation, table }
    this.#labels.set(text, labels)
    return labels
  }
}

const listening = (server: Net.Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  })

const metricsServer = () =>
  createServer((_request, response) => {
    registry.metrics().then(
      (page) => response.writeHead(200, { "content-type": registry.contentType }).end(page),
      (error: unknown) => response.writeHead(500).end(String(error))
    )
  })

export interface ByHand {
  /** Installs the tracer, for as long as the layer lives. */
  readonly layer: Layer.Layer<never>
  readonly metricsUrl: string
  /** How many spans have ended. */
  readonly ended: () => number
}

/** Sets everything up; size, batch and delay of the processor's queue are in the environment (`OTEL_BSP_*`). */
export const start = async (
  options: { readonly tracesUrl: string; readonly sentryDsn: string; readonly statements: Statements }
): Promise<ByHand> => {
  Sentry.init({ dsn: options.sentryDsn })
  Otel.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  Prom.collectDefaultMetrics({ register: registry })
  const counting = new Counting(options.statements)
  const server = metricsServer()
  const port = await listening(server)
  const closed = Layer.effectDiscard(Effect.addFinalizer(() =>
    Effect.promise(async () => {
      server.close()
      await Sentry.close(2000)
    })
  ))
  const tracing = NodeSdk.layer(() => ({
    resource: { serviceName: "dawsos-backend" },
    spanProcessor: [counting, new BatchSpanProcessor(new OTLPTraceExporter({ url: options.tracesUrl }))]
  }))
  return {
    layer: Layer.provideMerge(closed, tracing),
    metricsUrl: `http://127.0.0.1:${port}/metrics`,
    ended: () => counting.ended
  }
}
