import { Alertmanager } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Yaml from "yaml"

const hook = Alertmanager.webhook({ url: "http://desk.internal:8025/alerts" })
const desk = Alertmanager.receiver("desk", [hook])
const pager = Alertmanager.receiver("pager", [Alertmanager.pagerDuty({ routingKeyFile: "/run/secrets/key" })])
const night = Alertmanager.receiver("night", [Alertmanager.webhook({ urlFile: "/run/secrets/night" })])

const config: Alertmanager.Config = {
  route: {
    receiver: desk,
    groupBy: ["alertname", "job"],
    groupWait: "30 seconds",
    routes: [
      {
        receiver: pager,
        matchers: [Alertmanager.is("severity", "critical")],
        repeatInterval: "1 hour",
        routes: [{ receiver: night, matchers: [Alertmanager.oneOf("job", ["night", "n.ght+"])], continue: true }]
      },
      { matchers: [Alertmanager.not("team", "")], groupInterval: "90 seconds" }
    ]
  },
  inhibitions: [{
    source: [Alertmanager.is("alertname", "TargetDown")],
    target: [Alertmanager.noneOf("alertname", ["TargetDown", "Watchdog"])],
    equal: ["job"]
  }]
}

const read = (given: Alertmanager.Config) => Yaml.parse(Alertmanager.render(given))
const refused = (make: () => unknown, message: string) => assert.throws(make, message)

