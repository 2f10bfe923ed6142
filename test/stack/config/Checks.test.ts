// The committed configuration, and those with every receiver, judged by the programs that read them.
import { defaults, groups, type Receivers, routing, scraping } from "@dawsos/observability/dawsos/mixin"
import { Alertmanager, PrometheusConfig, RulesFile } from "@dawsos/observability/mixin"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import * as Process from "../../../scripts/Process.ts"
import type { ToolName } from "../../../scripts/stack/Tools.ts"
import * as Compose from "../support/Compose.ts"
import * as Stack from "../support/Stack.ts"
import * as Tool from "../support/Tool.ts"

const run = (tool: ToolName, args: ReadonlyArray<string>) =>
  Effect.flatMap(Tool.path(tool), (path) => Effect.promise(() => Process.run(path, args, { deadlineMs: 60_000 })))

const committed = (path: string) => Path.join(Compose.root, "observability", path)

const all: Receivers = {
  webhook: { urlFile: "/run/secrets/webhook_url", credentialsFile: "/run/secrets/webhook_token" },
  slack: { channel: "#alerts", apiUrlFile: "/run/secrets/slack_api_url" },
  pagerduty: {
    routingKeyFile: "/run/secrets/pagerduty_routing_key",
    url: "https://events.eu.pagerduty.com/v2/enqueue"
  },
  email: {
    to: ["ops@example.com"],
    from: "dawsos@example.com",
    smarthost: "mail.example.com:587",
    username: "dawsos",
    passwordFile: "/run/secrets/smtp_password"
  },
  watchdog: { urlFile: "/run/secrets/watchdog_url" }
}

/** Settings with each receiver alone, with all and with none. */
const variants: ReadonlyArray<readonly [string, Receivers]> = [
  ["no receiver", {}],
  ...Object.entries(all).map(([name, one]): readonly [string, Receivers] => [name, { [name]: one }]),
  ["every receiver", all]
]

describe("what is committed", () => {
  it.live("is a compose file for the Compose project itself, without a warning", () =>
    Effect.gen(function*() {
      const { code, output } = yield* run("docker-compose", ["-f", Compose.file, "config", "--quiet"])
      expect({ code, output }).toEqual({ code: 0, output: "" })
      const { output: services } = yield* run("docker-compose", ["-f", Compose.file, "config", "--services"])
      expect(services.trim().split("\n").toSorted()).toEqual([
        "alertmanager",
        "grafana",
        "init",
        "jaeger",
        "notifications",
        "prometheus"
      ])
    }))

  it.live("is one with the gateway, too, without a warning", () =>
    Effect.gen(function*() {
      const args = ["-f", Compose.file, "--profile", "gateway", "config"]
      const { code, output } = yield* run("docker-compose", [...args, "--quiet"])
      expect({ code, output }).toEqual({ code: 0, output: "" })
      const { output: services } = yield* run("docker-compose", [...args, "--services"])
      expect(services.trim().split("\n").toSorted()).toEqual([
        "alertmanager",
        "gateway",
        "grafana",
        "init",
        "jaeger",
        "notifications",
        "prometheus"
      ])
    }))

  it.live("takes Grafana's password from the file that the environment names", () =>
    Effect.gen(function*() {
      const fileOf = (environment: Readonly<Record<string, string>>) =>
        Effect.map(
          Compose.load(Compose.file, environment),
          ({ secrets }) => secrets?.["grafana_admin_password"]?.file
        )
      expect(yield* fileOf({})).toBe(committed("secrets/grafana/admin_password"))
      expect(yield* fileOf({ GRAFANA_ADMIN_PASSWORD_FILE: "/etc/passwords/grafana" })).toBe("/etc/passwords/grafana")
    }))

  it.live("is a configuration of Prometheus with its rules", () =>
    Effect.gen(function*() {
      const { code, output } = yield* run("promtool", ["check", "config", committed("prometheus/prometheus.yml")])
      expect(output).toContain("SUCCESS")
      assert.strictEqual(code, 0, output)
    }))

  it.live("is a configuration of Alertmanager", () =>
    Effect.gen(function*() {
      const { code, output } = yield* run("amtool", ["check-config", committed("alertmanager/alertmanager.yml")])
      expect(output).toContain("SUCCESS")
      assert.strictEqual(code, 0, output)
    }))
})

describe("Prometheus's configuration", () => {
  it.live("is one with a token, several processes and a store outside, too", () =>
    Effect.gen(function*() {
      const folder = yield* Stack.temporaryFolder("scraping")
      const secret = Path.join(folder, "metrics_token")
      writeFileSync(secret, "token")
      const content = PrometheusConfig.render(scraping({
        ...defaults,
        backends: ["host.docker.internal:8001", "host.docker.internal:8002"],
        metricsTokenFile: secret,
        gateway: true,
        externalLabels: { cluster: "eu" },
        remoteWrite: [{ url: "https://store.example.com/write", credentialsFile: secret }]
      }))
      writeFileSync(Path.join(folder, "prometheus.yml"), content)
      writeFileSync(
        Path.join(folder, "alerts.yml"),
        RulesFile.text(groups(defaults), { ...defaults, header: "For promtool." })
      )
      const { code, output } = yield* run("promtool", ["check", "config", Path.join(folder, "prometheus.yml")])
      assert.strictEqual(code, 0, output)
    }))
})

describe("Alertmanager's configuration", () => {
  for (const [name, receivers] of variants) {
    it.live(`is one with ${name}, and sends every alert where the settings say`, () =>
      Effect.gen(function*() {
        const folder = yield* Stack.temporaryFolder("routing")
        const file = Path.join(folder, "alertmanager.yml")
        writeFileSync(file, Alertmanager.render(routing({ ...defaults, receivers })))
        const { code, output } = yield* run("amtool", ["check-config", file])
        assert.strictEqual(code, 0, output)

        const config = routing({ ...defaults, receivers })
        const alerts = groups(defaults).flatMap(({ rules }) => rules).filter((rule) => rule._tag === "Alert")
        const labelled = [
          ...alerts.map(({ labels, name, severity }) => ({ alertname: name, severity, job: "dawsos", ...labels })),
          { alertname: "OfSomebodyElse" }
        ]
        for (const labels of labelled) {
          const args = Object.entries(labels).map(([label, value]) => `${label}=${value}`)
          const { output } = yield* run("amtool", ["config", "routes", "test", `--config.file=${file}`, ...args])
          const expected = labels.alertname === "Watchdog"
            ? "watchdog"
            : "severity" in labels
            ? labels.severity
            : "warning"
          assert.strictEqual(output.trim(), expected, args.join(" "))
          expect(Alertmanager.receiversOf(config, labels)).toEqual([expected])
        }
      }), 120_000)
  }

  it.live("is refused by amtool where a receiver were missing: the check can fail", () =>
    Effect.gen(function*() {
      const folder = yield* Stack.temporaryFolder("routing")
      const file = Path.join(folder, "alertmanager.yml")
      const text = readFileSync(committed("alertmanager/alertmanager.yml"), "utf8")
      writeFileSync(file, text.replace("- name: critical", "- name: other"))
      const { code, output } = yield* run("amtool", ["check-config", file])
      expect(output).toContain("undefined receiver \"critical\"")
      expect(code).not.toBe(0)
    }))
})
