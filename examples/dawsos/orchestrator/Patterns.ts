/** The patterns: sequences of capabilities as data, in DawsOS's own form. */
import * as Schema from "effect/Schema"
import type { Fault } from "../Faults.ts"

const Input = Schema.Struct({
  type: Schema.Literals(["string", "number", "boolean"]),
  default: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))
})

export const Pattern = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  inputs: Schema.Record(Schema.String, Input),
  steps: Schema.Array(Schema.Struct({
    capability: Schema.String,
    args: Schema.Record(Schema.String, Schema.Unknown),
    /** The key of the result in the state. */
    as: Schema.String,
    if: Schema.optionalKey(Schema.String)
  }))
})

export type Pattern = typeof Pattern.Type

type Step = Pattern["steps"][number]

const step = (capability: string, as: string, args: Step["args"] = {}, condition?: string): Step => ({
  capability,
  as,
  args,
  ...(condition === undefined ? {} : { if: condition })
})

const portfolio = { portfolio_id: "{{inputs.portfolio_id}}" }
const required = { type: "string" } as const
const option = (value: string | number | boolean): typeof Input.Type => ({
  type: typeof value as "string" | "number" | "boolean",
  default: value
})
const valued = step("portfolio.get_valued_positions", "valued", portfolio)

export const patterns: ReadonlyArray<Pattern> = [
  {
    id: "portfolio_overview",
    name: "Portfolio overview",
    inputs: { portfolio_id: required, lookback_days: option(252) },
    steps: [
      step("ledger.positions", "positions", portfolio),
      step("pricing.apply_pack", "valued", { positions: "{{state.positions}}", pack_id: "{{ctx.pricing_pack_id}}" }),
      step("metrics.compute_twr", "performance", { ...portfolio, lookback_days: "{{inputs.lookback_days}}" }),
      step("attribution.currency", "attribution", { ...portfolio, lookback_days: "{{inputs.lookback_days}}" }),
      step("portfolio.sector_allocation", "sectors", { positions: "{{state.valued}}" }),
      step("portfolio.historical_nav", "nav", { ...portfolio, lookback_days: "{{inputs.lookback_days}}" })
    ]
  },
  {
    id: "buffett_checklist",
    name: "Buffett checklist",
    inputs: { security_id: required },
    steps: [
      step("fundamentals.load", "fundamentals", { security_id: "{{inputs.security_id}}" }),
      step("ratings.dividend_safety", "dividend_safety", { fundamentals: "{{state.fundamentals}}" }),
      step("ratings.moat_strength", "moat_strength", { fundamentals: "{{state.fundamentals}}" }),
      step("ratings.resilience", "resilience", { fundamentals: "{{state.fundamentals}}" }),
      step("ratings.aggregate", "rating", {
        scores: {
          dividend_safety: "{{state.dividend_safety}}",
          moat_strength: "{{state.moat_strength}}",
          resilience: "{{state.resilience}}"
        }
      }),
      step("ai.explain", "explanation", { subject: "{{inputs.security_id}}", figures: "{{state.rating}}" })
    ]
  },
  {
    id: "news_impact_analysis",
    name: "News impact",
    inputs: { portfolio_id: required, lookback_hours: option(24), create_alert: option(false) },
    steps: [
      valued,
      step("news.search", "news", { positions: "{{state.valued}}", lookback_hours: "{{inputs.lookback_hours}}" }),
      step("news.compute_portfolio_impact", "impact", { positions: "{{state.valued}}", news: "{{state.news}}" }),
      step(
        "alerts.create_if_threshold",
        "alert",
        { sentiment: "{{state.impact.sentiment}}", threshold: -0.1 },
        "{{inputs.create_alert}}"
      )
    ]
  },
  {
    id: "policy_rebalance",
    name: "Rebalance to policy",
    inputs: { portfolio_id: required, max_weight: option(0.4) },
    steps: [
      valued,
      step("ratings.aggregate", "ratings", { positions: "{{state.valued}}" }),
      step("optimizer.propose_trades", "proposal", {
        positions: "{{state.valued}}",
        ratings: "{{state.ratings}}",
        max_weight: "{{inputs.max_weight}}"
      }),
      step("optimizer.analyze_impact", "impact", {
        positions: "{{state.valued}}",
        trades: "{{state.proposal.trades}}"
      }, "{{state.proposal.turnover}} > 0")
    ]
  },
  {
    id: "portfolio_macro_overview",
    name: "Portfolio and economy",
    inputs: { portfolio_id: required, confidence: option(0.95) },
    steps: [
      step("ledger.positions", "positions", portfolio),
      step("macro.detect_regime", "regime"),
      step("macro.get_indicators", "indicators"),
      step("risk.compute_factor_exposures", "exposures", portfolio),
      step("macro.compute_dar", "dar", { ...portfolio, confidence: "{{inputs.confidence}}" })
    ]
  },
  {
    id: "macro_cycles_overview",
    name: "Cycles of the economy",
    inputs: {},
    steps: [
      step("provider.fetch_macro", "spread", { series_id: "BAA10Y" }),
      step("cycles.compute_short_term", "short_term"),
      step("cycles.compute_long_term", "long_term"),
      step("macro.detect_regime", "regime"),
      step("claude.summarize", "summary", { subject: "the economy", figures: "{{state.regime.z_scores}}" })
    ]
  },
  {
    id: "export_portfolio_report",
    name: "Portfolio report",
    inputs: { portfolio_id: required, format: option("csv") },
    steps: [
      valued,
      step("metrics.compute_mwr", "mwr", portfolio),
      step("metrics.compute_sharpe", "sharpe", portfolio),
      step("reports.export_csv", "report", { positions: "{{state.valued}}" }, "{{inputs.format}} == \"csv\""),
      step("reports.render_pdf", "report", { positions: "{{state.valued}}" }, "{{inputs.format}} == \"pdf\"")
    ]
  },
  {
    id: "holding_deep_dive",
    name: "One holding",
    inputs: { symbol: required },
    steps: [
      step("provider.fetch_quote", "quote", { symbol: "{{inputs.symbol}}" }),
      step("provider.fetch_news", "news", { symbol: "{{inputs.symbol}}" }),
      step("claude.explain", "explanation", { subject: "{{inputs.symbol}}", figures: "{{state.quote}}" })
    ]
  }
]

/** The patterns as deployed: under `pattern-broken` one of them has a mistyped template. */
export const deployed = (fault: Fault | undefined): ReadonlyArray<Pattern> =>
  fault !== "pattern-broken" ? patterns : patterns.map((pattern) =>
    pattern.id !== "portfolio_overview" ? pattern : {
      ...pattern,
      steps: pattern.steps.map((each) =>
        each.as === "sectors" ? { ...each, args: { positions: "{{state.valued_positions}}" } } : each
      )
    }
  )
