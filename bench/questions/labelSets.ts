// What an operation costs whose label set is found at run time, from a value of its input, when there are 1,000 or
// 10,000 of them instead of one: the look-up, and the caches of the processor.
import { Catalogue, type Metrics, Observation } from "@dawsos/observability"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { seeded } from "../../scripts/Random.ts"
import * as Checkout from "../harness/Checkout.ts"
import type { Figure } from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as Noise from "../harness/Noise.ts"
import * as Question from "../harness/Question.ts"
import * as EffectMetric from "../peers/EffectMetric.ts"
import * as OursMetrics from "../peers/OursMetrics.ts"
import * as PromClient from "../peers/PromClient.ts"
import * as PrometheusClient from "../peers/PrometheusClient.ts"
import { kept, type Recorded } from "../peers/Recorded.ts"
import * as SdkMetrics from "../peers/SdkMetrics.ts"
import * as TimedByHand from "../peers/TimedByHand.ts"

const { Label } = Catalogue
const { buckets } = Checkout
const label = "tenant"

/** Tenants of one metric: this package takes 2,000 label sets a metric, so 10,000 of them are five metrics' for all. */
const tenantsAMetric = 2_000

/** The label sets that operations are about, and in which order. */
interface Workload {
  readonly name: string
  readonly distribution: string
  readonly sets: number
  readonly tenants: ReadonlyArray<string>
  readonly metrics: number
  /** Indexes of label sets. */
  readonly order: Uint16Array
}

const mask = 65_535

const workload = (
  distribution: string,
  sets: number,
  pick: (random: () => number) => number
): Workload => {
  const random = seeded(sets)
  const metrics = Math.ceil(sets / tenantsAMetric)
  return {
    name: distribution === "" ? `${sets}` : `${sets.toLocaleString("en")}, ${distribution}`,
    distribution,
    sets,
    metrics,
    // Told apart by words and not only by digits, as names of customers are.
    tenants: Array.from({ length: sets / metrics }, (_, n) => `tenant-${(n * 2_654_435_761 >>> 8).toString(36)}-${n}`),
    order: Uint16Array.from({ length: mask + 1 }, () => pick(random))
  }
}

const uniform = (sets: number): Workload => workload("random", sets, (random) => Math.floor(random() * sets))

/** The n-th of them is asked for a n-th as often as the first. */
const zipf = (sets: number): Workload => {
  let sum = 0
  const upTo = Float64Array.from({ length: sets }, (_, n) => sum += 1 / (n + 1))
  return workload("zipf", sets, (random) => {
    const at = random() * sum
    let [low, high] = [0, sets - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (upTo[middle]! <= at) low = middle + 1
      else high = middle
    }
    return low
  })
}

const one = workload("", 1, () => 0)
const workloads = [uniform(1_000), zipf(1_000), uniform(10_000), zipf(10_000)]

// As in the question `metrics`: each bucket gets its share.
const durationMask = 4095
const random = seeded(1)
const values = Float64Array.from({ length: durationMask + 1 }, () => Math.exp(random() * 9 - 7) / 2)

const nameOf = (metric: number): string => `bench_work${metric}`

const definitions = Array.from({ length: 5 }, (_, metric) => {
  const tenant = Label.bounded(tenantsAMetric)
  const total = Catalogue.counter({
    name: `${nameOf(metric)}_total`,
    help: "Operations.",
    labels: { tenant, status: Label.oneOf(...Observation.statuses) }
  })
  const duration = Catalogue.histogram({
    name: `${nameOf(metric)}_seconds`,
    help: "How long operations took.",
    unit: "seconds",
    labels: { tenant },
    buckets,
    bucketsReason: "twelve, as most histograms have"
  })
  return {
    total,
    duration,
    observed: Observation.make<string>({
      prefix: "bench",
      span: () => ({ name: "work" }),
      instruments: [
        Observation.count(total, (tenant, status) => ({ tenant, status })),
        Observation.time(duration, (tenant) => ({ tenant }))
      ]
    })
  }
})
const catalogue = Catalogue.make({
  prefix: "bench",
  metrics: Object.fromEntries(
    definitions.flatMap(({ duration, total }, n) => [[`total${n}`, total], [`duration${n}`, duration]] as const)
  )
})

/** Each label set once, so that none is new while it is measured; the operations that were recorded by this. */
const touched = ({ metrics, tenants }: Workload, record: (metric: number, tenant: string) => void): void => {
  for (let metric = 0; metric < metrics; metric++) for (const tenant of tenants) record(metric, tenant)
}

