import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { Figures, parse as parsePage } from "../../examples/dawsos/view/Figures.ts"
import * as Random from "../../scripts/Random.ts"
import * as Chart from "../../scripts/soak/Chart.ts"
import * as Judge from "../../scripts/soak/Judge.ts"
import * as Options from "../../scripts/soak/Options.ts"
import * as Page from "../../scripts/soak/Page.ts"
import * as Rows from "../../scripts/soak/Rows.ts"
import * as SampleOf from "../../scripts/soak/Sample.ts"
import type { Sample } from "../../scripts/soak/Sample.ts"
import * as Schedule from "../../scripts/soak/Schedule.ts"
import * as Table from "../../scripts/Table.ts"
import { median, quantile, thinned, trend } from "../../scripts/Trend.ts"

const mebibyte = 1024 * 1024

interface Changes {
  readonly vitals?: Partial<Sample["vitals"]>
  readonly sink?: Partial<SampleOf.Sink>
  readonly books?: Partial<SampleOf.Spans>
  readonly events?: Partial<Sample["events"]>
  readonly faults?: number
}

/** A program in good order: 100 spans a second, of which 30 wait. */
const sampleAt = (at: number, changes: Changes = {}): Sample => {
  const ended = at * 100
  const sink = {
    name: "otlp",
    notSelected: 0,
    exported: ended - 30,
    dropped: 0,
    timeout: 0,
    resent: 0,
    queued: 20,
    inFlight: 10,
    bytes: 8_000,
    circuit: 0,
    ...changes.sink
  }
  return {
    at,
    vitals: {
      heap: 50 * mebibyte,
      external: 0,
      rss: 500 * mebibyte,
      handles: 30,
      descriptors: 40,
      cpu: at,
      lag: { p50: 0, p99: 5, max: 20 },
      ...changes.vitals
    },
    spans: { started: ended + 5, open: 5, unsampled: 0, ended, sinks: [sink], ...changes.books },
    events: { captured: 7, sent: 4, dropped: 2, timeout: 1, queued: 1, ...changes.events },
    faults: changes.faults ?? 0,
    requests: at * 20
  }
}

const seconds = 200

const struck: Judge.Struck = {
  period: { target: "collector", fault: "hang", from: 50, to: 60 },
  asked: 3,
  felt: 3
}

/** The end of a run: what was received beside the books, all of it once. */
const settledWith = (
  { books = {}, events = 4, otlp = seconds * 100 - 30 }: {
    readonly books?: Changes
    readonly otlp?: number
    readonly events?: number
  } = {}
): Judge.Run["settled"] => ({ books: sampleAt(seconds, books), received: { spans: { otlp }, events } })

const ended: Judge.Run["shutdown"] = { took: 4_600, whole: 9_600, code: 130, problem: undefined }

const runOf = (changesAt: (at: number) => Changes = () => ({}), changes: Partial<Judge.Run> = {}): Judge.Run => ({
  expectedSamples: seconds,
  samples: Array.from({ length: seconds }, (_, n) => sampleAt(n + 1, changesAt(n + 1))),
  badPages: [],
  struck: [struck],
  settled: settledWith(),
  calmUntil: 40,
  calmFrom: 160,
  shutdown: ended,
  ...changes
})

const failing = (run: Judge.Run): ReadonlyArray<string> =>
  Judge.judge(run).flatMap(({ criterion, holds }) => holds ? [] : [criterion])

/** What a fault in the middle of the run does to one sample. */
const once = (changes: Changes) => (at: number): Changes => at === 77 ? changes : {}

