/**
 * How third-party spans find their parents: the strict way, by following fibers, where that is known to work.
 *
 * It is process-wide, as the context manager is that it feeds: on as long as a live layer wants it.
 */
import { ContextManager } from "./ContextManager.ts"
import * as FiberInternals from "./FiberInternals.ts"
import * as ParentsSelfTest from "./ParentsSelfTest.ts"

/**
 * `strict`: fibers are followed, by private API of Effect, and whatever code inside a span begins is below it. `public`:
 * a hook of the tracer's, which costs each step inside a span a little and misses what synchronous code begins and
 * leaves to later.
 */
export type Way = "strict" | "public"

/** Which way a layer goes, and why; its tracer needs a `context` hook on the public one only. */
export interface Parents {
  readonly way: Way
  readonly reason: string
}

let verdict: { readonly problem: string | undefined } | undefined
const wanting = new Set<object>()
let unwatch: (() => void) | undefined

/** Decides for a layer: `manager` is ours, or `undefined` where the program has registered another. */
export const add = (layer: object, wanted: Way, manager: ContextManager | undefined): Parents => {
  if (wanted === "public") return { way: "public", reason: "the layer was told so" }
  if (manager === undefined) return { way: "public", reason: "another context manager is registered" }
  const { problem } = verdict ??= selfTest()
  if (problem !== undefined) return { way: "public", reason: `this Effect can't be followed: ${problem}` }
  unwatch ??= FiberInternals.watch(manager.watcher)
  wanting.add(layer)
  return { way: "strict", reason: "fibers were followed rightly when that was tried" }
}

/** Takes a layer out; with the last one that wanted it nobody follows fibers any more. */
export const remove = (layer: object): void => {
  wanting.delete(layer)
  if (wanting.size > 0) return
  unwatch?.()
  unwatch = undefined
}

/** Once per process, some milliseconds at most: nothing that it finds changes while the program runs. */
const selfTest = (): { readonly problem: string | undefined } => {
  const manager = new ContextManager()
  try {
    const stop = FiberInternals.watch(manager.watcher)
    try {
      return { problem: ParentsSelfTest.problem(manager) }
    } finally {
      stop()
      manager.disable()
    }
  } catch (fault) {
    return { problem: String(fault) }
  }
}
