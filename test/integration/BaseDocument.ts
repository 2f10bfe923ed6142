/** The `.env` of the base document, word for word. */
export const env = `# Observability Configuration
ENABLE_OBSERVABILITY=true
SERVICE_NAME=dawsos-backend
SERVICE_VERSION=0.7.0
ENVIRONMENT=development

# Jaeger Configuration
JAEGER_ENDPOINT=http://localhost:14268/api/traces
JAEGER_AGENT_HOST=localhost
JAEGER_AGENT_PORT=6831

# Prometheus Configuration
METRICS_PORT=8001

# Sentry Configuration
SENTRY_DSN=your-sentry-dsn-here
SENTRY_TRACES_SAMPLE_RATE=0.1
SENTRY_PROFILES_SAMPLE_RATE=0.1
`
