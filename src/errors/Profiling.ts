/**
 * Profiling by `@sentry/profiling-node`, an optional package with native code: used where a program has installed it.
 */
import type { NodeOptions } from "@sentry/node"

type Integration = Extract<NonNullable<NodeOptions["integrations"]>, ReadonlyArray<unknown>>[number]

/** What is used of the package. */
export interface ProfilingPackage {
  readonly nodeProfilingIntegration: () => Integration & {
    readonly _profiler: { readonly start: () => void; readonly stop: () => void }
  }
}

// A name that the compiler does not look up: the package is not a dependency.
const specifier: string = "@sentry/profiling-node"

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error &&
  (error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND")

/** Loads the package, or answers `undefined` where it is not installed. */
export const load = async (): Promise<ProfilingPackage | undefined> => {
  try {
    return await import(specifier) as ProfilingPackage
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
