// Jaeger is killed and started again in the middle of a load, beside a program that knows the id of each of its spans.
import { Accounting } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { performance } from "node:perf_hooks"
import * as Timers from "../../src/delivery/Timers.ts"
import * as Rig from "../faults/support/Rig.ts"
import * as Arrived from "./support/Arrived.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Stack from "./support/Stack.ts"

/** Jaeger collects spans for 200 ms before it stores them; what it has confirmed and not stored dies with it. */
const storedWithin = 2_000

const realTime = (): Rig.CountedTimers => ({ ...Timers.live, pending: () => 0 })

const destinations = {
  otlp: { port: Jaeger.ports.otlp, path: "/v1/traces" },
  jaegerHttp: { port: Jaeger.ports.thriftHttp, path: "/api/traces" }
} as const

describe("a Jaeger that is killed and started again in the middle of a load", () => {
  it.live.each(["otlp", "jaegerHttp"] as const)(
    "gets later spans by itself over %s, and every span is there, counted as lost, or died with it",
    (route) =>
      Effect.gen(function*() {
        const stack = yield* Stack.make()
        const jaeger = yield* Jaeger.start(stack)
        const service = `collector-${route}`
        const { path, port } = destinations[route]
        const rig = yield* Rig.open({
          destination: Rig.destinationOf(route, `${stack.url("jaeger", port)}${path}`),
          service,
          maxQueueSize: 2_048,
          // The defaults of the package, by the real clock.
          timers: realTime()
        })
        const host = Rig.host()
        const results = new Set<string>()
        const load = yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
          results.add(JSON.stringify(yield* rig.run(host.work(5))))
          rig.books()
          yield* Effect.sleep("20 millis")
        })))
        const exported = (more: number) =>
          Deadline.eventually(Effect.sync(() => rig.books().exported), {
            what: "spans are exported",
            within: "90 seconds",
            until: (count) => count >= more
          })

        yield* exported(200)
        yield* jaeger.kill
        const killedAt = performance.now()
        yield* Deadline.eventually(Effect.sync(() => rig.fates.failures), {
          what: "exports fail",
          until: (failures) => failures > 0
        })
        yield* jaeger.start
        const restarted = host.ended.length
        // Nobody helps: no flush, no new layer.
        yield* exported((yield* exported(0)) + 200)
        yield* Fiber.interrupt(load)
        const later = host.ended.slice(restarted)
        expect(yield* rig.close).toBeLessThan(5_000)

        const books = rig.books()
        expect(books).toMatchObject({ queued: 0, inFlight: 0 })
        expect(books.exported + Accounting.droppedTotal(books)).toBe(host.ended.length)
        // The program was not harmed: one answer, always.
        expect(results.size).toBe(1)

        // What Jaeger confirmed long enough before it died, and after it was back, it has.
        const { told } = rig.fates
        const dyingWith = (at: number): boolean => at > killedAt - storedWithin && at <= killedAt
        const safe = [...told].flatMap(([id, at]) => dyingWith(at) ? [] : [id])
        const there = new Set(yield* Arrived.among(jaeger, service, safe))
        const missing = [...told.keys()].filter((id) => !there.has(id))
        expect(missing.filter((id) => !dyingWith(told.get(id) ?? Number.NaN))).toEqual([])
        // What is there and was never confirmed had its answer lost.
        const unconfirmed = [...there].filter((id) => !told.has(id))
        expect(unconfirmed.filter((id) => !rig.fates.unanswered.has(id))).toEqual([])
        expect(unconfirmed.length).toBeLessThanOrEqual(books.dropped.timeout)
        expect([...there].filter((id) => !host.ended.includes(id))).toEqual([])
        expect(rig.fates.repeated).toEqual([])
        expect(later.some((id) => there.has(id))).toBe(true)
        const lost = Accounting.dropReasons.filter((reason) => books.dropped[reason] > 0).map((reason) =>
          `${reason} ${books.dropped[reason]}`
        )
        console.log(
          `${route}: ended ${host.ended.length}, exported ${books.exported}, there ${there.size}, ` +
            `died with Jaeger ${missing.length}, unconfirmed ${unconfirmed.length}, lost ${lost.join(", ") || "none"}`
        )
      })
  )
})
