// Every panel of every dashboard has data, and the overview's panels say what really happened: against what the load
// generator counted, what Jaeger was sent, and what Postgres says.
import { metrics } from "@dawsos/observability/dawsos"
import { describe, expect, it, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Deadline from "./support/Deadline.ts"
import * as Grafana from "./support/Grafana.ts"
import * as History from "./support/History.ts"
import * as Http from "./support/Http.ts"
import * as Jaeger from "./support/Jaeger.ts"
import type * as Load from "./support/Load.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Stack from "./support/Stack.ts"
import { lastScrape, scrapeAfter, Watched } from "./support/Watched.ts"

/** Panels that are empty while all is well, each with the reason; five at most, and none on the overview. */
const emptyOnPurpose: Readonly<Record<string, string>> = {}

const dashboards = Grafana.dashboards()
const overview = dashboards.find(({ uid }) => uid === "dawsos-overview")

const count = <A>(items: Iterable<A>, key: (item: A) => string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}

/** Health checks are no requests of users, and are not counted. */
const counted = (sent: ReadonlyArray<Load.Sent>): ReadonlyArray<Load.Sent> =>
  sent.filter(({ path }) => !path.startsWith("/health"))

/** The route of a path: what is a value in a path is a parameter in its route. */
const routeOf = ({ method, path }: Load.Sent): string =>
  `${method} ${path.replace(/^(\/api\/metrics\/).+/, "$1{portfolio_id}").replace(/^(\/api\/quotes\/).+/, "$1{symbol}")}`

/** A panel of the overview by its title, and the answers to its queries. */
const shown = Effect.fnUntraced(function*(title: string, filled: Partial<Grafana.Filled> & { readonly at?: number }) {
  const { prometheus } = yield* Watched
  if (overview === undefined) throw new Error(`${Grafana.folder} has no overview`)
  return yield* Effect.forEach(
    Grafana.panel(overview, title).targets,
    (target) =>
      prometheus.query(
        Grafana.fill(overview, target, { step: Grafana.scrapeInterval, range: 3600, ...filled }),
        filled.at
      )
  )
})

/**
 * What a panel shows of the whole run: its own expression over the time from the last scrape before the traffic to the
 * first one after it. The window begins and ends with a sample (a millisecond more on the left, where it is open), so
 * Prometheus extrapolates nothing and a rate times the window is the exact increase.
 */
const ofTheRun = Effect.fnUntraced(function*(title: string) {
  const { after, before } = yield* Watched
  const rateInterval = Math.round((after - before) * 1000) + 1
  const answers = yield* shown(title, { rateInterval, at: after })
  return { answers, seconds: rateInterval / 1000 }
})

/** Increases over the run by labels; what did not happen is left out. */
const increases = (
  samples: ReadonlyArray<Prometheus.Sample>,
  seconds: number,
  key: (labels: Prometheus.Sample["labels"]) => string
): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>()
  for (const { labels, value } of samples) {
    sums.set(key(labels), (sums.get(key(labels)) ?? 0) + value * seconds)
  }
  // A millisecond in a run of a minute: a count of thousands is off by less than a half.
  return new Map([...sums].flatMap(([name, sum]) => Math.round(sum) === 0 ? [] : [[name, Math.round(sum)] as const]))
}

interface Apart {
  /** Seconds by which the one clock may have been read earlier or later than the other. */
  readonly seconds?: number
  /** The share of the durations that the machine may have held up between the two readings. */
  readonly share?: number
}

/** The quantile that Prometheus estimates where the buckets of a histogram hold these durations. */
const estimate = (q: number, durations: ReadonlyArray<number>, buckets: ReadonlyArray<number>): number => {
  const rank = Math.min(q, 1) * durations.length
  const below = (bound: number): number => durations.filter((duration) => duration <= bound).length
  const bucket = buckets.findIndex((bound) => below(bound) >= rank)
  const end = buckets[bucket]
  if (end === undefined) return buckets.at(-1) ?? NaN
  const start = buckets[bucket - 1] ?? 0
  const before = bucket === 0 ? 0 : below(start)
  return start + (end - start) * (rank - before) / (below(end) - before)
}

