// What is left of many operations: `heap.ts CANDIDATE OPERATIONS` runs so many with a span, a counter and a histogram,
// exported and scraped, and tells by how many bytes the process has grown.
import { Catalogue, Observation } from "@dawsos/observability"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Heap from "../harness/Heap.ts"
import * as Loop from "../harness/Loop.ts"
import * as Processes from "../harness/Processes.ts"
import * as Peer from "../peers/EffectOpenTelemetry.ts"
import * as Ours from "../peers/Ours.ts"
import * as PromClient from "../peers/PromClient.ts"
import { arrived } from "../peers/ReadingExporter.ts"
import * as Recorded from "../peers/Recorded.ts"
import * as TimedByHand from "../peers/TimedByHand.ts"

interface Candidate {
  readonly run: (operations: number) => Promise<void>
  /** As Prometheus does it now and then. */
  readonly scrape: () => Promise<string>
  /** What is wrong after so many operations. */
  readonly check: (operations: number) => Promise<string | undefined>
}

const [, , name = "", given = "0"] = process.argv
const operations = Number(given)
const scrapes = 10

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
let state = 0
const bare = Effect.sync(() => {
  state++
})

const alone = (): Promise<Candidate> =>
  Promise.resolve({
    run: Loop.batches(bare, { context: Context.empty() }),
    scrape: () => Promise.resolve(""),
    check: (operations) => Promise.resolve(state === operations ? undefined : `${state} of ${operations} were run`)
  })

/** What is wrong with what one scrape shows and the spans that arrived. */
const checked = (
  scrape: () => Promise<string>,
  spans: (operations: number) => string | undefined
): Candidate["check"] =>
async (operations) => spans(operations) ?? await Recorded.kept(async () => Recorded.ofText(await scrape()))(operations)

const ours = async (): Promise<Candidate> => {
  const { Label } = Catalogue
  const total = Catalogue.counter({
    name: "bench_checkout_total",
    help: "Operations.",
    labels: { operation: Label.oneOf("checkout"), status: Label.oneOf(...Observation.statuses) }
  })
  const duration = Catalogue.histogram({
    name: "bench_checkout_seconds",
    help: "How long operations took.",
    labels: { operation: Label.oneOf("checkout") },
    buckets,
    bucketsReason: "twelve, as most histograms have"
  })
  const withCheckout = Observation.make<void>({
    prefix: "bench",
    span: () => ({ name: "checkout" }),
    instruments: [
      Observation.count(total, (_, status) => ({ operation: "checkout", status })),
      Observation.time(duration, () => ({ operation: "checkout" }))
    ]
  })
  // As for a receiver of OTLP, which answers at once: spans wait as the bytes that are sent.
  const ours = await Ours.make(Catalogue.make({ prefix: "bench", metrics: { total, duration } }), {}, {
    gate: Promise.resolve()
  })
  const scrape = () => Effect.runPromise(ours.metrics.render("prometheus"))
  return {
    run: Loop.batches(withCheckout(bare, undefined), ours),
    scrape,
    check: checked(scrape, arrived(ours.exporter))
  }
}

const peer = async (): Promise<Candidate> => {
  Peer.contextManager.before()
  const peer = await Peer.make()
  const metrics = PromClient.make({ name: "bench_checkout", label: "operation", buckets })
  const bound = PromClient.bind(metrics, "operation", "checkout")
  const record = TimedByHand.observed((status, seconds) => {
    bound[status].inc()
    bound.duration.observe(seconds)
  })
  const scrape = () => metrics.registry.metrics()
  return {
    run: Loop.batches(record(Effect.withSpan(bare, "checkout")), peer),
    scrape,
    check: checked(scrape, arrived(peer.exporter))
  }
}

const candidates: Readonly<Record<string, () => Promise<Candidate>>> = { alone, ours, peer }
const make = candidates[name]
if (make === undefined) throw new Error(`${name} is not one of ${Object.keys(candidates).join(", ")}`)
const { check, run, scrape } = await make()

let done = 0
let read = 0
/** Runs so many, and scrapes in between. */
const work = async (count: number): Promise<void> => {
  const each = Math.ceil(count / scrapes)
  for (let left = count; left > 0; left -= each) {
    await run(Math.min(each, left))
    done += Math.min(each, left)
    read += (await scrape()).length
  }
}

// Until what is compiled is compiled, and what is made once is made. What runs once for a batch of spans becomes hot long
// after the rest.
await work(Math.ceil(operations / 4))
const cold = await Heap.settled()
const codeBefore = Heap.code()
await work(operations)
const before = await Heap.settled()
const code = Heap.code() - codeBefore
await work(operations)
const after = await Heap.settled()
Processes.tell({
  numbers: {
    grown: (after - before) / 1e6,
    first: (before - cold) / 1e6,
    code: code / 1e6,
    before: before / 1e6,
    read
  },
  void: await check(done)
})
