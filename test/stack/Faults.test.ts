// Which alerts each fault of the reference program raises, all of them and no others, until somebody is told and told
// again when it is over. Real time and real programs, with all durations of the rules and routes shortened.
import { defaults, routing } from "@dawsos/observability/dawsos/mixin"
import { Alertmanager as Routing } from "@dawsos/observability/mixin"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { describe as descriptionOf, type Fault, faults } from "../../examples/dawsos/Faults.ts"
import * as Alertmanager from "./support/Alertmanager.ts"
import * as Backend from "./support/Backend.ts"
import * as Compose from "./support/Compose.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Detection from "./support/Detection.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Notices from "./support/Notices.ts"
import * as Notifications from "./support/Notifications.ts"
import * as Postgres from "./support/Postgres.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Receiver from "./support/Receiver.ts"
import * as Stack from "./support/Stack.ts"

/** What all durations are divided by. A target that is not scraped for a minute is down: here, for three seconds. */
const factor = 20

const watchdog = "Watchdog info"

/** Every alert that fires from the start of the fault until all is well again, as name and severity; the watchdog always. */
const table: Readonly<Record<Fault, ReadonlyArray<string>>> = {
  // The outage begins when hardly an answer is kept that could be given again: four patterns fail.
  "provider-down": [
    "ProviderFailing warning",
    "CapabilityFailing warning",
    "PatternExecutionFailure critical",
    "HighErrorRate critical",
    "ApiAvailabilityBurnRate critical"
  ],
  "provider-slow": ["HighResponseTime warning"],
  "provider-quota": ["ProviderRateLimitLow warning"],
  "database-slow": ["HighResponseTime warning"],
  // Nearly all connections are held; what is left is enough for this traffic.
  "database-exhausted": ["DatabaseConnectionsHigh warning"],
  // Polygon, of which packs are built, fails.
  "pack-stale": ["PricingPackStale critical", "ProviderFailing warning"],
  // One request in eleven is for that pattern.
  "pattern-broken": [
    "PatternExecutionFailure critical",
    "HighErrorRate critical",
    "ApiAvailabilityBurnRate critical"
  ],
  "error-storm": [
    "HighErrorRate critical",
    "PatternExecutionFailure critical",
    "ApiAvailabilityBurnRate critical"
  ],
  "collector-down": ["SpansDropped warning", "ExportFailing warning"]
}

const faultNames = Object.keys(faults) as ReadonlyArray<Fault>

/** Seconds that a fault lasts at least: a pack is built every 30 s, and its provider fails at the second build. */
const atLeast = 55
/** Seconds that are watched at least after its end. */
const afterwards = 15
/**
 * Seconds after which nothing counts any more. Burn rates over days fire once the budget has been spent too fast for an
 * hour (180 s), which the end of the fault does not change: nobody waits for these.
 */
const atMost = 150

const config = routing(defaults)

const labelsOf = (alert: string): Readonly<Record<string, string>> => {
  const [alertname = "", severity = ""] = alert.split(" ")
  return { alertname, severity, job: defaults.job }
}

/** Whether an alert is kept back by another one that fires, unless it was told of before that one fired. */
const keptBack = (alert: string, others: ReadonlyArray<string>): boolean =>
  others.some((other) => Routing.inhibits(config, labelsOf(other), labelsOf(alert)))

const now = (): number => Date.now() / 1000

/** Everything that is watched with, on empty folders, and the program with its own traffic. */
const start = Effect.fnUntraced(function*(fault: Fault | undefined) {
  const stack = yield* Stack.make({ factor })
  const webhook = yield* Receiver.web({ port: Notifications.portOf(stack) })
  const [jaeger, postgres] = yield* Effect.all([Jaeger.start(stack), Postgres.start(), Alertmanager.start(stack)], {
    concurrency: "unbounded"
  })
  const backend = yield* Backend.start(stack, {
    ...(fault === undefined ? {} : { fault }),
    traffic: 8,
    env: {
      DATABASE_URL: postgres.url,
      // The collector that goes down is the program's own receiver.
      ...(fault === "collector-down" ? {} : jaeger.destinations.otlp)
    }
  })
  const prometheus = yield* Prometheus.start(stack)
  yield* Deadline.eventually(prometheus.targets, {
    what: "every target is up",
    until: (targets) => targets.every(({ health }) => health === "up")
  })
  const begun = now()
  /** Every alert that has fired so far. */
  const fired = Effect.suspend(() => prometheus.query(everFired, Math.min(now(), begun + atMost))).pipe(
    Effect.map((samples) => samples.map(({ labels }) => Notices.nameOf(labels)).toSorted())
  )
  const all = Notices.from(webhook)
  const counts = ({ at }: Notices.Notice) => at <= begun + atMost
  return {
    backend,
    prometheus,
    begun,
    fired,
    told: () => all.firing().filter(counts),
    over: () => all.over().filter(counts)
  }
})

