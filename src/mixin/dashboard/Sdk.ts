/**
 * Grafana's SDK, an optional peer: loaded when dashboards are written, so that importing this entry needs none of it.
 */
import type * as BarGauge from "@grafana/grafana-foundation-sdk/bargauge"
import type * as Common from "@grafana/grafana-foundation-sdk/common"
import type * as Dashboard from "@grafana/grafana-foundation-sdk/dashboard"
import type * as Prometheus from "@grafana/grafana-foundation-sdk/prometheus"
import type * as Stat from "@grafana/grafana-foundation-sdk/stat"
import type * as Table from "@grafana/grafana-foundation-sdk/table"
import type * as TimeSeries from "@grafana/grafana-foundation-sdk/timeseries"

/** The parts of the SDK that are used. */
export interface Sdk {
  readonly barGauge: typeof BarGauge
  readonly common: typeof Common
  readonly dashboard: typeof Dashboard
  readonly prometheus: typeof Prometheus
  readonly stat: typeof Stat
  readonly table: typeof Table
  readonly timeSeries: typeof TimeSeries
}

/** Loads the SDK; rejects when `@grafana/grafana-foundation-sdk` is not installed. */
export const load = async (): Promise<Sdk> => {
  const [barGauge, common, dashboard, prometheus, stat, table, timeSeries] = await Promise.all([
    import("@grafana/grafana-foundation-sdk/bargauge"),
    import("@grafana/grafana-foundation-sdk/common"),
    import("@grafana/grafana-foundation-sdk/dashboard"),
    import("@grafana/grafana-foundation-sdk/prometheus"),
    import("@grafana/grafana-foundation-sdk/stat"),
    import("@grafana/grafana-foundation-sdk/table"),
    import("@grafana/grafana-foundation-sdk/timeseries")
  ])
  return { barGauge, common, dashboard, prometheus, stat, table, timeSeries }
}
