// With secret files, Slack, PagerDuty and e-mail are each told once what has gone wrong, and once that it is over.
import { defaults, groups, type Receivers } from "@dawsos/observability/dawsos/mixin"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Alertmanager from "./support/Alertmanager.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Generation from "./support/Generation.ts"
import * as Receiver from "./support/Receiver.ts"
import * as Stack from "./support/Stack.ts"

const factor = 10

/** An alert as Prometheus sends it, with the texts that are generated for it. */
const told = {
  labels: { alertname: "PricingPackStale", severity: "critical", job: "dawsos" },
  annotations: {
    summary: "The pricing pack is stale",
    description: "dawsos serves a pricing pack that was marked fresh 1d 2h 0m 0s ago.",
    runbook_url: "http://localhost:9090/user/PricingPackStale.md",
    dashboard: "http://localhost:3000/d/dawsos-pricing-packs"
  }
}

const warning = {
  labels: { alertname: "HighResponseTime", severity: "warning", job: "dawsos" },
  annotations: { ...told.annotations, summary: "API responses are slow", description: "It takes 3 s." }
}

const token = "the-token-of-the-webhook"
const routingKey = "0123456789abcdef0123456789abcdef"
const password = "a password of several words"

const receivers: Receivers = {
  slack: { channel: "#dawsos", apiUrlFile: "/run/secrets/slack_api_url" },
  pagerduty: {
    routingKeyFile: "/run/secrets/pagerduty_routing_key",
    url: "http://host.docker.internal:9001/v2/enqueue"
  },
  email: {
    to: ["ops@example.com", "desk@example.com"],
    from: "dawsos@example.com",
    smarthost: "host.docker.internal:2525",
    username: "dawsos",
    passwordFile: "/run/secrets/smtp_password",
    // The fake speaks no TLS; the default refuses it.
    requireTls: false
  },
  webhook: { urlFile: "/run/secrets/webhook_url", credentialsFile: "/run/secrets/webhook_token" },
  watchdog: { urlFile: "/run/secrets/watchdog_url" }
}

/** Alertmanager with these receivers, each a local fake; secrets are files alone. */
const start = Effect.gen(function*() {
  const slack = yield* Receiver.web()
  const webhook = yield* Receiver.web()
  const watchdog = yield* Receiver.web()
  const stack = yield* Stack.make({
    factor,
    files: yield* Generation.make({ ...defaults, receivers }),
    secrets: {
      "alertmanager/slack_api_url": `${slack.url}/services/T0/B0/secret`,
      "alertmanager/pagerduty_routing_key": routingKey,
      "alertmanager/smtp_password": password,
      "alertmanager/webhook_url": `${webhook.url}/alerts?key=secret`,
      "alertmanager/webhook_token": token,
      "alertmanager/watchdog_url": `${watchdog.url}/ping/secret`
    }
  })
  const pagerduty = yield* Receiver.web({ port: stack.port("host", 9001) })
  // PagerDuty says that it has accepted, and Alertmanager waits for nothing else.
  pagerduty.answer(202)
  const smtp = yield* Receiver.smtp({ port: stack.port("host", 2525) })
  return { alertmanager: yield* Alertmanager.start(stack), slack, pagerduty, webhook, smtp, watchdog }
})