const beyond = ({ sets }: Workload, read: () => Recorded | Promise<Recorded>): Interleaved.Check => {
  const check = kept(read, sets)
  return (operations) => check(operations + sets)
}

/** A way to record, set up for a workload. */
type Way = (workload: Workload) => Omit<Interleaved.Candidate, "name">

const recordOurs = (metrics: Metrics.Service, metric: number, tenant: string, seconds: number): void => {
  const { duration, total } = definitions[metric]!
  metrics.counter(total, { tenant, status: "success" }).increment()
  metrics.histogram(duration, { tenant }).observe(seconds)
}

const ours: Way = (workload) => {
  const { metrics: count, order, tenants } = workload
  const { metrics, recorded } = OursMetrics.make(catalogue)
  touched(workload, (metric, tenant) => recordOurs(metrics, metric, tenant, 0.01))
  return {
    run: (operations) => {
      for (let n = 0; n < operations; n++) {
        const at = order[n & mask]!
        recordOurs(metrics, at % count, tenants[Math.floor(at / count)]!, values[n & durationMask]!)
      }
    },
    check: beyond(workload, recorded)
  }
}

const oursOnCombinator: Way = (workload) => {
  const { metrics: count, order, tenants } = workload
  const { context, metrics, recorded } = OursMetrics.make(catalogue)
  touched(workload, (metric, tenant) => recordOurs(metrics, metric, tenant, 0.01))
  let n = 0
  const body = Effect.suspend(() => {
    const at = order[n++ & mask]!
    return definitions[at % count]!.observed(Checkout.bare, tenants[Math.floor(at / count)]!)
  })
  return { run: Loop.batches(body, { context }), check: beyond(workload, recorded) }
}

const promOf = ({ metrics }: Workload): ReadonlyArray<PromClient.PromClient> => {
  const first = PromClient.make({ name: nameOf(0), label, buckets })
  const { registry } = first
  return [
    first,
    ...Array.from({ length: metrics - 1 }, (_, n) => PromClient.make({ name: nameOf(n + 1), label, buckets, registry }))
  ]
}

/** Peers that are given the label set with each value; next to what that takes, a loop that they share is nothing. */
const unbound = (
  workload: Workload,
  record: (metric: number, tenant: string, seconds: number) => void,
  read: () => Recorded | Promise<Recorded>
): ReturnType<Way> => {
  const { metrics: count, order, tenants } = workload
  touched(workload, (metric, tenant) => record(metric, tenant, 0.01))
  return {
    run: (operations) => {
      for (let n = 0; n < operations; n++) {
        const at = order[n & mask]!
        record(at % count, tenants[Math.floor(at / count)]!, values[n & durationMask]!)
      }
    },
    check: beyond(workload, read)
  }
}

const promUnbound: Way = (workload) => {
  const metrics = promOf(workload)
  return unbound(workload, (metric, tenant, seconds) => {
    const { duration, total } = metrics[metric]!
    total.inc({ tenant, status: "success" })
    duration.observe({ tenant }, seconds)
  }, metrics[0]!.recorded)
}

const prometheusUnbound: Way = (workload) => {
  const first = PrometheusClient.make({ name: nameOf(0), label, buckets })
  const { recorded, registry } = first
  const more = Array.from(
    { length: workload.metrics - 1 },
    (_, n) => PrometheusClient.make({ name: nameOf(n + 1), label, buckets, registry })
  )
  const metrics = [first, ...more]
  return unbound(workload, (metric, tenant, seconds) => {
    const { duration, total } = metrics[metric]!
    total.inc({ tenant, status: "success" })
    duration.observe({ tenant }, seconds)
  }, recorded)
}

const sdkMetrics: Way = (workload) => {
  const { instruments, recorded } = SdkMetrics.makeAll({
    names: Array.from({ length: workload.metrics }, (_, n) => nameOf(n)),
    buckets
  })
  return unbound(workload, (metric, tenant, seconds) => {
    const { duration, total } = instruments[metric]!
    total.add(1, { tenant, status: "success" })
    duration.record(seconds, { tenant })
  }, recorded)
}

const effectMetric: Way = (workload) => {
  const first = EffectMetric.make({ name: nameOf(0), attributes: {}, buckets })
  const { context, recorded } = first
  const more = Array.from(
    { length: workload.metrics - 1 },
    (_, n) => EffectMetric.make({ name: nameOf(n + 1), attributes: {}, buckets, context })
  )
  const metrics = [first, ...more]
  return unbound(workload, (metric, tenant, seconds) => {
    const { duration, success } = metrics[metric]!
    Metric.withAttributes(success, { tenant }).updateUnsafe(1, context)
    Metric.withAttributes(duration, { tenant }).updateUnsafe(seconds, context)
  }, recorded)
}

