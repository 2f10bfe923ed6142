/** A program of its own: its database has to be slow from the start. */
import { assert, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Executor } from "../../../examples/dawsos/api/Executor.ts"
import { demoPortfolios, demoUsers } from "../../../examples/dawsos/database/Seed.ts"
import { FaultSwitch } from "../../../examples/dawsos/FaultSwitch.ts"
import { PackBuilder } from "../../../examples/dawsos/pack/PackBuilder.ts"
import * as Program from "../../../examples/dawsos/Program.ts"
import { settings } from "./settings.ts"

const fault = new FaultSwitch("database-slow")

layer(Program.domain.pipe(Layer.provide(settings({ fault }))), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("a slow database", (it) => {
  it.effect("makes whole requests slow, since each asks it many times, until the fault ends", () =>
    Effect.gen(function*() {
      yield* (yield* PackBuilder).build()
      const { asUser, execute } = yield* Executor
      const overview = { pattern_id: "portfolio_overview", inputs: { portfolio_id: demoPortfolios[0].id } }
      const taken = Effect.map(
        Effect.timed(asUser(`Bearer ${demoUsers[0].token}`, (user) => execute(user, overview))),
        ([duration]) => duration
      )
      const slow = yield* taken
      yield* fault.end
      // Some twenty statements at 100 ms.
      assert.isAbove(Duration.toSeconds(slow), 2)
      // What they take of themselves is the machine's affair.
      yield* Effect.repeat(taken, { until: (now) => Duration.toMillis(now) < Duration.toMillis(slow) - 1000 })
    }))
})
