import { Catalogue } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"

const { Label } = Catalogue

const refusal = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    if (error instanceof Catalogue.CatalogueError || error instanceof RangeError) return error.message
    throw error
  }
  return "accepted"
}

describe("A metric's definition", () => {
  it("says what is wrong with it, and which metric it is", () => {
    const cases: ReadonlyArray<readonly [() => unknown, string]> = [
      [
        () => Catalogue.counter({ name: "Shop-orders", help: "h" }),
        "Shop-orders: the name of a counter ends in _total"
      ],
      [
        () => Catalogue.gauge({ name: "shopOrders", help: "h" }),
        "shopOrders: a metric's name is written in lower snake case"
      ],
      [() => Catalogue.gauge({ name: "a_total", help: "h" }), "a_total: only the name of a counter ends in _total"],
      [() => Catalogue.gauge({ name: "a", help: " " }), "a: the help text is empty"],
      [
        () => Catalogue.gauge({ name: "a_ms", help: "h", unit: "seconds" }),
        "a_ms: the name of a metric in seconds ends in _seconds"
      ],
      [
        () => Catalogue.gauge({ name: "a", help: "h", labels: { le: Label.bounded() } }),
        "a: label le is reserved by Prometheus"
      ],
      [
        () => Catalogue.gauge({ name: "a", help: "h", labels: { __b: Label.bounded() } }),
        "a: label __b is not in lower snake case"
      ],
      [() => Catalogue.gauge({ name: "a", help: "h", labels: { b: Label.oneOf() } }), "a: label b allows no value"],
      [
        () => Catalogue.gauge({ name: "a", help: "h", labels: { b: Label.oneOf("x", "x") } }),
        "a: label b lists a value twice"
      ],
      [
        () => Catalogue.histogram({ name: "a", help: "h", buckets: [1, 1], bucketsReason: "r" }),
        "a: buckets are finite and ascend, these are 1, 1"
      ],
      [
        () => Catalogue.histogram({ name: "a", help: "h", buckets: [1, Infinity], bucketsReason: "r" }),
        "a: buckets are finite and ascend, these are 1, Infinity"
      ],
      [
        () => Catalogue.histogram({ name: "a", help: "h", buckets: [], bucketsReason: "r" }),
        "a: a histogram needs at least one bucket"
      ],
      [
        () => Catalogue.histogram({ name: "a", help: "h", buckets: [1], bucketsReason: "" }),
        "a: the buckets have no reason"
      ],
      [() => Label.bounded(0), "Label.bounded: max was 0, allowed are whole numbers from 1"],
      [() => Label.bounded(1.5), "Label.bounded: max was 1.5, allowed are whole numbers from 1"]
    ]
    for (const [make, message] of cases) expect(refusal(make)).toBe(message)
  })

  it("does not take known label sets that can never be recorded", () => {
    const labels = { a: Label.oneOf("x", "y"), b: Label.bounded(1) }
    const known = (...known: ReadonlyArray<Record<string, string>>) =>
      refusal(() => Catalogue.counter({ name: "n_total", help: "h", labels, known: known as never }))
    expect(known({ a: "z", b: "1" })).toBe("n_total: known value \"z\" of a, allowed are x, y")
    expect(known({ a: "x" })).toBe("n_total: a known label set lacks b")
    expect(known({ a: "x", b: "1", c: "1" })).toBe("n_total: a known label set has c, which is no label")
    expect(known({ a: "x", b: "1" }, { a: "x", b: "1" })).toBe(
      "n_total: the known label set [\"x\",\"1\"] is listed twice"
    )
    expect(known({ a: "x", b: "1" }, { a: "x", b: "2" })).toBe("n_total: 2 known values of b, its bound is 1")
    expect(known({ a: "x", b: "1" }, { a: "y", b: "1" })).toBe("accepted")
  })

  it("makes and checks label sets of a function when they are first asked for, and once", () => {
    let made = 0
    const make = (value: "x" | "z") =>
      Catalogue.counter({
        name: "n_total",
        help: "h",
        labels: { a: Label.oneOf("x", "y") },
        known: () => {
          made++
          return [{ a: value as "x" }]
        }
      })
    const right = make("x")
    const wrong = make("z")
    expect(made).toBe(0)
    expect([right.known, right.known]).toEqual([[{ a: "x" }], [{ a: "x" }]])
    expect(made).toBe(1)
    expect(refusal(() => wrong.known)).toBe("n_total: known value \"z\" of a, allowed are x, y")
  })

  it("has labels that allow no more series than a metric may have", () => {
    const many = Label.oneOf(...Array.from({ length: 50 }, (_, index) => `v${index}`))
    expect(refusal(() => Catalogue.gauge({ name: "a", help: "h", labels: { b: many, c: many } }))).toBe(
      "a: its labels allow 2500 series, allowed are 2000: make one of them bounded"
    )
  })

  it("without labels is known from the start", () => {
    expect(Catalogue.counter({ name: "a_total", help: "h" }).known).toEqual([{}])
  })

  it("does not compile with a wrong or a missing label", () => {
    const counter = Catalogue.counter({
      name: "a_total",
      help: "h",
      labels: { status: Label.oneOf("ok", "bad"), route: Label.bounded() }
    })
    type Values = Catalogue.ValuesOf<typeof counter>
    const right: Values = { status: "ok", route: "/any" }
    // @ts-expect-error a value that is not listed
    const wrong: Values = { status: "fine", route: "/any" }
    // @ts-expect-error a label is missing
    const missing: Values = { status: "ok" }
    // @ts-expect-error a label is misspelt
    const misspelt: Values = { status: "ok", rout: "/any" }
    expect([right, wrong, missing, misspelt]).toHaveLength(4)
  })
})

describe("A catalogue", () => {
  const gauge = (name: string) => Catalogue.gauge({ name, help: "h" })
  const counter = (name: string) => Catalogue.counter({ name, help: "h" })
  const histogram = (name: string) => Catalogue.histogram({ name, help: "h", buckets: [1], bucketsReason: "r" })

  it("refuses two metrics that claim one name in either text format", () => {
    const make = (a: Catalogue.Definition, b: Catalogue.Definition) =>
      refusal(() => Catalogue.make({ prefix: "p", metrics: { a, b } }))
    expect(make(gauge("p_a"), gauge("p_a"))).toBe("p_a: the name p_a is claimed by p_a already")
    expect(make(histogram("p_a"), gauge("p_a_sum"))).toBe("p_a_sum: the name p_a_sum is claimed by p_a already")
    expect(make(histogram("p_a"), gauge("p_a"))).toBe("p_a: the name p_a is claimed by p_a already")
    // OpenMetrics names the family of p_a_total p_a.
    expect(make(counter("p_a_total"), gauge("p_a"))).toBe("p_a: the name p_a is claimed by p_a_total already")
    expect(make(counter("p_a_total"), gauge("p_b"))).toBe("accepted")
  })

  it("leaves the layer's own names to the layer", () => {
    expect(refusal(() => Catalogue.make({ prefix: "p", metrics: { a: gauge("p_observability_a") } }))).toBe(
      "p_observability_a: names that begin with p_observability_ are the layer's own"
    )
  })

  it("refuses a prefix that can't begin a name", () => {
    expect(refusal(() => Catalogue.make({ prefix: "Daws OS", metrics: {} }))).toBe(
      "Daws OS: a prefix is written in lower snake case"
    )
  })
})
