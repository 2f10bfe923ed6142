// Whether what the program tells of itself is complete.
import { describe } from "vitest"
import { type Case, cases, notices } from "./support/Case.ts"
import * as H from "./support/Healthy.ts"
import { counter, gauge, restarting, series } from "./support/Series.ts"
import * as Tested from "./support/Tested.ts"

const { minutes } = H
const own = "dawsos_observability_"

describe("SpansDropped", () => {
  cases("SpansDropped", [
    {
      name: "fires where one span in ten is lost, whatever the reason",
      with: { [H.dropped("queue_full")]: counter([10, 0], [30, 11], [50, 0]) },
      fires: { "10m": [], "20m": ["SpansDropped"], "60m": [] }
    },
    {
      name: "fires for 1000 of 10000 spans a second",
      with: { [H.exported]: counter([minutes, 9000]), [H.dropped("timeout")]: counter([minutes, 1000]) },
      fires: { "20m": ["SpansDropped"] }
    },
    {
      name: "is quiet at one lost span in a thousand",
      with: { [H.dropped("too_large")]: counter([minutes, 0.1]) },
      fires: { "20m": [] }
    },
    {
      name: "is quiet on one batch that a restart of the collector costs",
      with: { [H.dropped("unreachable")]: counter([10, 0], [1, 8], [79, 0]) },
      fires: { "12m": [], "15m": [], "20m": [] }
    },
    {
      name: "fires at a span a minute of which half are lost",
      with: { [H.exported]: counter([minutes, 1 / 60]), [H.dropped("unreachable")]: counter([minutes, 1 / 60]) },
      fires: { "20m": ["SpansDropped"] }
    },
    { name: "is quiet while nothing is traced", with: { [H.exported]: counter([minutes, 0]) }, fires: { "20m": [] } },
    { name: "is quiet where tracing is off", noData: true, from: H.without(`${own}spans`), fires: { "20m": [] } },
    {
      name: "is not fooled by counters that start anew",
      with: { [H.exported]: restarting(7, minutes, 100), [H.dropped("timeout")]: restarting(7, minutes, 0.1) },
      fires: { "20m": [], "50m": [] }
    }
  ])
})

describe("ExportFailing", () => {
  const nothing = (reason: string, perSecond: number): Case["with"] => ({
    [H.exported]: counter([10, 100], [30, 0], [50, 100]),
    [H.dropped(reason)]: counter([10, 0], [30, perSecond], [50, 0])
  })
  cases("ExportFailing", [
    ...(["unreachable", "rejected", "timeout"] as const).map((reason): Case => ({
      name: `fires, with SpansDropped, when a receiver takes nothing any more: ${reason}`,
      with: nothing(reason, 100),
      fires: { "10m": [], "25m": ["ExportFailing", "SpansDropped"], "60m": [] }
    })),
    {
      name: "fires at a span a minute",
      with: nothing("unreachable", 1 / 60),
      fires: { "25m": ["ExportFailing", "SpansDropped"] }
    },
    {
      name: "fires while nothing is sent to a receiver that is away, though the queue still holds everything",
      with: { [H.exported]: counter([10, 100], [30, 0], [50, 100]), [H.circuit]: gauge([10, 0], [30, 1], [50, 0]) },
      fires: { "10m": [], "25m": ["ExportFailing"], "60m": [] }
    },
    {
      name: "is quiet where nothing was sent for a minute",
      with: { [H.exported]: counter([10, 100], [1, 0], [79, 100]), [H.circuit]: gauge([10, 0], [1, 1], [79, 0]) },
      fires: { "12m": [], "16m": [], "25m": [] }
    },
    {
      name: "is quiet while some arrive",
      with: { [H.dropped("unreachable")]: counter([minutes, 100]) },
      fires: { "25m": ["SpansDropped"] }
    },
    {
      name: "is quiet where a full queue loses them",
      with: { ...nothing("queue_full", 100) },
      fires: { "25m": ["SpansDropped"] }
    },
    {
      name: "looks at each receiver apart",
      with: {
        [series(`${own}spans_exported_total`, { sink: "sentry" })]: counter([minutes, 0]),
        [series(`${own}spans_dropped_total`, { sink: "sentry", reason: "rejected" })]: counter([minutes, 1])
      },
      fires: { "25m": ["ExportFailing", "SpansDropped"] }
    },
    { name: "is quiet where tracing is off", noData: true, from: H.without(`${own}spans`), fires: { "25m": [] } },
    {
      name: "is not fooled by counters that start anew",
      with: { [H.exported]: restarting(7, minutes, 100) },
      fires: { "25m": [], "50m": [] }
    }
  ])
})

