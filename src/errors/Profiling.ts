/**
 * Profiling by `@sentry/profiling-node`, an optional package with native code: used where a program has installed it.
 */
import type { NodeOptions } from "@sentry/node"
import { createRequire } from "node:module"

type Integration = Extract<NonNullable<NodeOptions["integrations"]>, ReadonlyArray<unknown>>[number]

/** What is used of the package. */
export interface ProfilingPackage {
  readonly nodeProfilingIntegration: () => Integration & {
    readonly _profiler: { readonly start: () => void; readonly stop: () => void }
  }
}

// A name that the compiler does not look up: the package is not a dependency.
const specifier: string = "@sentry/profiling-node"

const isInstalled = (): boolean => {
  try {
    createRequire(import.meta.url).resolve(specifier)
    return true
  } catch {
    // The one thing that resolving can tell.
    return false
  }
}

/** Loads the package, or answers `undefined` where it is not installed. Rejects when it is, but can't be loaded. */
export const load = async (): Promise<ProfilingPackage | undefined> =>
  isInstalled() ? await import(specifier) as ProfilingPackage : undefined
