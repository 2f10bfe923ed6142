// What a layer may leave behind in a process, as data that can be compared.
import * as Effect from "effect/Effect"
import * as RuntimeMetrics from "../../../src/metrics/RuntimeMetrics.ts"

export interface ProcessState {
  /** Handles and timers that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Listeners on the process, by event. */
  readonly listeners: Readonly<Record<string, number>>
  /** What is registered behind OpenTelemetry's API. */
  readonly openTelemetry: ReadonlyArray<string>
  /** Layers that show Node's metrics. */
  readonly runtimeMetrics: number
}

// Work of this very turn of the loop, and what a test runner has open.
const passing = new Set(["Immediate", "TickObject", "PipeWrap", "FSReqPromise", "CloseReq"])

const counted = (names: ReadonlyArray<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** The state now. */
export const now = (): ProcessState => ({
  resources: counted(process.getActiveResourcesInfo().filter((name) => !passing.has(name))),
  listeners: Object.fromEntries(
    process.eventNames().map((name) => [String(name), process.listenerCount(name)] as const)
      .filter(([, count]) => count > 0)
      .toSorted()
  ),
  openTelemetry: Object.keys(Reflect.get(globalThis, Symbol.for("opentelemetry.js.api.1")) ?? {})
    .filter((key) => key !== "version").toSorted(),
  runtimeMetrics: RuntimeMetrics.userCount()
})

const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** The state as soon as it is the expected one, else what it is at the deadline: Node lets go of handles in later turns. */
export const settled = (expected: ProcessState, deadlineMillis = 10_000): Effect.Effect<ProcessState> => {
  const wanted = JSON.stringify(expected)
  const until = performance.now() + deadlineMillis
  return Effect.gen(function*() {
    let state = now()
    while (JSON.stringify(state) !== wanted && performance.now() < until) {
      yield* turn
      state = now()
    }
    return state
  })
}
