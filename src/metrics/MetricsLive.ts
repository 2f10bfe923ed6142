/**
 * Metrics that are served on a port: the catalogue, Effect's own registry and Node's runtime.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Metrics from "./Metrics.ts"
import * as MetricsMemory from "./MetricsMemory.ts"
import type { Limits } from "./MetricsServer.ts"
import type { MetricsServerError } from "./MetricsServerError.ts"

/** What metrics are kept for, and where they are served. */
export interface Options extends MetricsMemory.Options {
  readonly config: {
    /** `METRICS_HOST`. */
    readonly host: string
    /** `METRICS_PORT`; 0 asks for any free port, which `Metrics.address` tells. */
    readonly port: number
    /** `METRICS_TOKEN`. */
    readonly token: Option.Option<Redacted.Redacted<string>>
  }
  /** Bounds of the metrics server, for tests. */
  readonly limits?: Partial<Limits> | undefined
}

/** The service with `/metrics` and `/healthz`, until the scope closes. Loads prom-client and Node's HTTP server. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const [{ default: prom }, Exposition, MetricsServer, RuntimeMetrics] = yield* Effect.promise(() =>
    Promise.all([
      import("prom-client"),
      import("./Exposition.ts"),
      import("./MetricsServer.ts"),
      import("./RuntimeMetrics.ts")
    ])
  )
  const registry = yield* MetricsMemory.registry(options)
  const open = Exposition.pages({
    registry,
    prom,
    context: yield* Effect.context<never>(),
    // Node's metrics are a supplement: a program does not fail to start for want of them.
    runtime: yield* RuntimeMetrics.acquire(prom).pipe(
      Effect.catchDefect((fault) =>
        Effect.sync(() => {
          registry.books.scrapeFailed("runtime", fault)
          return undefined
        })
      )
    )
  })
  const write = Exposition.texts(open)
  const render = (format: Metrics.Format) => Effect.promise(() => write(format))
  const address = yield* MetricsServer.serve({
    ...options.config,
    limits: options.limits,
    open,
    failed: (fault) => registry.books.scrapeFailed("exposition", fault),
    refused: registry.books.refused
  })
  const service: Metrics.Service = { enabled: true, ...registry.recording, render, address: Option.some(address) }
  return service
})

/** A layer of `make`. Fails with what to do when the port can't be opened. */
export const layer = (options: Options): Layer.Layer<Metrics.Metrics, MetricsServerError> =>
  Layer.effect(Metrics.Metrics)(make(options))
