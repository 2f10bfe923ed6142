/**
 * Node's own metrics (event loop, heap, garbage collection, handles): one collection a process, shared by its layers.
 *
 * prom-client's `collectDefaultMetrics` starts an observer of garbage collections and a monitor of the event loop at
 * each call and has no way to stop them. So it is called once a process, into a registry of its own; what it starts is
 * noted meanwhile, stopped when the last layer of the process closes, and started again by the next one.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createRequire } from "node:module"
import type * as PerfHooks from "node:perf_hooks"
import type { Registry } from "prom-client"

/** What is needed of prom-client, which is loaded only where metrics are on. */
export interface PromClient {
  readonly Registry: typeof Registry
  readonly collectDefaultMetrics: (options: { readonly register: Registry }) => void
}

interface Collection {
  readonly registry: Registry
  readonly start: () => void
  readonly stop: () => void
}

// The object that prom-client reads its classes from: an ES import would be a copy of its properties.
const perfHooks: typeof PerfHooks = createRequire(import.meta.url)("node:perf_hooks")

const begin = (prom: PromClient): Collection => {
  const registry = new prom.Registry()
  const observers: Array<InstanceType<typeof perfHooks.PerformanceObserver>> = []
  const monitors: Array<ReturnType<typeof perfHooks.monitorEventLoopDelay>> = []
  const { PerformanceObserver, monitorEventLoopDelay } = perfHooks
  try {
    perfHooks.PerformanceObserver = class extends PerformanceObserver {
      constructor(...args: ConstructorParameters<typeof PerformanceObserver>) {
        super(...args)
        observers.push(this)
      }
    }
    perfHooks.monitorEventLoopDelay = (options) => {
      const monitor = monitorEventLoopDelay(options)
      monitors.push(monitor)
      return monitor
    }
    prom.collectDefaultMetrics({ register: registry })
  } finally {
    perfHooks.PerformanceObserver = PerformanceObserver
    perfHooks.monitorEventLoopDelay = monitorEventLoopDelay
  }
  return {
    registry,
    start: () => {
      for (const observer of observers) observer.observe({ entryTypes: ["gc"] })
      for (const monitor of monitors) monitor.enable()
    },
    stop: () => {
      for (const observer of observers) observer.disconnect()
      for (const monitor of monitors) monitor.disable()
    }
  }
}

let collection: Collection | undefined
let users = 0

/** The number of layers in this process that show Node's metrics at the moment. */
export const userCount = (): number => users

/** The registry of Node's metrics, for the life of a scope. The first user of a process starts the collection. */
export const acquire = (prom: PromClient): Effect.Effect<Registry, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      if (collection === undefined) collection = begin(prom)
      else if (users === 0) collection.start()
      users++
      return collection
    }),
    ({ stop }) =>
      Effect.sync(() => {
        users--
        if (users === 0) stop()
      })
  ).pipe(Effect.map(({ registry }) => registry))