describe("the judge of a long run", () => {
  it("lets a run pass that is in good order, with every criterion told in numbers", () => {
    const verdicts = Judge.judge(runOf())
    assert.deepStrictEqual(failing(runOf()), [])
    for (const { criterion, text } of verdicts) assert.match(text, /\d/, criterion)
  })

  it("fails on one sample in which the books are off, and says which equation", () => {
    for (const changes of [{ books: { open: 6 } }, { sink: { queued: 21 } }, { events: { sent: 5 } }]) {
      const verdict = Judge.judge(runOf(once(changes))).find(({ criterion }) => criterion === "accounting")
      assert.strictEqual(verdict?.holds, false)
      assert.match(verdict?.text ?? "", /^1 imbalances; the first after 77 s: .* ≠ /)
    }
  })

  it.each<readonly [string, Changes, Changes]>([
    ["queued spans", { sink: { queued: 2048, exported: 77 * 100 - 2058 } }, {
      sink: { queued: 2049, exported: 77 * 100 - 2059 }
    }],
    ["queued bytes", { sink: { bytes: 8 * mebibyte } }, { sink: { bytes: 8 * mebibyte + 1 } }],
    ["queued events", { events: { captured: 106, queued: 100 } }, { events: { captured: 107, queued: 101 } }],
    ["faults of the layer", {}, { faults: 1 }],
    ["heap", { vitals: { heap: 82 * mebibyte } }, { vitals: { heap: 82 * mebibyte + 1 } }],
    ["handles", { vitals: { handles: 500 } }, { vitals: { handles: 501 } }],
    ["descriptors", { vitals: { descriptors: 500 } }, { vitals: { descriptors: 501 } }]
  ])("holds the bound of %s at every sample, and no tighter one", (criterion, within, beyond) => {
    // What is so in one sample alone makes counters fall beside it; that is a criterion of its own.
    const broken = (changes: Changes) => failing(runOf(once(changes))).filter((each) => each !== "counters")
    assert.deepStrictEqual(broken(within), [])
    assert.deepStrictEqual(broken(beyond), [criterion])
  })

  it.each<readonly [string, (grown: number) => Changes, number]>([
    ["trend of heap", (grown) => ({ vitals: { heap: (50 + grown) * mebibyte } }), 12],
    ["trend of resident set", (grown) => ({ vitals: { rss: (500 + grown) * mebibyte } }), 64],
    ["trend of descriptors", (grown) => ({ vitals: { descriptors: 40 + grown } }), 80],
    ["trend of handles", (grown) => ({ vitals: { handles: 30 + grown } }), 80],
    ["trend of event-loop lag (median)", (grown) => ({ vitals: { lag: { p50: grown, p99: 500, max: 600 } } }), 100]
  ])("fails on a %s that goes on, by more than is tolerated in the second half", (criterion, changes, tolerance) => {
    const growing = (by: number) => runOf((at) => changes(at / seconds * 2 * by))
    assert.deepStrictEqual(failing(growing(tolerance * 1.1)), [criterion])
    assert.deepStrictEqual(failing(growing(tolerance * 0.9)), [])
  })

  it("tolerates less of a heap once the program has warmed up", () => {
    const run = (by: number) => {
      const { samples, ...others } = runOf((at) => ({ vitals: { heap: (50 + at / seconds * 2 * by) * mebibyte } }))
      return { ...others, samples: samples.map((sample) => ({ ...sample, at: sample.at + 100 })), calmUntil: 140 }
    }
    assert.deepStrictEqual(failing(run(4.4)), ["trend of heap"])
    assert.deepStrictEqual(failing(run(3.6)), [])
  })

  it("fails on a queue that fills through the second half", () => {
    const filling = runOf((at) => ({ sink: { queued: at * 9, exported: at * 91 - 10 } }))
    assert.deepStrictEqual(failing(filling), [])
    const faster = runOf((at) => ({ sink: { queued: at * 11, exported: at * 89 - 10 } }))
    assert.include(failing(faster), "trend of queued spans")
    // In a shorter half a single request that hangs fills the queue, which has its bound.
    assert.notInclude(failing({ ...faster, samples: faster.samples.slice(0, 190) }), "trend of queued spans")
  })

  it("is not moved by single peaks, nor by a level that changed before the second half", () => {
    const peaks = runOf((at) => ({ vitals: { heap: (at % 25 === 0 ? 80 : 50) * mebibyte } }))
    assert.deepStrictEqual(failing(peaks), [])
    const step = runOf((at) => ({ vitals: { heap: (at < 90 ? 50 : 75) * mebibyte } }))
    assert.deepStrictEqual(failing(step), [])
  })

  it("fails when samples are missing, when there are none, and on one page without the books", () => {
    const gaps = runOf()
    assert.deepStrictEqual(failing({ ...gaps, samples: gaps.samples.filter(({ at }) => at % 3 > 0) }), ["samples"])
    assert.includeMembers([...failing({ ...gaps, samples: [] })], ["samples", "recovery"])
    assert.deepStrictEqual(failing(runOf(undefined, { badPages: ["no spans"] })), ["pages"])
  })

  it.each<readonly [string, Changes, Changes]>([
    ["spans started", { books: { started: 8_000, open: 300 } }, { books: { started: 7_600, open: -100 } }],
    ["spans exported", { sink: { dropped: 40, exported: 7_630 } }, { sink: { dropped: 200, exported: 7_470 } }],
    ["events captured", { events: { captured: 8, queued: 2 } }, { events: { captured: 6, queued: 0 } }]
  ])("fails when the counter of %s falls, though the books balance", (_, higher, lower) => {
    for (const changes of [higher, lower]) {
      const run = runOf(once(changes))
      assert.deepStrictEqual(run.samples.flatMap(Judge.imbalances), [])
      assert.deepStrictEqual(failing(run), ["counters"])
    }
  })

  describe("beside what was received", () => {
    const exported = seconds * 100 - 30
    const lost: Changes = { sink: { exported: exported - 50, dropped: 50, timeout: 30, resent: 7 } }
    const at = (settled: Judge.Run["settled"]) => failing(runOf(undefined, { settled }))

    it("lets pass what arrived though its answer was lost, or twice, and no more", () => {
      for (const otlp of [exported - 50, exported - 50 + 37]) {
        assert.notInclude(at(settledWith({ books: lost, otlp })), "received")
      }
      for (const otlp of [exported - 51, exported - 50 + 38]) {
        assert.include(at(settledWith({ books: lost, otlp })), "received")
      }
    })

    it("asks the same of error events", () => {
      for (const events of [4, 5]) assert.deepStrictEqual(at(settledWith({ events })), [])
      for (const events of [3, 6]) assert.deepStrictEqual(at(settledWith({ events })), ["received"])
    })

    it("fails where nobody counted a sink's spans, where there are no books at the end, and where those are off", () => {
      const settled = settledWith()
      assert.deepStrictEqual(at({ books: settled!.books, received: { spans: {}, events: 4 } }), ["received"])
      assert.deepStrictEqual(at(undefined), ["received"])
      assert.deepStrictEqual(at(settledWith({ books: { sink: { queued: 21 } } })), ["accounting"])
    })
  })

  it("fails on a fault that was asked and not felt, or not always, and passes where nobody asked", () => {
    const felt = (asked: number, felt: number) =>
      failing(runOf(undefined, { struck: [struck, { ...struck, asked, felt }] }))
    assert.deepStrictEqual([felt(0, 0), felt(1, 1), felt(1, 2)], [[], [], []])
    assert.deepStrictEqual([felt(1, 0), felt(3, 2)], [["faults felt"], ["faults felt"]])
    assert.deepStrictEqual(failing(runOf(undefined, { struck: [] })), ["faults felt"])
  })

  describe("after the last fault", () => {
    /** A run of a minute, as in continuous integration, and as long as it may then go on. */
    const short = (until: number, changes: (at: number) => Changes): Judge.Run => {
      const { samples, ...others } = runOf(changes, { calmUntil: 12, calmFrom: 42, expectedSamples: until })
      return { ...others, samples: samples.slice(0, until) }
    }
    const stopped = (second: number, circuit = 0) => (at: number): Changes =>
      at <= second
        ? {}
        : { sink: { exported: second * 100 - 30, queued: 20, inFlight: (at - second) * 100 + 10, circuit } }

    it("fails a run of a minute whose sink stopped for good, whatever its circuit says", () => {
      for (const second of [12, 30, 42]) {
        for (const circuit of [0, 1, 2]) {
          for (const until of [60, 120, 190]) {
            assert.include(failing(short(until, stopped(second, circuit))), "recovery", `${second} ${circuit} ${until}`)
          }
        }
      }
    })

    it("gives a closed circuit a minute, and one that was open the time that it may be open for", () => {
      const states = (run: Judge.Run) => Judge.recoveries(run).map(({ state }) => state)
      assert.deepStrictEqual(states(short(60, stopped(30))), ["waiting"])
      assert.deepStrictEqual(states(short(102, stopped(30))), ["waiting"])
      assert.deepStrictEqual(states(short(103, stopped(30))), ["late"])
      const open = 42 + Judge.recoveryOfCircuitWithin({ calmUntil: 12, calmFrom: 42 })
      assert.deepStrictEqual(states(short(Math.floor(open), stopped(30, 1))), ["waiting"])
      assert.deepStrictEqual(states(short(Math.floor(open) + 1, stopped(30, 1))), ["late"])
      // Never for more than half a minute and a tenth.
      assert.strictEqual(Judge.recoveryOfCircuitWithin({ calmUntil: 120, calmFrom: 7_000 }), 60 + 33)
    })

    it("takes a sink for recovered once it took spans with its circuit closed", () => {
      const opened = (circuit: number) => (at: number): Changes =>
        at > 30 && at < 50 ? stopped(30, 1)(at) : { sink: { circuit: at < 50 ? 0 : circuit } }
      assert.notInclude(failing(short(60, opened(0))), "recovery")
      assert.include(failing(short(60, opened(2))), "recovery")
    })

    it("fails a sink that came back and stopped again", () => {
      assert.notInclude(failing(short(110, stopped(51))), "recovery")
      assert.include(failing(short(112, stopped(51))), "recovery")
    })
  })

  it("judges a program that observes nothing by its vitals alone", () => {
    const bare = (grown: number): Judge.Run => {
      const { samples, ...others } = runOf((at) => ({ vitals: { rss: (500 + at / seconds * grown) * mebibyte } }))
      return { ...others, settled: undefined, samples: samples.map((sample) => ({ ...sample, ...SampleOf.none })) }
    }
    const failed = (run: Judge.Run) =>
      Judge.judgeVitals(run).filter(({ holds }) => !holds).map((each) => each.criterion)
    assert.deepStrictEqual([failed(bare(100)), failed(bare(140))], [[], ["trend of resident set"]])
    assert.includeMembers([...failing(bare(0))], ["received", "recovery"])
  })

  it("fails on a shutdown of more than 5 seconds and a half, one that is none, and any other exit code", () => {
    const shutdown = (changes: Partial<Judge.Run["shutdown"]>) =>
      failing(runOf(undefined, { shutdown: { ...ended, ...changes } }))
    assert.deepStrictEqual(shutdown({ took: 5_500 }), [])
    assert.deepStrictEqual(shutdown({ took: 5_501 }), ["shutdown"])
    assert.deepStrictEqual(shutdown({ problem: "it ended by itself" }), ["shutdown"])
    for (const code of [0, 1, 139, "SIGSEGV", "SIGTERM"]) assert.deepStrictEqual(shutdown({ code }), ["shutdown"])
  })
})

