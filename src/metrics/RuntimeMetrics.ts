/**
 * Node's own metrics (event loop, heap, garbage collection, handles): one collection a process, shared by its layers.
 *
 * prom-client's `collectDefaultMetrics` starts an observer of garbage collections and a monitor of the event loop at
 * each call and has no way to stop them. So it is called once a process, into a registry of its own, when these metrics
 * are first asked for; what it starts is noted meanwhile, stopped when the last layer of the process closes, and started
 * again when the next one is asked.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createRequire } from "node:module"
import type * as PerfHooks from "node:perf_hooks"
import type { Registry } from "prom-client"

/** What is needed of prom-client, which is loaded by the first scrape. */
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
let isRunning = false
let users = 0

/** The number of layers in this process that show Node's metrics at the moment. */
export const userCount = (): number => users

/** Gives the registry of Node's metrics. The first to ask in a process starts the collection. */
export type Ask = (prom: PromClient) => Registry

const ask: Ask = (prom) => {
  const before = collection
  const asked = collection ??= begin(prom)
  if (before === undefined) isRunning = true
  else if (!isRunning && users > 0) {
    asked.start()
    isRunning = true
  }
  // Who asked may be gone by the time that prom-client is there.
  stopUnused()
  return asked.registry
}

const stop = (): void => {
  if (isRunning) collection?.stop()
  isRunning = false
}

const stopUnused = (): void => {
  if (users === 0) stop()
}

/** A use of Node's metrics, for the life of a scope: the last one to end stops the collection. */
export const acquire: Effect.Effect<Ask, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    users++
    return ask
  }),
  () =>
    Effect.sync(() => {
      users--
      stopUnused()
    })
)
