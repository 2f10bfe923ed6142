/** Where the monitoring of DawsOS runs, who is told, and what is kept. Secrets are files, never values. */
import type * as Duration from "effect/Duration"
import type { PrometheusConfig } from "../../mixin/index.ts"

/** Who is told, each only where its secret is named. Files are paths as Alertmanager sees them, below `/run/secrets`. */
export interface Receivers {
  /** Critical alerts and warnings, and `info` where there is nothing else: an address of yours that takes the alerts as JSON. */
  readonly webhook?: {
    /** The file that holds the address. */
    readonly urlFile: string
    /** The file that holds a bearer token for it. */
    readonly credentialsFile?: string
  }
  /** Alerts of every severity in a channel. */
  readonly slack?: {
    readonly channel: string
    /** The file that holds the address of the incoming webhook. */
    readonly apiUrlFile: string
  }
  /** Critical alerts, as incidents that wake somebody. */
  readonly pagerduty?: {
    /** The file that holds the integration key (Events API v2). */
    readonly routingKeyFile: string
    /** Another address of the Events API, as `https://events.eu.pagerduty.com/v2/enqueue`. */
    readonly url?: string
  }
  /** Critical alerts and warnings. */
  readonly email?: {
    readonly to: ReadonlyArray<string>
    readonly from: string
    /** `host:port` of the mail server. */
    readonly smarthost: string
    readonly username?: string
    /** The file that holds the user's password. */
    readonly passwordFile?: string
    /** Default true: a server without encryption is refused. */
    readonly requireTls?: boolean
  }
  /**
   * Who is to notice when the heartbeat stays away: a service outside, which survives what it watches. A request every
   * minute.
   */
  readonly watchdog?: {
    /** The file that holds the address. */
    readonly urlFile: string
  }
}

/** Addresses, receivers and what is kept. */
export interface Deployment {
  /** Where these settings are written, which generated files say at their top. Default this package's own. */
  readonly source: string
  /** The value of the label `job` of the backend's processes. */
  readonly job: string
  /** `host:port` of `/metrics` of each process. Default: one, on the machine that the containers run on. */
  readonly backends: ReadonlyArray<string>
  /** The file, as Prometheus sees it, with the value of METRICS_TOKEN; needed where that is set. */
  readonly metricsTokenFile?: string
  /** Labels that tell this Prometheus from others in a store outside. */
  readonly externalLabels?: Readonly<Record<string, string>>
  /** Stores outside, for longer than the compose file's Prometheus keeps samples. Default none. */
  readonly remoteWrite: ReadonlyArray<PrometheusConfig.RemoteWrite>
  /** Who is told. Default: nobody but the compose file's service `notifications`. */
  readonly receivers: Receivers
  /** How long traces are kept. Default a week. */
  readonly traceTimeToLive: Duration.Input
  /** Whether the compose file's profile `gateway` is in use, and scraped. Default false. */
  readonly gateway: boolean
  /** Traces that last longer pass the gateway. Default 1.2 seconds, the service level's warm p95. */
  readonly slowTrace: Duration.Input
  /** The share of the traces, without errors and not slow, that passes the gateway. Default 0.1. */
  readonly traceShare: number
}

/** The deployment of the compose file. */
export const deployment: Deployment = {
  source: "src/dawsos/mixin",
  job: "dawsos",
  backends: ["host.docker.internal:8001"],
  remoteWrite: [],
  receivers: {},
  traceTimeToLive: "7 days",
  gateway: false,
  slowTrace: "1200 millis",
  traceShare: 0.1
}