describe("ErrorEventsDropped", () => {
  cases("ErrorEventsDropped", [
    {
      name: "fires for one event that was lost, and ends a quarter of an hour later",
      with: { [H.eventsDropped("unreachable")]: counter([10, 0], [1, 1 / 60], [79, 0]) },
      fires: { "10m": [], "20m": ["ErrorEventsDropped"], "40m": [] }
    },
    {
      name: "fires for 100 a second",
      with: { [H.eventsDropped("throttled")]: counter([minutes, 100]) },
      fires: { "20m": ["ErrorEventsDropped"] }
    },
    {
      name: "is quiet on events that were held back on purpose",
      with: { [H.eventsDropped("rate_limited")]: counter([minutes, 100]) },
      fires: { "20m": [] }
    },
    {
      name: "is quiet where error tracking is off",
      noData: true,
      from: H.without(`${own}events`),
      fires: { "20m": [] }
    },
    {
      name: "is not fooled by a counter that starts anew without a loss",
      with: { [H.eventsDropped("unreachable")]: `${counter([5, 0])} 3x20 ${counter([minutes - 27, 0])}` },
      fires: { "60m": [] }
    }
  ])
})

describe("LabelOverflow", () => {
  cases("LabelOverflow", [
    {
      name: "fires while values fall into __overflow__",
      with: { [H.overflow]: counter([10, 0], [30, 1], [50, 0]) },
      fires: { "10m": [], "20m": ["LabelOverflow"], "70m": [] }
    },
    {
      name: "fires for one record, too: the value will come again",
      with: { [H.overflow]: counter([10, 0], [1, 1 / 60], [79, 0]) },
      fires: { "20m": ["LabelOverflow"], "40m": [] }
    },
    {
      name: "fires at 1000 a second",
      with: { [H.overflow]: counter([minutes, 1000]) },
      fires: { "20m": ["LabelOverflow"] }
    },
    {
      name: "is quiet where nothing is known of it",
      noData: true,
      from: H.without(`${own}label`),
      fires: { "20m": [] }
    },
    {
      name: "is not fooled by a counter that starts anew without an overflow",
      with: { [H.overflow]: `${counter([5, 0])} 3x20 ${counter([minutes - 27, 0])}` },
      fires: { "60m": [] }
    }
  ])
})

describe("EventLoopLag", () => {
  cases("EventLoopLag", [
    {
      name: "fires after five minutes of a blocked loop",
      with: { [H.lag]: gauge([10, 0.02], [20, 0.6], [60, 0.02]) },
      fires: { "10m": [], "14m": [], "17m": ["EventLoopLag"], "40m": [] }
    },
    { name: "is quiet at a lag of 0.4 s", with: { [H.lag]: gauge([minutes, 0.4]) }, fires: { "20m": [] } },
    {
      name: "is quiet on single peaks",
      with: { [H.lag]: Array.from({ length: 91 }, (_, n) => n % 4 === 0 ? 3 : 0.02).join(" ") },
      fires: { "20m": [], "60m": [] }
    },
    {
      name: "fires where one process of two is blocked",
      with: { [H.lag.replace("a:8001", "b:8001")]: gauge([minutes, 2]) },
      fires: { "20m": ["EventLoopLag"] }
    },
    { name: "is quiet where it is not measured", noData: true, from: H.without("nodejs_"), fires: { "20m": [] } }
  ])
})

describe("ObservabilityFault", () => {
  cases("ObservabilityFault", [
    {
      name: "fires for one fault, and ends a quarter of an hour later",
      with: { [H.fault]: counter([10, 0], [1, 1 / 60], [79, 0]) },
      fires: { "10m": [], "14m": ["ObservabilityFault"], "40m": [] }
    },
    {
      name: "fires for 1000 a second",
      with: { [H.fault]: counter([minutes, 1000]) },
      fires: { "20m": ["ObservabilityFault"] }
    },
    {
      name: "leaves metrics that can't be collected to ScrapeIncomplete",
      with: { [series(`${own}faults_total`, { hook: "collect" })]: counter([minutes, 1]) },
      fires: { "20m": [] }
    },
    {
      name: "is quiet where nothing is known of faults",
      noData: true,
      from: H.without(`${own}faults`),
      fires: { "20m": [] }
    },
    {
      name: "is not fooled by a counter that starts anew without a fault",
      with: { [H.fault]: `${counter([5, 0])} 3x20 ${counter([minutes - 27, 0])}` },
      fires: { "60m": [] }
    }
  ])
})