describe("notifications with secret files", () => {
  it.live("reach Slack, PagerDuty, e-mail and a webhook once each, and once more when it is over", () =>
    Effect.gen(function*() {
      const { alertmanager, pagerduty, slack, smtp, watchdog, webhook } = yield* start
      yield* alertmanager.post(told)
      // Prometheus says the same thing again and again.
      yield* alertmanager.post(told)
      yield* Effect.all([
        slack.first("Slack is told", () => true),
        pagerduty.first("PagerDuty is told", () => true),
        webhook.first("the webhook is told", () => true),
        smtp.first("a mail is written", () => true)
      ])

      const [toSlack] = slack.received()
      expect(toSlack?.path).toBe("/services/T0/B0/secret")
      expect(toSlack?.json).toMatchObject({
        channel: "#dawsos",
        attachments: [{
          title: "[FIRING:1] PricingPackStale (critical) The pricing pack is stale",
          color: "danger",
          text: expect.stringMatching(
            /^FIRING since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\ndawsos serves a pricing pack that was marked fresh 1d 2h 0m 0s ago\.\n<http:\/\/[^|]*\/user\/PricingPackStale\.md\|Runbook>\n<http:\/\/[^|]*\/d\/dawsos-pricing-packs\|Dashboard>/
          )
        }]
      })

      const [toPagerDuty] = pagerduty.received()
      expect(toPagerDuty?.path).toBe("/v2/enqueue")
      expect(toPagerDuty?.json).toMatchObject({
        routing_key: routingKey,
        event_action: "trigger",
        payload: {
          summary: "[FIRING:1] PricingPackStale (critical) The pricing pack is stale",
          severity: "critical",
          class: "PricingPackStale",
          component: "dawsos"
        },
        links: [
          { href: told.annotations.runbook_url, text: "Runbook" },
          { href: told.annotations.dashboard, text: "Dashboard" }
        ]
      })

      const [toWebhook] = webhook.received()
      expect(toWebhook?.path).toBe("/alerts?key=secret")
      expect(toWebhook?.headers.authorization).toBe(`Bearer ${token}`)
      expect(toWebhook?.json).toMatchObject({
        status: "firing",
        receiver: "critical",
        alerts: [{ status: "firing", labels: told.labels, annotations: told.annotations }]
      })

      const [mail] = smtp.received()
      expect(mail).toMatchObject({
        from: "dawsos@example.com",
        to: ["ops@example.com", "desk@example.com"],
        user: "dawsos"
      })
      expect(mail?.headers["subject"]).toBe("[FIRING:1] PricingPackStale (critical) The pricing pack is stale")
      const text = plain(mail?.body ?? "")
      expect(text).toContain(told.annotations.description)
      expect(text).toContain(`Runbook: ${told.annotations.runbook_url}`)
      expect(text).toContain(`Dashboard: ${told.annotations.dashboard}`)

      yield* alertmanager.post({ ...told, endsAt: new Date() })
      const isOver = (text: string) => text.includes("RESOLVED")
      yield* slack.first("Slack is told of the end", ({ body }) => isOver(body), "60 seconds")
      yield* smtp.first("a mail of the end", ({ headers }) => isOver(headers["subject"] ?? ""), "60 seconds")
      const pagerDutyOver = yield* pagerduty.first(
        "the incident is resolved",
        ({ body }) => body.includes("\"event_action\":\"resolve\""),
        "60 seconds"
      )
      yield* webhook.first("the webhook is told of the end", ({ body }) => body.includes("\"status\":\"resolved\""))
      // The same incident, or nobody would close it.
      const dedupKey = (received: Receiver.Received | undefined) =>
        (received?.json as { dedup_key?: unknown } | undefined)?.dedup_key
      expect(dedupKey(toPagerDuty)).toEqual(expect.any(String))
      expect(dedupKey(pagerDutyOver)).toBe(dedupKey(toPagerDuty))

      // Once is once: a further round of the route brings nothing.
      const counts = () => [slack, pagerduty, webhook, smtp].map((fake) => fake.received().length)
      yield* Effect.sleep("8 seconds")
      expect(counts()).toEqual([2, 2, 2, 2])
      expect(watchdog.received()).toEqual([])
      // What reaches people, and the log, has none of the secrets.
      const output = yield* alertmanager.output
      for (const secret of [token, routingKey, password, "/services/T0", "key=secret"]) {
        expect(output).not.toContain(secret)
      }
    }))

  it.live("of a warning wake nobody, and the heartbeat goes to who notices that it stays away", () =>
    Effect.gen(function*() {
      const { alertmanager, pagerduty, slack, smtp, watchdog, webhook } = yield* start
      yield* alertmanager.post(warning)
      yield* alertmanager.post({ labels: { alertname: "Watchdog", severity: "info" } })
      const first = yield* watchdog.first("the heartbeat", ({ path }) => path === "/ping/secret")
      yield* watchdog.first("the next one", ({ at }) => at > first.at, "60 seconds")
      expect(yield* slack.first("Slack is told", () => true, "60 seconds")).toMatchObject({
        json: {
          attachments: [{ title: "[FIRING:1] HighResponseTime (warning) API responses are slow", color: "warning" }]
        }
      })
      yield* smtp.first("a mail is written", () => true)
      yield* webhook.first("the webhook is told", () => true)
      expect(pagerduty.received()).toEqual([])
    }))

  it.live("are tried again while Slack refuses them, and then arrive once", () =>
    Effect.gen(function*() {
      const { alertmanager, slack } = yield* start
      slack.answer(503)
      yield* alertmanager.post(told)
      yield* Deadline.eventually(Effect.sync(slack.received), {
        what: "Slack is asked again",
        within: "60 seconds",
        until: (received) => received.length >= 2
      })
      slack.answer(200)
      const before = slack.received().length
      yield* Deadline.eventually(Effect.sync(slack.received), {
        what: "Slack has it",
        within: "60 seconds",
        until: (received) => received.length > before
      })
      yield* Effect.sleep("8 seconds")
      expect(slack.received()).toHaveLength(before + 1)
    }))

  it("have the texts of an alert that exists", () => {
    const alert = groups(defaults).flatMap(({ rules }) => rules).find((rule) =>
      rule._tag === "Alert" && rule.name === told.labels.alertname
    )
    expect(alert).toMatchObject({ severity: told.labels.severity, summary: told.annotations.summary })
  })
})

/** The text of a mail: the lines of quoted-printable put together again. */
const plain = (body: string): string =>
  body.replace(/=\r\n/g, "").replace(
    /=([0-9A-F]{2})/g,
    (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))
  )