describe("a trend", () => {
  const finite = FastCheck.double({ min: -1e6, max: 1e6, noNaN: true })

  it("of a line is its slope, whatever a quarter of the points are", () =>
    FastCheck.assert(FastCheck.property(
      FastCheck.integer({ min: -1000, max: 1000 }),
      FastCheck.integer({ min: -1000, max: 1000 }),
      FastCheck.integer({ min: 12, max: 60 }),
      FastCheck.array(finite, { minLength: 60, maxLength: 60 }),
      (slope, offset, count, wild) => {
        const points = Array.from({ length: count }, (_, x) => ({
          x,
          y: x % 5 === 2 ? wild[x] ?? 0 : offset + slope * x
        }))
        assert.closeTo(trend(points).slope, slope, 1e-9)
      }
    )))

  it("grows with the values, does not see an offset, and knows no order", () =>
    FastCheck.assert(FastCheck.property(
      FastCheck.array(FastCheck.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 }),
      FastCheck.integer({ min: -1000, max: 1000 }),
      (values, offset) => {
        const points = values.map((y, x) => ({ x, y }))
        const { agreement, slope } = trend(points)
        const moved = trend(points.map(({ x, y }) => ({ x, y: y + offset })).toReversed())
        assert.closeTo(moved.slope, slope, 1e-9)
        assert.closeTo(moved.agreement, agreement, 1e-9)
        assert.closeTo(trend(points.map(({ x, y }) => ({ x, y: -y }))).slope, -slope, 1e-9)
        assert.isAtMost(Math.abs(agreement), 1)
      }
    )))

  it("of nothing is none, and of many points that of their blocks", () => {
    assert.deepStrictEqual(trend([]), { slope: 0, agreement: 0 })
    assert.deepStrictEqual(trend([{ x: 1, y: 1 }, { x: 1, y: 9 }]), { slope: 0, agreement: 0 })
    const many = Array.from({ length: 5_000 }, (_, x) => ({ x, y: 3 * x }))
    assert.isAtMost(thinned(many).length, 1200)
    assert.closeTo(trend(many).slope, 3, 1e-9)
  })

  it("stands on quantiles that lie between the least and the greatest value", () => {
    assert.strictEqual(median([3, 1, 2]), 2)
    assert.strictEqual(median([4, 1, 2, 3]), 2.5)
    assert.strictEqual(median([]), 0)
    FastCheck.assert(FastCheck.property(
      FastCheck.array(finite, { minLength: 1 }),
      FastCheck.double({ min: 0, max: 1, noNaN: true }),
      (values, q) => {
        const found = quantile(values, q)
        assert.isTrue(found >= Math.min(...values) - 1e-9 && found <= Math.max(...values) + 1e-9)
      }
    ))
  })
})

