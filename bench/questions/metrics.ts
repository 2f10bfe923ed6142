// What a counter and a histogram cost: on a combinator around an effect, which includes reading the clock and the
// status, and by themselves, as cells against bound children.
import * as Context from "effect/Context"
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
import { kept } from "../peers/Recorded.ts"
import * as SdkMetrics from "../peers/SdkMetrics.ts"
import * as TimedByHand from "../peers/TimedByHand.ts"

const name = "bench_checkout"
const label = "operation"
const operation = Checkout.name
const { bare, buckets } = Checkout

// From half a millisecond to some seconds, spread evenly over the orders of magnitude: each bucket gets its share.
const mask = 4095
const random = seeded(1)
const values = Float64Array.from({ length: mask + 1 }, () => Math.exp(random() * 9 - 7) / 2)
const exemplar = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }
const exemplarLabels = { trace_id: exemplar.traceId, span_id: exemplar.spanId }

const onCombinator = (): ReadonlyArray<Interleaved.Candidate> => {
  const ours = (): Interleaved.Candidate => {
    const { context, recorded } = OursMetrics.make(Checkout.catalogue)
    return {
      name: "ours",
      run: Loop.batches(Checkout.withCheckout(bare, undefined), { context }),
      check: kept(recorded)
    }
  }
  const promBound = (): Interleaved.Candidate => {
    const prom = PromClient.make({ name, label, buckets })
    const children = PromClient.bind(prom, label, operation)
    const observed = TimedByHand.observed((status, seconds) => {
      children[status].inc()
      children.duration.observe(seconds)
    })
    return {
      name: "prom-client, bound",
      run: Loop.batches(observed(bare), { context: Context.empty() }),
      check: kept(prom.recorded)
    }
  }
  const promUnbound = PromClient.make({ name, label, buckets })
  const prometheus = PrometheusClient.make({ name, label, buckets })
  const prometheusChildren = PrometheusClient.bind(prometheus, label, operation)
  const prometheusUnbound = PrometheusClient.make({ name, label, buckets })
  const metric = EffectMetric.make({ name, attributes: { operation }, buckets })
  const sdk = SdkMetrics.make({ name, buckets })
  const byHand = (
    name: string,
    record: (status: TimedByHand.Status, seconds: number) => void,
    recorded: Parameters<typeof kept>[0]
  ): Interleaved.Candidate => ({
    name,
    run: Loop.batches(TimedByHand.observed(record)(bare), { context: Context.empty() }),
    check: kept(recorded)
  })
  return [
    { name: "the effect alone", run: Loop.batches(bare, { context: Context.empty() }) },
    ours(),
    { ...ours(), name: "ours, again" },
    promBound(),
    { ...promBound(), name: "prom-client, bound, again" },
    byHand("prom-client, unbound", (status, seconds) => {
      promUnbound.total.inc({ operation, status })
      promUnbound.duration.observe({ operation }, seconds)
    }, promUnbound.recorded),
    byHand("@prometheus-io/client, bound", (status, seconds) => {
      prometheusChildren[status].inc()
      prometheusChildren.duration.observe(seconds)
    }, prometheus.recorded),
    byHand("@prometheus-io/client, unbound", (status, seconds) => {
      prometheusUnbound.total.inc({ operation, status })
      prometheusUnbound.duration.observe({ operation }, seconds)
    }, prometheusUnbound.recorded),
    byHand("sdk-metrics", (status, seconds) => {
      sdk.total.add(1, { operation, status })
      sdk.duration.record(seconds, { operation })
    }, sdk.recorded),
    {
      name: "Effect's Metric",
      run: Loop.batches(metric.observed(bare), { context: metric.context }),
      check: kept(metric.recorded)
    }
  ]
}

