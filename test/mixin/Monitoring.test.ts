import { Catalogue } from "@dawsos/observability"
import {
  Alertmanager,
  Dashboard,
  Foreign,
  Lint,
  Monitoring,
  MonitoringAlerts,
  PromQL,
  Rules,
  selfMetrics,
  ServiceLevel,
  TelemetryAlerts
} from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const { Label } = Catalogue

const orders = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders by outcome",
  labels: { status: Label.oneOf("success", "error") },
  known: [{ status: "success" }, { status: "error" }]
})
const checkoutDuration = Catalogue.histogram({
  name: "shop_checkout_duration_seconds",
  help: "Time that a checkout takes",
  unit: "seconds",
  buckets: [0.1, 0.5, 2],
  bucketsReason: "people wait for half a second"
})
const catalogue = Catalogue.make({ prefix: "shop", metrics: { orders, checkoutDuration } })

const runbook: Rules.Runbook = {
  meaning: "Orders fail.",
  firstLook: ["Which step fails?"],
  usualCauses: ["The payment provider."],
  actions: ["Roll back."]
}

const checkout = ServiceLevel.make({
  id: "shop_checkout",
  alert: "CheckoutBurnRate",
  title: "Checkout",
  target: 0.999,
  window: "30 days",
  by: ["job"],
  indicator: ServiceLevel.latency({ histogram: checkoutDuration, within: 0.5, by: ["job"] }),
  dashboard: "shop-levels",
  runbook
})

const ordersFail = Rules.alert({
  name: "OrdersFail",
  expression: PromQL.greaterThan(
    PromQL.ratio(
      PromQL.sum(PromQL.rate(PromQL.counter(orders, { status: "error" }), "5 minutes"), { by: ["job"] }),
      PromQL.sum(PromQL.rate(PromQL.counter(orders), "5 minutes"), { by: ["job"] })
    ),
    0.05
  ),
  for: "2 minutes",
  severity: "critical",
  summary: "Orders fail",
  description: "{{ $value | humanizePercentage }} of the orders of {{ $labels.job }} fail.",
  dashboard: "shop",
  runbook
})

const named = { tags: ["shop"], jobsOf: orders }

const parts: Monitoring.Parts = {
  source: "shop/monitoring.ts",
  dashboards: [
    Dashboard.ofCatalogue(catalogue, { uid: "shop", title: "Shop", tags: ["shop"] }),
    Dashboard.ofTelemetry("shop", { uid: "shop-telemetry", title: "Shop: telemetry", ...named }),
    Dashboard.ofServiceLevels([checkout], { uid: "shop-levels", title: "Shop: service levels", ...named })
  ],
  groups: [
    { name: "shop.rules", rules: [ordersFail] },
    ...checkout.groups,
    TelemetryAlerts.group("shop", { dashboard: "shop-telemetry" }),
    MonitoringAlerts.group("shop", { dashboard: "shop-telemetry", lesserJobs: ["jaeger"] })
  ],
  grafanaUrl: "http://grafana:3000",
  runbookUrl: "http://runbooks/",
  prometheus: {
    interval: "15 seconds",
    ruleFiles: ["alerts.yml"],
    jobs: [{ name: "shop", targets: ["shop:8001"] }, { name: "jaeger", targets: ["jaeger:8888"] }]
  },
  alertmanager: {
    route: { receiver: Alertmanager.receiver("webhook", [Alertmanager.webhook({ url: "http://pager:8025/alerts" })]) }
  },
  dataSources: { prometheus: "http://prometheus:9090", jaeger: "http://jaeger:16686", scrapeInterval: "15 seconds" },
  folder: { folder: "Shop", path: "/etc/grafana/dashboards" },
  jaeger: { folder: "/badger", timeToLive: "7 days", memoryMiB: 800 }
}

describe("The monitoring of another product, by one call", () => {
  it("is every file, and no lint finds anything in it", async () => {
    const files = await Monitoring.files(parts)
    const content = (path: string): string => files.find((file) => file.path === path)?.content ?? ""
    const dashboards = files.filter(({ path }) => path.startsWith("grafana/dashboards/"))
    const runbooks = files.filter(({ path }) => path.startsWith("runbooks/"))
    assert.deepStrictEqual(
      files.map(({ path }) => path).filter((path) => !path.startsWith("runbooks/")).toSorted(),
      [
        "alertmanager/alertmanager.yml",
        "grafana/dashboards/shop-levels.json",
        "grafana/dashboards/shop-telemetry.json",
        "grafana/dashboards/shop.json",
        "grafana/provisioning/dashboards/dashboards.yml",
        "grafana/provisioning/datasources/datasources.yml",
        "jaeger/jaeger.yml",
        "prometheus/alerts.yml",
        "prometheus/prometheus.yml",
        "secrets/.gitignore",
        "secrets/alertmanager/.gitignore",
        "secrets/grafana/.gitignore",
        "secrets/prometheus/.gitignore"
      ]
    )
    const alerts = content("prometheus/alerts.yml")
    const context = Lint.context({
      catalogue: { ...catalogue, metrics: { ...catalogue.metrics, ...selfMetrics("shop") } },
      foreign: Object.values(Foreign),
      rules: [alerts],
      dashboards: dashboards.map(({ content }) => content),
      runbooks: runbooks.map(({ path }) => path.replace("runbooks/", parts.runbookUrl)),
      jobs: ["shop", "jaeger"]
    })
    assert.deepStrictEqual(Lint.rules(alerts, context), [])
    for (const dashboard of dashboards) assert.deepStrictEqual(Lint.dashboard(dashboard.content, context), [])
    assert.include(content("runbooks/OrdersFail.md"), "The payment provider.")
  })

  it("says nothing of DawsOS, and where it comes from", async () => {
    for (const { content, path } of await Monitoring.files(parts)) {
      assert.notMatch(content, /dawsos/i, path)
      // JSON has no comments.
      if (/\.(yml|md)$/.test(path) && !path.includes("provisioning")) {
        assert.include(content, "shop/monitoring.ts", path)
      }
    }
  })

  it("keeps secrets out of git, and their folders in it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "monitoring-"))
    try {
      for (const { content, path } of await Monitoring.files(parts)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), content)
      }
      for (const program of ["alertmanager", "grafana", "prometheus"]) {
        writeFileSync(join(folder, "secrets", program, "token"), "secret")
      }
      writeFileSync(join(folder, "secrets", "token"), "secret")
      const git = (...args: ReadonlyArray<string>) => execFileSync("git", args, { cwd: folder, encoding: "utf8" })
      git("init", "--quiet")
      git("add", "--all")
      assert.deepStrictEqual(git("ls-files", "secrets").trim().split("\n"), [
        "secrets/.gitignore",
        "secrets/alertmanager/.gitignore",
        "secrets/grafana/.gitignore",
        "secrets/prometheus/.gitignore"
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("is the same for the same parts", async () => {
    assert.deepStrictEqual(await Monitoring.files(parts), await Monitoring.files(parts))
  })

  it("is refused where an alert leads to a dashboard that there is not", async () => {
    const refused = await Monitoring.files({ ...parts, dashboards: parts.dashboards.slice(1) }).then(
      () => "",
      (error: Error) => `${error.name}: ${error.message}`
    )
    assert.strictEqual(
      refused,
      "MixinError: OrdersFail: it leads to the dashboard shop, allowed are shop-telemetry, shop-levels"
    )
  })
})
