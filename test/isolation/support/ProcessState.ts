// What a layer may leave behind in a process, as data that can be compared.
import * as Effect from "effect/Effect"
import * as RuntimeMetrics from "../../../src/metrics/RuntimeMetrics.ts"
import * as FiberInternals from "../../../src/tracing/FiberInternals.ts"
import * as Open from "./Open.ts"

export interface ProcessState {
  /** Handles and timers that keep the process alive, by kind. */
  readonly resources: Open.Counts
  /** The same with those that don't keep it alive, in a process that calls `Open.watch`. */
  readonly open: Open.Counts
  /** Sockets among the process's descriptors, in a process that calls `Open.watch`. */
  readonly sockets: number
  /** Listeners on the process, by event. */
  readonly listeners: Readonly<Record<string, number>>
  /** What is registered behind OpenTelemetry's API. */
  readonly openTelemetry: ReadonlyArray<string>
  /** Layers that show Node's metrics. */
  readonly runtimeMetrics: number
  /** Whether methods of Effect's fibers are wrapped. */
  readonly fibersAreFollowed: boolean
}

// Work of this very turn of the loop, and what a test runner has open.
const passing = new Set(["Immediate", "TickObject", "PipeWrap", "FSReqPromise", "CloseReq"])

const { evaluate, setContext } = FiberInternals.prototype

/** The state now. */
export const now = (): ProcessState => ({
  resources: Open.counted(process.getActiveResourcesInfo().filter((name) => !passing.has(name))),
  open: Open.now(),
  sockets: Open.sockets(),
  listeners: Object.fromEntries(
    process.eventNames().map((name) => [String(name), process.listenerCount(name)] as const)
      .filter(([, count]) => count > 0)
      .toSorted()
  ),
  openTelemetry: Object.keys(Reflect.get(globalThis, Symbol.for("opentelemetry.js.api.1")) ?? {})
    .filter((key) => key !== "version").toSorted(),
  runtimeMetrics: RuntimeMetrics.userCount(),
  fibersAreFollowed: FiberInternals.prototype.evaluate !== evaluate ||
    FiberInternals.prototype.setContext !== setContext
})

/** How long to wait: by the clock, or in turns of the event loop. */
export type Deadline = { readonly millis: number } | { readonly turns: number }

const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/**
 * The state as soon as it is the expected one, else what it is at the deadline: Node lets go of handles in later turns.
 * Where turns are given, what only time takes away is still there: a timer that fires, a connection that the other end
 * closes.
 */
export const settled = (
  expected: ProcessState,
  deadline: Deadline = { millis: 10_000 }
): Effect.Effect<ProcessState> => {
  const wanted = JSON.stringify(expected)
  const until = "millis" in deadline ? performance.now() + deadline.millis : Infinity
  const turns = "turns" in deadline ? deadline.turns : Infinity
  return Effect.gen(function*() {
    let state = now()
    for (let n = 0; JSON.stringify(state) !== wanted && n < turns && performance.now() < until; n++) {
      yield* turn
      state = now()
    }
    return state
  })
}
