/**
 * Metrics that are served on a port: the catalogue, Effect's own registry and Node's runtime.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Exposition from "./Exposition.ts"
import * as Metrics from "./Metrics.ts"
import * as MetricsMemory from "./MetricsMemory.ts"
import type { Limits } from "./MetricsServer.ts"
import * as MetricsServer from "./MetricsServer.ts"
import type { MetricsServerError } from "./MetricsServerError.ts"
import * as RuntimeMetrics from "./RuntimeMetrics.ts"

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

/**
 * The service with `/metrics` and `/healthz`, until the scope closes. prom-client, which only writes the metrics that are
 * not of the catalogue, is loaded by the first scrape: a program that starts does not wait for it.
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const registry = yield* MetricsMemory.registry(options)
  const context = yield* Effect.context<never>()
  const askRuntime = yield* RuntimeMetrics.acquire
  // Node's metrics are a supplement: no scrape fails for want of them.
  const runtimeOf = (prom: RuntimeMetrics.PromClient) => {
    try {
      return askRuntime(prom)
    } catch (fault) {
      registry.books.scrapeFailed("runtime", fault)
      return undefined
    }
  }
  const load = async (): Promise<Exposition.Open> => {
    const { default: prom } = await import("prom-client")
    return Exposition.pages({ registry, prom, context, runtime: runtimeOf(prom) })
  }
  let loaded: Promise<Exposition.Open> | undefined
  const open: Exposition.Open = async (format) => (await (loaded ??= load()))(format)
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