describe("ScrapeIncomplete", () => {
  cases("ScrapeIncomplete", [
    {
      name: "fires where a metric is missing from each scrape",
      with: { [H.scrapeErrors]: counter([10, 0], [20, 1 / 5], [60, 0]) },
      fires: { "10m": [], "18m": ["ScrapeIncomplete"], "50m": [] }
    },
    {
      name: "is quiet on a metric that was missing once",
      with: { [H.scrapeErrors]: counter([10, 0], [1, 1 / 60], [79, 0]) },
      fires: { "12m": [], "16m": [], "20m": [] }
    },
    {
      name: "is not fooled by a counter that starts anew",
      with: { [H.scrapeErrors]: `${counter([5, 0])} 3x20 ${counter([minutes - 27, 0])}` },
      fires: { "40m": [], "60m": [] }
    },
    {
      name: "fires for 100 metrics that are missing from many scrapes",
      with: Object.fromEntries(Array.from({ length: 100 }, (_, n) => [
        series(`${own}scrape_errors_total`, { metric: `dawsos_metric_${n}` }),
        counter([minutes, 10])
      ])),
      fires: { "18m": ["ScrapeIncomplete"] }
    },
    {
      name: "is quiet where it is not known what can't be collected",
      noData: true,
      from: H.without(`${own}scrape_errors`),
      fires: { "20m": [] }
    }
  ])
})

describe("what a person reads", () => {
  const at = "20m"
  const dashboard = "dawsos-observability"
  notices([
    {
      alert: "SpansDropped",
      with: { [H.dropped("queue_full")]: counter([minutes, 25]) },
      at,
      labels: { job: "dawsos", sink: "otlp", severity: "warning" },
      summary: "Spans are lost",
      description: "dawsos loses 20% of the spans that are meant for otlp.",
      dashboard
    },
    {
      alert: "ExportFailing",
      with: { [H.exported]: counter([minutes, 0]), [H.dropped("unreachable")]: counter([minutes, 100]) },
      at,
      labels: { job: "dawsos", sink: "otlp", severity: "warning" },
      summary: "No trace arrives",
      description: "otlp has accepted no span of dawsos for five minutes: those that wait are lost once " +
        "the queue is full.",
      dashboard
    },
    {
      alert: "ErrorEventsDropped",
      with: { [H.eventsDropped("unreachable")]: counter([minutes, 1]) },
      at,
      labels: { job: "dawsos", reason: "unreachable", severity: "warning" },
      summary: "Error events are lost",
      description: "dawsos lost 900 error events in the last quarter of an hour: unreachable.",
      dashboard
    },
    {
      alert: "LabelOverflow",
      with: { [H.overflow]: counter([minutes, 1]) },
      at,
      labels: { job: "dawsos", metric: "dawsos_api_requests_total", label: "endpoint", severity: "warning" },
      summary: "A label takes more values than it should",
      description:
        "900 records of dawsos_api_requests_total (dawsos) fell into __overflow__ in the last quarter of an " +
        "hour, because of endpoint.",
      dashboard
    },
    {
      alert: "EventLoopLag",
      with: { [H.lag]: gauge([minutes, 0.75]) },
      at,
      labels: { job: "dawsos", severity: "warning" },
      summary: "The event loop is blocked",
      description: "The 99th percentile of the event loop's lag of dawsos is 750ms.",
      dashboard
    },
    {
      alert: "ObservabilityFault",
      with: { [H.fault]: counter([minutes, 1]) },
      at,
      labels: { job: "dawsos", hook: "sink", severity: "warning" },
      summary: "The observability layer fails at something",
      description: "900 faults of the layer's hook sink (dawsos) in the last quarter of an hour.",
      dashboard
    },
    {
      alert: "ScrapeIncomplete",
      with: {
        [series(`${own}scrape_errors_total`, { metric: "dawsos_db_connections_active" })]: counter([minutes, 1 / 5])
      },
      at,
      labels: { job: "dawsos", metric: "dawsos_db_connections_active", severity: "warning" },
      summary: "A metric is missing from the exposition",
      description: "dawsos_db_connections_active of dawsos could not be collected in 60 scrapes of the last five " +
        "minutes.",
      dashboard
    }
  ])
})

describe("the tests of this file", () => {
  Tested.tested("Telemetry")
})
