// What a person reads in Slack, in an e-mail and in PagerDuty, rendered by Alertmanager's own template engine.
import { Alertmanager } from "@dawsos/observability/mixin"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import * as Path from "node:path"
import * as Yaml from "yaml"
import * as Process from "../../../scripts/Process.ts"
import * as Stack from "../support/Stack.ts"
import * as Tool from "../support/Tool.ts"

const receiver = Alertmanager.receiver("all", [
  Alertmanager.slack({ channel: "#alerts", apiUrlFile: "/run/secrets/slack" }),
  Alertmanager.pagerDuty({ routingKeyFile: "/run/secrets/key" }),
  Alertmanager.email({ to: ["ops@example.com"], from: "dawsos@example.com", smarthost: "mail:587" })
])
const [{ email_configs: [email], pagerduty_configs: [pagerDuty], slack_configs: [slack] }] =
  Yaml.parse(Alertmanager.render({ route: { receiver } })).receivers

const labels = { alertname: "HighErrorRate", severity: "critical", job: "dawsos" }
const summary = "API requests fail"
const alert = (status: string, description: string) => ({
  status,
  labels,
  annotations: { summary, description, runbook_url: "http://runbook/", dashboard: "http://dashboard/" },
  startsAt: "2026-01-05T09:30:00Z",
  endsAt: "2026-01-05T09:40:00Z"
})

/** A template with the data of a notification filled in. */
const rendered = (template: string, status: "firing" | "resolved", alerts: ReadonlyArray<ReturnType<typeof alert>>) =>
  Effect.gen(function*() {
    const folder = yield* Stack.temporaryFolder("templates")
    const data = Path.join(folder, "data.json")
    writeFileSync(
      data,
      JSON.stringify({
        status,
        alerts,
        groupLabels: labels,
        commonLabels: labels,
        commonAnnotations: { summary },
        externalURL: "http://alertmanager/"
      })
    )
    const path = yield* Tool.path("amtool")
    const { code, output } = yield* Effect.promise(() =>
      Process.run(path, [
        "template",
        "render",
        `--template.glob=${folder}/*.tmpl`,
        `--template.data=${data}`,
        `--template.text=${template}`
      ])
    )
    expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" })
    return output
  })

describe("a notification", () => {
  it.live("has a title that says what, how bad and how many", () =>
    Effect.gen(function*() {
      const firing = [alert("firing", "a"), alert("firing", "b"), alert("resolved", "c")]
      for (const title of [slack.title, pagerDuty.description, email.headers.Subject]) {
        expect(yield* rendered(title, "firing", firing)).toBe("[FIRING:2] HighErrorRate (critical) API requests fail")
        expect(yield* rendered(title, "resolved", [alert("resolved", "c")])).toBe(
          "[RESOLVED] HighErrorRate (critical) API requests fail"
        )
      }
    }))

  it.live("tells each alert with its moment, and where to look", () =>
    Effect.gen(function*() {
      const both = [alert("firing", "12 % fail"), alert("resolved", "9 % fail")]
      expect(yield* rendered(slack.text, "firing", both)).toBe([
        "FIRING since 2026-01-05 09:30:00 UTC",
        "12 % fail",
        "<http://runbook/|Runbook>",
        "<http://dashboard/|Dashboard>",
        "",
        "RESOLVED since 2026-01-05 09:40:00 UTC",
        "9 % fail",
        "<http://runbook/|Runbook>",
        "<http://dashboard/|Dashboard>",
        "",
        ""
      ].join("\n"))
      const mail = yield* rendered(email.text, "firing", both)
      expect(mail).toContain("Runbook: http://runbook/\nDashboard: http://dashboard/\n")
    }))

  it.live("leaves out links that an alert has not", () =>
    Effect.gen(function*() {
      const bare = { ...alert("firing", "12 % fail"), annotations: { summary, description: "12 % fail" } }
      const text = yield* rendered(slack.text, "firing", [bare as ReturnType<typeof alert>])
      expect(text).toBe("FIRING since 2026-01-05 09:30:00 UTC\n12 % fail\n\n")
    }))

  it.live("is red, yellow or green in Slack, and as bad in PagerDuty as it is", () =>
    Effect.gen(function*() {
      expect(yield* rendered(slack.color, "firing", [alert("firing", "a")])).toBe("danger")
      expect(yield* rendered(slack.color, "resolved", [alert("resolved", "a")])).toBe("good")
      expect(yield* rendered(pagerDuty.severity, "firing", [alert("firing", "a")])).toBe("critical")
      expect(yield* rendered(pagerDuty.links[0].href, "firing", [alert("firing", "a")])).toBe("http://runbook/")
      expect(yield* rendered(pagerDuty.links[1].href, "firing", [alert("firing", "a")])).toBe("http://dashboard/")
    }))
})
