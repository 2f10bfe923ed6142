/** The tests of each fault on one way; a file for each way, so that they run beside one another. */
import { Accounting } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Cell from "./Cell.ts"
import type { Route } from "./Faults.ts"
import * as Faults from "./Faults.ts"

const held = (report: Cell.Report): void => {
  assert.deepStrictEqual(report.wrong, [])
  assert.isTrue(report.sameResults)
  assert.deepInclude(report, { sockets: 0, timers: 0 })
  assert.deepInclude(report.books, { queued: 0, inFlight: 0, notSelected: 0 })
  for (const millis of [report.flush, report.close]) assert.isBelow(millis, 5_000)
}

/** Defines them. */
export const define = (name: string, route: Route): void => {
  for (const fault of Faults.of(route)) {
    describe(`spans over ${name} to a receiver that ${fault.name}`, () => {
      it.live("are there, or counted by why they are not, and the end is in time", () =>
        Effect.gen(function*() {
          const report = yield* Cell.lasts(fault, route)
          held(report)
          const reasons = Accounting.dropReasons.filter((reason) => report.books.dropped[reason] > 0)
          // What waits for another attempt when the program ends is lost by its end.
          const allowed = new Set<Accounting.DropReason>([...fault.loses, "shutdown"])
          assert.deepStrictEqual(reasons.filter((reason) => !allowed.has(reason)), [])
          if (fault.keeps === undefined) assert.strictEqual(report.accepted, 0)
          if (fault.keeps === "some") assert.isAbove(report.accepted, 0)
          if (fault.keeps === "all") assert.strictEqual(report.accepted, report.ended - report.books.dropped.shutdown)
          assert.isAbove(report.attempts, 0)
        }).pipe(Effect.ensuring(Faults.undo)))

      if (fault.passes === false) return
      it.live("arrive by themselves when that is over", () =>
        Effect.gen(function*() {
          const report = yield* Cell.ends(fault, route)
          held(report)
          assert.deepStrictEqual(report.later, [])
        }).pipe(Effect.ensuring(Faults.undo)))
    })
  }
}
