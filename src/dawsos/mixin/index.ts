/**
 * The monitoring of DawsOS: dashboards, alerts with their runbooks, service levels, routes, and the configurations of
 * the programs behind them.
 *
 * @example
 * import * as DawsOsMixin from "@dawsos/observability/dawsos/mixin"
 *
 * // The same files with another threshold and a channel in Slack, as `{ path, content }` below `observability/`.
 * export const files = DawsOsMixin.files({
 *   ...DawsOsMixin.defaults,
 *   responseTime: 1.2,
 *   receivers: { slack: { channel: "#dawsos", apiUrlFile: "/run/secrets/slack" } }
 * })
 */
import { type File, Monitoring } from "../../mixin/index.ts"
import { groups } from "./alerts.ts"
import { dashboards } from "./dashboards/index.ts"
import { dataSources, folder } from "./provisioning.ts"
import { routing } from "./routing.ts"
import { scraping } from "./scraping.ts"
import { defaults, type Settings } from "./Settings.ts"
import { gateway, store } from "./storage.ts"

export { groups } from "./alerts.ts"
export { alertsPage } from "./alertsPage.ts"
export { dashboards } from "./dashboards/index.ts"
export type { Deployment, Receivers } from "./Deployment.ts"
export { heartbeatUrl, notificationsUrl, routing } from "./routing.ts"
export { scraping } from "./scraping.ts"
export { serviceLevels } from "./serviceLevels.ts"
export { defaults, type Settings } from "./Settings.ts"
export { gateway, store } from "./storage.ts"

/** The parts of DawsOS's monitoring, to change one before the files are made. */
export const parts = (settings: Settings = defaults): Monitoring.Parts => ({
  source: settings.source,
  dashboards: dashboards(settings),
  groups: groups(settings),
  grafanaUrl: settings.grafanaUrl,
  runbookUrl: settings.runbookUrl,
  prometheus: scraping(settings),
  alertmanager: routing(settings),
  dataSources: dataSources(settings),
  folder,
  jaeger: store(settings),
  gateway: gateway(settings)
})

/**
 * Every generated file of `observability/`: the same for the same settings. Rejects with `MixinError` where a setting
 * can't be.
 */
export const files = (settings: Settings = defaults): Promise<ReadonlyArray<File>> => Monitoring.files(parts(settings))
