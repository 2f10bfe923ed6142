import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as PerfHooks from "node:perf_hooks"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import prom from "prom-client"
import * as RuntimeMetrics from "../../src/metrics/RuntimeMetrics.ts"

setFlagsFromString("--expose_gc")
const collectGarbage = runInNewContext("gc") as () => void

const collections = async (registry: InstanceType<typeof prom.Registry>): Promise<number> => {
  const metric = registry.getSingleMetric("nodejs_gc_duration_seconds")
  const { values } = await (metric as unknown as {
    get: () => Promise<{ values: ReadonlyArray<{ metricName?: string; value: number }> }>
  })
    .get()
  return values.filter(({ metricName }) => metricName?.endsWith("_count")).reduce((sum, { value }) => sum + value, 0)
}

/** Collects garbage and gives the observers their turn. */
const collect = async (): Promise<void> => {
  collectGarbage()
  for (let turn = 0; turn < 3; turn++) await new Promise((resume) => setImmediate(resume))
}

const opened = Effect.gen(function*() {
  const scope = yield* Scope.make()
  const ask = yield* RuntimeMetrics.acquire.pipe(Scope.provide(scope))
  return { ask, registry: ask(prom), close: Scope.close(scope, Exit.void) }
})

describe("Node's metrics", () => {
  it.live("are collected once a process: from the first layer to the last, and again after that", () =>
    Effect.gen(function*() {
      const { PerformanceObserver, monitorEventLoopDelay } = PerfHooks
      const one = yield* opened
      const two = yield* opened
      expect(RuntimeMetrics.userCount()).toBe(2)
      expect(two.registry).toBe(one.registry)
      expect([PerfHooks.PerformanceObserver, PerfHooks.monitorEventLoopDelay]).toEqual([
        PerformanceObserver,
        monitorEventLoopDelay
      ])
      const counted = () => Effect.promise(() => collections(one.registry))
      const garbage = Effect.promise(collect)

      yield* one.close
      const before = yield* counted()
      yield* garbage
      const between = yield* counted()
      expect(between).toBeGreaterThan(before)

      yield* two.close
      expect(RuntimeMetrics.userCount()).toBe(0)
      yield* garbage
      expect(yield* counted()).toBe(between)

      const three = yield* opened
      expect(three.registry).toBe(one.registry)
      yield* garbage
      const after = (yield* counted()) - between
      expect(after).toBeGreaterThan(0)
      yield* three.close

      // Who asks when its layer is gone starts nothing that nobody would stop.
      expect(three.ask(prom)).toBe(one.registry)
      const afterwards = yield* counted()
      yield* garbage
      expect(yield* counted()).toBe(afterwards)
    }))
})
