/** One fault on one way: a program that works while the fault lasts, and one that sees it end. */
import type { Accounting } from "@dawsos/observability"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Receiver from "../../../examples/receiver/Receiver.ts"
import type { Fault, Route, Target } from "./Faults.ts"
import * as Handles from "./Handles.ts"
import type { Comparison } from "./Ids.ts"
import * as Ids from "./Ids.ts"
import * as Rig from "./Rig.ts"

/** What is known of a cell in the end. */
export interface Report extends Comparison {
  readonly fault: string
  readonly route: Route
  /** Spans that the program ended. */
  readonly ended: number
  /** Spans that the receiver had in whole, and those that it kept, each once. */
  readonly received: number
  readonly accepted: number
  readonly books: Accounting.SinkAccounting
  readonly attempts: number
  /** Whether the program's results were those of a run that nobody observes. */
  readonly sameResults: boolean
  /** Milliseconds, the longest. */
  readonly flush: number
  readonly close: number
  /** Sockets of the layer that are open after its end, and timers that are set. */
  readonly sockets: number
  readonly timers: number
}

const begin = Effect.fnUntraced(function*(fault: Fault, route: Route) {
  const receiver = yield* Receiver.make({ tls: fault.tls === true, limits: { requestBytes: 256 * 1024 * 1024 } })
  const target: Target = { receiver, signal: route }
  const opened = yield* Handles.connections
  const scope = yield* Scope.make()
  yield* Effect.orDie(Scope.provide(fault.begin(target), scope))
  const url = route === "otlp" ? receiver.otlpTracesUrl : receiver.jaegerHttpUrl
  const rig = yield* Rig.open({
    destination: Rig.destinationOf(route, fault.address?.(url) ?? url),
    ...fault.patience === undefined ? {} : { patience: fault.patience }
  })
  const host = Rig.host(fault.padding)
  const results: Array<unknown> = []
  const unobserved: Array<unknown> = []
  const work = (units: number) =>
    Effect.gen(function*() {
      results.push(yield* rig.run(host.work(units)))
      unobserved.push(yield* Rig.host(fault.padding).work(units))
      rig.books()
    })
  const report = (flush: number, close: number): Effect.Effect<Report> =>
    Effect.gen(function*() {
      const arrivals = yield* receiver.arrivals(route)
      const books = rig.books()
      return {
        fault: fault.name,
        route,
        ended: host.ended.length,
        received: new Set(arrivals.received).size,
        accepted: new Set(arrivals.accepted).size,
        books,
        attempts: rig.fates.attempts.length,
        sameResults: JSON.stringify(results) === JSON.stringify(unobserved),
        flush,
        close,
        sockets: yield* Handles.eventually(opened.open, (open) => open === 0),
        timers: rig.pendingTimers(),
        ...Ids.compare({ ended: host.ended, arrivals, books, fates: rig.fates })
      }
    })
  return { receiver, rig, host, work, report, endFault: Scope.close(scope, Exit.void) }
})

/** Works, flushes, works and ends, all while the fault lasts. */
export const lasts = (fault: Fault, route: Route): Effect.Effect<Report, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const cell = yield* begin(fault, route)
    yield* cell.work(4)
    yield* Handles.eventually(() => {
      cell.rig.books()
      return cell.rig.fates.attempts.length
    }, (attempts) => attempts > 0)
    yield* cell.work(6)
    const flush = yield* cell.rig.flush
    yield* cell.work(2)
    const close = yield* cell.rig.close
    const report = yield* cell.report(flush, close)
    yield* cell.endFault
    return report
  })

/** Works until several exports have failed, then the fault ends, and what the program does later arrives by itself. */
export const ends = (
  fault: Fault,
  route: Route
): Effect.Effect<Report & { readonly later: ReadonlyArray<string> }, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const cell = yield* begin(fault, route)
    for (let wave = 1; wave <= 6; wave++) {
      yield* cell.work(1)
      yield* Handles.eventually(() => {
        const { inFlight, queued } = cell.rig.books()
        return cell.rig.fates.attempts.length >= wave || queued + inFlight === 0
      }, (done) => done)
    }
    yield* cell.endFault
    const before = cell.host.ended.length
    yield* cell.work(3)
    const wanted = cell.host.ended.slice(before)
    const later = yield* Handles.eventually(() => {
      cell.rig.books()
      const there = new Set(Effect.runSync(cell.receiver.arrivals(route)).accepted)
      return wanted.filter((id) => !there.has(id))
    }, (missing) => missing.length === 0)
    const close = yield* cell.rig.close
    return { ...yield* cell.report(0, close), later }
  })
