/**
 * What DawsOS is known to be made of: its routes, patterns, capabilities, services, queries and providers.
 *
 * The label sets that show at 0 from the start, and nothing else: what is not listed is observed all the same.
 */

const statusCodes = {
  read: ["200", "500"],
  portfolio: ["200", "403", "404", "500"],
  execute: ["200", "403", "404", "500", "503"],
  create: ["201", "400", "500"],
  remove: ["204", "404", "500"]
} as const

/** Routes of the API with the status codes that they answer. */
export const endpoints = [
  { method: "POST", endpoint: "/v1/execute", codes: statusCodes.execute },
  { method: "GET", endpoint: "/api/patterns/list", codes: statusCodes.read },
  { method: "GET", endpoint: "/api/metrics/{portfolio_id}", codes: statusCodes.portfolio },
  { method: "GET", endpoint: "/api/quotes/{symbol}", codes: ["200", "404", "500", "503"] },
  { method: "GET", endpoint: "/api/alerts", codes: statusCodes.read },
  { method: "POST", endpoint: "/api/alerts", codes: statusCodes.create },
  { method: "DELETE", endpoint: "/api/alerts/{alert_id}", codes: statusCodes.remove }
] as const

/** Patterns by id. */
export const patterns = [
  "portfolio_overview",
  "buffett_checklist",
  "news_impact_analysis",
  "policy_rebalance",
  "portfolio_macro_overview",
  "macro_cycles_overview",
  "macro_trend_monitor",
  "holding_deep_dive",
  "portfolio_scenario_analysis",
  "portfolio_cycle_risk",
  "export_portfolio_report",
  "cycle_deleveraging_scenarios",
  "corporate_actions_upcoming"
] as const

const capabilitiesOf = {
  financial_analyst: [
    "ledger.positions",
    "pricing.apply_pack",
    "portfolio.get_valued_positions",
    "portfolio.sector_allocation",
    "portfolio.historical_nav",
    "metrics.compute_twr",
    "metrics.compute_mwr",
    "metrics.compute_sharpe",
    "attribution.currency",
    "charts.overview",
    "risk.compute_factor_exposures",
    "optimizer.propose_trades",
    "optimizer.analyze_impact",
    "ratings.dividend_safety",
    "ratings.moat_strength",
    "ratings.resilience",
    "ratings.aggregate"
  ],
  macro_hound: [
    "macro.detect_regime",
    "macro.compute_cycles",
    "macro.get_indicators",
    "macro.run_scenario",
    "macro.compute_dar",
    "cycles.compute_short_term",
    "cycles.compute_long_term",
    "alerts.suggest_presets",
    "alerts.create_if_threshold"
  ],
  data_harvester: [
    "provider.fetch_quote",
    "provider.fetch_fundamentals",
    "provider.fetch_news",
    "provider.fetch_macro",
    "fundamentals.load",
    "news.search",
    "news.compute_portfolio_impact",
    "reports.render_pdf",
    "reports.export_csv"
  ],
  claude: ["claude.explain", "claude.summarize", "ai.explain"]
} as const

/** Capabilities with the agent that has them. */
export const capabilities = Object.entries(capabilitiesOf).flatMap(([agent_name, all]) =>
  all.map((capability) => ({ agent_name, capability }))
)

/** Methods of services. */
export const services = [
  { service_name: "PricingService", method: "get_latest_pack" },
  { service_name: "PricingService", method: "get_prices" },
  { service_name: "PricingService", method: "get_fx_rate" },
  { service_name: "PerformanceCalculator", method: "compute_twr" },
  { service_name: "PerformanceCalculator", method: "compute_max_drawdown" },
  { service_name: "CurrencyAttributor", method: "compute_attribution" },
  { service_name: "MacroService", method: "detect_regime" },
  { service_name: "MacroService", method: "get_indicators" }
]

/** Tables that are only read while requests are served. */
const readOnly = ["portfolios", "securities", "users", "macro_indicators", "transactions"] as const

/** Tables that a job or a request writes, with the operations that happen to them. */
const written = {
  pricing_packs: ["select", "insert", "update"],
  prices: ["select", "insert"],
  fx_rates: ["select", "insert"],
  lots: ["select"],
  portfolio_daily_values: ["select", "insert"],
  portfolio_metrics: ["select", "insert"],
  alerts: ["select", "insert", "update"],
  notifications: ["select", "insert"],
  dlq: ["select", "insert", "update"],
  audit_log: ["insert"]
} as const

/** The tables that are told apart. */
export const tables: ReadonlyArray<string> = [...readOnly, ...Object.keys(written)]

/** Operations on tables, and the ends of transactions, as `instrument/Sql` names them. */
export const queries = [
  { operation: "commit", table: "none" },
  { operation: "rollback", table: "none" },
  ...readOnly.map((table) => ({ operation: "select", table })),
  ...Object.entries(written).flatMap(([table, operations]) => operations.map((operation) => ({ operation, table })))
]

/** Endpoints of market-data providers, as URL templates. */
export const providers = [
  { provider: "fmp", endpoint: "/v3/quote/{symbol}" },
  { provider: "fmp", endpoint: "/v3/profile/{symbol}" },
  { provider: "fmp", endpoint: "/v3/ratios/{symbol}" },
  { provider: "polygon", endpoint: "/v2/aggs/ticker/{symbol}/range/{multiplier}/{timespan}/{from}/{to}" },
  { provider: "fred", endpoint: "/series/observations" },
  { provider: "newsapi", endpoint: "/everything" }
]

/** Types of the product's own alerts. */
export const alertTypes = [
  "macro",
  "metric",
  "rating",
  "price",
  "news_sentiment",
  "dar_breach",
  "drawdown_limit",
  "regime_shift"
] as const

/** Ways in which the product's alerts reach a user. */
export const deliveryMethods = ["inapp", "email", "webhook"] as const

/** Commands of the shared cache. */
export const redisCommands = ["GET", "SET", "DEL"] as const
