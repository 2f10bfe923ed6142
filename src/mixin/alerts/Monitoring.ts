/** Whether the monitoring itself works: targets, rules, notifications, and an alert that shows it by always firing. */
import * as Foreign from "../Foreign.ts"
import * as PromQL from "../PromQL.ts"
import * as Rules from "../Rules.ts"

/** Limits, and where the alerts are looked into. */
export interface Options {
  /** The uid of the dashboard, as one that `Dashboard.ofTelemetry` makes. */
  readonly dashboard: string
  /** Jobs without which nobody is worse off than without traces: their absence is a warning. Default none. */
  readonly lesserJobs?: ReadonlyArray<string> | undefined
  /** Seconds that the evaluation of a group of rules may take. Default 10. */
  readonly ruleEvaluation?: number | undefined
}

const watchdog = ({ dashboard }: Options): Rules.Alert =>
  Rules.alert({
    name: "Watchdog",
    expression: PromQL.equals(PromQL.always(1), 1),
    severity: "info",
    summary: "Alerts are delivered",
    description:
      "This alert always fires ({{ $value }}). Whoever receives it is to raise the alarm when it no longer comes.",
    dashboard,
    runbook: {
      meaning:
        "Nothing is wrong while it fires. When it stops arriving, the way from Prometheus over Alertmanager to you " +
        "is broken, and no other alert would arrive either.",
      firstLook: [
        "Is Prometheus up, and does its page \"Alerts\" show Watchdog as firing? If not, Prometheus or its rules are the " +
        "cause: `promtool check rules` on `prometheus/alerts.yml`, and Prometheus's log.",
        "Does Alertmanager's page show it? If not, the way between them: NotificationsFailing's page.",
        "It does, and you got nothing: the receiver `watchdog` in `alertmanager/alertmanager.yml`, and Alertmanager's log."
      ],
      usualCauses: [
        "Prometheus or Alertmanager does not run, or its disk is full.",
        "A rules file or a configuration that was not accepted at the last reload.",
        "The service that receives the heartbeat moved."
      ],
      actions: ["Repair that link, then wait for one heartbeat (a minute) before you go back to bed."]
    }
  })

/** How many targets of each job can't be scraped. */
const missing = PromQL.count(PromQL.equals(PromQL.gauge(Foreign.up), 0), { by: ["job"] })

/** Jobs of which nothing at all can be scraped, and that somebody should be woken for. */
const gone = (lesserJobs: ReadonlyArray<string>): PromQL.Expression<"job"> =>
  PromQL.equals(
    PromQL.max(
      PromQL.gauge(Foreign.up, lesserJobs.length === 0 ? {} : { job: PromQL.noneOf(...lesserJobs) }),
      { by: ["job"] }
    ),
    0
  )

/** Critical where a whole job is gone, since its other alerts are held back then; a warning where one process is. */
const targetDown = (severity: "critical" | "warning", { dashboard, lesserJobs = [] }: Options): Rules.Alert =>
  Rules.alert({
    name: "TargetDown",
    expression: severity === "critical"
      ? PromQL.and(PromQL.greaterThan(missing, 0), gone(lesserJobs))
      : PromQL.unless(PromQL.greaterThan(missing, 0), gone(lesserJobs)),
    for: "1 minute",
    severity,
    summary: "A target can't be scraped",
    description:
      "Prometheus can't scrape {{ $value }} target{{ if gt $value 1.0 }}s{{ end }} of the job {{ $labels.job }}.",
    dashboard,
    runbook: {
      meaning:
        "Prometheus gets no metrics from a process: it is down or hangs, or its metrics port can't be reached. Critical " +
        "means that no process of the job is left; its other alerts are silenced meanwhile, since they would only be " +
        "guesses. A warning means that others still work, or that only traces are missing (Jaeger).",
      firstLook: [
        `Which one, and since when? ${
          Rules.query(PromQL.equals(PromQL.gauge(Foreign.up), 0))
        }; Prometheus's page "Target ` +
        "health\" has the error of the last scrape.",
        "`connection refused`: the process does not run, or listens elsewhere (`METRICS_PORT`, `METRICS_HOST`). " +
        "`context deadline exceeded`: it hangs, see EventLoopLag's page. `401` or `403`: the token.",
        "Do users notice? Ask the API's `/health` yourself."
      ],
      usualCauses: [
        "The process crashed or is being deployed: its last log line says why.",
        "`METRICS_HOST` is 127.0.0.1 while Prometheus runs in a container: set it to 0.0.0.0.",
        "`METRICS_TOKEN` differs from the file that Prometheus reads."
      ],
      actions: [
        "Crashed: start it; roll back if it crashes again.",
        "Hangs: take a stack (`kill -USR1` and the inspector, or a core), then restart.",
        "Only the port: correct the variable. No user is affected, but you are blind until then."
      ]
    }
  })

const ruleEvaluationFailing = ({ dashboard }: Options): Rules.Alert =>
  Rules.alert({
    name: "RuleEvaluationFailing",
    expression: PromQL.greaterThan(
      PromQL.sum(PromQL.increase(PromQL.counter(Foreign.ruleFailures), "5 minutes"), { by: ["job", "rule_group"] }),
      0
    ),
    for: "5 minutes",
    severity: "critical",
    summary: "Prometheus fails at evaluating rules",
    description:
      "{{ $value | humanize }} evaluations of rules of {{ $labels.rule_group }} failed in the last five minutes " +
      "({{ $labels.job }}).",
    dashboard,
    runbook: {
      meaning: "Alerts of this group may not fire although they should.",
      firstLook: [
        "Prometheus's page \"Rules\": the rule with its error.",
        "Prometheus's log: lines with `Evaluating rule failed`."
      ],
      usualCauses: [
        "`found duplicate series`: two programs expose the same series, often after a job was scraped twice.",
        "A query that is too large (`query processing would load too many samples`).",
        "A rule that was changed by hand."
      ],
      actions: [
        "Duplicates: remove the second target or give it another job.",
        "Changed by hand: generate the files anew, then reload Prometheus."
      ]
    }
  })