describe("Alertmanager", () => {
  it("renders routes, inhibitions and each receiver once", () => {
    assert.strictEqual(
      Alertmanager.render(config, "Of the test.\nBy hand."),
      `# Of the test.
# By hand.
route:
  receiver: desk
  group_by:
    - alertname
    - job
  group_wait: 30s
  routes:
    - receiver: pager
      matchers:
        - severity="critical"
      repeat_interval: 1h
      routes:
        - receiver: night
          matchers:
            - job=~"night|n\\\\.ght\\\\+"
          continue: true
    - matchers:
        - team!=""
      group_interval: 1m30s
inhibit_rules:
  - source_matchers:
      - alertname="TargetDown"
    target_matchers:
      - alertname!~"TargetDown|Watchdog"
    equal:
      - job
receivers:
  - name: desk
    webhook_configs:
      - url: http://desk.internal:8025/alerts
        send_resolved: true
  - name: pager
    pagerduty_configs:
      - routing_key_file: /run/secrets/key
        send_resolved: true
        severity: "{{ with .CommonLabels.severity }}{{ . }}{{ else }}error{{ end }}"
        description: '[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .CommonLabels.alertname }}{{ with .CommonLabels.severity }} ({{ . }}){{ end }} {{ .CommonAnnotations.summary }}'
        class: "{{ .CommonLabels.alertname }}"
        component: "{{ .CommonLabels.job }}"
        links:
          - href: "{{ (index .Alerts 0).Annotations.runbook_url }}"
            text: Runbook
          - href: "{{ (index .Alerts 0).Annotations.dashboard }}"
            text: Dashboard
  - name: night
    webhook_configs:
      - url_file: /run/secrets/night
        send_resolved: true
`
    )
  })

  it("keeps several ways of one receiver, those of a kind together", () => {
    const all = Alertmanager.receiver("all", [
      hook,
      Alertmanager.slack({ channel: "#alerts", apiUrlFile: "/run/secrets/slack" }),
      Alertmanager.webhook({ url: "http://b/", credentialsFile: "/run/secrets/token", sendResolved: false }),
      Alertmanager.email({ to: ["a@b.c", "d@e.f"], from: "g@h.i", smarthost: "mail:587", requireTls: false })
    ])
    const [receiver] = read({ route: { receiver: all } }).receivers
    assert.deepStrictEqual(Object.keys(receiver), ["name", "webhook_configs", "slack_configs", "email_configs"])
    assert.deepStrictEqual(receiver.webhook_configs, [
      { url: "http://desk.internal:8025/alerts", send_resolved: true },
      {
        url: "http://b/",
        send_resolved: false,
        http_config: { authorization: { credentials_file: "/run/secrets/token" } }
      }
    ])
    assert.strictEqual(receiver.slack_configs[0].api_url_file, "/run/secrets/slack")
    assert.include(receiver.slack_configs[0].text, "<{{ . }}|Runbook>")
    const [mail] = receiver.email_configs
    assert.strictEqual(mail.to, "a@b.c, d@e.f")
    assert.strictEqual(mail.require_tls, false)
    assert.notProperty(mail, "auth_password_file")
  })

  it("says who is told of an alert, as Alertmanager decides it", () => {
    const told = (labels: Readonly<Record<string, string>>) => Alertmanager.receiversOf(config, labels)
    assert.deepStrictEqual(told({ severity: "warning" }), ["desk"])
    assert.deepStrictEqual(told({ severity: "critical" }), ["pager"])
    assert.deepStrictEqual(told({ severity: "critical", job: "night" }), ["night"])
    assert.deepStrictEqual(told({ severity: "critical", job: "nights" }), ["pager"])
    assert.deepStrictEqual(told({ severity: "critical", job: "nightght" }), ["pager"])
    assert.deepStrictEqual(told({ team: "x" }), ["desk"], "a route without a receiver has its parent's")
  })

  it("tries the next route only where that is asked for", () => {
    const matchers = [Alertmanager.is("a", "b")]
    const both = (goesOn: boolean) =>
      Alertmanager.receiversOf(
        {
          route: {
            receiver: desk,
            routes: [{ receiver: pager, matchers, continue: goesOn }, { receiver: night, matchers }]
          }
        },
        { a: "b" }
      )
    assert.deepStrictEqual(both(true), ["pager", "night"])
    assert.deepStrictEqual(both(false), ["pager"])
  })

  it("keeps an alert back while another one of the same labels fires, never the exempt ones", () => {
    const down = { alertname: "TargetDown", job: "shop" }
    assert.isTrue(Alertmanager.inhibits(config, down, { alertname: "Slow", job: "shop" }))
    assert.isFalse(Alertmanager.inhibits(config, down, { alertname: "Slow", job: "other" }))
    assert.isFalse(Alertmanager.inhibits(config, down, { alertname: "Slow" }))
    assert.isFalse(Alertmanager.inhibits(config, down, { alertname: "Watchdog", job: "shop" }))
    assert.isFalse(
      Alertmanager.inhibits(config, { alertname: "Slow", job: "shop" }, { alertname: "Other", job: "shop" })
    )
  })

  it("takes no value for a pattern", () => {
    fc.assert(fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, other) => {
      const given: Alertmanager.Config = {
        route: { receiver: desk, routes: [{ receiver: pager, matchers: [Alertmanager.oneOf("name", [one])] }] }
      }
      assert.deepStrictEqual(Alertmanager.receiversOf(given, { name: one }), ["pager"])
      assert.deepStrictEqual(Alertmanager.receiversOf(given, { name: other }), [one === other ? "pager" : "desk"])
      assert.match(read(given).route.routes[0].matchers[0], /^name=~".*"$/s)
    }))
  })

  it("refuses what Alertmanager would refuse, and says what is allowed", () => {
    refused(
      () => Alertmanager.webhook({ url: "desk:8025" }),
      "webhook: an address was desk:8025, allowed are http and https addresses"
    )
    refused(
      () => Alertmanager.webhook({ urlFile: "key" }),
      "webhook: the file of a secret was key, allowed are absolute paths"
    )
    refused(() => Alertmanager.webhook({ url: "http://a", credentialsFile: "key" }), "allowed are absolute paths")
    refused(
      () => Alertmanager.slack({ channel: "alerts", apiUrlFile: "/a" }),
      "the channel was alerts, allowed are #name, @name or an id"
    )
    refused(() => Alertmanager.slack({ channel: "#alerts", apiUrlFile: "a" }), "slack: the file of a secret was a")
    refused(() => Alertmanager.pagerDuty({ routingKeyFile: "a" }), "pagerDuty: the file of a secret was a")
    refused(() => Alertmanager.pagerDuty({ routingKeyFile: "/a", url: "a" }), "pagerDuty: an address was a")
    const mail = { to: ["a@b"], from: "c@d", smarthost: "mail:25" }
    refused(() => Alertmanager.email({ ...mail, to: [] }), "email: nobody is written to")
    refused(() => Alertmanager.email({ ...mail, to: ["a"] }), "email: an address was a, allowed are name@host")
    refused(() => Alertmanager.email({ ...mail, from: "a,b@c" }), "email: an address was a,b@c")
    refused(() => Alertmanager.email({ ...mail, smarthost: "mail" }), "the mail server was mail, allowed are host:port")
    refused(() => Alertmanager.email({ ...mail, passwordFile: "/a" }), "email: a password without a username")
    refused(() => Alertmanager.receiver("a/b", [hook]), "receiver: a name was a/b")
    refused(() => Alertmanager.oneOf("job", []), "job is compared with no value at all")
  })

  it("refuses a configuration that could not be loaded", () => {
    const matchers = [Alertmanager.is("a", "b")]
    refused(() => Alertmanager.render({ route: {} }), "route: the root has no receiver")
    refused(
      () => Alertmanager.render({ route: { receiver: desk, matchers } }),
      "the root takes every alert and has no matchers"
    )
    refused(
      () =>
        Alertmanager.render({
          route: { receiver: desk, routes: [{ receiver: Alertmanager.receiver("desk", []), matchers }] }
        }),
      "desk: two receivers have this name"
    )
    refused(
      () =>
        Alertmanager.render({ route: { receiver: desk }, inhibitions: [{ source: [], target: matchers, equal: [] }] }),
      "a side has no matchers"
    )
    refused(
      () => Alertmanager.render({ route: { receiver: desk, groupWait: -1 } }),
      "route: a length of time was -1"
    )
  })
})
