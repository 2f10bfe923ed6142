import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { existsSync, readFileSync } from "node:fs"
import * as Path from "node:path"
import * as Incident from "../../bench/errors/Incident.ts"
import * as Chart from "../../bench/harness/Chart.ts"
import * as Figure from "../../bench/harness/Figure.ts"
import * as Interleaved from "../../bench/harness/Interleaved.ts"
import * as Questions from "../../bench/questions.ts"
import * as Document from "../../scripts/Document.ts"
import { root } from "../../scripts/Process.ts"

const figure = (median: number, changes: Partial<Figure.Figure> = {}): Figure.Figure => ({
  question: "one operation",
  value: { median, low: median, high: median },
  unit: "×",
  limit: 0.5,
  reach: "at most",
  against: "the peer",
  ...changes
})

describe("a figure", () => {
  it.each<readonly [Figure.Verdict, string, Figure.Figure]>([
    ["reached", "at its limit", figure(0.5)],
    ["missed", "above its limit", figure(0.51)],
    ["reached", "above a limit that is a least", figure(5, { reach: "at least", limit: 4 })],
    ["missed", "below a limit that is a least", figure(3.9, { reach: "at least", limit: 4 })],
    ["not resolved", "above its limit by less than the noise", figure(0.51, { noise: 0.05 })],
    ["not resolved", "below its limit by less than the noise", figure(0.49, { noise: 0.05 })],
    ["reached", "below its limit by more than the noise", figure(0.49, { noise: 0.01 })],
    [
      "not resolved",
      "above a limit that is a least by less than the noise",
      figure(4.1, { reach: "at least", limit: 4, noise: 0.05 })
    ],
    ["missed", "above its limit by more than the noise", figure(0.51, { noise: 0.01 })],
    ["not resolved", "above a limit in ns by less than the noise", figure(55, { unit: "ns", limit: 50, noise: 6 })],
    ["not resolved", "below a limit in ns by less than the noise", figure(45, { unit: "ns", limit: 50, noise: 6 })],
    ["reached", "below a limit in ns by more than the noise", figure(45, { unit: "ns", limit: 50, noise: 4 })],
    ["missed", "above a limit in ns by more than the noise", figure(55, { unit: "ns", limit: 50, noise: 4 })],
    ["void", "of a candidate that lost something", figure(0.1, { void: "1 of 2 spans arrived" })],
    ["void", "that is no number", figure(Number.NaN)]
  ])("is %s %s", (verdict, _, given) => {
    assert.strictEqual(Figure.verdict(given), verdict)
  })

  it("keeps its verdict through JSON, which has no NaN", () => {
    assert.strictEqual(Figure.verdict(JSON.parse(JSON.stringify(figure(Number.NaN)))), "void")
  })

  it("is in the table with its spread, its limit and what it is compared with", () => {
    const [headings, row] = Figure.table([
      figure(0.234, { value: { median: 0.234, low: 0.2, high: 1.2345 }, noise: 0.031 })
    ])
    assert.strictEqual(headings?.length, row?.length)
    assert.deepStrictEqual(row, ["one operation", "0.23× (0.20–1.23)", "≤ 0.5 ×", "the peer", "3.1 %", "reached"])
  })

  it("is left of 1 in the chart if it was reached, and right of it if it was missed", () =>
    FastCheck.assert(
      FastCheck.property(
        FastCheck.double({ min: 0.001, max: 1000, noNaN: true }),
        FastCheck.constantFrom("at most" as const, "at least" as const),
        (median, reach) => {
          const given = figure(median, { reach })
          assert.strictEqual(Chart.distance(median, given) <= 1, Figure.verdict(given) === "reached")
        }
      )
    ))

  it("with signs in its words breaks no chart", () => {
    const svg = Chart.svg([figure(0.3, { question: `a < b & "c"` })])
    assert.include(svg, "a &lt; b &amp; &quot;c&quot;")
    assert.notInclude(svg, "a < b")
  })
})

describe("candidates side by side", () => {
  it("each run the operations that they are asked for, and have as many samples as rounds", async () => {
    const done = { one: 0, other: 0 }
    const announced = { one: 0, other: 0 }
    const order: Array<string> = []
    const candidate = (name: keyof typeof done): Interleaved.Candidate => ({
      name,
      before: (count) => {
        order.push(name)
        announced[name] += count
      },
      run: (count) => {
        done[name] += count
      },
      check: (operations) => operations === done[name] ? undefined : "lost some"
    })
    const measured = await Interleaved.measure([candidate("one"), candidate("other")], {
      rounds: 8,
      sampleMillis: 0,
      unit: 4
    })
    assert.deepStrictEqual(measured.map(({ name, samples }) => [name, samples.length]), [["one", 8], ["other", 8]])
    assert.deepStrictEqual(measured.map((one) => one.void), [undefined, undefined])
    assert.deepStrictEqual(announced, done)
    // Both orders occur.
    assert.include(order.join(), "one,other,one,other")
    assert.include(order.join(), "other,one,one,other")
  })

  it("are void when they lost something", async () => {
    const [lossy] = await Interleaved.measure([{
      name: "lossy",
      run: () => Promise.resolve(),
      check: (operations) => `${operations - 1} of ${operations} arrived`
    }], { rounds: 1, sampleMillis: 0, unit: 1 })
    assert.match(lossy?.void ?? "", /arrived$/)
  })

  it("are compared round by round: what slows a round down slows both", () => {
    const measured = (name: string, samples: ReadonlyArray<number>): Interleaved.Measured => ({
      name,
      samples,
      count: 1,
      void: undefined
    })
    const [fast, slow] = [measured("fast", [10, 100, 20]), measured("slow", [20, 200, 40])]
    assert.deepStrictEqual(Interleaved.ratio(fast, slow), { median: 0.5, low: 0.5, high: 0.5 })
    assert.deepStrictEqual(Interleaved.added(slow, fast), { median: 20, low: 12, high: 84 })
    assert.strictEqual(Interleaved.named([fast, slow], "slow"), slow)
    assert.throws(() => Interleaved.named([fast], "slow"), "no candidate named slow")
  })
})

describe("an error of the bench", () => {
  const texts = (n: number): ReadonlySet<string> => {
    const found = new Set<string>([Incident.errorOf(n).message])
    const gather = (value: unknown): void => {
      if (typeof value === "string") found.add(value)
      else if (typeof value === "object" && value !== null) Object.values(value).forEach(gather)
    }
    gather(Incident.make(n))
    return found
  }

  it("is the same for everyone, and has texts that no other has", () => {
    assert.deepStrictEqual(Incident.make(7), Incident.make(7))
    const seen = new Map<string, number>()
    for (let n = 0; n < 64; n++) for (const text of texts(n)) seen.set(text, (seen.get(text) ?? 0) + 1)
    const fresh = [...seen.values()].filter((times) => times === 1).length
    const everywhere = [...seen.values()].filter((times) => times === 64).length
    // What real ones have in common is the same here: statements, names of tags, the message of a query.
    assert.isAbove(everywhere, 10)
    assert.isAbove(fresh / 64, 30)
  })
})

describe("the page of figures", () => {
  const page = readFileSync(Path.join(root, "docs/performance.md"), "utf8")

  it.each(["figures", ...Questions.names])("has one block for %s, which the bench writes", (name) => {
    assert.include(Document.replaced(page, name, "something"), "something")
  })

  it.each(Questions.names)("has a question %s that is there to be asked", (name) => {
    assert.isTrue(existsSync(Path.join(root, "bench/questions", `${name}.ts`)))
  })
})
