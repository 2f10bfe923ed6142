// How many spans a second a program can make and export to a local OTLP server, so that none is lost: it makes them as
// fast as the pipeline takes them, and waits where a queue is full. The server runs in another process and counts.
import type { Figure } from "../harness/Figure.ts"
import * as FigureText from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Noise from "../harness/Noise.ts"
import type * as Question from "../harness/Question.ts"
import * as Exporting from "../peers/Exporting.ts"
import * as OtlpServer from "../peers/OtlpServer.ts"

// A program's bursts: then the event loop has its turn, and with it what was sent and answered.
const burst = 256
const patienceMs = 60_000

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

const candidate = (name: string, path: string, way: Exporting.Exporting, server: OtlpServer.OtlpServer) => {
  let made = 0
  let arrived: OtlpServer.Arrived | undefined
  return {
    name,
    ...way.contextManager,
    run: async (count: number): Promise<void> => {
      const end = performance.now() + patienceMs
      for (let done = 0; done < count; done += burst) {
        const spans = Math.min(burst, count - done)
        while (!way.hasRoom(spans)) {
          if (performance.now() > end) throw new Error(`${name} takes no more spans`)
          await turn()
        }
        way.make(spans)
        await turn()
      }
      made += count
      await way.flush()
      // Spans of one that has lost some are not waited for again.
      arrived = await (arrived === undefined || arrived.spans >= made - count
        ? server.waitFor(path, made)
        : server.arrived(path))
    },
    check: (operations: number): string | undefined =>
      arrived?.problem ??
        (arrived?.spans === operations ? undefined : `${arrived?.spans ?? 0} of ${operations} spans arrived`)
  }
}

/** What all candidates may choose from: OpenTelemetry's defaults, larger batches, and a short delay. */
const settings: ReadonlyArray<Exporting.Batching> = [
  { batch: 512, queue: 2_048, delayMillis: 5_000 },
  { batch: 512, queue: 2_048, delayMillis: 1 },
  { batch: 2_048, queue: 8_192, delayMillis: 5_000 },
  { batch: 8_192, queue: 32_768, delayMillis: 5_000 }
]

const describe = ({ batch, delayMillis, queue }: Exporting.Batching): string =>
  `${batch.toLocaleString("en-US")} of ${queue.toLocaleString("en-US")}, ${delayMillis.toLocaleString("en-US")} ms`

/** With the setting that is the best of the peer's. */
const largest = settings.slice(-1)

type Make = (url: string, batching: Exporting.Batching) => Promise<Exporting.Exporting>

/** Ways to export the spans of one kind of program; the first is this package's, and measured twice. */
interface Kind {
  readonly title: string
  readonly question: string
  readonly ours: string
  readonly peer: string
  readonly ways: Readonly<Record<string, Make>>
  /** Those that are only shown, with one setting. */
  readonly shown: Readonly<Record<string, Make>>
}

const kinds: ReadonlyArray<Kind> = [
  {
    title: "programs of Effect",
    question: "spans a second exported, programs of Effect",
    ours: "ours",
    peer: "@effect/opentelemetry, BatchSpanProcessor",
    ways: {
      ours: (url, batching) => Exporting.ours(url, "combinator", batching),
      "ours, Effect.withSpan": (url, batching) => Exporting.ours(url, "withSpan", batching),
      "@effect/opentelemetry, BatchSpanProcessor": (url, batching) =>
        Exporting.batchSpanProcessor(url, "withSpan", batching),
      "Effect's OtlpTracer": Exporting.otlpTracer
    },
    shown: {
      "@effect/opentelemetry without AsyncLocalStorage": (url, batching) =>
        Exporting.withoutContextManager(url, "withSpan", batching)
    }
  },
  {
    title: "OpenTelemetry's API",
    question: "spans a second exported, OpenTelemetry's API",
    ours: "ours",
    peer: "SDK, BatchSpanProcessor",
    ways: {
      ours: (url, batching) => Exporting.ours(url, "api", batching),
      "SDK, BatchSpanProcessor": (url, batching) => Exporting.batchSpanProcessor(url, "api", batching)
    },
    shown: {}
  }
]

