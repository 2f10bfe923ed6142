import { ErrorTracking, Guard } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import type { Delivery } from "../../src/errors/EventPipeline.ts"
import * as EventSink from "../../src/errors/EventSink.ts"

const service = { name: "shop", version: "1.2.3", environment: "test" }

/** What the log has after one event for each answer of the tracker; lines of the layer's end aside. */
const linesAfter = Effect.fnUntraced(function*(
  answers: ReadonlyArray<EventSink.SendResult>,
  delivery: Partial<Delivery> = {},
  logger: (line: string) => void = () => {}
) {
  const lines: Array<string> = []
  const left = [...answers]
  const sink: EventSink.EventSink = {
    send: () => Effect.sync(() => left.shift() ?? EventSink.sent),
    close: Effect.void
  }
  yield* Effect.forEach(answers, (_, n) =>
    Effect.andThen(
      ErrorTracking.captureException(new Error(`failure ${n}`), { operation: `operation ${n}` }),
      Effect.flatMap(ErrorTracking.ErrorTracking, ({ flush }) => flush)
    )).pipe(
      Effect.andThen(Effect.sync(() => assert.lengthOf(left, 0))),
      Effect.provide(ErrorTrackingLive.layerSink({ service }, sink, { delivery })),
      Effect.provide(Logger.layer([
        Logger.make(({ logLevel, message }) => {
          const line = `${logLevel} ${String(message)}`
          lines.push(line)
          logger(line)
        })
      ]))
    )
  return lines.filter((line) => !line.includes("error tracking stopped"))
})

describe("the log", () => {
  it.live("says once that error events don't arrive, and why, and once that they do again", () =>
    Effect.gen(function*() {
      const refused = EventSink.dropped("rejected")
      assert.deepStrictEqual(yield* linesAfter([EventSink.sent, refused, refused, EventSink.sent, EventSink.sent]), [
        "Warn error events don't arrive at the sink: they are refused; is the DSN still right?",
        "Info error events arrive at the sink again"
      ])
    }))

  it.live("has nothing to say of an event that is too large, nor where all of them arrive", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* linesAfter([EventSink.sent, EventSink.dropped("too_large"), EventSink.sent]), [])
    }))

  it.live("says when nothing but a trial is sent any more", () =>
    Effect.gen(function*() {
      const silent = EventSink.dropped("timeout")
      const circuit = { failures: 2, open: 60_000, maxOpen: 60_000 }
      assert.deepStrictEqual(yield* linesAfter([silent, silent], { circuit }), [
        "Warn error events don't arrive at the sink: no answer in time, so that they may have arrived",
        "Warn error events wait: nothing but one to try is sent to the sink for a while"
      ])
    }))

  it.live("may throw: that is counted, and the next event is sent", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const throwing = linesAfter([EventSink.dropped("rejected"), EventSink.sent], {}, (line) => {
        if (line.includes("error events")) throw new Error("the log is full")
      })
      yield* Effect.provideService(throwing, Guard.CurrentGuard, guard)
      assert.strictEqual(guard.faults().get("logger"), 2)
    }))
})
