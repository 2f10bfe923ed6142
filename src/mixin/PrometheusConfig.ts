/**
 * Prometheus's configuration as data: what is scraped, which rules are evaluated, who is told, and what else keeps the
 * samples.
 *
 * Every scrape is given up a second before the next one is due, so that a target that hangs is down and not late.
 *
 * @example
 * import { PrometheusConfig } from "@dawsos/observability/mixin"
 *
 * export const text = PrometheusConfig.render({
 *   interval: "5 seconds",
 *   ruleFiles: ["alerts.yml"],
 *   alertmanagers: ["alertmanager:9093"],
 *   jobs: [{ name: "shop", targets: ["shop-1:8001", "shop-2:8001"], credentialsFile: "/run/secrets/metrics_token" }]
 * })
 */
import type * as Duration from "effect/Duration"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"
import { duration } from "./promql/Render.ts"
import * as Yaml from "./Yaml.ts"

/** Targets that are scraped alike. */
export interface Job {
  /** The value of the label `job`. */
  readonly name: string
  /** `host:port` of each process. */
  readonly targets: ReadonlyArray<string>
  /** `/metrics` unless given. */
  readonly path?: string | undefined
  /** `http` unless given. */
  readonly scheme?: "http" | "https" | undefined
  /** The file that holds the bearer token which the targets ask for. */
  readonly credentialsFile?: string | undefined
}

/** A store outside that is sent every sample. */
export interface RemoteWrite {
  readonly url: string
  /** The file that holds the bearer token which the store asks for. */
  readonly credentialsFile?: string | undefined
}

/** The whole configuration. */
export interface Config {
  /** Between two scrapes and between two evaluations: a rule sees a sample after at most this long. From 2 seconds. */
  readonly interval: Duration.Input
  /** Labels that tell this Prometheus from others, on everything that leaves it. */
  readonly externalLabels?: Readonly<Record<string, string>> | undefined
  /** Paths of rule files, relative to the configuration's folder. */
  readonly ruleFiles?: ReadonlyArray<string> | undefined
  /** `host:port` of each Alertmanager. */
  readonly alertmanagers?: ReadonlyArray<string> | undefined
  /** How many exemplars are kept in memory, at about 100 bytes each. Default 100,000, as Prometheus's. */
  readonly exemplars?: number | undefined
  readonly jobs: ReadonlyArray<Job>
  readonly remoteWrite?: ReadonlyArray<RemoteWrite> | undefined
}

const target = (where: string, address: string): string => {
  const port = Number(/^[^\s/@:]+:(\d+)$/.exec(address)?.[1] ?? /^\[[0-9a-fA-F:.]+\]:(\d+)$/.exec(address)?.[1])
  return port >= 1 && port <= 65_535
    ? address
    : refuse(where, `a target was ${address}, allowed are host:port without scheme and path`)
}

const targets = (where: string, addresses: ReadonlyArray<string>): Yaml.Value => {
  if (addresses.length === 0) refuse(where, "nothing is named that could be reached")
  if (new Set(addresses).size < addresses.length) refuse(where, `a target is named twice: ${addresses.join(", ")}`)
  return [{ targets: addresses.map((address) => target(where, address)) }]
}

const authorization = (where: string, file: string | undefined): Yaml.Value | undefined => {
  if (file === undefined) return undefined
  if (!file.startsWith("/")) refuse(where, `the file of a secret was ${file}, allowed are absolute paths`)
  return { type: "Bearer", credentials_file: file }
}

const jobYaml = (job: Job): Yaml.Value => {
  if (!/^[a-zA-Z_][\w-]*$/.test(job.name)) {
    refuse("job", `a name was ${job.name}, allowed are letters, digits, _ and -`)
  }
  if (job.path !== undefined && !job.path.startsWith("/")) {
    refuse(job.name, `the path was ${job.path}, allowed are absolute paths`)
  }
  return {
    job_name: job.name,
    scheme: job.scheme,
    metrics_path: job.path,
    authorization: authorization(job.name, job.credentialsFile),
    static_configs: targets(job.name, job.targets)
  }
}

const remoteYaml = ({ credentialsFile, url }: RemoteWrite): Yaml.Value => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    refuse("remoteWrite", `an address was ${url}, allowed are http and https addresses`)
  }
  return { url, send_exemplars: true, authorization: authorization("remoteWrite", credentialsFile) }
}

/** The text of `prometheus.yml`. Raises `MixinError` for what Prometheus would refuse. */
export const render = (config: Config, header = "Generated: what is scraped."): string => {
  const interval = PromQL.milliseconds("interval", config.interval)
  if (interval < 2000) refuse("interval", `it was ${duration(interval)}, allowed are 2s and more`)
  const names = config.jobs.map(({ name }) => name)
  if (names.length === 0) refuse("jobs", "nothing is scraped")
  if (new Set(names).size < names.length) refuse("jobs", `a name is there twice: ${names.join(", ")}`)
  const exemplars = config.exemplars ?? 100_000
  if (!Number.isSafeInteger(exemplars) || exemplars < 0) {
    refuse("exemplars", `their number was ${exemplars}, allowed are whole numbers from 0`)
  }
  return Yaml.file(header, {
    global: {
      scrape_interval: duration(interval),
      scrape_timeout: duration(interval - 1000),
      evaluation_interval: duration(interval),
      external_labels: config.externalLabels
    },
    storage: { exemplars: { max_exemplars: exemplars } },
    rule_files: config.ruleFiles,
    alerting: config.alertmanagers === undefined
      ? undefined
      : { alertmanagers: [{ static_configs: targets("alertmanagers", config.alertmanagers) }] },
    scrape_configs: config.jobs.map(jobYaml),
    remote_write: config.remoteWrite?.map(remoteYaml)
  })
}