// Each candidate has a loop of its own: one that all of them shared would call what it can't see through.
const byThemselves = (): ReadonlyArray<Interleaved.Candidate> => {
  const ours = (name: string, told?: typeof exemplar): Interleaved.Candidate => {
    const { metrics, recorded } = OursMetrics.make(Checkout.catalogue)
    const counter = metrics.counter(Checkout.total, { operation, status: "success" })
    const histogram = metrics.histogram(Checkout.duration, { operation })
    return {
      name,
      run: told === undefined
        ? (count) => {
          for (let n = 0; n < count; n++) {
            counter.increment()
            histogram.observe(values[n & mask]!)
          }
        }
        : (count) => {
          for (let n = 0; n < count; n++) {
            counter.increment()
            histogram.observe(values[n & mask]!, told)
          }
        },
      check: kept(recorded)
    }
  }
  const promBound = (called: string): Interleaved.Candidate => {
    const prom = PromClient.make({ name, label, buckets })
    const { duration, success } = PromClient.bind(prom, label, operation)
    return {
      name: called,
      run: (count) => {
        for (let n = 0; n < count; n++) {
          success.inc()
          duration.observe(values[n & mask]!)
        }
      },
      check: kept(prom.recorded)
    }
  }
  const promUnbound = PromClient.make({ name, label, buckets })
  const promExemplars = PromClient.make({ name, label, buckets, exemplars: true })
  const prometheus = PrometheusClient.make({ name, label, buckets })
  const prometheusChildren = PrometheusClient.bind(prometheus, label, operation)
  const prometheusUnbound = PrometheusClient.make({ name, label, buckets })
  const metric = EffectMetric.make({ name, attributes: { operation }, buckets })
  const sdk = SdkMetrics.make({ name, buckets })
  return [
    ours("ours"),
    ours("ours, again"),
    ours("ours, with exemplar", exemplar),
    promBound("prom-client, bound"),
    promBound("prom-client, bound, again"),
    {
      name: "prom-client, unbound",
      run: (count) => {
        for (let n = 0; n < count; n++) {
          promUnbound.total.inc({ operation, status: "success" })
          promUnbound.duration.observe({ operation }, values[n & mask]!)
        }
      },
      check: kept(promUnbound.recorded)
    },
    {
      name: "prom-client, unbound, with exemplar",
      run: (count) => {
        for (let n = 0; n < count; n++) {
          promExemplars.total.inc({ labels: { operation, status: "success" } })
          promExemplars.duration.observe({ labels: { operation }, value: values[n & mask]!, exemplarLabels })
        }
      },
      check: kept(promExemplars.recorded)
    },
    {
      name: "@prometheus-io/client, bound",
      run: (count) => {
        for (let n = 0; n < count; n++) {
          prometheusChildren.success.inc()
          prometheusChildren.duration.observe(values[n & mask]!)
        }
      },
      check: kept(prometheus.recorded)
    },
    {
      name: "@prometheus-io/client, unbound",
      run: (count) => {
        for (let n = 0; n < count; n++) {
          prometheusUnbound.total.inc({ operation, status: "success" })
          prometheusUnbound.duration.observe({ operation }, values[n & mask]!)
        }
      },
      check: kept(prometheusUnbound.recorded)
    },
    {
      name: "sdk-metrics",
      run: (count) => {
        for (let n = 0; n < count; n++) {
          sdk.total.add(1, { operation, status: "success" })
          sdk.duration.record(values[n & mask]!, { operation })
        }
      },
      check: kept(sdk.recorded)
    },
    {
      name: "Effect's Metric",
      run: (count) => {
        for (let n = 0; n < count; n++) {
          metric.success.updateUnsafe(1, metric.context)
          metric.duration.updateUnsafe(values[n & mask]!, metric.context)
        }
      },
      check: kept(metric.recorded)
    }
  ]
}

export const question: Question.Question = {
  ask: async () => {
    const figures: Array<Figure> = []
    const tables: Array<Question.Answer["tables"][number]> = []
    const places = [
      ["counter and histogram on a combinator", 0.33, onCombinator],
      ["counter and histogram by themselves", 0.05, byThemselves]
    ] as const
    for (const [place, limit, candidates] of places) {
      const measured = await Interleaved.measure(candidates(), { rounds: 101 })
      const of = (name: string) => Interleaved.named(measured, name)
      const [own, peer] = [of("ours"), of("prom-client, bound")]
      figures.push({
        question: place,
        value: Interleaved.ratio(own, peer),
        unit: "×",
        limit,
        reach: "at most",
        against: "prom-client's bound children",
        void: own.void ?? peer.void,
        noise: Noise.ofRatios([own, of("ours, again")], [peer, of("prom-client, bound, again")])
      })
      tables.push({ title: place, rows: Question.candidates(measured, [peer], Interleaved.ratio) })
    }
    return {
      figures,
      tables,
      text:
        "On the combinator no tracer is installed; the peers' combinator is written by hand with `Effect.onExit` and " +
        "`performance.now`, and Effect's `Metric` is on the `Effect.track…` functions. By themselves, all record the " +
        `same ${values.length} durations, spread over twelve buckets.`
    }
  }
}
