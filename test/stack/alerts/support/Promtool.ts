/** Unit tests of rules by promtool, one run each. */
import { defaults, groups } from "@dawsos/observability/dawsos/mixin"
import { RulesFile } from "@dawsos/observability/mixin"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import { stringify } from "yaml"
import * as Tools from "../../../../scripts/stack/Tools.ts"
import type { SeriesSet } from "./Healthy.ts"

/** The rules as they are shipped. */
export const ours = RulesFile.text(groups(defaults), { ...defaults, header: "for promtool" })

/** The six as the base document has them. */
export const base = stringify({
  groups: [{
    name: "dawsos.rules",
    rules: [
      ["HighErrorRate", "rate(dawsos_api_requests_total{status_code=~\"5..\"}[5m]) > 0.1", "2m"],
      [
        "HighResponseTime",
        "histogram_quantile(0.95, rate(dawsos_api_request_duration_seconds_bucket[5m])) > 2",
        "5m"
      ],
      ["PricingPackStale", "dawsos_pricing_pack_freshness_seconds > 3600", "1m"],
      ["DatabaseConnectionsHigh", "dawsos_db_connections_active > 80", "2m"],
      ["ProviderRateLimitLow", "dawsos_provider_rate_limit_remaining < 100", "1m"],
      ["PatternExecutionFailure", "rate(dawsos_pattern_executions_total{status=\"error\"}[5m]) > 0.05", "2m"]
    ].map(([alert, expr, duration]) => ({ alert, expr, for: duration }))
  }]
})

/** An alert that fires at a moment, in full. */
export interface Fired {
  readonly at: string
  readonly alert: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface Run {
  readonly rules: string
  readonly series: SeriesSet
  /** The step of the series and of the evaluations; a minute unless given. */
  readonly interval?: string | undefined
  /** The exact set of alerts that fire at each moment. */
  readonly moments?: Readonly<Record<string, ReadonlyArray<string>>> | undefined
  /** Only this alert is looked at. */
  readonly only?: string | undefined
  /** The label by which firing alerts are told apart; their name unless given. */
  readonly by?: string | undefined
  readonly fired?: ReadonlyArray<Fired> | undefined
  /** The values of expressions at moments. */
  readonly values?:
    | ReadonlyArray<{ readonly at: string; readonly expression: string; readonly value: number }>
    | undefined
}

/** What promtool says, empty where everything is as expected. */
export const run = (
  { by = "alertname", fired = [], interval = "1m", moments = {}, only, rules, series, values = [] }: Run
): string => {
  const tool = Tools.resolve("promtool")
  if (tool._tag === "Missing") throw new Error(tool.message)
  const firing = only === undefined ? "alertstate=\"firing\"" : `alertstate="firing", alertname="${only}"`
  const test = {
    rule_files: ["rules.yml"],
    evaluation_interval: interval,
    // The last digit of a float is not what is tested.
    fuzzy_compare: true,
    tests: [{
      interval,
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        ...Object.entries(moments).map(([at, alerts]) => ({
          expr: `count by (${by}) (ALERTS{${firing}}) > bool 0`,
          eval_time: at,
          exp_samples: alerts.map((alert) => ({ labels: `{${by}="${alert}"}`, value: 1 }))
        })),
        ...values.map(({ at, expression, value }) => ({
          // Without the noise of binary fractions.
          expr: `sum(round(${expression}, 1e-9))`,
          eval_time: at,
          exp_samples: [{ labels: "{}", value }]
        }))
      ],
      alert_rule_test: fired.map(({ alert, annotations, at, labels }) => ({
        eval_time: at,
        alertname: alert,
        exp_alerts: [{ exp_labels: labels, exp_annotations: annotations }]
      }))
    }]
  }
  const folder = mkdtempSync(Path.join(tmpdir(), "promtool-"))
  try {
    writeFileSync(Path.join(folder, "rules.yml"), rules)
    writeFileSync(Path.join(folder, "test.yml"), stringify(test, { lineWidth: 0 }))
    const { error, status, stderr, stdout } = spawnSync(tool.path, ["test", "rules", "--diff", "test.yml"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 120_000
    })
    if (error !== undefined) throw error
    return status === 0 ? "" : `${stdout}${stderr}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
