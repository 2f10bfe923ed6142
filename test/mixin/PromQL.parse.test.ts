// What the builder's renderer writes is read back by Prometheus's own grammar, as the same expression.
import { parser } from "@prometheus-io/lezer-promql"
import * as FastCheck from "fast-check"
import { describe, expect, it } from "vitest"
import type * as Node from "../../src/mixin/promql/Node.ts"
import * as Parse from "../../src/mixin/promql/Parse.ts"
import * as Render from "../../src/mixin/promql/Render.ts"
import type * as Syntax from "../../src/mixin/promql/Syntax.ts"
import * as Variables from "../../src/mixin/promql/Variables.ts"

/** Any character but a half of one, ASCII half of the time. */
const character = FastCheck.oneof(
  FastCheck.integer({ min: 0, max: 0x7f }),
  FastCheck.integer({ min: 0x80, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff)
).map((code) => String.fromCodePoint(code))

const name = FastCheck.constantFrom("up", "shop_orders_total", "job:shop_errors:ratio_rate5m", "sum_of", "on_time")
const label = FastCheck.constantFrom("job", "le", "channel", "by_whom")
const milliseconds = FastCheck.integer({ min: 1, max: 100 * 365 * 86_400_000 })

const matcher: FastCheck.Arbitrary<Node.Matcher> = FastCheck.record({
  label,
  operator: FastCheck.constantFrom("=", "!=", "=~", "!~"),
  value: FastCheck.string({ unit: character, maxLength: 8 }).filter((text) => !/[$[]/.test(text))
})

const selector: FastCheck.Arbitrary<Node.Selector> = FastCheck.record({
  _tag: FastCheck.constant("Selector" as const),
  name,
  matchers: FastCheck.array(matcher, { maxLength: 3 }),
  offset: FastCheck.option(milliseconds, { nil: undefined })
})

const number = FastCheck.oneof(
  FastCheck.integer(),
  FastCheck.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
)

const range = FastCheck.oneof(milliseconds, FastCheck.constantFrom("$__rate_interval" as const, "$__range" as const))

const operators = ["+", "-", "*", "/", ">", ">=", "<", "<=", "==", "!=", "and", "or", "unless"] as const
const arithmetic = operators.slice(0, 4)

/** Expressions that Prometheus takes: numbers only beside arithmetic or right of a comparison. */
const { vector } = FastCheck.letrec<{ vector: Node.Node; binary: Node.Node }>((tie) => ({
  vector: FastCheck.oneof(
    { depthSize: "medium", withCrossShrink: true },
    selector,
    FastCheck.record({
      _tag: FastCheck.constant("Call" as const),
      function: FastCheck.constantFrom("rate", "increase"),
      arguments: FastCheck.tuple(FastCheck.tuple(selector, range).map(([one, range]) => ({ ...one, range })))
    }),
    FastCheck.record({
      _tag: FastCheck.constant("Call" as const),
      function: FastCheck.constant("max_over_time"),
      arguments: FastCheck.tuple(
        FastCheck.record({ _tag: FastCheck.constant("Subquery" as const), argument: tie("vector"), range })
      )
    }),
    FastCheck.record({
      _tag: FastCheck.constant("Call" as const),
      function: FastCheck.constant("absent"),
      arguments: FastCheck.tuple(tie("vector"))
    }),
    FastCheck.record({
      _tag: FastCheck.constant("Aggregation" as const),
      operator: FastCheck.constantFrom("sum" as const, "max" as const, "count" as const),
      by: FastCheck.uniqueArray(label, { maxLength: 2 }),
      argument: tie("vector")
    }),
    FastCheck.record({
      _tag: FastCheck.constant("Aggregation" as const),
      operator: FastCheck.constant("topk" as const),
      by: FastCheck.constant([]),
      parameter: FastCheck.integer({ min: 1, max: 50 }),
      argument: tie("vector")
    }),
    tie("binary")
  ),
  binary: FastCheck.oneof(
    FastCheck.record({
      _tag: FastCheck.constant("Binary" as const),
      operator: FastCheck.constantFrom(...operators),
      left: tie("vector"),
      right: tie("vector"),
      matching: FastCheck.option(FastCheck.record({ on: FastCheck.uniqueArray(label) }), { nil: undefined })
    }),
    FastCheck.tuple(FastCheck.constantFrom(...arithmetic), number, tie("vector"), FastCheck.boolean()).map(
      ([operator, value, vector, isLeft]): Node.Node => {
        const literal: Node.Literal = { _tag: "Literal", value }
        return { _tag: "Binary", operator, left: isLeft ? literal : vector, right: isLeft ? vector : literal }
      }
    )
  )
}))

const rangeOf = (range: Node.Range): Syntax.Range =>
  typeof range === "number"
    ? { milliseconds: range, variable: undefined }
    : { milliseconds: 60_000, variable: range.slice(1) }

/** What a rendered expression must be read as. */
const expected = (node: Node.Node): Syntax.Syntax => {
  switch (node._tag) {
    case "Selector":
      return {
        _tag: "Selector",
        name: node.name,
        matchers: node.matchers.map((one) => ({ ...one, variable: false })),
        ...(node.range === undefined ? {} : { range: rangeOf(node.range) }),
        ...(node.offset === undefined ? {} : { offset: rangeOf(node.offset) })
      }
    case "Literal":
      return node
    case "Call":
      return { ...node, arguments: node.arguments.map(expected) }
    case "Subquery":
      return { ...node, argument: expected(node.argument), range: rangeOf(node.range) }
    case "Aggregation":
      return {
        _tag: "Aggregation",
        operator: node.operator,
        modifier: node.by.length === 0 ? undefined : "by",
        labels: node.by,
        parameter: node.parameter === undefined ? undefined : { _tag: "Literal", value: node.parameter },
        argument: expected(node.argument)
      }
    case "Binary":
      return {
        _tag: "Binary",
        operator: node.operator,
        bool: false,
        left: expected(node.left),
        right: expected(node.right),
        matching: node.matching === undefined ? undefined : {
          kind: "on",
          labels: node.matching.on,
          group: node.matching.manyToOne === true ? { side: "left", labels: [] } : undefined
        }
      }
  }
}

const read = (text: string): Parse.Parsed => {
  const plain = Variables.replace(text)
  return Parse.parse(plain.text, plain.replaced)
}

describe("What is rendered", () => {
  it("parses without an error and as the same expression, whatever binds tighter", () => {
    FastCheck.assert(
      FastCheck.property(vector, (node) => {
        const text = Render.text(node)
        const tree = parser.parse(Variables.replace(text).text)
        tree.iterate({ enter: ({ type }) => expect(type.isError).toBe(false) })
        expect(read(text)).toEqual({ _tag: "Parsed", syntax: expected(node) })
      }),
      { numRuns: 1000 }
    )
  })

  it("breaks long expressions into lines that read the same", () => {
    const long: Node.Selector = { _tag: "Selector", name: "a".repeat(60), matchers: [] }
    const sum: Node.Binary = { _tag: "Binary", operator: "-", left: long, right: { ...long, name: "b".repeat(60) } }
    const text = Render.text({ ...sum, right: sum })
    expect(text).toContain("\n")
    expect(read(text)).toEqual({ _tag: "Parsed", syntax: expected({ ...sum, right: sum }) })
  })

  it("gives back every length of time, the greatest units first", () => {
    FastCheck.assert(FastCheck.property(milliseconds, (length) => {
      const text = Render.duration(length)
      expect(text).toMatch(/^(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/)
      expect(Parse.duration(text)).toBe(length)
    }))
    expect([90_000, 3_600_000, 86_400_500, 1].map(Render.duration)).toEqual(["1m30s", "1h", "1d500ms", "1ms"])
  })

  it("gives back every text", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string({ unit: character }), (text) => {
      const quoted = Render.quote(text)
      expect(quoted).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
      expect(Parse.unquote(quoted)).toBe(text)
    }))
  })
})