/** Children that are found by the value of the label, and bound when it is new. */
const promChildren = (workload: Workload) => {
  const metrics = promOf(workload)
  const children = metrics.map(() => new Map<string, PromClient.Bound>())
  const childOf = (metric: number, tenant: string): PromClient.Bound => {
    const known = children[metric]!.get(tenant)
    if (known !== undefined) return known
    const bound = PromClient.bind(metrics[metric]!, label, tenant)
    children[metric]!.set(tenant, bound)
    return bound
  }
  touched(workload, (metric, tenant) => {
    const { duration, success } = childOf(metric, tenant)
    success.inc()
    duration.observe(0.01)
  })
  return { childOf, check: beyond(workload, metrics[0]!.recorded) }
}

const promBound: Way = (workload) => {
  const { metrics: count, order, tenants } = workload
  const { check, childOf } = promChildren(workload)
  return {
    run: (operations) => {
      for (let n = 0; n < operations; n++) {
        const at = order[n & mask]!
        const { duration, success } = childOf(at % count, tenants[Math.floor(at / count)]!)
        success.inc()
        duration.observe(values[n & durationMask]!)
      }
    },
    check
  }
}

const promOnCombinator: Way = (workload) => {
  const { metrics: count, order, tenants } = workload
  const { check, childOf } = promChildren(workload)
  let n = 0
  const body = Effect.suspend(() => {
    const at = order[n++ & mask]!
    const tenant = tenants[Math.floor(at / count)]!
    return TimedByHand.observed((status, seconds) => {
      const children = childOf(at % count, tenant)
      children[status].inc()
      children.duration.observe(seconds)
    })(Checkout.bare)
  })
  return { run: Loop.batches(body, { context: Context.empty() }), check }
}

const ways: ReadonlyArray<readonly [name: string, way: Way]> = [
  ["ours", ours],
  ["prom-client, bound", promBound],
  ["prom-client, unbound", promUnbound],
  ["@prometheus-io/client, unbound", prometheusUnbound],
  ["sdk-metrics", sdkMetrics],
  ["Effect's Metric, tagged at each call", effectMetric],
  ["ours, on a combinator", oursOnCombinator],
  ["prom-client, bound, on a combinator", promOnCombinator]
]

// Long enough that what the sample before has left in the caches does not matter.
const sampleMillis = 40

const called = (way: string, { name }: Workload): string => `${way}: ${name}`

export const question: Question.Question = {
  ask: async () => {
    const figures: Array<Figure> = []
    const tables: Array<Question.Answer["tables"][number]> = []
    for (const [way, make] of ways) {
      // One after the other, so that the label sets of one do not push those of another out of the caches.
      const measured = await Interleaved.measure([
        { ...make(one), name: called(way, one) },
        { ...make(one), name: `${called(way, one)}, again` },
        ...workloads.map((workload) => ({ ...make(workload), name: called(way, workload) }))
      ], { sampleMillis, rounds: way === "ours" ? 61 : 11 })
      const single = Interleaved.named(measured, called(way, one))
      tables.push({ title: way, rows: Question.candidates(measured, [single], Interleaved.ratio) })
      if (way !== "ours") continue
      for (const workload of workloads) {
        const many = Interleaved.named(measured, called(way, workload))
        figures.push({
          question: `1 → ${workload.sets.toLocaleString("en")} label sets, ${workload.distribution}`,
          value: Interleaved.ratio(many, single),
          unit: "×",
          limit: workload.sets === 1_000 ? 1.3 : 2,
          reach: "at most",
          against: "one label set",
          void: many.void ?? single.void,
          noise: Noise.ofRatios([single, Interleaved.named(measured, `${single.name}, again`)])
        })
      }
    }
    return {
      figures,
      tables,
      text:
        "An operation finds its label set by a value of its input, increments a counter and observes a histogram. The " +
        "figures are of this alone, where there is nothing beside it to hide behind; on a combinator it is a smaller " +
        `part. This package takes ${
          tenantsAMetric.toLocaleString("en")
        } label sets a metric: 10,000 are those of five ` +
        "metrics, of every candidate. Bound children of prom-client are kept in a `Map` by the value, as a user would."
    }
  }
}