describe("the schedule of faults", () => {
  const seeds = FastCheck.integer({ min: 0, max: 999_999 })
  const lengths = FastCheck.integer({ min: 20, max: 7200 })

  it("is the same for the same seed, and another for another", () => {
    assert.deepStrictEqual(Schedule.make(600, 7), Schedule.make(600, 7))
    assert.notDeepEqual(Schedule.make(600, 7), Schedule.make(600, 8))
  })

  it("leaves calm at both ends, and strikes a target with one fault at a time, each of them in turn", () =>
    FastCheck.assert(FastCheck.property(lengths, seeds, (length, seed) => {
      const { calmFrom, calmUntil, periods } = Schedule.make(length, seed)
      assert.isTrue(calmUntil >= length / 10 || calmUntil === 120)
      for (const [target, faults] of Object.entries(Schedule.targets)) {
        const turns = periods.filter((period) => period.target === target)
        assert.isNotEmpty(turns)
        for (const [index, turn] of turns.entries()) {
          assert.isTrue(calmUntil <= turn.from && turn.from < turn.to && turn.to <= calmFrom)
          assert.isTrue(index === 0 || turns[index - 1]!.to < turn.from)
        }
        const firsts = turns.slice(0, faults.length).map(({ fault }) => fault)
        assert.strictEqual(new Set(firsts).size, firsts.length)
      }
    })))

  it("shuffles without losing a value, by numbers from 0 to below 1", () =>
    FastCheck.assert(FastCheck.property(FastCheck.array(FastCheck.integer()), seeds, (values, seed) => {
      const random = Random.seeded(seed)
      assert.sameMembers([...Random.shuffled(values, random)], values)
      const next = random()
      assert.isTrue(next >= 0 && next < 1)
    })))
})