const perSecond = ({ samples }: Interleaved.Measured): Interleaved.Spread =>
  Interleaved.spreadOf(samples.map((nanos) => 1e9 / nanos))

/** Of all settings of a way that lost nothing the quickest, else any, which is void. */
const best = (measured: ReadonlyArray<Interleaved.Measured>, way: string): Interleaved.Measured => {
  const own = measured.filter(({ name }) => name.startsWith(`${way}: `))
  const [first, ...rest] = own.some((one) => one.void === undefined)
    ? own.filter((one) => one.void === undefined)
    : own
  if (first === undefined) throw new Error(`nothing was measured of ${way}`)
  return rest.reduce((one, other) => perSecond(other).median > perSecond(one).median ? other : one, first)
}

const ask = async (kind: Kind, index: number, server: OtlpServer.OtlpServer) => {
  const each = (ways: Readonly<Record<string, Make>>, settings: ReadonlyArray<Exporting.Batching>) =>
    Object.entries(ways).flatMap(([way, make]) =>
      settings.map((setting) => ({ name: `${way}: ${describe(setting)}`, make, setting }))
    )
  const ways = [...each(kind.ways, settings), ...each(kind.shown, largest)]
  // The same twice, with the defaults: what it differs by is noise.
  const [first] = ways
  if (first !== undefined) ways.push({ ...first, name: "again" })
  const made: Array<{ readonly name: string; readonly path: string; readonly way: Exporting.Exporting }> = []
  for (const [number, { make, name, setting }] of ways.entries()) {
    const path = `${index}-${number}`
    made.push({ name, path, way: await make(server.url(path), setting) })
  }
  const measured = await Interleaved.measure(
    made.map(({ name, path, way }) => candidate(name, path, way, server)),
    { rounds: 15, sampleMillis: 150, unit: 2 * burst }
  )
  for (const { way } of made) await way.close()
  const [ours, peer] = [best(measured, kind.ours), best(measured, kind.peer)]
  const again = Interleaved.named(measured, "again")
  const once = Interleaved.named(measured, first?.name ?? "")
  const figure: Figure = {
    question: kind.question,
    value: Interleaved.ratio(peer, ours),
    unit: "×",
    limit: 4,
    reach: "at least",
    against: `the best of several settings, ${peer.name}`,
    void: ours.void ?? peer.void,
    noise: Noise.ofRatios([once, again])
  }
  const rows = [
    ["candidate: spans of a request and of the queue, delay", "spans a second", `over ${peer.name}`],
    ...measured.filter((one) => one !== again).map((one) => [
      one.void === undefined ? one.name : `${one.name} (void: ${one.void})`,
      FigureText.spread(perSecond(one)),
      FigureText.spread(Interleaved.ratio(peer, one), "×")
    ])
  ]
  return { figure, table: { title: kind.title, rows } }
}

export const question: Question.Question = {
  ask: async () => {
    const server = await OtlpServer.start()
    const answers: Array<Awaited<ReturnType<typeof ask>>> = []
    for (const [index, kind] of kinds.entries()) answers.push(await ask(kind, index, server))
    server.close()
    return {
      figures: answers.map(({ figure }) => figure),
      tables: answers.map(({ table }) => table),
      text:
        "A second of making spans with three attributes and of exporting them, until the last one has arrived. All " +
        "have OpenTelemetry's AsyncLocalStorage context manager or this package's own, unless a name says otherwise. Effect's " +
        "OtlpTracer has no queue: it was given no more spans than that many in open requests. By OpenTelemetry's API the " +
        "spans of both are made by OpenTelemetry's SDK itself: only what comes after the end of a span differs."
    }
  }
}
