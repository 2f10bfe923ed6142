import { ErrorTracking } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { EventQueue, type Held } from "../../src/errors/EventQueue.ts"
import { assertBalanced, eventOf } from "./Events.ts"

const bounds = { queue: 3, queueBytes: 80, eventBytes: 60 }

// Any step with any event: most make sense in some orders only, and the books hold in all of them.
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ step: fc.constant("add" as const), isLast: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("lose" as const) }) },
  {
    weight: 9,
    arbitrary: fc.record({
      step: fc.constantFrom("makeReady", "makeReady", "take", "take", "putBack", "markSent", "drop"),
      which: fc.nat({ max: 2 }),
      size: fc.constantFrom(1, 30, 60, 61)
    })
  }
)

describe("the queue of events", () => {
  it("counts each event once, and its bytes while it is held, whatever is done with it, and how often", () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        const queue = new EventQueue(bounds)
        // All that were ever held.
        const events: Array<Held> = []
        for (const each of steps) {
          if (each.step === "add") {
            queue.add(eventOf("A"), each.isLast)
            events.push(...queue.fresh.filter((held) => !events.includes(held)))
          } else if (each.step === "lose") queue.lose("rate_limited")
          else {
            const held = events[each.which % events.length]
            if (held === undefined) continue
            if (each.step === "makeReady") queue.makeReady(held, held.event, each.size)
            else if (each.step === "take") queue.take(held)
            else if (each.step === "putBack") queue.putBack(held)
            else if (each.step === "markSent") queue.markSent(held)
            else queue.drop(held, "rejected")
          }
          const books = queue.accounting("closed")
          assertBalanced(books)
          const held = [...queue.fresh, ...queue.waiting, ...queue.underWay]
          assert.strictEqual(new Set(held).size, books.queued)
          assert.strictEqual(books.delivery?.bytes, held.reduce((bytes, { size }) => bytes + size, 0))
          assert.strictEqual(queue.isFull, books.queued >= bounds.queue)
          for (const reason of ErrorTracking.dropReasons) if (books.dropped[reason] > 0) seen.add(reason)
          if (books.sent > 0) seen.add("sent")
          if ((books.delivery?.retried ?? 0) > 0) seen.add("retried")
        }
      }),
      { numRuns: 1_000 }
    )
    // Steps that lead nowhere would prove nothing.
    assert.sameMembers([...seen], ["rate_limited", "queue_full", "too_large", "rejected", "sent", "retried"])
  })
})
