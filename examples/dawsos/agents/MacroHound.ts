/** The economy: regime, cycles, drawdown at risk, and alerts that follow from them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { agent, capability, computes } from "../orchestrator/AgentRuntime.ts"
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

    return agent("macro_hound", {
      "macro.detect_regime": computes(Nothing, () => macro.detectRegime()),
      "macro.get_indicators": capability(
        Nothing,
        () => Effect.map(macro.getIndicators(), (data) => ({ data, provenance: "real" }))
      ),
      "macro.compute_dar": computes(AtRisk, (input) => performance.computeDar(input.portfolio_id, input.confidence)),
      "cycles.compute_short_term": computes(Nothing, () => macro.shortTermCycle()),
      "cycles.compute_long_term": computes(Nothing, () => macro.longTermCycle()),
      "alerts.create_if_threshold": computes(
        Threshold,
        Effect.fnUntraced(function*(input, ctx) {
          if (input.sentiment >= input.threshold || ctx.portfolio_id === undefined) return { created: false }
          const id = yield* alerts.create(ctx.user_id, {
            condition: { alert_type: "news_sentiment", portfolio_id: ctx.portfolio_id, below: input.threshold },
            delivery_method: "inapp",
            cooldown_minutes: 1440
          })
          return { created: true, alert_id: id }
        })
      )
    })
  })
}) {
  static readonly layer = Layer.effect(MacroHound, MacroHound.make)
}