const ruleEvaluationSlow = ({ dashboard, ruleEvaluation = 10 }: Options): Rules.Alert => {
  const duration = PromQL.gauge(Foreign.ruleGroupDuration)
  return Rules.alert({
    name: "RuleEvaluationSlow",
    expression: PromQL.greaterThan(PromQL.max(duration, { by: ["job", "rule_group"] }), ruleEvaluation),
    for: "5 minutes",
    severity: "warning",
    summary: "Rules are evaluated slowly",
    description:
      "The evaluation of {{ $labels.rule_group }} takes {{ $value | humanizeDuration }} ({{ $labels.job }}); " +
      "alerts come late by that.",
    dashboard,
    runbook: {
      meaning:
        "Prometheus takes longer for a group of rules than is promised. Evaluations are left out, and alerts fire late.",
      firstLook: [
        `Which groups? ${Rules.query(PromQL.top(5, duration))}.`,
        "How many series are there? Prometheus's page \"TSDB status\": a metric with far more series than the others " +
        "is the cause. Does LabelOverflow fire?"
      ],
      usualCauses: [
        "Many more series than before.",
        "Too little memory or processor for Prometheus; slow disks.",
        "Heavy queries of dashboards at the same time."
      ],
      actions: [
        "Too many series: drop the metric with `metric_relabel_configs`, then mend its source.",
        "Give Prometheus more memory (`mem_limit` in the compose file)."
      ]
    }
  })
}

const notificationsFailing = ({ dashboard }: Options): Rules.Alert =>
  Rules.alert({
    name: "NotificationsFailing",
    expression: PromQL.greaterThan(
      PromQL.sum(PromQL.increase(PromQL.counter(Foreign.notificationErrors), "5 minutes"), {
        by: ["job", "alertmanager"]
      }),
      0
    ),
    for: "5 minutes",
    severity: "critical",
    summary: "Prometheus can't reach Alertmanager",
    description:
      "Prometheus ({{ $labels.job }}) could not send {{ $value | humanize }} alerts to {{ $labels.alertmanager }} " +
      "in the last five minutes.",
    dashboard,
    runbook: {
      meaning:
        "Alerts fire and nobody is told. With one Alertmanager this alert does not reach you either: that is what " +
        "the missing heartbeat (Watchdog) is for.",
      firstLook: [
        "Does it run? `docker compose -f docker-compose.observability.yml ps alertmanager`, and its log.",
        "Can Prometheus reach it? Prometheus's page \"Runtime & build information\" lists the Alertmanagers; its log has " +
        "lines with `Error sending alerts`."
      ],
      usualCauses: [
        "Alertmanager does not start: its configuration is wrong, or a secret file is missing.",
        "Another address or port than `prometheus/prometheus.yml` says."
      ],
      actions: [
        "`amtool check-config alertmanager/alertmanager.yml`, mend, start.",
        "Meanwhile watch Prometheus's page \"Alerts\" yourself."
      ]
    }
  })

const notificationDeliveryFailing = ({ dashboard }: Options): Rules.Alert =>
  Rules.alert({
    name: "NotificationDeliveryFailing",
    expression: PromQL.greaterThan(
      PromQL.sum(PromQL.increase(PromQL.counter(Foreign.notificationsFailed), "10 minutes"), {
        by: ["job", "integration"]
      }),
      0
    ),
    for: "10 minutes",
    severity: "critical",
    summary: "Notifications do not arrive",
    description: "Alertmanager ({{ $labels.job }}) could not deliver {{ $value | humanize }} notifications by " +
      "{{ $labels.integration }} in the last ten minutes.",
    dashboard,
    runbook: {
      meaning:
        "Alertmanager has alerts for somebody and can't deliver them by this way. Other receivers may still work; " +
        "with only one, the missing heartbeat tells.",
      firstLook: [
        `By which way, and why? ${
          Rules.query(PromQL.sum(PromQL.increase(PromQL.counter(Foreign.notificationsFailed), "1 hour"), {
            by: ["integration", "reason"]
          }))
        }: \`clientError\` is a wrong address or secret, \`serverError\` the other side, \`contextDeadlineExceeded\` a ` +
        "timeout.",
        "Alertmanager's log: lines with `Notify for alerts failed`."
      ],
      usualCauses: [
        "A secret that expired or a channel that was removed (Slack, PagerDuty).",
        "The mail relay refuses the sender.",
        "The webhook's receiver is down."
      ],
      actions: [
        "Renew the secret's file below `observability/secrets/`; Alertmanager reads it at the next notification.",
        "Meanwhile watch Alertmanager's own page."
      ]
    }
  })

/**
 * The group `{prefix}.monitoring`, `prefix` being the catalogue's.
 *
 * @example
 * import { MonitoringAlerts } from "@dawsos/observability/mixin"
 *
 * export const group = MonitoringAlerts.group("shop", { dashboard: "shop-telemetry", lesserJobs: ["jaeger"] })
 */
export const group = (prefix: string, options: Options): Rules.Group => ({
  name: `${prefix}.monitoring`,
  rules: [
    watchdog(options),
    targetDown("critical", options),
    targetDown("warning", options),
    ruleEvaluationFailing(options),
    ruleEvaluationSlow(options),
    notificationsFailing(options),
    notificationDeliveryFailing(options)
  ]
})