/** Between which values a quantile of these durations must lie. */
const bracket = (
  q: number,
  durations: ReadonlyArray<number>,
  buckets: ReadonlyArray<number>,
  // A rate is a division: a whole rank may come out a little beside the bound that it lies on.
  { seconds = 0, share = 1e-6 }: Apart = {}
): { readonly low: number; readonly high: number } => ({
  low: estimate(q - share, durations.map((duration) => duration - seconds), buckets),
  high: estimate(q + share, durations.map((duration) => duration + seconds), buckets)
})

/** A histogram and a span of the same thing read the clock one after the other, on a machine that may be busy. */
const twoReadings: Apart = { seconds: 0.001, share: 0.02 }

/** Spans of the run that Jaeger has, by a name that is made of their tags. */
const spansOfTheRun = (nameOf: (span: Jaeger.Span) => string | undefined) =>
  Effect.gen(function*() {
    const { after, before, jaeger } = yield* Watched
    const traces = yield* jaeger.find({ service: "dawsos-backend", limit: 10_000 })
    const found = new Map<string, Array<number>>()
    for (const span of traces.flatMap(({ spans }) => spans)) {
      const name = nameOf(span)
      const end = (span.startTime + span.duration) / 1_000_000
      if (name === undefined || end <= before || end > after) continue
      found.set(name, [...(found.get(name) ?? []), span.duration / 1_000_000])
    }
    return found
  })

/**
 * Quantiles of a panel against the spans in Jaeger, which came by another way. A span that ends while a scrape is under
 * way may be on the other side of it, so counts may differ by 2; quantiles are compared where they don't, and where a
 * 95th percentile is not one of the few greatest.
 */
const agreesWithSpans = Effect.fnUntraced(function*(
  title: string,
  histogram: typeof metrics.dbQueryDuration | typeof metrics.providerRequestDuration,
  by: readonly [string, string],
  nameOf: (span: Jaeger.Span) => string | undefined,
  /** How often something was done that leaves no span. */
  untraced: ReadonlyMap<string, number> = new Map()
) {
  const { after, prometheus } = yield* Watched
  const { answers: [quantiles = []], seconds } = yield* ofTheRun(title)
  const name = (labels: Prometheus.Sample["labels"]) => by.map((label) => labels[label]).join(" ")
  const counts = increases(
    yield* prometheus.query(
      `sum by (${by.join(", ")}) (rate(${histogram.name}_count[${Math.round(seconds * 1000)}ms]))`,
      after
    ),
    seconds,
    name
  )
  const { spans } = yield* Deadline.eventually(
    Effect.map(spansOfTheRun(nameOf), (spans) => ({
      spans,
      different: [...new Set([...counts.keys(), ...spans.keys()])].flatMap((key) => {
        const traced = (counts.get(key) ?? 0) - (untraced.get(key) ?? 0)
        const sent = spans.get(key)?.length ?? 0
        return Math.abs(traced - sent) <= 2 ? [] : [`${key}: ${traced} counted, ${sent} spans`]
      })
    })),
    {
      what: `the spans of ${title} are in Jaeger`,
      every: "1 second",
      until: ({ different }) => different.length === 0
    }
  )
  const compared = quantiles.flatMap(({ labels, value }) => {
    const durations = spans.get(name(labels)) ?? []
    return durations.length >= 50 && durations.length === counts.get(name(labels))
      ? [{ name: name(labels), durations, value }]
      : []
  })
  for (const { durations, name, value } of compared) {
    const { high, low } = bracket(0.95, durations, histogram.buckets ?? [], twoReadings)
    expect(value, name).toBeGreaterThanOrEqual(low)
    expect(value, name).toBeLessThanOrEqual(high)
  }
  return compared.map(({ name }) => name)
})

const tagOf = (span: Jaeger.Span, key: string): string | undefined => {
  const value = Jaeger.tag(span, key)
  return value === undefined ? undefined : String(value)
}

