/** What a user of the monitoring may set: thresholds, addresses, and which receivers have their secrets. */
import { type Deployment, deployment } from "./Deployment.ts"

/** Thresholds and addresses of the generated monitoring. Shares are between 0 and 1, times in seconds. */
export interface Settings extends Deployment {
  /** Share of API requests that end with a server error. Default 0.05, as the base document intends with `> 0.05`. */
  readonly errorRatio: number
  /** Requests a second below which an error share says nothing. Default 0.1, the base document's own figure. */
  readonly errorRatioTraffic: number
  /** 95th percentile of the response time in seconds; a bound of the histogram's buckets. Default 2, as in the base document. */
  readonly responseTime: number
  /** Requests a second below which a percentile says nothing. Default 0.02: six requests in five minutes. */
  readonly responseTimeTraffic: number
  /** Age of the pricing pack. Default 90,000: a nightly pack is up to a day old, and an hour is spared for its build. */
  readonly packAge: number
  /** Share of the pool's connections in use. Default 0.8. */
  readonly connectionsRatio: number
  /** Connections in use where no maximum is known. Default 80, as in the base document. */
  readonly connections: number
  /** Share of a provider's quota that is left. Default 0.1. */
  readonly rateLimitRatio: number
  /** Requests left where no limit is known. Default 100, as in the base document. */
  readonly rateLimit: number
  /** Share of a pattern's executions that fail. Default 0.05, the base document's figure. */
  readonly patternFailureRatio: number
  /** Failures within ten minutes below which a share says nothing. Default 3. */
  readonly patternFailures: number
  /** Seconds that the build of a pack may take before it counts as stuck. Default 1800: three times the promised ten minutes. */
  readonly packBuild: number
  /** Share of the statements on one table that fail. Default 0.05. */
  readonly queryErrorRatio: number
  /** Failing statements on one table within ten minutes below which a share says nothing. Default 5. */
  readonly queryErrors: number
  /** Share of the requests to a provider that fail, each attempt counted. Default 0.1: one retry in ten is daily life. */
  readonly providerFailureRatio: number
  /** Failed requests to a provider within ten minutes below which a share says nothing. Default 5. */
  readonly providerFailures: number
  /** Share of a capability's calls that fail. Default 0.1; patterns, which users see, have the lower bound. */
  readonly capabilityFailureRatio: number
  /** Failed calls of a capability within ten minutes below which a share says nothing. Default 5. */
  readonly capabilityFailures: number
  /** Share of the attempts to deliver the product's alerts by one method that fail. Default 0.5: a retry repairs most. */
  readonly deliveryFailureRatio: number
  /** Failed attempts by one method within half an hour below which a share says nothing. Default 3. */
  readonly deliveryFailures: number
  /** Share of ended spans that a sink loses. Default 0.01. */
  readonly spansDroppedRatio: number
  /** 99th percentile of the event loop's lag in seconds. Default 0.5: nearly half of the 1.2 s of a warm request. */
  readonly eventLoopLag: number
  /** Seconds that the evaluation of a rule group may take. Default 10, the base document's criterion. */
  readonly ruleEvaluation: number
  /** Share of good API requests over 30 days. Default 0.995, the uptime that DawsOS promises. */
  readonly availabilityTarget: number
  /** Seconds within which a warm request is answered; a bound of the histogram's buckets. Default 1.2, as promised. */
  readonly latencyObjective: number
  /** Share of API requests that are answered within it over 30 days. Default 0.95: the promise is on the 95th percentile. */
  readonly latencyTarget: number
  /** Share of the product's alert deliveries that do not end as dead letters, over 30 days. Default 0.99. */
  readonly deliveryTarget: number
  /**
   * The page of error tracking that lists events, with `{trace_id}` where a trace's id stands; points of latency panels
   * then lead there, beside the trace. Default none.
   */
  readonly errorEvents?: string
  /** Where people open Grafana. Default the compose file's address. */
  readonly grafanaUrl: string
  /** Where runbook pages are read; the alert's name and `.md` are added. Default: Prometheus serves them. */
  readonly runbookUrl: string
}

/** The documented defaults. */
export const defaults: Settings = {
  ...deployment,
  errorRatio: 0.05,
  errorRatioTraffic: 0.1,
  responseTime: 2,
  responseTimeTraffic: 0.02,
  packAge: 90_000,
  connectionsRatio: 0.8,
  connections: 80,
  rateLimitRatio: 0.1,
  rateLimit: 100,
  patternFailureRatio: 0.05,
  patternFailures: 3,
  packBuild: 1800,
  queryErrorRatio: 0.05,
  queryErrors: 5,
  providerFailureRatio: 0.1,
  providerFailures: 5,
  capabilityFailureRatio: 0.1,
  capabilityFailures: 5,
  deliveryFailureRatio: 0.5,
  deliveryFailures: 3,
  spansDroppedRatio: 0.01,
  eventLoopLag: 0.5,
  ruleEvaluation: 10,
  availabilityTarget: 0.995,
  latencyObjective: 1.2,
  latencyTarget: 0.95,
  deliveryTarget: 0.99,
  grafanaUrl: "http://localhost:3000",
  runbookUrl: "http://localhost:9090/user/"
}