const everFired = "group by (alertname, severity) (max_over_time(ALERTS{alertstate=\"firing\"}[1h]))"

/** Waits until a moment. */
const until = (moment: number) => Effect.suspend(() => Effect.sleep(Math.max(moment - now(), 0) * 1000))

const distinct = (notices: ReadonlyArray<Notices.Notice>): ReadonlyArray<string> =>
  [...new Set(notices.map(({ alert }) => alert))].toSorted()

const detected: Array<Detection.Row> = []

/** The longest run with a fault, in seconds. */
let longest = atLeast + 35

describe(`alerts, with durations divided by ${factor}`, () => {
  for (const fault of faultNames) {
    const fires = table[fault]
    const named = fires.find((alert) => alert.startsWith(`${descriptionOf(fault).alert} `)) ?? ""
    it.live(`${fault} raises ${fires.join(", ")}; ${named} ends with it`, () =>
      Effect.gen(function*() {
        const { backend, begun, fired, over, prometheus, told } = yield* start(fault)
        const expected = [watchdog, ...fires].toSorted()
        const tellable = expected.filter((alert) => !keptBack(alert, fires))
        yield* Deadline.eventually(Effect.sync(() => distinct(told())), {
          what: `somebody is told of ${tellable.join(", ")}`,
          within: "90 seconds",
          until: (alerts) => tellable.every((alert) => alerts.includes(alert))
        })
        yield* until(begun + atLeast)
        expect(yield* fired).toEqual(expected)

        process.kill(yield* backend.pid, "SIGUSR2")
        const ended = now()
        const ends = () => over().filter(({ at }) => at > ended)
        yield* Deadline.eventually(Effect.sync(() => distinct(ends())), {
          what: `somebody is told that ${named} is over`,
          within: "80 seconds",
          until: (alerts) => alerts.includes(named)
        })
        expect(yield* prometheus.firing).not.toContain(descriptionOf(fault).alert)
        yield* until(ended + afterwards)
        longest = Math.max(longest, now() - begun)

        expect(yield* fired).toEqual(expected)
        const heard = distinct(told())
        expect(heard.filter((alert) => !keptBack(alert, fires))).toEqual(tellable)
        expect(expected).toEqual(expect.arrayContaining([...heard]))

        const rows = fires.map((alert): Detection.Row => {
          const first = told().find((notice) => notice.alert === alert)
          const last = ends().find((notice) => notice.alert === alert)
          return { fault, alert, told: first && first.at - begun, over: last && last.at - ended }
        })
        detected.push(...rows)
        console.log(Detection.lines(rows).join("\n"))
      }), 300_000)
  }

  it.live(
    "are none but the watchdog while all is well, for as long as the longest of these runs",
    () =>
      Effect.gen(function*() {
        const { begun, fired, told } = yield* start(undefined)
        yield* until(begun + Math.min(longest, atMost))
        expect(yield* fired).toEqual([watchdog])
        expect(distinct(told())).toEqual([watchdog])
      }),
    300_000
  )
})

describe(Detection.page, () => {
  it("has every alert of every fault, and no other", () => {
    const path = Path.join(Compose.root, Detection.page)
    const rows = faultNames.flatMap((fault) =>
      table[fault].map((alert): Detection.Row => ({ fault, alert, told: undefined, over: undefined }))
    )
    const expected = Detection.withoutFigures(Detection.render(rows, factor))
    if (process.env[Detection.variable] !== undefined) {
      const measured = Detection.render(detected, factor)
      // Half a run is no page.
      expect(Detection.withoutFigures(measured)).toBe(expected)
      writeFileSync(path, measured)
    }
    expect(Detection.withoutFigures(readFileSync(path, "utf8"))).toBe(expected)
  })
})
