import {
  defaults,
  groups,
  heartbeatUrl,
  notificationsUrl,
  type Receivers,
  routing
} from "@dawsos/observability/dawsos/mixin"
import { Alertmanager } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as Yaml from "yaml"

const slack = { channel: "#alerts", apiUrlFile: "/run/secrets/slack_api_url" }
const pagerduty = { routingKeyFile: "/run/secrets/pagerduty_routing_key" }
const email = {
  to: ["ops@example.com"],
  from: "dawsos@example.com",
  smarthost: "mail.example.com:587",
  username: "dawsos",
  passwordFile: "/run/secrets/smtp_password"
}
const webhook = { urlFile: "/run/secrets/webhook_url" }
const all: Receivers = { slack, pagerduty, email, webhook, watchdog: { urlFile: "/run/secrets/watchdog_url" } }

const configured = (receivers: Receivers) => routing({ ...defaults, receivers })

/** The kinds of ways by which each receiver is reached. */
const ways = (receivers: Receivers): Readonly<Record<string, ReadonlyArray<string>>> =>
  Object.fromEntries(
    Alertmanager.receivers(configured(receivers)).map(({ integrations, name }) => [
      name,
      integrations.map((one) => one._tag === "Webhook" ? one.url ?? one.urlFile ?? "" : one._tag)
    ])
  )

const alert = (labels: Readonly<Record<string, string>>) => ({ alertname: "Anything", job: "dawsos", ...labels })

