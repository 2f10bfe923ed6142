/**
 * What DawsOS is known to be made of: its routes, patterns, capabilities, services, queries and providers.
 *
 * The label sets that show at 0 from the start, and nothing else: what is not listed is observed all the same.
 */

/** Routes of the API with the status codes that they answer. */
export const endpoints = [
  { method: "POST", endpoint: "/v1/execute", codes: ["200", "400", "401", "403", "404", "500", "503", "504"] },
  { method: "GET", endpoint: "/api/patterns/list", codes: ["200", "500"] },
  { method: "GET", endpoint: "/api/metrics/{portfolio_id}", codes: ["200", "401", "403", "500"] },
  { method: "GET", endpoint: "/api/quotes/{symbol}", codes: ["200", "401", "404", "500", "503"] },
  { method: "GET", endpoint: "/api/alerts", codes: ["200", "401", "500"] },
  { method: "POST", endpoint: "/api/alerts", codes: ["201", "400", "401", "403", "404", "500"] },
  { method: "DELETE", endpoint: "/api/alerts/{alert_id}", codes: ["204", "401", "404", "500"] }
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

const methodsOf = {
  PricingService: ["get_latest_pack", "get_pack", "get_prices", "get_fx_rate", "get_quote", "value_positions"],
  LedgerService: [
    "get_portfolio",
    "get_positions",
    "get_valuations",
    "get_flows",
    "get_security",
    "get_securities",
    "get_commit_hash"
  ],
  PerformanceCalculator: [
    "compute_twr",
    "compute_mwr",
    "compute_sharpe",
    "compute_max_drawdown",
    "compute_dar",
    "compute_summary"
  ],
  CurrencyAttributor: ["compute_attribution", "compute_factor_exposures"],
  MacroService: ["get_series", "get_indicators", "detect_regime"],
  CyclesService: ["compute_short_term", "compute_long_term"],
  OptimizerService: ["propose_trades", "analyze_impact"],
  RatingsService: ["get_fundamentals", "rate"],
  ReportService: ["export_csv"],
  AlertService: ["list", "create", "remove", "evaluate", "evaluate_all"],
  NotificationService: ["send", "deliver", "retry_due"],
  AuditService: ["log"]
} as const

/** Methods of services. */
export const services = Object.entries(methodsOf).flatMap(([service_name, methods]) =>
  methods.map((method) => ({ service_name, method }))
)

/** What happens to each table while requests are served and jobs run, as `instrument/Sql` names it. */
const statements = {
  portfolios: ["select"],
  securities: ["select"],
  users: ["select"],
  macro_indicators: ["select"],
  transactions: ["select"],
  prices: ["select"],
  fx_rates: ["select"],
  lots: ["select"],
  portfolio_daily_values: ["select"],
  portfolio_metrics: ["insert"],
  pricing_packs: ["select", "insert", "update"],
  alerts: ["select", "insert", "update"],
  notifications: ["insert"],
  dlq: ["select", "insert", "update"],
  audit_log: ["insert"]
} as const

/** The tables that are told apart. */
export const tables: ReadonlyArray<string> = Object.keys(statements)

/** Operations on tables, and the ends of transactions. */
export const queries = [
  { operation: "commit", table: "none" },
  { operation: "rollback", table: "none" },
  ...Object.entries(statements).flatMap(([table, operations]) => operations.map((operation) => ({ operation, table })))
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
export const redisCommands = ["GET", "SET", "EVALSHA"] as const
