/** What runs on a schedule goes on after anything but the program's end. */
import * as DawsOs from "@dawsos/observability/dawsos"
import { TestErrors } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as PackBuilder from "../../../examples/dawsos/pack/PackBuilder.ts"
import { Alerts } from "../../../examples/dawsos/services/Alerts.ts"
import * as AlertSchedule from "../../../examples/dawsos/services/AlertSchedule.ts"
import { Notifications } from "../../../examples/dawsos/services/Notifications.ts"
import { settings } from "./settings.ts"

const schedule = settings({ alertInterval: Duration.seconds(2), packInterval: Duration.seconds(2) })

/** Dies at its first call. */
const dying = <A>(calls: { count: number }, then: A) =>
  Effect.suspend(() => calls.count++ === 0 ? Effect.die(new Error("a defect")) : Effect.succeed(then))

const threeRounds = (calls: { readonly count: number }, job: Layer.Layer<never>) =>
  Effect.gen(function*() {
    yield* Layer.build(job)
    yield* TestClock.adjust("4 seconds")
    assert.strictEqual(calls.count, 3)
  }).pipe(Effect.scoped)

describe("a job that dies", () => {
  it.effect("evaluates alerts again at the next time, and its defect is reported", () => {
    const calls = { count: 0 }
    return threeRounds(
      calls,
      AlertSchedule.scheduled.pipe(
        Layer.provide(Layer.mergeAll(
          Layer.mock(Alerts)({ evaluateAll: () => dying(calls, []) }),
          Layer.mock(Notifications)({ retryDue: () => Effect.succeed([]) }),
          schedule
        ))
      )
    ).pipe(
      Effect.andThen(TestErrors.expectEvent({ type: "Error" })),
      Effect.provide(DawsOs.layerTest)
    )
  })

  it.effect("builds the pricing pack again at the next time", () => {
    const calls = { count: 0 }
    const pack = { id: "PP", sizeBytes: 1, freshAt: new Date(0) }
    return threeRounds(
      calls,
      PackBuilder.scheduled.pipe(
        Layer.provide(Layer.mergeAll(Layer.mock(PackBuilder.PackBuilder)({ run: () => dying(calls, pack) }), schedule))
      )
    )
  })
})
