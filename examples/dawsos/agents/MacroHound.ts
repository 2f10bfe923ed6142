/** The economy: regime, cycles, drawdown at risk, and alerts that follow from them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { RequestContext } from "../Domain.ts"
import { type Agent, capability, computed } from "../orchestrator/AgentRuntime.ts"
import { Alerts } from "../services/Alerts.ts"
import { Macro } from "../services/Macro.ts"
import { Performance } from "../services/Performance.ts"

const Nothing = Schema.Struct({})
const AtRisk = Schema.Struct({ portfolio_id: Schema.String, confidence: Schema.Finite })
const Threshold = Schema.Struct({ sentiment: Schema.Finite, threshold: Schema.Finite })

export class MacroHound extends Context.Service<MacroHound>()("dawsos/agents/MacroHound", {
  make: Effect.gen(function*() {
    const macro = yield* Macro
    const performance = yield* Performance
    const alerts = yield* Alerts

    const capabilities = {
      "macro.detect_regime": capability(
        Nothing,
        Effect.fn(function*() {
          return computed(yield* macro.detectRegime())
        })
      ),
      "macro.get_indicators": capability(
        Nothing,
        Effect.fn(function*() {
          return { data: yield* macro.getIndicators(), provenance: "real" }
        })
      ),
      "macro.compute_dar": capability(
        AtRisk,
        Effect.fn(function*(input: typeof AtRisk.Type) {
          return computed(yield* performance.computeDar(input.portfolio_id, input.confidence))
        })
      ),
      "cycles.compute_short_term": capability(
        Nothing,
        Effect.fn(function*() {
          return computed(yield* macro.shortTermCycle())
        })
      ),
      "cycles.compute_long_term": capability(
        Nothing,
        Effect.fn(function*() {
          return computed(yield* macro.longTermCycle())
        })
      ),
      "alerts.create_if_threshold": capability(
        Threshold,
        Effect.fn(function*(input: typeof Threshold.Type, ctx: RequestContext) {
          if (input.sentiment >= input.threshold) return computed({ created: false })
          const id = yield* alerts.create(ctx.user_id, {
            condition: { alert_type: "news_sentiment", value: input.sentiment, below: input.threshold },
            delivery_method: "inapp",
            cooldown_minutes: 1440
          })
          return computed({ created: true, alert_id: id })
        })
      )
    }
    return { name: "macro_hound", capabilities } as const satisfies Agent
  })
}) {
  static readonly layer = Layer.effect(MacroHound, MacroHound.make)
}
