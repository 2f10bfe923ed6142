import * as DawsOs from "@dawsos/observability/dawsos"
import { containing, span, TestErrors, TestMetrics, TestTracing } from "@dawsos/observability/testing"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as SqlClient from "effect/sql/SqlClient"
import type { PackStatus } from "../../../../examples/dawsos/Domain.ts"
import { PackBuilder } from "../../../../examples/dawsos/pack/PackBuilder.ts"
import * as Program from "../../../../examples/dawsos/Program.ts"
import { Simulator } from "../../../../examples/dawsos/providers/Simulator.ts"
import { settings } from "../settings.ts"

const builds = DawsOs.metrics.pricingPackBuildsTotal
const statusIs = (status: PackStatus) => TestMetrics.expectValue(DawsOs.metrics.pricingPackStatus, { status }, 1)

layer(Program.domain.pipe(Layer.provide(settings()), Layer.provideMerge(DawsOs.layerTest)), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("a build of the pricing pack", (it) => {
  it.effect("is a trace of its own wherever it is started, counted, and shown with size and status", () =>
    Effect.gen(function*() {
      const { run } = yield* PackBuilder
      const pack = yield* Effect.withSpan(run(), "elsewhere")
      yield* TestTracing.expectTrace(
        span("pricing_pack.build", { status: "success" }, containing(span("LedgerService.get_securities")))
      )
      yield* TestTracing.expectTrace(span("elsewhere", []))
      yield* TestMetrics.expectValue(builds, { status: "success" }, 1)
      yield* TestMetrics.expectHistogram(DawsOs.metrics.pricingPackBuildDuration, {}, { count: 1 })
      yield* TestMetrics.expectValue(DawsOs.metrics.pricingPackSizeBytes, {}, pack.sizeBytes)
      yield* statusIs("fresh")
    }))

  it.effect("that comes to other prices fails, is reported, and leaves the pack as it was", () =>
    Effect.gen(function*() {
      const { run } = yield* PackBuilder
      const sql = yield* SqlClient.SqlClient
      yield* sql`update pricing_packs set sha256 = 'of other prices'`
      const before = yield* sql`select * from pricing_packs`
      const error = yield* Effect.flip(run())
      assert.strictEqual(error._tag, "PackChanged")
      assert.match(error.message, /^the content of PP_\S+ would change$/)
      assert.deepStrictEqual(yield* sql`select * from pricing_packs`, before)
      yield* TestMetrics.expectValue(builds, { status: "error" }, 1)
      yield* TestErrors.expectEvent({ type: "PackChanged" })
      yield* statusIs("fresh")
    }))
})

layer(Program.domain.pipe(Layer.provide(settings()), Layer.provideMerge(DawsOs.layerTest)), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("a build whose provider fails", (it) => {
  it.effect("shows the first pack as warming for as long as it is being built", () =>
    Effect.gen(function*() {
      const { run } = yield* PackBuilder
      const { setFault } = yield* Simulator
      setFault("provider-slow")
      const building = yield* Effect.forkChild(run())
      yield* TestMetrics.value(DawsOs.metrics.pricingPackStatus, { status: "warming" }).pipe(
        Effect.repeat({ until: Option.contains(1), schedule: Schedule.spaced("10 millis"), times: 250 })
      )
      yield* statusIs("warming")
      assert.isUndefined(building.pollUnsafe())
      yield* Fiber.interrupt(building)
    }))

  it.effect("succeeds once the provider answers again, though its circuit lets a single request try", () =>
    Effect.gen(function*() {
      const { build } = yield* PackBuilder
      const { setFault } = yield* Simulator
      setFault("provider-down")
      for (let n = 0; n < 3; n++) yield* Effect.flip(build())
      setFault(undefined)
      // The circuit is open for a millisecond here.
      yield* Effect.sleep("20 millis")
      const pack = yield* build()
      assert.match(pack.id, /^PP_/)
    }))
})