describe("What is read", () => {
  const syntaxOf = (text: string) => {
    const parsed = read(text)
    if (parsed._tag === "Unreadable") throw new Error(parsed.problem)
    return parsed.syntax
  }
  const up = { _tag: "Selector", name: "up", matchers: [] } as const

  it("is all of PromQL, not only what the builder writes", () => {
    expect(syntaxOf("{__name__=\"up\"}")).toEqual(up)
    expect(syntaxOf("{\"up\"} # a comment")).toEqual(up)
    expect(syntaxOf("((up)) @ start()")).toEqual(up)
    expect(syntaxOf("up offset -1w")).toEqual({ ...up, offset: { milliseconds: -604_800_000, variable: undefined } })
    expect(syntaxOf("-up")).toEqual({ _tag: "Unary", operator: "-", argument: up })
    expect(syntaxOf("SUM(up) WITHOUT (job)")).toMatchObject({ operator: "sum", modifier: "without", labels: ["job"] })
    expect(syntaxOf("up == bool on (job) group_right (\"a\") up")).toMatchObject({
      bool: true,
      matching: { kind: "on", labels: ["job"], group: { side: "right", labels: ["a"] } }
    })
    expect(syntaxOf("-up ^ up % up")).toMatchObject({
      operator: "%",
      left: { _tag: "Unary", argument: { operator: "^" } }
    })
    expect(syntaxOf("up ^ up ^ 0x10")).toMatchObject({ operator: "^", right: { operator: "^", right: { value: 16 } } })
    expect(syntaxOf("label_replace(up, 'a', `$1`, \"\\x62\\u0063\\144\", '(.*)')")).toMatchObject({
      arguments: [up, { value: "a" }, { value: "$1" }, { value: "bcd" }, { value: "(.*)" }]
    })
    expect(syntaxOf("up > 1_000.5e3")).toMatchObject({ right: { value: 1_000_500 } })
    expect(syntaxOf("up > -Inf")).toMatchObject({ right: { value: -Infinity } })
    expect(syntaxOf("up > 1h30m")).toMatchObject({ right: { value: 5400 } })
    expect(syntaxOf("rate(up[5m + 1m])")).toMatchObject({ arguments: [{ range: { milliseconds: undefined } }] })
    expect(syntaxOf("rate(up[90])")).toMatchObject({ arguments: [{ range: { milliseconds: 90_000 } }] })
  })

  it("has its variables where they stood", () => {
    expect(Variables.names("$a ${b} ${c:regex} ${d.e} [[f]] [[g:csv]] $a $1 $$")).toEqual([
      "a",
      "b",
      "c",
      "d",
      "f",
      "g"
    ])
    const asked = syntaxOf("topk($k, sum by ($by) (rate($m{a=~\"x-$v\", b=\"c\"}[$__rate_interval] offset $o)))")
    expect(asked).toMatchObject({ operator: "topk", parameter: { value: 1 } })
    expect(asked).toMatchObject({ argument: { labels: [Variables.placeholder] } })
    expect(asked).toMatchObject({
      argument: {
        argument: {
          arguments: [{
            name: Variables.placeholder,
            matchers: [{ label: "a", variable: true }, { label: "b", value: "c", variable: false }],
            range: { variable: "__rate_interval" },
            offset: { variable: "o" }
          }]
        }
      }
    })
    expect(syntaxOf("up{a=\"\\\"$x\", b='$y', c=`\\`} + $z")).toMatchObject({ right: { value: 1 } })
  })

  it("is refused with its reason where Prometheus would refuse it", () => {
    const reasons = {
      "": "not PromQL",
      "up +": "not PromQL",
      "up{a=\"b}": "not a text",
      "up{a=\"\\q\"}": "not a text",
      "sum by (job": "not PromQL",
      "sum(up, up, up)": "aggregates one expression",
      "rate(up)": "rate needs a range",
      "max_over_time(up)": "max_over_time needs a range",
      "abs(up[5m])": "abs takes no range",
      "sum(up[5m])": "sum needs series",
      "sum(1)": "sum needs series",
      "up[5m] + up": "+ of a range",
      "up and 1": "and has a number",
      "1 == 1": "needs bool",
      "up + bool up": "bool after +",
      "up and on (job) group_left () up": "and can't group",
      "up + on (job) 1": "matches labels with a number",
      "1[5m:]": "a subquery needs series",
      "-\"a\"": "a sign before",
      "sum(up)[5m]": "a range of no selector"
    }
    for (const [text, reason] of Object.entries(reasons)) {
      expect({ text, ...read(text) }).toMatchObject({
        text,
        _tag: "Unreadable",
        problem: expect.stringContaining(reason)
      })
    }
  })
})