describe("a sample", () => {
  it("has the books of a page of metrics", () => {
    const page = [
      "dawsos_observability_spans_started_total 110",
      "dawsos_observability_spans_open 6",
      "dawsos_observability_spans_unsampled_total 4",
      "dawsos_observability_spans_ended_total 100",
      "dawsos_observability_spans_exported_total{sink=\"otlp\"} 60",
      "dawsos_observability_spans_resent_total{sink=\"otlp\"} 8",
      "dawsos_observability_spans_circuit_state{sink=\"otlp\"} 2",
      ...[
        "exported_total",
        "dropped_total",
        "not_selected_total",
        "queued",
        "in_flight",
        "queued_bytes",
        "resent_total",
        "circuit_state"
      ].map((figure) =>
        `dawsos_observability_spans_${figure}{sink="sentry",reason="timeout"} ${
          figure === "not_selected_total" ? 100 : 0
        }`
      ),
      "dawsos_observability_spans_dropped_total{sink=\"otlp\",reason=\"timeout\"} 20",
      "dawsos_observability_spans_dropped_total{sink=\"otlp\",reason=\"queue_full\"} 3",
      "dawsos_observability_spans_not_selected_total{sink=\"otlp\"} 2",
      "dawsos_observability_spans_queued{sink=\"otlp\"} 10",
      "dawsos_observability_spans_in_flight{sink=\"otlp\"} 5",
      "dawsos_observability_spans_queued_bytes{sink=\"otlp\"} 4096",
      "dawsos_observability_events_captured_total 9",
      "dawsos_observability_events_sent_total 5",
      "dawsos_observability_events_dropped_total{reason=\"timeout\"} 3",
      "dawsos_observability_events_queued 1",
      "dawsos_observability_faults_total{hook=\"sink\"} 2",
      "dawsos_api_requests_total{endpoint=\"/a\",status_code=\"200\"} 12"
    ]
    const readOf = (lines: ReadonlyArray<string>) => SampleOf.read(new Figures(parsePage(lines.join("\n"))))
    const read = readOf(page)
    const sample: Sample = { at: 1, vitals: sampleAt(1).vitals, ...read }
    assert.deepStrictEqual(Judge.imbalances(sample), [])
    assert.deepStrictEqual([read.spans.sinks[0]?.dropped, read.spans.sinks[0]?.bytes], [23, 4096])
    assert.deepStrictEqual([read.faults, read.requests], [2, 12])
    const { circuit, resent, timeout } = read.spans.sinks[0] ?? {}
    assert.deepStrictEqual([circuit, resent, timeout, read.events.timeout], [2, 8, 20, 3])
    // An empty page balances, and a page without a sink or a figure does: none of them counts as one.
    for (const missing of ["", "started", "sink=\"otlp\"", "sink=\"sentry\"", "events_sent", "circuit"]) {
      assert.throws(() => readOf(page.filter((line) => !line.includes(missing))), SampleOf.NoBooks)
    }
  })
})

