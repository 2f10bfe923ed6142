/**
 * Where DawsOS's alerts go: `alertmanager/alertmanager.yml`.
 *
 * Severity decides: `critical` goes wherever somebody can be woken, `warning` where it is read on a working day, `info`
 * into the channel. What has no receiver with a secret goes to the service `notifications` of the compose file.
 */
import { Alertmanager } from "../../mixin/index.ts"
import type { Receivers } from "./Deployment.ts"
import type { Settings } from "./Settings.ts"

/** Where the compose file's service `notifications` (scripts/notifications) takes alerts. */
export const notificationsUrl = "http://notifications:8025/alerts"

/** Where it takes the heartbeat. */
export const heartbeatUrl = "http://notifications:8025/heartbeat"

/** The alert that always fires, to show that alerts arrive. */
const watchdog = "Watchdog"

/** The alert that says that a target as a whole is gone, and all that is measured in it too. */
const targetDown = "TargetDown"

const integrationsOf = ({ email, pagerduty, slack, webhook }: Receivers) => ({
  webhook: webhook === undefined ? [] : [Alertmanager.webhook(webhook)],
  slack: slack === undefined ? [] : [Alertmanager.slack(slack)],
  pagerduty: pagerduty === undefined ? [] : [Alertmanager.pagerDuty(pagerduty)],
  email: email === undefined ? [] : [Alertmanager.email(email)]
})

/** Alertmanager's configuration for these settings. */
export const routing = (settings: Settings): Alertmanager.Config => {
  const { email, pagerduty, slack, webhook } = integrationsOf(settings.receivers)
  const orNotifications = (name: string, integrations: ReadonlyArray<Alertmanager.Integration>) =>
    Alertmanager.receiver(
      name,
      integrations.length > 0 ? integrations : [Alertmanager.webhook({ url: notificationsUrl })]
    )
  const critical = orNotifications("critical", [...pagerduty, ...slack, ...email, ...webhook])
  const warning = orNotifications("warning", [...slack, ...email, ...webhook])
  const info = orNotifications("info", slack.length > 0 ? slack : webhook)
  const heartbeat = Alertmanager.receiver("watchdog", [
    Alertmanager.webhook({ ...(settings.receivers.watchdog ?? { url: heartbeatUrl }), sendResolved: false })
  ])
  return {
    route: {
      // An alert without a severity is somebody else's; it is told all the same.
      receiver: warning,
      groupBy: ["alertname", "job"],
      groupWait: "30 seconds",
      groupInterval: "5 minutes",
      repeatInterval: "12 hours",
      routes: [
        {
          receiver: heartbeat,
          matchers: [Alertmanager.is("alertname", watchdog)],
          groupWait: "1 second",
          // Half of what is meant by "every minute": a flush that comes a moment too early is made up for by the next.
          groupInterval: "30 seconds",
          repeatInterval: "1 minute"
        },
        {
          receiver: critical,
          matchers: [Alertmanager.is("severity", "critical")],
          groupWait: "5 seconds",
          groupInterval: "1 minute",
          repeatInterval: "1 hour"
        },
        { receiver: warning, matchers: [Alertmanager.is("severity", "warning")] },
        {
          receiver: info,
          matchers: [Alertmanager.is("severity", "info")],
          groupWait: "5 minutes",
          groupInterval: "1 hour",
          repeatInterval: "1 day"
        }
      ]
    },
    inhibitions: [
      // Nothing in a program can be judged while the program is not there.
      {
        source: [Alertmanager.is("alertname", targetDown), Alertmanager.is("severity", "critical")],
        target: [Alertmanager.noneOf("alertname", [targetDown, watchdog])],
        equal: ["job"]
      },
      // The same thing twice, once as a warning.
      {
        source: [Alertmanager.is("severity", "critical")],
        target: [Alertmanager.oneOf("severity", ["warning", "info"])],
        equal: ["alertname", "job"]
      }
    ]
  }
}