layer(Watched.layer(75), { timeout: "240 seconds", excludeTestServices: true })(
  "with the reference program under traffic",
  (it) => {
    for (const dashboard of dashboards) {
      it.effect(`every panel of ${dashboard.title} has data`, () =>
        Effect.gen(function*() {
          const { during, prometheus } = yield* Watched
          const view = { from: during - 900, to: during }
          const empty = yield* Effect.forEach(dashboard.panels, (panel) =>
            Effect.map(
              Effect.forEach(panel.targets, (target) => Grafana.answer(prometheus, dashboard, panel, target, view)),
              (answers) =>
                answers.flatMap((samples, index) =>
                  samples.length === 0 ? [`${panel.title}, query ${panel.targets[index]?.refId}`] : []
                )
            ))
          const named = (line: string) => `${dashboard.title}: ${line}` in emptyOnPurpose
          expect(empty.flat().filter((line) => !named(line))).toEqual([])
          // A reason that no longer holds is taken out.
          expect(Object.keys(emptyOnPurpose).filter((name) => name.startsWith(`${dashboard.title}: `)).toSorted())
            .toEqual(
              empty.flat().filter(named).map((line) => `${dashboard.title}: ${line}`).toSorted()
            )
        }))
    }

    it.effect("API Request Rate is what the load generator sent, route by route", () =>
      Effect.gen(function*() {
        const { sent } = yield* Watched
        const { answers: [rates = []], seconds } = yield* ofTheRun("API Request Rate")
        expect(sent.filter(({ status }) => status === 0)).toEqual([])
        expect(increases(rates, seconds, ({ endpoint, method }) => `${method} ${endpoint}`)).toEqual(
          count(counted(sent), routeOf)
        )
      }))

    it.effect("API Request Rate under traffic is the rate of that moment", () =>
      Effect.gen(function*() {
        const { during, prometheus, sent } = yield* Watched
        const [rates = []] = yield* shown("API Request Rate", { at: during })
        const window = Grafana.rateInterval(Grafana.scrapeInterval)
        const samples = (yield* prometheus.value(`count_over_time(dawsos_db_connections_max[${window}s])`, during)) ?? 0
        // Prometheus knows the increase between the first and the last sample of the window, and takes the rest for alike.
        const seconds = (samples - 1) * Grafana.scrapeInterval
        const ended = counted(sent).filter(({ at, seconds: took }) =>
          at + took > during - seconds && at + took <= during
        )
        const rate = rates.reduce((sum, { value }) => sum + value, 0)
        expect(ended.length).toBeGreaterThan(30)
        // A request at either edge may be counted on the other side of it: two there, two here.
        expect(Math.abs(rate * seconds - ended.length), `${rate} is not ${ended.length} in ${seconds} s`)
          .toBeLessThanOrEqual(4)
      }))

    it.effect("API Response Time is what the load generator measured, and what the spans in Jaeger took", () =>
      Effect.gen(function*() {
        const { sent } = yield* Watched
        const { answers } = yield* ofTheRun("API Response Time")
        const buckets = metrics.apiRequestDuration.buckets ?? []
        const measured = counted(sent).map(({ seconds }) => seconds)
        const { requests = [] } = yield* Deadline.eventually(
          Effect.map(
            spansOfTheRun((span) => tagOf(span, "span.kind") === "server" ? "requests" : undefined),
            (spans) => ({ requests: spans.get("requests"), number: spans.get("requests")?.length })
          ),
          { what: "every request is in Jaeger", every: "1 second", until: ({ number }) => number === measured.length }
        )
        expect(answers.map((samples) => samples.length)).toEqual([1, 1, 1])
        for (const [index, q] of [0.95, 0.5, 0.99].entries()) {
          const value = answers[index]?.[0]?.value
          // The server can't have taken longer than its client waited. How much shorter it was is the machine's load: what
          // waits to be accepted is not yet a request. So its own spans are the bound below.
          expect(value, `${q}`).toBeLessThanOrEqual(bracket(q, measured, buckets).high)
          const { high, low } = bracket(q, requests, buckets, twoReadings)
          expect(value, `${q}`).toBeGreaterThanOrEqual(low)
          expect(value, `${q}`).toBeLessThanOrEqual(high)
        }
      }))

    it.effect("Pattern Execution Rate is what the load generator asked for, by pattern and outcome", () =>
      Effect.gen(function*() {
        const { sent } = yield* Watched
        const { answers: [rates = []], seconds } = yield* ofTheRun("Pattern Execution Rate")
        const outcomes = { success: 200, degraded: 200, error: 500, defect: 500 } as const
        const statusOf = (status = "") =>
          Object.entries(outcomes).find(([outcome]) => outcome === status)?.[1] ?? status
        expect(increases(rates, seconds, ({ pattern_id, status }) => `${pattern_id} ${statusOf(status)}`)).toEqual(
          // What is refused (400, 403, 404) is not executed.
          count(
            sent.filter(({ pattern, status }) => pattern !== undefined && (status === 200 || status === 500)),
            ({ pattern, status }) => `${pattern} ${status}`
          )
        )
      }))

    it.effect("Error Rate is the share of requests that were answered with a server error", () =>
      Effect.gen(function*() {
        const { sent } = yield* Watched
        const { answers: [[share] = []] } = yield* ofTheRun("Error Rate")
        const failed = counted(sent).filter(({ status }) => status >= 500)
        expect(failed.length).toBeGreaterThan(0)
        expect(share?.value).toBeCloseTo(failed.length / counted(sent).length, 6)
      }))

    it.effect("Database Query Performance is what the spans in Jaeger took, by operation and table", () =>
      Effect.gen(function*() {
        const { sent } = yield* Watched
        const compared = yield* agreesWithSpans(
          "Database Query Performance",
          metrics.dbQueryDuration,
          ["operation", "table"],
          (span) =>
            tagOf(span, "db.system.name") === "postgresql"
              ? `${tagOf(span, "db.operation.name")} ${tagOf(span, "db.collection.name") ?? "none"}`
              : undefined,
          // Health checks are not traced; the one of the pack asks the database for it.
          new Map([["select pricing_packs", sent.filter(({ path }) => path === "/health/pack").length]])
        )
        expect(compared).toEqual(expect.arrayContaining(["select portfolios", "select users", "select lots"]))
      }))

    it.effect("Provider API Performance is what the spans in Jaeger took, by provider and endpoint", () =>
      Effect.gen(function*() {
        const compared = yield* agreesWithSpans(
          "Provider API Performance",
          metrics.providerRequestDuration,
          ["provider", "endpoint"],
          (span) => {
            const provider = tagOf(span, "dawsos.provider")
            return provider === undefined ? undefined : `${provider} ${tagOf(span, "url.template")}`
          }
        )
        expect(compared).toEqual(expect.arrayContaining(["fmp /v3/quote/{symbol}"]))
      }))

    it.effect("Pricing Pack Freshness is the age of the pack in Postgres", () =>
      Effect.gen(function*() {
        const { postgres, prometheus } = yield* Watched
        const both = Effect.gen(function*() {
          const at = yield* lastScrape(prometheus)
          const [[age] = []] = yield* shown("Pricing Pack Freshness", at === undefined ? {} : { at })
          const [pack] = yield* postgres.query(
            "select extract(epoch from max(fresh_at))::float8 as at from pricing_packs"
          )
          return { shown: age?.value, real: (at ?? NaN) - Number(pack?.["at"]) }
        })
        // Asked again where a pack was built between the scrape and the question.
        const { shown: age } = yield* Deadline.eventually(both, {
          what: "the ages agree",
          until: ({ real, shown }) => shown !== undefined && Math.abs(shown - real) <= 1
        })
        expect(age).toBeGreaterThanOrEqual(0)
      }))

    it.effect("Active Database Connections are those that Postgres sees at work", () =>
      Effect.gen(function*() {
        const { backend, postgres, prometheus } = yield* Watched
        // Whoever reads portfolios waits for this lock, with a connection in hand.
        const locked = yield* Effect.forkScoped(Effect.ignore(postgres.query(
          "begin; lock table portfolios in access exclusive mode; select pg_sleep(60)"
        )))
        yield* Deadline.eventually(
          postgres.query("select 1 from pg_locks where mode = 'AccessExclusiveLock' and granted"),
          { what: "the table is locked", until: (rows) => rows.length > 0 }
        )
        const path = "/api/metrics/b3a1f0c4-52de-4d0a-8c1e-0a6c3f5d7a01"
        const waiting = yield* Effect.forEach(
          Array.from({ length: 6 }),
          () => Effect.forkScoped(backend.call({ method: "GET", path, token: "demo-ada" }))
        )
        yield* Deadline.eventually(postgres.active("dawsos"), {
          what: "six requests wait",
          until: (active) => active >= 6
        })
        yield* scrapeAfter(prometheus, Date.now() / 1000, "the waiting is scraped")
        const [[active] = [], [maximum] = [], [share] = []] = yield* shown("Active Database Connections", {})
        const real = yield* postgres.active("dawsos")
        yield* postgres.query(
          "select pg_terminate_backend(pid) from pg_locks where mode = 'AccessExclusiveLock' and granted"
        )
        yield* Fiber.await(locked)
        yield* Effect.forEach(waiting, Fiber.await)
        expect(Math.abs((active?.value ?? NaN) - real), `${active?.value} shown, ${real} real`).toBeLessThanOrEqual(1)
        expect(active?.value).toBeGreaterThanOrEqual(6)
        expect(share?.value).toBeCloseTo((active?.value ?? NaN) / (maximum?.value ?? NaN), 6)
      }))

    it.effect("the numbers beside them are Prometheus's own", () =>
      Effect.gen(function*() {
        const { prometheus } = yield* Watched
        const [up = []] = yield* shown("Backends up", {})
        expect(up.map(({ labels, value }) => `${labels["job"]} ${value}`).toSorted()).toEqual(
          ["alertmanager 1", "dawsos 1", "jaeger 1", "prometheus 1"]
        )
        yield* Deadline.eventually(
          Effect.all({
            panel: Effect.map(shown("Alerts firing", {}), ([firing]) => firing?.[0]?.value),
            real: Effect.map(
              prometheus.alerts,
              (alerts) =>
                alerts.filter(({ labels, state }) => state === "firing" && labels["alertname"] !== "Watchdog").length
            )
          }),
          { what: "the numbers of alerts agree", until: ({ panel, real }) => panel === real }
        )
      }))

    it.effect("every group of rules is evaluated within 10 seconds", () =>
      Effect.gen(function*() {
        const { prometheus } = yield* Watched
        const groups = yield* prometheus.rules
        const durations = yield* prometheus.query("prometheus_rule_group_last_duration_seconds")
        expect(groups.length).toBeGreaterThan(0)
        expect(durations.length).toBe(groups.length)
        expect(
          groups.flatMap(({ rules }) => rules.flatMap(({ health, lastError }) => health === "ok" ? [] : [lastError]))
        )
          .toEqual([])
        for (const { evaluationTime, name } of groups) expect(evaluationTime, name).toBeLessThan(10)
        for (const { labels, value } of durations) expect(value, labels["rule_group"]).toBeLessThan(10)
        console.log("slowest group of rules:", Math.max(...durations.map(({ value }) => value)), "s")
      }))

    it.effect("all of the overview's queries over an hour of samples take less than 2 seconds together", () =>
      Effect.gen(function*() {
        const { backend } = yield* Watched
        if (overview === undefined) throw new Error(`${Grafana.folder} has no overview`)
        const stack = yield* Stack.make()
        const to = Math.floor(Date.now() / 1000)
        const view = { from: to - 3600, to }
        const series = yield* History.write(stack, `${yield* Http.text(backend.metrics)}# TYPE up gauge\nup 1\n`, {
          ...view,
          step: Grafana.scrapeInterval,
          names: new Set(
            [...overview.panels, ...overview.annotations].flatMap(({ targets }) =>
              targets.flatMap(({ expr }) => expr.match(/\w+/g) ?? [])
            )
          )
        })
        const prometheus = yield* Prometheus.start(stack)
        const urls = [...overview.panels, ...overview.annotations].flatMap((panel) =>
          panel.targets.map((target) => Grafana.url(prometheus, overview, panel, target, view))
        )
        const [took, answers] = yield* Effect.timed(
          Effect.all(urls.map((url) => Http.text(url)), { concurrency: "unbounded" })
        )
        console.log(`${urls.length} queries over ${series} series: ${Duration.toMillis(took)} ms`)
        expect(Duration.toMillis(took)).toBeLessThan(2000)
        // An hour was there to be read.
        const points = answers.map((answer) => answer.match(/\[\d+(\.\d+)?,"/g)?.length ?? 0)
        const empty = urls.flatMap((url, index) => points[index] === 0 ? [new URL(url).searchParams.get("query")] : [])
        // No alert has fired in that hour.
        expect(empty.filter((query) => query?.includes("ALERTS") !== true)).toEqual([])
        expect(Math.max(...points)).toBeGreaterThan(700 * 10)
      }))
  }
)

describe("what is said of empty panels", () => {
  it("names five at most, with a reason, and none of the overview", () => {
    const names = Object.keys(emptyOnPurpose)
    expect(names.length).toBeLessThanOrEqual(5)
    expect(names.filter((name) => name.startsWith(`${overview?.title}: `))).toEqual([])
    expect(Object.values(emptyOnPurpose).filter((reason) => reason.length < 20)).toEqual([])
  })
})
