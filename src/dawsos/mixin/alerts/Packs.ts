/** What the base document's alert on the age of the pricing pack can't see. */
import * as PromQL from "../../../mixin/PromQL.ts"
import * as Rules from "../../../mixin/Rules.ts"
import { metrics } from "../../metrics.ts"
import { uids } from "../dashboards/uids.ts"
import type { Settings } from "../Settings.ts"

const by = ["job"] as const

const metricMissing = (settings: Settings): Rules.Alert => {
  const age = PromQL.gauge(metrics.pricingPackFreshness)
  // With the job, so that it is held back while TargetDown fires for it.
  const own = PromQL.gauge(metrics.pricingPackFreshness, { job: settings.job })
  return Rules.alert({
    name: "PricingPackMetricMissing",
    expression: PromQL.or(
      PromQL.unless(PromQL.equals(PromQL.max(PromQL.gauge(metrics.systemInfo), { by }), 1), PromQL.max(age, { by })),
      PromQL.absent(own, { labels: by })
    ),
    for: "15 minutes",
    severity: "critical",
    summary: "Nobody knows how old the pricing pack is",
    description: "The age of the pricing pack is not known for {{ $labels.job }}, so PricingPackStale can't fire.",
    dashboard: uids.pricingPacks,
    runbook: {
      meaning:
        "The program runs, or none is scraped under its job, and nothing says when the pricing pack was marked " +
        "fresh. A stale pack would go unseen. In the first quarter of an hour after a start this is no alarm: the " +
        "first pack takes its time.",
      firstLook: [
        `Is the program scraped? ${
          Rules.query(PromQL.gauge(metrics.systemInfo))
        } has no result: go on with TargetDown, or ` +
        "look at Prometheus's page \"Target health\": is the job there at all?",
        `Was a pack ever built? ${
          Rules.query(PromQL.sum(PromQL.presence(PromQL.counter(metrics.pricingPackBuildsTotal)), {
            by: ["status"]
          }))
        } and ${Rules.query(PromQL.gauge(metrics.pricingPackStatus))}.`,
        "In the log: `the pricing pack could not be shown` or `pricing pack was not built`."
      ],
      usualCauses: [
        "A new database, in which no pack was ever built, and the first build fails.",
        "The newest pack is `warming` or `error` and has no age.",
        "A changed scrape configuration, or a job that was renamed."
      ],
      actions: [
        "No pack: repair the build as on PricingPackStale's page.",
        "No target: repair the scrape configuration, `promtool check config` tells what is wrong with it.",
        "The metric is gone after a deploy: the call of `DawsOs.updatePricingPackMetrics` was lost; roll back."
      ]
    }
  })
}

const buildStuck = (settings: Settings): Rules.Alert =>
  Rules.alert({
    name: "PricingPackBuildStuck",
    // While the program is down there is no status, and HighErrorRate excuses 503 for as long as this looks back.
    expression: PromQL.equals(
      PromQL.max(
        PromQL.overTime("max", PromQL.gauge(metrics.pricingPackStatus, { status: "warming" }), "5 minutes"),
        { by }
      ),
      1
    ),
    for: `${settings.packBuild} seconds`,
    severity: "critical",
    summary: "The build of a pricing pack does not end",
    description: "{{ $labels.job }} has been building a pricing pack for more than " +
      `{{ humanizeDuration ${settings.packBuild} }}, pauses of less than five minutes included; requests that need a ` +
      "fresh one get 503 meanwhile.",
    dashboard: uids.pricingPacks,
    runbook: {
      meaning: "While a pack is warming, 503 are the right answer and HighErrorRate does not count them. That excuse " +
        "is over: a build takes five to ten minutes, and users have been turned away for much longer. A program that " +
        "ends during each build and begins it anew is seen too: the excuse goes on for five minutes without a status, " +
        "and so does this alert.",
      firstLook: [
        `How long do builds take otherwise? ${
          Rules.query(PromQL.quantile(0.95, metrics.pricingPackBuildDuration, { range: "1 day" }))
        }.`,
        "In Jaeger the operation `pricing_pack.build`: does an open build wait for a provider? A build that is not " +
        "there yet has not ended; its requests to Polygon are.",
        `Does the provider answer? ${
          Rules.query(PromQL.sum(
            PromQL.rate(PromQL.counter(metrics.providerRequestsTotal, { provider: "polygon" }), "10 minutes"),
            { by: ["status"] }
          ))
        }.`
      ],
      usualCauses: [
        "The provider is slow or its quota is spent: each security waits for the next window.",
        "The process that built it died; its pack stays `warming` until the next build.",
        "The process dies during each build, of memory for instance, and is started again and again.",
        "A lock in the database on `pricing_packs`."
      ],
      actions: [
        "Restart the backend: it builds again at once and takes up the pack that is `warming`.",
        "Users who can live with yesterday's prices: requests with `require_fresh: false` are served as soon as a pack " +
        "has content.",
        "A lock: end its holder, as on DatabaseConnectionsHigh's page."
      ]
    }
  })

/** The group `dawsos.packs`. */
export const group = (settings: Settings): Rules.Group => ({
  name: "dawsos.packs",
  rules: [metricMissing(settings), buildStuck(settings)]
})
