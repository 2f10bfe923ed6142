// The one case in which a span may be there twice: a connection that was kept open breaks before the answer.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"
import * as Ids from "./support/Ids.ts"
import * as Rig from "./support/Rig.ts"

/** A receiver that takes what comes on the connection that is open, breaks it, and then does as told. */
const broken = (route: "otlp" | "jaegerHttp", then: Reply.Reply) =>
  Effect.gen(function*() {
    const receiver = yield* Receiver.make()
    const url = route === "otlp" ? receiver.otlpTracesUrl : receiver.jaegerHttpUrl
    const rig = yield* Rig.open({ destination: Rig.destinationOf(route, url), patience: 60_000 })
    const host = Rig.host()
    yield* rig.run(host.work(1))
    yield* rig.flush
    yield* receiver.respond(route, Reply.sequence([Reply.resetConnection({ stores: true })], then))
    const first = host.ended.length
    yield* rig.run(host.work(1))
    yield* rig.close
    const arrivals = yield* receiver.arrivals(route)
    const books = rig.books()
    const { duplicates, wrong } = Ids.compare({ ended: host.ended, arrivals, books, fates: rig.fates })
    assert.deepStrictEqual(wrong, [])
    assert.sameMembers([...duplicates], host.ended.slice(first))
    assert.strictEqual(books.delivery?.resent, 3)
    return books
  })

for (const route of ["otlp", "jaegerHttp"] as const) {
  describe(`spans over ${route} on a connection that was kept open and breaks before the answer`, () => {
    it.live("are sent once more, arrive, and are counted as sent twice", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* broken(route, Reply.ok)).exported, 6)
      }))

    it.live("are counted so too where the second answer is lost with the end of the program", () =>
      Effect.gen(function*() {
        const { dropped, exported } = yield* broken(route, Reply.hang({ stores: true }))
        assert.deepStrictEqual([exported, dropped.timeout], [3, 3])
      }))
  })
}