describe("what is shown of a run", () => {
  const { samples } = runOf()

  it("is a table of stretches whose counts add up to the whole", () => {
    const [headings = [], ...others] = Rows.rows(samples, 12)
    assert.isAtMost(others.length, 12)
    const column = headings.indexOf("spans ended")
    assert.strictEqual(others.reduce((sum, row) => sum + Number(row[column]), 0), seconds * 100)
    const lines = Table.text([headings, ...others]).split("\n")
    assert.strictEqual(new Set(lines.map((line) => line.length)).size, 1)
    assert.match(Table.markdown([headings, ...others]), /^\| seconds \| [^\n]*\n\| ---: \|/)
    assert.strictEqual(
      Table.markdown([["a", "b"], ["x", "–"], ["1", "2"]]),
      "| a | b |\n| --- | ---: |\n| x | – |\n| 1 | 2 |"
    )
  })

  it("is a part of a document, with date, machine, seed, and every criterion", () => {
    const verdicts = Judge.judge(runOf(once({ faults: 1 })))
    const text = Page.markdown({
      date: "2026-11-23T03:15:16.673Z",
      machine: "2 cores, commit 1234567",
      options: { durationMs: 1_800_000, seed: 7 },
      struck: [struck],
      verdicts,
      samples
    })
    assert.match(
      text,
      /^2026-11-23 03:15 UTC, 2 cores, commit 1234567, `--duration 30m --seed 7`: 200 samples, 1 faults, 20\.0 requests and 100\.0 spans a second\./
    )
    for (const { criterion } of verdicts) assert.include(text, `| ${criterion} | `)
    assert.include(text, "| faults of the layer | **no** |")
    assert.include(text, "| collector | hang | 1 | 10 | 3 |")
    assert.include(text, "](soak.svg)")
  })

  it("is a chart with a line for each figure and a bar for each fault, also of one sample or none", () => {
    const { periods } = Schedule.make(seconds, 1)
    const chart = Chart.svg(samples, periods)
    assert.strictEqual(chart.match(/<rect class="fault"/g)?.length, periods.length)
    assert.isAtLeast(chart.match(/<polyline/g)?.length ?? 0, 9)
    for (const drawn of [chart, Chart.svg(samples.slice(0, 1), []), Chart.svg([], [])]) {
      assert.notMatch(drawn, /NaN|undefined|Infinity/)
      assert.strictEqual(drawn.match(/<text/g)?.length, drawn.match(/<\/text>/g)?.length)
      assert.include(drawn, "prefers-color-scheme: dark")
    }
  })
})

describe("the command line of the long run", () => {
  it("has defaults, takes a duration as the reference program does, and says what is wrong", () => {
    const nothing = {
      chart: undefined,
      json: undefined,
      leak: undefined,
      stuck: false,
      observability: true,
      update: false,
      help: false
    }
    assert.deepEqual(Options.parse([], () => 5) as object, { durationMs: 600_000, seed: 5, ...nothing })
    assert.deepEqual(Options.parse(["--duration", "1.5m", "--seed", "7", "--leak", "heap"]) as object, {
      ...nothing,
      durationMs: 90_000,
      seed: 7,
      leak: "heap"
    })
    for (
      const [args, part] of [
        [["--duration", "10"], "--duration 10 is not a number with ms, s, m or h"],
        [["--duration", "5s"], "too short"],
        [["--seed", "x"], "--seed x is not a whole number"],
        [["--leak", "rain"], "--leak rain is not one of heap, handles"],
        [["--observability", "of"], "--observability of is not on or off"],
        [["--observability", "off", "--update"], "--update keeps runs with observability alone"],
        [["--speed"], "--speed"]
      ] as const
    ) {
      assert.include(Options.parse(args), part)
    }
  })
})