describe("DawsOS's routing", () => {
  it("sends each severity to the receiver of its name, and the heartbeat to its own", () => {
    const told = (labels: Readonly<Record<string, string>>) => Alertmanager.receiversOf(configured(all), alert(labels))
    for (const severity of ["critical", "warning", "info"]) assert.deepStrictEqual(told({ severity }), [severity])
    assert.deepStrictEqual(told({ alertname: "Watchdog", severity: "info" }), ["watchdog"])
    assert.deepStrictEqual(told({ alertname: "Watchdog", severity: "critical" }), ["watchdog"])
    assert.deepStrictEqual(told({}), ["warning"], "an alert without a severity is told all the same")
  })

  it("has the compose file's own service told when no receiver has a secret", () => {
    assert.deepStrictEqual(ways({}), {
      critical: [notificationsUrl],
      warning: [notificationsUrl],
      info: [notificationsUrl],
      watchdog: [heartbeatUrl]
    })
  })

  it("wakes somebody for critical alerts only", () => {
    assert.deepStrictEqual(ways(all), {
      critical: ["PagerDuty", "Slack", "Email", "/run/secrets/webhook_url"],
      warning: ["Slack", "Email", "/run/secrets/webhook_url"],
      info: ["Slack"],
      watchdog: ["/run/secrets/watchdog_url"]
    })
  })

  it("tells the next best where a severity's own receivers are not configured", () => {
    assert.deepStrictEqual(ways({ webhook })["info"], ["/run/secrets/webhook_url"])
    assert.deepStrictEqual(ways({ email })["info"], [notificationsUrl])
    assert.deepStrictEqual(ways({ pagerduty })["warning"], [notificationsUrl])
    assert.deepStrictEqual(ways({ email, pagerduty })["warning"], ["Email"])
  })

  it("leaves no severity without anybody, whichever receivers are configured", () => {
    const names = ["slack", "pagerduty", "email", "webhook", "watchdog"] as const
    for (let set = 0; set < 2 ** names.length; set++) {
      const chosen = names.filter((_, bit) => (set & (2 ** bit)) !== 0)
      const receivers: Receivers = Object.fromEntries(chosen.map((name) => [name, all[name]]))
      for (const [receiver, integrations] of Object.entries(ways(receivers))) {
        assert.isAtLeast(integrations.length, 1, `${receiver} with ${chosen.join(", ")}`)
      }
      const text = Alertmanager.render(routing({ ...defaults, receivers }))
      for (
        const [name, key] of [["slack", "slack_configs"], ["pagerduty", "pagerduty_configs"], [
          "email",
          "email_configs"
        ]] as const
      ) {
        assert.strictEqual(text.includes(key), chosen.includes(name), `${key} with ${chosen.join(", ")}`)
      }
    }
  })

  it("keeps what is measured in a program back while the program is down, and warnings under criticals of their name", () => {
    const config = configured({})
    const down = alert({ alertname: "TargetDown", severity: "critical" })
    assert.isTrue(Alertmanager.inhibits(config, down, alert({ severity: "critical" })))
    // One process of several: what the others measure still counts.
    const partly = alert({ alertname: "TargetDown", severity: "warning" })
    assert.isFalse(Alertmanager.inhibits(config, partly, alert({ severity: "critical" })))
    assert.isFalse(Alertmanager.inhibits(config, down, alert({ severity: "critical", job: "jaeger" })))
    assert.isFalse(Alertmanager.inhibits(config, down, alert({ alertname: "Watchdog", severity: "info" })))
    assert.isFalse(Alertmanager.inhibits(config, down, down))
    const critical = alert({ severity: "critical" })
    assert.isTrue(Alertmanager.inhibits(config, critical, alert({ severity: "warning" })))
    assert.isTrue(Alertmanager.inhibits(config, critical, alert({ severity: "info" })))
    assert.isFalse(Alertmanager.inhibits(config, critical, alert({ severity: "warning", alertname: "Other" })))
    assert.isFalse(Alertmanager.inhibits(config, alert({ severity: "warning" }), critical))
  })

  it("keeps back every alert but the watchdog, by the job that its condition names, while that job is down", () => {
    const config = configured({})
    const rules = groups(defaults).flatMap(({ rules }) => rules).filter((rule) => rule._tag === "Alert")
    assert.isAbove(rules.length, 25)
    const down = alert({ alertname: "TargetDown", severity: "critical" })
    const told = rules.filter(({ expression, name, severity }) => {
      const job = expression.labels.includes("job") ? { job: "dawsos" } : {}
      return !Alertmanager.inhibits(config, down, { alertname: name, severity, ...job })
    })
    assert.deepStrictEqual([...new Set(told.map(({ name }) => name))], ["Watchdog", "TargetDown"])
  })

  it("tells of the heartbeat every minute, and not of its end", () => {
    const config = Yaml.parse(Alertmanager.render(routing(defaults)))
    const route = config.route.routes.find(({ receiver }: { readonly receiver: string }) => receiver === "watchdog")
    assert.strictEqual(route.repeat_interval, "1m")
    const receiver = config.receivers.find(({ name }: { readonly name: string }) => name === "watchdog")
    assert.deepStrictEqual(receiver.webhook_configs, [{ url: heartbeatUrl, send_resolved: false }])
  })

  it("tells of critical alerts sooner and again sooner than of the others", () => {
    const { route } = Yaml.parse(Alertmanager.render(routing(defaults)))
    const by = (name: string) => {
      const own = route.routes.find(({ receiver }: { readonly receiver: string }) => receiver === name)
      return ["group_wait", "group_interval", "repeat_interval"].map((key) => own[key] ?? route[key])
    }
    assert.deepStrictEqual(by("critical"), ["5s", "1m", "1h"])
    assert.deepStrictEqual(by("warning"), ["30s", "5m", "12h"])
    assert.deepStrictEqual(by("info"), ["5m", "1h", "1d"])
    assert.deepStrictEqual(route.group_by, ["alertname", "job"])
  })

  it("holds paths of secrets and no secret", () => {
    const text = Alertmanager.render(routing({ ...defaults, receivers: all }))
    for (const key of ["api_url:", "routing_key:", "auth_password:", "service_key:", "credentials:"]) {
      assert.notInclude(text, key)
    }
    assert.deepStrictEqual([...new Set(text.match(/_file: .*/g))].toSorted(), [
      "_file: /run/secrets/pagerduty_routing_key",
      "_file: /run/secrets/slack_api_url",
      "_file: /run/secrets/smtp_password",
      "_file: /run/secrets/watchdog_url",
      "_file: /run/secrets/webhook_url"
    ])
  })
})
