/**
 * Keeps a fault of the observability layer out of the program that it observes.
 *
 * Every hook that the layer hangs into Effect (tracer, logger, reporter, recorder, sink, collector) runs through a
 * `Guard`: what it throws is caught and counted by hook, never seen by the host.
 */
import * as Context from "effect/Context"

/** The places where code of the layer runs inside the host's effects. */
export type Hook =
  | "tracer"
  | "context"
  | "logger"
  | "reporter"
  | "recorder"
  | "listener"
  | "scrubber"
  | "sink"
  | "collect"
  | "instrument"

/** The hooks in the order in which they are exposed. */
export const hooks: ReadonlyArray<Hook> = [
  "tracer",
  "context",
  "logger",
  "reporter",
  "recorder",
  "listener",
  "scrubber",
  "sink",
  "collect",
  "instrument"
]

/**
 * Runs hooks, and counts those that threw.
 *
 * One guard belongs to one layer, so that two layers in a process do not share their counts.
 *
 * @example
 * import { Guard } from "@dawsos/observability"
 *
 * const guard = Guard.make()
 *
 * export const price = (text: string): number | undefined =>
 *   guard.run("recorder", () => JSON.parse(text).price, () => undefined)
 */
export interface Guard {
  /** Runs `body`; when it throws, counts a fault of `hook` and answers with what `fallback`, which can't, gives. */
  readonly run: <A>(hook: Hook, body: () => A, fallback: () => A) => A
  /** Counts a fault that was caught elsewhere (a rejected promise, say). */
  readonly count: (hook: Hook, fault: unknown) => void
  /** How often each hook has thrown so far. */
  readonly faults: () => ReadonlyMap<Hook, number>
  /** The last fault of a hook, for a log line or a test. */
  readonly last: (hook: Hook) => unknown
}

/** Who is told of faults beside the books. */
export interface Options {
  /** Told of the first fault of each hook, in the midst of whatever it interrupts; it may not throw. */
  readonly onFirst?: ((hook: Hook, fault: unknown) => void) | undefined
}

/** Makes a guard whose counts begin at zero. */
export const make = ({ onFirst }: Options = {}): Guard => {
  const counts = new Map<Hook, number>(hooks.map((hook) => [hook, 0]))
  const last = new Map<Hook, unknown>()
  const count = (hook: Hook, fault: unknown): void => {
    const count = (counts.get(hook) ?? 0) + 1
    counts.set(hook, count)
    last.set(hook, fault)
    if (count === 1) onFirst?.(hook, fault)
  }
  return {
    run: (hook, body, fallback) => {
      try {
        return body()
      } catch (fault) {
        count(hook, fault)
        return fallback()
      }
    },
    count,
    faults: () => counts,
    last: (hook) => last.get(hook)
  }
}

/** The guard of the layer that a fiber runs under; a program without the layer has one that only catches. */
export const CurrentGuard: Context.Reference<Guard> = Context.Reference<Guard>(
  "@dawsos/observability/Guard",
  { defaultValue: make }
)
