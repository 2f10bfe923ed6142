// Thrift over UDP, where nobody answers: what is handed to the kernel counts as exported, and is marked so.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Handles from "./support/Handles.ts"
import * as Rig from "./support/Rig.ts"

const open = (udp: { readonly host: string; readonly port: number }) =>
  Rig.open({ destination: { _tag: "JaegerUdp", ...udp } })

/** Waits until the receiver has this many, and gives what it has. */
const arrived = (receiver: Receiver.Shape, count: number) =>
  Effect.map(receiver.awaitSpans(count, "jaegerUdp"), (spans) => spans.map(({ spanId }) => spanId).toSorted())

describe("spans over UDP", () => {
  it.live("each arrive once where somebody is there, in packets, and the socket is closed at the end", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const sockets = yield* Handles.datagrams
      const rig = yield* open(receiver.jaegerUdp)
      const host = Rig.host()
      yield* rig.run(host.work(40))
      assert.isBelow(yield* rig.flush, 5_000)
      assert.deepStrictEqual(yield* arrived(receiver, 120), host.ended.toSorted())
      assert.isBelow(yield* rig.close, 5_000)
      assert.deepInclude(rig.books(), { acknowledged: false, exported: 120, queued: 0, inFlight: 0 })
      assert.deepStrictEqual([sockets.total(), yield* Handles.eventually(sockets.open, (open) => open === 0)], [1, 0])
    }))

  it.live("to nobody count as handed over and not as acknowledged, cost the program nothing and end in time", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      yield* receiver.down
      const rig = yield* open(receiver.jaegerUdp)
      const [host, alone] = [Rig.host(), Rig.host()]
      assert.deepStrictEqual(yield* rig.run(host.work(20)), yield* alone.work(20))
      assert.isBelow(yield* rig.flush, 5_000)
      assert.isBelow(yield* rig.close, 5_000)
      const { acknowledged, dropped, exported, inFlight, queued } = rig.books()
      assert.isFalse(acknowledged)
      // Some kernels tell of a port where nobody listens, and the next packet then fails.
      assert.strictEqual(exported + dropped.unreachable, 60)
      assert.deepStrictEqual([queued, inFlight], [0, 0])
      assert.strictEqual((yield* receiver.totals).spans, 0)
    }))

  it.live("arrive again by themselves when somebody is there again", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const rig = yield* open(receiver.jaegerUdp)
      const host = Rig.host()
      yield* receiver.down
      yield* rig.run(host.work(5))
      yield* rig.flush
      yield* receiver.up
      const before = host.ended.length
      yield* rig.run(host.work(5))
      assert.deepStrictEqual(yield* arrived(receiver, 15), host.ended.slice(before).toSorted())
      yield* rig.close
    }))

  it.live("to a name that nobody knows are counted as unreachable", () =>
    Effect.gen(function*() {
      const rig = yield* open({ host: "receiver.invalid", port: 6831 })
      yield* rig.run(Rig.host().work(2))
      assert.isBelow(yield* rig.close, 5_000)
      const { dropped, exported } = rig.books()
      assert.deepStrictEqual([exported, dropped.unreachable], [0, 6])
    }))

  it.live("too large for a packet are dropped alone, and those beside them arrive", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const rig = yield* open(receiver.jaegerUdp)
      const [host, large] = [Rig.host(), Rig.host(70_000)]
      yield* rig.run(host.work(4))
      yield* rig.run(large.work(2))
      yield* rig.run(host.work(4))
      yield* rig.close
      const { dropped, exported } = rig.books()
      assert.deepStrictEqual([exported, dropped.too_large], [28, 2])
      const there = new Set(yield* arrived(receiver, 28))
      assert.deepStrictEqual(host.ended.filter((id) => !there.has(id)), [])
      assert.strictEqual(large.ended.filter((id) => there.has(id)).length, 4)
    }))
})
