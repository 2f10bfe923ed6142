// What the base document names, copied out of it: the document itself is no part of the repository.

export const files = [
  "backend/app/observability/tracing.py",
  "backend/app/observability/metrics.py",
  "backend/app/observability/error_tracking.py",
  "backend/app/middleware/observability_middleware.py",
  "observability/grafana/dashboards/dawsos-overview.json",
  "observability/prometheus/alerts.yml",
  "observability/prometheus/prometheus.yml",
  "backend/app/api/executor.py",
  "backend/app/services/base_service.py",
  "backend/app/agents/base_agent.py",
  ".env",
  "docker-compose.observability.yml"
]

/** Classes with their methods. */
export const classes = {
  TracingConfig: ["__init__", "setup_tracing", "get_tracer"],
  MetricsCollector: [
    "__init__",
    "setup_metrics",
    "record_api_request",
    "record_pattern_execution",
    "record_agent_capability",
    "record_service_call",
    "record_db_query",
    "record_provider_request",
    "update_pricing_pack_metrics",
    "update_db_connections"
  ],
  SentryConfig: [
    "__init__",
    "setup_sentry",
    "_before_send",
    "add_user_context",
    "add_tags",
    "capture_exception",
    "capture_message"
  ],
  ObservabilityMiddleware: ["__init__", "dispatch"],
  BaseService: ["__init__", "_record_service_call"],
  BaseAgent: ["__init__", "_record_capability_call"]
}

/** Attributes of the configuration classes. */
export const attributes = {
  TracingConfig: ["enabled", "jaeger_endpoint", "service_name", "service_version"],
  MetricsCollector: ["enabled", "metrics_port"],
  SentryConfig: ["enabled", "dsn", "environment", "release"]
}

/** Attributes of the other classes, variables of modules and of the middleware, keys of headers and extra data. */
export const variables = [
  "metrics_collector",
  "sentry_config",
  "tracing_config",
  "db_pool",
  "metrics",
  "name",
  "services",
  "start_time",
  "method",
  "path",
  "user_id",
  "X-User-ID",
  "authorization",
  "x-api-key",
  "x-user-id",
  "password",
  "token",
  "secret",
  "key",
  "python_version",
  "traces_sample_rate",
  "profiles_sample_rate",
  "before_send"
]

/** What it takes from libraries. */
export const libraries = [
  "TracerProvider",
  "JaegerExporter",
  "BatchSpanProcessor",
  "FastAPIInstrumentor",
  "AsyncPGInstrumentor",
  "RedisInstrumentor",
  "HTTPXClientInstrumentor",
  "Counter",
  "Histogram",
  "Gauge",
  "Info",
  "start_http_server",
  "wraps",
  "sentry_sdk",
  "FastApiIntegration",
  "AsyncioIntegration",
  "AsyncPGIntegration",
  "RedisIntegration",
  "BaseHTTPMiddleware"
]

/** Metrics by the variable that holds them, with their labels. */
export const metrics = {
  api_requests_total: ["dawsos_api_requests_total", "method,endpoint,status_code"],
  api_request_duration: ["dawsos_api_request_duration_seconds", "method,endpoint"],
  pattern_executions_total: ["dawsos_pattern_executions_total", "pattern_id,status"],
  pattern_execution_duration: ["dawsos_pattern_execution_duration_seconds", "pattern_id"],
  agent_capability_calls_total: ["dawsos_agent_capability_calls_total", "agent_name,capability,status"],
  agent_capability_duration: ["dawsos_agent_capability_duration_seconds", "agent_name,capability"],
  service_calls_total: ["dawsos_service_calls_total", "service_name,method,status"],
  service_call_duration: ["dawsos_service_call_duration_seconds", "service_name,method"],
  db_queries_total: ["dawsos_db_queries_total", "operation,table"],
  db_query_duration: ["dawsos_db_query_duration_seconds", "operation,table"],
  db_connections_active: ["dawsos_db_connections_active", ""],
  provider_requests_total: ["dawsos_provider_requests_total", "provider,endpoint,status"],
  provider_request_duration: ["dawsos_provider_request_duration_seconds", "provider,endpoint"],
  provider_rate_limit_remaining: ["dawsos_provider_rate_limit_remaining", "provider"],
  pricing_pack_build_duration: ["dawsos_pricing_pack_build_duration_seconds", ""],
  pricing_pack_size: ["dawsos_pricing_pack_size_bytes", ""],
  pricing_pack_freshness: ["dawsos_pricing_pack_freshness_seconds", ""],
  alerts_evaluated_total: ["dawsos_alerts_evaluated_total", "alert_type,status"],
  alerts_delivered_total: ["dawsos_alerts_delivered_total", "delivery_method,status"],
  system_info: ["dawsos_system_info", ""]
} as const

/** Environment variables with the values that its `.env` gives them. */
export const environment = {
  ENABLE_OBSERVABILITY: "true",
  SERVICE_NAME: "dawsos-backend",
  SERVICE_VERSION: "0.7.0",
  ENVIRONMENT: "development",
  JAEGER_ENDPOINT: "http://localhost:14268/api/traces",
  JAEGER_AGENT_HOST: "localhost",
  JAEGER_AGENT_PORT: "6831",
  METRICS_PORT: "8001",
  SENTRY_DSN: "your-sentry-dsn-here",
  SENTRY_TRACES_SAMPLE_RATE: "0.1",
  SENTRY_PROFILES_SAMPLE_RATE: "0.1"
}

export const dashboard = "DawsOS Overview"

export const panels = [
  "API Request Rate",
  "API Response Time",
  "Pattern Execution Rate",
  "Database Query Performance",
  "Provider API Performance",
  "Pricing Pack Freshness",
  "Active Database Connections",
  "Error Rate"
]

export const alerts = [
  "HighErrorRate",
  "HighResponseTime",
  "PricingPackStale",
  "DatabaseConnectionsHigh",
  "ProviderRateLimitLow",
  "PatternExecutionFailure"
]

export const composeServices = ["jaeger", "prometheus", "grafana"]

/** What is there, what is missing, what counts as success, what is to be tested. */
export const statements = [
  "OpenTelemetry Dependencies",
  "Prometheus Client",
  "Sentry SDK",
  "Configuration Framework",
  "Instrumentation Hooks",
  "OpenTelemetry Configuration",
  "Prometheus Metrics",
  "Sentry Integration",
  "Grafana Dashboards",
  "Alert Rules",
  "Jaeger Integration",
  "OpenTelemetry tracing works with Jaeger",
  "Prometheus metrics collection functional",
  "Sentry error tracking operational",
  "Grafana dashboards display data",
  "Alert rules trigger correctly",
  "Tracing overhead <5% of request time",
  "Metrics collection <1% CPU usage",
  "Dashboard load time <2 seconds",
  "Alert evaluation <10 seconds",
  "All services start without errors",
  "Metrics persist across restarts",
  "Alerts deliver to configured channels",
  "Dashboards auto-refresh correctly",
  "Metrics collection accuracy",
  "Tracing span creation",
  "Error capture functionality",
  "Configuration validation",
  "End-to-end tracing flow",
  "Metrics aggregation",
  "Alert rule evaluation",
  "Dashboard data accuracy",
  "Performance impact measurement",
  "Memory usage monitoring",
  "Concurrent request handling",
  "Long-running stability"
]
