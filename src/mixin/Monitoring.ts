/**
 * Everything at once: the parts of a product's monitoring turned into the files of `observability/`.
 *
 * @example
 * import { Catalogue } from "@dawsos/observability"
 * import { Alertmanager, Dashboard, Monitoring } from "@dawsos/observability/mixin"
 *
 * const catalogue = Catalogue.make({
 *   prefix: "shop",
 *   metrics: { orders: Catalogue.counter({ name: "shop_orders_total", help: "Orders placed" }) }
 * })
 *
 * export const files = Monitoring.files({
 *   source: "monitoring.ts",
 *   dashboards: [Dashboard.ofCatalogue(catalogue, { uid: "shop", title: "Shop", tags: ["shop"] })],
 *   groups: [],
 *   grafanaUrl: "http://localhost:3000",
 *   runbookUrl: "http://localhost:9090/user/",
 *   prometheus: { interval: "15 seconds", jobs: [{ name: "shop", targets: ["shop:8001"] }] },
 *   alertmanager: {
 *     route: { receiver: Alertmanager.receiver("webhook", [Alertmanager.webhook({ url: "http://pager:8025/alerts" })]) }
 *   },
 *   dataSources: { prometheus: "http://prometheus:9090", jaeger: "http://jaeger:16686", scrapeInterval: "15 seconds" },
 *   folder: { folder: "Shop", path: "/etc/grafana/dashboards" },
 *   jaeger: { folder: "/badger", timeToLive: "7 days", memoryMiB: 800 }
 * })
 */
import * as Alertmanager from "./Alertmanager.ts"
import * as Dashboard from "./Dashboard.ts"
import type { File } from "./File.ts"
import * as JaegerConfig from "./JaegerConfig.ts"
import { refuse } from "./MixinError.ts"
import * as PrometheusConfig from "./PrometheusConfig.ts"
import * as Provisioning from "./Provisioning.ts"
import type * as Rules from "./Rules.ts"
import * as RulesFile from "./RulesFile.ts"
import * as Runbooks from "./Runbooks.ts"

/** The parts of a product's monitoring. */
export interface Parts extends RulesFile.Links {
  /** Where the parts are written, which every file says at its top. */
  readonly source: string
  readonly dashboards: ReadonlyArray<Dashboard.Dashboard>
  readonly groups: ReadonlyArray<Rules.Group>
  readonly prometheus: PrometheusConfig.Config
  readonly alertmanager: Alertmanager.Config
  readonly dataSources: Provisioning.DataSources
  readonly folder: Provisioning.Dashboards
  readonly jaeger: JaegerConfig.Store
  /** For several processes, or more traces than are worth keeping. */
  readonly gateway?: JaegerConfig.Gateway | undefined
}

/** An alert that leads to a dashboard which there is not is found when it is too late. */
const checkLinks = ({ dashboards, groups }: Parts): void => {
  const uids = new Set(dashboards.map(({ uid }) => uid))
  for (const rule of groups.flatMap(({ rules }) => rules)) {
    if (rule._tag === "Alert" && !uids.has(rule.dashboard)) {
      refuse(rule.name, `it leads to the dashboard ${rule.dashboard}, allowed are ${[...uids].join(", ")}`)
    }
  }
}

/**
 * Folders for the secrets that the compose file mounts, which git has to have, and whose contents it must never have: a
 * deployment made from these files is as protected as this repository.
 */
const secretFolders: ReadonlyArray<File> = [
  {
    path: "secrets/.gitignore",
    content: "# Secrets never enter the repository. Their folders do, for the compose file mounts them.\n" +
      "*\n!*/\n!.gitignore\n"
  },
  ...["alertmanager", "grafana", "prometheus"].map((program) => ({
    path: `secrets/${program}/.gitignore`,
    content: `# Secrets of ${program} lie here and are not committed.\n`
  }))
]

/**
 * Every file of a product's monitoring, the same for the same parts. Rejects with `MixinError` where a part can't be, or
 * one leads to another that there is not.
 */
export const files = async (parts: Parts): Promise<ReadonlyArray<File>> => {
  checkLinks(parts)
  const header = (what: string): string => `${what}\nGenerated from ${parts.source}.`
  return [
    ...await Dashboard.files(parts.dashboards),
    Provisioning.dataSources(parts.dataSources),
    Provisioning.dashboards(parts.folder),
    {
      path: "prometheus/prometheus.yml",
      content: PrometheusConfig.render(parts.prometheus, header("What is scraped, and which rules are evaluated."))
    },
    {
      path: "prometheus/alerts.yml",
      content: RulesFile.text(parts.groups, { ...parts, header: header("When somebody is told.") })
    },
    ...Runbooks.files(parts.groups, { ...parts, header: header("For whoever is on call.") }),
    {
      path: "alertmanager/alertmanager.yml",
      content: Alertmanager.render(parts.alertmanager, header("Who is told."))
    },
    {
      path: "jaeger/jaeger.yml",
      content: JaegerConfig.store(parts.jaeger, header("Jaeger, which receives, keeps and shows traces."))
    },
    ...(parts.gateway === undefined ? [] : [{
      path: "jaeger/gateway.yml",
      content: JaegerConfig.gateway(
        parts.gateway,
        header("A gateway before Jaeger: passes on errors, slow traces and a share of the rest.")
      )
    }]),
    ...secretFolders
  ]
}
