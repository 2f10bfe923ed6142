// A network that fails, between the layer and a real Jaeger: what is exported is there, what is lost is counted.
import { Accounting } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Ids from "../faults/support/Ids.ts"
import * as Rig from "../faults/support/Rig.ts"
import * as Arrived from "./support/Arrived.ts"
import type * as Http from "./support/Http.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Stack from "./support/Stack.ts"
import * as Toxiproxy from "./support/Toxiproxy.ts"

interface Trouble {
  readonly name: string
  readonly begin: (proxy: Toxiproxy.Proxy) => Effect.Effect<void, Http.AskFailed, Scope.Scope>
  /** Why spans may be lost; an empty list: none. */
  readonly loses: ReadonlyArray<Accounting.DropReason>
  /** The longest that a request may take, in milliseconds. */
  readonly patience: number
}

const troubles: ReadonlyArray<Trouble> = [
  {
    name: "delays every byte",
    begin: (proxy) => proxy.toxic("downstream", { type: "latency", attributes: { latency: 300, jitter: 100 } }),
    loses: [],
    patience: 10_000
  },
  {
    name: "carries 20 KB a second",
    begin: (proxy) => proxy.toxic("upstream", { type: "bandwidth", attributes: { rate: 20 } }),
    loses: [],
    patience: 10_000
  },
  {
    name: "closes connections late",
    begin: (proxy) => proxy.toxic("downstream", { type: "slow_close", attributes: { delay: 500 } }),
    loses: [],
    patience: 10_000
  },
  {
    name: "swallows requests",
    begin: (proxy) => proxy.toxic("upstream", { type: "timeout", attributes: { timeout: 0 } }),
    loses: ["timeout"],
    patience: 1_000
  },
  {
    name: "swallows answers",
    begin: (proxy) => proxy.toxic("downstream", { type: "timeout", attributes: { timeout: 0 } }),
    loses: ["timeout"],
    patience: 1_000
  },
  {
    name: "resets connections at once",
    begin: (proxy) => proxy.toxic("upstream", { type: "reset_peer", attributes: { timeout: 0 } }),
    loses: ["timeout", "unreachable"],
    patience: 5_000
  },
  {
    name: "resets connections after 100 ms",
    begin: (proxy) => proxy.toxic("downstream", { type: "reset_peer", attributes: { timeout: 100 } }),
    loses: ["timeout", "unreachable"],
    patience: 5_000
  },
  {
    name: "ends after the first 1,000 bytes of requests",
    begin: (proxy) => proxy.toxic("upstream", { type: "limit_data", attributes: { bytes: 1_000 } }),
    loses: ["timeout", "unreachable"],
    patience: 5_000
  },
  {
    name: "ends after the first 10 bytes of answers",
    begin: (proxy) => proxy.toxic("downstream", { type: "limit_data", attributes: { bytes: 10 } }),
    loses: ["timeout", "unreachable"],
    patience: 5_000
  },
  { name: "is down", begin: (proxy) => proxy.down, loses: ["timeout", "unreachable"], patience: 5_000 }
]

const routes = { otlp: Jaeger.ports.otlp, jaegerHttp: Jaeger.ports.thriftHttp } as const

describe("a network that", () => {
  it.live.each(troubles)(
    "$name costs what is counted, and later spans arrive by themselves",
    (trouble) =>
      Effect.gen(function*() {
        const stack = yield* Stack.make()
        const jaeger = yield* Jaeger.start(stack)
        const toxiproxy = yield* Toxiproxy.start
        for (const route of ["otlp", "jaegerHttp"] as const) {
          const service = `network-${route}`
          const proxy = yield* toxiproxy.before(stack.port("jaeger", routes[route]))
          const path = route === "otlp" ? "/v1/traces" : "/api/traces"
          const rig = yield* Rig.open({
            destination: Rig.destinationOf(route, `http://127.0.0.1:${proxy.port}${path}`),
            service,
            patience: trouble.patience
          })
          const host = Rig.host(2_000)
          // A connection that was open before the trouble suffers it as well.
          yield* rig.run(host.work(4))
          yield* rig.flush
          yield* Effect.scoped(Effect.gen(function*() {
            yield* trouble.begin(proxy)
            for (let wave = 0; wave < 3; wave++) {
              yield* rig.run(host.work(4))
              expect(yield* rig.flush).toBeLessThan(5_000)
            }
          }))
          const before = host.ended.length
          yield* rig.run(host.work(4))
          yield* Arrived.among(jaeger, service, host.ended.slice(before))
          expect(yield* rig.close).toBeLessThan(5_000)

          // The trouble was real.
          if (trouble.loses.length > 0) expect(rig.fates.failures).toBeGreaterThan(0)
          const books = rig.books()
          expect(books).toMatchObject({ queued: 0, inFlight: 0 })
          const there = yield* Arrived.among(jaeger, service, rig.fates.exported)
          // Jaeger tells what it keeps only: what it had in part, or threw away, is not seen here.
          const arrivals = { received: there, accepted: there }
          expect(Ids.compare({ ended: host.ended, arrivals, books, fates: rig.fates }).wrong).toEqual([])
          const reasons = Accounting.dropReasons.filter((reason) => books.dropped[reason] > 0)
          expect(reasons.filter((reason) => !trouble.loses.includes(reason))).toEqual([])
        }
      })
  )
})
