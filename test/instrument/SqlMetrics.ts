// What tests record of statements.
import { Catalogue } from "@dawsos/observability"

const { Label } = Catalogue
const labels = { operation: Label.bounded(), table: Label.bounded() }

export const definitions = {
  queries: Catalogue.counter({ name: "db_queries_total", help: "Queries", labels }),
  errors: Catalogue.counter({ name: "db_query_errors_total", help: "Queries that failed", labels }),
  duration: Catalogue.histogram({
    name: "db_query_duration_seconds",
    help: "Time that a query takes",
    unit: "seconds",
    labels,
    buckets: [0.01, 1],
    bucketsReason: "a test"
  }),
  connectionsActive: Catalogue.gauge({ name: "db_connections_active", help: "Connections in use" }),
  connectionsMax: Catalogue.gauge({ name: "db_connections_max", help: "Connections that there may be" })
}

export const tables = ["orders", "items"]
