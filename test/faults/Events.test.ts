// Each fault of a Sentry: the ids of events compared one by one, books at each look, deadlines, handles.
import { ErrorTracking, Guard } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Sentry from "@sentry/node"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { performance } from "node:perf_hooks"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import type * as EventSink from "../../src/errors/EventSink.ts"
import * as SentrySink from "../../src/errors/SentrySink.ts"
import type { Fault } from "./support/Faults.ts"
import * as Faults from "./support/Faults.ts"
import * as Handles from "./support/Handles.ts"
import * as Rig from "./support/Rig.ts"

/** The deadline of the pipeline for a sink that breaks its own. */
const sendMillis = 10_000

const service = { name: "shop", version: "1.2.3", environment: "test" }

interface Attempt {
  readonly id: string
  /** Undefined while it is on its way, and where it was given up. */
  result: EventSink.SendResult | undefined
}

const watched = (sink: EventSink.EventSink, attempts: Array<Attempt>): EventSink.EventSink => ({
  ...sink,
  send: (event) =>
    Effect.suspend(() => {
      const attempt: Attempt = { id: event.id, result: undefined }
      attempts.push(attempt)
      return Effect.onExit(sink.send(event), (exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit)) attempt.result = exit.value
          else if (!Cause.hasInterrupts(exit.cause)) throw new Error(`the sink failed: ${Cause.pretty(exit.cause)}`)
        }))
    })
})

const open = Effect.fnUntraced(function*(fault: Fault) {
  const receiver = yield* Receiver.make({ tls: fault.tls === true, signals: ["sentry"] })
  const connections = yield* Handles.connections
  const faulty = yield* Scope.make()
  yield* Effect.orDie(Scope.provide(fault.begin({ receiver, signal: "sentry" }), faulty))
  const timers = Rig.quick(sendMillis)
  const attempts: Array<Attempt> = []
  const sink = SentrySink.make({
    dsn: Redacted.make(fault.address?.(receiver.sentryDsn) ?? receiver.sentryDsn),
    program: { release: "shop@1.2.3", environment: "test" },
    guard: Guard.make(),
    scrubText: (text) => text,
    timeout: Duration.millis(fault.patience ?? 5_000),
    load: () => Promise.resolve(Sentry)
  })
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(
    ErrorTrackingLive.layerSink({ service }, watched(sink, attempts), {
      delivery: { timers }
    }),
    scope
  ).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
  const tracking = Context.get(context, ErrorTracking.ErrorTracking)
  const books = (): ErrorTracking.ErrorAccounting => {
    const now = tracking.accounting()
    const dropped = ErrorTracking.dropReasons.reduce((total, reason) => total + now.dropped[reason], 0)
    assert.strictEqual(now.captured, now.sent + dropped + now.queued)
    assert.isAtMost(now.queued, 100)
    return now
  }
  const captured: Array<string> = []
  let failures = 0
  const work = (count: number) =>
    Effect.forEach(Array.from({ length: count }), () =>
      Effect.gen(function*() {
        const index = failures++
        const id = yield* Effect.provideContext(
          ErrorTracking.captureException(new Error(`price ${index}`), { operation: `operation ${index}` }),
          context
        )
        captured.push(Option.getOrThrow(id))
        books()
      }))
  const timed = (effect: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const start = performance.now()
      yield* effect
      books()
      assert.isBelow(performance.now() - start, 5_000)
    })
  const compared = Effect.gen(function*() {
    const arrivals = yield* receiver.arrivals("sentry")
    const there = new Set(arrivals.accepted)
    const last = new Map(attempts.map(({ id, result }) => [id, result]))
    const sent = [...last].flatMap(([id, result]) => result?._tag === "Sent" ? [id] : [])
    const lost = (id: string): boolean => {
      const result = last.get(id)
      return last.has(id) && (result === undefined || (result._tag === "Dropped" && result.reason === "timeout"))
    }
    const unconfirmed = [...there].filter((id) => !sent.includes(id))
    const { captured: taken, dropped, queued, sent: told } = books()
    assert.deepStrictEqual([taken, told, queued], [captured.length, sent.length, 0])
    assert.deepStrictEqual(arrivals.received.filter((id) => !captured.includes(id)), [])
    assert.deepStrictEqual(sent.filter((id) => !there.has(id)), [])
    assert.deepStrictEqual(unconfirmed.filter((id) => !lost(id)), [])
    assert.isAtMost(unconfirmed.length, dropped.timeout)
    // None is there twice: what may have arrived is not sent again.
    assert.strictEqual(arrivals.accepted.length, there.size)
    assert.strictEqual(timers.pending(), 0)
    assert.strictEqual(yield* Handles.eventually(connections.open, (open) => open === 0), 0)
    return { accepted: there.size, dropped }
  })
  return {
    receiver,
    attempts,
    captured,
    books,
    work,
    flush: timed(tracking.flush),
    close: timed(Scope.close(scope, Exit.void)),
    endFault: Scope.close(faulty, Exit.void),
    compared
  }
})

for (const fault of Faults.of("sentry")) {
  describe(`error events to a Sentry that ${fault.name}`, () => {
    it.live("are there, or counted by why they are not, and the end is in time", () =>
      Effect.gen(function*() {
        const run = yield* open(fault)
        yield* run.work(3)
        yield* Handles.eventually(() => run.attempts.length, (attempts) => attempts > 0)
        yield* run.work(6)
        yield* run.flush
        yield* run.work(2)
        yield* run.close
        const { accepted, dropped } = yield* run.compared
        const reasons = ErrorTracking.dropReasons.filter((reason) => dropped[reason] > 0)
        const allowed = new Set<ErrorTracking.DropReason>([...fault.losesEvents ?? fault.loses, "shutdown"])
        assert.deepStrictEqual(reasons.filter((reason) => !allowed.has(reason)), [])
        if (fault.keeps === undefined) assert.strictEqual(accepted, 0)
        if (fault.keeps === "some") assert.isAbove(accepted, 0)
        if (fault.keeps === "all") assert.strictEqual(accepted, run.captured.length - dropped.shutdown)
      }).pipe(Effect.ensuring(Faults.undo)))

    if (fault.passes === false) return
    it.live("arrive by themselves when that is over", () =>
      Effect.gen(function*() {
        const run = yield* open(fault)
        for (let wave = 1; wave <= 6; wave++) {
          yield* run.work(1)
          yield* Handles.eventually(
            () => [run.attempts.length, run.books().queued] as const,
            ([attempts, queued]) => attempts >= wave || queued === 0
          )
        }
        yield* run.endFault
        const before = run.captured.length
        yield* run.work(3)
        const wanted = run.captured.slice(before)
        const missing = yield* Handles.eventually(() => {
          run.books()
          const { accepted } = Effect.runSync(run.receiver.arrivals("sentry"))
          return wanted.filter((id) => !accepted.includes(id))
        }, (missing) => missing.length === 0)
        assert.deepStrictEqual(missing, [])
        yield* run.close
        yield* run.compared
      }).pipe(Effect.ensuring(Faults.undo)))
  })
}
